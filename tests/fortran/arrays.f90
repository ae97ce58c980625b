!! Arrays of every rank, kind and layout cross as they are: `arrays FILE.nml`.
program arrays
  use ngcm, only: ngcm_abi_version, ngcm_component, ngcm_error_field, ngcm_error_handle, &
    ngcm_error_shape, ngcm_status
  use ngcm_kinds, only: dp, i4, i8, sp
  implicit none (type, external)

  character(*), parameter :: sst_name = "sea_surface_temperature"
  type(ngcm_component) :: atmosphere
  type(ngcm_status) :: status
  integer(i4) :: nlon, nlat, id, count
  integer(i8) :: seconds
  integer :: failures, i
  real(dp), allocatable :: sst(:, :), back(:, :), wide(:, :), corner_lat(:, :, :), lat(:, :)
  real(dp), allocatable :: every_third(:)
  real(sp), allocatable :: back_sp(:, :), wide_sp(:, :)
  character(:), allocatable :: text, direction
  character(1024) :: file

  failures = 0
  call get_command_argument(1, file)
  call atmosphere%create(file, status=status)
  call check(status%ok(), "create")
  call atmosphere%grid_size(nlon, nlat, status)
  call check(status%ok() .and. nlon == 2*nlat, "grid size")
  call atmosphere%grid(lat=lat, corner_lat=corner_lat, status=status)
  call check(status%ok() .and. all(shape(corner_lat) == [4, nlon, nlat]), "grid")
  call check(lat(1, 1) < lat(1, 2) .and. abs(lat(1, 1) - lat(nlon, 1)) <= 0.0_dp, "latitude order")
  call check(ngcm_abi_version() == 2, "version")

  ! Values that are exact in both kinds, and different everywhere.
  sst = reshape([(280.0_dp + real(i, dp)/256.0_dp, i=1, nlon*nlat)], [nlon, nlat])
  allocate (back, mold=sst)
  allocate (back_sp(nlon, nlat))
  call atmosphere%field_id(sst_name, id, status)
  call check(status%ok() .and. id == 1, "field id")

  call atmosphere%put(sst_name, sst, status)
  call returned("rank 2, real(8), by name")
  call atmosphere%put(id, reshape(sst, [nlon*nlat]), status)
  call returned("rank 1, real(8), by id")
  call atmosphere%put(sst_name, real(sst, sp), status)
  call returned("rank 2, real(4), by name")
  call atmosphere%put(id, reshape(real(sst, sp), [nlon*nlat]), status)
  call returned("rank 1, real(4), by id")

  ! The interior of an array with a halo is not contiguous.
  allocate (wide(0:nlon + 1, 0:nlat + 1), source=-1.0_dp)
  wide(1:nlon, 1:nlat) = sst
  call atmosphere%put(id, wide(1:nlon, 1:nlat), status)
  call returned("strided real(8)")
  allocate (wide_sp(0:nlon + 1, 0:nlat + 1), source=-1.0_sp)
  call atmosphere%get(sst_name, wide_sp(1:nlon, 1:nlat), status)
  call check(status%ok() .and. same(real(wide_sp(1:nlon, 1:nlat), dp)), "strided get")
  call check(all(wide_sp(0, :) < 0.0_sp) .and. all(wide_sp(:, nlat + 1) < 0.0_sp), "halo kept")
  wide(1:nlon, 1:nlat) = 0.0_dp
  call atmosphere%get(id, wide(1:nlon, nlat:1:-1), status)
  call check(status%ok() .and. same(wide(1:nlon, nlat:1:-1)), "get into reversed rows")
  allocate (every_third(3*nlon*nlat), source=-1.0_dp)
  every_third(2::3) = reshape(sst, [nlon*nlat])
  call atmosphere%put(sst_name, every_third(2::3), status)
  call returned("strided rank 1")
  every_third(2::3) = 0.0_dp
  call atmosphere%get(id, every_third(2::3), status)
  call check(status%ok() .and. same(reshape(every_third(2::3), [nlon, nlat])), "strided get")
  call check(all(every_third(1::3) < 0.0_dp) .and. all(every_third(3::3) < 0.0_dp), "gaps kept")

  ! A partition deals the points out in any order; here the rows from north to south.
  call atmosphere%destroy(status)
  call atmosphere%create(file, status=status)
  call atmosphere%set_partition([(((nlat - i)*nlon + id, id=1, nlon), i=1, nlat)], status)
  call check(status%ok(), "partition")
  call atmosphere%put(1, sst(:, nlat:1:-1), status)
  call atmosphere%get(1, back, status)
  call check(status%ok() .and. same(back(:, nlat:1:-1)), "partitioned field")
  call atmosphere%set_partition([1, 1], status)
  call check(.not. status%ok(), "incomplete partition")

  call atmosphere%field_count(count, status)
  call atmosphere%field_info(count, name=text, direction=direction, status=status)
  call check(status%ok() .and. direction == "export" .and. len_trim(text) == len(text), "info")
  call atmosphere%coupling_interval(seconds, status)
  call check(status%ok() .and. seconds == 3600, "interval")
  call atmosphere%advance(0, status)
  call check(.not. status%ok(), "advance without ice")
  call atmosphere%time(text, status)
  call check(text == "2000-01-01T00:00:00", "time")

  call atmosphere%put("sea_surface_temperatur", sst, status)
  call check(status%code == ngcm_error_field .and. status%name() == "field", "unknown name")
  call check(index(status%message, sst_name) > 0, "nearest name")
  call atmosphere%put(sst_name, sst(:, 2:), status)
  call check(status%code == ngcm_error_shape, "wrong length")
  call atmosphere%destroy(status)
  call check(status%ok() .and. status%message == "", "destroy")
  call atmosphere%wait(status)
  call check(status%code == ngcm_error_handle, "use after destroy")
  if (failures > 0) error stop

contains

  !! After a put: the library gives the same values back, in both kinds.
  subroutine returned(what)
    character(*), intent(in) :: what

    call check(status%ok(), "put: "//what)
    call atmosphere%get(id, back, status)
    call check(status%ok() .and. same(back), "get: "//what)
    call atmosphere%get(sst_name, back_sp, status)
    call check(status%ok() .and. same(real(back_sp, dp)), "single get: "//what)
  end subroutine returned

  logical function same(values)
    real(dp), intent(in) :: values(:, :)

    same = all(abs(values - sst) <= 0.0_dp)
  end function same

  subroutine check(passed, what)
    logical, intent(in) :: passed
    character(*), intent(in) :: what

    if (passed) return
    print "(2a)", "failed: ", what
    call status%print()
    failures = failures + 1
  end subroutine check

end program arrays

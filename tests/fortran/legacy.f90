!! A legacy model whose atmosphere is three calls: `legacy FILE.nml`.
program legacy
  use ngcm_kinds, only: dp, i4
  use ngcm_legacy, only: ngcm_finalize, ngcm_init, ngcm_run
  implicit none (type, external)

  real(dp), parameter :: latent_heat = 2.5e6_dp !! of vaporisation [J kg-1], within 5 %
  real(dp), allocatable :: lat(:, :), land(:, :), sst(:, :), ice(:, :)
  real(dp), allocatable :: latent(:, :), evaporation(:, :), t2(:, :), halo(:, :)
  character(1024) :: file
  integer(i4) :: nlon, nlat, ierr
  logical :: there

  call get_command_argument(1, file)
  call ngcm_init("/nowhere.nml", nlon, nlat, ierr)
  call check(ierr == 2 .and. nlon == 0, "missing namelist")
  call ngcm_init(file, nlon, nlat, ierr, lat=lat, land_fraction=land)
  call check(ierr == 0 .and. all(shape(lat) == [nlon, nlat]), "init")

  allocate (latent, evaporation, t2, mold=lat)
  allocate (halo(0:nlon + 1, nlat), source=-1.0_dp)
  sst = 273.0_dp + 27.0_dp*cos(lat*acos(-1.0_dp)/180.0_dp)**2
  ice = 0.0_dp*sst
  call ngcm_run(3600, sst, ice, ierr, latent=latent, evaporation=evaporation, t2=t2)
  call check(ierr == 0, "run")
  call check(all(latent < 0.0_dp .or. evaporation <= 0.0_dp), "signs")
  call check(all(abs(latent + latent_heat*evaporation) < 0.05_dp*abs(latent) + 1.0e-3_dp), "units")
  call check(all(t2 > 200.0_dp .and. t2 < 330.0_dp), "temperature")
  call ngcm_run(3600, sst, ice, ierr, psl=halo(1:nlon, :))
  call check(ierr == 0 .and. all(halo(1:nlon, :) > 9.0e4_dp), "run into a halo array")
  call check(all(halo(0, :) < 0.0_dp) .and. all(halo(nlon + 1, :) < 0.0_dp), "halo kept")
  call ngcm_run(3600, sst - 273.15_dp, ice, ierr)
  call check(ierr == 7, "temperature in degrees Celsius")
  call ngcm_run(1800, sst, ice, ierr)
  call check(ierr == 14, "not the coupling interval")
  call ngcm_finalize(ierr, restart="legacy_restart.nc")
  inquire (file="legacy_restart.nc", exist=there)
  call check(ierr == 0 .and. there, "finalize")
  call ngcm_finalize(ierr)
  call check(ierr == 9, "finalize twice")

contains

  subroutine check(passed, what)
    logical, intent(in) :: passed
    character(*), intent(in) :: what

    if (passed) return
    print "(2a)", "failed: ", what
    error stop
  end subroutine check

end program legacy

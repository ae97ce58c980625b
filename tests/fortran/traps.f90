!! A host built with -ffpe-trap=invalid,zero,overflow: `traps FILE.nml [divide]`. The library's own
!! arithmetic does not trap, the host's still does: with `divide` the program ends by SIGFPE.
program traps
  use, intrinsic :: ieee_exceptions, only: ieee_divide_by_zero, ieee_get_flag, &
    ieee_get_halting_mode, ieee_invalid, ieee_overflow
  use ngcm, only: ngcm_component, ngcm_error_value, ngcm_status
  use ngcm_kinds, only: dp, i4
  implicit none (type, external)

  type(ngcm_component) :: atmosphere
  type(ngcm_status) :: status
  integer(i4) :: nlon, nlat
  real(dp), allocatable :: sst(:, :), latent(:, :)
  real(dp), volatile :: zero
  character(1024) :: file

  call get_command_argument(1, file)
  call atmosphere%create(file, status=status)
  call check(status%ok(), "create")
  call atmosphere%grid_size(nlon, nlat, status)
  allocate (sst(nlon, nlat), source=huge(1.0_dp))
  allocate (latent, mold=sst)
  ! Overflows in the conversion to single precision.
  call atmosphere%put("sea_surface_temperature", sst, status)
  call check(status%code == ngcm_error_value, "put of huge values")
  sst = 290.0_dp
  call atmosphere%put("sea_surface_temperature", sst, status)
  call atmosphere%put("sea_ice_area_fraction", 0.0_dp*sst, status)
  call atmosphere%advance(3600, status)
  call check(status%ok(), "advance")
  call atmosphere%get("surface_downward_latent_heat_flux_over_ice_free_sea", latent, status)
  call check(status%ok() .and. any(latent < -10.0_dp), "get")
  call atmosphere%destroy(status)
  call check(status%ok(), "destroy")
  if (command_argument_count() > 1) then
    zero = 0.0_dp
    print *, 1.0_dp/zero
  end if

contains

  subroutine check(passed, what)
    logical, intent(in) :: passed
    character(*), intent(in) :: what
    logical :: halting(3), raised(3)

    call ieee_get_halting_mode(ieee_invalid, halting(1))
    call ieee_get_halting_mode(ieee_divide_by_zero, halting(2))
    call ieee_get_halting_mode(ieee_overflow, halting(3))
    call ieee_get_flag(ieee_invalid, raised(1))
    call ieee_get_flag(ieee_divide_by_zero, raised(2))
    call ieee_get_flag(ieee_overflow, raised(3))
    if (passed .and. all(halting) .and. .not. any(raised)) return
    print "(2a, 6l2)", "failed: ", what, halting, raised
    call status%print()
    error stop
  end subroutine check

end program traps

!! Three calls that replace the atmosphere of a legacy model: ngcm_init, ngcm_run, ngcm_finalize.
!!
!!     use ngcm_legacy, only: ngcm_init, ngcm_run, ngcm_finalize
!!
!!     call ngcm_init("run.nml", nlon, nlat, ierr, lat=lat)
!!     do step = 1, steps
!!       call ngcm_run(3600, sst, ice, ierr, taux=taux, tauy=tauy, sensible=qsen, latent=qlat)
!!       ...                                               ! the ocean's own step
!!     end do
!!     call ngcm_finalize(ierr, restart="restart.nc")
!!
!! There is one atmosphere, on its own grid. `ierr` is 0, or a status code of ngcm.h after the
!! reason has been written to standard error; the program goes on, so look at it. With MPI give
!! `comm`: every rank calls, rank 0 passes the whole fields and the others arrays of no points.
!! For partitioned fields, several atmospheres, single precision or the fields that are not among
!! the arguments, use module ngcm, on which this one is built.
module ngcm_legacy
  use ngcm, only: ngcm_component, ngcm_status
  use ngcm_kinds, only: dp, i4
  implicit none (type, external)
  private

  public :: ngcm_init, ngcm_run, ngcm_finalize

  type(ngcm_component) :: atmosphere

contains

  !! Builds the atmosphere that the namelist file describes and gives its grid.
  subroutine ngcm_init(namelist, nlon, nlat, ierr, comm, lon, lat, area, land_fraction)
    !! path of the namelist file
    character(*), intent(in) :: namelist
    !! size of the grid; longitude runs fastest, latitude from south to north
    integer(i4), intent(out) :: nlon, nlat
    integer(i4), intent(out) :: ierr
    !! Fortran handle of the model's communicator; absent: no MPI
    integer, optional, intent(in) :: comm
    !! cell centres [degrees_east, degrees_north]
    real(dp), allocatable, optional, intent(out) :: lon(:, :), lat(:, :)
    !! cell areas [m2]
    real(dp), allocatable, optional, intent(out) :: area(:, :)
    !! fraction of the cell that is land [1]
    real(dp), allocatable, optional, intent(out) :: land_fraction(:, :)
    type(ngcm_status) :: status

    nlon = 0
    nlat = 0
    call atmosphere%create(namelist, comm, status)
    if (status%ok()) call atmosphere%grid_size(nlon, nlat, status)
    if (status%ok()) call atmosphere%grid(lon=lon, lat=lat, area=area, &
      land_fraction=land_fraction, status=status)
    call status%print()
    ierr = status%code
  end subroutine ngcm_init

  !! Gives the surface to the atmosphere, advances it and receives what is asked for by keyword.
  subroutine ngcm_run(seconds, sst, ice, ierr, uocean, vocean, &
    taux, tauy, sensible, latent, shortwave, longwave, evaporation, rain, snow, &
    u10, v10, t2, q2, psl, z, u, v, t, q, p)
    !! the coupling interval [s]
    integer(i4), intent(in) :: seconds
    !! sea-surface temperature [K]; fraction of the sea that ice covers [1]
    real(dp), intent(in) :: sst(:, :), ice(:, :)
    integer(i4), intent(out) :: ierr
    !! eastward and northward surface current [m s-1], where the namelist lists them as imports
    real(dp), optional, intent(in) :: uocean(:, :), vocean(:, :)
    !! eastward and northward stress on open water [N m-2], mean over the interval
    real(dp), optional, intent(inout) :: taux(:, :), tauy(:, :)
    !! sensible and latent heat flux into open water [W m-2], downward positive, interval means
    real(dp), optional, intent(inout) :: sensible(:, :), latent(:, :)
    !! sunlight that open water absorbs and its net heat radiation [W m-2], downward positive,
    !! interval means; where a radiation scheme is chosen
    real(dp), optional, intent(inout) :: shortwave(:, :), longwave(:, :)
    !! evaporation from open water [kg m-2 s-1], upward positive, interval mean
    real(dp), optional, intent(inout) :: evaporation(:, :)
    !! rain and snow [kg m-2 s-1], interval means; where the model's water budget is known
    real(dp), optional, intent(inout) :: rain(:, :), snow(:, :)
    !! wind at 10 m [m s-1], temperature [K] and specific humidity [1] at 2 m above open water
    real(dp), optional, intent(inout) :: u10(:, :), v10(:, :), t2(:, :), q2(:, :)
    !! air pressure at mean sea level [Pa]
    real(dp), optional, intent(inout) :: psl(:, :)
    !! lowest model level: height [m], wind [m s-1], temperature [K], specific humidity [1],
    !! pressure [Pa], for hosts with bulk formulae of their own
    real(dp), optional, intent(inout) :: z(:, :), u(:, :), v(:, :), t(:, :), q(:, :), p(:, :)
    type(ngcm_status) :: status, refused

    call atmosphere%put("sea_surface_temperature", sst, status)
    call put("sea_ice_area_fraction", ice, status)
    call put("sea_water_x_velocity", uocean, status)
    call put("sea_water_y_velocity", vocean, status)
    if (status%ok()) then
      call atmosphere%advance(seconds, status)
    else
      ! A refused put makes this fail on every rank. Without it the other ranks would wait.
      call atmosphere%advance(seconds, refused)
    end if
    call get("surface_downward_eastward_stress_over_ice_free_sea", taux, status)
    call get("surface_downward_northward_stress_over_ice_free_sea", tauy, status)
    call get("surface_downward_sensible_heat_flux_over_ice_free_sea", sensible, status)
    call get("surface_downward_latent_heat_flux_over_ice_free_sea", latent, status)
    call get("surface_net_downward_shortwave_flux_over_ice_free_sea", shortwave, status)
    call get("surface_net_downward_longwave_flux_over_ice_free_sea", longwave, status)
    call get("water_evapotranspiration_flux_over_ice_free_sea", evaporation, status)
    call get("rainfall_flux", rain, status)
    call get("snowfall_flux", snow, status)
    call get("eastward_wind_at_10m_over_ice_free_sea", u10, status)
    call get("northward_wind_at_10m_over_ice_free_sea", v10, status)
    call get("air_temperature_at_2m_over_ice_free_sea", t2, status)
    call get("specific_humidity_at_2m_over_ice_free_sea", q2, status)
    call get("air_pressure_at_mean_sea_level", psl, status)
    call get("height", z, status)
    call get("eastward_wind", u, status)
    call get("northward_wind", v, status)
    call get("air_temperature", t, status)
    call get("specific_humidity", q, status)
    call get("air_pressure", p, status)
    call status%print()
    ierr = status%code
  end subroutine ngcm_run

  !! Ends the atmosphere, after it has written a restart file if one is named.
  subroutine ngcm_finalize(ierr, restart)
    integer(i4), intent(out) :: ierr
    !! path of the restart file to write
    character(*), optional, intent(in) :: restart
    type(ngcm_status) :: status, written

    if (present(restart)) call atmosphere%write_restart(restart, written)
    call written%print()
    call atmosphere%destroy(status)
    call status%print()
    ierr = merge(status%code, written%code, written%ok())
  end subroutine ngcm_finalize

  ! The first failure of a sequence of calls ends it: later ones leave the status alone.

  subroutine put(name, values, status)
    character(*), intent(in) :: name
    real(dp), optional, intent(in) :: values(:, :)
    type(ngcm_status), intent(inout) :: status

    if (present(values) .and. status%ok()) call atmosphere%put(name, values, status)
  end subroutine put

  subroutine get(name, values, status)
    character(*), intent(in) :: name
    real(dp), optional, intent(inout) :: values(:, :)
    type(ngcm_status), intent(inout) :: status

    if (present(values) .and. status%ok()) call atmosphere%get(name, values, status)
  end subroutine get

end module ngcm_legacy

!! A mixed layer of fixed depth under the atmosphere: the simplest ocean that answers fluxes.
!!
!! Per area of sea, with h the depth, rho and cp density and specific heat of sea water,
!!
!!     rho cp h dT/dt = (1 - ice) (sensible + latent) + rho cp h (T0 - T) / tau
!!
!! The relaxation towards the initial temperature T0 stands for radiation and ocean transport,
!! which are not exchanged. Sea that would cool below the freezing point stays there, and the heat
!! that this takes counts as heat of freezing. The ice cover stays as it was at the start.
module slab_ocean
  use ngcm, only: ngcm_error_config, ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: ocean

  real(dp), parameter :: density = 1025.0_dp !! of sea water [kg m-3]
  real(dp), parameter :: specific_heat = 3990.0_dp !! of sea water [J kg-1 K-1]
  real(dp), parameter :: freezing_point = 271.35_dp !! of sea water of 33 psu [K]
  real(dp), parameter :: seconds_per_day = 86400.0_dp

  type :: ocean
    !! sea-surface temperature [K], now and at the start
    real(dp), allocatable :: temperature(:, :)
    real(dp), private, allocatable :: initial(:, :)
    !! fraction of the sea that ice covers [1]
    real(dp), allocatable :: ice(:, :)
    logical, private, allocatable :: sea(:, :)
    !! heat taken up since the start [J m-2]: from the atmosphere, by relaxation, by freezing
    real(dp), allocatable :: from_atmosphere(:, :), from_relaxation(:, :), from_freezing(:, :)
    !! [s], a divisor of the coupling interval
    integer, private :: time_step = 0
    !! heat capacity of the layer [J m-2 K-1]
    real(dp), private :: capacity = 0.0_dp
    !! [s]
    real(dp), private :: relaxation_time = 0.0_dp
  contains
    procedure :: configure
    procedure :: start
    procedure :: advance
    procedure :: heat_content
  end type ocean

contains

  !! Reads the group &slab_ocean; a group that is not in the file leaves the defaults.
  subroutine configure(self, file, interval, status)
    class(ocean), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: file
    !! coupling interval [s]
    integer, intent(in) :: interval
    type(ngcm_status), intent(out) :: status
    integer :: time_step_seconds
    real(dp) :: mixed_layer_depth_m, relaxation_time_days
    namelist /slab_ocean/ time_step_seconds, mixed_layer_depth_m, relaxation_time_days
    integer :: unit, error
    character(512) :: reason

    time_step_seconds = 1800
    mixed_layer_depth_m = 50.0_dp
    relaxation_time_days = 10.0_dp
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=slab_ocean, iostat=error, iomsg=reason)
      close (unit)
    end if
    if (error > 0) then
      status = ngcm_status(ngcm_error_config, file//": &slab_ocean: "//trim(reason))
    else if (time_step_seconds < 1 .or. modulo(interval, max(1, time_step_seconds)) /= 0) then
      write (reason, "(a, i0, a, i0, a)") ": &slab_ocean: time_step_seconds=", time_step_seconds, &
        " does not divide the coupling interval of ", interval, " s"
      status = ngcm_status(ngcm_error_config, file//trim(reason))
    else
      status = ngcm_status(ngcm_ok, "")
    end if
    self%time_step = time_step_seconds
    self%capacity = density*specific_heat*mixed_layer_depth_m
    self%relaxation_time = relaxation_time_days*seconds_per_day
  end subroutine configure

  !! Takes the initial surface. Points of land alone keep their temperature.
  subroutine start(self, temperature, ice, land_fraction)
    class(ocean), intent(inout) :: self
    real(dp), intent(in) :: temperature(:, :), ice(:, :), land_fraction(:, :)

    self%temperature = temperature
    self%initial = temperature
    self%ice = ice
    self%sea = land_fraction < 1.0_dp
    allocate (self%from_atmosphere, self%from_relaxation, self%from_freezing, mold=temperature)
    self%from_atmosphere = 0.0_dp
    self%from_relaxation = 0.0_dp
    self%from_freezing = 0.0_dp
  end subroutine start

  !! Advances by `seconds` [s] under fluxes into open water [W m-2, downward] that stay constant.
  subroutine advance(self, seconds, sensible, latent)
    class(ocean), intent(inout) :: self
    integer, intent(in) :: seconds
    real(dp), intent(in) :: sensible(:, :), latent(:, :)
    integer :: i, j, step
    real(dp) :: dt, heat, relaxation, change, freezing

    dt = real(self%time_step, dp)
    do step = 1, seconds/self%time_step
      do j = 1, size(self%sea, 2)
        do i = 1, size(self%sea, 1)
          if (.not. self%sea(i, j)) cycle
          heat = dt*(1.0_dp - self%ice(i, j))*(sensible(i, j) + latent(i, j))
          relaxation = dt*self%capacity/self%relaxation_time &
            *(self%initial(i, j) - self%temperature(i, j))
          change = (heat + relaxation)/self%capacity
          freezing = max(0.0_dp, freezing_point - (self%temperature(i, j) + change))
          self%temperature(i, j) = self%temperature(i, j) + change + freezing
          self%from_atmosphere(i, j) = self%from_atmosphere(i, j) + heat
          self%from_relaxation(i, j) = self%from_relaxation(i, j) + relaxation
          self%from_freezing(i, j) = self%from_freezing(i, j) + self%capacity*freezing
        end do
      end do
    end do
  end subroutine advance

  !! Heat that the layer holds more than at the start [J m-2].
  function heat_content(self) result(heat)
    class(ocean), intent(in) :: self
    real(dp), allocatable :: heat(:, :)

    heat = self%capacity*(self%temperature - self%initial)
  end function heat_content

end module slab_ocean

!! A mixed layer of fixed depth under the atmosphere: the simplest ocean that answers fluxes.
!!
!! Per area of sea, with h the depth, rho and cp density and specific heat of sea water,
!!
!!     rho cp h dT/dt = open (short wave + long wave + sensible + latent - Lf snow)
!!                      + rho cp h (T0 - T) / tau + heat of freezing - heat into the ice
!!
!! where `open` is the share of the sea that is free of ice. Snow melts as it falls in, and takes
!! its heat of fusion Lf. The relaxation towards the initial temperature T0 stands for transport by
!! currents, which a slab lacks. Sea that would cool below the freezing point stays there; the heat
!! that this takes is the ice model's to give, by freezing water (slab_ice), and where ice is not
!! exchanged it counts as heat of freezing all the same.
module slab_ocean
  use namelist_status, only: read_status
  use ngcm_errors, only: ngcm_error_config, ngcm_status
  use ngcm_kinds, only: dp
  use phase_change, only: fusion, sea_freezing_point
  use surface_fluxes, only: surface_flux
  use tile_budget, only: budget
  implicit none (type, external)
  private

  public :: ocean

  real(dp), parameter :: density = 1025.0_dp !! of sea water [kg m-3]
  real(dp), parameter :: specific_heat = 3990.0_dp !! of sea water [J kg-1 K-1]
  real(dp), parameter :: seconds_per_day = 86400.0_dp

  type :: ocean
    !! sea-surface temperature [K]
    real(dp), allocatable :: temperature(:, :)
    logical, allocatable :: sea(:, :)
    !! heat that kept the sea from supercooling in the last interval [J m-2]
    real(dp), allocatable :: freezing(:, :)
    !! heat [J m-2] and fresh water [kg m-2] that the layer holds more than at the start. The
    !! temperature follows from the heat, so that no rounding to the nearest 1e-13 K leaks heat.
    real(dp), allocatable :: heat(:, :), water(:, :)
    !! temperature at the start [K], to which the layer relaxes
    real(dp), allocatable :: initial(:, :)
    type(budget) :: heat_budget, water_budget
    !! mass of the layer [kg m-2]
    real(dp) :: mass = 0.0_dp
    !! [s], a divisor of the coupling interval
    integer, private :: time_step = 0
    !! heat capacity of the layer [J m-2 K-1]
    real(dp), private :: capacity = 0.0_dp
    !! [s-1], 0 for none
    real(dp), private :: relaxation_rate = 0.0_dp
  contains
    procedure :: configure
    procedure :: start
    procedure :: resume
    procedure :: advance
    procedure :: take
    procedure :: warmth
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
    status = read_status(file, "slab_ocean", error, reason)
    if (status%ok() .and. modulo(interval, max(1, time_step_seconds)) /= 0) then
      write (reason, "(a, i0, a, i0, a)") ": &slab_ocean: time_step_seconds=", time_step_seconds, &
        " does not divide the coupling interval of ", interval, " s"
      status = ngcm_status(ngcm_error_config, file//trim(reason))
    end if
    self%time_step = max(1, time_step_seconds)
    self%mass = density*mixed_layer_depth_m
    self%capacity = density*specific_heat*mixed_layer_depth_m
    self%relaxation_rate = 0.0_dp
    if (relaxation_time_days > 0.0_dp) then
      self%relaxation_rate = 1.0_dp/(relaxation_time_days*seconds_per_day)
    end if
  end subroutine configure

  !! Takes the initial surface. Points of land alone keep their temperature.
  subroutine start(self, temperature, land_fraction)
    class(ocean), intent(inout) :: self
    real(dp), intent(in) :: temperature(:, :), land_fraction(:, :)

    self%temperature = temperature
    self%initial = temperature
    self%sea = land_fraction < 1.0_dp
    allocate (self%heat, self%water, self%freezing, mold=temperature)
    self%heat = 0.0_dp
    self%water = 0.0_dp
    self%freezing = 0.0_dp
    call self%heat_budget%start(self%heat)
    call self%water_budget%start(self%water)
  end subroutine start

  !! Goes on, after `start`, where another run has stopped: with the heat [J m-2] and the fresh
  !! water [kg m-2] that the layer had gained by then.
  subroutine resume(self, heat, water)
    class(ocean), intent(inout) :: self
    real(dp), intent(in) :: heat(:, :), water(:, :)

    self%heat = heat
    self%water = water
    self%temperature = self%initial + self%heat/self%capacity
    self%heat_budget%initial = heat
    self%water_budget%initial = water
  end subroutine resume

  !! Advances by `seconds` [s] under fluxes that stay constant.
  subroutine advance(self, seconds, share, over_water)
    class(ocean), intent(inout) :: self
    integer, intent(in) :: seconds
    !! share of the sea that is free of ice [1], as the atmosphere knew it
    real(dp), intent(in) :: share(:, :)
    class(surface_flux), intent(in) :: over_water
    real(dp) :: dt, heat, frozen, relaxation, lacking, water
    integer :: i, j, step

    dt = real(self%time_step, dp)
    self%freezing = 0.0_dp
    do j = 1, size(self%sea, 2)
      do i = 1, size(self%sea, 1)
        if (.not. self%sea(i, j)) cycle
        heat = dt*share(i, j)*over_water%heat(i, j)
        frozen = -dt*share(i, j)*fusion*over_water%snow(i, j)
        do step = 1, seconds/self%time_step
          ! Implicit, so that no time step is too long for it.
          relaxation = -(self%heat(i, j) + heat + frozen) &
            *dt*self%relaxation_rate/(1.0_dp + dt*self%relaxation_rate)
          self%heat(i, j) = self%heat(i, j) + (heat + frozen + relaxation)
          lacking = max(0.0_dp, -self%warmth(i, j))
          self%heat(i, j) = self%heat(i, j) + lacking
          self%freezing(i, j) = self%freezing(i, j) + lacking
          self%heat_budget%received(i, j) = self%heat_budget%received(i, j) + heat
          self%heat_budget%frozen(i, j) = self%heat_budget%frozen(i, j) + frozen
          self%heat_budget%outside(i, j) = self%heat_budget%outside(i, j) + relaxation
        end do
        self%heat_budget%exchanged(i, j) = self%heat_budget%exchanged(i, j) + self%freezing(i, j)
        self%temperature(i, j) = self%initial(i, j) + self%heat(i, j)/self%capacity
        water = seconds*share(i, j) &
          *(over_water%rain(i, j) + over_water%snow(i, j) - over_water%evaporation(i, j))
        self%water(i, j) = self%water(i, j) + water
        self%water_budget%received(i, j) = self%water_budget%received(i, j) + water
      end do
    end do
  end subroutine advance

  !! Takes heat [J m-2] and fresh water [kg m-2] from the ice on the sea, or gives them.
  subroutine take(self, i, j, heat, water)
    class(ocean), intent(inout) :: self
    integer, intent(in) :: i, j
    real(dp), intent(in) :: heat, water

    self%heat(i, j) = self%heat(i, j) + heat
    self%heat_budget%exchanged(i, j) = self%heat_budget%exchanged(i, j) + heat
    self%temperature(i, j) = self%initial(i, j) + self%heat(i, j)/self%capacity
    self%water(i, j) = self%water(i, j) + water
    self%water_budget%exchanged(i, j) = self%water_budget%exchanged(i, j) + water
  end subroutine take

  !! Heat that the layer holds above its freezing point [J m-2]; negative if it is colder.
  elemental real(dp) function warmth(self, i, j)
    class(ocean), intent(in) :: self
    integer, intent(in) :: i, j

    warmth = self%heat(i, j) + self%capacity*(self%initial(i, j) - sea_freezing_point)
  end function warmth

end module slab_ocean

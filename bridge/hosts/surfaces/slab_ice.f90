!! Ice on the slab ocean: a share of the sea, a mass, and the temperature of its surface.
!!
!! The surface is a thin layer that stores heat; below it heat is conducted in proportion to the
!! difference from the base, which is at the freezing point of the sea, and freezes water to it
!! (the zero-layer model of Semtner, 1976). Per area of ice,
!!
!!     C dTs/dt = short wave + long wave + sensible + latent + k (Tf - Ts) / thickness
!!
!! What would warm the surface above its melting point melts it. The sea melts the ice in
!! proportion to its own warmth (McPhee, 1992). Ice that loses mass loses area, as if its thickness
!! lay anywhere between zero and twice the mean (Hibler, 1979). Sea that would cool below its
!! freezing point makes new ice of a given thickness in the open water, so that the area grows.
!! Snow becomes part of the ice; rain runs off it into the sea.
!!
!! The step is explicit, because the fluxes of an interval are known only after it. That is stable
!! while the fluxes change with Ts by less than 2 C per interval: 107 W m-2 K-1 at one hour for the
!! default layer. By the bulk formulae wind of 20 m s-1 makes 40 over cold ice and 70 over melting
!! ice, heat radiation 4, and conduction through the thinnest ice 20.
module slab_ice
  use namelist_status, only: read_status
  use ngcm_errors, only: ngcm_status
  use ngcm_kinds, only: dp
  use phase_change, only: fusion, melting_point, sea_freezing_point
  use slab_ocean, only: ocean
  use surface_fluxes, only: surface_flux
  use tile_budget, only: budget
  implicit none (type, external)
  private

  public :: ice

  real(dp), parameter :: density = 917.0_dp !! [kg m-3]
  real(dp), parameter :: specific_heat = 2100.0_dp !! [J kg-1 K-1]
  real(dp), parameter :: conductivity = 2.03_dp !! Maykut and Untersteiner (1971) [W m-1 K-1]
  !! thinner ice conducts as if it were so thick [m]
  real(dp), parameter :: least_thickness = 0.1_dp
  !! the sea melts what covers less of it [1]
  real(dp), parameter :: least_fraction = 1.0e-3_dp
  !! of heat from the sea to its ice [W m-2 K-1]: density and specific heat of sea water times
  !! 0.0057 (McPhee, 1992) times a friction velocity of 1 cm s-1
  real(dp), parameter :: sea_exchange = 1025.0_dp*3990.0_dp*0.0057_dp*0.01_dp
  !! the albedo goes from that of cold to that of melting ice over the last degree (Briegleb et al.,
  !! 2004) [K]
  real(dp), parameter :: albedo_range = 1.0_dp

  type :: ice
    !! fraction of the sea that ice covers [1], temperature of its surface [K]
    real(dp), allocatable :: fraction(:, :), temperature(:, :)
    !! mass, snow included, per area of sea [kg m-2]
    real(dp), allocatable :: mass(:, :)
    !! heat of the surface layer above that of ice at the sea's freezing point, per area of sea
    !! [J m-2]
    real(dp), allocatable :: layer_heat(:, :)
    type(budget) :: heat_budget, water_budget
    !! heat capacity of the layer, per area of ice [J m-2 K-1]
    real(dp), private :: capacity = 0.0_dp
    !! of the ice at the start, and of new ice [m]
    real(dp), private :: initial_thickness = 0.0_dp, new_thickness = 0.0_dp
    !! [1]
    real(dp), private :: cold_visible = 0.0_dp, cold_near_infrared = 0.0_dp
    real(dp), private :: melting_visible = 0.0_dp, melting_near_infrared = 0.0_dp
  contains
    procedure :: configure
    procedure :: start
    procedure :: resume
    procedure :: advance
    procedure :: albedo
    procedure :: heat
    procedure, private :: melt_and_grow
    procedure, private :: thin_out
    procedure, private :: surface_temperature
  end type ice

contains

  !! Reads the group &slab_ice; a group that is not in the file leaves the defaults.
  subroutine configure(self, file, status)
    class(ice), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    real(dp) :: initial_thickness_m, new_ice_thickness_m, surface_layer_m
    real(dp) :: cold_visible_albedo, cold_near_infrared_albedo
    real(dp) :: melting_visible_albedo, melting_near_infrared_albedo
    namelist /slab_ice/ initial_thickness_m, new_ice_thickness_m, surface_layer_m, &
      cold_visible_albedo, cold_near_infrared_albedo, &
      melting_visible_albedo, melting_near_infrared_albedo
    integer :: unit, error
    character(512) :: reason

    initial_thickness_m = 2.0_dp
    new_ice_thickness_m = 0.25_dp
    surface_layer_m = 0.1_dp
    cold_visible_albedo = 0.98_dp
    cold_near_infrared_albedo = 0.70_dp
    melting_visible_albedo = 0.705_dp
    melting_near_infrared_albedo = 0.285_dp
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=slab_ice, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "slab_ice", error, reason)
    self%capacity = density*specific_heat*surface_layer_m
    self%initial_thickness = initial_thickness_m
    self%new_thickness = new_ice_thickness_m
    self%cold_visible = cold_visible_albedo
    self%cold_near_infrared = cold_near_infrared_albedo
    self%melting_visible = melting_visible_albedo
    self%melting_near_infrared = melting_near_infrared_albedo
  end subroutine configure

  !! Takes the initial cover; traces of ice count as none.
  subroutine start(self, fraction, temperature)
    class(ice), intent(inout) :: self
    !! fraction of the sea [1]; of the surface of the ice [K]
    real(dp), intent(in) :: fraction(:, :), temperature(:, :)

    self%fraction = merge(fraction, 0.0_dp, fraction >= least_fraction)
    self%mass = self%fraction*density*self%initial_thickness
    self%layer_heat = self%fraction*self%capacity &
      *(min(temperature, melting_point) - sea_freezing_point)
    self%temperature = self%surface_temperature(self%fraction, self%layer_heat)
    call self%heat_budget%start(self%heat())
    call self%water_budget%start(self%mass)
  end subroutine start

  !! Goes on, after `start`, where another run has stopped.
  subroutine resume(self, fraction, mass, layer_heat)
    class(ice), intent(inout) :: self
    !! as the components of this type
    real(dp), intent(in) :: fraction(:, :), mass(:, :), layer_heat(:, :)

    self%fraction = fraction
    self%mass = mass
    self%layer_heat = layer_heat
    self%temperature = self%surface_temperature(self%fraction, self%layer_heat)
    self%heat_budget%initial = self%heat()
    self%water_budget%initial = self%mass
  end subroutine resume

  !! Advances by `seconds` [s] under fluxes that stay constant; the sea has been advanced before.
  subroutine advance(self, seconds, share, over_ice, sea)
    class(ice), intent(inout) :: self
    integer, intent(in) :: seconds
    !! share of the sea that ice covers [1], as the atmosphere knew it
    real(dp), intent(in) :: share(:, :)
    class(surface_flux), intent(in) :: over_ice
    type(ocean), intent(inout) :: sea
    real(dp) :: received, rain, solid
    integer :: i, j

    do j = 1, size(sea%sea, 2)
      do i = 1, size(sea%sea, 1)
        if (.not. sea%sea(i, j)) cycle
        received = seconds*share(i, j)*over_ice%heat(i, j)
        rain = seconds*share(i, j)*over_ice%rain(i, j)
        solid = seconds*share(i, j)*(over_ice%snow(i, j) - over_ice%evaporation(i, j))
        self%heat_budget%received(i, j) = self%heat_budget%received(i, j) + received
        self%heat_budget%frozen(i, j) = self%heat_budget%frozen(i, j) - fusion*solid
        self%water_budget%received(i, j) = self%water_budget%received(i, j) + rain + solid
        self%layer_heat(i, j) = self%layer_heat(i, j) + received
        call self%melt_and_grow(i, j, real(seconds, dp), rain, solid, sea)
      end do
    end do
    self%temperature = self%surface_temperature(self%fraction, self%layer_heat)
  end subroutine advance

  !! One cell, after its surface has received what the atmosphere gave.
  subroutine melt_and_grow(self, i, j, seconds, rain, solid, sea)
    class(ice), intent(inout) :: self
    integer, intent(in) :: i, j
    !! [s]; rain, and snow less sublimation [kg m-2]
    real(dp), intent(in) :: seconds, rain, solid
    type(ocean), intent(inout) :: sea
    real(dp) :: conducted, melted, warmth, thickness, before, given_heat, given_water, frozen

    associate (area => self%fraction(i, j), mass => self%mass(i, j), &
      layer_heat => self%layer_heat(i, j))
      before = mass
      given_heat = 0.0_dp
      given_water = rain + solid
      mass = mass + solid
      if (area > 0.0_dp) then
        thickness = max(least_thickness, before/(density*area))
        conducted = seconds*area*conductivity/thickness &
          *(sea_freezing_point - self%temperature(i, j))
        warmth = min(max(0.0_dp, sea%warmth(i, j)), seconds*area*sea_exchange &
          *max(0.0_dp, sea%temperature(i, j) - sea_freezing_point))
        layer_heat = layer_heat + conducted
        melted = max(0.0_dp, layer_heat - area*self%capacity*(melting_point - sea_freezing_point))
        layer_heat = layer_heat - melted
        mass = mass + (conducted - melted - warmth)/fusion
        given_heat = -warmth
      end if
      if (mass < before) call self%thin_out(i, j, before)
      frozen = sea%freezing(i, j)/fusion
      mass = mass + frozen
      area = min(1.0_dp, area + frozen/(density*self%new_thickness))
      ! What is hardly there any more, or owes more heat than it has, melts in the sea.
      if (mass <= 0.0_dp .or. area < least_fraction) then
        given_heat = given_heat + (layer_heat - fusion*mass)
        mass = 0.0_dp
        area = 0.0_dp
        layer_heat = 0.0_dp
      end if
      given_water = given_water + (before - mass)
      call sea%take(i, j, given_heat, given_water)
      self%heat_budget%exchanged(i, j) = self%heat_budget%exchanged(i, j) &
        - given_heat - sea%freezing(i, j)
      self%water_budget%exchanged(i, j) = self%water_budget%exchanged(i, j) - given_water
    end associate
  end subroutine melt_and_grow

  !! Takes the area of ice that has lost mass since it had the mass `before` [kg m-2]. The heat of
  !! its surface layer goes into melting what stays.
  subroutine thin_out(self, i, j, before)
    class(ice), intent(inout) :: self
    integer, intent(in) :: i, j
    real(dp), intent(in) :: before
    real(dp) :: left, lost

    left = sqrt(max(0.0_dp, self%mass(i, j)/before))
    lost = (1.0_dp - left)*self%layer_heat(i, j)
    self%fraction(i, j) = left*self%fraction(i, j)
    self%layer_heat(i, j) = self%layer_heat(i, j) - lost
    self%mass(i, j) = self%mass(i, j) - lost/fusion
  end subroutine thin_out

  !! Temperature of the surface [K]; the sea's freezing point where there is no ice.
  elemental real(dp) function surface_temperature(self, fraction, layer_heat)
    class(ice), intent(in) :: self
    real(dp), intent(in) :: fraction, layer_heat

    surface_temperature = sea_freezing_point
    if (fraction > 0.0_dp) then
      surface_temperature = sea_freezing_point + layer_heat/(fraction*self%capacity)
    end if
  end function surface_temperature

  !! Albedo [1] in the visible or in the near infrared, alike in direct and in diffuse light. Cold
  !! ice counts as covered with snow and melting ice as bare (Briegleb et al., 2004).
  function albedo(self, near_infrared)
    class(ice), intent(in) :: self
    logical, intent(in) :: near_infrared
    real(dp), allocatable :: albedo(:, :)
    real(dp) :: cold, melting

    cold = merge(self%cold_near_infrared, self%cold_visible, near_infrared)
    melting = merge(self%melting_near_infrared, self%melting_visible, near_infrared)
    albedo = cold + (melting - cold) &
      *min(1.0_dp, max(0.0_dp, 1.0_dp - (melting_point - self%temperature)/albedo_range))
  end function albedo

  !! Heat that the ice holds above that of water at the sea's freezing point [J m-2 of sea].
  function heat(self)
    class(ice), intent(in) :: self
    real(dp), allocatable :: heat(:, :)

    heat = self%layer_heat - fusion*self%mass
  end function heat

end module slab_ice

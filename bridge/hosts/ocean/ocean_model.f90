!! The ocean: a mixed layer with currents, and the ice on it, under the fluxes that NEMO takes.
!!
!! The atmosphere gives fluxes over the whole sea and over its ice, both as it knew the ice when it
!! computed them. The ice takes its own on the area that it has now, and the water takes the rest of
!! what the sea was given, also where ice has since covered all of it:
!!
!!     water = sea - F ice,   per area of sea, with F the present fraction of ice
!!
!! So nothing is lost or made up, whatever the ice has done meanwhile. Rain and snow fall alike on
!! water and ice.
module ocean_model
  use nemo_fields, only: current, evaporation, ice_evaporation, ice_fraction, ice_nonsolar, &
    ice_solar, ice_temperature, near_infrared_albedo, nonsolar, rain, sent_names, snow, solar, &
    stress, temperature, visible_albedo
  use ngcm_kinds, only: dp
  use phase_change, only: sea_freezing_point
  use slab_currents, only: currents
  use slab_ice, only: ice
  use slab_ocean, only: ocean
  use surface_fluxes, only: surface_flux
  implicit none (type, external)
  private

  public :: mixed_layer

  !! Fields have the shape (points, 1).
  type :: mixed_layer
    type(ocean) :: sea
    type(ice) :: sea_ice
    type(currents) :: flow
    !! whether there are fluxes over ice; without them it stays as it is, and keeps nothing
    logical :: ice_takes_part = .false.
    !! what the water and the ice were given since the start, per area of sea [J m-2], [kg m-2]
    real(dp), allocatable :: heat_to_water(:, :), heat_to_ice(:, :)
    real(dp), allocatable :: water_to_water(:, :), water_to_ice(:, :)
    !! fraction of ice as last sent, and as sent before that [1]
    real(dp), allocatable :: sent_fraction(:, :), earlier_fraction(:, :)
  contains
    procedure :: start
    procedure :: advance
    procedure :: exports
    procedure :: was_sent
  end type mixed_layer

contains

  !! Takes the initial temperature of the sea, fraction of ice, and temperature of the ice.
  subroutine start(self, sea_temperature, fraction, ice_surface, sea)
    class(mixed_layer), intent(inout) :: self
    !! at this rank's points [K], [1], [K]; any value on land
    real(dp), intent(in) :: sea_temperature(:), fraction(:), ice_surface(:)
    logical, intent(in) :: sea(:)
    real(dp), allocatable :: land(:, :)

    land = column(merge(0.0_dp, 1.0_dp, sea))
    call self%sea%start(column(merge(sea_temperature, sea_freezing_point, sea)), land)
    call self%sea_ice%start(column(merge(fraction, 0.0_dp, sea)), &
      column(merge(ice_surface, sea_freezing_point, sea)))
    self%sent_fraction = column(merge(fraction, 0.0_dp, sea))
    self%earlier_fraction = self%sent_fraction
    self%heat_to_water = 0.0_dp*land
    self%heat_to_ice = self%heat_to_water
    self%water_to_water = self%heat_to_water
    self%water_to_ice = self%heat_to_water
  end subroutine start

  !! Advances by `seconds` [s] under fluxes that stay constant.
  subroutine advance(self, seconds, received)
    class(mixed_layer), intent(inout) :: self
    integer, intent(in) :: seconds
    !! shape (points, fields); zero where a field is not coupled
    real(dp), intent(in) :: received(:, :)
    type(surface_flux) :: over_water, over_ice
    real(dp), allocatable :: share(:, :), whole(:, :), ice_heat(:, :), ice_vapour(:, :)

    share = self%sea_ice%fraction
    if (.not. self%ice_takes_part) share = 0.0_dp*share
    allocate (whole, mold=share)
    whole = 1.0_dp
    over_ice%heat = column(received(:, ice_solar) + received(:, ice_nonsolar))
    over_ice%evaporation = column(received(:, ice_evaporation))
    over_ice%rain = column(received(:, rain))
    over_ice%snow = column(received(:, snow))
    ice_heat = share*over_ice%heat
    ice_vapour = share*over_ice%evaporation
    over_water%heat = column(received(:, solar) + received(:, nonsolar)) - ice_heat
    over_water%evaporation = column(received(:, evaporation)) - ice_vapour
    over_water%rain = (1.0_dp - share)*over_ice%rain
    over_water%snow = (1.0_dp - share)*over_ice%snow

    self%heat_to_water = self%heat_to_water + seconds*over_water%heat
    self%heat_to_ice = self%heat_to_ice + seconds*ice_heat
    self%water_to_water = self%water_to_water + seconds &
      *(over_water%rain + over_water%snow - over_water%evaporation)
    self%water_to_ice = self%water_to_ice + seconds &
      *(share*(over_ice%rain + over_ice%snow) - ice_vapour)

    call self%sea%advance(seconds, whole, over_water)
    if (self%ice_takes_part) call self%sea_ice%advance(seconds, share, over_ice, self%sea)
    call self%flow%advance(seconds, reshape(received(:, stress:stress + 2), &
      [size(received, 1), 1, 3]))
  end subroutine advance

  !! What the atmosphere is to know of the surface, shape (points, fields).
  function exports(self, ice_weighted) result(values)
    class(mixed_layer), intent(in) :: self
    !! whether temperature and albedo of ice go out multiplied by its fraction
    logical, intent(in) :: ice_weighted
    real(dp), allocatable :: values(:, :)
    real(dp), allocatable :: weight(:, :), velocity(:, :, :)

    weight = self%sea_ice%fraction
    if (.not. ice_weighted) weight = 0.0_dp*weight + 1.0_dp
    velocity = self%flow%geocentric()
    allocate (values(size(weight), size(sent_names)))
    values(:, temperature) = self%sea%temperature(:, 1)
    values(:, ice_fraction) = self%sea_ice%fraction(:, 1)
    values(:, ice_temperature) = weight(:, 1)*self%sea_ice%temperature(:, 1)
    values(:, visible_albedo:visible_albedo) = weight*self%sea_ice%albedo(.false.)
    values(:, near_infrared_albedo:near_infrared_albedo) = weight*self%sea_ice%albedo(.true.)
    values(:, current:current + 2) = velocity(:, 1, :)
  end function exports

  !! Remembers of which ice the atmosphere has been told.
  subroutine was_sent(self)
    class(mixed_layer), intent(inout) :: self

    self%earlier_fraction = self%sent_fraction
    self%sent_fraction = self%sea_ice%fraction
  end subroutine was_sent

  !! The points of a field as the one column of an array.
  pure function column(values)
    real(dp), intent(in) :: values(:)
    real(dp), allocatable :: column(:, :)

    column = reshape(values, [size(values), 1])
  end function column

end module ocean_model

!! The state of the surfaces between runs, which goes into the restart file of the atmosphere: one
!! file holds both, of one date, and a run that continues is the uncut one to the last bit.
module surface_state
  use coupled_surfaces, only: surfaces
  use ngcm, only: ngcm_component, ngcm_status
  use ngcm_kinds, only: dp
  use tile_budget, only: budget
  use tile_fluxes, only: tile
  implicit none (type, external)
  private

  public :: load_surfaces, save_surfaces

  !! One list of variables serves both ways, so that what is saved is what is loaded.
  type :: passage
    type(ngcm_component) :: atmosphere
    !! whether variables come from the restart file, instead of going into the next
    logical :: loading = .false.
    !! of the first call that failed
    type(ngcm_status) :: status
  contains
    procedure :: all_surfaces
    procedure :: account
    procedure :: exported
    procedure :: variable
  end type passage

contains

  !! Gives the atmosphere all of the surfaces for the next restart file. Collective.
  subroutine save_surfaces(atmosphere, below, status)
    type(ngcm_component), intent(in) :: atmosphere
    type(surfaces), intent(inout) :: below
    type(ngcm_status), intent(out) :: status
    type(passage) :: way

    way%atmosphere = atmosphere
    call way%all_surfaces(below)
    status = way%status
  end subroutine save_surfaces

  !! Takes the surfaces, which have been started, to where the run had come. Collective.
  subroutine load_surfaces(atmosphere, below, status)
    type(ngcm_component), intent(in) :: atmosphere
    type(surfaces), intent(inout) :: below
    type(ngcm_status), intent(out) :: status
    type(passage) :: way

    way%atmosphere = atmosphere
    way%loading = .true.
    call way%all_surfaces(below)
    status = way%status
  end subroutine load_surfaces

  subroutine all_surfaces(self, below)
    class(passage), intent(inout) :: self
    type(surfaces), intent(inout) :: below

    call self%variable("sea.initial", below%sea%initial)
    call self%variable("sea.temperature", below%sea%temperature)
    call self%variable("sea.heat", below%sea%heat)
    call self%variable("sea.water", below%sea%water)
    call self%variable("sea.ice_fraction", below%ice_fraction)
    call self%account("sea.heat_budget", below%sea%heat_budget)
    call self%account("sea.water_budget", below%sea%water_budget)
    call self%exported("sea", below%over_water)
    if (below%over_ice%exchanged) then
      call self%variable("ice.fraction", below%sea_ice%fraction)
      call self%variable("ice.temperature", below%sea_ice%temperature)
      call self%variable("ice.mass", below%sea_ice%mass)
      call self%variable("ice.layer_heat", below%sea_ice%layer_heat)
      call self%account("ice.heat_budget", below%sea_ice%heat_budget)
      call self%account("ice.water_budget", below%sea_ice%water_budget)
      call self%exported("ice", below%over_ice)
    end if
    if (below%over_land%exchanged) then
      call self%variable("land.initial", below%land%initial)
      call self%variable("land.temperature", below%land%temperature)
      call self%variable("land.layer_heat", below%land%layer_heat)
      call self%variable("land.water", below%land%water)
      call self%variable("land.snow", below%land%snow)
      call self%account("land.heat_budget", below%land%heat_budget)
      call self%account("land.water_budget", below%land%water_budget)
      call self%exported("land", below%over_land)
    end if
  end subroutine all_surfaces

  !! Where the heat or the water of a surface came from.
  subroutine account(self, name, of)
    class(passage), intent(inout) :: self
    character(*), intent(in) :: name
    type(budget), intent(inout) :: of

    call self%variable(name//".received", of%received)
    call self%variable(name//".frozen", of%frozen)
    call self%variable(name//".exchanged", of%exchanged)
    call self%variable(name//".outside", of%outside)
    call self%variable(name//".initial", of%initial)
  end subroutine account

  !! What the atmosphere has given to a surface.
  subroutine exported(self, name, to)
    class(passage), intent(inout) :: self
    character(*), intent(in) :: name
    type(tile), intent(inout) :: to

    call self%variable(name//".heat_exported", to%heat_exported)
    call self%variable(name//".water_exported", to%water_exported)
  end subroutine exported

  !! All ranks come here for the same variables: a failure on one is one on all.
  subroutine variable(self, name, values)
    class(passage), intent(inout) :: self
    character(*), intent(in) :: name
    real(dp), intent(inout) :: values(:, :)

    if (.not. self%status%ok()) return
    if (self%loading) then
      call self%atmosphere%load(name, values, self%status)
    else
      call self%atmosphere%save(name, values, self%status)
    end if
  end subroutine variable

end module surface_state

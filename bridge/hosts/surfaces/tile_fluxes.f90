!! What the atmosphere exports over one of the surfaces of a cell: `call over_land%receive(...)`.
!!
!! Which fluxes there are depends on the namelist: radiation on &ngcm_radiation, ice and land on the
!! imports in &ngcm_coupling, rain and snow on the model. `description` says what takes part.
module tile_fluxes
  use ngcm, only: ngcm_component, ngcm_status
  use ngcm_kinds, only: dp, i4
  use surface_fluxes, only: surface_flux
  implicit none (type, external)
  private

  public :: tile

  !! the fluxes of heat, then those of water, by name and as the driver prints them
  integer, parameter :: heat_fluxes = 4, fluxes = 7
  character(*), parameter :: names(fluxes) = [character(35) :: &
    "surface_net_downward_shortwave_flux", "surface_net_downward_longwave_flux", &
    "surface_downward_sensible_heat_flux", "surface_downward_latent_heat_flux", &
    "water_evapotranspiration_flux", "rainfall_flux", "snowfall_flux"]
  character(*), parameter :: labels(fluxes) = [character(13) :: &
    "short wave", "long wave", "sensible heat", "latent heat", "evaporation", "rain", "snow"]
  integer, parameter :: sensible = 3, latent = 4, evaporation = 5, rain = 6, snow = 7

  type, extends(surface_flux) :: tile
    !! whether the atmosphere exchanges heat and water with this surface at all
    logical :: exchanged = .false.
    !! whether rain and snow are known
    logical :: has_rain = .false.
    !! two parts of the heat, means over the interval [W m-2]
    real(dp), allocatable :: sensible(:, :), latent(:, :)
    !! what the atmosphere has given since the start, per area of sea or of land [J m-2], [kg m-2]
    real(dp), allocatable :: heat_exported(:, :), water_exported(:, :)
    !! field ids; 0 is a flux that is not offered
    integer(i4), private :: id(fluxes) = 0
    !! of all fluxes, in the order of `names`; zero where a flux is not offered
    real(dp), private, allocatable :: values(:, :, :)
  contains
    procedure :: find
    procedure :: receive
    procedure :: description
  end type tile

contains

  !! Finds the fluxes over a surface among the atmosphere's fields.
  subroutine find(self, atmosphere, surface, mold, status)
    class(tile), intent(inout) :: self
    type(ngcm_component), intent(in) :: atmosphere
    !! CF area type: "ice_free_sea", "sea_ice" or "land"
    character(*), intent(in) :: surface
    !! of the shape of this rank's fields
    real(dp), intent(in) :: mold(:, :)
    type(ngcm_status), intent(out) :: status
    character(:), allocatable :: name, direction, over
    integer(i4) :: count, id
    integer :: flux

    call atmosphere%field_count(count, status)
    if (.not. status%ok()) return
    do id = 1, count
      call atmosphere%field_info(id, name=name, direction=direction, surface=over, status=status)
      if (.not. status%ok()) return
      if (direction /= "export") cycle
      do flux = 1, fluxes
        ! Rain and snow fall alike on all surfaces of a cell.
        if (flux < rain .and. over == surface) then
          if (name == trim(names(flux))//"_over_"//surface) self%id(flux) = id
        else if (flux >= rain .and. name == names(flux)) then
          self%id(flux) = id
        end if
      end do
    end do
    self%exchanged = any(self%id(:evaporation) /= 0)
    self%has_rain = self%id(rain) /= 0
    allocate (self%values(size(mold, 1), size(mold, 2), fluxes))
    allocate (self%heat_exported, self%water_exported, mold=mold)
    self%values = 0.0_dp
    self%heat_exported = 0.0_dp
    self%water_exported = 0.0_dp
  end subroutine find

  !! Gets the fluxes of the interval that has ended.
  subroutine receive(self, atmosphere, seconds, share, status)
    class(tile), intent(inout) :: self
    type(ngcm_component), intent(in) :: atmosphere
    !! length of the interval [s]
    integer, intent(in) :: seconds
    !! of the sea or of the land that the surface had in this interval [1]
    real(dp), intent(in) :: share(:, :)
    type(ngcm_status), intent(out) :: status
    real(dp), parameter :: downward(fluxes) = [1, 1, 1, 1, -1, 1, 1]
    real(dp), allocatable :: given(:, :)
    integer :: flux

    do flux = 1, fluxes
      if (self%id(flux) == 0) cycle
      call atmosphere%get(self%id(flux), self%values(:, :, flux), status)
      if (.not. status%ok()) return
      given = seconds*share*downward(flux)*self%values(:, :, flux)
      if (flux <= heat_fluxes) then
        self%heat_exported = self%heat_exported + given
      else
        self%water_exported = self%water_exported + given
      end if
    end do
    self%heat = sum(self%values(:, :, :heat_fluxes), dim=3)
    self%sensible = self%values(:, :, sensible)
    self%latent = self%values(:, :, latent)
    self%evaporation = self%values(:, :, evaporation)
    self%rain = self%values(:, :, rain)
    self%snow = self%values(:, :, snow)
  end subroutine receive

  !! The fluxes that take part, for the reader of the output.
  function description(self) result(text)
    class(tile), intent(in) :: self
    character(:), allocatable :: text
    integer :: flux

    text = "nothing"
    if (.not. self%exchanged) return
    text = ""
    do flux = 1, fluxes
      if (self%id(flux) /= 0) text = text//", "//trim(labels(flux))
    end do
    text = text(3:)
    do flux = 1, fluxes
      if (self%id(flux) == 0) text = text//"; no "//trim(labels(flux))
    end do
  end function description

end module tile_fluxes

!! The surfaces under the atmosphere: open water and sea ice, which share the sea, and land.
!!
!! This is what a host does around its own models: put what the surfaces are like, get the fluxes
!! over each of them, and apply each flux to the share of the cell that it was computed for.
module coupled_surfaces
  use bucket_land, only: bucket
  use ngcm, only: ngcm_component, ngcm_error_config, ngcm_status
  use ngcm_kinds, only: dp, i4, sp
  use slab_ice, only: ice
  use slab_ocean, only: ocean
  use tile_fluxes, only: tile
  implicit none (type, external)
  private

  public :: surfaces

  type :: surfaces
    type(ocean) :: sea
    type(ice) :: sea_ice
    type(bucket) :: land
    type(tile) :: over_water, over_ice, over_land
    !! fraction of the sea that ice covers, as the atmosphere knows it in this interval [1]
    real(dp), allocatable :: ice_fraction(:, :)
    !! fraction of the cell that is land [1]
    real(dp), allocatable :: land_fraction(:, :)
    integer(i4), private, allocatable :: imports(:)
  contains
    procedure :: configure
    procedure :: start
    procedure :: put
    procedure :: advance
    procedure, private :: list_imports
    procedure, private :: value_of
  end type surfaces

contains

  !! Reads the groups of the surfaces.
  subroutine configure(self, file, interval, status)
    class(surfaces), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: file
    !! coupling interval [s]
    integer, intent(in) :: interval
    type(ngcm_status), intent(out) :: status

    call self%sea%configure(file, interval, status)
    if (status%ok()) call self%sea_ice%configure(file, status)
    if (status%ok()) call self%land%configure(file, status)
  end subroutine configure

  !! Takes the surface of the atmosphere's initial state, which imports hold before the first put.
  subroutine start(self, atmosphere, land_fraction, status)
    class(surfaces), intent(inout) :: self
    type(ngcm_component), intent(in) :: atmosphere
    !! at this rank's points [1]
    real(dp), intent(in) :: land_fraction(:, :)
    type(ngcm_status), intent(out) :: status
    real(dp), allocatable :: temperature(:, :), availability(:, :)

    self%land_fraction = land_fraction
    allocate (self%ice_fraction, temperature, availability, mold=land_fraction)
    call self%over_water%find(atmosphere, "ice_free_sea", land_fraction, status)
    if (status%ok()) call self%over_ice%find(atmosphere, "sea_ice", land_fraction, status)
    if (status%ok()) call self%over_land%find(atmosphere, "land", land_fraction, status)
    if (status%ok()) call atmosphere%get("sea_ice_area_fraction", self%ice_fraction, status)
    if (status%ok()) call atmosphere%get("sea_surface_temperature", temperature, status)
    if (.not. status%ok()) return
    call self%sea%start(temperature, land_fraction)
    if (self%over_ice%exchanged) then
      call atmosphere%get("sea_ice_surface_temperature", temperature, status)
      if (.not. status%ok()) return
      call self%sea_ice%start(self%ice_fraction, temperature)
    end if
    if (self%over_land%exchanged) then
      call atmosphere%get("moisture_availability_over_land", availability, status)
      if (status%ok()) call atmosphere%get("land_surface_skin_temperature", temperature, status)
      if (.not. status%ok()) return
      call self%land%start(temperature, availability, land_fraction)
    end if
    call self%list_imports(atmosphere, status)
  end subroutine start

  !! Gives the atmosphere all that it imports.
  subroutine put(self, atmosphere, status)
    class(surfaces), intent(inout) :: self
    type(ngcm_component), intent(in) :: atmosphere
    type(ngcm_status), intent(out) :: status
    character(:), allocatable :: name
    integer :: i

    ! To single precision, as the atmosphere holds it: its fluxes are then applied to the very
    ! share of the sea that it has computed them for.
    if (self%over_ice%exchanged) self%ice_fraction = real(real(self%sea_ice%fraction, sp), dp)
    do i = 1, size(self%imports)
      call atmosphere%field_info(self%imports(i), name=name, status=status)
      if (status%ok()) call atmosphere%put(self%imports(i), self%value_of(name), status)
      if (.not. status%ok()) return
    end do
  end subroutine put

  !! Gets the fluxes of the interval that has ended, and advances the surfaces under them.
  subroutine advance(self, atmosphere, seconds, status)
    class(surfaces), intent(inout) :: self
    type(ngcm_component), intent(in) :: atmosphere
    integer, intent(in) :: seconds
    type(ngcm_status), intent(out) :: status
    real(dp), allocatable :: whole(:, :)

    call self%over_water%receive(atmosphere, seconds, 1.0_dp - self%ice_fraction, status)
    if (.not. status%ok()) return
    call self%sea%advance(seconds, 1.0_dp - self%ice_fraction, self%over_water)
    if (self%over_ice%exchanged) then
      call self%over_ice%receive(atmosphere, seconds, self%ice_fraction, status)
      if (.not. status%ok()) return
      call self%sea_ice%advance(seconds, self%ice_fraction, self%over_ice, self%sea)
    end if
    if (self%over_land%exchanged) then
      allocate (whole, mold=self%land_fraction)
      whole = 1.0_dp
      call self%over_land%receive(atmosphere, seconds, whole, status)
      if (.not. status%ok()) return
      call self%land%advance(seconds, self%over_land)
    end if
  end subroutine advance

  !! Lists the imports, of which each must be one that the driver can give.
  subroutine list_imports(self, atmosphere, status)
    class(surfaces), intent(inout) :: self
    type(ngcm_component), intent(in) :: atmosphere
    type(ngcm_status), intent(out) :: status
    character(:), allocatable :: name, direction
    integer(i4) :: count, id

    allocate (self%imports(0))
    call atmosphere%field_count(count, status)
    if (.not. status%ok()) return
    do id = 1, count
      call atmosphere%field_info(id, name=name, direction=direction, status=status)
      if (.not. status%ok()) return
      if (direction /= "import") cycle
      if (size(self%value_of(name)) /= size(self%land_fraction)) then
        status = ngcm_status(ngcm_error_config, "ngcm_driver cannot give "//name// &
          "; take it out of imports in &ngcm_coupling")
        return
      end if
      self%imports = [self%imports, id]
    end do
  end subroutine list_imports

  !! The values of an import at this rank's points; no points where the driver does not know it.
  function value_of(self, name) result(values)
    class(surfaces), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), allocatable :: values(:, :)
    logical :: near_infrared

    near_infrared = index(name, "near_infrared") > 0
    select case (name)
     case ("sea_surface_temperature")
      values = self%sea%temperature
     case ("sea_ice_area_fraction")
      values = self%ice_fraction
     case ("sea_water_x_velocity", "sea_water_y_velocity")
      ! The slab does not move: zero is the true value.
      values = 0.0_dp*self%sea%temperature
     case ("sea_ice_surface_temperature")
      values = self%sea_ice%temperature
     case ("surface_albedo_direct_visible_over_sea_ice", &
       "surface_albedo_diffuse_visible_over_sea_ice", &
       "surface_albedo_direct_near_infrared_over_sea_ice", &
       "surface_albedo_diffuse_near_infrared_over_sea_ice")
      values = self%sea_ice%albedo(near_infrared)
     case ("land_surface_skin_temperature")
      values = self%land%temperature
     case ("surface_roughness_length_for_momentum_over_land")
      values = self%land%roughness()
     case ("moisture_availability_over_land")
      values = self%land%availability()
     case ("surface_albedo_direct_visible_over_land", &
       "surface_albedo_diffuse_visible_over_land", &
       "surface_albedo_direct_near_infrared_over_land", &
       "surface_albedo_diffuse_near_infrared_over_land")
      values = self%land%albedo(near_infrared)
     case default
      allocate (values(0, 0))
    end select
  end function value_of

end module coupled_surfaces

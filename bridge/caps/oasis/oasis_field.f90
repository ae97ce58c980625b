!! A field of the atmosphere that takes part in the coupling.
module oasis_field
  use ngcm, only: ngcm_component, ngcm_status
  use ngcm_kinds, only: dp, i4
  implicit none (type, external)
  private

  public :: coupled_field, merge_arrived, place_of, sea_temperature, ice_fraction

  !! The imports that tell where a surface is covered: zero is no temperature.
  character(*), parameter :: sea_temperature = "sea_surface_temperature"
  character(*), parameter :: ice_temperature = "sea_ice_surface_temperature"
  character(*), parameter :: land_temperature = "land_surface_skin_temperature"
  character(*), parameter :: ice_fraction = "sea_ice_area_fraction"

  !! Less ice than this [1] is round-off of the remapping; values divided by it would be noise.
  real(dp), parameter :: least_ice = 1.0e-12_dp

  type :: coupled_field
    !! CF name, name in the namcouple, unit
    character(:), allocatable :: name, alias, units
    !! CF area type, empty for the whole cell
    character(:), allocatable :: surface
    !! whether the atmosphere takes it; whether it is a mean over the interval
    logical :: import = .false., mean = .false.
    !! number of the field in the atmosphere, and in OASIS
    integer(i4) :: id = 0
    integer :: port = 0
    !! at this rank's points, in `units`: what the atmosphere takes or has given
    real(dp), allocatable :: values(:)
    !! of an import: as OASIS has given it, zero where no weight leads
    real(dp), allocatable :: arrived(:)
  contains
    procedure :: describe
  end type coupled_field

contains

  !! Takes over the description of field `id`.
  subroutine describe(self, atmosphere, id, points, status)
    class(coupled_field), intent(inout) :: self
    type(ngcm_component), intent(in) :: atmosphere
    integer(i4), intent(in) :: id
    !! number of this rank's points
    integer, intent(in) :: points
    type(ngcm_status), intent(out) :: status
    character(:), allocatable :: direction, averaging

    self%id = id
    call atmosphere%field_info(id, name=self%name, units=self%units, direction=direction, &
      averaging=averaging, surface=self%surface, status=status)
    if (status%ok()) call atmosphere%field_alias(id, "oasis", self%alias, status)
    if (.not. status%ok()) return
    self%import = direction == "import"
    self%mean = averaging == "interval_mean"
    allocate (self%values(points), source=0.0_dp)
    if (self%import) allocate (self%arrived(points), source=0.0_dp)
  end subroutine describe

  !! Where a field of that name stands among `fields`; 0 if it does not.
  pure integer function place_of(name, fields)
    character(*), intent(in) :: name
    type(coupled_field), intent(in) :: fields(:)

    do place_of = size(fields), 1, -1
      if (fields(place_of)%name == name) return
    end do
  end function place_of

  !! Takes over what has arrived where it means something; elsewhere the values stay. A cell of sea
  !! or land is covered if its temperature is not zero, and one of ice if there is ice.
  subroutine merge_arrived(imports, sea, land, ice_weighted)
    type(coupled_field), intent(inout) :: imports(:)
    !! whether a cell has any sea, any land
    logical, intent(in) :: sea(:), land(:)
    !! whether what is of ice has arrived multiplied by the fraction of ice
    logical, intent(in) :: ice_weighted
    logical, allocatable :: covered(:)
    real(dp), allocatable :: divisor(:)
    integer :: i

    do i = 1, size(imports)
      divisor = spread(1.0_dp, 1, size(sea))
      select case (imports(i)%surface)
       case ("land")
        covered = land .and. imports(place_of(land_temperature, imports))%arrived /= 0.0_dp
       case ("sea_ice")
        if (ice_weighted) then
          divisor = imports(place_of(ice_fraction, imports))%arrived
          covered = sea .and. divisor > least_ice
        else
          covered = sea .and. imports(place_of(ice_temperature, imports))%arrived /= 0.0_dp
        end if
       case default
        covered = sea .and. imports(place_of(sea_temperature, imports))%arrived /= 0.0_dp
      end select
      where (covered) imports(i)%values = imports(i)%arrived/divisor
    end do
  end subroutine merge_arrived

end module oasis_field

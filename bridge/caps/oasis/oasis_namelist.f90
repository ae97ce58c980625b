!! What the cap itself needs of the namelist: group &ngcm_oasis. The name of the component is wanted
!! before there is a communicator to create the atmosphere with; the library checks the same group
!! when it is created.
module oasis_namelist
  use namelist_status, only: read_status
  use ngcm, only: ngcm_status
  implicit none (type, external)
  private

  public :: oasis_settings

  integer, parameter :: longest_name = 128, most_names = 256

  type :: oasis_settings
    !! name of the atmosphere in the namcouple
    character(:), allocatable :: component
    !! whether what is of ice comes multiplied by the fraction of ice
    logical :: ice_weighted = .true.
  contains
    procedure :: read => read_settings
  end type oasis_settings

contains

  !! Reads the group; what is not in the file has its default. Fortran refuses a group with a key
  !! that is not declared, so all are, used or not.
  subroutine read_settings(self, file, status)
    class(oasis_settings), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    character(longest_name) :: component, grid, ocean_component, coupling
    character(longest_name) :: exports(most_names), partner_names(most_names)
    character(longest_name) :: flux_method, state_method
    integer :: ocean_step_seconds
    logical :: ice_weighted
    namelist /ngcm_oasis/ component, grid, ocean_component, ocean_step_seconds, coupling, &
      exports, partner_names, flux_method, state_method, ice_weighted
    integer :: unit, error
    character(512) :: reason

    component = "ngcm"
    ice_weighted = .true.
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=ngcm_oasis, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "ngcm_oasis", error, reason)
    self%component = trim(component)
    self%ice_weighted = ice_weighted
  end subroutine read_settings

end module oasis_namelist

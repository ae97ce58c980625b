!! What the ocean reads in the namelist of the run: its own group &oasis_ocean, and in the groups of
!! the atmosphere what both must agree on.
!!
!! A group is read whole, so every key that it may hold is named here, those of the atmosphere
!! too.
module ocean_settings
  use namelist_status, only: read_status
  use ngcm_errors, only: ngcm_error_config, ngcm_status
  use ngcm_kinds, only: dp
  use run_length, only: read_run_length
  implicit none (type, external)
  private

  public :: settings

  integer, parameter :: name_length = 128, path_length = 4095, most_names = 256
  real(dp), parameter :: seconds_per_day = 86400.0_dp

  type :: settings
    !! path of the namelist file
    character(:), allocatable :: file
    !! name in the namcouple; prefix of the grid in the files of OASIS
    character(:), allocatable :: component, grid
    !! coupling interval and step of the ocean [s]
    integer :: interval = 0, step = 0
    !! coupling intervals to run
    integer :: intervals = 0
    !! whether fluxes are those of the interval that begins, and not of the one before it
    logical :: sequential = .true.
    !! whether what is of the ice goes out multiplied by its fraction
    logical :: ice_weighted = .true.
    !! files; empty for none
    character(:), allocatable :: initial_file, read_file, write_file, output_file
    !! time between records of the output file [s]
    integer :: output_interval = 0
    !! in which inertial currents decay [s]
    real(dp) :: damping_time = 0.0_dp
    !! points that a rank gets at a time; 0 for one block a rank
    integer :: block_points = 0
  contains
    procedure :: read => read_settings
    procedure, private :: read_coupling
    procedure, private :: read_grid
    procedure, private :: read_oasis
    procedure, private :: read_own
  end type settings

contains

  !! Reads all groups; a group or key that is not in the file has its default.
  subroutine read_settings(self, file, status)
    class(settings), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status

    self%file = file
    ! First, because OASIS must know the name before anybody can speak of a failure.
    call self%read_oasis(file, status)
    if (status%ok()) call self%read_coupling(file, status)
    if (status%ok()) call self%read_grid(file, status)
    if (status%ok()) call self%read_own(file, status)
    if (status%ok()) call read_run_length(file, self%interval, self%intervals, status)
    if (.not. status%ok()) return
    if (self%step == 0) self%step = self%interval
    if (modulo(self%interval, self%step) /= 0) then
      status = ngcm_status(ngcm_error_config, file//": &ngcm_oasis: ocean_step_seconds="// &
        number(self%step)//" does not divide the coupling interval of "//number(self%interval)// &
        " s")
    else if (self%output_interval > 0 .and. modulo(self%output_interval, self%interval) /= 0) then
      status = ngcm_status(ngcm_error_config, file//": &oasis_ocean: output_interval_hours="// &
        number(self%output_interval/3600)//" is no multiple of the coupling interval of "// &
        number(self%interval)//" s")
    end if
  end subroutine read_settings

  subroutine read_oasis(self, file, status)
    class(settings), intent(inout) :: self
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    character(name_length) :: component, grid, ocean_component, coupling, flux_method, state_method
    character(name_length) :: exports(most_names), partner_names(most_names)
    integer :: ocean_step_seconds
    logical :: ice_weighted
    namelist /ngcm_oasis/ component, grid, ocean_component, ocean_step_seconds, coupling, exports, &
      partner_names, flux_method, state_method, ice_weighted
    integer :: unit, error
    character(512) :: reason

    ocean_component = "ocean"
    ocean_step_seconds = 0
    coupling = "sequential"
    ice_weighted = .true.
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=ngcm_oasis, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "ngcm_oasis", error, reason)
    self%component = trim(ocean_component)
    self%step = ocean_step_seconds
    self%sequential = coupling == "sequential"
    self%ice_weighted = ice_weighted
  end subroutine read_oasis

  subroutine read_coupling(self, file, status)
    class(settings), intent(inout) :: self
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    integer :: interval_seconds, max_import_age_seconds
    character(name_length) :: imports(most_names)
    namelist /ngcm_coupling/ interval_seconds, imports, max_import_age_seconds
    integer :: unit, error
    character(512) :: reason

    interval_seconds = 3600
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=ngcm_coupling, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "ngcm_coupling", error, reason)
    self%interval = interval_seconds
  end subroutine read_coupling

  subroutine read_grid(self, file, status)
    class(settings), intent(inout) :: self
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    character(path_length) :: sea_grid_file, sea_grid_name
    character(name_length) :: sea_grid_kind, sea_area
    namelist /ngcm_grid/ sea_grid_file, sea_grid_name, sea_grid_kind, sea_area
    integer :: unit, error
    character(512) :: reason

    sea_grid_name = ""
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=ngcm_grid, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "ngcm_grid", error, reason)
    self%grid = trim(sea_grid_name)
    if (self%grid == "") self%grid = "ocea"
  end subroutine read_grid

  subroutine read_own(self, file, status)
    class(settings), intent(inout) :: self
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    character(path_length) :: initial_file, read_file, write_file, output_file
    integer :: output_interval_hours, block_points
    real(dp) :: current_damping_days
    namelist /oasis_ocean/ initial_file, read_file, write_file, output_file, &
      output_interval_hours, current_damping_days, block_points
    integer :: unit, error
    character(512) :: reason

    initial_file = "rsto.nc"
    read_file = ""
    write_file = ""
    output_file = ""
    output_interval_hours = 24
    current_damping_days = 3.0_dp
    block_points = 0
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=oasis_ocean, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "oasis_ocean", error, reason)
    self%initial_file = trim(initial_file)
    self%read_file = trim(read_file)
    self%write_file = trim(write_file)
    self%output_file = trim(output_file)
    self%output_interval = 3600*output_interval_hours
    self%damping_time = seconds_per_day*current_damping_days
    self%block_points = block_points
    if (status%ok() .and. (current_damping_days <= 0.0_dp .or. block_points < 0 .or. &
      output_interval_hours < 1)) then
      status = ngcm_status(ngcm_error_config, file//": &oasis_ocean: a time is not greater than " &
        //"zero, or block_points is less; `ngcm-coupler check` says which")
    end if
  end subroutine read_own

  !! An integer as text.
  function number(value) result(text)
    integer, intent(in) :: value
    character(:), allocatable :: text
    character(16) :: buffer

    write (buffer, "(i0)") value
    text = trim(buffer)
  end function number

end module ocean_settings

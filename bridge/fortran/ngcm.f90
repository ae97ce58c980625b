!! NeuralGCM as the atmosphere of a Fortran host.
!!
!!     use ngcm, only: ngcm_component, ngcm_status
!!     type(ngcm_component) :: atmosphere
!!     type(ngcm_status) :: status
!!
!!     call atmosphere%create("run.nml", comm, status)
!!     do while (running)
!!       call atmosphere%put("sea_surface_temperature", sst, status)
!!       call atmosphere%put("sea_ice_area_fraction", ice, status)
!!       call atmosphere%advance(3600, status)
!!       call atmosphere%get("surface_downward_latent_heat_flux_over_ice_free_sea", latent, status)
!!     end do
!!     call atmosphere%destroy(status)
!!
!! Nothing here stops the program: look at `status%ok()` after every call. Arrays are this rank's
!! points in the grid's own order (longitude fastest, south to north) unless `set_partition` says
!! otherwise, of rank 1 or 2, real(4) or real(8), contiguous or not. Names, units and signs of the
!! fields are listed by the command `ngcm-coupler fields`; ngcm.h says more on every call.
module ngcm
  use, intrinsic :: iso_c_binding, only: c_funloc, c_loc, c_null_ptr, c_ptr
  use ngcm_c, only: c_abi_version, c_advance, c_continues, c_coupling_interval, c_create, &
    c_destroy, c_field_alias, c_field_count, c_field_id, c_field_info, c_get_f32, c_get_f64, &
    c_grid, c_grid_size, c_instances, c_is_complete, c_keeps_restarts, c_load_f64, c_on_timeout, &
    c_put_f32, c_put_f64, c_request_stop, c_restart_due, c_save_f64, c_set_partition, &
    c_stop_requested, c_text, c_time, c_wait, c_write_restart, fortran_text, status_of
  use ngcm_errors, only: ngcm_ok, ngcm_error_internal, ngcm_error_config, ngcm_error_checkpoint, &
    ngcm_error_data, ngcm_error_field, ngcm_error_shape, ngcm_error_value, ngcm_error_state, &
    ngcm_error_handle, ngcm_error_parallel, ngcm_error_restart, ngcm_error_diverged, &
    ngcm_error_output, ngcm_error_argument, ngcm_error_embedding, ngcm_status
  use ngcm_kinds, only: dp, i4, i8, sp
  implicit none (type, external)
  private

  public :: ngcm_component, ngcm_status, ngcm_abi_version
  public :: ngcm_ok, ngcm_error_internal, ngcm_error_config, ngcm_error_checkpoint, &
    ngcm_error_data, ngcm_error_field, ngcm_error_shape, ngcm_error_value, ngcm_error_state, &
    ngcm_error_handle, ngcm_error_parallel, ngcm_error_restart, ngcm_error_diverged, &
    ngcm_error_output, ngcm_error_argument, ngcm_error_embedding

  !! NGCM_NO_MPI of ngcm.h
  integer(i4), parameter :: no_mpi = -huge(0_i4) - 1_i4
  integer, parameter :: text_length = 256

  abstract interface
    !! What a host does when an interval takes too long; it runs in another thread.
    subroutine timeout_action() bind(c)
      implicit none (type, external)
    end subroutine timeout_action
  end interface

  !! One atmosphere. A copy of the variable denotes the same atmosphere.
  type :: ngcm_component
    private
    integer(i4) :: handle = 0
  contains
    procedure :: create
    procedure :: grid_size
    procedure :: grid
    procedure :: instances
    procedure :: set_partition
    procedure :: coupling_interval
    procedure :: field_count
    procedure :: field_info
    procedure :: field_alias
    procedure :: field_id
    procedure :: wait
    procedure :: time
    procedure :: write_restart
    procedure :: save => save_f64
    procedure :: load => load_f64
    procedure :: continues
    procedure :: keeps_restarts
    procedure :: restart_due
    procedure :: is_complete
    procedure :: stop_requested
    procedure :: request_stop
    procedure :: on_timeout
    procedure :: destroy
    generic :: put => put_id_f64_1, put_name_f64_1, put_id_f64_2, put_name_f64_2, &
      put_id_f32_1, put_name_f32_1, put_id_f32_2, put_name_f32_2
    generic :: get => get_id_f64_1, get_name_f64_1, get_id_f64_2, get_name_f64_2, &
      get_id_f32_1, get_name_f32_1, get_id_f32_2, get_name_f32_2
    generic :: advance => advance_i4, advance_i8
    procedure, private :: put_id_f64_1, put_name_f64_1, put_id_f64_2, put_name_f64_2, &
      put_id_f32_1, put_name_f32_1, put_id_f32_2, put_name_f32_2
    procedure, private :: get_id_f64_1, get_name_f64_1, get_id_f64_2, get_name_f64_2, &
      get_id_f32_1, get_name_f32_1, get_id_f32_2, get_name_f32_2
    procedure, private :: advance_i4, advance_i8
  end type ngcm_component

contains

  !! The version of the C interface that the library was built with.
  integer function ngcm_abi_version()
    ngcm_abi_version = c_abi_version()
  end function ngcm_abi_version

  !! Builds the atmosphere that the namelist file describes, in its initial state.
  !! Collective over the communicator. The first call of the process takes seconds.
  subroutine create(self, namelist, comm, status)
    class(ngcm_component), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: namelist
    !! communicator of the host's ranks (with mpi_f08: comm%mpi_val); absent: no MPI
    integer, optional, intent(in) :: comm
    type(ngcm_status), intent(out) :: status
    integer(i4) :: communicator

    communicator = no_mpi
    if (present(comm)) communicator = int(comm, i4)
    status = status_of(c_create(c_text(namelist), communicator, self%handle))
  end subroutine create

  !! Gives the number of longitudes and latitudes of the atmosphere's Gaussian grid.
  subroutine grid_size(self, nlon, nlat, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(out) :: nlon, nlat
    type(ngcm_status), intent(out) :: status

    status = status_of(c_grid_size(self%handle, nlon, nlat))
  end subroutine grid_size

  !! Gives the whole grid, on every rank; allocates what is asked for as (nlon, nlat).
  subroutine grid(self, lon, lat, corner_lon, corner_lat, area, land_fraction, status)
    class(ngcm_component), intent(in) :: self
    !! cell centres [degrees_east, degrees_north]
    real(dp), allocatable, optional, target, intent(out) :: lon(:, :), lat(:, :)
    !! cell corners [degrees_east, degrees_north], (4, nlon, nlat)
    real(dp), allocatable, optional, target, intent(out) :: corner_lon(:, :, :), corner_lat(:, :, :)
    !! cell areas [m2]
    real(dp), allocatable, optional, target, intent(out) :: area(:, :)
    !! fraction of the cell that is land [1]
    real(dp), allocatable, optional, target, intent(out) :: land_fraction(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: nlon, nlat

    call self%grid_size(nlon, nlat, status)
    if (status%ok()) status = status_of(c_grid(self%handle, points(lon), points(lat), &
      corners(corner_lon), corners(corner_lat), points(area), points(land_fraction)))

  contains

    !! Allocates one value for each cell; gives the address, null where the array is not wanted.
    function points(values) result(address)
      real(dp), allocatable, optional, target, intent(inout) :: values(:, :)
      type(c_ptr) :: address

      address = c_null_ptr
      if (.not. present(values)) return
      allocate (values(nlon, nlat))
      address = c_loc(values)
    end function points

    !! The same with four values for each cell.
    function corners(values) result(address)
      real(dp), allocatable, optional, target, intent(inout) :: values(:, :, :)
      type(c_ptr) :: address

      address = c_null_ptr
      if (.not. present(values)) return
      allocate (values(4, nlon, nlat))
      address = c_loc(values)
    end function corners
  end subroutine grid

  !! Gives how many copies of the grid the points of a field are: the members' where each of them is
  !! coupled to a host of its own, else 1. The points of the second follow those of the first.
  subroutine instances(self, count, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(out) :: count
    type(ngcm_status), intent(out) :: status

    status = status_of(c_instances(self%handle, count))
  end subroutine instances

  !! Declares which points of the grid this rank owns. Collective, before the first put.
  subroutine set_partition(self, global_index, status)
    class(ngcm_component), intent(in) :: self
    !! 1-based indices into the grid's own order, counted on through its copies, in the order of the
    !! rank's arrays; may be empty
    integer(i4), intent(in) :: global_index(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_set_partition(self%handle, size(global_index), global_index))
  end subroutine set_partition

  !! Gives the coupling interval [s].
  subroutine coupling_interval(self, seconds, status)
    class(ngcm_component), intent(in) :: self
    integer(i8), intent(out) :: seconds
    type(ngcm_status), intent(out) :: status

    status = status_of(c_coupling_interval(self%handle, seconds))
  end subroutine coupling_interval

  !! Gives the number of fields that this component exchanges, both directions together.
  subroutine field_count(self, count, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(out) :: count
    type(ngcm_status), intent(out) :: status

    status = status_of(c_field_count(self%handle, count))
  end subroutine field_count

  !! Describes field `id`, which runs from 1 to the field count.
  subroutine field_info(self, id, name, units, direction, averaging, surface, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    !! CF name and UDUNITS unit
    character(:), allocatable, optional, intent(out) :: name, units
    !! "import" (the host puts it) or "export" (the host gets it)
    character(:), allocatable, optional, intent(out) :: direction
    !! "instantaneous" or "interval_mean"
    character(:), allocatable, optional, intent(out) :: averaging
    !! CF area type that a value is a mean over: "sea", "ice_free_sea", "sea_ice" or "land";
    !! empty for the whole cell
    character(:), allocatable, optional, intent(out) :: surface
    type(ngcm_status), intent(out) :: status
    character(text_length) :: c_name, c_units, c_direction, c_averaging, c_surface

    status = status_of(c_field_info(self%handle, id, c_name, text_length, c_units, text_length, &
      c_direction, text_length, c_averaging, text_length, c_surface, text_length))
    if (.not. status%ok()) return
    if (present(name)) name = fortran_text(c_name)
    if (present(units)) units = fortran_text(c_units)
    if (present(direction)) direction = fortran_text(c_direction)
    if (present(averaging)) averaging = fortran_text(c_averaging)
    if (present(surface)) surface = fortran_text(c_surface)
  end subroutine field_info

  !! Gives the name by which field `id` goes in the files of a coupler; empty where it has none.
  subroutine field_alias(self, id, coupler, alias, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    !! "oasis" or "nuopc"
    character(*), intent(in) :: coupler
    character(:), allocatable, intent(out) :: alias
    type(ngcm_status), intent(out) :: status
    character(text_length) :: buf

    status = status_of(c_field_alias(self%handle, id, c_text(coupler), buf, text_length))
    if (status%ok()) alias = fortran_text(buf)
  end subroutine field_alias

  !! Gives the id of a field, with which put and get are quicker than with its name.
  subroutine field_id(self, name, id, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    integer(i4), intent(out) :: id
    type(ngcm_status), intent(out) :: status

    status = status_of(c_field_id(self%handle, c_text(name), id))
  end subroutine field_id

  !! Advances the atmosphere by `seconds` [s]: the coupling interval, or 0 to only send the imports
  !! on. Collective. With one rank it returns when the work is dispatched; wait or get block.
  subroutine advance_i4(self, seconds, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: seconds
    type(ngcm_status), intent(out) :: status

    status = status_of(c_advance(self%handle, int(seconds, i8)))
  end subroutine advance_i4

  subroutine advance_i8(self, seconds, status)
    class(ngcm_component), intent(in) :: self
    integer(i8), intent(in) :: seconds
    type(ngcm_status), intent(out) :: status

    status = status_of(c_advance(self%handle, seconds))
  end subroutine advance_i8

  !! Blocks until the dispatched interval is computed.
  subroutine wait(self, status)
    class(ngcm_component), intent(in) :: self
    type(ngcm_status), intent(out) :: status

    status = status_of(c_wait(self%handle))
  end subroutine wait

  !! Gives the component's date, for example 2000-01-01T06:00:00.
  subroutine time(self, iso8601, status)
    class(ngcm_component), intent(in) :: self
    character(:), allocatable, intent(out) :: iso8601
    type(ngcm_status), intent(out) :: status
    character(text_length) :: buf

    status = status_of(c_time(self%handle, buf, text_length))
    if (status%ok()) iso8601 = fortran_text(buf)
  end subroutine time

  !! Writes a restart file, from which a run continues bit for bit; if the path is empty, where the
  !! group &ngcm_restart says. Collective.
  subroutine write_restart(self, path, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: path
    type(ngcm_status), intent(out) :: status

    status = status_of(c_write_restart(self%handle, c_text(path)))
  end subroutine write_restart

  !! Keeps the host's own values at this rank's points for the next restart file. Collective.
  subroutine save_f64(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    !! by which `load` gives them back
    character(*), intent(in) :: name
    real(dp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_save_f64(self%handle, c_text(name), values, size(values)))
  end subroutine save_f64

  !! Gives back what `save` has put into the restart file that this run continues from. Collective.
  subroutine load_f64(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_load_f64(self%handle, c_text(name), values, size(values)))
  end subroutine load_f64

  !! Whether this run continues another from a restart file.
  subroutine continues(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status
    integer(i4) :: answer

    answer = 0
    status = status_of(c_continues(self%handle, answer))
    flag = status%ok() .and. answer /= 0
  end subroutine continues

  !! Whether the group &ngcm_restart says where to write restart files.
  subroutine keeps_restarts(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status
    integer(i4) :: answer

    answer = 0
    status = status_of(c_keeps_restarts(self%handle, answer))
    flag = status%ok() .and. answer /= 0
  end subroutine keeps_restarts

  !! Whether the group &ngcm_restart asks for a restart file at the date reached.
  subroutine restart_due(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status
    integer(i4) :: answer

    answer = 0
    status = status_of(c_restart_due(self%handle, answer))
    flag = status%ok() .and. answer /= 0
  end subroutine restart_due

  !! Whether the date reached is that at which the chain of runs ends.
  subroutine is_complete(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status
    integer(i4) :: answer

    answer = 0
    status = status_of(c_is_complete(self%handle, answer))
    flag = status%ok() .and. answer /= 0
  end subroutine is_complete

  !! Whether to write a restart and stop now; ask after every interval. Collective.
  subroutine stop_requested(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status
    integer(i4) :: answer

    answer = 0
    status = status_of(c_stop_requested(self%handle, answer))
    flag = status%ok() .and. answer /= 0
  end subroutine stop_requested

  !! Says that this rank has been asked to stop, by a signal for example.
  subroutine request_stop(self, status)
    class(ngcm_component), intent(in) :: self
    type(ngcm_status), intent(out) :: status

    status = status_of(c_request_stop(self%handle))
  end subroutine request_stop

  !! Sets what is called, in another thread, when an interval takes longer than &ngcm_limits allows.
  subroutine on_timeout(self, action, status)
    class(ngcm_component), intent(in) :: self
    procedure(timeout_action) :: action
    type(ngcm_status), intent(out) :: status

    status = status_of(c_on_timeout(self%handle, c_funloc(action)))
  end subroutine on_timeout

  !! Ends the atmosphere: closes its files, frees its memory. Collective.
  subroutine destroy(self, status)
    class(ngcm_component), intent(inout) :: self
    type(ngcm_status), intent(out) :: status

    status = status_of(c_destroy(self%handle))
    self%handle = 0
  end subroutine destroy

  ! put and get. The array dummies of the C functions are of assumed size, so one interface takes
  ! every rank, and the compiler copies an array that is not contiguous.

  !! Gives the atmosphere the values of an import field, in the field's unit, by id or by name.
  subroutine put_id_f64_1(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f64(self%handle, id, values, size(values)))
  end subroutine put_id_f64_1

  subroutine put_name_f64_1(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f64_1

  subroutine put_id_f64_2(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f64(self%handle, id, values, size(values)))
  end subroutine put_id_f64_2

  subroutine put_name_f64_2(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f64_2

  subroutine put_id_f32_1(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f32(self%handle, id, values, size(values)))
  end subroutine put_id_f32_1

  subroutine put_name_f32_1(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f32_1

  subroutine put_id_f32_2(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f32(self%handle, id, values, size(values)))
  end subroutine put_id_f32_2

  subroutine put_name_f32_2(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f32_2

  !! Receives the values of a field, in the field's unit, by id or by name: an export, or an import,
  !! which before the first put holds the initial state's own surface. Blocks until computed.
  subroutine get_id_f64_1(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f64(self%handle, id, values, size(values)))
  end subroutine get_id_f64_1

  subroutine get_name_f64_1(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f64_1

  subroutine get_id_f64_2(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f64(self%handle, id, values, size(values)))
  end subroutine get_id_f64_2

  subroutine get_name_f64_2(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f64_2

  subroutine get_id_f32_1(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f32(self%handle, id, values, size(values)))
  end subroutine get_id_f32_1

  subroutine get_name_f32_1(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f32_1

  subroutine get_id_f32_2(self, id, values, status)
    class(ngcm_component), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f32(self%handle, id, values, size(values)))
  end subroutine get_id_f32_2

  subroutine get_name_f32_2(self, name, values, status)
    class(ngcm_component), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f32_2

end module ngcm

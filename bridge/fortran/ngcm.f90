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
    c_destroy, c_grid, c_grid_size, c_instances, c_is_complete, c_keeps_restarts, c_load_f64, &
    c_on_timeout, c_request_stop, c_restart_due, c_save_f64, c_set_partition, c_stop_requested, &
    c_text, c_time, c_wait, c_write_restart, fortran_text, status_of, text_length
  use ngcm_errors, only: ngcm_ok, ngcm_error_internal, ngcm_error_config, ngcm_error_checkpoint, &
    ngcm_error_data, ngcm_error_field, ngcm_error_shape, ngcm_error_value, ngcm_error_state, &
    ngcm_error_handle, ngcm_error_parallel, ngcm_error_restart, ngcm_error_diverged, &
    ngcm_error_output, ngcm_error_argument, ngcm_error_embedding, ngcm_status
  use ngcm_exchange, only: exchange
  use ngcm_kinds, only: dp, i4, i8
  implicit none (type, external)
  private

  public :: ngcm_component, ngcm_status, ngcm_abi_version
  public :: ngcm_ok, ngcm_error_internal, ngcm_error_config, ngcm_error_checkpoint, &
    ngcm_error_data, ngcm_error_field, ngcm_error_shape, ngcm_error_value, ngcm_error_state, &
    ngcm_error_handle, ngcm_error_parallel, ngcm_error_restart, ngcm_error_diverged, &
    ngcm_error_output, ngcm_error_argument, ngcm_error_embedding

  !! NGCM_NO_MPI of ngcm.h
  integer(i4), parameter :: no_mpi = -huge(0_i4) - 1_i4

  abstract interface
    !! What a host does when an interval takes too long; it runs in another thread.
    subroutine timeout_action() bind(c)
      implicit none (type, external)
    end subroutine timeout_action
  end interface

  !! One atmosphere. A copy of the variable denotes the same atmosphere.
  type, extends(exchange) :: ngcm_component
  contains
    procedure :: create
    procedure :: grid_size
    procedure :: grid
    procedure :: instances
    procedure :: set_partition
    procedure :: coupling_interval
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
    generic :: advance => advance_i4, advance_i8
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

    call ask(c_continues, self%handle, flag, status)
  end subroutine continues

  !! Whether the group &ngcm_restart says where to write restart files.
  subroutine keeps_restarts(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status

    call ask(c_keeps_restarts, self%handle, flag, status)
  end subroutine keeps_restarts

  !! Whether the group &ngcm_restart asks for a restart file at the date reached.
  subroutine restart_due(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status

    call ask(c_restart_due, self%handle, flag, status)
  end subroutine restart_due

  !! Whether the date reached is that at which the chain of runs ends.
  subroutine is_complete(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status

    call ask(c_is_complete, self%handle, flag, status)
  end subroutine is_complete

  !! Whether to write a restart and stop now; ask after every interval. Collective.
  subroutine stop_requested(self, flag, status)
    class(ngcm_component), intent(in) :: self
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status

    call ask(c_stop_requested, self%handle, flag, status)
  end subroutine stop_requested

  !! Puts one of the questions above to the library; the answer to one that fails is no.
  subroutine ask(question, handle, flag, status)
    procedure(c_continues) :: question
    integer(i4), intent(in) :: handle
    logical, intent(out) :: flag
    type(ngcm_status), intent(out) :: status
    integer(i4) :: answer

    answer = 0
    status = status_of(question(handle, answer))
    flag = status%ok() .and. answer /= 0
  end subroutine ask

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

end module ngcm

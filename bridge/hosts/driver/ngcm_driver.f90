!! The atmosphere over slabs of sea, ice and land, without a coupler: `mpirun -n N ngcm_driver F`.
!!
!! It shows a host all that it has to do. The surfaces live on the atmosphere's grid; with several
!! ranks each holds a band of latitudes. The namelist file F configures the library, and in the
!! groups &ngcm_driver, &slab_ocean, &slab_ice and &bucket_land this program. Ice and land take part
!! where the imports in &ngcm_coupling list theirs. The last line says that the run was completed.
!!
!! A run goes on from the restart that &ngcm_restart names, and writes others where that says. When
!! the limit of &ngcm_limits is near, or on SIGTERM or SIGUSR1, it writes a restart and stops with
!! exit code 75 (EX_TEMPFAIL): to go on, run it again.
program driver
  use, intrinsic :: iso_fortran_env, only: error_unit
  use collective_status, only: require
  use coupled_surfaces, only: surfaces
  use driver_report, only: reporter
  use latitude_bands, only: bands
  use mpi_f08, only: MPI_Abort, MPI_Comm, MPI_Comm_dup, MPI_COMM_WORLD, MPI_Finalize, MPI_Init, &
    MPI_Wtime
  use ngcm, only: ngcm_component, ngcm_status
  use ngcm_kinds, only: dp, i4, i8
  use run_length, only: read_run_length
  use standard_output, only: require_output
  use stop_signals, only: stop_signal_received, stop_signals_hold, stop_signals_release, &
    stop_signals_watch
  use surface_state, only: load_surfaces, save_surfaces
  use timeout_abort, only: end_stuck_job
  implicit none (type, external)

  integer, parameter :: run_again = 75
  !! for the status of all ranks, and for all else: a message that a rank which has failed does not
  !! send must not be taken for one of the other kind
  type(MPI_Comm) :: comm, work
  type(ngcm_component) :: atmosphere
  type(ngcm_status) :: status
  type(bands) :: grid
  type(surfaces) :: below
  type(reporter) :: report
  integer :: interval_seconds, intervals, intervals_per_line, interval, done
  logical :: keeps, due, complete, stopping
  integer(i8) :: seconds
  real(dp), allocatable :: u10(:, :), v10(:, :)
  real(dp) :: started
  character(:), allocatable :: file, date

  call stop_signals_hold()
  call require_output()
  call MPI_Init()
  comm = MPI_COMM_WORLD
  call MPI_Comm_dup(comm, work)
  file = namelist_file()

  call atmosphere%create(file, work%mpi_val, status)
  call require(status, comm)
  call atmosphere%on_timeout(end_stuck_job, status)
  call require(status, comm)
  call atmosphere%keeps_restarts(keeps, status)
  call require(status, comm)
  if (keeps) then
    call stop_signals_watch()
  else
    call stop_signals_release()
  end if
  call atmosphere%coupling_interval(seconds, status)
  call require(status, comm)
  interval_seconds = int(seconds)
  call read_run_length(file, interval_seconds, intervals, status, intervals_per_line)
  call require(status, comm)
  call below%configure(file, interval_seconds, status)
  call require(status, comm)
  call set_up_surfaces()

  done = 0
  due = .false.
  call ask_to_stop()
  do interval = 1, intervals
    call atmosphere%is_complete(complete, status)
    call require(status, comm)
    if (complete .or. stopping) exit
    started = MPI_Wtime()
    call below%put(atmosphere, status)
    call require(status, comm)
    call atmosphere%advance(interval_seconds, status)
    call require(status, comm)
    call below%advance(atmosphere, interval_seconds, status)
    call require(status, comm)
    call atmosphere%get("eastward_wind_at_10m_over_ice_free_sea", u10, status)
    call require(status, comm)
    call atmosphere%get("northward_wind_at_10m_over_ice_free_sea", v10, status)
    call require(status, comm)
    call atmosphere%time(date, status)
    call require(status, comm)
    if (modulo(interval, intervals_per_line) == 0) then
      call report%interval(date, interval_seconds, MPI_Wtime() - started, below, &
        sqrt(u10**2 + v10**2))
    end if
    done = interval
    call atmosphere%restart_due(due, status)
    call require(status, comm)
    if (due) call write_restart()
    call ask_to_stop()
  end do

  if (done > 0 .and. keeps .and. .not. due) call write_restart()
  if (done > 0) call report_fields()
  call atmosphere%time(date, status)
  call require(status, comm)
  call report%budgets(below)
  call atmosphere%destroy(status)
  call require(status, comm)
  stopping = stopping .and. .not. complete .and. done < intervals
  if (stopping) then
    call report%stopped(done, date)
  else
    call report%completed(done)
  end if
  call MPI_Finalize()
  if (stopping) stop run_again, quiet=.true.

contains

  !! Finds out whether any rank has been told to stop, or the time of the job is over.
  subroutine ask_to_stop()

    if (stop_signal_received()) call atmosphere%request_stop(status)
    call require(status, comm)
    call atmosphere%stop_requested(stopping, status)
    call require(status, comm)
  end subroutine ask_to_stop

  !! Writes the restart of both sides where &ngcm_restart says.
  subroutine write_restart()

    call save_surfaces(atmosphere, below, status)
    call require(status, comm)
    call atmosphere%write_restart("", status)
    call require(status, comm)
  end subroutine write_restart

  !! The one argument of the command line.
  function namelist_file() result(path)
    character(:), allocatable :: path
    integer :: length

    if (command_argument_count() /= 1) then
      write (error_unit, "(a)") "usage: mpirun -n N ngcm_driver FILE.nml"
      call MPI_Abort(comm, 2)
    end if
    call get_command_argument(1, length=length)
    allocate (character(length) :: path)
    call get_command_argument(1, path)
  end function namelist_file

  !! Reads the grid, deals its points out to the ranks, and starts the surfaces.
  subroutine set_up_surfaces()
    real(dp), allocatable :: area(:, :), land_fraction(:, :)
    integer(i4) :: nlon, nlat, instances, instance
    logical :: continued

    call atmosphere%grid_size(nlon, nlat, status)
    call require(status, comm)
    call atmosphere%instances(instances, status)
    call require(status, comm)
    ! Surfaces of their own under each member are more rows of one grid.
    call grid%create(work, nlon, nlat*instances)
    call atmosphere%grid(area=area, land_fraction=land_fraction, status=status)
    call require(status, comm)
    call atmosphere%set_partition(grid%global_index(), status)
    call require(status, comm)

    ! The share of each in the mean of all.
    area = reshape([(area/instances, instance=1, instances)], [nlon, nlat*instances])
    land_fraction = reshape([(land_fraction, instance=1, instances)], shape(area))
    area = area(:, grid%first:grid%last)
    land_fraction = land_fraction(:, grid%first:grid%last)
    call below%start(atmosphere, land_fraction, status)
    call require(status, comm)
    call atmosphere%continues(continued, status)
    call require(status, comm)
    if (continued) then
      call load_surfaces(atmosphere, below, status)
      call require(status, comm)
    end if
    allocate (u10, v10, mold=area)
    call report%create(grid, area, below)
  end subroutine set_up_surfaces

  !! Prints every field that the atmosphere takes or offers.
  subroutine report_fields()
    character(:), allocatable :: name, units, surface
    real(dp), allocatable :: values(:, :)
    integer(i4) :: count, id

    call atmosphere%field_count(count, status)
    call require(status, comm)
    allocate (values, mold=u10)
    call report%table()
    do id = 1, count
      call atmosphere%field_info(id, name=name, units=units, surface=surface, status=status)
      call require(status, comm)
      call atmosphere%get(id, values, status)
      call require(status, comm)
      call report%field(name, units, surface, values, below)
    end do
  end subroutine report_fields

end program driver

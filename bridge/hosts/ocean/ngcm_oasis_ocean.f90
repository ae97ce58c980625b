!! A mixed-layer ocean with currents and sea ice on any ocean model's grid, a component of
!! OASIS3-MCT that exchanges what NEMO does. Started with the atmosphere on one namelist F:
!!
!!     mpirun -n A ngcm_oasis_atm F : -n O ngcm_oasis_ocean F
!!
!! It knows nothing of the atmosphere's library. In the run folder it finds the namcouple, its grid
!! in grids.nc, masks.nc and areas.nc, and its initial surface; what it reads of the namelist file F
!! says ocean_settings. The last line says that the run was completed.
program ngcm_oasis_ocean
  use, intrinsic :: iso_fortran_env, only: error_unit
  use collective_status, only: require
  use mod_oasis, only: oasis_enddef, oasis_get_localcomm, oasis_init_comp, oasis_terminate
  use mpi_f08, only: MPI_Abort, MPI_Comm, MPI_COMM_WORLD, MPI_Finalize, MPI_Init, MPI_Wtime
  use nemo_fields, only: ice_solar, received_names
  use ngcm_errors, only: ngcm_status
  use ngcm_kinds, only: dp
  use oasis_grid_file, only: sea_grid
  use ocean_exchange, only: exchange
  use ocean_history, only: history
  use ocean_model, only: mixed_layer
  use ocean_report, only: in_coupler, in_ocean, in_output, in_waiting, reporter
  use ocean_settings, only: settings
  use ocean_state_file, only: read_start, read_state, write_state
  use point_blocks, only: blocks
  use received_book, only: book
  implicit none (type, external)

  integer, parameter :: seconds_per_day = 86400
  type(MPI_Comm) :: comm
  type(ngcm_status) :: status
  type(settings) :: config
  type(sea_grid) :: grid
  type(blocks) :: points
  type(exchange) :: coupler
  type(mixed_layer) :: model
  type(book) :: fluxes
  type(history) :: output
  type(reporter) :: report
  real(dp), allocatable :: received(:, :), sent(:, :)
  logical, allocatable :: sea(:)
  character(:), allocatable :: file
  integer :: component, error, interval, start, step
  real(dp) :: since

  call MPI_Init()
  file = namelist_file()
  call config%read(file, status)
  call oasis_init_comp(component, config%component, error)
  call oasis_get_localcomm(comm%mpi_val, error)
  call go_on_if_ok()
  call set_up()

  do interval = 1, config%intervals
    start = (interval - 1)*config%interval
    since = MPI_Wtime()
    call coupler%receive(start, sea, received, status)
    call lap(in_waiting)
    call go_on_if_ok()
    if (config%sequential) then
      call fluxes%enter(start, received, model%sent_fraction, status)
    else
      call fluxes%enter(start, received, model%earlier_fraction, status)
    end if
    call go_on_if_ok()
    call lap(in_output)
    do step = 1, config%interval/config%step
      call model%advance(config%step, received)
    end do
    sent = model%exports(config%ice_weighted)
    call model%was_sent()
    call lap(in_ocean)
    ! A step's date is that of its begin, for OASIS; the LAG of one step takes it to its end.
    call coupler%send(start + config%interval - config%step, sent)
    call lap(in_coupler)
    call put_out(start + config%interval)
    call lap(in_output)
  end do

  call finish()

contains

  !! The one argument of the command line.
  function namelist_file() result(path)
    character(:), allocatable :: path
    integer :: length

    if (command_argument_count() /= 1) then
      write (error_unit, "(a)") &
        "usage: mpirun -n A ngcm_oasis_atm FILE.nml : -n O ngcm_oasis_ocean FILE.nml"
      call MPI_Abort(MPI_COMM_WORLD, 2)
    end if
    call get_command_argument(1, length=length)
    allocate (character(length) :: path)
    call get_command_argument(1, path)
  end function namelist_file

  !! Reads grid and initial state, and defines the coupling.
  subroutine set_up()
    real(dp), allocatable :: area(:, :), latitude(:, :), longitude(:, :)

    call grid%read(config%grid, status)
    call go_on_if_ok()
    call points%create(comm, size(grid%sea), config%block_points)
    sea = grid%sea(points%global_index)
    call coupler%define(points, config, status)
    call go_on_if_ok()

    model%ice_takes_part = coupler%receives(ice_solar)
    call model%sea%configure(file, config%step, status)
    call go_on_if_ok()
    call model%sea_ice%configure(file, status)
    call go_on_if_ok()
    latitude = column(grid%latitude(points%global_index))
    longitude = column(grid%longitude(points%global_index))
    call model%flow%start(longitude, latitude, column_of(sea), model%sea%mass, config%damping_time)
    if (config%read_file == "") then
      call read_start(config%initial_file, grid, points, config%ice_weighted, model, status)
    else
      call read_state(config%read_file, grid, points, model, status)
    end if
    call go_on_if_ok()

    area = column(merge(grid%area(points%global_index), 0.0_dp, sea))
    call oasis_enddef(error)
    ! Only now is the atmosphere there too, which has claimed the files of both: no other run has
    ! them.
    call fluxes%open(config%component//"_fluxes.csv", points, area, coupler%receives, status)
    call go_on_if_ok()
    if (config%output_file /= "") then
      call output%open(config%output_file, grid, points, status)
      call go_on_if_ok()
    end if
    allocate (received(size(sea), size(received_names)))
    received = 0.0_dp
    call report%create(points, area, latitude, coupler%receives, coupler%sends, &
      model)
    call report%state(0, model)
  end subroutine set_up

  !! Prints and writes what is due at `seconds` since the start of the run.
  subroutine put_out(seconds)
    integer, intent(in) :: seconds

    if (modulo(seconds, seconds_per_day) == 0 .or. interval == config%intervals) then
      call report%state(seconds, model)
    end if
    if (config%output_file /= "" .and. modulo(seconds, config%output_interval) == 0) then
      call output%write(seconds, model, status)
      call go_on_if_ok()
    end if
  end subroutine put_out

  !! Ends the run, partner and all, if the last call has failed on any rank. Collective.
  subroutine go_on_if_ok()

    if (.not. status%ok()) status%message = "ngcm_oasis_ocean: "//status%message
    call require(status, comm)
  end subroutine go_on_if_ok

  !! Closes the files and the coupling.
  subroutine finish()

    call fluxes%close()
    if (config%output_file /= "") then
      call output%close(status)
      call go_on_if_ok()
    end if
    if (config%write_file /= "") then
      call write_state(config%write_file, grid, points, model, status)
      call go_on_if_ok()
    end if
    call report%closing(model)
    call oasis_terminate(error)
    call report%completed(config%intervals)
    call MPI_Finalize()
  end subroutine finish

  !! Books the time since the last lap.
  subroutine lap(occupation)
    integer, intent(in) :: occupation
    real(dp) :: now

    now = MPI_Wtime()
    report%spent(occupation) = report%spent(occupation) + now - since
    since = now
  end subroutine lap

  !! The points of a field as the one column of an array.
  function column(values)
    real(dp), intent(in) :: values(:)
    real(dp), allocatable :: column(:, :)

    column = reshape(values, [size(values), 1])
  end function column

  function column_of(flags)
    logical, intent(in) :: flags(:)
    logical, allocatable :: column_of(:, :)

    column_of = reshape(flags, [size(flags), 1])
  end function column_of

end program ngcm_oasis_ocean

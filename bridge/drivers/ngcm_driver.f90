!! The atmosphere coupled to a slab ocean, without a coupler: `mpirun -n N ngcm_driver FILE.nml`.
!!
!! It shows a host all that it has to do. The ocean lives on the atmosphere's grid; with several
!! ranks each holds a band of latitudes. FILE.nml configures the library, and in the groups
!! &ngcm_driver and &slab_ocean this program. Its last line says that the run was completed.
program driver
  use, intrinsic :: iso_fortran_env, only: error_unit, output_unit
  use collective_status, only: require
  use driver_report, only: reporter
  use latitude_bands, only: bands
  use mpi_f08, only: MPI_Abort, MPI_Comm, MPI_COMM_WORLD, MPI_Finalize, MPI_Init, MPI_Wtime
  use ngcm, only: ngcm_component, ngcm_error_field, ngcm_status
  use ngcm_kinds, only: dp, i4, i8
  use run_length, only: read_run_length
  use slab_ocean, only: ocean
  implicit none (type, external)

  !! a field of the atmosphere and its values at this rank's points
  type :: field
    integer(i4) :: id = 0
    character(:), allocatable :: name, units, averaging
    real(dp), allocatable :: values(:, :)
  end type field

  type(MPI_Comm) :: comm
  type(ngcm_component) :: atmosphere
  type(ngcm_status) :: status
  type(bands) :: grid
  type(ocean) :: slab
  type(reporter) :: report
  type(field), allocatable :: exports(:), currents(:)
  integer :: sensible, latent, u10, v10
  integer :: interval_seconds, intervals, interval, i
  integer(i8) :: seconds
  real(dp), allocatable :: heat_exported(:, :)
  real(dp) :: started
  character(:), allocatable :: file, date

  call MPI_Init()
  comm = MPI_COMM_WORLD
  file = namelist_file()

  call atmosphere%create(file, comm%mpi_val, status)
  call require(status, comm)
  call atmosphere%coupling_interval(seconds, status)
  call require(status, comm)
  interval_seconds = int(seconds)
  call read_run_length(file, interval_seconds, intervals, status)
  call require(status, comm)
  call slab%configure(file, interval_seconds, status)
  call require(status, comm)
  call set_up_surface()
  call find_fields()
  sensible = place("surface_downward_sensible_heat_flux")
  latent = place("surface_downward_latent_heat_flux")
  u10 = place("eastward_wind_at_10m")
  v10 = place("northward_wind_at_10m")

  do interval = 1, intervals
    started = MPI_Wtime()
    call atmosphere%put("sea_surface_temperature", slab%temperature, status)
    call require(status, comm)
    call atmosphere%put("sea_ice_area_fraction", slab%ice, status)
    call require(status, comm)
    do i = 1, size(currents)
      call atmosphere%put(currents(i)%id, currents(i)%values, status)
      call require(status, comm)
    end do
    call atmosphere%advance(interval_seconds, status)
    call require(status, comm)
    do i = 1, size(exports)
      call atmosphere%get(exports(i)%id, exports(i)%values, status)
      call require(status, comm)
    end do
    call slab%advance(interval_seconds, exports(sensible)%values, exports(latent)%values)
    heat_exported = heat_exported + interval_seconds*(1.0_dp - slab%ice) &
      *(exports(sensible)%values + exports(latent)%values)
    call atmosphere%time(date, status)
    call require(status, comm)
    call report%interval(date, interval_seconds, MPI_Wtime() - started, slab%temperature, &
      exports(latent)%values, exports(sensible)%values, exports(u10)%values, exports(v10)%values)
  end do

  call report%table()
  call report%field("sea_surface_temperature", "K", slab%temperature, of_water=.true.)
  do i = 1, size(exports)
    call report%field(exports(i)%name, exports(i)%units, exports(i)%values, &
      of_water=exports(i)%averaging == "interval_mean")
  end do
  call report%heat_budget(heat_exported, slab%from_atmosphere, slab%from_relaxation, &
    slab%from_freezing, slab%heat_content())

  call atmosphere%destroy(status)
  call require(status, comm)
  call report%completed(intervals)
  call MPI_Finalize()

contains

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

  !! Reads grid and initial surface, and deals the points out to the ranks.
  subroutine set_up_surface()
    real(dp), allocatable :: area(:, :), land_fraction(:, :), temperature(:, :), ice(:, :)
    integer(i4) :: nlon, nlat

    call atmosphere%grid_size(nlon, nlat, status)
    call require(status, comm)
    call grid%create(comm, nlon, nlat)
    call atmosphere%grid(area=area, land_fraction=land_fraction, status=status)
    call require(status, comm)
    call atmosphere%set_partition(grid%global_index(), status)
    call require(status, comm)

    area = area(:, grid%first:grid%last)
    land_fraction = land_fraction(:, grid%first:grid%last)
    allocate (temperature, ice, heat_exported, mold=area)
    ! Before the first put an import holds the surface of the atmosphere's own initial state.
    call atmosphere%get("sea_surface_temperature", temperature, status)
    call require(status, comm)
    call atmosphere%get("sea_ice_area_fraction", ice, status)
    call require(status, comm)
    call slab%start(temperature, ice, land_fraction)
    heat_exported = 0.0_dp
    call report%create(grid, area, land_fraction, ice)
  end subroutine set_up_surface

  !! Lists all exported fields and the currents that the atmosphere wants, if any.
  subroutine find_fields()
    integer(i4) :: count, id
    character(:), allocatable :: direction
    type(field) :: row

    call atmosphere%field_count(count, status)
    call require(status, comm)
    allocate (exports(0), currents(0))
    do id = 1, count
      row%id = id
      call atmosphere%field_info(id, row%name, row%units, direction, row%averaging, status)
      call require(status, comm)
      if (direction == "export") exports = [exports, row]
      if (direction == "import" .and. index(row%name, "sea_water_") == 1) currents = [currents, row]
    end do
    do i = 1, size(exports)
      allocate (exports(i)%values, mold=slab%temperature)
    end do
    do i = 1, size(currents)
      ! The slab does not move: zero is the true value.
      allocate (currents(i)%values, mold=slab%temperature)
      currents(i)%values = 0.0_dp
    end do
  end subroutine find_fields

  !! The place of a field among the exports.
  integer function place(name)
    character(*), intent(in) :: name

    do place = 1, size(exports)
      if (exports(place)%name == name) return
    end do
    status = ngcm_status(ngcm_error_field, "ngcm_driver needs "//name//", which is not exported")
    call require(status, comm)
  end function place

end program driver

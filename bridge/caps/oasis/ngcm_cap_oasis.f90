!! NeuralGCM as a component of OASIS3-MCT.
!!
!!     type(oasis_atmosphere) :: atmosphere
!!
!!     call atmosphere%begin("run.nml")
!!     do interval = 1, atmosphere%intervals
!!       call atmosphere%receive()
!!       call atmosphere%advance()
!!       call atmosphere%send()
!!     end do
!!     call atmosphere%finish()
!!
!! The imports of &ngcm_coupling are received, and sent is whatever else the namcouple has of the
!! fields that `ngcm-coupler fields` lists, by the names that it lists for OASIS. At date t of the
!! run, at its start 0, all imports are received, and after the interval from t on all exports are
!! sent with date t. Ranks hold bands of latitudes. Where no weight of the remapping leads the
!! surface of the initial state stays.
!!
!! What goes wrong ends the whole MPI job with a message and an exit code that is not zero. Written
!! for the 2012 release: each `info` is given because that release sets it without asking whether it
!! is there, and the arguments that releases 4 and 5 have added are optional.
module ngcm_cap_oasis
  use, intrinsic :: iso_fortran_env, only: output_unit
  use collective_status, only: require
  use coupling_clock, only: in_coupler, in_model, in_partner, stopwatch
  use flux_book, only: book
  use latitude_bands, only: bands
  use mod_oasis, only: oasis_def_partition, oasis_def_var, oasis_enddef, oasis_get, &
    oasis_get_localcomm, oasis_get_ncpl, oasis_in, oasis_init_comp, oasis_ok, oasis_out, &
    oasis_put, oasis_real, oasis_terminate, oasis_var_uncpl
  use mpi_f08, only: MPI_Comm, MPI_Comm_dup, MPI_INTEGER, MPI_Reduce, MPI_SUM
  use ngcm, only: ngcm_component, ngcm_error_config, ngcm_error_field, ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp, i4, i8
  use oasis_field, only: coupled_field, ice_fraction, merge_arrived, place_of, sea_temperature
  use oasis_namelist, only: oasis_settings
  use run_length, only: read_run_length
  use timeout_abort, only: end_stuck_job
  implicit none (type, external)
  private

  public :: oasis_atmosphere

  !! The one decomposition into a contiguous range: [kind, points before it, points in it].
  integer, parameter :: apple = 1

  type :: oasis_atmosphere
    !! number of coupling intervals to run
    integer :: intervals = 0
    !! this rank among the atmosphere's
    integer :: rank = 0
    type(ngcm_component), private :: component
    type(oasis_settings), private :: settings
    !! for the status of all ranks, on which nothing of OASIS or the library travels
    type(MPI_Comm), private :: comm
    type(bands), private :: grid
    type(coupled_field), private, allocatable :: imports(:)
    !! fluxes first, then states
    type(coupled_field), private, allocatable :: exports(:)
    integer, private :: fluxes = 0
    type(book), private :: flux_book
    type(stopwatch), private :: clock
    !! coupling interval, and date since the start of this run [s]
    integer, private :: interval_seconds = 0, elapsed = 0
    !! whether a cell of this rank has any sea, any land
    logical, private, allocatable :: sea(:), land(:)
  contains
    procedure :: begin
    procedure :: receive
    procedure :: advance
    procedure :: send
    procedure :: finish
    procedure, private :: read_intervals
    procedure, private :: define_fields
    procedure, private :: check_partners
    procedure, private :: report_coverage
  end type oasis_atmosphere

contains

  !! Joins the coupled run and builds the atmosphere. Collective over the components.
  subroutine begin(self, namelist)
    class(oasis_atmosphere), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: namelist
    type(ngcm_status) :: status, read_status
    type(MPI_Comm) :: local
    real(dp), allocatable :: area(:, :), land_fraction(:, :)
    integer(i4) :: nlon, nlat
    integer :: partition, id, info, points

    call self%settings%read(namelist, read_status)
    call oasis_init_comp(id, self%settings%component, info)
    call oasis_get_localcomm(local%mpi_val, info)
    call MPI_Comm_dup(local, self%comm)
    call require(read_status, self%comm)
    call self%component%create(namelist, local%mpi_val, status)
    call require(status, self%comm)
    call self%component%on_timeout(end_stuck_job, status)
    call require(status, self%comm)
    call self%read_intervals(namelist)

    call self%component%grid_size(nlon, nlat, status)
    call require(status, self%comm)
    call self%grid%create(local, nlon, nlat)
    self%rank = self%grid%rank
    call self%component%grid(area=area, land_fraction=land_fraction, status=status)
    call require(status, self%comm)
    call self%component%set_partition(self%grid%global_index(), status)
    call require(status, self%comm)
    area = area(:, self%grid%first:self%grid%last)
    land_fraction = land_fraction(:, self%grid%first:self%grid%last)
    self%sea = reshape(land_fraction < 1.0_dp, [size(area)])
    self%land = reshape(land_fraction > 0.0_dp, [size(area)])

    points = size(area)
    call oasis_def_partition(partition, [apple, (self%grid%first - 1)*nlon, points], info, &
      nlon*nlat)
    call self%define_fields(partition, points)
    call oasis_enddef(info)
    call self%check_partners()
    call self%flux_book%open(self%settings%component//"_fluxes.csv", self%grid, &
      reshape(area, [points]), reshape(land_fraction, [points]), self%fluxes, status)
    call require(status, self%comm)
    call self%clock%create(self%intervals)
  end subroutine begin

  !! Receives the surface of the interval that begins and gives it to the atmosphere.
  subroutine receive(self)
    class(oasis_atmosphere), intent(inout) :: self
    type(ngcm_status) :: status, first_failure
    integer :: i, info

    call self%clock%next_interval()
    first_failure = ngcm_status(ngcm_ok, "")
    do i = 1, size(self%imports)
      call oasis_get(self%imports(i)%port, self%elapsed, self%imports(i)%arrived, info)
      call keep_first(first_failure, exchanged(self%imports(i), "received", self%elapsed, info))
      call self%clock%lap(merge(in_partner, in_coupler, i == 1))
    end do
    call require(first_failure, self%comm)
    if (self%elapsed == 0) call self%report_coverage()
    call merge_arrived(self%imports, self%sea, self%land, self%settings%ice_weighted)
    do i = 1, size(self%imports)
      call self%component%put(self%imports(i)%id, self%imports(i)%values, status)
      call keep_first(first_failure, status)
    end do
    call require(first_failure, self%comm)
    call self%clock%lap(in_coupler)
  end subroutine receive

  !! Advances the atmosphere by the coupling interval.
  subroutine advance(self)
    class(oasis_atmosphere), intent(inout) :: self
    type(ngcm_status) :: status

    call self%component%advance(self%interval_seconds, status)
    call require(status, self%comm)
    call self%component%wait(status)
    call require(status, self%comm)
    call self%clock%lap(in_model)
  end subroutine advance

  !! Sends what the interval has produced and enters the fluxes in the book.
  subroutine send(self)
    class(oasis_atmosphere), intent(inout) :: self
    type(ngcm_status) :: status, first_failure
    integer :: i, info

    first_failure = ngcm_status(ngcm_ok, "")
    do i = 1, size(self%exports)
      call self%component%get(self%exports(i)%id, self%exports(i)%values, status)
      call keep_first(first_failure, status)
    end do
    call require(first_failure, self%comm)
    do i = 1, size(self%exports)
      call oasis_put(self%exports(i)%port, self%elapsed, self%exports(i)%values, info)
      call keep_first(first_failure, exchanged(self%exports(i), "sent", self%elapsed, info))
    end do
    call require(first_failure, self%comm)
    do i = 1, self%fluxes
      call self%flux_book%enter(self%elapsed, self%interval_seconds, i, self%exports(i), &
        self%imports(place_of(ice_fraction, self%imports))%values)
    end do
    call self%flux_book%to_disk(status)
    call require(status, self%comm)
    self%elapsed = self%elapsed + self%interval_seconds
    call self%clock%lap(in_coupler)
  end subroutine send

  !! Writes a restart where &ngcm_restart says, ends the atmosphere, prints the tables and leaves
  !! the coupled run, which ends MPI. Collective over the components.
  subroutine finish(self)
    class(oasis_atmosphere), intent(inout) :: self
    type(ngcm_status) :: status
    integer :: info

    call self%component%write_restart("", status)
    call require(status, self%comm)
    call self%component%destroy(status)
    call require(status, self%comm)
    call self%flux_book%close()
    call self%flux_book%table(self%exports(:self%fluxes))
    if (self%rank == 0) call self%clock%table()
    call oasis_terminate(info)
  end subroutine finish

  !! Reads the coupling interval and the length of the run, which OASIS counts in 4-byte seconds.
  subroutine read_intervals(self, namelist)
    class(oasis_atmosphere), intent(inout) :: self
    character(*), intent(in) :: namelist
    type(ngcm_status) :: status
    integer(i8) :: seconds

    call self%component%coupling_interval(seconds, status)
    call require(status, self%comm)
    self%interval_seconds = int(seconds)
    call read_run_length(namelist, self%interval_seconds, self%intervals, status)
    if (status%ok() .and. self%intervals > huge(0)/self%interval_seconds) then
      status = ngcm_status(ngcm_error_config, namelist//": &ngcm_driver: run_hours is more " &
        //"than OASIS can count, 2147483647 s; run 68 years at most and continue from a restart")
    end if
    call require(status, self%comm)
  end subroutine read_intervals

  !! Defines all imports, and those exports that the namcouple has.
  subroutine define_fields(self, partition, points)
    class(oasis_atmosphere), intent(inout) :: self
    !! number of OASIS, and number of this rank's points
    integer, intent(in) :: partition, points
    type(ngcm_status) :: status
    type(coupled_field) :: field
    type(coupled_field), allocatable :: states(:)
    character(:), allocatable :: missing
    integer(i4) :: count, id

    call self%component%field_count(count, status)
    call require(status, self%comm)
    allocate (self%imports(0), self%exports(0), states(0))
    missing = ""
    do id = 1, count
      field = coupled_field()
      call field%describe(self%component, id, points, status)
      call require(status, self%comm)
      call define(field, partition, points)
      if (field%import) then
        ! Before anything has been put: the surface of the initial state, or of the restart.
        call self%component%get(id, field%values, status)
        call require(status, self%comm)
        if (field%port == oasis_var_uncpl) missing = missing//", "//field%alias//" (" &
          //field%name//")"
        self%imports = [self%imports, field]
      else if (field%port /= oasis_var_uncpl) then
        if (field%mean) then
          self%exports = [self%exports, field]
        else
          states = [states, field]
        end if
      end if
    end do
    self%fluxes = size(self%exports)
    self%exports = [self%exports, states]
    if (missing /= "") status = ngcm_status(ngcm_error_config, "the namcouple lacks imports of " &
      //"the atmosphere: "//missing(3:)//"; add them (`ngcm-coupler namcouple` writes a whole " &
      //"one) or take them from imports in &ngcm_coupling")
    call require(status, self%comm)
  end subroutine define_fields

  !! Makes a field known to OASIS. A field that the namcouple lacks gets the number
  !! `oasis_var_uncpl`, with which nothing may be put or got.
  subroutine define(field, partition, points)
    type(coupled_field), intent(inout) :: field
    integer, intent(in) :: partition, points
    integer, parameter :: rank_and_bundles(2) = [1, 1]
    integer :: info

    field%port = oasis_var_uncpl
    if (field%alias == "") return
    call oasis_def_var(field%port, field%alias, partition, rank_and_bundles, &
      merge(oasis_in, oasis_out, field%import), [1, max(1, points)], oasis_real, info)
  end subroutine define

  !! A field that nobody defines on the other side would be neither sent nor received, silently.
  subroutine check_partners(self)
    class(oasis_atmosphere), intent(in) :: self
    type(ngcm_status) :: status
    character(:), allocatable :: alone

    alone = without_partner(self%imports)//without_partner(self%exports)
    status = ngcm_status(ngcm_ok, "")
    if (alone /= "") status = ngcm_status(ngcm_error_config, "the namcouple has fields of the " &
      //"atmosphere that no other component defines by the name given there: "//alone(3:) &
      //"; correct the names in the namcouple, or switch these fields on in that component")
    call require(status, self%comm)

  contains

    !! The fields that take part in no exchange.
    function without_partner(fields) result(list)
      type(coupled_field), intent(in) :: fields(:)
      character(:), allocatable :: list
      integer :: i, exchanges, info

      list = ""
      do i = 1, size(fields)
        call oasis_get_ncpl(fields(i)%port, exchanges, info)
        if (exchanges == 0) list = list//", "//fields(i)%alias
      end do
    end function without_partner
  end subroutine check_partners

  !! Prints how many cells of sea the remapping leaves without values.
  subroutine report_coverage(self)
    class(oasis_atmosphere), intent(in) :: self
    integer :: counts(2), totals(2)

    counts(1) = count(self%sea .and. &
      .not. abs(self%imports(place_of(sea_temperature, self%imports))%arrived) > 0.0_dp)
    counts(2) = count(self%sea)
    call MPI_Reduce(counts, totals, 2, MPI_INTEGER, MPI_SUM, 0, self%comm)
    if (self%rank /= 0 .or. totals(1) == 0) return
    write (output_unit, "(2(a, i0), a)") "No weights lead to ", totals(1), " of ", totals(2), &
      " cells with sea: they keep the surface of the initial state"
    flush (output_unit)
  end subroutine report_coverage

  !! The failure of a field to be exchanged at a date of every interval.
  function exchanged(field, what, seconds, info) result(status)
    type(coupled_field), intent(in) :: field
    !! "sent" or "received"
    character(*), intent(in) :: what
    !! date, and what OASIS says of it
    integer, intent(in) :: seconds, info
    type(ngcm_status) :: status
    character(32) :: date

    status = ngcm_status(ngcm_ok, "")
    if (info /= oasis_ok) return
    write (date, "(i0, a)") seconds, " s"
    status = ngcm_status(ngcm_error_field, field%alias//" was not "//what//" at "//trim(date) &
      //": its period or lag in the namcouple does not fit the coupling interval")
  end function exchanged

  !! The first of several failures is the one to report.
  subroutine keep_first(first, next)
    type(ngcm_status), intent(inout) :: first
    type(ngcm_status), intent(in) :: next

    if (first%ok()) first = next
  end subroutine keep_first

end module ngcm_cap_oasis

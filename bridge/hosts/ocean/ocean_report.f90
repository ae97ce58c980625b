!! What the ocean prints, on rank 0. Sums are taken over the gathered field in the grid's own order,
!! so the figures do not depend on the number of ranks.
module ocean_report
  use, intrinsic :: iso_fortran_env, only: output_unit
  use budget_table, only: budget_column, heat_rows, print_budget, rows, water_rows
  use mpi_f08, only: MPI_DOUBLE_PRECISION, MPI_MAX, MPI_MIN, MPI_Reduce
  use nemo_fields, only: ice_sensitivity, ice_solar, pressure, rain, received_names, sent_names, &
    snow, stress
  use ngcm_kinds, only: dp
  use ocean_model, only: mixed_layer
  use point_blocks, only: blocks
  implicit none (type, external)
  private

  public :: reporter

  real(dp), parameter :: seconds_per_day = 86400.0_dp
  !! What the clock distinguishes.
  integer, parameter, public :: in_ocean = 1, in_waiting = 2, in_coupler = 3, in_output = 4
  character(*), parameter :: occupations(4) = [character(24) :: "ocean", &
    "waiting for the partner", "coupler", "output"]

  !! Rows of the budgets, where they have other names here.
  character(*), parameter :: first_row = "arrived through the coupler"
  character(*), parameter :: greatest_row = "imbalance of a cell: received - arrived"

  type :: reporter
    !! on the clock of this rank [s]
    real(dp) :: spent(size(occupations)) = 0.0_dp
    type(blocks), private :: points
    !! of this rank's sea [m2], zero on land; where it is in the north
    real(dp), private, allocatable :: area(:, :)
    logical, private, allocatable :: north(:, :)
    !! area of the sea [m2], on rank 0; elsewhere only not zero
    real(dp), private :: sea = 1.0_dp
    !! heat given by the date of the last line [J m-2]
    real(dp), private, allocatable :: heat(:, :)
    integer, private :: seconds = 0
  contains
    procedure :: create
    procedure :: state
    procedure :: closing
    procedure :: completed
  end type reporter

contains

  !! Prints what is coupled, and the headings. Collective.
  subroutine create(self, points, area, latitude, receives, sends, model)
    class(reporter), intent(inout) :: self
    type(blocks), intent(in) :: points
    !! of this rank's points [m2], zero on land; [degrees]
    real(dp), intent(in) :: area(:, :), latitude(:, :)
    !! which fields are coupled
    logical, intent(in) :: receives(:), sends(:)
    type(mixed_layer), intent(in) :: model

    self%points = points
    self%area = area
    self%north = latitude > 0.0_dp
    self%sea = max(tiny(1.0_dp), points%total(area))
    self%heat = model%heat_to_water + model%heat_to_ice
    if (points%rank /= 0) return
    write (output_unit, "(*(a, :, 1x))") "# receives", pack(received_names, receives)
    write (output_unit, "(*(a, :, 1x))") "# sends   ", pack(sent_names, sends)
    call explain(.not. receives(ice_solar), "no fluxes over ice: it stays as it is, and " &
      //"water takes all that the sea is given")
    call explain(.not. receives(stress), "no stress: the sea does not move")
    call explain(.not. receives(rain), "no rain: the water of the sea lacks it")
    call explain(.not. receives(snow), "no snow: the water of sea and ice lacks it")
    call explain(receives(ice_sensitivity), trim(received_names(ice_sensitivity))// &
      " is not used: the ice takes an explicit step")
    call explain(receives(pressure), trim(received_names(pressure))// &
      " is not used: the sea has no surface that could yield to it")
    write (output_unit, "(a)") "#"
    write (output_unit, "(a, a9, 8a10)") "#", "day", "sea", "coldest", "warmest", "into sea", &
      "ice north", "ice south", "ice mass", "current", &
      "#", "", "[K]", "[K]", "[K]", "[W m-2]", "[Mm2]", "[Mm2]", "[Tt]", "[m s-1]"
    flush (output_unit)

  contains

    subroutine explain(applies, text)
      logical, intent(in) :: applies
      character(*), intent(in) :: text

      if (applies) write (output_unit, "(2a)") "# ", text
    end subroutine explain
  end subroutine create

  !! Prints the state at `seconds` since the start of the run: temperature of the sea, its mean and
  !! extremes; heat taken since the last line; ice in the north and south, its mass; the strongest
  !! current. Collective.
  subroutine state(self, seconds, model)
    class(reporter), intent(inout) :: self
    integer, intent(in) :: seconds
    type(mixed_layer), intent(in) :: model
    real(dp), allocatable :: whole(:, :), area(:, :), heat(:, :)
    real(dp) :: mean, taken, north, south, mass, speed

    heat = model%heat_to_water + model%heat_to_ice
    taken = self%points%total(self%area*(heat - self%heat))/self%sea/max(1, seconds - self%seconds)
    self%heat = heat
    self%seconds = seconds
    mean = self%points%total(self%area*model%sea%temperature)/self%sea
    north = self%points%total(merge(self%area*model%sea_ice%fraction, 0.0_dp, self%north))
    south = self%points%total(merge(0.0_dp, self%area*model%sea_ice%fraction, self%north))
    mass = self%points%total(self%area*model%sea_ice%mass)
    speed = maxval(self%points%gather(hypot(model%flow%east, model%flow%north)))
    area = self%points%gather(self%area)
    whole = self%points%gather(model%sea%temperature)
    if (self%points%rank /= 0) return
    write (output_unit, "(f10.3, 3f10.4, f10.3, 4f10.4)") seconds/seconds_per_day, mean, &
      minval(whole, mask=area > 0.0_dp), maxval(whole, mask=area > 0.0_dp), taken, &
      1.0e-12_dp*north, 1.0e-12_dp*south, 1.0e-15_dp*mass, speed
    flush (output_unit)
  end subroutine state

  !! Prints where heat and water came from, and where the time went. Collective.
  subroutine closing(self, model)
    class(reporter), intent(in) :: self
    type(mixed_layer), intent(in) :: model
    character(16), parameter :: heads(2) = [character(16) :: "sea", "sea ice"]
    real(dp) :: columns(rows, 2), least(size(occupations)), most(size(occupations))
    integer :: surfaces, i

    surfaces = merge(2, 1, model%ice_takes_part)
    columns(:, 1) = budget_column(self%points, self%area, self%sea, model%heat_to_water, &
      model%sea%heat_budget, model%sea%heat)
    columns(:, 2) = budget_column(self%points, self%area, self%sea, model%heat_to_ice, &
      model%sea_ice%heat_budget, model%sea_ice%heat())
    if (self%points%rank == 0) call print_budget("Heat of sea and ice [J m-2 of the sea]", &
      [character(50) :: first_row, heat_rows(2:6), greatest_row, heat_rows(8)], heads(:surfaces), &
      columns(:, :surfaces))
    columns(:, 1) = budget_column(self%points, self%area, self%sea, model%water_to_water, &
      model%sea%water_budget, model%sea%water)
    columns(:, 2) = budget_column(self%points, self%area, self%sea, model%water_to_ice, &
      model%sea_ice%water_budget, model%sea_ice%mass)
    if (self%points%rank == 0) call print_budget("Water of sea and ice [kg m-2 of the sea]", &
      [character(50) :: first_row, water_rows(2:4), "", water_rows(6), greatest_row, &
      water_rows(8)], heads(:surfaces), &
      columns(:, :surfaces))

    call MPI_Reduce(self%spent, least, size(least), MPI_DOUBLE_PRECISION, MPI_MIN, 0, &
      self%points%comm)
    call MPI_Reduce(self%spent, most, size(most), MPI_DOUBLE_PRECISION, MPI_MAX, 0, &
      self%points%comm)
    if (self%points%rank /= 0) return
    write (output_unit, "(/, a, /, a24, 2a12)") "Time on the clock of the ranks [s]", "", "least", &
      "greatest"
    do i = 1, size(occupations)
      write (output_unit, "(a24, 2f12.3)") occupations(i), least(i), most(i)
    end do
    flush (output_unit)
  end subroutine closing

  !! Prints the last line of a run, by which scripts know that it did not stop on the way.
  subroutine completed(self, intervals)
    class(reporter), intent(in) :: self
    integer, intent(in) :: intervals

    if (self%points%rank /= 0) return
    write (output_unit, "(/, a, i0, a)") "ngcm_oasis_ocean: completed ", intervals, " intervals"
    flush (output_unit)
  end subroutine completed

end module ocean_report

!! What the driver prints, on rank 0. Means are summed over the gathered field in the grid's own
!! order, so the figures do not depend on the number of ranks.
module driver_report
  use, intrinsic :: iso_fortran_env, only: output_unit
  use budget_table, only: budget_column, heat_rows, print_budget, rows, water_rows
  use coupled_surfaces, only: surfaces
  use latitude_bands, only: bands
  use ngcm_kinds, only: dp
  use standard_output, only: print_line
  implicit none (type, external)
  private

  public :: reporter

  real(dp), parameter :: seconds_per_day = 86400.0_dp
  real(dp), parameter :: days_per_year = 365.25_dp
  integer, parameter :: longest_line = 200
  character(*), parameter :: heading = "(a20, 3a10, 6a9, a8)"
  type :: reporter
    type(bands), private :: grid
    !! of this rank's cells [m2], and their part that is sea
    real(dp), private, allocatable :: cell(:, :), sea(:, :)
    !! of the whole grid [m2], on rank 0; elsewhere only not zero
    real(dp), private :: globe = 1.0_dp
  contains
    procedure :: create
    procedure :: interval
    procedure :: table
    procedure :: field
    procedure :: budgets
    procedure :: completed
    procedure :: stopped
    procedure, private :: weight
    procedure, private :: mean
  end type reporter

contains

  !! Prints which surfaces take part, and the headings. Collective.
  subroutine create(self, grid, area, below)
    class(reporter), intent(out) :: self
    type(bands), intent(in) :: grid
    !! this rank's cell areas [m2]
    real(dp), intent(in) :: area(:, :)
    type(surfaces), intent(in) :: below
    character(longest_line) :: line

    self%grid = grid
    self%cell = area
    self%sea = area*(1.0_dp - below%land_fraction)
    self%globe = max(tiny(1.0_dp), self%grid%total(area))
    if (grid%rank /= 0) return
    write (output_unit, "(2a)") "# open water takes ", below%over_water%description(), &
      "# sea ice takes ", below%over_ice%description(), &
      "# land takes ", below%over_land%description()
    write (output_unit, "(a)") "#"
    write (output_unit, heading) &
      "# date              ", "interval", "simulated", "sea", "into sea", "latent", "sensible", &
      "precip.", "ice", "land", "wind"
    write (line, heading) &
      "#                   ", "[s]", "[yr/day]", "[K]", "[W m-2]", "[W m-2]", "[W m-2]", &
      "[mm/day]", "[Mm2]", "[K]", "[m s-1]"
    call print_line(trim(line))
  end subroutine create

  !! Prints the line of one coupling interval: means over sea, open water, globe, land; the area of
  !! ice; the strongest wind over open water. Collective.
  subroutine interval(self, date, seconds, wall_seconds, below, wind)
    class(reporter), intent(in) :: self
    character(*), intent(in) :: date
    !! length of the interval, simulated and on the clock [s]
    integer, intent(in) :: seconds
    real(dp), intent(in) :: wall_seconds
    type(surfaces), intent(in) :: below
    !! speed at 10 m [m s-1]
    real(dp), intent(in) :: wind(:, :)
    real(dp) :: speed, sst, taken, latent, sensible, rain, ice_area, land, strongest
    real(dp), allocatable :: heat(:, :), water(:, :)
    character(longest_line) :: line

    water = self%weight("ice_free_sea", below)
    heat = (1.0_dp - below%ice_fraction)*below%over_water%heat
    if (below%over_ice%exchanged) heat = heat + below%ice_fraction*below%over_ice%heat
    sst = self%mean(below%sea%temperature, self%sea)
    taken = self%mean(heat, self%sea)
    latent = self%mean(below%over_water%latent, water)
    sensible = self%mean(below%over_water%sensible, water)
    rain = self%mean(below%over_water%rain + below%over_water%snow, self%cell)*seconds_per_day
    ice_area = self%grid%total(self%weight("sea_ice", below))
    land = 0.0_dp
    if (below%over_land%exchanged) then
      land = self%mean(below%land%temperature, self%weight("land", below))
    end if
    strongest = maxval(self%grid%gather(merge(wind, 0.0_dp, water > 0.0_dp)))
    if (self%grid%rank /= 0) return
    speed = real(seconds, dp)/days_per_year/max(wall_seconds, tiny(wall_seconds))
    write (line, "(a, 1x, 2f10.3, f10.4, 3f9.2, 3a9, f8.2)") date, wall_seconds, speed, &
      sst, taken, latent, sensible, figure(rain, 3, below%over_water%has_rain), &
      figure(1.0e-12_dp*ice_area, 4, .true.), figure(land, 3, below%over_land%exchanged), strongest
    call print_line(trim(line))
  end subroutine interval

  !! Prints the heading of the closing table.
  subroutine table(self)
    class(reporter), intent(in) :: self

    if (self%grid%rank /= 0) return
    write (output_unit, "(a)") "", "Fields of the last interval, each over its own surface"
    write (output_unit, "(a64, 1x, a10, 3a14)") "name", "unit", "least", "mean", "greatest"
  end subroutine table

  !! Prints the line of one field in the closing table. Collective.
  subroutine field(self, name, units, surface, values, below)
    class(reporter), intent(in) :: self
    !! `surface` is the CF area type, empty for the whole cell
    character(*), intent(in) :: name, units, surface
    real(dp), intent(in) :: values(:, :)
    type(surfaces), intent(in) :: below
    real(dp), allocatable :: whole(:, :), weight(:, :)

    weight = self%grid%gather(self%weight(surface, below))
    whole = self%grid%gather(values)
    if (self%grid%rank /= 0) return
    if (any(weight > 0.0_dp)) then
      write (output_unit, "(a64, 1x, a10, 3es14.5)") name, units, &
        minval(whole, mask=weight > 0.0_dp), sum(weight*whole)/sum(weight), &
        maxval(whole, mask=weight > 0.0_dp)
    else
      write (output_unit, "(a64, 1x, a10, a14)") name, units, "nowhere"
    end if
  end subroutine field

  !! Prints where the heat and the water of each surface came from. Collective.
  subroutine budgets(self, below)
    class(reporter), intent(in) :: self
    type(surfaces), intent(in) :: below
    character(16), parameter :: heads(3) = [character(16) :: "sea", "sea ice", "land"]
    real(dp) :: columns(rows, 3)
    logical :: present(3)

    present = [.true., below%over_ice%exchanged, below%over_land%exchanged]
    columns = 0.0_dp
    columns(:, 1) = budget_column(self%grid, self%sea, self%globe, &
      below%over_water%heat_exported, below%sea%heat_budget, below%sea%heat)
    if (present(2)) columns(:, 2) = budget_column(self%grid, self%sea, self%globe, &
      below%over_ice%heat_exported, below%sea_ice%heat_budget, below%sea_ice%heat())
    if (present(3)) columns(:, 3) = budget_column(self%grid, self%weight("land", below), &
      self%globe, below%over_land%heat_exported, below%land%heat_budget, below%land%heat())
    if (self%grid%rank == 0) call print_budget("Heat of the surfaces [J m-2 of the globe]", &
      heat_rows, pack(heads, present), columns(:, pack([1, 2, 3], present)))

    columns(:, 1) = budget_column(self%grid, self%sea, self%globe, &
      below%over_water%water_exported, below%sea%water_budget, below%sea%water)
    if (present(2)) columns(:, 2) = budget_column(self%grid, self%sea, self%globe, &
      below%over_ice%water_exported, below%sea_ice%water_budget, below%sea_ice%mass)
    if (present(3)) columns(:, 3) = budget_column(self%grid, self%weight("land", below), &
      self%globe, below%over_land%water_exported, below%land%water_budget, &
      below%land%water + below%land%snow)
    if (self%grid%rank == 0) call print_budget("Water of the surfaces [kg m-2 of the globe]", &
      water_rows, pack(heads, present), columns(:, pack([1, 2, 3], present)))
  end subroutine budgets

  !! Prints the last line of a run, by which scripts know that it did not stop on the way.
  subroutine completed(self, intervals)
    class(reporter), intent(in) :: self
    integer, intent(in) :: intervals
    character(longest_line) :: line

    if (self%grid%rank /= 0) return
    write (output_unit, "(a)") ""
    write (line, "(a, i0, a)") "ngcm_driver: completed ", intervals, " intervals"
    call print_line(trim(line))
  end subroutine completed

  !! Prints the last line of a run that has left a restart before its end.
  subroutine stopped(self, intervals, date)
    class(reporter), intent(in) :: self
    integer, intent(in) :: intervals
    !! of the model
    character(*), intent(in) :: date
    character(longest_line) :: line

    if (self%grid%rank /= 0) return
    write (output_unit, "(a)") ""
    write (line, "(a, i0, 3a)") "ngcm_driver: stopped after ", intervals, " intervals at ", date, &
      "; run it again to go on"
    call print_line(trim(line))
  end subroutine stopped

  !! Areas of a surface in this rank's cells [m2], as the atmosphere knows them.
  function weight(self, surface, below)
    class(reporter), intent(in) :: self
    !! CF area type, empty for the whole cell
    character(*), intent(in) :: surface
    type(surfaces), intent(in) :: below
    real(dp), allocatable :: weight(:, :)

    select case (surface)
     case ("sea")
      weight = self%sea
     case ("ice_free_sea")
      weight = self%sea*(1.0_dp - below%ice_fraction)
     case ("sea_ice")
      weight = self%sea*below%ice_fraction
     case ("land")
      weight = self%cell - self%sea
     case default
      weight = self%cell
    end select
  end function weight

  !! Weighted mean over the whole grid on rank 0. Collective.
  real(dp) function mean(self, values, weight)
    class(reporter), intent(in) :: self
    !! `weight` is zero where a value does not count
    real(dp), intent(in) :: values(:, :), weight(:, :)

    mean = self%grid%total(weight*values)/max(tiny(1.0_dp), self%grid%total(weight))
  end function mean

  !! A number with so many decimals, or a dash where it is not known.
  function figure(value, decimals, known) result(text)
    real(dp), intent(in) :: value
    integer, intent(in) :: decimals
    logical, intent(in) :: known
    character(9) :: text, layout

    text = repeat(" ", 8)//"-"
    write (layout, "(a, i0, a)") "(f9.", decimals, ")"
    if (known) write (text, layout) value
  end function figure

end module driver_report

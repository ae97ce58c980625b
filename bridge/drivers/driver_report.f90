!! What the driver prints, on rank 0. Means are summed over the gathered field in the grid's own
!! order, so the figures do not depend on the number of ranks.
module driver_report
  use, intrinsic :: iso_fortran_env, only: output_unit
  use latitude_bands, only: bands
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: reporter

  real(dp), parameter :: seconds_per_day = 86400.0_dp
  real(dp), parameter :: days_per_year = 365.25_dp

  type :: reporter
    type(bands), private :: grid
    !! [m2], of the whole grid, on rank 0: cells, their sea, their open water
    real(dp), private, allocatable :: cell(:, :), sea(:, :), water(:, :)
  contains
    procedure :: create
    procedure :: interval
    procedure :: table
    procedure :: field
    procedure :: heat_budget
    procedure :: completed
    procedure, private :: mean
  end type reporter

contains

  !! Prints the headings. Collective.
  subroutine create(self, grid, area, land_fraction, ice)
    class(reporter), intent(out) :: self
    type(bands), intent(in) :: grid
    !! this rank's cell areas [m2], fractions of land and of ice on the sea [1]
    real(dp), intent(in) :: area(:, :), land_fraction(:, :), ice(:, :)

    self%grid = grid
    self%cell = grid%gather(area)
    self%sea = grid%gather(area*(1.0_dp - land_fraction))
    self%water = grid%gather(area*(1.0_dp - land_fraction)*(1.0_dp - ice))
    if (grid%rank == 0) then
      write (output_unit, "(a)") "# date              interval    simulated  sea-surface" &
        //"     latent   sensible   greatest", &
        "#                     wall [s]  years/day    mean [K]" &
        //"   [W m-2]    [W m-2]   10 m wind [m s-1]"
      flush (output_unit)
    end if
  end subroutine create

  !! Prints the line of one coupling interval. Collective.
  subroutine interval(self, date, seconds, wall_seconds, sst, latent, sensible, u10, v10)
    class(reporter), intent(in) :: self
    character(*), intent(in) :: date
    !! length of the interval, simulated and on the clock [s]
    integer, intent(in) :: seconds
    real(dp), intent(in) :: wall_seconds
    !! [K], [W m-2, downward], [m s-1]
    real(dp), intent(in) :: sst(:, :), latent(:, :), sensible(:, :), u10(:, :), v10(:, :)
    real(dp) :: speed, sst_mean, latent_mean, sensible_mean
    real(dp), allocatable :: wind(:, :)

    sst_mean = self%mean(sst, self%sea)
    latent_mean = self%mean(latent, self%water)
    sensible_mean = self%mean(sensible, self%water)
    wind = self%grid%gather(sqrt(u10**2 + v10**2))
    if (self%grid%rank /= 0) return
    speed = real(seconds, dp)/days_per_year/max(wall_seconds, tiny(wall_seconds))
    write (output_unit, "(a, 1x, 2f11.3, f12.4, 2f11.3, f11.3)") date, wall_seconds, speed, &
      sst_mean, latent_mean, sensible_mean, maxval(wind, mask=self%water > 0.0_dp)
    flush (output_unit)
  end subroutine interval

  !! Prints the heading of the closing table.
  subroutine table(self)
    class(reporter), intent(in) :: self

    if (self%grid%rank /= 0) return
    write (output_unit, "(a)") "", "Fields at the end; of open water where they are interval means"
    write (output_unit, "(a40, 1x, a12, 3a15)") "name", "unit", "least", "mean", "greatest"
  end subroutine table

  !! Prints the line of one field in the closing table: least, mean and greatest value. Collective.
  subroutine field(self, name, units, values, of_water)
    class(reporter), intent(in) :: self
    character(*), intent(in) :: name, units
    real(dp), intent(in) :: values(:, :)
    !! whether the field is one of open water only
    logical, intent(in) :: of_water
    real(dp), allocatable :: whole(:, :), weight(:, :)

    whole = self%grid%gather(values)
    if (self%grid%rank /= 0) return
    weight = self%cell
    if (of_water) weight = self%water
    write (output_unit, "(a40, 1x, a12, 3es15.6)") name, units, &
      minval(whole, mask=weight > 0.0_dp), sum(weight*whole)/sum(weight), &
      maxval(whole, mask=weight > 0.0_dp)
  end subroutine field

  !! Prints where the slab's heat came from, as means over the sea [J m-2]. Collective.
  subroutine heat_budget(self, exported, received, relaxation, freezing, stored)
    class(reporter), intent(in) :: self
    !! what the atmosphere gave and the slab took; what else it took; what it holds [J m-2]
    real(dp), intent(in) :: exported(:, :), received(:, :), relaxation(:, :), freezing(:, :)
    real(dp), intent(in) :: stored(:, :)
    real(dp) :: means(5)

    means = [self%mean(exported, self%sea), self%mean(received, self%sea), &
      self%mean(relaxation, self%sea), self%mean(freezing, self%sea), self%mean(stored, self%sea)]
    if (self%grid%rank /= 0) return
    write (output_unit, "(a)") "", "Heat budget of the slab, mean over the sea [J m-2]"
    write (output_unit, "(a40, es24.12)") &
      "exported by the atmosphere", means(1), &
      "received from the atmosphere", means(2), &
      "received by relaxation", means(3), &
      "received by freezing", means(4), &
      "stored", means(5), &
      "imbalance: received - exported", means(2) - means(1), &
      "imbalance: stored - all received", means(5) - sum(means(2:4))
  end subroutine heat_budget

  !! Prints the last line of a run, by which scripts know that it did not stop on the way.
  subroutine completed(self, intervals)
    class(reporter), intent(in) :: self
    integer, intent(in) :: intervals

    if (self%grid%rank /= 0) return
    write (output_unit, "(/, a, i0, a)") "ngcm_driver: completed ", intervals, " intervals"
    flush (output_unit)
  end subroutine completed

  !! Weighted mean over the whole grid on rank 0, zero elsewhere. Collective.
  real(dp) function mean(self, values, weight)
    class(reporter), intent(in) :: self
    real(dp), intent(in) :: values(:, :)
    !! weights of the whole grid
    real(dp), intent(in) :: weight(:, :)
    real(dp), allocatable :: whole(:, :)

    whole = self%grid%gather(values)
    mean = 0.0_dp
    if (self%grid%rank == 0) mean = sum(weight*whole)/sum(weight)
  end function mean

end module driver_report

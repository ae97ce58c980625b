!! Where the time of a coupled run goes, on the clock of one rank.
module coupling_clock
  use, intrinsic :: iso_fortran_env, only: output_unit
  use mpi_f08, only: MPI_Wtime
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: stopwatch, in_model, in_partner, in_coupler

  !! What time can be spent in: the atmosphere with its device; waiting for the partner's first
  !! field of an interval; exchange, remapping and all else of the coupling.
  integer, parameter :: in_model = 1, in_partner = 2, in_coupler = 3, kinds = 3
  character(*), parameter :: labels(kinds) = [character(31) :: &
    "atmosphere, with its device", "waiting for the partner", "coupler"]

  type :: stopwatch
    !! spent in each interval [s]
    real(dp), private, allocatable :: spent(:, :)
    integer, private :: interval = 0
    !! [s]
    real(dp), private :: since = 0.0_dp
  contains
    procedure :: create
    procedure :: next_interval
    procedure :: lap
    procedure :: table
  end type stopwatch

contains

  subroutine create(self, intervals)
    class(stopwatch), intent(out) :: self
    !! how many there will be
    integer, intent(in) :: intervals

    allocate (self%spent(kinds, intervals), source=0.0_dp)
  end subroutine create

  !! Begins an interval.
  subroutine next_interval(self)
    class(stopwatch), intent(inout) :: self

    self%interval = self%interval + 1
    self%since = MPI_Wtime()
  end subroutine next_interval

  !! Books the time since the last lap.
  subroutine lap(self, kind)
    class(stopwatch), intent(inout) :: self
    !! in_model, in_partner or in_coupler
    integer, intent(in) :: kind
    real(dp) :: now

    now = MPI_Wtime()
    self%spent(kind, self%interval) = self%spent(kind, self%interval) + now - self%since
    self%since = now
  end subroutine lap

  !! Prints totals and medians.
  subroutine table(self)
    class(stopwatch), intent(in) :: self
    real(dp) :: total
    integer :: kind

    total = sum(self%spent)
    write (output_unit, "(/, a, i0, a, /, a33, 3a12)") "Time of ", self%interval, &
      " intervals on the clock", "", "total [s]", "median [s]", "share [%]"
    do kind = 1, kinds
      write (output_unit, "(2x, a31, 2f12.4, f12.2)") labels(kind), sum(self%spent(kind, :)), &
        median(self%spent(kind, :)), 100.0_dp*sum(self%spent(kind, :))/max(tiny(total), total)
    end do
    flush (output_unit)
  end subroutine table

  !! The middle one of sorted values, the upper of two.
  pure real(dp) function median(values)
    real(dp), intent(in) :: values(:)
    real(dp), allocatable :: sorted(:)
    real(dp) :: moved
    integer :: gap, i, j

    ! Shell's sort, for runs of many intervals.
    sorted = values
    gap = size(sorted)/2
    do while (gap > 0)
      do i = gap + 1, size(sorted)
        moved = sorted(i)
        j = i
        do while (j > gap)
          if (sorted(j - gap) <= moved) exit
          sorted(j) = sorted(j - gap)
          j = j - gap
        end do
        sorted(j) = moved
      end do
      gap = gap/2
    end do
    median = sorted(size(sorted)/2 + 1)
  end function median

end module coupling_clock

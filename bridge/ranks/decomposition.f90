!! How the points of a grid are dealt out to ranks, as far as sums over the whole grid have to know.
module decomposition
  use mpi_f08, only: MPI_Comm
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: decomposed_grid

  type, abstract :: decomposed_grid
    type(MPI_Comm) :: comm
    integer :: rank = 0
  contains
    procedure(gathering), deferred :: gather
    procedure :: total
  end type decomposed_grid

  abstract interface
    !! The whole field on rank 0, in the grid's own order; an array of no points elsewhere.
    function gathering(self, values) result(whole)
      import :: decomposed_grid, dp
      implicit none (type, external)
      class(decomposed_grid), intent(in) :: self
      real(dp), contiguous, intent(in) :: values(:, :)
      real(dp), allocatable :: whole(:, :)
    end function gathering
  end interface

contains

  !! Sum over the whole grid on rank 0, zero elsewhere; in the grid's own order, so that it does not
  !! depend on the number of ranks. Collective.
  real(dp) function total(self, values)
    class(decomposed_grid), intent(in) :: self
    real(dp), intent(in) :: values(:, :)

    total = sum(self%gather(values))
  end function total

end module decomposition

!! The share of each rank in a grid of any shape: blocks of points that lie next to each other in
!! the grid's files, dealt out like cards.
module point_blocks
  use decomposition, only: decomposed_grid
  use mpi_f08, only: MPI_Comm, MPI_Comm_rank, MPI_Comm_size, MPI_DOUBLE_PRECISION, MPI_Gather, &
    MPI_Gatherv, MPI_INTEGER
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: blocks

  type, extends(decomposed_grid) :: blocks
    !! points of the whole grid
    integer :: points = 0
    !! this rank's points as 1-based indices into the whole grid, ascending
    integer, allocatable :: global_index(:)
    !! first point and number of points of each of this rank's blocks
    integer, allocatable :: first(:), length(:)
    !! on rank 0, of all ranks one after the other: points, how many each has, how many come before
    integer, private, allocatable :: order(:), counts(:), offsets(:)
  contains
    procedure :: create
    procedure :: gather
  end type blocks

contains

  !! Deals blocks of so many points out in turn; 0 makes one block for every rank. Collective.
  subroutine create(self, comm, points, block_points)
    class(blocks), intent(out) :: self
    type(MPI_Comm), intent(in) :: comm
    integer, intent(in) :: points, block_points
    integer :: ranks, stride, block, i

    self%comm = comm
    self%points = points
    call MPI_Comm_rank(comm, self%rank)
    call MPI_Comm_size(comm, ranks)
    stride = block_points
    if (stride == 0) stride = (points + ranks - 1)/ranks
    self%first = [(block, block=self%rank*stride + 1, points, ranks*stride)]
    self%length = min(stride, points - self%first + 1)
    self%global_index = [((i, i=self%first(block), self%first(block) + self%length(block) - 1), &
      block=1, size(self%first))]

    allocate (self%counts(merge(ranks, 0, self%rank == 0)))
    call MPI_Gather(size(self%global_index), 1, MPI_INTEGER, self%counts, 1, MPI_INTEGER, 0, comm)
    self%offsets = [(sum(self%counts(:i)), i=0, size(self%counts) - 1)]
    allocate (self%order(merge(points, 0, self%rank == 0)))
    call MPI_Gatherv(self%global_index, size(self%global_index), MPI_INTEGER, &
      self%order, self%counts, self%offsets, MPI_INTEGER, 0, comm)
  end subroutine create

  !! The whole field on rank 0, in the grid's own order; an array of no points elsewhere.
  function gather(self, values) result(whole)
    class(blocks), intent(in) :: self
    real(dp), contiguous, intent(in) :: values(:, :)
    real(dp), allocatable :: whole(:, :)
    real(dp), allocatable :: dealt(:)

    allocate (dealt(size(self%order)), whole(size(self%order), 1))
    call MPI_Gatherv(values, size(values), MPI_DOUBLE_PRECISION, &
      dealt, self%counts, self%offsets, MPI_DOUBLE_PRECISION, 0, self%comm)
    whole(self%order, 1) = dealt
  end function gather

end module point_blocks

!! The share of each rank in a longitude-latitude grid: a band of whole rows.
module latitude_bands
  use decomposition, only: decomposed_grid
  use mpi_f08, only: MPI_Comm, MPI_Comm_rank, MPI_Comm_size, MPI_DOUBLE_PRECISION, MPI_Gatherv
  use ngcm_kinds, only: dp, i4
  implicit none (type, external)
  private

  public :: bands

  type, extends(decomposed_grid) :: bands
    !! size of the whole grid
    integer :: nlon = 0, nlat = 0
    !! first and last row of this rank; a rank without rows has last = first - 1
    integer :: first = 1, last = 0
    !! points of every rank, and how many come before them
    integer, private, allocatable :: counts(:), offsets(:)
  contains
    procedure :: create
    procedure :: global_index
    procedure :: gather
  end type bands

contains

  !! Deals the rows out as evenly as possible, from south to north.
  subroutine create(self, comm, nlon, nlat)
    class(bands), intent(out) :: self
    type(MPI_Comm), intent(in) :: comm
    integer, intent(in) :: nlon, nlat
    integer :: ranks, rank

    self%comm = comm
    self%nlon = nlon
    self%nlat = nlat
    call MPI_Comm_rank(comm, self%rank)
    call MPI_Comm_size(comm, ranks)
    self%first = self%rank*nlat/ranks + 1
    self%last = (self%rank + 1)*nlat/ranks
    self%offsets = [(nlon*(rank*nlat/ranks), rank=0, ranks - 1)]
    self%counts = [(nlon*((rank + 1)*nlat/ranks), rank=0, ranks - 1)] - self%offsets
  end subroutine create

  !! This rank's points as 1-based indices into the whole grid, longitude fastest.
  function global_index(self) result(points)
    class(bands), intent(in) :: self
    integer(i4), allocatable :: points(:)
    integer :: point

    points = [(point, point=(self%first - 1)*self%nlon + 1, self%last*self%nlon)]
  end function global_index

  !! The whole field on rank 0, in the grid's own order; an array of no points elsewhere.
  function gather(self, values) result(whole)
    class(bands), intent(in) :: self
    real(dp), contiguous, intent(in) :: values(:, :)
    real(dp), allocatable :: whole(:, :)

    allocate (whole(self%nlon, merge(self%nlat, 0, self%rank == 0)))
    call MPI_Gatherv(values, size(values), MPI_DOUBLE_PRECISION, &
      whole, self%counts, self%offsets, MPI_DOUBLE_PRECISION, 0, self%comm)
  end function gather

end module latitude_bands

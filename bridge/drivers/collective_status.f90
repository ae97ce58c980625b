!! A failure on any rank ends the whole MPI job: one message, a non-zero exit code.
module collective_status
  use mpi_f08, only: MPI_Abort, MPI_Allreduce, MPI_Bcast, MPI_Comm, MPI_Comm_rank, MPI_Comm_size, &
    MPI_COMM_WORLD, MPI_INTEGER, MPI_MIN
  use ngcm_errors, only: ngcm_error_parallel, ngcm_status
  implicit none (type, external)
  private

  public :: require

contains

  !! Returns if the status is ok on every rank; otherwise one rank prints why and all abort with its
  !! code.
  !! Collective, so that no rank is left waiting in a later call for one that has failed.
  subroutine require(status, comm)
    type(ngcm_status), intent(in) :: status
    type(MPI_Comm), intent(in) :: comm
    integer :: rank, ranks, claim, speaker, code

    call MPI_Comm_rank(comm, rank)
    call MPI_Comm_size(comm, ranks)
    ! The lowest claim speaks. A rank that only knows that another has failed stands back.
    if (status%ok()) then
      claim = 2*ranks
    else if (status%code == ngcm_error_parallel) then
      claim = ranks + rank
    else
      claim = rank
    end if
    call MPI_Allreduce(claim, speaker, 1, MPI_INTEGER, MPI_MIN, comm)
    if (speaker == 2*ranks) return
    if (claim == speaker) call status%print()
    code = max(1, status%code)
    call MPI_Bcast(code, 1, MPI_INTEGER, modulo(speaker, ranks), comm)
    call MPI_Abort(MPI_COMM_WORLD, code)
  end subroutine require

end module collective_status

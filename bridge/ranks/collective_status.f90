!! A failure on any rank ends the whole MPI job: one message, a non-zero exit code.
module collective_status
  use mpi_f08, only: MPI_Abort, MPI_Bcast, MPI_Comm, MPI_Comm_rank, MPI_Comm_size, MPI_COMM_WORLD, &
    MPI_Iallreduce, MPI_INTEGER, MPI_MIN, MPI_Request, MPI_STATUS_IGNORE, MPI_Test, MPI_Wait, &
    MPI_Wtime
  use ngcm_errors, only: ngcm_error_parallel, ngcm_status
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: require

  !! Time that a rank that has failed gives the others to come here [s]. One that is deep in a call
  !! of the library which needs all ranks never comes.
  real(dp), parameter :: patience = 8.0_dp

contains

  !! Returns if the status is ok on every rank; otherwise one rank prints why and all abort with its
  !! code.
  !! Collective, so that no rank is left waiting in a later call for one that has failed; over a
  !! communicator on which nothing else travels.
  subroutine require(status, comm)
    type(ngcm_status), intent(in) :: status
    type(MPI_Comm), intent(in) :: comm
    integer, asynchronous :: claim, speaker
    type(MPI_Request) :: request
    integer :: rank, ranks, code
    logical :: agreed

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
    call MPI_Iallreduce(claim, speaker, 1, MPI_INTEGER, MPI_MIN, comm, request)
    if (status%ok()) then
      call MPI_Wait(request, MPI_STATUS_IGNORE)
      if (speaker == 2*ranks) return
      agreed = .true.
    else
      agreed = comes(request, merge(patience, 2.0_dp*patience, claim < ranks))
    end if
    if (.not. agreed .or. claim == speaker) call status%print()
    code = max(1, status%code)
    if (agreed) call MPI_Bcast(code, 1, MPI_INTEGER, modulo(speaker, ranks), comm)
    call MPI_Abort(MPI_COMM_WORLD, code)
  end subroutine require

  !! Whether all ranks have come in so many seconds.
  logical function comes(request, seconds)
    type(MPI_Request), intent(inout) :: request
    real(dp), intent(in) :: seconds
    real(dp) :: began

    began = MPI_Wtime()
    comes = .false.
    do while (.not. comes .and. MPI_Wtime() - began < seconds)
      call MPI_Test(request, comes, MPI_STATUS_IGNORE)
    end do
  end function comes

end module collective_status

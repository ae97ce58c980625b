!! Stands before MPI_Abort in the programs that it is linked into. OASIS3-MCT ends a run that it
!! cannot continue with error code 0, and mpirun would then report success.
! allow(C092)
subroutine mpi_abort(comm, code, ierror)
  use, intrinsic :: iso_fortran_env, only: error_unit, real64
  use mpi_f08, only: MPI_Comm_rank, MPI_Comm_size, MPI_COMM_WORLD, MPI_Wtime
  implicit none (type, external)
  integer, intent(in) :: comm, code
  integer, intent(out) :: ierror
  interface
    !! MPI's own name for the same, for those who stand before it
    subroutine pmpi_abort(comm, code, ierror)
      implicit none (type, external)
      integer, intent(in) :: comm, code
      integer, intent(out) :: ierror
    end subroutine pmpi_abort
  end interface

  if (code == 0) then
    call wait_for_lower_ranks()
    call explain()
  end if
  call pmpi_abort(comm, merge(1, code, code == 0), ierror)

contains

  !! Lets one rank speak where all abort, for it ends the others while they wait.
  subroutine wait_for_lower_ranks()
    real(real64), parameter :: longest_seconds = 5.0_real64
    real(real64) :: start, share
    integer :: rank, ranks

    start = MPI_Wtime()
    call MPI_Comm_rank(MPI_COMM_WORLD, rank)
    call MPI_Comm_size(MPI_COMM_WORLD, ranks)
    share = real(rank, real64)/ranks
    do while (MPI_Wtime() - start < share*longest_seconds)
    end do
  end subroutine wait_for_lower_ranks

  subroutine explain()
    logical :: found

    inquire (file="namcouple", exist=found)
    if (found) then
      write (error_unit, "(a)") "OASIS has ended the run; its reasons stand in the run folder, " &
        //"in nout.000000, debug.root.* or debug.*.*; see too that just the programs of " &
        //"$NBMODEL in the namcouple were started, and what `ngcm-coupler check FILE.nml` finds"
    else
      write (error_unit, "(a)") "OASIS has ended the run: there is no namcouple in the folder " &
        //"that it was started in; start it in the run folder, or have `ngcm-coupler " &
        //"namcouple` write one there"
    end if
    flush (error_unit)
  end subroutine explain

end subroutine mpi_abort

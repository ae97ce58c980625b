!! Stands before MPI_Abort in the programs that it is linked into. OASIS3-MCT ends a run that it
!! cannot continue with error code 0, and mpirun would then report success.
! allow(C092)
subroutine mpi_abort(comm, code, ierror)
  use, intrinsic :: iso_fortran_env, only: error_unit
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
    write (error_unit, "(a)") "OASIS has ended the run; its reasons stand in the run folder, in " &
      //"nout.000000, debug.root.* or debug.*.*"
    flush (error_unit)
  end if
  call pmpi_abort(comm, merge(1, code, code == 0), ierror)
end subroutine mpi_abort

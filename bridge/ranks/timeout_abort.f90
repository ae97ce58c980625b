!! How our programs end when the library's watchdog finds that a rank is stuck.
module timeout_abort
  use, intrinsic :: iso_c_binding, only: c_int
  use mpi_f08, only: MPI_Abort, MPI_COMM_WORLD
  implicit none (type, external)
  private

  public :: end_stuck_job

  integer(c_int), parameter :: patience = 10_c_int !! [s]

  interface
    integer(c_int) function alarm(seconds) bind(c)
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: seconds
    end function alarm
  end interface

contains

  !! Ends all ranks with a code that is not zero. Called in a thread beside one that may be stuck in
  !! MPI: if MPI_Abort cannot work then, the alarm ends this process, and the launcher the others.
  subroutine end_stuck_job() bind(c)
    integer(c_int) :: left

    left = alarm(patience)
    call MPI_Abort(MPI_COMM_WORLD, 1)
  end subroutine end_stuck_job

end module timeout_abort

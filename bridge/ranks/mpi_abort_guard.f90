!! Stands before MPI_Abort in the programs that it is linked into, for those who call it as Fortran
!! did before 2008: OASIS3-MCT, when it cannot continue. Why stands in a file of its own; and the
!! release of 2012 gives code 0, with which mpirun would report success.
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

  call wait_for_lower_ranks()
  call explain()
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
      write (error_unit, "(a, i0, a)") "OASIS has ended the run with code ", code, "; why stands " &
        //"in the run folder, at the end of "//reasons()//"; see too that just the programs of " &
        //"$NBMODEL in the namcouple were started, and what `ngcm-coupler check FILE.nml` finds"
    else
      write (error_unit, "(a)") "OASIS has ended the run: there is no namcouple in the folder " &
        //"that it was started in; start it in the run folder, or have `ngcm-coupler " &
        //"namcouple` write one there"
    end if
    flush (error_unit)
  end subroutine explain

  !! The files that OASIS has open on this rank: only it knows the numbers in their names.
  function reasons() result(list)
    character(:), allocatable :: list
    !! OASIS takes none above
    integer, parameter :: last_unit = 9999
    character(1024) :: name
    logical :: is_open
    integer :: unit, error

    list = ""
    do unit = 1, last_unit
      inquire (unit=unit, opened=is_open, name=name, iostat=error)
      if (error /= 0 .or. .not. is_open) cycle
      name = name(index(name, "/", back=.true.) + 1:)
      if (index(name, "debug.") == 1 .or. index(name, "nout.") == 1) then
        if (list /= "") list = list//" or "
        list = list//trim(name)
      end if
    end do
    if (list == "") list = "debug.root.*, debug.*.* or nout.000000"
  end function reasons

end subroutine mpi_abort

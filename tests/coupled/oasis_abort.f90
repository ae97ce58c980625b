!! Ends as a program does in which OASIS3-MCT aborts: `oasis_abort CODE [FILE]`. The release of 2012
!! gives code 0, those from 4 on give 1; the reasons are in FILE, which is open still.
program oasis_abort
  use mpi, only: MPI_Abort, MPI_COMM_WORLD, MPI_Init
  implicit none (type, external)

  !! where OASIS begins to look for a free one
  integer, parameter :: unit = 9999
  character(64) :: code, file
  integer :: number, error

  call get_command_argument(1, code)
  call get_command_argument(2, file)
  read (code, *) number
  call MPI_Init(error)
  if (file /= "") open (unit, file=file, status="replace", action="write")
  call MPI_Abort(MPI_COMM_WORLD, number, error)
end program oasis_abort

!! The atmosphere of a run coupled through OASIS3-MCT:
!! `mpirun -n 1 ngcm_oasis_atm FILE.nml : -n N ocean`.
!!
!! The namcouple, the weights and the restart files lie in the folder that it runs in. The last line
!! says that the run was completed. Another program is as short: the work is module ngcm_cap_oasis.
program ngcm_oasis_atm
  use, intrinsic :: iso_fortran_env, only: error_unit, output_unit
  use ngcm_cap_oasis, only: oasis_atmosphere
  implicit none (type, external)

  type(oasis_atmosphere) :: atmosphere
  integer :: interval

  call atmosphere%begin(namelist_file())
  do interval = 1, atmosphere%intervals
    call atmosphere%receive()
    call atmosphere%advance()
    call atmosphere%send()
  end do
  call atmosphere%finish()
  if (atmosphere%rank == 0) then
    write (output_unit, "(a, i0, a)") "ngcm_oasis_atm: completed ", atmosphere%intervals, &
      " intervals"
    flush (output_unit)
  end if

contains

  !! The one argument of the command line.
  function namelist_file() result(path)
    character(:), allocatable :: path
    integer :: length

    if (command_argument_count() /= 1) then
      write (error_unit, "(a)") "usage: mpirun -n N ngcm_oasis_atm FILE.nml : -n M ocean"
      stop 2, quiet=.true.
    end if
    call get_command_argument(1, length=length)
    allocate (character(length) :: path)
    call get_command_argument(1, path)
  end function namelist_file

end program ngcm_oasis_atm

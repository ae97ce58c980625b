!! What a program prints: where it is lost, the run fails and says so.
module standard_output
  use, intrinsic :: iso_c_binding, only: c_char, c_int
  use, intrinsic :: iso_fortran_env, only: output_unit
  use mpi_f08, only: MPI_Abort, MPI_COMM_WORLD
  use ngcm_errors, only: ngcm_error_output, ngcm_status
  implicit none (type, external)
  private

  public :: print_line, require_output

  integer(c_int), parameter :: longest_reason = 200_c_int

  interface
    integer(c_int) function is_open() bind(c, name="standard_output_is_open")
      import :: c_int
      implicit none (type, external)
    end function is_open

    integer(c_int) function c_write(text, n, reason, m) bind(c, name="standard_output_write")
      import :: c_char, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: n, m
      character(kind=c_char), intent(in) :: text(n)
      character(kind=c_char), intent(inout) :: reason(m)
    end function c_write
  end interface

contains

  !! Ends a program that has nowhere to print. Before MPI, and before any file is opened.
  subroutine require_output()
    type(ngcm_status) :: status

    if (is_open() /= 0) return
    status = ngcm_status(ngcm_error_output, &
      "standard output is closed; give the program a file, or /dev/null, with `>`")
    call status%print()
    stop ngcm_error_output, quiet=.true.
  end subroutine require_output

  !! Prints a line after all that has been printed before, or ends all ranks.
  subroutine print_line(text)
    character(*), intent(in) :: text
    character(longest_reason) :: reason
    character(:), allocatable :: line
    type(ngcm_status) :: status

    flush (output_unit)
    line = text//new_line(text)
    if (c_write(line, len(line, c_int), reason, longest_reason) == 0) return
    status = ngcm_status(ngcm_error_output, "standard output cannot be written ("// &
      trim(reason)//"); make space where it is redirected to")
    call status%print()
    call MPI_Abort(MPI_COMM_WORLD, ngcm_error_output)
  end subroutine print_line

end module standard_output

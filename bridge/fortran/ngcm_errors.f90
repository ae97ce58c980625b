!! How every call of the library ended.
module ngcm_errors
  use, intrinsic :: iso_fortran_env, only: error_unit
  use ngcm_c, only: c_error_name, c_last_error, fortran_text
  use ngcm_kinds, only: i4
  implicit none (type, external)
  private

  !! The status codes of ngcm.h; ngcm.h says what each means.
  enum, bind(c)
    enumerator :: ngcm_ok = 0
    enumerator :: ngcm_error_internal = 1
    enumerator :: ngcm_error_config = 2
    enumerator :: ngcm_error_checkpoint = 3
    enumerator :: ngcm_error_data = 4
    enumerator :: ngcm_error_field = 5
    enumerator :: ngcm_error_shape = 6
    enumerator :: ngcm_error_value = 7
    enumerator :: ngcm_error_state = 8
    enumerator :: ngcm_error_handle = 9
    enumerator :: ngcm_error_parallel = 10
    enumerator :: ngcm_error_restart = 11
    enumerator :: ngcm_error_diverged = 12
    enumerator :: ngcm_error_output = 13
    enumerator :: ngcm_error_argument = 14
    enumerator :: ngcm_error_embedding = 15
  end enum
  public :: ngcm_ok, ngcm_error_internal, ngcm_error_config, ngcm_error_checkpoint, &
    ngcm_error_data, ngcm_error_field, ngcm_error_shape, ngcm_error_value, ngcm_error_state, &
    ngcm_error_handle, ngcm_error_parallel, ngcm_error_restart, ngcm_error_diverged, &
    ngcm_error_output, ngcm_error_argument, ngcm_error_embedding

  public :: ngcm_status, status_of

  type :: ngcm_status
    !! 0, or one of the ngcm_error_ codes
    integer(i4) :: code = ngcm_ok
    !! what was wrong and what to do; empty after success; may hold several lines
    character(:), allocatable :: message
  contains
    procedure :: ok
    procedure :: name
    procedure :: print => print_status
  end type ngcm_status

  integer, parameter :: longest_message = 16384

contains

  !! The status that belongs to what a C function has just returned on this thread.
  function status_of(code) result(status)
    integer(i4), intent(in) :: code
    type(ngcm_status) :: status
    character(longest_message) :: buf
    integer(i4) :: ignored

    status%code = code
    if (code == ngcm_ok) then
      status%message = ""
    else
      ignored = c_last_error(buf, len(buf))
      status%message = fortran_text(buf)
    end if
  end function status_of

  !! Whether the call succeeded.
  elemental logical function ok(self)
    class(ngcm_status), intent(in) :: self

    ok = self%code == ngcm_ok
  end function ok

  !! The short name of the status: "ok", "config", "field", ...
  function name(self)
    class(ngcm_status), intent(in) :: self
    character(:), allocatable :: name
    character(32) :: buf
    integer(i4) :: ignored

    ignored = c_error_name(self%code, buf, len(buf))
    name = fortran_text(buf)
  end function name

  !! Writes a failure to `unit` (default: standard error) and flushes it; after success, nothing.
  subroutine print_status(self, unit)
    class(ngcm_status), intent(in) :: self
    integer, optional, intent(in) :: unit
    integer :: to

    if (self%ok()) return
    to = error_unit
    if (present(unit)) to = unit
    write (to, "(a, i0, 4a)") "ngcm: error ", self%code, " (", self%name(), "): ", self%message
    flush (to)
  end subroutine print_status

end module ngcm_errors

!! How every call of the library ended. Needs nothing of libngcm, so that a program beside the
!! atmosphere can speak of its failures alike.
module ngcm_errors
  use, intrinsic :: iso_fortran_env, only: error_unit
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

  public :: ngcm_status

  !! The short names of the codes, from 0 on.
  character(*), parameter :: names(0:15) = [character(10) :: "ok", "internal", "config", &
    "checkpoint", "data", "field", "shape", "value", "state", "handle", "parallel", "restart", &
    "diverged", "output", "argument", "embedding"]

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

contains

  !! Whether the call succeeded.
  elemental logical function ok(self)
    class(ngcm_status), intent(in) :: self

    ok = self%code == ngcm_ok
  end function ok

  !! The short name of the status: "ok", "config", "field", ...
  function name(self)
    class(ngcm_status), intent(in) :: self
    character(:), allocatable :: name

    name = "unknown"
    if (self%code >= 0 .and. self%code <= ubound(names, 1)) name = trim(names(self%code))
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

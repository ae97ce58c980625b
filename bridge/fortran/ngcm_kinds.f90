!! Kinds of everything that crosses between a Fortran host and libngcm.
module ngcm_kinds
  use, intrinsic :: iso_c_binding, only: c_double, c_float, c_int, c_int64_t
  implicit none (type, external)
  private

  integer, parameter, public :: sp = c_float
  integer, parameter, public :: dp = c_double
  integer, parameter, public :: i4 = c_int
  integer, parameter, public :: i8 = c_int64_t
end module ngcm_kinds

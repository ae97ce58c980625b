!! The functions of ngcm.h as Fortran sees them. Private to the library: hosts use module ngcm.
!! Arrays are of assumed size because that is what a C pointer is.
! allow(C071, C072)
module ngcm_c
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_float, c_funptr, c_int, c_int64_t, &
    c_ptr
  use ngcm_errors, only: ngcm_ok, ngcm_status
  implicit none (type, external)
  public

  integer, parameter, private :: longest_message = 16384
  !! of the buffers for names, units and dates
  integer, parameter :: text_length = 256

  interface
    integer(c_int) function c_abi_version() bind(c, name="ngcm_abi_version")
      import :: c_int
      implicit none (type, external)
    end function c_abi_version

    integer(c_int) function c_last_error(buf, n) bind(c, name="ngcm_last_error")
      import :: c_char, c_int
      implicit none (type, external)
      character(kind=c_char), intent(out) :: buf(*)
      integer(c_int), value, intent(in) :: n
    end function c_last_error

    integer(c_int) function c_create(namelist_path, fcomm, handle) bind(c, name="ngcm_create")
      import :: c_char, c_int
      implicit none (type, external)
      character(kind=c_char), intent(in) :: namelist_path(*)
      integer(c_int), value, intent(in) :: fcomm
      integer(c_int), intent(out) :: handle
    end function c_create

    integer(c_int) function c_grid_size(handle, nlon, nlat) bind(c, name="ngcm_grid_size")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: nlon, nlat
    end function c_grid_size

    integer(c_int) function c_grid(handle, lon, lat, corner_lon, corner_lat, area, land_fraction) &
      bind(c, name="ngcm_grid")
      import :: c_int, c_ptr
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      type(c_ptr), value, intent(in) :: lon, lat, corner_lon, corner_lat, area, land_fraction
    end function c_grid

    integer(c_int) function c_instances(handle, count) bind(c, name="ngcm_instances")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: count
    end function c_instances

    integer(c_int) function c_set_partition(handle, n, global_index) &
      bind(c, name="ngcm_set_partition")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, n
      integer(c_int), intent(in) :: global_index(*)
    end function c_set_partition

    integer(c_int) function c_coupling_interval(handle, seconds) &
      bind(c, name="ngcm_coupling_interval")
      import :: c_int, c_int64_t
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int64_t), intent(out) :: seconds
    end function c_coupling_interval

    integer(c_int) function c_field_count(handle, count) bind(c, name="ngcm_field_count")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: count
    end function c_field_count

    integer(c_int) function c_field_info(handle, id, name, name_n, units, units_n, &
      direction, direction_n, averaging, averaging_n, surface, surface_n) &
      bind(c, name="ngcm_field_info")
      import :: c_char, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, id
      integer(c_int), value, intent(in) :: name_n, units_n, direction_n, averaging_n, surface_n
      character(kind=c_char), intent(out) :: name(*), units(*), direction(*), averaging(*)
      character(kind=c_char), intent(out) :: surface(*)
    end function c_field_info

    integer(c_int) function c_field_alias(handle, id, coupler, alias, n) &
      bind(c, name="ngcm_field_alias")
      import :: c_char, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, id, n
      character(kind=c_char), intent(in) :: coupler(*)
      character(kind=c_char), intent(out) :: alias(*)
    end function c_field_alias

    integer(c_int) function c_field_id(handle, name, id) bind(c, name="ngcm_field_id")
      import :: c_char, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      character(kind=c_char), intent(in) :: name(*)
      integer(c_int), intent(out) :: id
    end function c_field_id

    integer(c_int) function c_put_f64(handle, id, values, n) bind(c, name="ngcm_put_f64")
      import :: c_double, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, id, n
      real(c_double), intent(in) :: values(*)
    end function c_put_f64

    integer(c_int) function c_put_f32(handle, id, values, n) bind(c, name="ngcm_put_f32")
      import :: c_float, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, id, n
      real(c_float), intent(in) :: values(*)
    end function c_put_f32

    integer(c_int) function c_get_f64(handle, id, values, n) bind(c, name="ngcm_get_f64")
      import :: c_double, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, id, n
      real(c_double), intent(inout) :: values(*)
    end function c_get_f64

    integer(c_int) function c_get_f32(handle, id, values, n) bind(c, name="ngcm_get_f32")
      import :: c_float, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, id, n
      real(c_float), intent(inout) :: values(*)
    end function c_get_f32

    integer(c_int) function c_advance(handle, seconds) bind(c, name="ngcm_advance")
      import :: c_int, c_int64_t
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int64_t), value, intent(in) :: seconds
    end function c_advance

    integer(c_int) function c_wait(handle) bind(c, name="ngcm_wait")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
    end function c_wait

    integer(c_int) function c_time(handle, buf, n) bind(c, name="ngcm_time")
      import :: c_char, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, n
      character(kind=c_char), intent(out) :: buf(*)
    end function c_time

    integer(c_int) function c_write_restart(handle, path) bind(c, name="ngcm_write_restart")
      import :: c_char, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      character(kind=c_char), intent(in) :: path(*)
    end function c_write_restart

    integer(c_int) function c_save_f64(handle, name, values, n) bind(c, name="ngcm_save_f64")
      import :: c_char, c_double, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, n
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(in) :: values(*)
    end function c_save_f64

    integer(c_int) function c_load_f64(handle, name, values, n) bind(c, name="ngcm_load_f64")
      import :: c_char, c_double, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle, n
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(inout) :: values(*)
    end function c_load_f64

    integer(c_int) function c_continues(handle, flag) bind(c, name="ngcm_continues")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: flag
    end function c_continues

    integer(c_int) function c_keeps_restarts(handle, flag) bind(c, name="ngcm_keeps_restarts")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: flag
    end function c_keeps_restarts

    integer(c_int) function c_restart_due(handle, flag) bind(c, name="ngcm_restart_due")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: flag
    end function c_restart_due

    integer(c_int) function c_is_complete(handle, flag) bind(c, name="ngcm_is_complete")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: flag
    end function c_is_complete

    integer(c_int) function c_stop_requested(handle, flag) bind(c, name="ngcm_stop_requested")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      integer(c_int), intent(out) :: flag
    end function c_stop_requested

    integer(c_int) function c_request_stop(handle) bind(c, name="ngcm_request_stop")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
    end function c_request_stop

    integer(c_int) function c_on_timeout(handle, action) bind(c, name="ngcm_on_timeout")
      import :: c_funptr, c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
      type(c_funptr), value, intent(in) :: action
    end function c_on_timeout

    integer(c_int) function c_destroy(handle) bind(c, name="ngcm_destroy")
      import :: c_int
      implicit none (type, external)
      integer(c_int), value, intent(in) :: handle
    end function c_destroy
  end interface

contains

  !! The status that belongs to what a C function has just returned on this thread.
  function status_of(code) result(status)
    integer(c_int), intent(in) :: code
    type(ngcm_status) :: status
    character(longest_message) :: buf
    integer(c_int) :: ignored

    status%code = code
    if (code == ngcm_ok) then
      status%message = ""
    else
      ignored = c_last_error(buf, len(buf))
      status%message = fortran_text(buf)
    end if
  end function status_of

  !! A Fortran text as C wants it: without trailing blanks, with the terminating NUL.
  pure function c_text(text) result(c)
    character(*), intent(in) :: text
    character(kind=c_char, len=:), allocatable :: c

    c = trim(text)//achar(0)
  end function c_text

  !! The Fortran text that a C buffer holds up to its terminating NUL.
  pure function fortran_text(buf) result(text)
    character(*), intent(in) :: buf
    character(:), allocatable :: text

    text = buf(:index(buf, achar(0)) - 1)
  end function fortran_text

end module ngcm_c

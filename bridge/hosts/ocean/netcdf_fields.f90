!! Fields of a whole grid in netCDF files.
module netcdf_fields
  use netcdf, only: nf90_close, nf90_get_var, nf90_inq_varid, nf90_inquire_dimension, &
    nf90_inquire_variable, nf90_noerr, nf90_nowrite, nf90_open, nf90_strerror
  use ngcm_errors, only: ngcm_error_data, ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: has_field, keep, netcdf_status, read_field, read_shape

  integer, parameter :: most_dimensions = 4

contains

  !! Gives the sizes of a variable's dimensions, the fastest first.
  subroutine read_shape(file, name, sizes, status)
    !! path of the file, name of the variable
    character(*), intent(in) :: file, name
    integer, allocatable, intent(out) :: sizes(:)
    type(ngcm_status), intent(out) :: status
    integer :: id, variable, dimensions, i, error
    integer :: list(most_dimensions)

    dimensions = 0
    error = nf90_open(file, nf90_nowrite, id)
    status = netcdf_status(error, file)
    if (.not. status%ok()) return
    error = nf90_inq_varid(id, name, variable)
    if (error == nf90_noerr) then
      error = nf90_inquire_variable(id, variable, ndims=dimensions)
    end if
    if (error == nf90_noerr .and. dimensions <= most_dimensions) then
      error = nf90_inquire_variable(id, variable, dimids=list(:dimensions))
    end if
    status = netcdf_status(error, file//": "//name)
    if (status%ok() .and. dimensions > most_dimensions) then
      status = ngcm_status(ngcm_error_data, file//": "//name//" has too many dimensions")
    end if
    allocate (sizes(min(dimensions, most_dimensions)))
    do i = 1, size(sizes)
      if (status%ok()) then
        status = netcdf_status(nf90_inquire_dimension(id, list(i), len=sizes(i)), file)
      end if
    end do
    error = nf90_close(id)
  end subroutine read_shape

  !! Reads a variable of as many values as `values` takes, whatever its dimensions.
  subroutine read_field(file, name, values, status)
    !! path of the file, name of the variable
    character(*), intent(in) :: file, name
    real(dp), intent(out) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer, allocatable :: sizes(:)
    character(64) :: counts
    integer :: id, variable, error

    call read_shape(file, name, sizes, status)
    if (.not. status%ok()) return
    if (product(sizes) /= size(values)) then
      write (counts, "(i0, a, i0)") product(sizes), " values, expected ", size(values)
      status = ngcm_status(ngcm_error_data, file//": "//name//" has "//trim(counts)// &
        "; it belongs to another grid")
      return
    end if
    error = nf90_open(file, nf90_nowrite, id)
    if (error == nf90_noerr) error = nf90_inq_varid(id, name, variable)
    if (error == nf90_noerr) then
      error = nf90_get_var(id, variable, values, start=spread(1, 1, size(sizes)), count=sizes)
    end if
    status = netcdf_status(error, file//": "//name)
    error = nf90_close(id)
  end subroutine read_field

  !! Whether a file has a variable of this name.
  logical function has_field(file, name)
    character(*), intent(in) :: file, name
    integer :: id, variable, error

    error = nf90_open(file, nf90_nowrite, id)
    has_field = error == nf90_noerr
    if (.not. has_field) return
    has_field = nf90_inq_varid(id, name, variable) == nf90_noerr
    error = nf90_close(id)
  end function has_field

  !! Keeps the first error of several calls.
  subroutine keep(first, error)
    integer, intent(inout) :: first
    integer, intent(in) :: error

    if (first == nf90_noerr) first = error
  end subroutine keep

  !! How a call of the netCDF library has ended.
  function netcdf_status(error, what) result(status)
    integer, intent(in) :: error
    !! file and variable
    character(*), intent(in) :: what
    type(ngcm_status) :: status

    if (error == nf90_noerr) then
      status = ngcm_status(ngcm_ok, "")
    else
      status = ngcm_status(ngcm_error_data, what//": "//trim(nf90_strerror(error)))
    end if
  end function netcdf_status

end module netcdf_fields

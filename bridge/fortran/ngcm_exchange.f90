!! The fields of an atmosphere: what they are, put and get. Private to the library: hosts use module
!! ngcm, whose component is all of this too.
module ngcm_exchange
  use ngcm_c, only: c_field_alias, c_field_count, c_field_id, c_field_info, c_get_f32, c_get_f64, &
    c_put_f32, c_put_f64, c_text, fortran_text, status_of, text_length
  use ngcm_errors, only: ngcm_status
  use ngcm_kinds, only: dp, i4, sp
  implicit none (type, external)
  private

  public :: exchange

  type :: exchange
    !! the library's number of the component; 0 for none; for module ngcm, not for hosts
    integer(i4) :: handle = 0
  contains
    procedure :: field_count
    procedure :: field_info
    procedure :: field_alias
    procedure :: field_id
    generic :: put => put_id_f64_1, put_name_f64_1, put_id_f64_2, put_name_f64_2, &
      put_id_f32_1, put_name_f32_1, put_id_f32_2, put_name_f32_2
    generic :: get => get_id_f64_1, get_name_f64_1, get_id_f64_2, get_name_f64_2, &
      get_id_f32_1, get_name_f32_1, get_id_f32_2, get_name_f32_2
    procedure, private :: put_id_f64_1, put_name_f64_1, put_id_f64_2, put_name_f64_2, &
      put_id_f32_1, put_name_f32_1, put_id_f32_2, put_name_f32_2
    procedure, private :: get_id_f64_1, get_name_f64_1, get_id_f64_2, get_name_f64_2, &
      get_id_f32_1, get_name_f32_1, get_id_f32_2, get_name_f32_2
  end type exchange

contains

  !! Gives the number of fields that this component exchanges, both directions together.
  subroutine field_count(self, count, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(out) :: count
    type(ngcm_status), intent(out) :: status

    status = status_of(c_field_count(self%handle, count))
  end subroutine field_count

  !! Describes field `id`, which runs from 1 to the field count.
  subroutine field_info(self, id, name, units, direction, averaging, surface, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    !! CF name and UDUNITS unit
    character(:), allocatable, optional, intent(out) :: name, units
    !! "import" (the host puts it) or "export" (the host gets it)
    character(:), allocatable, optional, intent(out) :: direction
    !! "instantaneous" or "interval_mean"
    character(:), allocatable, optional, intent(out) :: averaging
    !! CF area type that a value is a mean over: "sea", "ice_free_sea", "sea_ice" or "land";
    !! empty for the whole cell
    character(:), allocatable, optional, intent(out) :: surface
    type(ngcm_status), intent(out) :: status
    character(text_length) :: c_name, c_units, c_direction, c_averaging, c_surface

    status = status_of(c_field_info(self%handle, id, c_name, text_length, c_units, text_length, &
      c_direction, text_length, c_averaging, text_length, c_surface, text_length))
    if (.not. status%ok()) return
    if (present(name)) name = fortran_text(c_name)
    if (present(units)) units = fortran_text(c_units)
    if (present(direction)) direction = fortran_text(c_direction)
    if (present(averaging)) averaging = fortran_text(c_averaging)
    if (present(surface)) surface = fortran_text(c_surface)
  end subroutine field_info

  !! Gives the name by which field `id` goes in the files of a coupler; empty where it has none.
  subroutine field_alias(self, id, coupler, alias, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    !! "oasis" or "nuopc"
    character(*), intent(in) :: coupler
    character(:), allocatable, intent(out) :: alias
    type(ngcm_status), intent(out) :: status
    character(text_length) :: buf

    status = status_of(c_field_alias(self%handle, id, c_text(coupler), buf, text_length))
    if (status%ok()) alias = fortran_text(buf)
  end subroutine field_alias

  !! Gives the id of a field, with which put and get are quicker than with its name.
  subroutine field_id(self, name, id, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    integer(i4), intent(out) :: id
    type(ngcm_status), intent(out) :: status

    status = status_of(c_field_id(self%handle, c_text(name), id))
  end subroutine field_id

  ! put and get. The array dummies of the C functions are of assumed size, so one interface takes
  ! every rank, and the compiler copies an array that is not contiguous. There is a procedure for
  ! each rank because gfortran 12 forgets that copy in `select rank`.

  !! Gives the atmosphere the values of an import field, in the field's unit, by id or by name.
  subroutine put_id_f64_1(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f64(self%handle, id, values, size(values)))
  end subroutine put_id_f64_1

  subroutine put_name_f64_1(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f64_1

  subroutine put_id_f64_2(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f64(self%handle, id, values, size(values)))
  end subroutine put_id_f64_2

  subroutine put_name_f64_2(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f64_2

  subroutine put_id_f32_1(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f32(self%handle, id, values, size(values)))
  end subroutine put_id_f32_1

  subroutine put_name_f32_1(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(in) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f32_1

  subroutine put_id_f32_2(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_put_f32(self%handle, id, values, size(values)))
  end subroutine put_id_f32_2

  subroutine put_name_f32_2(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(in) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%put(id, values, status)
  end subroutine put_name_f32_2

  !! Receives the values of a field, in the field's unit, by id or by name: an export, or an import,
  !! which before the first put holds the initial state's own surface. Blocks until computed.
  subroutine get_id_f64_1(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f64(self%handle, id, values, size(values)))
  end subroutine get_id_f64_1

  subroutine get_name_f64_1(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f64_1

  subroutine get_id_f64_2(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(dp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f64(self%handle, id, values, size(values)))
  end subroutine get_id_f64_2

  subroutine get_name_f64_2(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(dp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f64_2

  subroutine get_id_f32_1(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f32(self%handle, id, values, size(values)))
  end subroutine get_id_f32_1

  subroutine get_name_f32_1(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(inout) :: values(:)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f32_1

  subroutine get_id_f32_2(self, id, values, status)
    class(exchange), intent(in) :: self
    integer(i4), intent(in) :: id
    real(sp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status

    status = status_of(c_get_f32(self%handle, id, values, size(values)))
  end subroutine get_id_f32_2

  subroutine get_name_f32_2(self, name, values, status)
    class(exchange), intent(in) :: self
    character(*), intent(in) :: name
    real(sp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer(i4) :: id

    call self%field_id(name, id, status)
    if (status%ok()) call self%get(id, values, status)
  end subroutine get_name_f32_2

end module ngcm_exchange

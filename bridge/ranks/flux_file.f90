!! Global integrals of fluxes, one line each: the file `<component>_fluxes.csv`. Both sides of an
!! exchange write it in this form, so that theirs can be compared line by line.
module flux_file
  use ngcm_errors, only: ngcm_error_output, ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: flux_lines

  !! The file on the rank that has opened it; on all others it does nothing.
  type :: flux_lines
    logical, private :: is_open = .false.
    integer, private :: unit = 0
    !! why a line could not be written; empty so far
    character(:), private, allocatable :: failure
  contains
    procedure :: open => open_file
    procedure :: add
    procedure :: to_disk
    procedure :: close => close_file
    procedure, private :: write_line
  end type flux_lines

contains

  !! Creates the file and writes its heading.
  subroutine open_file(self, file, status)
    class(flux_lines), intent(inout) :: self
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    integer :: error
    character(512) :: reason

    open (newunit=self%unit, file=file, status="replace", action="write", iostat=error, &
      iomsg=reason)
    if (error /= 0) then
      status = ngcm_status(ngcm_error_output, "cannot write the flux book: "//trim(reason))
      return
    end if
    self%is_open = .true.
    self%failure = ""
    call self%write_line("seconds,field,integral")
    call self%to_disk(status)
  end subroutine open_file

  !! Adds the integral of a flux over the globe, of the interval that ended at `seconds`.
  subroutine add(self, seconds, name, integral)
    class(flux_lines), intent(inout) :: self
    !! since the start of the run [s]
    integer, intent(in) :: seconds
    character(*), intent(in) :: name
    !! [W, kg s-1, N]
    real(dp), intent(in) :: integral
    character(80) :: line

    if (.not. self%is_open) return
    write (line, "(i0, 3a, es25.17e3)") seconds, ",", trim(name), ",", integral
    call self%write_line(trim(line))
  end subroutine add

  !! Hands what has been added to the system, so that it outlives this process. Call it after each
  !! interval.
  subroutine to_disk(self, status)
    class(flux_lines), intent(inout) :: self
    type(ngcm_status), intent(out) :: status
    integer :: error
    character(512) :: reason

    status = ngcm_status(ngcm_ok, "")
    if (.not. self%is_open) return
    flush (self%unit, iostat=error, iomsg=reason)
    if (error /= 0 .and. self%failure == "") self%failure = trim(reason)
    if (self%failure /= "") status = ngcm_status(ngcm_error_output, &
      "cannot write the flux book: "//self%failure//"; make room on the disk")
  end subroutine to_disk

  subroutine close_file(self)
    class(flux_lines), intent(inout) :: self

    if (self%is_open) close (self%unit)
    self%is_open = .false.
  end subroutine close_file

  subroutine write_line(self, line)
    class(flux_lines), intent(inout) :: self
    character(*), intent(in) :: line
    integer :: error
    character(512) :: reason

    write (self%unit, "(a)", iostat=error, iomsg=reason) line
    if (error /= 0 .and. self%failure == "") self%failure = trim(reason)
  end subroutine write_line

end module flux_file

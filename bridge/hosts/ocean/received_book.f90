!! What the sea has received: global integrals of every flux, each interval one line a flux in the
!! file `<component>_fluxes.csv`. The atmosphere writes the same of what it has given; the two agree
!! where the remapping conserves.
module received_book
  use nemo_fields, only: ice_sensitivity, ice_solar, pressure, received_names
  use ngcm_errors, only: ngcm_error_output, ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp
  use point_blocks, only: blocks
  implicit none (type, external)
  private

  public :: book

  type :: book
    type(blocks), private :: points
    !! of this rank's sea [m2], zero on land
    real(dp), private, allocatable :: area(:, :)
    logical, private :: coupled(size(received_names)) = .false.
    integer, private :: unit = 0
    !! why a line could not be written; empty so far
    character(:), private, allocatable :: failure
  contains
    procedure :: open => open_book
    procedure :: enter
    procedure :: close => close_book
    procedure, private :: add
    procedure, private :: to_disk
  end type book

contains

  !! Creates the file and writes its heading.
  subroutine open_book(self, file, points, area, coupled, status)
    class(book), intent(inout) :: self
    character(*), intent(in) :: file
    type(blocks), intent(in) :: points
    !! of this rank's points [m2], zero on land
    real(dp), intent(in) :: area(:, :)
    !! which fields are received
    logical, intent(in) :: coupled(:)
    type(ngcm_status), intent(out) :: status
    integer :: error
    character(512) :: reason

    self%points = points
    self%area = area
    self%coupled = coupled
    ! A state, and no flux.
    self%coupled(pressure) = .false.
    status = ngcm_status(ngcm_ok, "")
    if (points%rank /= 0) return
    open (newunit=self%unit, file=file, status="replace", action="write", iostat=error, &
      iomsg=reason)
    if (error /= 0) then
      status = ngcm_status(ngcm_error_output, "cannot write the flux book: "//trim(reason))
      return
    end if
    self%failure = ""
    call self%add("seconds,field,integral")
    call self%to_disk(status)
  end subroutine open_book

  !! Enters what has come at `seconds` since the start of the run. Collective.
  subroutine enter(self, seconds, received, ice, status)
    class(book), intent(inout) :: self
    integer, intent(in) :: seconds
    !! shape (points, fields)
    real(dp), intent(in) :: received(:, :)
    !! fraction of ice with which the atmosphere computed the fluxes [1]
    real(dp), intent(in) :: ice(:, :)
    type(ngcm_status), intent(out) :: status
    real(dp) :: integral
    character(80) :: line
    integer :: i

    do i = 1, size(received_names)
      if (.not. self%coupled(i)) cycle
      if (i >= ice_solar .and. i <= ice_sensitivity) then
        integral = self%points%total(self%area*ice*received(:, i:i))
      else
        integral = self%points%total(self%area*received(:, i:i))
      end if
      if (self%points%rank == 0) then
        write (line, "(i0, 3a, es25.17e3)") seconds, ",", trim(received_names(i)), ",", integral
        call self%add(trim(line))
      end if
    end do
    call self%to_disk(status)
  end subroutine enter

  !! Hands what has been entered to the system, so that it outlives this process.
  subroutine to_disk(self, status)
    class(book), intent(inout) :: self
    type(ngcm_status), intent(out) :: status
    integer :: error
    character(512) :: reason

    status = ngcm_status(ngcm_ok, "")
    if (self%points%rank /= 0) return
    flush (self%unit, iostat=error, iomsg=reason)
    if (error /= 0 .and. self%failure == "") self%failure = trim(reason)
    if (self%failure /= "") status = ngcm_status(ngcm_error_output, &
      "cannot write the flux book: "//self%failure//"; make room on the disk")
  end subroutine to_disk

  !! Adds a line.
  subroutine add(self, line)
    class(book), intent(inout) :: self
    character(*), intent(in) :: line
    integer :: error
    character(512) :: reason

    write (self%unit, "(a)", iostat=error, iomsg=reason) line
    if (error /= 0 .and. self%failure == "") self%failure = trim(reason)
  end subroutine add

  subroutine close_book(self)
    class(book), intent(in) :: self

    if (self%points%rank == 0) close (self%unit)
  end subroutine close_book

end module received_book

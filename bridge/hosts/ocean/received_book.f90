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
  contains
    procedure :: open => open_book
    procedure :: enter
    procedure :: close => close_book
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
    else
      write (self%unit, "(a)") "seconds,field,integral"
    end if
  end subroutine open_book

  !! Enters what has come at `seconds` since the start of the run. Collective.
  subroutine enter(self, seconds, received, ice)
    class(book), intent(in) :: self
    integer, intent(in) :: seconds
    !! shape (points, fields)
    real(dp), intent(in) :: received(:, :)
    !! fraction of ice with which the atmosphere computed the fluxes [1]
    real(dp), intent(in) :: ice(:, :)
    real(dp) :: integral
    integer :: i

    do i = 1, size(received_names)
      if (.not. self%coupled(i)) cycle
      if (i >= ice_solar .and. i <= ice_sensitivity) then
        integral = self%points%total(self%area*ice*received(:, i:i))
      else
        integral = self%points%total(self%area*received(:, i:i))
      end if
      if (self%points%rank == 0) then
        write (self%unit, "(i0, 3a, es25.17e3)") seconds, ",", trim(received_names(i)), ",", &
          integral
      end if
    end do
  end subroutine enter

  subroutine close_book(self)
    class(book), intent(in) :: self

    if (self%points%rank == 0) close (self%unit)
  end subroutine close_book

end module received_book

!! What the sea has received: global integrals of every flux, each interval one line a flux in the
!! file `<component>_fluxes.csv`. The atmosphere writes the same of what it has given; the two agree
!! where the remapping conserves.
module received_book
  use flux_file, only: flux_lines
  use nemo_fields, only: ice_sensitivity, ice_solar, pressure, received_names
  use ngcm_errors, only: ngcm_ok, ngcm_status
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
    type(flux_lines), private :: file
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

    self%points = points
    self%area = area
    self%coupled = coupled
    ! A state, and no flux.
    self%coupled(pressure) = .false.
    status = ngcm_status(ngcm_ok, "")
    if (points%rank == 0) call self%file%open(file, status)
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
    integer :: i

    do i = 1, size(received_names)
      if (.not. self%coupled(i)) cycle
      if (i >= ice_solar .and. i <= ice_sensitivity) then
        integral = self%points%total(self%area*ice*received(:, i:i))
      else
        integral = self%points%total(self%area*received(:, i:i))
      end if
      call self%file%add(seconds, received_names(i), integral)
    end do
    call self%file%to_disk(status)
  end subroutine enter

  subroutine close_book(self)
    class(book), intent(inout) :: self

    call self%file%close()
  end subroutine close_book

end module received_book

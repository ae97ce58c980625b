!! What the atmosphere has given to the sea: global integrals of every flux sent, each interval one
!! line a flux in the file `<component>_fluxes.csv`. The partner can write the same of what it has
!! received; the two agree where the remapping conserves. Sums are taken on rank 0 over the gathered
!! field in the grid's own order, so they do not depend on the number of ranks.
module flux_book
  use, intrinsic :: iso_fortran_env, only: output_unit
  use flux_file, only: flux_lines
  use latitude_bands, only: bands
  use ngcm, only: ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp
  use oasis_field, only: coupled_field
  implicit none (type, external)
  private

  public :: book

  type :: book
    type(bands), private :: grid
    !! of this rank's cells [m2]: sea, land
    real(dp), private, allocatable :: sea(:), land(:)
    !! integral of each flux over the run so far [J, kg, N s], on rank 0
    real(dp), private, allocatable :: total(:)
    type(flux_lines), private :: file
  contains
    procedure :: open => open_book
    procedure :: enter
    procedure :: to_disk
    procedure :: table
    procedure :: close => close_book
  end type book

contains

  !! Creates the file and writes its heading.
  subroutine open_book(self, file, grid, area, land_fraction, fields, status)
    class(book), intent(inout) :: self
    character(*), intent(in) :: file
    type(bands), intent(in) :: grid
    !! of this rank's cells [m2], and their part that is land [1]
    real(dp), intent(in) :: area(:), land_fraction(:)
    !! number of fluxes
    integer, intent(in) :: fields
    type(ngcm_status), intent(out) :: status

    self%grid = grid
    self%sea = area*(1.0_dp - land_fraction)
    self%land = area*land_fraction
    allocate (self%total(fields), source=0.0_dp)
    status = ngcm_status(ngcm_ok, "")
    if (grid%rank == 0) call self%file%open(file, status)
  end subroutine open_book

  !! Enters the flux of the interval that has ended. Collective.
  subroutine enter(self, seconds, interval_seconds, number, field, ice)
    class(book), intent(inout) :: self
    !! date of the put, and length of the interval [s]
    integer, intent(in) :: seconds, interval_seconds
    !! the field's number among the fluxes
    integer, intent(in) :: number
    type(coupled_field), intent(in) :: field
    !! fraction of the sea that ice covered in the interval [1]
    real(dp), intent(in) :: ice(:)
    real(dp), allocatable :: weight(:)
    real(dp) :: integral

    select case (field%surface)
     case ("sea_ice")
      weight = self%sea*ice
     case ("ice_free_sea")
      weight = self%sea*(1.0_dp - ice)
     case ("land")
      weight = self%land
     case default
      weight = self%sea
    end select
    integral = sum(self%grid%gather(reshape(weight*field%values, &
      [self%grid%nlon, self%grid%last - self%grid%first + 1])))
    self%total(number) = self%total(number) + interval_seconds*integral
    call self%file%add(seconds, field%alias, integral)
  end subroutine enter

  !! Hands what has been entered to the system, so that it outlives this process. Call it after each
  !! interval.
  subroutine to_disk(self, status)
    class(book), intent(inout) :: self
    type(ngcm_status), intent(out) :: status

    call self%file%to_disk(status)
  end subroutine to_disk

  !! Prints the integrals over the run.
  subroutine table(self, fields)
    class(book), intent(in) :: self
    !! the fluxes, by number
    type(coupled_field), intent(in) :: fields(:)
    character(8) :: alias
    integer :: i

    if (self%grid%rank /= 0 .or. size(fields) == 0) return
    write (output_unit, "(/, a)") "Given to the surfaces over the whole run"
    do i = 1, size(fields)
      alias = fields(i)%alias
      write (output_unit, "(2x, a, es24.15, 1x, a6, 2x, a)") alias, self%total(i), &
        integrated(fields(i)%units), fields(i)%name
    end do
    flush (output_unit)
  end subroutine table

  !! The unit of a flux, integrated over area and time.
  pure function integrated(units)
    character(*), intent(in) :: units
    character(:), allocatable :: integrated

    select case (units)
     case ("W m-2")
      integrated = "J"
     case ("W m-2 K-1")
      integrated = "J K-1"
     case ("kg m-2 s-1")
      integrated = "kg"
     case ("N m-2")
      integrated = "N s"
     case default
      integrated = units//" m2 s"
    end select
  end function integrated

  subroutine close_book(self)
    class(book), intent(inout) :: self

    call self%file%close()
  end subroutine close_book

end module flux_book

!! The ocean's grid as it stands in grids.nc, masks.nc and areas.nc of the run folder, from which
!! OASIS and the weight files know it too.
module oasis_grid_file
  use netcdf_fields, only: read_field, read_shape
  use ngcm_errors, only: ngcm_error_data, ngcm_status
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: sea_grid

  !! All points of the grid, in the order of the files.
  type :: sea_grid
    !! prefix of the grid's variables
    character(:), allocatable :: name
    !! sizes of the dimensions, fastest first
    integer, allocatable :: sizes(:)
    !! of the points [degrees]
    real(dp), allocatable :: longitude(:), latitude(:)
    !! whether a point is sea; the copies of a point that some grids have count as land
    logical, allocatable :: sea(:)
    !! [m2]
    real(dp), allocatable :: area(:)
  contains
    procedure :: read => read_grid
  end type sea_grid

contains

  !! Reads the grid of this prefix.
  subroutine read_grid(self, name, status)
    class(sea_grid), intent(inout) :: self
    character(*), intent(in) :: name
    type(ngcm_status), intent(out) :: status
    real(dp), allocatable :: mask(:)
    integer :: points

    self%name = name
    call read_shape("grids.nc", name//".lon", self%sizes, status)
    if (.not. status%ok()) then
      status%message = status%message//"; expected the grid of &ngcm_grid sea_grid_name='"//name// &
        "', which `ngcm-coupler grids` writes"
      return
    end if
    points = product(self%sizes)
    allocate (self%longitude(points), self%latitude(points), self%area(points), mask(points))
    call read_field("grids.nc", name//".lon", self%longitude, status)
    if (status%ok()) call read_field("grids.nc", name//".lat", self%latitude, status)
    if (status%ok()) call read_field("masks.nc", name//".msk", mask, status)
    if (status%ok()) call read_field("areas.nc", name//".srf", self%area, status)
    if (.not. status%ok()) return
    ! Only OASIS means land by 1.
    self%sea = mask < 0.5_dp
    if (.not. any(self%sea)) then
      status = ngcm_status(ngcm_error_data, "masks.nc: "//name//".msk is 1, land, at every point")
    else if (.not. all(self%area > 0.0_dp .or. .not. self%sea)) then
      status = ngcm_status(ngcm_error_data, "areas.nc: "//name//".srf has sea of no area")
    end if
  end subroutine read_grid

end module oasis_grid_file

!! The ocean's output file: its surface at the end of every so many hours, single precision, CF.
module ocean_history
  use netcdf, only: nf90_clobber, nf90_close, nf90_create, nf90_def_dim, nf90_def_var, &
    nf90_double, nf90_enddef, nf90_float, nf90_global, nf90_netcdf4, nf90_noerr, nf90_put_att, &
    nf90_put_var, nf90_sync, nf90_unlimited
  use netcdf_fields, only: keep, netcdf_status
  use ngcm_errors, only: ngcm_error_output, ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp, sp
  use oasis_grid_file, only: sea_grid
  use ocean_model, only: mixed_layer
  use point_blocks, only: blocks
  implicit none (type, external)
  private

  public :: history

  integer, parameter :: variables = 6
  !! CF standard names, which serve as names too
  character(*), parameter :: names(variables) = [character(28) :: "sea_surface_temperature", &
    "sea_ice_area_fraction", "sea_ice_amount", "sea_ice_surface_temperature", &
    "eastward_sea_water_velocity", "northward_sea_water_velocity"]
  character(*), parameter :: units(variables) = [character(6) :: "K", "1", "kg m-2", "K", "m s-1", &
    "m s-1"]
  real(sp), parameter :: missing = 1.0e20_sp
  real(dp), parameter :: seconds_per_hour = 3600.0_dp

  type :: history
    !! on rank 0, which alone writes
    type(sea_grid), private :: grid
    type(blocks), private :: points
    character(:), private, allocatable :: file
    integer, private :: id = 0, time = 0, list(variables) = 0, record = 0
  contains
    procedure :: open => open_history
    procedure :: write => write_record
    procedure :: close => close_history
  end type history

contains

  !! Creates the file.
  subroutine open_history(self, file, grid, points, status)
    class(history), intent(inout) :: self
    character(*), intent(in) :: file
    type(sea_grid), intent(in) :: grid
    type(blocks), intent(in) :: points
    type(ngcm_status), intent(out) :: status
    integer :: dimensions(size(grid%sizes)), record, longitude, latitude, error, i
    character(1) :: axis

    self%file = file
    self%points = points
    status = ngcm_status(ngcm_ok, "")
    if (points%rank /= 0) return
    self%grid = grid
    error = nf90_create(file, ior(nf90_clobber, nf90_netcdf4), self%id)
    do i = 1, size(grid%sizes)
      write (axis, "(i1)") i
      call keep(error, nf90_def_dim(self%id, "axis"//axis, grid%sizes(i), dimensions(i)))
    end do
    call keep(error, nf90_def_dim(self%id, "time", nf90_unlimited, record))
    call keep(error, nf90_put_att(self%id, nf90_global, "Conventions", "CF-1.8"))
    call keep(error, nf90_def_var(self%id, "time", nf90_double, [record], self%time))
    call keep(error, nf90_put_att(self%id, self%time, "long_name", "time since the run began"))
    call keep(error, nf90_put_att(self%id, self%time, "units", "hours"))
    call keep(error, nf90_def_var(self%id, "longitude", nf90_double, dimensions, longitude))
    call keep(error, nf90_put_att(self%id, longitude, "units", "degrees_east"))
    call keep(error, nf90_def_var(self%id, "latitude", nf90_double, dimensions, latitude))
    call keep(error, nf90_put_att(self%id, latitude, "units", "degrees_north"))
    do i = 1, variables
      call keep(error, nf90_def_var(self%id, trim(names(i)), nf90_float, [dimensions, record], &
        self%list(i)))
      call keep(error, nf90_put_att(self%id, self%list(i), "standard_name", trim(names(i))))
      call keep(error, nf90_put_att(self%id, self%list(i), "units", trim(units(i))))
      call keep(error, nf90_put_att(self%id, self%list(i), "coordinates", "longitude latitude"))
      call keep(error, nf90_put_att(self%id, self%list(i), "_FillValue", missing))
    end do
    call keep(error, nf90_enddef(self%id))
    call keep(error, nf90_put_var(self%id, longitude, grid%longitude, &
      start=spread(1, 1, size(grid%sizes)), count=grid%sizes))
    call keep(error, nf90_put_var(self%id, latitude, grid%latitude, &
      start=spread(1, 1, size(grid%sizes)), count=grid%sizes))
    call keep(error, nf90_sync(self%id))
    status = outcome(error, file)
  end subroutine open_history

  !! Adds the surface at `seconds` since the start of the run. Collective.
  subroutine write_record(self, seconds, model, status)
    class(history), intent(inout) :: self
    integer, intent(in) :: seconds
    type(mixed_layer), intent(in) :: model
    type(ngcm_status), intent(out) :: status
    real(dp), allocatable :: mine(:, :), whole(:, :)
    integer :: error, i

    self%record = self%record + 1
    mine = reshape([model%sea%temperature, model%sea_ice%fraction, model%sea_ice%mass, &
      model%sea_ice%temperature, model%flow%east, model%flow%north], &
      [size(model%sea%temperature), variables])
    error = nf90_noerr
    if (self%points%rank == 0) then
      error = nf90_put_var(self%id, self%time, [seconds/seconds_per_hour], start=[self%record])
    end if
    do i = 1, variables
      whole = self%points%gather(mine(:, i:i))
      if (self%points%rank /= 0) cycle
      call keep(error, nf90_put_var(self%id, self%list(i), &
        merge(real(whole(:, 1), sp), missing, self%grid%sea), &
        start=[spread(1, 1, size(self%grid%sizes)), self%record], count=[self%grid%sizes, 1]))
    end do
    if (self%points%rank == 0) call keep(error, nf90_sync(self%id))
    status = outcome(error, self%file)
  end subroutine write_record

  subroutine close_history(self, status)
    class(history), intent(in) :: self
    type(ngcm_status), intent(out) :: status

    status = ngcm_status(ngcm_ok, "")
    if (self%points%rank == 0) status = outcome(nf90_close(self%id), self%file)
  end subroutine close_history

  function outcome(error, file) result(status)
    integer, intent(in) :: error
    character(*), intent(in) :: file
    type(ngcm_status) :: status

    status = netcdf_status(error, file)
    if (.not. status%ok()) status%code = ngcm_error_output
  end function outcome

end module ocean_history

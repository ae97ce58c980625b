!! The ocean's state between runs: the surface it starts from, which OASIS' restart file of the
!! ocean holds, and its full state in double precision, from which it goes on to the last bit.
module ocean_state_file
  use netcdf, only: nf90_close, nf90_clobber, nf90_create, nf90_def_dim, nf90_def_var, &
    nf90_double, nf90_enddef, nf90_netcdf4, nf90_noerr, nf90_put_att, nf90_put_var
  use nemo_fields, only: ice_fraction, ice_temperature, sent_names, temperature
  use netcdf_fields, only: has_field, keep, netcdf_status, read_field
  use ngcm_errors, only: ngcm_error_output, ngcm_error_restart, ngcm_status
  use ngcm_kinds, only: dp
  use oasis_grid_file, only: sea_grid
  use ocean_model, only: mixed_layer
  use phase_change, only: sea_freezing_point
  use point_blocks, only: blocks
  use, intrinsic :: ieee_arithmetic, only: ieee_is_finite
  implicit none (type, external)
  private

  public :: read_start, read_state, write_state

  !! by which remapping may take a fraction out of its range [1]
  real(dp), parameter :: slack = 1.0e-6_dp

  integer, parameter :: variables = 11
  character(*), parameter :: names(variables) = [character(27) :: "initial_sea_temperature", &
    "sea_temperature", "heat_gained_by_sea", "water_gained_by_sea", "ice_area_fraction", &
    "ice_mass", "ice_layer_heat", "ice_temperature", "eastward_velocity", "northward_velocity", &
    "earlier_ice_area_fraction"]
  character(*), parameter :: units(variables) = [character(7) :: "K", "K", "J m-2", "kg m-2", "1", &
    "kg m-2", "J m-2", "K", "m s-1", "m s-1", "1"]

contains

  !! Starts from the surface in a file, whose variables have the names of the fields that the ocean
  !! sends; what is of the ice is multiplied by its fraction there too if it is so when sent.
  subroutine read_start(file, grid, points, ice_weighted, model, status)
    character(*), intent(in) :: file
    type(sea_grid), intent(in) :: grid
    type(blocks), intent(in) :: points
    logical, intent(in) :: ice_weighted
    type(mixed_layer), intent(inout) :: model
    type(ngcm_status), intent(out) :: status
    real(dp), allocatable :: sst(:), fraction(:), ice(:)

    allocate (sst(points%points), fraction(points%points), ice(points%points))
    call read_field(file, trim(sent_names(temperature)), sst, status)
    if (status%ok()) call read_field(file, trim(sent_names(ice_fraction)), fraction, status)
    if (status%ok()) then
      where (.not. grid%sea)
        sst = sea_freezing_point
        fraction = 0.0_dp
      end where
      if (.not. (within(sst, 200.0_dp, 350.0_dp) .and. &
        within(fraction, -slack, 1.0_dp + slack))) then
        status = ngcm_status(ngcm_error_restart, file//": "//trim(sent_names(temperature))// &
          " or "//trim(sent_names(ice_fraction))//" is no temperature [K] or fraction at sea")
      end if
      fraction = min(1.0_dp, max(0.0_dp, fraction))
    end if
    if (.not. status%ok()) then
      status%message = status%message//"; expected the initial surface, which `ngcm-coupler " &
        //"namcouple` writes"
      return
    end if
    ice = sea_freezing_point
    if (model%ice_takes_part .or. has_field(file, trim(sent_names(ice_temperature)))) then
      call read_field(file, trim(sent_names(ice_temperature)), ice, status)
      if (.not. status%ok()) return
    end if
    if (ice_weighted) ice = ice/merge(fraction, 1.0_dp, fraction > 0.0_dp)
    ice = merge(ice, sea_freezing_point, fraction > 0.0_dp)
    if (.not. within(ice, 150.0_dp, 300.0_dp)) then
      status = ngcm_status(ngcm_error_restart, file//": "//trim(sent_names(ice_temperature))// &
        " is no temperature of ice [K] (ice_weighted in &ngcm_oasis tells if it is multiplied by " &
        //"the fraction)")
      return
    end if
    call model%start(sst(points%global_index), fraction(points%global_index), &
      ice(points%global_index), grid%sea(points%global_index))
  end subroutine read_start

  !! Whether all values are finite and in a range.
  logical function within(values, least, greatest)
    real(dp), intent(in) :: values(:), least, greatest

    within = all(ieee_is_finite(values))
    if (within) within = all(values >= least .and. values <= greatest)
  end function within

  !! Goes on from the state in a file.
  subroutine read_state(file, grid, points, model, status)
    character(*), intent(in) :: file
    type(sea_grid), intent(in) :: grid
    type(blocks), intent(in) :: points
    type(mixed_layer), intent(inout) :: model
    type(ngcm_status), intent(out) :: status
    real(dp), allocatable :: whole(:), mine(:, :)
    integer :: i

    allocate (whole(points%points), mine(size(points%global_index), variables))
    do i = 1, variables
      call read_field(file, trim(names(i)), whole, status)
      if (.not. status%ok()) return
      mine(:, i) = whole(points%global_index)
    end do
    call model%start(mine(:, 1), mine(:, 5), mine(:, 8), grid%sea(points%global_index))
    call model%sea%resume(mine(:, 3:3), mine(:, 4:4))
    call model%sea_ice%resume(mine(:, 5:5), mine(:, 6:6), mine(:, 7:7))
    model%flow%east = mine(:, 9:9)
    model%flow%north = mine(:, 10:10)
    model%earlier_fraction = mine(:, 11:11)
    ! Temperatures follow from heat, and would jump if the layers were of another depth.
    if (any(abs(model%sea%temperature - mine(:, 2:2)) > 0.0_dp) .or. &
      any(abs(model%sea_ice%temperature - mine(:, 8:8)) > 0.0_dp)) then
      status = ngcm_status(ngcm_error_restart, file//": was written with another " &
        //"mixed_layer_depth_m of &slab_ocean or surface_layer_m of &slab_ice; go on with those, " &
        //"or start anew")
    end if
  end subroutine read_state

  !! Writes the state. Collective.
  subroutine write_state(file, grid, points, model, status)
    character(*), intent(in) :: file
    type(sea_grid), intent(in) :: grid
    type(blocks), intent(in) :: points
    type(mixed_layer), intent(in) :: model
    type(ngcm_status), intent(out) :: status
    integer :: id, i, error, dimensions(size(grid%sizes)), list(variables)
    real(dp), allocatable :: mine(:, :), whole(:, :)
    character(1) :: axis

    error = nf90_noerr
    id = 0
    list = 0
    if (points%rank == 0) then
      error = nf90_create(file, ior(nf90_clobber, nf90_netcdf4), id)
      do i = 1, size(grid%sizes)
        write (axis, "(i1)") i
        call keep(error, nf90_def_dim(id, "axis"//axis, grid%sizes(i), dimensions(i)))
      end do
      do i = 1, variables
        call keep(error, nf90_def_var(id, trim(names(i)), nf90_double, dimensions, list(i)))
        call keep(error, nf90_put_att(id, list(i), "units", trim(units(i))))
      end do
      call keep(error, nf90_enddef(id))
    end if
    mine = state(model)
    do i = 1, variables
      whole = points%gather(mine(:, i:i))
      if (points%rank == 0) call keep(error, nf90_put_var(id, list(i), whole(:, 1), &
        start=spread(1, 1, size(grid%sizes)), count=grid%sizes))
    end do
    if (points%rank == 0) call keep(error, nf90_close(id))
    status = netcdf_status(error, file)
    if (.not. status%ok()) status%code = ngcm_error_output
  end subroutine write_state

  !! The variables of the state, shape (points, variables).
  function state(model) result(values)
    type(mixed_layer), intent(in) :: model
    real(dp), allocatable :: values(:, :)

    values = reshape([model%sea%initial, model%sea%temperature, model%sea%heat, model%sea%water, &
      model%sea_ice%fraction, model%sea_ice%mass, model%sea_ice%layer_heat, &
      model%sea_ice%temperature, model%flow%east, model%flow%north, model%earlier_fraction], &
      [size(model%sea%heat), variables])
  end function state

end module ocean_state_file

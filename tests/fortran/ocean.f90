!! The ocean under OASIS, without OASIS: its currents, and that it keeps what the sea is given.
program ocean
  use nemo_fields, only: evaporation, ice_evaporation, ice_nonsolar, ice_solar, ice_temperature, &
    nonsolar, rain, received_names, snow, solar, temperature
  use ngcm_errors, only: ngcm_status
  use ngcm_kinds, only: dp
  use ocean_model, only: mixed_layer
  use phase_change, only: fusion
  use slab_currents, only: currents
  implicit none (type, external)

  character(*), parameter :: file = "ocean.nml"
  integer, parameter :: hour = 3600, sidereal_day = 86164
  real(dp), parameter :: degree = acos(-1.0_dp)/180.0_dp
  real(dp), parameter :: mass = 1025.0_dp*30.0_dp, day = 86400.0_dp
  !! points at 30 N, 30 S, on the equator and near the pole, and one on land [degrees]
  real(dp), parameter :: longitude(5, 1) = reshape([10.0_dp, 130.0_dp, 250.0_dp, 77.0_dp, 0.0_dp], &
    [5, 1])
  real(dp), parameter :: latitude(5, 1) = reshape([30.0_dp, -30.0_dp, 0.0_dp, 88.0_dp, 50.0_dp], &
    [5, 1])
  logical, parameter :: sea(5, 1) = reshape([.true., .true., .true., .true., .false.], [5, 1])
  integer :: failures

  failures = 0
  call currents_turn_once_a_pendulum_day()
  call transport_is_to_the_right_of_the_wind()
  call equator_is_driven_downwind()
  call time_step_does_not_matter()
  call vectors_keep_their_length()
  call sea_and_ice_keep_what_the_sea_is_given()
  call ice_without_fluxes_stays()
  if (failures > 0) error stop

contains

  !! The inertial period at 30 degrees is one sidereal day; to the right in the north, to the left
  !! in the south.
  subroutine currents_turn_once_a_pendulum_day()
    type(currents) :: flow
    real(dp) :: left

    call new_flow(flow, 10.0_dp)
    flow%east(:, 1) = 0.3_dp
    call flow%advance(sidereal_day/4, wind(0.0_dp, 0.0_dp))
    call check(flow%north(1, 1) < -0.25_dp .and. flow%north(2, 1) > 0.25_dp, "sense of rotation")
    call check(abs(flow%east(1, 1)) < 1.0e-4_dp, "a quarter of a turn")
    call flow%advance(3*sidereal_day/4, wind(0.0_dp, 0.0_dp))
    ! The sidereal day is 0.09 s longer, a turn of 7e-6.
    left = 0.3_dp*exp(-sidereal_day/(10.0_dp*day))
    call check(all(abs(flow%east(:2, 1) - left) < 1.0e-5_dp), "a whole turn")
    call check(all(abs(flow%north(:2, 1)) < 1.0e-5_dp), "a whole turn")
  end subroutine currents_turn_once_a_pendulum_day

  !! Ekman (1905): with little damping, the stress over f and mass, at a right angle.
  subroutine transport_is_to_the_right_of_the_wind()
    type(currents) :: flow
    real(dp) :: ekman
    integer :: step

    call new_flow(flow, 2.0_dp)
    do step = 1, 60*24
      call flow%advance(hour, wind(0.1_dp, 0.0_dp))
    end do
    ekman = 0.1_dp/(mass*7.292e-5_dp)
    ! Damping turns it downwind by 1/(f T), 0.08, and slows it by the square of that.
    call check(abs(flow%north(1, 1)/ekman + 1.0_dp) < 0.01_dp, "transport in the north")
    call check(abs(flow%north(2, 1)/ekman - 1.0_dp) < 0.01_dp, "transport in the south")
    call check(abs(flow%east(1, 1)/ekman - 0.0793_dp) < 0.002_dp, "downwind part")
  end subroutine transport_is_to_the_right_of_the_wind

  subroutine equator_is_driven_downwind()
    type(currents) :: flow

    call new_flow(flow, 3.0_dp)
    call flow%advance(24*hour, wind(-0.05_dp, 0.02_dp))
    associate (gain => 3.0_dp*day/mass*(1.0_dp - exp(-1.0_dp/3.0_dp)))
      call check(abs(flow%east(3, 1) + 0.05_dp*gain) < 1.0e-12_dp, "equator, to east")
      call check(abs(flow%north(3, 1) - 0.02_dp*gain) < 1.0e-12_dp, "equator, to north")
    end associate
    call check(.not. hypot(flow%east(5, 1), flow%north(5, 1)) > 0.0_dp, "land")
  end subroutine equator_is_driven_downwind

  !! The solution is exact, so one step of a day is 96 of a quarter of an hour up to rounding.
  subroutine time_step_does_not_matter()
    type(currents) :: flow, fine
    integer :: step

    call new_flow(flow, 3.0_dp)
    fine = flow
    call flow%advance(24*hour, wind(0.2_dp, -0.1_dp))
    do step = 1, 96
      call fine%advance(hour/4, wind(0.2_dp, -0.1_dp))
    end do
    call check(all(abs(flow%east - fine%east) < 1.0e-13_dp), "steps, east")
    call check(all(abs(flow%north - fine%north) < 1.0e-13_dp), "steps, north")
  end subroutine time_step_does_not_matter

  !! What goes out on axes fixed in the Earth is as fast, and lies in the plane of the sea.
  subroutine vectors_keep_their_length()
    type(currents) :: flow
    real(dp) :: out(5, 1, 3)

    call new_flow(flow, 3.0_dp)
    flow%east = 0.4_dp
    flow%north = -0.3_dp
    out = flow%geocentric()
    call check(all(abs(sqrt(sum(out**2, dim=3)) - 0.5_dp) < 1.0e-14_dp), "length")
    call check(all(abs(out(:, :, 1)*cos(degree*latitude)*cos(degree*longitude) &
      + out(:, :, 2)*cos(degree*latitude)*sin(degree*longitude) &
      + out(:, :, 3)*sin(degree*latitude)) < 1.0e-15_dp), "upward part")
    ! At 250 E on the equator, north is along z and east lies at 340 E.
    call check(all(abs(out(3, 1, :) - [0.4_dp*cos(340*degree), 0.4_dp*sin(340*degree), -0.3_dp]) &
      < 1.0e-14_dp), "axes")
  end subroutine vectors_keep_their_length

  !! Ice comes and goes while the fluxes are of another cover; all that was given is still there,
  !! also where ice covers the whole sea.
  subroutine sea_and_ice_keep_what_the_sea_is_given()
    type(mixed_layer) :: model
    real(dp), allocatable :: received(:, :), heat(:), water(:), stored(:), gross(:)
    real(dp), parameter :: cover(4) = [1.0_dp, 0.5_dp, 0.02_dp, 0.0_dp]
    integer :: step, i

    call new_model(model, cover)
    allocate (received(4, size(received_names)))
    heat = 0.0_dp*cover
    water = heat
    gross = heat
    do step = 1, 2000
      received = 0.0_dp
      do i = 1, 4
        received(i, solar) = 90.0_dp*(1.0_dp + sin(0.1_dp*step + i))
        received(i, nonsolar) = -140.0_dp + 120.0_dp*sin(0.004_dp*step*i)
        received(i, ice_solar) = 0.4_dp*received(i, solar)
        received(i, ice_nonsolar) = -60.0_dp + 50.0_dp*sin(0.005_dp*step)
        received(i, evaporation) = 4.0e-5_dp
        received(i, ice_evaporation) = 1.0e-5_dp*sin(0.3_dp*step)
        received(i, rain) = 2.0e-5_dp
        received(i, snow) = 3.0e-5_dp
      end do
      heat = heat + hour*(received(:, solar) + received(:, nonsolar))
      gross = gross + hour*(received(:, solar) + abs(received(:, nonsolar)))
      water = water + hour*(received(:, rain) + received(:, snow) - received(:, evaporation))
      call model%advance(hour, received)
    end do
    call check(maxval(abs(model%sea_ice%fraction(:, 1) - cover)) > 0.3_dp, "ice has changed")

    stored = model%sea%heat(:, 1) + model%sea_ice%layer_heat(:, 1) &
      - fusion*model%sea_ice%mass(:, 1) - model%sea_ice%heat_budget%initial(:, 1) &
      - model%sea%heat_budget%frozen(:, 1) - model%sea_ice%heat_budget%frozen(:, 1)
    ! 2000 steps and as many roundings of 1e-16, of what has gone in and out.
    call check(all(abs(stored - heat) < 1.0e-12_dp*gross), "heat is kept")
    stored = model%sea%water(:, 1) + model%sea_ice%mass(:, 1) &
      - model%sea_ice%water_budget%initial(:, 1)
    call check(all(abs(stored - water) < 1.0e-10_dp), "water is kept")
    call check(all(abs(model%heat_to_water(:, 1) + model%heat_to_ice(:, 1) - heat) &
      < 1.0e-12_dp*gross), "heat given")
  end subroutine sea_and_ice_keep_what_the_sea_is_given

  subroutine ice_without_fluxes_stays()
    type(mixed_layer) :: model
    real(dp), parameter :: cover(2) = [0.7_dp, 0.0_dp]
    real(dp) :: received(2, size(received_names))
    real(dp), allocatable :: given(:, :)

    call new_model(model, cover)
    model%ice_takes_part = .false.
    received = 0.0_dp
    received(:, nonsolar) = 100.0_dp
    call model%advance(hour, received)
    call check(all(abs(model%sea_ice%fraction(:, 1) - cover) <= 0.0_dp), "cover")
    given = model%exports(ice_weighted=.true.)
    call check(abs(given(1, temperature) - given(2, temperature)) <= 0.0_dp, "water takes all")
    call check(abs(given(1, ice_temperature) - 0.7_dp*265.0_dp) < 1.0e-12_dp, "weighted")
    given = model%exports(ice_weighted=.false.)
    call check(abs(given(1, ice_temperature) - 265.0_dp) < 1.0e-12_dp, "not weighted")
  end subroutine ice_without_fluxes_stays

  subroutine new_flow(flow, damping_days)
    type(currents), intent(out) :: flow
    real(dp), intent(in) :: damping_days

    call flow%start(longitude, latitude, sea, mass, damping_days*day)
  end subroutine new_flow

  !! A mixed layer 1 K above freezing that nothing relaxes, under ice of this cover.
  subroutine new_model(model, cover)
    type(mixed_layer), intent(out) :: model
    real(dp), intent(in) :: cover(:)
    type(ngcm_status) :: status
    integer :: unit

    open (newunit=unit, file=file, action="write", status="replace")
    write (unit, "(a)") "&slab_ocean relaxation_time_days = 0.0 /"
    close (unit)
    call model%sea%configure(file, hour, status)
    call check(status%ok(), "slab_ocean group")
    call model%sea_ice%configure(file, status)
    call check(status%ok(), "slab_ice group")
    model%ice_takes_part = .true.
    call model%flow%start(spread(0.0_dp*cover, 2, 1), spread(0.0_dp*cover, 2, 1), &
      spread(cover >= 0.0_dp, 2, 1), mass, day)
    call model%start(0.0_dp*cover + 272.35_dp, cover, 0.0_dp*cover + 265.0_dp, cover >= 0.0_dp)
  end subroutine new_model

  !! A stress to east and north [N m-2], on axes fixed in the Earth.
  function wind(east, north) result(stress)
    real(dp), intent(in) :: east, north
    real(dp) :: stress(5, 1, 3)

    associate (x => degree*longitude, y => degree*latitude)
      stress(:, :, 1) = -sin(x)*east - sin(y)*cos(x)*north
      stress(:, :, 2) = cos(x)*east - sin(y)*sin(x)*north
      stress(:, :, 3) = cos(y)*north
    end associate
  end function wind

  subroutine check(passed, what)
    logical, intent(in) :: passed
    character(*), intent(in) :: what

    if (passed) return
    print "(2a)", "failed: ", what
    failures = failures + 1
  end subroutine check

end program ocean

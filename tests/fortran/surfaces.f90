!! The driver's sea, ice and land keep what they receive, and do what their equations say.
program surfaces
  use bucket_land, only: bucket
  use ngcm, only: ngcm_status
  use ngcm_kinds, only: dp
  use phase_change, only: fusion, melting_point, sea_freezing_point
  use slab_ice, only: ice
  use slab_ocean, only: ocean
  use tile_budget, only: budget
  use tile_fluxes, only: tile
  implicit none (type, external)

  character(*), parameter :: file = "surfaces.nml"
  integer, parameter :: hour = 3600, cells = 12
  real(dp), parameter :: pi = acos(-1.0_dp)
  type(ngcm_status) :: status
  integer :: failures

  failures = 0
  call slab_follows_its_equation()
  call slab_stays_at_the_freezing_point()
  call ice_grows_as_stefan_found()
  call ice_warms_to_melting_and_no_further()
  call sea_and_ice_keep_heat_and_water()
  call land_keeps_heat_and_water()
  call bucket_evaporates_as_manabe_says()
  if (failures > 0) error stop

contains

  !! Without relaxation the sea warms by heat over heat capacity; with it, towards a balance.
  subroutine slab_follows_its_equation()
    type(ocean) :: sea
    type(tile) :: sky
    real(dp), parameter :: capacity = 1025.0_dp*3990.0_dp*50.0_dp
    integer :: step

    call new_sea(sea, "relaxation_time_days = 0.0, mixed_layer_depth_m = 50.0", 290.0_dp)
    call clear(sky)
    sky%heat = 120.0_dp
    do step = 1, 240
      call sea%advance(hour, whole(1.0_dp), sky)
    end do
    call check(near(sea%temperature, 290.0_dp + 240*hour*120.0_dp/capacity, 1.0e-9_dp), "warming")

    call new_sea(sea, "relaxation_time_days = 1.0, mixed_layer_depth_m = 50.0", 290.0_dp)
    do step = 1, 240
      call sea%advance(hour, whole(0.5_dp), sky)
    end do
    ! Half of the sea is open; after ten times the relaxation time 5e-5 of the way is left.
    call check(near(sea%temperature, 290.0_dp + 60.0_dp*86400.0_dp/capacity, 1.0e-4_dp), "balance")
  end subroutine slab_follows_its_equation

  subroutine slab_stays_at_the_freezing_point()
    type(ocean) :: sea
    type(tile) :: sky

    call new_sea(sea, "relaxation_time_days = 0.0", sea_freezing_point)
    call clear(sky)
    sky%heat = -200.0_dp
    sky%snow = 1.0e-4_dp
    call sea%advance(hour, whole(1.0_dp), sky)
    call check(near(sea%temperature, sea_freezing_point, 1.0e-10_dp), "freezing point")
    call check(near(sea%freezing, hour*(200.0_dp + fusion*1.0e-4_dp), 1.0e-6_dp), &
      "heat of freezing, of what snow takes too")
  end subroutine slab_stays_at_the_freezing_point

  !! Thickness under a surface of constant temperature: h**2 = h0**2 + 2 k (Tf - Ts) t / (rho Lf).
  subroutine ice_grows_as_stefan_found()
    type(ocean) :: sea
    type(ice) :: pack
    type(tile) :: sky
    real(dp), parameter :: conductivity = 2.03_dp, density = 917.0_dp, excess = 20.0_dp
    real(dp) :: expected
    integer :: step
    integer, parameter :: steps = 24*90

    call new_sea(sea, "relaxation_time_days = 0.0", sea_freezing_point)
    call new_ice(pack, "initial_thickness_m = 0.5", 1.0_dp, sea_freezing_point - excess)
    call clear(sky)
    do step = 1, steps
      ! What the sky takes is what the ice conducts, so that the surface keeps its temperature.
      sky%heat = -conductivity*excess*density/pack%mass
      call sea%advance(hour, whole(0.0_dp), sky)
      call pack%advance(hour, whole(1.0_dp), sky, sea)
    end do
    expected = sqrt(0.25_dp + 2.0_dp*conductivity*excess*steps*hour/(density*fusion))
    ! Steps of an hour, in which thickness is constant, are good for some 1e-4.
    call check(near(pack%mass/density, expected, 1.0e-3_dp), "Stefan's growth")
    call check(near(pack%temperature, sea_freezing_point - excess, 1.0e-9_dp), "steady surface")
    call check(near(pack%fraction, 1.0_dp, 0.0_dp), "full cover")
  end subroutine ice_grows_as_stefan_found

  subroutine ice_warms_to_melting_and_no_further()
    type(ocean) :: sea
    type(ice) :: pack
    type(tile) :: sky
    integer :: step

    call new_sea(sea, "relaxation_time_days = 0.0", sea_freezing_point)
    call new_ice(pack, "initial_thickness_m = 1.0", 0.8_dp, 250.0_dp)
    call check(near(pack%albedo(.false.), 0.98_dp, 1.0e-12_dp), "albedo of cold ice")
    call clear(sky)
    sky%heat = 150.0_dp
    do step = 1, 240
      call sea%advance(hour, 1.0_dp - pack%fraction, sky)
      call pack%advance(hour, pack%fraction, sky, sea)
    end do
    call check(near(pack%temperature, melting_point, 1.0e-9_dp), "melting surface")
    call check(near(pack%albedo(.true.), 0.285_dp, 1.0e-9_dp), "albedo of melting ice")
    call check(all(pack%fraction < 0.75_dp .and. pack%fraction > 0.1_dp), "area lost by melt")
    do step = 1, 24*90
      call sea%advance(hour, 1.0_dp - pack%fraction, sky)
      call pack%advance(hour, pack%fraction, sky, sea)
    end do
    call check(all(pack%fraction <= 0.0_dp .and. sea%temperature > 275.0_dp), "ice gone")
  end subroutine ice_warms_to_melting_and_no_further

  !! Two years of seasons and weather, in which ice forms in open sea, closes it, and melts away.
  subroutine sea_and_ice_keep_heat_and_water()
    type(ocean) :: sea
    type(ice) :: pack
    type(tile) :: sky, sky_on_ice
    real(dp), dimension(cells, 1) :: gross_heat, gross_water, share, least, most
    integer :: step

    call new_sea(sea, "relaxation_time_days = 30.0, mixed_layer_depth_m = 10.0", 272.0_dp)
    call new_ice(pack, "initial_thickness_m = 0.7", 0.4_dp, 260.0_dp)
    call clear(sky)
    gross_heat = 0.0_dp
    gross_water = 0.0_dp
    least = 1.0_dp
    most = 0.0_dp
    do step = 1, 24*730
      call weather(sky, step, cold=100.0_dp)
      ! Radiates, as nothing else would keep the ice from any thickness.
      sky_on_ice = sky
      sky_on_ice%heat = sky%heat - 20.0_dp*(pack%temperature - 265.0_dp)
      share = pack%fraction
      call sea%advance(hour, 1.0_dp - share, sky)
      call pack%advance(hour, share, sky_on_ice, sea)
      gross_heat = gross_heat + hour*((1.0_dp - share)*abs(sky%heat) + share*abs(sky_on_ice%heat))
      gross_water = gross_water + hour*(sky%rain + sky%snow + abs(sky%evaporation))
      least = min(least, pack%fraction)
      most = max(most, pack%fraction)
      call check(all(pack%fraction >= 0.0_dp .and. pack%fraction <= 1.0_dp), "fraction in bounds")
      call check(all(pack%mass >= 0.0_dp), "mass in bounds")
      call check(all(pack%temperature <= melting_point + 1.0e-9_dp), "ice not above melting")
    end do
    call check(all(least <= 0.0_dp) .and. all(most > 0.9_dp), "open sea and pack ice")
    call check(closes(sea%heat_budget, sea%heat, gross_heat), "heat of the sea")
    call check(closes(pack%heat_budget, pack%heat(), gross_heat), "heat of the ice")
    call check(closes(sea%water_budget, sea%water, gross_water), "water of the sea")
    call check(closes(pack%water_budget, pack%mass, gross_water), "water of the ice")
    call check(all(abs(sea%heat_budget%exchanged + pack%heat_budget%exchanged) &
      <= 1.0e-12_dp*gross_heat), "heat between sea and ice")
    call check(all(abs(sea%water_budget%exchanged + pack%water_budget%exchanged) &
      <= 1.0e-12_dp*gross_water), "water between sea and ice")
  end subroutine sea_and_ice_keep_heat_and_water

  subroutine land_keeps_heat_and_water()
    type(bucket) :: land
    type(tile) :: sky
    real(dp), dimension(cells, 1) :: gross_heat, gross_water, most_snow, rate
    integer :: step

    call new_land(land, "bucket_depth_mm = 60.0", 270.0_dp, 0.5_dp)
    call clear(sky)
    gross_heat = 0.0_dp
    gross_water = 0.0_dp
    most_snow = 0.0_dp
    do step = 1, 24*730
      call weather(sky, step, cold=0.0_dp)
      rate = sky%evaporation
      sky%evaporation = rate*land%availability()
      ! Radiates, as nothing else would keep the soil from any temperature.
      sky%heat = sky%heat - 20.0_dp*(land%temperature - 275.0_dp)
      call land%advance(hour, sky)
      gross_heat = gross_heat + hour*abs(sky%heat)
      gross_water = gross_water + hour*(sky%rain + sky%snow + abs(sky%evaporation))
      most_snow = max(most_snow, land%snow)
      call check(all(land%snow >= 0.0_dp .and. land%water <= 60.0_dp), "land water in bounds")
      call check(all(land%snow <= 0.0_dp .or. land%temperature <= melting_point + 1.0e-9_dp), &
        "snow not above melting")
    end do
    call check(all(most_snow > 20.0_dp), "snow in winter")
    call check(all(land%water_budget%outside < -1.0_dp), "runoff")
    call check(closes(land%heat_budget, land%heat(), gross_heat), "heat of the land")
    call check(closes(land%water_budget, land%water + land%snow, gross_water), "water of the land")
  end subroutine land_keeps_heat_and_water

  subroutine bucket_evaporates_as_manabe_says()
    type(bucket) :: land
    type(tile) :: sky

    call new_land(land, "initial_snow_mm = 5.0", 290.0_dp, 0.4_dp)
    call check(near(land%availability(), 0.4_dp, 1.0e-12_dp), "availability at the start")
    call check(near(land%water, 0.4_dp*0.75_dp*150.0_dp, 1.0e-9_dp), "water at the start")
    call check(near(land%albedo(.false.), 0.10_dp, 1.0e-12_dp), "albedo of bare land")
    call clear(sky)
    sky%rain = 100.0_dp/hour
    call land%advance(hour, sky)
    call check(near(land%availability(), 1.0_dp, 1.0e-12_dp), "wet land")
    call check(near(land%water, 145.0_dp, 1.0e-9_dp), "full bucket")
    call land%advance(hour, sky)
    call check(near(land%water_budget%outside, -95.0_dp, 1.0e-9_dp), "overflow")
    sky%rain = 0.0_dp
    sky%evaporation = 160.0_dp/hour
    call land%advance(hour, sky)
    call check(near(land%water, -10.0_dp, 1.0e-9_dp), "debt")
    call check(near(land%availability(), 0.0_dp, 0.0_dp), "no more evaporation")

    call new_land(land, "initial_snow_mm = 5.0", 260.0_dp, 0.4_dp)
    call check(near(land%albedo(.true.), 0.5_dp*(0.30_dp + 0.65_dp), 1.0e-12_dp), "half snowy")
    call check(near(land%availability(), 0.5_dp*(1.0_dp + 0.4_dp), 1.0e-12_dp), "half snowy")
  end subroutine bucket_evaporates_as_manabe_says

  !! Seasons of 365 days, and hourly weather that repeats only after years; no two cells alike.
  subroutine weather(sky, step, cold)
    type(tile), intent(inout) :: sky
    integer, intent(in) :: step
    !! [W m-2], by which winter is colder than summer is warm
    real(dp), intent(in) :: cold
    real(dp) :: season, storm, phase
    integer :: i

    do i = 1, cells
      phase = 2.0_dp*pi*real(i, dp)/cells
      season = sin(2.0_dp*pi*step/(24*365) + phase)
      storm = sin(0.037_dp*step + phase) + sin(0.0617_dp*step + 3.0_dp*phase)
      sky%heat(i, 1) = 300.0_dp*season + 60.0_dp*storm - 0.2_dp*cold
      sky%evaporation(i, 1) = 4.0e-5_dp*storm
      sky%rain(i, 1) = max(0.0_dp, 8.0e-5_dp*(storm + season))
      sky%snow(i, 1) = max(0.0_dp, 8.0e-5_dp*(storm - season))
    end do
  end subroutine weather

  !! The sum of what came is what is stored, to 1e-12 of what came and went.
  logical function closes(account, stored, gross)
    type(budget), intent(in) :: account
    real(dp), intent(in) :: stored(:, :), gross(:, :)

    closes = all(abs(stored - account%initial - account%total()) <= 1.0e-12_dp*gross)
  end function closes

  subroutine new_sea(sea, settings, temperature)
    type(ocean), intent(out) :: sea
    character(*), intent(in) :: settings
    real(dp), intent(in) :: temperature

    call write_group("&slab_ocean "//settings)
    call sea%configure(file, hour, status)
    call check(status%ok(), "slab_ocean group")
    call sea%start(whole(temperature), whole(0.0_dp))
  end subroutine new_sea

  subroutine new_ice(pack, settings, fraction, temperature)
    type(ice), intent(out) :: pack
    character(*), intent(in) :: settings
    real(dp), intent(in) :: fraction, temperature

    call write_group("&slab_ice "//settings)
    call pack%configure(file, status)
    call check(status%ok(), "slab_ice group")
    call pack%start(whole(fraction), whole(temperature))
  end subroutine new_ice

  subroutine new_land(land, settings, temperature, availability)
    type(bucket), intent(out) :: land
    character(*), intent(in) :: settings
    real(dp), intent(in) :: temperature, availability

    call write_group("&bucket_land "//settings)
    call land%configure(file, status)
    call check(status%ok(), "bucket_land group")
    call land%start(whole(temperature), whole(availability), whole(1.0_dp))
  end subroutine new_land

  subroutine write_group(text)
    character(*), intent(in) :: text
    integer :: unit

    open (newunit=unit, file=file, action="write", status="replace")
    write (unit, "(2a)") text, " /"
    close (unit)
  end subroutine write_group

  !! A sky that gives nothing.
  subroutine clear(sky)
    type(tile), intent(inout) :: sky

    sky%heat = whole(0.0_dp)
    sky%evaporation = whole(0.0_dp)
    sky%rain = whole(0.0_dp)
    sky%snow = whole(0.0_dp)
  end subroutine clear

  function whole(value) result(values)
    real(dp), intent(in) :: value
    real(dp) :: values(cells, 1)

    values = value
  end function whole

  logical function near(values, expected, tolerance)
    real(dp), intent(in) :: values(:, :), expected, tolerance

    near = all(abs(values - expected) <= tolerance)
  end function near

  subroutine check(passed, what)
    logical, intent(in) :: passed
    character(*), intent(in) :: what

    if (passed) return
    print "(2a)", "failed: ", what
    failures = failures + 1
    if (failures > 20) error stop
  end subroutine check

end program surfaces

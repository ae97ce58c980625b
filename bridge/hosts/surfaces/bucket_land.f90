!! Land under the atmosphere: a soil layer of one temperature, a bucket of water, snow on top.
!!
!! Per area of land, with C the heat capacity of the layer and Lf the heat of fusion,
!!
!!     C dT/dt    = short wave + long wave + sensible + latent - Lf melt
!!     dsnow/dt   = snowfall - sublimation - melt
!!     dwater/dt  = rain - evaporation + melt - runoff
!!
!! The bucket is that of Manabe (1969): it holds 150 kg m-2, evaporates as a wet surface while it
!! is three quarters full and in proportion to its water below that, and runs over when it is full.
!! Snow covers the land in proportion to its mass until that is 10 kg m-2; covered land has the
!! albedo of snow and all the moisture that air can take. No heat goes deeper, water in the soil
!! does not freeze, and what runs off is lost to the driver.
!!
!! The step is explicit, because the fluxes of an interval are known only after it. That is stable
!! while the fluxes change with T by less than 2 C per interval: 278 W m-2 K-1 at one hour for the
!! default layer, whereas wind of 15 m s-1 over wet ground at 300 K makes about 180.
module bucket_land
  use namelist_status, only: read_status
  use ngcm, only: ngcm_status
  use ngcm_kinds, only: dp
  use phase_change, only: fusion, melting_point
  use tile_budget, only: budget
  use tile_fluxes, only: tile
  implicit none (type, external)
  private

  public :: bucket

  real(dp), parameter :: soil_heat = 2.5e6_dp !! of moist soil [J m-3 K-1]
  real(dp), parameter :: wet_share = 0.75_dp !! Manabe (1969) [1]
  real(dp), parameter :: covering_snow = 10.0_dp !! [kg m-2]

  type :: bucket
    !! temperature of the surface and of the layer [K]
    real(dp), allocatable :: temperature(:, :)
    !! in the bucket, and on it [kg m-2]
    real(dp), allocatable :: water(:, :), snow(:, :)
    type(budget) :: heat_budget, water_budget
    !! at the start [K], and heat that the layer holds more than then [J m-2]
    real(dp), allocatable :: initial(:, :), layer_heat(:, :)
    logical, private, allocatable :: land(:, :)
    !! heat capacity of the layer [J m-2 K-1]
    real(dp), private :: capacity = 0.0_dp
    !! what the bucket holds, and snow where the start is frozen [kg m-2]
    real(dp), private :: depth = 0.0_dp, initial_snow = 0.0_dp
    !! [m]
    real(dp), private :: roughness_length = 0.0_dp
    !! [1]
    real(dp), private :: visible = 0.0_dp, near_infrared = 0.0_dp
    real(dp), private :: snow_visible = 0.0_dp, snow_near_infrared = 0.0_dp
  contains
    procedure :: configure
    procedure :: start
    procedure :: advance
    procedure :: availability
    procedure :: albedo
    procedure :: roughness
    procedure :: heat
    procedure, private :: cover
  end type bucket

contains

  !! Reads the group &bucket_land; a group that is not in the file leaves the defaults. Roughness
  !! and albedo are those of farmland, the albedo of snow is that of new snow, in Dickinson et al.
  !! (1993), table 2 and section 3.
  subroutine configure(self, file, status)
    class(bucket), intent(inout) :: self
    !! path of the namelist file
    character(*), intent(in) :: file
    type(ngcm_status), intent(out) :: status
    real(dp) :: soil_layer_m, bucket_depth_mm, initial_snow_mm, roughness_length_m
    real(dp) :: visible_albedo, near_infrared_albedo
    real(dp) :: snow_visible_albedo, snow_near_infrared_albedo
    namelist /bucket_land/ soil_layer_m, bucket_depth_mm, initial_snow_mm, roughness_length_m, &
      visible_albedo, near_infrared_albedo, snow_visible_albedo, snow_near_infrared_albedo
    integer :: unit, error
    character(512) :: reason

    soil_layer_m = 0.2_dp
    bucket_depth_mm = 150.0_dp
    initial_snow_mm = 50.0_dp
    roughness_length_m = 0.06_dp
    visible_albedo = 0.10_dp
    near_infrared_albedo = 0.30_dp
    snow_visible_albedo = 0.95_dp
    snow_near_infrared_albedo = 0.65_dp
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=bucket_land, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "bucket_land", error, reason)
    self%capacity = soil_heat*soil_layer_m
    self%depth = bucket_depth_mm
    self%initial_snow = initial_snow_mm
    self%roughness_length = roughness_length_m
    self%visible = visible_albedo
    self%near_infrared = near_infrared_albedo
    self%snow_visible = snow_visible_albedo
    self%snow_near_infrared = snow_near_infrared_albedo
  end subroutine configure

  !! Takes the initial surface. There is snow where it is below the melting point.
  subroutine start(self, temperature, availability, land_fraction)
    class(bucket), intent(inout) :: self
    !! of the surface [K]; moisture availability of the soil [1]
    real(dp), intent(in) :: temperature(:, :), availability(:, :), land_fraction(:, :)

    self%land = land_fraction > 0.0_dp
    self%initial = temperature
    self%temperature = temperature
    self%layer_heat = 0.0_dp*temperature
    self%water = wet_share*self%depth*availability
    self%snow = merge(self%initial_snow, 0.0_dp, temperature < melting_point)
    call self%heat_budget%start(self%heat())
    call self%water_budget%start(self%water + self%snow)
  end subroutine start

  !! Advances by `seconds` [s] under fluxes that stay constant. What snow and bucket share of the
  !! evaporation is as the atmosphere knew it. If it is more than there is, the bucket owes it.
  subroutine advance(self, seconds, over_land)
    class(bucket), intent(inout) :: self
    integer, intent(in) :: seconds
    type(tile), intent(in) :: over_land
    real(dp) :: received, snowfall, evaporation, sublimation, rain, melt, runoff
    real(dp), allocatable :: snowy_share(:, :)
    integer :: i, j

    snowy_share = self%cover()/max(tiny(1.0_dp), self%availability())
    do j = 1, size(self%land, 2)
      do i = 1, size(self%land, 1)
        if (.not. self%land(i, j)) cycle
        received = seconds*over_land%heat(i, j)
        rain = seconds*over_land%rain(i, j)
        snowfall = seconds*over_land%snow(i, j)
        evaporation = seconds*over_land%evaporation(i, j)
        self%snow(i, j) = self%snow(i, j) + snowfall
        sublimation = min(self%snow(i, j), snowy_share(i, j)*evaporation)
        self%snow(i, j) = self%snow(i, j) - sublimation
        self%layer_heat(i, j) = self%layer_heat(i, j) + received
        melt = min(self%snow(i, j), max(0.0_dp, self%layer_heat(i, j) &
          + self%capacity*(self%initial(i, j) - melting_point))/fusion)
        self%layer_heat(i, j) = self%layer_heat(i, j) - fusion*melt
        self%snow(i, j) = self%snow(i, j) - melt
        self%water(i, j) = self%water(i, j) + (rain - (evaporation - sublimation) + melt)
        runoff = max(0.0_dp, self%water(i, j) - self%depth)
        self%water(i, j) = self%water(i, j) - runoff
        self%temperature(i, j) = self%initial(i, j) + self%layer_heat(i, j)/self%capacity
        self%heat_budget%received(i, j) = self%heat_budget%received(i, j) + received
        self%heat_budget%frozen(i, j) = self%heat_budget%frozen(i, j) &
          - fusion*(snowfall - sublimation)
        self%water_budget%received(i, j) = self%water_budget%received(i, j) &
          + (rain + snowfall - evaporation)
        self%water_budget%outside(i, j) = self%water_budget%outside(i, j) - runoff
      end do
    end do
  end subroutine advance

  !! Evaporation over that of a wet surface as warm [1].
  function availability(self)
    class(bucket), intent(in) :: self
    real(dp), allocatable :: availability(:, :)

    availability = self%cover() + (1.0_dp - self%cover()) &
      *min(1.0_dp, max(0.0_dp, self%water/(wet_share*self%depth)))
  end function availability

  !! Albedo [1] in the visible or in the near infrared, alike in direct and in diffuse light.
  function albedo(self, near_infrared)
    class(bucket), intent(in) :: self
    logical, intent(in) :: near_infrared
    real(dp), allocatable :: albedo(:, :)
    real(dp) :: bare, covered

    bare = merge(self%near_infrared, self%visible, near_infrared)
    covered = merge(self%snow_near_infrared, self%snow_visible, near_infrared)
    albedo = bare + (covered - bare)*self%cover()
  end function albedo

  !! Roughness length for momentum [m].
  function roughness(self)
    class(bucket), intent(in) :: self
    real(dp), allocatable :: roughness(:, :)

    allocate (roughness, mold=self%temperature)
    roughness = self%roughness_length
  end function roughness

  !! Heat that the land holds above its initial temperature, with liquid water [J m-2].
  function heat(self)
    class(bucket), intent(in) :: self
    real(dp), allocatable :: heat(:, :)

    heat = self%layer_heat - fusion*self%snow
  end function heat

  !! Fraction of the land that snow covers [1].
  function cover(self)
    class(bucket), intent(in) :: self
    real(dp), allocatable :: cover(:, :)

    cover = min(1.0_dp, self%snow/covering_snow)
  end function cover

end module bucket_land

!! Currents of a mixed layer that moves as a slab under the wind (Pollard and Millard, 1970).
!!
!! With u and v the velocity to east and north, f the Coriolis parameter, m the mass of the layer
!! per area, and tau the stress on it,
!!
!!     du/dt =  f v + tau_x/m - u/T
!!     dv/dt = -f u + tau_y/m - v/T
!!
!! where T is the time in which inertial motion decays. For w = u + i v this is one linear equation,
!! whose solution under a stress that stays constant is exact for any time step. What crosses the
!! coupler are Cartesian components on axes fixed in the Earth (x to 0 E on the equator, y to 90 E,
!! z to the north pole), so that it may interpolate them without regard to local directions.
module slab_currents
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: currents

  real(dp), parameter :: rotation = 7.292115e-5_dp !! of the Earth, IERS (2010) [rad s-1]
  real(dp), parameter :: degree = acos(-1.0_dp)/180.0_dp

  type :: currents
    !! velocity to east and north [m s-1]; zero on land
    real(dp), allocatable :: east(:, :), north(:, :)
    !! sines and cosines of longitude and latitude [1]
    real(dp), private, allocatable :: sin_lon(:, :), cos_lon(:, :), sin_lat(:, :), cos_lat(:, :)
    logical, private, allocatable :: sea(:, :)
    !! of the layer [kg m-2]; of the decay [s-1]
    real(dp), private :: mass = 0.0_dp, damping_rate = 0.0_dp
  contains
    procedure :: start
    procedure :: advance
    procedure :: geocentric
  end type currents

contains

  !! Begins at rest.
  subroutine start(self, longitude, latitude, sea, mass, damping_time)
    class(currents), intent(inout) :: self
    !! of the points [degrees]
    real(dp), intent(in) :: longitude(:, :), latitude(:, :)
    logical, intent(in) :: sea(:, :)
    !! of the layer [kg m-2]; of the decay of inertial motion [s]
    real(dp), intent(in) :: mass, damping_time

    self%sin_lon = sin(degree*longitude)
    self%cos_lon = cos(degree*longitude)
    self%sin_lat = sin(degree*latitude)
    self%cos_lat = cos(degree*latitude)
    self%sea = sea
    self%mass = mass
    self%damping_rate = 1.0_dp/damping_time
    allocate (self%east, self%north, mold=longitude)
    self%east = 0.0_dp
    self%north = 0.0_dp
  end subroutine start

  !! Advances by `seconds` [s] under a stress that stays constant.
  subroutine advance(self, seconds, stress)
    class(currents), intent(inout) :: self
    integer, intent(in) :: seconds
    !! on the sea [N m-2], its components x, y, z fixed in the Earth in the last dimension
    real(dp), intent(in) :: stress(:, :, :)
    complex(dp) :: rate, velocity, steady
    real(dp) :: east, north
    integer :: i, j

    do j = 1, size(self%sea, 2)
      do i = 1, size(self%sea, 1)
        if (.not. self%sea(i, j)) cycle
        ! What points up or down after interpolation is left out.
        east = self%cos_lon(i, j)*stress(i, j, 2) - self%sin_lon(i, j)*stress(i, j, 1)
        north = self%cos_lat(i, j)*stress(i, j, 3) - self%sin_lat(i, j) &
          *(self%cos_lon(i, j)*stress(i, j, 1) + self%sin_lon(i, j)*stress(i, j, 2))
        rate = cmplx(self%damping_rate, 2.0_dp*rotation*self%sin_lat(i, j), dp)
        steady = cmplx(east, north, dp)/(self%mass*rate)
        velocity = cmplx(self%east(i, j), self%north(i, j), dp)
        velocity = steady + (velocity - steady)*exp(-rate*seconds)
        self%east(i, j) = velocity%re
        self%north(i, j) = velocity%im
      end do
    end do
  end subroutine advance

  !! The velocity [m s-1], its components x, y, z fixed in the Earth in the last dimension.
  function geocentric(self)
    class(currents), intent(in) :: self
    real(dp), allocatable :: geocentric(:, :, :)

    allocate (geocentric(size(self%east, 1), size(self%east, 2), 3))
    geocentric(:, :, 1) = -self%sin_lon*self%east - self%sin_lat*self%cos_lon*self%north
    geocentric(:, :, 2) = self%cos_lon*self%east - self%sin_lat*self%sin_lon*self%north
    geocentric(:, :, 3) = self%cos_lat*self%north
  end function geocentric

end module slab_currents

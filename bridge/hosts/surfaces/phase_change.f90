!! Water that freezes and melts. Liquid water is where its heat counts from, so that a kilogram of
!! ice or snow is worth minus its heat of fusion, wherever it is and whatever its temperature.
module phase_change
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  !! heat of fusion [J kg-1]: what the atmosphere takes for sublimation at 0 degrees Celsius, less
  !! what it takes for vaporisation
  real(dp), parameter, public :: fusion = 2.834e6_dp - 2.501e6_dp
  !! where the surface of ice and snow melts, and where sea water of 33 psu freezes [K]
  real(dp), parameter, public :: melting_point = 273.15_dp
  real(dp), parameter, public :: sea_freezing_point = 271.35_dp
end module phase_change

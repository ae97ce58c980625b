!! What one surface receives from the atmosphere: all that sea and ice have to know of it.
module surface_fluxes
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: surface_flux

  type :: surface_flux
    !! means over the interval: heat into the surface [W m-2], and [kg m-2 s-1]
    real(dp), allocatable :: heat(:, :), evaporation(:, :), rain(:, :), snow(:, :)
  end type surface_flux

end module surface_fluxes

!! Where the heat or the water of a surface came from: what a budget needs beside what is stored.
module tile_budget
  use ngcm_kinds, only: dp
  implicit none (type, external)
  private

  public :: budget

  !! Sums since the start, per area of sea or of land: [J m-2] of heat, [kg m-2] of water.
  type :: budget
    !! from the atmosphere: fluxes times the share of the surface that they fell on
    real(dp), allocatable :: received(:, :)
    !! heat of fusion that water brings when it comes as snow, and takes when ice sublimates
    real(dp), allocatable :: frozen(:, :)
    !! from the ice, of the sea; from the sea, of the ice
    real(dp), allocatable :: exchanged(:, :)
    !! from outside: heat by relaxation; water by runoff, which is lost
    real(dp), allocatable :: outside(:, :)
    !! what the surface held at the start
    real(dp), allocatable :: initial(:, :)
  contains
    procedure :: start
    procedure :: total
  end type budget

contains

  !! Begins with nothing received and with what the surface holds.
  subroutine start(self, initial)
    class(budget), intent(inout) :: self
    real(dp), intent(in) :: initial(:, :)

    self%initial = initial
    allocate (self%received, self%frozen, self%exchanged, self%outside, mold=self%initial)
    self%received = 0.0_dp
    self%frozen = 0.0_dp
    self%exchanged = 0.0_dp
    self%outside = 0.0_dp
  end subroutine start

  !! All that has come; what is stored must have grown by it.
  function total(self)
    class(budget), intent(in) :: self
    real(dp), allocatable :: total(:, :)

    total = self%received + self%frozen + self%exchanged + self%outside
  end function total

end module tile_budget

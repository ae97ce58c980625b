!! Prints whether this host flushes subnormal numbers to zero, and a digest of all bits that it
!! receives in three intervals: `digest FILE.nml`. Built plainly and with -Ofast; the digests agree.
program digest
  use ngcm, only: ngcm_component, ngcm_status
  use ngcm_kinds, only: dp, i4, i8
  implicit none (type, external)

  real(dp), parameter :: small = 1.0e-40_dp !! subnormal in the atmosphere's single precision
  integer, parameter :: intervals = 3
  type(ngcm_component) :: atmosphere
  type(ngcm_status) :: status
  integer(i4) :: nlon, nlat, count, id
  integer(i8) :: digits
  real(dp), allocatable :: sst(:), ice(:), received(:)
  real(dp), volatile :: smallest
  character(1024) :: file
  integer :: interval, i

  smallest = tiny(smallest)
  smallest = smallest/4.0_dp
  ! Compared as bits: a comparison of numbers would flush, too.
  print "(2a)", "subnormal numbers: ", merge("flushed", "kept   ", transfer(smallest, 0_i8) == 0_i8)

  call get_command_argument(1, file)
  call atmosphere%create(file, status=status)
  call require()
  call atmosphere%grid_size(nlon, nlat, status)
  call require()
  call atmosphere%field_count(count, status)
  call require()
  ! Exact in any arithmetic, so that both builds send the same bits.
  sst = [(275.0_dp + real(modulo(i, 25), dp), i=1, nlon*nlat)]
  allocate (ice(nlon*nlat), source=small)
  allocate (received, mold=sst)
  digits = 0
  do interval = 1, intervals
    call atmosphere%put("sea_surface_temperature", sst, status)
    call require()
    call atmosphere%put("sea_ice_area_fraction", ice, status)
    call require()
    call atmosphere%advance(3600, status)
    call require()
    do id = 1, count
      call atmosphere%get(id, received, status)
      call require()
      do i = 1, size(received)
        call add(transfer(received(i), 0_i8))
      end do
    end do
  end do
  print "(a, z16.16)", "digest: ", digits

contains

  !! Takes the two halves of 64 bits as further digits of a number modulo a prime.
  subroutine add(bits)
    integer(i8), intent(in) :: bits
    integer(i8), parameter :: base = 65537_i8, prime = 2147483647_i8, half = 4294967295_i8

    digits = modulo(digits*base + iand(bits, half), prime)
    digits = modulo(digits*base + ishft(bits, -32), prime)
  end subroutine add

  subroutine require()
    if (status%ok()) return
    call status%print()
    error stop
  end subroutine require

end program digest

!! The smallest complete host: six intervals over a sea that takes up the heat it is given.
program host
  use mpi_f08, only: MPI_Abort, MPI_Barrier, MPI_Comm_rank, MPI_Comm_size, MPI_COMM_WORLD, &
    MPI_DOUBLE_PRECISION, MPI_Finalize, MPI_Init, MPI_Reduce, MPI_SUM, MPI_Wtime
  use ngcm, only: ngcm_component, ngcm_error_parallel, ngcm_status
  use ngcm_kinds, only: dp, i4, i8
  implicit none (type, external)

  integer, parameter :: intervals = 6
  !! of 50 m of sea water [J m-2 K-1]
  real(dp), parameter :: heat_capacity = 1025.0_dp*3990.0_dp*50.0_dp

  type(ngcm_component) :: atmosphere
  type(ngcm_status) :: status
  integer :: rank, ranks, first, last, point, interval
  integer(i4) :: nlon, nlat
  integer(i8) :: seconds
  real(dp), allocatable :: area(:, :), land(:, :)
  real(dp), allocatable :: sst(:), ice(:), solar(:), nonsolar(:), heat(:), open_water(:)

  call MPI_Init()
  call MPI_Comm_rank(MPI_COMM_WORLD, rank)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks)

  call atmosphere%create("host.nml", MPI_COMM_WORLD%mpi_val, status)
  call check(status)
  call atmosphere%coupling_interval(seconds, status)
  call check(status)
  call atmosphere%grid_size(nlon, nlat, status)
  call check(status)
  call atmosphere%grid(area=area, land_fraction=land, status=status)
  call check(status)

  ! This rank holds a band of latitudes: points are numbered from 1, eastwards, then northwards.
  first = nlon*(rank*nlat/ranks) + 1
  last = nlon*((rank + 1)*nlat/ranks)
  call atmosphere%set_partition([(point, point=first, last)], status)
  call check(status)
  allocate (sst(first:last), ice(first:last), solar(first:last), nonsolar(first:last))

  ! Before the first put an import holds the surface of the initial state.
  call atmosphere%get("sea_surface_temperature", sst, status)
  call check(status)
  call atmosphere%get("sea_ice_area_fraction", ice, status)
  call check(status)
  open_water = pack(area*(1.0_dp - land), .true.)
  open_water = open_water(first:last)*(1.0_dp - ice)

  do interval = 1, intervals
    call atmosphere%put("sea_surface_temperature", sst, status)
    call check(status)
    call atmosphere%put("sea_ice_area_fraction", ice, status)
    call check(status)
    call atmosphere%advance(seconds, status)
    call check(status)
    call atmosphere%get("surface_net_downward_shortwave_flux_over_ice_free_sea", solar, status)
    call check(status)
    call atmosphere%get("surface_downward_nonsolar_heat_flux_over_ice_free_sea", nonsolar, status)
    call check(status)
    heat = solar + nonsolar
    ! A model of the sea has its place here; the ice stays as it is.
    sst = sst + heat*real(seconds, dp)/heat_capacity
    call report()
  end do

  call atmosphere%destroy(status)
  call check(status)
  call MPI_Finalize()

contains

  !! Means over all open water; the first rank prints them.
  subroutine report()
    real(dp) :: mine(3), all_ranks(3)

    mine = [sum(open_water), sum(open_water*sst), sum(open_water*heat)]
    call MPI_Reduce(mine, all_ranks, 3, MPI_DOUBLE_PRECISION, MPI_SUM, 0, MPI_COMM_WORLD)
    if (rank == 0) print "(a, i0, 2(a, f0.9))", "interval ", interval, &
      ": temperature [K] ", all_ranks(2)/all_ranks(1), ", heat [W m-2] ", all_ranks(3)/all_ranks(1)
  end subroutine report

  !! After a failure one rank says why, and all end with a code that is not zero.
  subroutine check(status)
    type(ngcm_status), intent(in) :: status
    real(dp) :: began

    if (status%ok()) return
    ! Another rank has failed, knows the reason, and ends this one while it waits here.
    if (status%code == ngcm_error_parallel) call MPI_Barrier(MPI_COMM_WORLD)
    ! What all ranks have met the first one says, and ends the others meanwhile.
    began = MPI_Wtime()
    do while (rank > 0 .and. MPI_Wtime() - began < 2.0_dp)
    end do
    call status%print()
    call MPI_Abort(MPI_COMM_WORLD, 1)
  end subroutine check

end program host

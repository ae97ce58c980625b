!! A component of OASIS3-MCT that sends what stands in files and keeps what it receives:
!! `oasis_partner FILE.nml`. It sends field F from `F.sent`, doubles in the order of its points, the
!! same at every date, and appends what it receives of F to `F.received`. One rank.
program oasis_partner
  use, intrinsic :: iso_c_binding, only: c_double
  use mod_oasis, only: oasis_def_partition, oasis_def_var, oasis_enddef, oasis_get, oasis_in, &
    oasis_init_comp, oasis_out, oasis_put, oasis_real, oasis_terminate, oasis_var_uncpl
  implicit none (type, external)

  integer, parameter :: dp = c_double, most_fields = 64, serial = 0
  character(8) :: component, sends(most_fields), receives(most_fields)
  integer :: nlon, nlat, interval_seconds, intervals
  namelist /partner/ component, sends, receives, nlon, nlat, interval_seconds, intervals
  real(dp), allocatable :: values(:)
  integer :: out(most_fields), in(most_fields)
  integer :: unit, id, partition, info, i, interval, date
  character(256) :: file

  component = "ocean"
  sends = ""
  receives = ""
  call get_command_argument(1, file)
  open (newunit=unit, file=file, status="old", action="read")
  read (unit, nml=partner)
  close (unit)

  call oasis_init_comp(id, trim(component), info)
  call oasis_def_partition(partition, [serial, 0, nlon*nlat], info, nlon*nlat)
  allocate (values(nlon*nlat))
  out = oasis_var_uncpl
  in = oasis_var_uncpl
  do i = 1, most_fields
    if (receives(i) /= "") call define(in(i), receives(i), oasis_in)
    if (sends(i) /= "") call define(out(i), sends(i), oasis_out)
  end do
  call oasis_enddef(info)

  do interval = 1, intervals
    date = (interval - 1)*interval_seconds
    do i = 1, most_fields
      if (in(i) == oasis_var_uncpl) cycle
      call oasis_get(in(i), date, values, info)
      open (newunit=unit, file=trim(receives(i))//".received", form="unformatted", &
        access="stream", action="write", position="append")
      write (unit) values
      close (unit)
    end do
    do i = 1, most_fields
      if (out(i) == oasis_var_uncpl) cycle
      open (newunit=unit, file=trim(sends(i))//".sent", form="unformatted", access="stream", &
        status="old", action="read")
      read (unit) values
      close (unit)
      call oasis_put(out(i), date, values, info)
    end do
  end do
  call oasis_terminate(info)

contains

  !! Makes a field known to OASIS.
  subroutine define(port, name, direction)
    integer, intent(out) :: port
    character(*), intent(in) :: name
    integer, intent(in) :: direction

    call oasis_def_var(port, trim(name), partition, [1, 1], direction, [1, nlon*nlat], oasis_real, &
      info)
  end subroutine define

end program oasis_partner

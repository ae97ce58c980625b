!! How long the driver runs and how much it prints: its namelist group &ngcm_driver.
module run_length
  use namelist_status, only: read_status
  use ngcm_errors, only: ngcm_error_config, ngcm_status
  use ngcm_kinds, only: i8
  implicit none (type, external)
  private

  public :: read_run_length

contains

  !! Gives the number of coupling intervals to run; a group that is not in the file leaves the
  !! default of 24 hours, and a line each interval.
  subroutine read_run_length(file, interval, intervals, status, intervals_per_line)
    !! path of the namelist file
    character(*), intent(in) :: file
    !! coupling interval [s]
    integer, intent(in) :: interval
    integer, intent(out) :: intervals
    type(ngcm_status), intent(out) :: status
    !! after how many intervals the driver prints a line
    integer, optional, intent(out) :: intervals_per_line
    integer :: run_hours, hours_per_line
    namelist /ngcm_driver/ run_hours, hours_per_line
    integer :: unit, error
    integer(i8) :: seconds
    character(512) :: reason

    run_hours = 24
    hours_per_line = 0
    open (newunit=unit, file=file, status="old", action="read", iostat=error, iomsg=reason)
    if (error == 0) then
      read (unit, nml=ngcm_driver, iostat=error, iomsg=reason)
      close (unit)
    end if
    status = read_status(file, "ngcm_driver", error, reason)
    seconds = 3600_i8*run_hours
    if (status%ok() .and. (seconds < interval .or. modulo(seconds, int(interval, i8)) /= 0)) then
      write (reason, "(a, i0, a, i0, a)") ": &ngcm_driver: run_hours=", run_hours, &
        " is not a multiple of the coupling interval of ", interval, " s"
      status = ngcm_status(ngcm_error_config, file//trim(reason))
    end if
    intervals = int(seconds/interval)
    if (present(intervals_per_line)) then
      intervals_per_line = max(1, int(3600_i8*hours_per_line/interval))
    end if
  end subroutine read_run_length

end module run_length

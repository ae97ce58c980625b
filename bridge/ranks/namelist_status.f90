!! The driver's own groups of the namelist file, which the library has checked when it was created.
module namelist_status
  use ngcm_errors, only: ngcm_error_config, ngcm_ok, ngcm_status
  implicit none (type, external)
  private

  public :: read_status

contains

  !! How reading a group has ended. A group that is not in the file leaves the defaults.
  function read_status(file, group, error, reason) result(status)
    character(*), intent(in) :: file, group
    !! iostat and iomsg of the open and the read statement
    integer, intent(in) :: error
    character(*), intent(in) :: reason
    type(ngcm_status) :: status

    if (error > 0) then
      status = ngcm_status(ngcm_error_config, file//": &"//group//": "//trim(reason)// &
        "; `ngcm-coupler check "//file//"` says what may stand there")
    else
      status = ngcm_status(ngcm_ok, "")
    end if
  end function read_status

end module namelist_status

!! The driver's own groups of the namelist file, which the library has checked when it was created.
module namelist_status
  use ngcm_errors, only: ngcm_error_config, ngcm_ok, ngcm_status
  implicit none (type, external)
  private

  public :: read_status

  integer, parameter :: longest_line = 4096
  !! those of names
  character(*), parameter :: letters = "abcdefghijklmnopqrstuvwxyz0123456789_"

contains

  !! How reading a group has ended. A group that is not in the file leaves the defaults; one that
  !! the file does not end is an error, although reading ends with the end of the file there too.
  function read_status(file, group, error, reason) result(status)
    character(*), intent(in) :: file, group
    !! iostat and iomsg of the open and the read statement
    integer, intent(in) :: error
    character(*), intent(in) :: reason
    type(ngcm_status) :: status
    character(:), allocatable :: fault

    fault = ""
    if (error > 0) fault = trim(reason)
    if (is_iostat_end(error)) then
      if (is_cut(file, group)) fault = "the file ends before the / of the group"
    end if
    status = ngcm_status(ngcm_ok, "")
    if (fault /= "") then
      status = ngcm_status(ngcm_error_config, file//": &"//group//": "//fault// &
        "; `ngcm-coupler check "//file//"` says what may stand there")
    end if
  end function read_status

  !! Whether a file has a group and does not end it.
  function is_cut(file, group)
    character(*), intent(in) :: file, group
    logical :: is_cut
    character(longest_line) :: line
    integer :: unit, error, after

    is_cut = .false.
    open (newunit=unit, file=file, status="old", action="read", iostat=error)
    if (error /= 0) return
    do
      read (unit, "(a)", iostat=error) line
      if (error /= 0) exit
      line = bare(line)
      if (.not. is_cut) then
        after = max(index(line, "&"//group), index(line, "$"//group)) + 1 + len(group)
        if (after == 1 + len(group) .or. verify(line(after:after), letters) == 0) cycle
        line = line(after:)
      end if
      is_cut = scan(line, "/") == 0 .and. index(line, "&end") == 0 .and. index(line, "$end") == 0
      if (.not. is_cut) exit
    end do
    close (unit)
  end function is_cut

  !! A line in lower case, without strings and comment.
  pure function bare(line)
    character(*), intent(in) :: line
    character(len(line)) :: bare
    character :: letter, quote
    integer :: place

    bare = ""
    quote = " "
    do place = 1, len(line) - 1
      letter = line(place:place)
      if (quote /= " ") then
        if (letter == quote) quote = " "
      else if (letter == "!") then
        exit
      else if (letter == "'" .or. letter == """") then
        quote = letter
      else if (letter >= "A" .and. letter <= "Z") then
        bare(place:place) = achar(iachar(letter) + 32)
      else
        bare(place:place) = letter
      end if
    end do
  end function bare

end module namelist_status

!! The ocean's side of the coupling through OASIS3-MCT.
module ocean_exchange
  use mod_oasis, only: oasis_def_partition, oasis_def_var, oasis_enddef, oasis_fromrest, &
    oasis_fromrestout, oasis_get, oasis_in, oasis_input, oasis_out, oasis_put, oasis_real, &
    oasis_recvd, oasis_recvout, oasis_var_uncpl
  use mod_oasis_namcouple, only: namdstfld, namdstgrd, namflddti, namfldlag, namruntim, namsrcfld, &
    namsrcgrd
  use nemo_fields, only: current, evaporation, ice_evaporation, ice_fraction, ice_solar, pressure, &
    received_names, sent_names, solar
  use ngcm_errors, only: ngcm_error_config, ngcm_error_value, ngcm_ok, ngcm_status
  use ngcm_kinds, only: dp
  use ocean_settings, only: settings
  use point_blocks, only: blocks
  use, intrinsic :: ieee_arithmetic, only: ieee_is_finite
  implicit none (type, external)
  private

  public :: exchange

  type :: exchange
    !! whether the namcouple couples a field
    logical :: receives(size(received_names)) = .false.
    logical :: sends(size(sent_names)) = .false.
    integer, private :: received_id(size(received_names)) = 0
    integer, private :: sent_id(size(sent_names)) = 0
  contains
    procedure :: define
    procedure :: receive
    procedure :: send
    procedure, private :: check_sets
    procedure, private :: check_namcouple
  end type exchange

contains

  !! Tells OASIS of this rank's points and of the fields, and sees whether the namcouple fits.
  subroutine define(self, points, config, status)
    class(exchange), intent(inout) :: self
    type(blocks), intent(in) :: points
    type(settings), intent(in) :: config
    type(ngcm_status), intent(out) :: status
    !! OASIS' number of a decomposition into blocks of neighbours ("ORANGE")
    integer, parameter :: orange = 3
    integer :: part, error, i, bounds(2), nodims(2)

    ! OASIS counts points from 0.
    call oasis_def_partition(part, [orange, size(points%first), &
      [([points%first(i) - 1, points%length(i)], i=1, size(points%first))]], error, points%points)
    nodims = 1
    bounds = [1, size(points%global_index)]
    do i = 1, size(received_names)
      call oasis_def_var(self%received_id(i), trim(received_names(i)), part, nodims, oasis_in, &
        bounds, oasis_real, error)
    end do
    do i = 1, size(sent_names)
      call oasis_def_var(self%sent_id(i), trim(sent_names(i)), part, nodims, oasis_out, &
        bounds, oasis_real, error)
    end do
    self%receives = self%received_id /= oasis_var_uncpl
    self%sends = self%sent_id /= oasis_var_uncpl
    call self%check_sets(status)
    if (status%ok()) call self%check_namcouple(config, status)
  end subroutine define

  !! Gets what is coupled at `seconds` since the start of the run; the rest stays as it is.
  subroutine receive(self, seconds, sea, values, status)
    class(exchange), intent(in) :: self
    integer, intent(in) :: seconds
    !! whether a point is sea; on land OASIS gives nothing
    logical, intent(in) :: sea(:)
    !! shape (points, fields)
    real(dp), intent(inout) :: values(:, :)
    type(ngcm_status), intent(out) :: status
    integer :: field, info
    character(128) :: text

    status = ngcm_status(ngcm_ok, "")
    do field = 1, size(received_names)
      if (.not. self%receives(field)) cycle
      call oasis_get(self%received_id(field), seconds, values(:, field), info)
      if (.not. any(info == [oasis_recvd, oasis_recvout, oasis_fromrest, oasis_fromrestout, &
        oasis_input])) then
        write (text, "(3a, i0, a)") "OASIS gave no ", trim(received_names(field)), " at ", &
          seconds, " s; its period in the namcouple must be the coupling interval"
        status = ngcm_status(ngcm_error_config, trim(text))
        return
      end if
    end do
    do field = 1, size(received_names)
      if (.not. self%receives(field)) cycle
      if (any(sea .and. .not. ieee_is_finite(values(:, field)))) then
        write (text, "(2a, i0, a, i0, a)") trim(received_names(field)), " as received at ", &
          seconds, " s is not finite at ", &
          count(sea .and. .not. ieee_is_finite(values(:, field))), " points of sea of a rank"
        status = ngcm_status(ngcm_error_value, trim(text)//": see what the atmosphere sent")
        return
      end if
    end do
    if (self%receives(pressure)) then
      if (any(sea .and. values(:, pressure) <= 0.0_dp)) then
        status = ngcm_status(ngcm_error_value, "O_MSLP is 0 at points of sea, as OASIS leaves it " &
          //"where no weight reaches: make the weights anew with `ngcm-coupler weights`")
      end if
    end if
  end subroutine receive

  !! Gives what is coupled, at `seconds` since the start of the run.
  subroutine send(self, seconds, values)
    class(exchange), intent(in) :: self
    integer, intent(in) :: seconds
    !! shape (points, fields)
    real(dp), intent(inout) :: values(:, :)
    integer :: field, info

    do field = 1, size(sent_names)
      if (self%sends(field)) call oasis_put(self%sent_id(field), seconds, values(:, field), info)
    end do
  end subroutine send

  !! Sees whether all is coupled that must be, and sets of fields wholly or not at all.
  subroutine check_sets(self, status)
    class(exchange), intent(in) :: self
    type(ngcm_status), intent(out) :: status
    character(:), allocatable :: missing

    missing = lacking(self%receives(solar:evaporation), received_names(solar:evaporation))// &
      lacking(self%sends(:ice_fraction), sent_names(:ice_fraction))
    if (any(self%sends(current:))) missing = missing &
      //lacking(self%sends(current:), sent_names(current:))
    if (any(self%receives(:3)) .or. any(self%sends(current:))) missing = missing &
      //lacking(self%receives(:3), received_names(:3))
    if (any(self%receives(ice_solar:ice_evaporation))) missing = missing &
      //lacking(self%receives(ice_solar:ice_evaporation), received_names(ice_solar:ice_evaporation))
    status = ngcm_status(ngcm_ok, "")
    if (missing /= "") then
      status = ngcm_status(ngcm_error_config, "the namcouple does not couple "//missing(3:)// &
        ", which the ocean needs: list the fields in &ngcm_coupling imports and &ngcm_oasis " &
        //"exports, name them in partner_names, and write it anew with `ngcm-coupler namcouple`")
    end if
  end subroutine check_sets

  !! The names of fields that are not coupled, each after a comma.
  function lacking(coupled, names) result(text)
    logical, intent(in) :: coupled(:)
    character(*), intent(in) :: names(:)
    character(:), allocatable :: text
    integer :: i

    text = ""
    do i = 1, size(names)
      if (.not. coupled(i)) text = text//", "//trim(names(i))
    end do
  end function lacking

  !! Sees whether the namcouple has the run's length, interval, lag and grid.
  subroutine check_namcouple(self, config, status)
    class(exchange), intent(in) :: self
    type(settings), intent(in) :: config
    type(ngcm_status), intent(out) :: status
    character(512) :: text
    integer :: entry
    logical :: received, sent

    text = ""
    if (namruntim /= config%interval*config%intervals) then
      write (text, "(a, i0, a, i0, a)") "$RUNTIME is ", namruntim, &
        " s, and &ngcm_driver run_hours ", config%interval*config%intervals, " s"
    end if
    do entry = 1, size(namflddti)
      received = any(received_names == namdstfld(entry) .and. self%receives)
      sent = any(sent_names == namsrcfld(entry) .and. self%sends)
      if (text /= "" .or. .not. (received .or. sent)) cycle
      if (namflddti(entry) /= config%interval) then
        write (text, "(4a, i0, a, i0, a)") trim(namsrcfld(entry)), " to ", trim(namdstfld(entry)), &
          " has a period of ", namflddti(entry), " s, and &ngcm_coupling interval_seconds is ", &
          config%interval, " s"
      else if (received .and. namdstgrd(entry) /= config%grid) then
        text = trim(namdstfld(entry))//" comes on the grid '"//trim(namdstgrd(entry))// &
          "', and the ocean has '"//config%grid//"' (&ngcm_grid sea_grid_name)"
      else if (sent .and. namsrcgrd(entry) /= config%grid) then
        text = trim(namsrcfld(entry))//" goes from the grid '"//trim(namsrcgrd(entry))// &
          "', and the ocean has '"//config%grid//"' (&ngcm_grid sea_grid_name)"
      else if (sent .and. namfldlag(entry) /= config%step) then
        write (text, "(2a, i0, a, i0, a)") trim(namsrcfld(entry)), " has a LAG of ", &
          namfldlag(entry), " s, and the ocean's step is ", config%step, " s"
      end if
    end do
    status = ngcm_status(ngcm_ok, "")
    if (text /= "") status = ngcm_status(ngcm_error_config, "namcouple: "//trim(text)// &
      "; write it anew with `ngcm-coupler namcouple`, or correct "//config%file// &
      ", which both programs must be given")
  end subroutine check_namcouple

end module ocean_exchange

!! The signals by which batch systems say that a job's time is nearly over: SIGTERM and SIGUSR1.
module stop_signals
  use, intrinsic :: iso_c_binding, only: c_int
  implicit none (type, external)
  private

  public :: stop_signals_hold, stop_signals_watch, stop_signals_release, stop_signal_received

  interface
    !! From now on SIGUSR1 is only noted: for the time before it is known whether restarts are kept.
    subroutine stop_signals_hold() bind(c)
      implicit none (type, external)
    end subroutine stop_signals_hold

    !! From now on SIGUSR1 ends the process again, as one that has been noted does at once.
    subroutine stop_signals_release() bind(c)
      implicit none (type, external)
    end subroutine stop_signals_release

    !! From now on the signals are only noted, and the program has to ask for them.
    subroutine stop_signals_watch() bind(c)
      implicit none (type, external)
    end subroutine stop_signals_watch

    integer(c_int) function c_received() bind(c, name="stop_signals_received")
      import :: c_int
      implicit none (type, external)
    end function c_received
  end interface

contains

  !! Whether one of them has come to this process.
  logical function stop_signal_received()
    stop_signal_received = c_received() /= 0
  end function stop_signal_received

end module stop_signals

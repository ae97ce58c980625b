// What the library must leave in the host process as it found it.
#pragma once

#include <signal.h>

#include <array>
#include <cfenv>

namespace ngcm {

// Runs a scope in the default floating-point environment. A Fortran host may trap on invalid
// operations, which numerical Python raises on purpose, and a host built with -Ofast flushes
// subnormal numbers to zero, which would change the atmosphere's results. Threads that are
// started inside inherit the default. std::feholdexcept is not enough: it keeps flush-to-zero.
class DefaultFloatingPoint {
 public:
  DefaultFloatingPoint() noexcept {
    std::fegetenv(&host_);
    std::fesetenv(FE_DFL_ENV);
  }
  // Unlike std::feupdateenv, this does not raise in the host what was raised in here.
  ~DefaultFloatingPoint() { std::fesetenv(&host_); }
  DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
  DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;

 private:
  std::fenv_t host_;
};

// Puts the host's signal actions back at the end of a scope: imported Python packages install
// their own, of SIGINT above all.
class HostSignalActions {
 public:
  HostSignalActions() noexcept {
    for (int number = 1; number < NSIG; ++number) {
      known_[number] = sigaction(number, nullptr, &actions_[number]) == 0;
    }
  }
  ~HostSignalActions() {
    for (int number = 1; number < NSIG; ++number) {
      // Refused for SIGKILL and SIGSTOP, whose actions cannot have changed either.
      if (known_[number]) sigaction(number, &actions_[number], nullptr);
    }
  }
  HostSignalActions(const HostSignalActions&) = delete;
  HostSignalActions& operator=(const HostSignalActions&) = delete;

 private:
  std::array<struct sigaction, NSIG> actions_{};
  std::array<bool, NSIG> known_{};
};

}  // namespace ngcm

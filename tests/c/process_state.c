/* The process is as it was after every call: `process_state FILE.nml`. */
#define _GNU_SOURCE /* feenableexcept */
#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "check.h"

enum { POINTS = 64 * 32, TRAPS = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW };

static void on_signal(int number) { (void)number; }

static void check_floating_point(void) {
  CHECK(fegetexcept() == TRAPS);
  CHECK(fegetround() == FE_UPWARD);
  CHECK(fetestexcept(FE_ALL_EXCEPT) == FE_UNDERFLOW);
}

static void check_signals(void) {
  const int handled[] = {SIGINT, SIGTERM, SIGCHLD, SIGUSR1};
  struct sigaction action;
  for (size_t i = 0; i < sizeof handled / sizeof *handled; ++i) {
    sigaction(handled[i], NULL, &action);
    CHECK(action.sa_handler == on_signal);
  }
  const int left_alone[] = {SIGPIPE, SIGSEGV, SIGFPE};
  for (size_t i = 0; i < sizeof left_alone / sizeof *left_alone; ++i) {
    sigaction(left_alone[i], NULL, &action);
    CHECK(action.sa_handler == SIG_DFL);
  }
}

int main(int argc, char **argv) {
  const char *namelist = argc > 1 ? argv[1] : "";
  static double values[POINTS];
  int handle, id;

  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGCHLD, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  /* What batch modules set for a Python of their own. */
  setenv("PYTHONHOME", "/nowhere/python", 1);
  /* In the C locale Python would by default choose another, for itself and its children. */
  unsetenv("LC_ALL");
  unsetenv("LC_CTYPE");
  setenv("LANG", "C", 1);
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_UNDERFLOW);
  feenableexcept(TRAPS);
  fesetround(FE_UPWARD);

  EXPECT_OK(ngcm_create(namelist, NGCM_NO_MPI, &handle));
  check_floating_point();
  check_signals();
  CHECK(strcmp(getenv("PYTHONHOME"), "/nowhere/python") == 0);
  CHECK(getenv("LC_CTYPE") == NULL);
  CHECK(strcmp(setlocale(LC_ALL, NULL), "C") == 0);

  /* Both raise floating-point exceptions inside. */
  EXPECT_OK(ngcm_field_id(handle, "sea_surface_temperature", &id));
  values[0] = NAN;
  EXPECT(NGCM_ERROR_VALUE, "", ngcm_put_f64(handle, id, values, POINTS));
  check_floating_point();
  for (int i = 0; i < POINTS; ++i) values[i] = 290.0;
  EXPECT_OK(ngcm_put_f64(handle, id, values, POINTS));
  memset(values, 0, sizeof values);
  EXPECT_OK(ngcm_field_id(handle, "sea_ice_area_fraction", &id));
  EXPECT_OK(ngcm_put_f64(handle, id, values, POINTS));
  EXPECT_OK(ngcm_advance(handle, 3600));
  check_floating_point();
  EXPECT_OK(ngcm_wait(handle));
  EXPECT_OK(ngcm_destroy(handle));
  check_floating_point();
  check_signals();
  return failures;
}

/* Python raises, or answers nonsense, where it should not: `sabotaged FILE.nml`. The test that runs
 * this host replaces functions of the package. */
#include "check.h"

int main(int argc, char **argv) {
  double value = 0.0;
  int64_t seconds;
  char date[32];
  int handle, number;
  if (argc != 2) return 2;
  EXPECT_OK(ngcm_create(argv[1], NGCM_NO_MPI, &handle));
  EXPECT(NGCM_ERROR_INTERNAL, "SystemExit", ngcm_wait(handle));
  EXPECT(NGCM_ERROR_INTERNAL, "KeyboardInterrupt", ngcm_advance(handle, 0));
  EXPECT(NGCM_ERROR_INTERNAL, "MemoryError", ngcm_time(handle, date, sizeof date));
  EXPECT(NGCM_ERROR_INTERNAL, "sitecustomize.py", ngcm_write_restart(handle, "restart.nc"));
  EXPECT(NGCM_ERROR_INTERNAL, "cast", ngcm_field_count(handle, &number));
  EXPECT(NGCM_ERROR_INTERNAL, "cast", ngcm_coupling_interval(handle, &seconds));
  EXPECT(NGCM_ERROR_INTERNAL, "still in use", ngcm_put_f64(handle, 1, &value, 1));
  EXPECT(NGCM_ERROR_INTERNAL, "read-only", ngcm_put_f32(handle, 1, &(float){0.0f}, 1));
  EXPECT(NGCM_ERROR_INTERNAL, "\xc3\xa9", ngcm_get_f64(handle, 1, &value, 1));
  EXPECT_OK(ngcm_destroy(handle));
  return failures;
}

/* Every misuse ends in its status and a message, and the component lives on: `misuse FILE.nml`. */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"

enum { POINTS = 64 * 32 };

static void before_create(void) {
  double value = 0.0;
  int number;
  int (*python_runs)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsInitialized");
  EXPECT(NGCM_ERROR_HANDLE, "ngcm_create", ngcm_wait(1));
  EXPECT(NGCM_ERROR_HANDLE, "ngcm_create", ngcm_put_f64(1, 1, &value, 1));
  EXPECT(NGCM_ERROR_HANDLE, "ngcm_create", ngcm_grid_size(0, NULL, NULL));
  EXPECT(NGCM_ERROR_HANDLE, "ngcm_create", ngcm_destroy(1));
  EXPECT(NGCM_ERROR_ARGUMENT, "namelist_path", ngcm_create(NULL, NGCM_NO_MPI, &number));
  CHECK(number == 0);
  CHECK(python_runs != NULL && !python_runs());
}

static void null_pointers(int handle, const char *namelist) {
  char text[8];
  int number;
  EXPECT(NGCM_ERROR_ARGUMENT, "handle", ngcm_create(namelist, NGCM_NO_MPI, NULL));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_grid_size(handle, NULL, &number));
  EXPECT_OK(ngcm_grid(handle, NULL, NULL, NULL, NULL, NULL, NULL));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_set_partition(handle, 1, NULL));
  EXPECT(NGCM_ERROR_ARGUMENT, "negative", ngcm_set_partition(handle, -1, &number));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_coupling_interval(handle, NULL));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_field_count(handle, NULL));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_instances(handle, NULL));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_field_id(handle, NULL, &number));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_field_id(handle, "height", NULL));
  EXPECT(NGCM_ERROR_ARGUMENT, "length",
         ngcm_field_info(handle, 1, NULL, 8, NULL, 0, NULL, 0, NULL, 0, NULL, 0));
  EXPECT(NGCM_ERROR_ARGUMENT, "length",
         ngcm_field_info(handle, 1, text, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_put_f64(handle, 1, NULL, POINTS));
  EXPECT(NGCM_ERROR_ARGUMENT, "negative", ngcm_put_f32(handle, 1, NULL, -1));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_get_f64(handle, 1, NULL, POINTS));
  EXPECT(NGCM_ERROR_ARGUMENT, "negative", ngcm_get_f32(handle, 1, NULL, INT_MIN));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_time(handle, NULL, 8));
  EXPECT(NGCM_ERROR_ARGUMENT, "n < 1", ngcm_time(handle, text, 0));
  EXPECT(NGCM_ERROR_ARGUMENT, "null", ngcm_write_restart(handle, NULL));
  CHECK(ngcm_last_error(NULL, 8) == NGCM_ERROR_ARGUMENT);
  CHECK(ngcm_last_error(text, 0) == NGCM_ERROR_ARGUMENT);
  CHECK(ngcm_error_name(NGCM_OK, NULL, 8) == NGCM_ERROR_ARGUMENT);
}

static void texts_are_truncated_and_terminated(int handle) {
  char text[8];
  CHECK(ngcm_error_name(NGCM_ERROR_CHECKPOINT, text, sizeof text) == NGCM_OK);
  CHECK(strcmp(text, "checkpo") == 0);
  CHECK(ngcm_error_name(99, text, sizeof text) == NGCM_OK && strcmp(text, "unknown") == 0);
  EXPECT(NGCM_ERROR_HANDLE, "1234567", ngcm_wait(1234567));
  CHECK(ngcm_last_error(text, sizeof text) == NGCM_OK && strlen(text) == 7);
  CHECK(ngcm_last_error(text, 1) == NGCM_OK && text[0] == '\0');
  EXPECT_OK(ngcm_time(handle, text, 5));
  CHECK(strcmp(text, "2000") == 0);
}

static void wrong_fields(int handle) {
  static double values[POINTS];
  int id, height;
  EXPECT(NGCM_ERROR_FIELD, "sea_surface_temperature",
         ngcm_field_id(handle, "sea_surface_temperatur", &id));
  EXPECT(NGCM_ERROR_FIELD, "99", ngcm_put_f64(handle, 99, values, POINTS));
  EXPECT(NGCM_ERROR_FIELD, "0", ngcm_get_f64(handle, 0, values, POINTS));
  EXPECT_OK(ngcm_field_id(handle, "height", &height));
  EXPECT(NGCM_ERROR_FIELD, "height", ngcm_put_f64(handle, height, values, POINTS));
  EXPECT(NGCM_ERROR_SHAPE, "height", ngcm_get_f64(handle, height, values, POINTS - 1));
  EXPECT(NGCM_ERROR_SHAPE, "", ngcm_put_f64(handle, 1, NULL, 0));
}

static void wrong_values(int handle) {
  static double values[POINTS];
  static float in_single[POINTS];
  int id;
  EXPECT_OK(ngcm_field_id(handle, "sea_surface_temperature", &id));
  for (int i = 0; i < POINTS; ++i) values[i] = in_single[i] = 290.0f;
  values[100] = NAN;
  EXPECT(NGCM_ERROR_VALUE, "sea_surface_temperature", ngcm_put_f64(handle, id, values, POINTS));
  EXPECT(NGCM_ERROR_VALUE, "1 of 2048", ngcm_put_f64(handle, id, values, POINTS));
  values[100] = 290.0;
  values[200] = 17.0; /* degrees Celsius, the mistake that everybody makes once */
  values[300] = 18.0;
  EXPECT(NGCM_ERROR_VALUE, "2 of 2048", ngcm_put_f64(handle, id, values, POINTS));
  EXPECT(NGCM_ERROR_VALUE, "17", ngcm_put_f64(handle, id, values, POINTS));
  in_single[0] = -INFINITY;
  EXPECT(NGCM_ERROR_VALUE, "inf", ngcm_put_f32(handle, id, in_single, POINTS));
}

static void wrong_times(int handle) {
  static double values[POINTS];
  int latent, ice;
  EXPECT_OK(ngcm_field_id(handle, "surface_downward_latent_heat_flux_over_ice_free_sea", &latent));
  EXPECT(NGCM_ERROR_STATE, "advance", ngcm_get_f64(handle, latent, values, POINTS));
  EXPECT(NGCM_ERROR_STATE, "sea_surface_temperature", ngcm_advance(handle, 3600));
  for (int i = 0; i < POINTS; ++i) values[i] = 290.0;
  EXPECT_OK(ngcm_put_f64(handle, 1, values, POINTS));
  memset(values, 0, sizeof values);
  EXPECT_OK(ngcm_field_id(handle, "sea_ice_area_fraction", &ice));
  EXPECT_OK(ngcm_put_f64(handle, ice, values, POINTS));
  EXPECT(NGCM_ERROR_ARGUMENT, "3600", ngcm_advance(handle, 1800));
  EXPECT_OK(ngcm_advance(handle, 3600));
  EXPECT_OK(ngcm_get_f64(handle, latent, values, POINTS));
}

int main(int argc, char **argv) {
  const char *namelist = argc > 1 ? argv[1] : "";
  char date[32];
  int handle, no_handle;
  before_create();
  EXPECT_OK(ngcm_create(namelist, NGCM_NO_MPI, &handle));
  null_pointers(handle, namelist);
  texts_are_truncated_and_terminated(handle);
  wrong_fields(handle);
  wrong_values(handle);
  wrong_times(handle);
  EXPECT(NGCM_ERROR_CONFIG, "/nowhere.nml", ngcm_create("/nowhere.nml", NGCM_NO_MPI, &no_handle));
  CHECK(no_handle == 0);
  /* 0 is no communicator of a program without MPI_Init. */
  EXPECT(NGCM_ERROR_PARALLEL, "MPI", ngcm_create(namelist, 0, &no_handle));
  EXPECT(NGCM_ERROR_OUTPUT, "/nowhere/", ngcm_write_restart(handle, "/nowhere/restart.nc"));
  EXPECT_OK(ngcm_time(handle, date, sizeof date));
  CHECK(strcmp(date, "2000-01-01T01:00:00") == 0);
  EXPECT_OK(ngcm_destroy(handle));
  EXPECT(NGCM_ERROR_HANDLE, "destroyed", ngcm_wait(handle));
  EXPECT(NGCM_ERROR_HANDLE, "destroyed", ngcm_destroy(handle));
  return failures;
}

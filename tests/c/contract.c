/* The library used as ngcm.h says, with two components in one process: `contract FILE.nml`. */
#include <math.h>
#include <stdlib.h>

#include "check.h"

enum { NLON = 64, NLAT = 32, POINTS = NLON * NLAT };

static double lon[POINTS], lat[POINTS], corner_lon[4 * POINTS], corner_lat[4 * POINTS];
static double area[POINTS], land_fraction[POINTS];

static void check_grid(int handle) {
  const double sphere = 5.1e14; /* [m2] */
  double total = 0.0;
  int nlon, nlat;
  EXPECT_OK(ngcm_grid_size(handle, &nlon, &nlat));
  CHECK(nlon == NLON && nlat == NLAT);
  EXPECT_OK(ngcm_grid(handle, lon, lat, corner_lon, corner_lat, area, land_fraction));
  for (int i = 0; i < POINTS; ++i) {
    total += area[i];
    CHECK(land_fraction[i] >= 0.0 && land_fraction[i] <= 1.0);
    for (int corner = 0; corner < 4; ++corner) {
      CHECK(fabs(corner_lat[4 * i + corner] - lat[i]) < 180.0 / NLAT);
      CHECK(fabs(remainder(corner_lon[4 * i + corner] - lon[i], 360.0)) < 360.0 / NLON);
    }
  }
  CHECK(fabs(total / sphere - 1.0) < 0.01);
  CHECK(lon[1] > lon[0] && lat[1] == lat[0]);      /* longitude runs fastest */
  CHECK(lat[0] < 0.0 && lat[0] < lat[POINTS - 1]); /* south to north */

  double only_area[POINTS];
  EXPECT_OK(ngcm_grid(handle, NULL, NULL, NULL, NULL, only_area, NULL));
  CHECK(memcmp(only_area, area, sizeof area) == 0);
}

static void check_fields(int handle) {
  int count, id, imports = 0;
  EXPECT_OK(ngcm_instances(handle, &count));
  CHECK(count == 1);
  EXPECT_OK(ngcm_field_count(handle, &count));
  for (int i = 1; i <= count; ++i) {
    char name[64], units[16], direction[16], averaging[16], surface[16], short_name[4];
    EXPECT_OK(ngcm_field_info(handle, i, name, sizeof name, units, sizeof units, direction,
                              sizeof direction, averaging, sizeof averaging, surface,
                              sizeof surface));
    EXPECT_OK(ngcm_field_id(handle, name, &id));
    CHECK(id == i);
    CHECK(strcmp(averaging, "instantaneous") == 0 || strcmp(averaging, "interval_mean") == 0);
    imports += strcmp(direction, "import") == 0;
    char alias[9];
    EXPECT_OK(ngcm_field_alias(handle, i, "oasis", alias, sizeof alias));
    CHECK(strlen(alias) > 0);
    if (strcmp(name, "sea_surface_temperature") == 0) {
      CHECK(strcmp(alias, "NG_SST") == 0);
      EXPECT_OK(ngcm_field_alias(handle, i, "nuopc", alias, sizeof alias));
      CHECK(strcmp(alias, "So_t") == 0);
      CHECK(ngcm_field_alias(handle, i, "esmf", alias, sizeof alias) == NGCM_ERROR_ARGUMENT);
    }
    const char *over = strstr(name, "_over_");
    if (over != NULL) CHECK(strcmp(surface, over + strlen("_over_")) == 0);
    if (strcmp(name, "sea_surface_temperature") == 0) CHECK(strcmp(surface, "sea") == 0);
    if (strcmp(name, "height") == 0) CHECK(strlen(surface) == 0);
    EXPECT_OK(ngcm_field_info(handle, i, short_name, sizeof short_name, NULL, 0, NULL, 0, NULL, 0,
                              NULL, 0));
    CHECK(strlen(short_name) == 3 && strncmp(short_name, name, 3) == 0);
  }
  CHECK(imports == 2);
  CHECK(count > imports);
}

/* Sends an ocean of one temperature [K] without ice and advances by one interval. */
static void run_interval(int handle, double temperature) {
  static double sst[POINTS];
  static float ice[POINTS];
  int64_t seconds;
  int id;
  for (int i = 0; i < POINTS; ++i) sst[i] = temperature;
  EXPECT_OK(ngcm_field_id(handle, "sea_surface_temperature", &id));
  EXPECT_OK(ngcm_put_f64(handle, id, sst, POINTS));
  EXPECT_OK(ngcm_field_id(handle, "sea_ice_area_fraction", &id));
  EXPECT_OK(ngcm_put_f32(handle, id, ice, POINTS));
  EXPECT_OK(ngcm_coupling_interval(handle, &seconds));
  EXPECT_OK(ngcm_advance(handle, 0));
  EXPECT_OK(ngcm_advance(handle, seconds));
  /* The host may reuse its memory at once, even while the interval is being computed. */
  for (int i = 0; i < POINTS; ++i) sst[i] = 0.0;
}

static double mean_latent_heat(int handle) {
  static double values[POINTS];
  static float in_single[POINTS];
  double mean = 0.0;
  int id;
  EXPECT_OK(ngcm_field_id(handle, "surface_downward_latent_heat_flux_over_ice_free_sea", &id));
  EXPECT_OK(ngcm_get_f64(handle, id, values, POINTS));
  EXPECT_OK(ngcm_get_f32(handle, id, in_single, POINTS));
  for (int i = 0; i < POINTS; ++i) {
    CHECK(in_single[i] == (float)values[i]);
    mean += values[i] / POINTS;
  }
  return mean;
}

static void check_chain(int handle) {
  static double state[POINTS];
  int flag = -1;
  EXPECT_OK(ngcm_continues(handle, &flag));
  CHECK(flag == 0);
  EXPECT_OK(ngcm_keeps_restarts(handle, &flag));
  CHECK(flag == 0);
  EXPECT_OK(ngcm_restart_due(handle, &flag));
  CHECK(flag == 0);
  EXPECT_OK(ngcm_is_complete(handle, &flag));
  CHECK(flag == 0);
  EXPECT_OK(ngcm_save_f64(handle, "state", state, POINTS));
  CHECK(ngcm_save_f64(handle, "state", state, 3) == NGCM_ERROR_SHAPE);
  CHECK(ngcm_save_f64(handle, NULL, state, POINTS) == NGCM_ERROR_ARGUMENT);
  CHECK(ngcm_load_f64(handle, "state", state, POINTS) == NGCM_ERROR_STATE);
  CHECK(ngcm_on_timeout(handle, NULL) == NGCM_ERROR_ARGUMENT);
  CHECK(ngcm_stop_requested(handle, NULL) == NGCM_ERROR_ARGUMENT);
  EXPECT_OK(ngcm_stop_requested(handle, &flag));
  CHECK(flag == 0);
  EXPECT_OK(ngcm_request_stop(handle));
  EXPECT_OK(ngcm_stop_requested(handle, &flag));
  CHECK(flag == 1);
  EXPECT_OK(ngcm_write_restart(handle, "")); /* to nowhere, as the namelist says */
}

int main(int argc, char **argv) {
  const char *namelist = argc > 1 ? argv[1] : "";
  char date[32];
  int first, second;
  CHECK(ngcm_abi_version() == NGCM_ABI_VERSION);
  EXPECT_OK(ngcm_create(namelist, NGCM_NO_MPI, &first));
  EXPECT_OK(ngcm_create(namelist, NGCM_NO_MPI, &second));
  CHECK(first > 0 && second > 0 && first != second);
  check_grid(first);
  check_fields(first);

  run_interval(first, 280.0);
  run_interval(second, 300.0);
  run_interval(first, 280.0);
  EXPECT_OK(ngcm_wait(first));
  /* A warmer sea loses more heat by evaporation: the two do not share their imports. */
  CHECK(mean_latent_heat(second) < mean_latent_heat(first) - 10.0);
  EXPECT_OK(ngcm_time(first, date, sizeof date));
  CHECK(strcmp(date, "2000-01-01T02:00:00") == 0);
  EXPECT_OK(ngcm_time(second, date, sizeof date));
  CHECK(strcmp(date, "2000-01-01T01:00:00") == 0);

  check_chain(first);

  EXPECT_OK(ngcm_destroy(first));
  run_interval(second, 300.0);
  EXPECT_OK(ngcm_time(second, date, sizeof date));
  CHECK(strcmp(date, "2000-01-01T02:00:00") == 0);
  EXPECT_OK(ngcm_destroy(second));
  return failures;
}

/* A host linked to the system's netCDF, as every OASIS component is, whose atmosphere writes a
 * history file with a netCDF of its own: `netcdf_host FILE.nml HISTORY.nc`. */
#include <netcdf.h>

#include "check.h"

enum { POINTS = 64 * 32, INTERVALS = 2 };

int main(int argc, char **argv) {
  static double values[POINTS];
  int handle, id, file, dimension;
  size_t records = 0;
  if (argc != 3) return 2;
  /* Before the library is used, and so that the linker keeps libnetcdf. */
  CHECK(nc_inq_libvers() != NULL);
  CHECK(nc_create("host.nc", NC_NETCDF4 | NC_CLOBBER, &file) == NC_NOERR);
  CHECK(nc_close(file) == NC_NOERR);

  EXPECT_OK(ngcm_create(argv[1], NGCM_NO_MPI, &handle));
  for (int interval = 0; interval < INTERVALS; ++interval) {
    EXPECT_OK(ngcm_field_id(handle, "sea_surface_temperature", &id));
    for (int i = 0; i < POINTS; ++i) values[i] = 290.0;
    EXPECT_OK(ngcm_put_f64(handle, id, values, POINTS));
    EXPECT_OK(ngcm_field_id(handle, "sea_ice_area_fraction", &id));
    memset(values, 0, sizeof values);
    EXPECT_OK(ngcm_put_f64(handle, id, values, POINTS));
    EXPECT_OK(ngcm_advance(handle, 3600));
  }
  EXPECT_OK(ngcm_write_restart(handle, "restart.nc"));
  EXPECT_OK(ngcm_destroy(handle));

  /* The host's own netCDF still works, on the atmosphere's files too. */
  CHECK(nc_open(argv[2], NC_NOWRITE, &file) == NC_NOERR);
  CHECK(nc_inq_dimid(file, "time", &dimension) == NC_NOERR);
  CHECK(nc_inq_dimlen(file, dimension, &records) == NC_NOERR && records == INTERVALS);
  CHECK(nc_close(file) == NC_NOERR);
  CHECK(nc_open("restart.nc", NC_NOWRITE, &file) == NC_NOERR);
  CHECK(nc_close(file) == NC_NOERR);
  return failures;
}

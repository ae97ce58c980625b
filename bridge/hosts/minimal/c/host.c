/* The smallest complete host: six intervals over a sea that takes up the heat it is given. */
#include <mpi.h>
#include <ngcm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { INTERVALS = 6 };

/* Of 50 m of sea water [J m-2 K-1]. */
static const double heat_capacity = 1025.0 * 3990.0 * 50.0;

static int rank, ranks;

/* After a failure one rank says why, and all end with a code that is not zero. */
static void check(int status) {
  char name[32], message[4096];
  if (status == NGCM_OK) return;
  /* Another rank has failed, knows the reason, and ends this one while it waits here. */
  if (status == NGCM_ERROR_PARALLEL) MPI_Barrier(MPI_COMM_WORLD);
  /* What all ranks have met the first one says, and ends the others meanwhile. */
  if (rank > 0) sleep(2);
  ngcm_error_name(status, name, sizeof name);
  ngcm_last_error(message, sizeof message);
  fprintf(stderr, "ngcm: error %d (%s): %s\n", status, name, message);
  MPI_Abort(MPI_COMM_WORLD, 1);
}

static void *allocate(int n, size_t size) {
  void *array = calloc((size_t)n + 1, size); /* not null where a rank has no points */
  if (array == NULL) {
    fprintf(stderr, "host: out of memory\n");
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  return array;
}

static int field(int atmosphere, const char *name) {
  int id;
  check(ngcm_field_id(atmosphere, name, &id));
  return id;
}

int main(int argc, char **argv) {
  int atmosphere, nlon, nlat;
  int64_t seconds;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);

  check(ngcm_create("host.nml", MPI_Comm_c2f(MPI_COMM_WORLD), &atmosphere));
  check(ngcm_coupling_interval(atmosphere, &seconds));
  check(ngcm_grid_size(atmosphere, &nlon, &nlat));
  double *area = allocate(nlon * nlat, sizeof *area), *land = allocate(nlon * nlat, sizeof *land);
  check(ngcm_grid(atmosphere, NULL, NULL, NULL, NULL, area, land));

  /* This rank holds a band of latitudes: points are numbered from 1, eastwards, then northwards. */
  const int before = nlon * (rank * nlat / ranks);
  const int n = nlon * ((rank + 1) * nlat / ranks) - before;
  int *global_index = allocate(n, sizeof *global_index);
  for (int i = 0; i < n; ++i) global_index[i] = before + i + 1;
  check(ngcm_set_partition(atmosphere, n, global_index));

  const int sst_id = field(atmosphere, "sea_surface_temperature");
  const int ice_id = field(atmosphere, "sea_ice_area_fraction");
  const int solar_id = field(atmosphere, "surface_net_downward_shortwave_flux_over_ice_free_sea");
  const int nonsolar_id =
      field(atmosphere, "surface_downward_nonsolar_heat_flux_over_ice_free_sea");
  double *sst = allocate(n, sizeof *sst), *ice = allocate(n, sizeof *ice);
  double *solar = allocate(n, sizeof *solar), *nonsolar = allocate(n, sizeof *nonsolar);

  /* Before the first put an import holds the surface of the initial state. */
  check(ngcm_get_f64(atmosphere, sst_id, sst, n));
  check(ngcm_get_f64(atmosphere, ice_id, ice, n));

  for (int interval = 1; interval <= INTERVALS; ++interval) {
    check(ngcm_put_f64(atmosphere, sst_id, sst, n));
    check(ngcm_put_f64(atmosphere, ice_id, ice, n));
    check(ngcm_advance(atmosphere, seconds));
    check(ngcm_get_f64(atmosphere, solar_id, solar, n));
    check(ngcm_get_f64(atmosphere, nonsolar_id, nonsolar, n));

    /* Means over all open water, which the first rank prints. */
    double mine[3] = {0.0, 0.0, 0.0}, all[3];
    for (int i = 0; i < n; ++i) {
      const double heat = solar[i] + nonsolar[i];
      const double open_water = area[before + i] * (1.0 - land[before + i]) * (1.0 - ice[i]);
      /* A model of the sea has its place here; the ice stays as it is. */
      sst[i] += heat * (double)seconds / heat_capacity;
      mine[0] += open_water;
      mine[1] += open_water * sst[i];
      mine[2] += open_water * heat;
    }
    MPI_Reduce(mine, all, 3, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0)
      printf("interval %d: temperature [K] %.9f, heat [W m-2] %.9f\n", interval, all[1] / all[0],
             all[2] / all[0]);
  }

  check(ngcm_destroy(atmosphere));
  free(nonsolar);
  free(solar);
  free(ice);
  free(sst);
  free(global_index);
  free(land);
  free(area);
  MPI_Finalize();
  return 0;
}

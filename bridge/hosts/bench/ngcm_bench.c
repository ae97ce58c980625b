/* What a call of libngcm costs: `ngcm_bench FILE.nml REPEATS` prints one JSON object.
 *
 * Times are microseconds per call, float64, over the whole grid on one rank, without MPI: the
 * median of the repeats and the quartiles around it. "exchange" is what a coupling interval adds
 * to the atmosphere's own time: 8 puts, an advance by 0 s, which only sends the imports on, and
 * 15 gets. Components with fewer fields repeat them. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ngcm.h"

enum { PUTS = 8, GETS = 15, MAX_FIELDS = 256, MEMORY_CALLS = 10000 };

static int component;
static int points;
static double *values[MAX_FIELDS]; /* of each import, by place */
static double *received;
static int imports[MAX_FIELDS], exports[MAX_FIELDS];
static int import_count, export_count;

static void require(int status) {
  char message[4096], name[32];
  if (status == NGCM_OK) return;
  ngcm_error_name(status, name, sizeof name);
  ngcm_last_error(message, sizeof message);
  fprintf(stderr, "ngcm_bench: error %d (%s): %s\n", status, name, message);
  exit(1);
}

static double *allocate(int n) {
  double *array = malloc(sizeof *array * (size_t)n);
  if (array == NULL) {
    fprintf(stderr, "ngcm_bench: out of memory\n");
    exit(1);
  }
  return array;
}

static void put_one(int i) {
  const int place = i % import_count;
  require(ngcm_put_f64(component, imports[place], values[place], points));
}

static void get_one(int i) {
  require(ngcm_get_f64(component, exports[i % export_count], received, points));
}

static void send(int i) {
  (void)i;
  require(ngcm_advance(component, 0));
}

static void exchange(int i) {
  for (int field = 0; field < PUTS; ++field) put_one(field);
  send(i);
  for (int field = 0; field < GETS; ++field) get_one(field);
}

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1.0e6 * (double)now.tv_sec + 1.0e-3 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure(const char *name, void (*call)(int), int repeats, double *times) {
  for (int i = 0; i < repeats; ++i) {
    const double started = now_us();
    call(i);
    times[i] = now_us() - started;
  }
  qsort(times, (size_t)repeats, sizeof *times, ascending);
  printf("\"%s_us\": {\"median\": %.3f, \"quartiles\": [%.3f, %.3f]}, ", name, times[repeats / 2],
         times[repeats / 4], times[(3 * repeats) / 4]);
}

static long resident_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

/* Sorts the fields by direction, and takes the initial state's surface as what is put. */
static void find_fields(void) {
  int count;
  require(ngcm_field_count(component, &count));
  for (int id = 1; id <= count && id < MAX_FIELDS; ++id) {
    char direction[16];
    require(ngcm_field_info(component, id, NULL, 0, NULL, 0, direction, sizeof direction, NULL, 0,
                            NULL, 0));
    if (strcmp(direction, "import") == 0) {
      values[import_count] = allocate(points);
      require(ngcm_get_f64(component, id, values[import_count], points));
      imports[import_count++] = id;
    } else {
      exports[export_count++] = id;
    }
  }
}

int main(int argc, char **argv) {
  const int repeats = argc == 3 ? atoi(argv[2]) : 0;
  if (repeats < 1) {
    fprintf(stderr, "usage: ngcm_bench FILE.nml REPEATS\n");
    return 2;
  }
  int nlon, nlat;
  int64_t interval;
  require(ngcm_create(argv[1], NGCM_NO_MPI, &component));
  require(ngcm_grid_size(component, &nlon, &nlat));
  require(ngcm_coupling_interval(component, &interval));
  points = nlon * nlat;
  received = allocate(points);
  double *times = allocate(repeats);
  find_fields();

  /* Means exist after the first interval only. */
  for (int i = 0; i < import_count; ++i) put_one(i);
  require(ngcm_advance(component, interval));
  require(ngcm_wait(component));
  exchange(0);

  printf("{\"nlon\": %d, \"nlat\": %d, \"repeats\": %d, ", nlon, nlat, repeats);
  measure("put", put_one, repeats, times);
  measure("get", get_one, repeats, times);
  measure("advance_0", send, repeats, times);
  measure("exchange", exchange, repeats, times);
  const long before = resident_bytes();
  for (int i = 0; i < MEMORY_CALLS; ++i) {
    put_one(i);
    get_one(i);
  }
  printf("\"calls\": %d, \"resident_bytes_before\": %ld, \"resident_bytes_after\": %ld}\n",
         MEMORY_CALLS, before, resident_bytes());
  require(ngcm_destroy(component));
  return 0;
}

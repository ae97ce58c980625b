/* Calls of every function in random order with random arguments, valid and not: wrong handles,
 * sizes, names and times, null pointers, values that are not finite.
 *
 *     calls FILE.nml FOLDER SEED COUNT
 *
 * Whatever comes, a call ends in a status of the header that is not INTERNAL, with a message if it
 * failed, and writes into no byte beyond what it was given: behind every buffer lies a page that
 * may not be touched. The same seed makes the same calls. Prints how many were taken and refused.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ngcm.h"

enum { LIVE = 3, FIELDS = 128, POINTS = 1 << 12, ROOM = 4 * POINTS * sizeof(double) };

typedef struct {
  int handle, points, fields, imports;
  int import_id[FIELDS];
  double *initial[FIELDS];
} component;

static component live[LIVE];
static const char *namelist, *folder;
static uint64_t state, made, taken;
static int last_handle;

static uint64_t draw(void) { /* SplitMix64, Steele et al. (2014) */
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static int below(int limit) { return (int)(draw() % (uint64_t)limit); }

static int one_in(int count) { return below(count) == 0; }

/* The end of a block of its own, so that the first byte too many is a fault; another each time. */
static void *buffer(size_t bytes) {
  static char *blocks[8];
  static int next;
  const int which = next++ % 8;
  if (bytes > ROOM) abort();
  if (blocks[which] == NULL) {
    const size_t page = 1 << 16;
    blocks[which] =
        mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (blocks[which] == MAP_FAILED || mprotect(blocks[which] + ROOM, page, PROT_NONE)) abort();
  }
  return blocks[which] + ROOM - bytes;
}

static void judge(int status, const char *function) {
  char message[8] = "";
  ++made;
  ngcm_last_error(message, sizeof message);
  if (status == NGCM_OK) {
    ++taken;
  } else if (status == NGCM_ERROR_INTERNAL || status < 0 || status > NGCM_ERROR_EMBEDDING ||
             message[0] == '\0') {
    char whole[4096];
    ngcm_last_error(whole, sizeof whole);
    fprintf(stderr, "call %" PRIu64 ", %s: status %d, message: %s\n", made, function, status,
            whole);
    exit(1);
  }
}

#define CALL(function, ...) judge(function(__VA_ARGS__), #function)

static int count_live(void) {
  int count = 0;
  for (int i = 0; i < LIVE; ++i) count += live[i].handle != 0;
  return count;
}

/* One of the places for components, seldom an empty one if there are others. */
static component *any_live(void) {
  int which = below(LIVE);
  const int or_empty = one_in(20);
  while (live[which].handle == 0 && !or_empty && count_live() > 0) which = (which + 1) % LIVE;
  return &live[which];
}

static int any_handle(void) {
  static const int odd[] = {0, -1, INT_MAX, INT_MIN, 1};
  if (one_in(10)) return odd[below(5)];
  if (one_in(20)) return last_handle - below(3);
  return any_live()->handle;
}

static int any_count(int right) {
  const int odd[] = {0, -1, 1, right - 1, right + 1, INT_MIN, 2 * right};
  return one_in(6) ? odd[below(7)] : right;
}

static const char *any_text(void) {
  static const char *const texts[] = {"sea_surface_temperature",
                                      "sea_ice_area_fraction",
                                      "height",
                                      "eastward_wind",
                                      "rainfall_flux",
                                      "ocean heat",
                                      "ocean/temperature",
                                      "e\xCC\x81",
                                      "\xFF\xFE",
                                      "",
                                      " ",
                                      ".",
                                      "..",
                                      "/",
                                      "oasis",
                                      "nuopc",
                                      "\x1B[2J",
                                      "%s%n",
                                      "latest",
                                      "imports"};
  const size_t count = sizeof texts / sizeof texts[0];
  if (one_in(30)) return NULL;
  char *text;
  if (one_in(30)) {
    const size_t length = 1 + (size_t)below(5000);
    text = buffer(length + 1);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
  }
  const char *chosen = texts[below((int)count)];
  text = buffer(strlen(chosen) + 1);
  strcpy(text, chosen);
  if (one_in(10) && text[0] != '\0') text[below((int)strlen(text))] = (char)(1 + below(255));
  return text;
}

static double any_value(void) {
  static const double odd[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e300, -1e30, 5e-324, 1e38};
  return one_in(3) ? odd[below(9)] : 200.0 + below(200);
}

/* `n` doubles or floats at the end of a block, none if n is negative; now and then a null pointer.
 */
static void *any_values(int n, size_t size) {
  if (one_in(30)) return NULL;
  if (n < 0 || n > POINTS) n = 0;
  void *values = buffer((size_t)n * size);
  for (int i = 0; i < n; ++i) {
    const double value = any_value();
    if (size == sizeof(double)) ((double *)values)[i] = value;
    if (size == sizeof(float)) ((float *)values)[i] = (float)value;
  }
  return values;
}

static int *any_int(void) { return one_in(30) ? NULL : buffer(sizeof(int)); }

static int any_id(const component *one) {
  return one_in(8) ? any_count(one->fields) : 1 + below(one->fields ? one->fields : 3);
}

static void create(void) {
  component *one = &live[below(LIVE)];
  int handle = -1, nlon, nlat;
  if (one->handle != 0) return;
  if (one_in(4)) {
    const char *path = any_text();
    int *out = one_in(4) ? NULL : &handle;
    const int status = ngcm_create(path, one_in(2) ? NGCM_NO_MPI : 0, out);
    judge(status, "ngcm_create");
    if (status == NGCM_OK || (out != NULL && handle != 0)) {
      fprintf(stderr, "call %" PRIu64 ": ngcm_create of nonsense: handle %d\n", made, handle);
      exit(1);
    }
    return;
  }
  const int status = ngcm_create(namelist, NGCM_NO_MPI, &handle);
  judge(status, "ngcm_create");
  if (status != NGCM_OK) exit(1);
  one->handle = last_handle = handle;
  CALL(ngcm_grid_size, handle, &nlon, &nlat);
  CALL(ngcm_field_count, handle, &one->fields);
  one->points = nlon * nlat;
  if (one->points > POINTS || one->fields > FIELDS) abort();
  one->imports = 0;
  for (int id = 1; id <= one->fields; ++id) {
    char direction[16];
    CALL(ngcm_field_info, handle, id, NULL, 0, NULL, 0, direction, sizeof direction, NULL, 0, NULL,
         0);
    if (strcmp(direction, "import") != 0) continue;
    const int place = one->imports++;
    one->import_id[place] = id;
    one->initial[place] = realloc(one->initial[place], (size_t)one->points * sizeof(double));
    CALL(ngcm_get_f64, handle, id, one->initial[place], one->points);
  }
}

static void destroy(void) {
  component *one = any_live();
  CALL(ngcm_destroy, one->handle);
  one->handle = 0;
}

/* What a host does that makes no mistake. */
static void interval(void) {
  const component *one = any_live();
  int64_t seconds = 0;
  if (one->handle == 0) return;
  for (int i = 0; i < one->imports; ++i) {
    const size_t bytes = (size_t)one->points * sizeof(double);
    double *values = memcpy(buffer(bytes), one->initial[i], bytes);
    CALL(ngcm_put_f64, one->handle, one->import_id[i], values, one->points);
  }
  CALL(ngcm_coupling_interval, one->handle, &seconds);
  CALL(ngcm_advance, one->handle, seconds);
  CALL(ngcm_get_f64, one->handle, any_id(one), buffer((size_t)one->points * sizeof(double)),
       one->points);
}

static void advance(void) {
  static const int64_t odd[] = {0, -1, 1, 3600, 7200, INT64_MAX, INT64_MIN, 1800};
  CALL(ngcm_advance, any_handle(), odd[below(8)]);
}

static void put(void) {
  const component *one = any_live();
  const int n = any_count(one->points);
  if (one_in(2)) {
    CALL(ngcm_put_f64, any_handle(), any_id(one), any_values(n, sizeof(double)), n);
  } else {
    CALL(ngcm_put_f32, any_handle(), any_id(one), any_values(n, sizeof(float)), n);
  }
}

static void get(void) {
  const component *one = any_live();
  const int n = any_count(one->points);
  if (one_in(2)) {
    CALL(ngcm_get_f64, any_handle(), any_id(one), any_values(n, sizeof(double)), n);
  } else {
    CALL(ngcm_get_f32, any_handle(), any_id(one), any_values(n, sizeof(float)), n);
  }
}

static void save_or_load(void) {
  const component *one = any_live();
  const int n = any_count(one->points);
  if (one_in(2)) {
    CALL(ngcm_save_f64, any_handle(), any_text(), any_values(n, sizeof(double)), n);
  } else {
    CALL(ngcm_load_f64, any_handle(), any_text(), any_values(n, sizeof(double)), n);
  }
}

static void write_restart(void) {
  const component *one = any_live();
  const char *text = any_text();
  char *path = NULL;
  /* In the folder always: a random name must not become a file of somebody's. */
  if (text != NULL) {
    const size_t length = strlen(folder) + 1 + strlen(text) + 1;
    path = buffer(length);
    snprintf(path, length, "%s/%s", folder, text);
  }
  if (one_in(20)) path = strcpy(buffer(1), ""); /* where the namelist says */
  CALL(ngcm_write_restart, one_in(4) ? any_handle() : one->handle, path);
}

static void partition(void) {
  const component *one = any_live();
  const int n = any_count(one->points), room = n < 0 || n > POINTS ? 0 : n;
  int *index = one_in(20) ? NULL : buffer((size_t)room * sizeof(int));
  for (int i = 0; index != NULL && i < room; ++i) index[i] = one_in(2000) ? any_count(i) : room - i;
  CALL(ngcm_set_partition, any_handle(), n, index);
}

static void describe(void) {
  char *texts[5];
  int sizes[5];
  const component *one = any_live();
  for (int i = 0; i < 5; ++i) {
    sizes[i] = one_in(20) ? -below(2) : 1 + below(60);
    texts[i] = one_in(10) ? NULL : buffer(sizes[i] > 0 ? (size_t)sizes[i] : 0);
    if (texts[i] == NULL && !one_in(4)) sizes[i] = 0;
  }
  CALL(ngcm_field_info, any_handle(), any_id(one), texts[0], sizes[0], texts[1], sizes[1], texts[2],
       sizes[2], texts[3], sizes[3], texts[4], sizes[4]);
  CALL(ngcm_field_alias, any_handle(), any_id(one), any_text(), texts[0], sizes[0]);
}

static void places(void) {
  const component *one = any_live();
  const int handle = one_in(4) ? one->handle : 0;
  const size_t bytes = (size_t)one->points * sizeof(double);
  double *wanted[6];
  for (int i = 0; i < 6; ++i) wanted[i] = one_in(3) ? NULL : buffer(bytes);
  for (int i = 2; i < 4; ++i) wanted[i] = one_in(3) ? NULL : buffer(4 * bytes);
  CALL(ngcm_grid, handle, wanted[0], wanted[1], wanted[2], wanted[3], wanted[4], wanted[5]);
  CALL(ngcm_grid_size, any_handle(), any_int(), any_int());
}

static void ask(void) {
  static int (*const questions[])(int, int *) = {
      ngcm_instances,   ngcm_field_count, ngcm_continues,     ngcm_keeps_restarts,
      ngcm_restart_due, ngcm_is_complete, ngcm_stop_requested};
  judge(questions[below(7)](any_handle(), any_int()), "a question");
  CALL(ngcm_field_id, any_handle(), any_text(), any_int());
  CALL(ngcm_coupling_interval, any_handle(), one_in(30) ? NULL : buffer(sizeof(int64_t)));
}

static void nothing(void) {}

static void say(void) {
  const int n = one_in(10) ? -below(2) : 1 + below(80);
  char *text = one_in(20) ? NULL : buffer(n > 0 ? (size_t)n : 0);
  const int status = ngcm_last_error(text, n);
  if ((status == NGCM_OK) != (text != NULL && n >= 1)) exit(1);
  ngcm_error_name(any_count(below(20)), text, n);
  CALL(ngcm_time, any_handle(), text, n);
}

static void rest(void) {
  CALL(ngcm_wait, any_handle());
  if (one_in(20)) CALL(ngcm_request_stop, any_handle());
  if (one_in(20)) CALL(ngcm_on_timeout, any_handle(), one_in(4) ? NULL : nothing);
}

int main(int argc, char **argv) {
  static void (*const often[])(void) = {put, put, get, get, describe, places, ask, ask, say, rest};
  if (argc != 5) return 2;
  namelist = argv[1], folder = argv[2];
  state = strtoull(argv[3], NULL, 10);
  const uint64_t count = strtoull(argv[4], NULL, 10);
  while (made < count) {
    if (one_in(50)) advance();
    if (one_in(100)) interval();
    if (one_in(100)) save_or_load();
    if (one_in(100)) partition();
    if (one_in(1000)) write_restart();
    if (one_in(count_live() > 0 ? 5000 : 50)) create();
    if (one_in(20000)) destroy();
    often[below((int)(sizeof often / sizeof often[0]))]();
  }
  printf("%" PRIu64 " calls, %" PRIu64 " taken, %" PRIu64 " refused\n", made, taken, made - taken);
  return 0;
}

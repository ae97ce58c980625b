/* libngcm: NeuralGCM as the atmosphere of a coupled Earth-system model.
 *
 * This header is the whole contract between a host and the library; the Fortran module `ngcm` is
 * a thin layer over it. A coupled run calls, in this order,
 *
 *     ngcm_create -> ngcm_grid -> [ngcm_set_partition] -> ngcm_field_id of each field
 *     every coupling interval:  ngcm_put of the imports -> ngcm_advance -> ngcm_get of the exports
 *         -> ngcm_stop_requested; if so, or if ngcm_restart_due: [ngcm_save] -> ngcm_write_restart
 *     [ngcm_write_restart] -> ngcm_destroy
 *
 * Status. Every function but ngcm_abi_version returns an ngcm_status. The library never stops the
 * process and never prints an error: on failure it leaves a message for ngcm_last_error, and the
 * output arguments are unspecified unless stated otherwise.
 *
 * Arrays. Fields cross as contiguous arrays of this rank's points: all points of the grid in its
 * own order until ngcm_set_partition says otherwise (with several ranks: all on rank 0, none on
 * the others). The library copies; it keeps no reference to host memory once a call has returned.
 *
 * Units are SI, names are CF standard names; ngcm_field_info tells both of each field. Fluxes are
 * means over the coupling interval, states are instantaneous at its end.
 *
 * Threads. Any thread may call. With MPI all calls of a component must come from the thread that
 * initialised MPI, because the library communicates on the calling thread. Calls from several
 * threads are serialised, but for two of ngcm_advance at once, which are an error of STATE.
 * Messages belong to the calling thread.
 *
 * Process state. The host's floating-point environment (traps, rounding, flush-to-zero) and its
 * signal actions are the same after every call as before it.
 */
#ifndef NGCM_H
#define NGCM_H

#include <limits.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NGCM_API __attribute__((visibility("default")))
#else
#define NGCM_API
#endif

/* Raised by one when a function or the meaning of an argument changes incompatibly. */
#define NGCM_ABI_VERSION 2

/* Stands for "this host has no MPI" where a Fortran communicator handle is expected. */
#define NGCM_NO_MPI INT_MIN

enum ngcm_status {
  NGCM_OK = 0,
  NGCM_ERROR_INTERNAL = 1,   /* a fault of the library */
  NGCM_ERROR_CONFIG = 2,     /* the namelist, or a file it names, cannot be used */
  NGCM_ERROR_CHECKPOINT = 3, /* the checkpoint is missing, damaged, unsafe or not a known model */
  NGCM_ERROR_DATA = 4,       /* the initial-state dataset cannot be used */
  NGCM_ERROR_FIELD = 5,      /* unknown field, or a field used against its direction */
  NGCM_ERROR_SHAPE = 6,      /* an array of another length than the points it stands for */
  NGCM_ERROR_VALUE = 7,      /* an import is NaN, infinite or outside its valid range */
  NGCM_ERROR_STATE = 8,      /* a call at the wrong time: import missing, no export yet */
  NGCM_ERROR_HANDLE = 9,     /* unknown handle, or its component has been destroyed */
  NGCM_ERROR_PARALLEL = 10,  /* MPI not initialised, bad partition, another rank has failed */
  NGCM_ERROR_RESTART = 11,   /* a restart file cannot be used */
  NGCM_ERROR_DIVERGED = 12,  /* the atmosphere produced a value that is not finite */
  NGCM_ERROR_OUTPUT = 13,    /* a history or restart file cannot be written */
  NGCM_ERROR_ARGUMENT = 14,  /* a null pointer, a negative count */
  NGCM_ERROR_EMBEDDING = 15  /* Python could not start, or lacks the package */
};

/* Returns NGCM_ABI_VERSION as the library was built; compare it with the header's. */
NGCM_API int ngcm_abi_version(void);

/* Writes the short name of a status ("ok", "config", ...; "unknown" for any other number) to
 * `buf` of `n` bytes, truncated to fit and always NUL-terminated.
 * Errors: ARGUMENT (buf is null, n < 1). */
NGCM_API int ngcm_error_name(int code, char *buf, int n);

/* Writes the message of this thread's latest failed call to `buf` of `n` bytes, truncated to fit
 * and always NUL-terminated; an empty text if none has failed. UTF-8, may hold several lines.
 * Errors: ARGUMENT (buf is null, n < 1; the message itself is kept). */
NGCM_API int ngcm_last_error(char *buf, int n);

/* Builds a component from a Fortran namelist file and brings it to its initial state.
 *
 * Collective over `fcomm`, a Fortran communicator handle (in C: MPI_Comm_c2f(comm)), or
 * NGCM_NO_MPI. The first call of the process starts the embedded Python, which takes seconds and
 * is never stopped; set NGCM_PYTHON to the python of another environment to use that one.
 * `*handle` receives a number greater than zero; on failure, 0. The files that the run writes are
 * claimed, and a second run that would write them is refused.
 * Errors: EMBEDDING, CONFIG, CHECKPOINT, DATA, RESTART, OUTPUT, PARALLEL, ARGUMENT. */
NGCM_API int ngcm_create(const char *namelist_path, int fcomm, int *handle);

/* Gives the number of longitudes and latitudes of the atmosphere's Gaussian grid. */
NGCM_API int ngcm_grid_size(int handle, int *nlon, int *nlat);

/* Gives the whole grid, on every rank. Longitude runs fastest; latitude from south to north.
 *
 * lon, lat:               centres [degrees_east, degrees_north], nlon*nlat each
 * corner_lon, corner_lat: cell corners [degrees], 4*nlon*nlat, corner index fastest
 * area:                   cell areas [m2], nlon*nlat
 * land_fraction:          fraction of the cell that is land [1], nlon*nlat; where it is 1,
 *                         imports may hold anything
 * A null pointer means: not wanted. */
NGCM_API int ngcm_grid(int handle, double *lon, double *lat, double *corner_lon, double *corner_lat,
                       double *area, double *land_fraction);

/* Gives how many copies of the grid the points of a field are: the number of members where
 * &ngcm_ensemble couples each member to a host of its own, else 1. The points of the second copy
 * follow those of the first, and so on. */
NGCM_API int ngcm_instances(int handle, int *count);

/* Declares which points of the grid this rank puts and gets: `n` 1-based indices into the grid's
 * own order (longitude fastest), counted on through its copies, in the order of the rank's arrays.
 * n may be 0. Every point belongs to exactly one rank. Collective; before the first put.
 * Errors: PARALLEL (a point missing or owned twice), STATE, ARGUMENT. */
NGCM_API int ngcm_set_partition(int handle, int n, const int *global_index);

/* Gives the coupling interval [s]. */
NGCM_API int ngcm_coupling_interval(int handle, int64_t *seconds);

/* Gives the number of fields that this component exchanges, imports and exports together. */
NGCM_API int ngcm_field_count(int handle, int *count);

/* Describes field `id` (1..count): CF name, UDUNITS unit, direction ("import": the host puts it,
 * "export": the host gets it), averaging ("instantaneous" or "interval_mean"), surface (the CF area
 * type that a value is a mean over: "sea", "ice_free_sea", "sea_ice", "land"; empty: the cell).
 * Each text is truncated to its buffer and NUL-terminated; null with length 0 means: not wanted. */
NGCM_API int ngcm_field_info(int handle, int id, char *name, int name_n, char *units, int units_n,
                             char *direction, int direction_n, char *averaging, int averaging_n,
                             char *surface, int surface_n);

/* Writes the name by which field `id` goes in a coupler's own files to `alias` of `n` bytes,
 * truncated to fit and NUL-terminated; empty where that coupler has none. `coupler` is "oasis" (at
 * most 8 characters) or "nuopc" (CMEPS short names). Errors: FIELD, ARGUMENT (unknown coupler). */
NGCM_API int ngcm_field_alias(int handle, int id, const char *coupler, char *alias, int n);

/* Gives the id of a field by its name.
 * Errors: FIELD (this component does not exchange it; the message names the nearest one). */
NGCM_API int ngcm_field_id(int handle, const char *name, int *id);

/* Gives the atmosphere `n` values of import field `id`, in the field's unit.
 * Errors: FIELD, SHAPE (n is not the number of this rank's points), VALUE (NaN or out of the
 * valid range; the message names the count and the worst point). */
NGCM_API int ngcm_put_f64(int handle, int id, const double *values, int n);
NGCM_API int ngcm_put_f32(int handle, int id, const float *values, int n);

/* Receives `n` values of field `id`, in the field's unit: an export after ngcm_advance, or an
 * import, which before the first put holds the initial state's own surface. Blocks until the
 * interval is computed. Errors: FIELD, SHAPE, STATE (no export yet), DIVERGED. */
NGCM_API int ngcm_get_f64(int handle, int id, double *values, int n);
NGCM_API int ngcm_get_f32(int handle, int id, float *values, int n);

/* Advances the atmosphere by `seconds` [s], which must be the coupling interval; or by 0, which
 * only sends the imports on. Collective. With one rank it returns as soon as the work is
 * dispatched, so that the host computes meanwhile; ngcm_wait or the first get blocks.
 * Errors: STATE (an import is missing or stale), ARGUMENT, PARALLEL, OUTPUT. */
NGCM_API int ngcm_advance(int handle, int64_t seconds);

/* Blocks until the dispatched interval is computed. Errors: DIVERGED, INTERNAL. */
NGCM_API int ngcm_wait(int handle);

/* Writes the component's date, for example 2000-01-01T06:00:00, to `buf` of `n` bytes. */
NGCM_API int ngcm_time(int handle, char *buf, int n);

/* Writes a restart file, from which a run continues bit for bit; the namelist group
 * &ngcm_restart reads it. An empty path means where that group says: its write_file, its folder,
 * both or neither. The file is read back before it takes the place of another one.
 * Collective. Errors: OUTPUT (a device, a pipe or what no run has written is never replaced),
 * ARGUMENT (the path is that of a folder, or not UTF-8), DIVERGED, PARALLEL. */
NGCM_API int ngcm_write_restart(int handle, const char *path);

/* Keeps `n` values of the host's own at this rank's points for the next restart file that is
 * written, so that one file holds both sides at one date. The name has 1 to 200 printable
 * characters of UTF-8 (250 bytes) without '/' and without blanks at its ends, composed (NFC), and
 * is the same on all ranks. Collective. Errors: SHAPE, ARGUMENT (another name), PARALLEL. */
NGCM_API int ngcm_save_f64(int handle, const char *name, const double *values, int n);

/* Gives whether this run continues another from a restart file: 1, or 0. */
NGCM_API int ngcm_continues(int handle, int *flag);

/* Receives what ngcm_save_f64 has put into the restart file that this run continues from; the
 * ranks and their points may be others than then. Collective.
 * Errors: STATE (the run continues no other), RESTART (nothing of that name), SHAPE, PARALLEL. */
NGCM_API int ngcm_load_f64(int handle, const char *name, double *values, int n);

/* Gives whether &ngcm_restart says where to write restart files: without an own path for them a
 * host that is asked to stop has nothing to leave. */
NGCM_API int ngcm_keeps_restarts(int handle, int *flag);

/* Gives whether interval_hours of &ngcm_restart asks for a restart file at the date reached. */
NGCM_API int ngcm_restart_due(int handle, int *flag);

/* Gives whether the date reached is stop_date of &ngcm_run, where the chain of runs ends. */
NGCM_API int ngcm_is_complete(int handle, int *flag);

/* Gives whether to write a restart and stop now: ngcm_request_stop was called on any rank, or the
 * limits of &ngcm_limits leave no time for another interval and a restart. All ranks get the same
 * answer. Ask after every interval, because the library takes the time between two questions for
 * that of an interval. Collective. */
NGCM_API int ngcm_stop_requested(int handle, int *flag);

/* Says that this rank has been asked to stop. The library handles no signals: a host that wants to
 * stop on one notes it in its handler and calls this outside of it. */
NGCM_API int ngcm_request_stop(int handle);

/* Sets what is to be called when an interval takes longer than timeout_seconds of &ngcm_limits, or
 * than the limit that a run through a coupler learns without that key. By then the log names this
 * rank, what it does and since which date; other ranks say the same of themselves within a second.
 * `action` runs in a thread of the library, and is where a host ends the job, with MPI_Abort say;
 * the library does not, and without an action the rank waits on. */
NGCM_API int ngcm_on_timeout(int handle, void (*action)(void));

/* Ends the component: closes its files and frees its memory; other components live on. The
 * handle is invalid afterwards. Collective. */
NGCM_API int ngcm_destroy(int handle);

#ifdef __cplusplus
}
#endif

#endif

/* Prints the status and the message with which a create ends: `attempt FILE.nml`. Exits with 0 in
 * any case: what counts is that the process is still there to do so. */
#include <stdio.h>

#include "ngcm.h"

int main(int argc, char **argv) {
  char message[16384] = "", name[32];
  int handle;
  if (argc != 2) return 2;
  const int status = ngcm_create(argv[1], NGCM_NO_MPI, &handle);
  ngcm_error_name(status, name, sizeof name);
  if (status != NGCM_OK) ngcm_last_error(message, sizeof message);
  printf("%d %s\n%s\n", status, name, message);
  return 0;
}

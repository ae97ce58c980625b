/* A host that opens the library with RTLD_LOCAL, which hides its symbols and those of libpython:
 * `plugin_host LIBNGCM FILE.nml`. Creating a component loads Python's extension modules. */
#include <dlfcn.h>
#include <stdio.h>

#include "ngcm.h"

typedef int create_function(const char *, int, int *);
typedef int destroy_function(int);
typedef int last_error_function(char *, int);

int main(int argc, char **argv) {
  char message[4096];
  int handle;
  if (argc != 3) return 2;
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  create_function *create = (create_function *)dlsym(library, "ngcm_create");
  destroy_function *destroy = (destroy_function *)dlsym(library, "ngcm_destroy");
  last_error_function *last_error = (last_error_function *)dlsym(library, "ngcm_last_error");
  if (create(argv[2], NGCM_NO_MPI, &handle) == NGCM_OK && destroy(handle) == NGCM_OK) return 0;
  last_error(message, sizeof message);
  fprintf(stderr, "%s\n", message);
  return 1;
}

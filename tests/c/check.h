/* Checks for the C test hosts. A failed check is printed and counted; main returns `failures`. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

#include "ngcm.h"

static int failures;

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      fprintf(stderr, "%s:%d: false: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                            \
    }                                                                        \
  } while (0)

/* The call must end with that status and, if it fails, with a message that contains `text`. */
#define EXPECT(status, text, call) expect(status, text, call, __FILE__, __LINE__, #call)

#define EXPECT_OK(call) EXPECT(NGCM_OK, "", call)

static inline void expect(int status, const char *text, int got, const char *file, int line,
                          const char *call) {
  char message[4096];
  ngcm_last_error(message, sizeof message);
  if (got == status && (status == NGCM_OK || strstr(message, text) != NULL)) return;
  fprintf(stderr, "%s:%d: %s: status %d, expected %d with \"%s\"; message: %s\n", file, line, call,
          got, status, text, got == NGCM_OK ? "" : message);
  ++failures;
}

#endif

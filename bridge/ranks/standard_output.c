/* Standard output, of whose failures gfortran's FLUSH says nothing. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Whether it is open. Of the other streams, what is closed leads nowhere from now on: the next file
 * to be opened would take its number, and with it all that is written there. */
int standard_output_is_open(void) {
  const int streams[] = {STDIN_FILENO, STDERR_FILENO};
  const int is_open = fcntl(STDOUT_FILENO, F_GETFD) != -1;
  for (int i = 0; i < 2; ++i) {
    if (fcntl(streams[i], F_GETFD) != -1) continue;
    const int nowhere = open("/dev/null", O_RDWR);
    if (nowhere == -1 || nowhere == streams[i]) continue;
    dup2(nowhere, streams[i]);
    close(nowhere);
  }
  return is_open;
}

/* Writes n bytes; 0, or 1 with the reason in `reason`, padded with blanks to m bytes. */
int standard_output_write(const char* text, int n, char* reason, int m) {
  while (n > 0) {
    const ssize_t written = write(STDOUT_FILENO, text, (size_t)n);
    if (written >= 0) {
      text += written;
      n -= (int)written;
    } else if (errno == EAGAIN) {
      struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      const char* words = strerror(errno);
      const size_t length = strlen(words) < (size_t)m ? strlen(words) : (size_t)m;
      memset(reason, ' ', (size_t)m);
      memcpy(reason, words, length);
      return 1;
    }
  }
  return 0;
}

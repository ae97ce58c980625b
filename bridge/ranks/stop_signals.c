/* The signals by which batch systems say that a job's time is nearly over. */
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t received = 0;

static void note(int number) {
  (void)number;
  received = 1;
}

/* From now on SIGTERM and SIGUSR1 are only noted. */
void stop_signals_watch(void) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
}

/* Whether one of them has come. */
int stop_signals_received(void) { return received; }

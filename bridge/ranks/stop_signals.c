/* The signals by which batch systems say that a job's time is nearly over. */
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t received = 0;

static void note(int number) {
  (void)number;
  received = 1;
}

static void watch(int number) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

/* From now on SIGUSR1 is only noted, which asks for a restart and would end the process before it
 * is known where to write one. SIGTERM ends it still: there is nothing yet to be kept. */
void stop_signals_hold(void) { watch(SIGUSR1); }

/* From now on SIGTERM and SIGUSR1 are only noted. */
void stop_signals_watch(void) {
  watch(SIGTERM);
  watch(SIGUSR1);
}

/* From now on they end the process, as one that has come meanwhile does now. */
void stop_signals_release(void) {
  signal(SIGUSR1, SIG_DFL);
  if (received) raise(SIGUSR1);
}

/* Whether one of them has come. */
int stop_signals_received(void) { return received; }

/* The program that the tests of launch.js have it start: does what its first argument says. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted, terminated;
static void on_interrupt(int signal) { (void)signal; interrupted = 1; }
static void on_terminate(int signal) { (void)signal; terminated = 1; }

int main(int count, char **arguments) {
  const char *what = count > 1 ? arguments[1] : "";

  /* report NAME...: the path of this program, then each environment variable that is named. */
  if (strcmp(what, "report") == 0) {
    printf("program=%s\n", arguments[0]);
    for (int i = 2; i < count; i++) printf("%s=%s\n", arguments[i], getenv(arguments[i]) ? getenv(arguments[i]) : "(unset)");
    fflush(stdout);
    fprintf(stderr, "on standard error\n");
    return 0;
  }

  /* exit CODE */
  if (strcmp(what, "exit") == 0) return atoi(arguments[2]);

  /* die SIGNAL: by that signal, in the middle of a line */
  if (strcmp(what, "die") == 0) {
    printf("half a line");
    fflush(stdout);
    raise(atoi(arguments[2]));
  }

  /* signals: tells of SIGINT and goes on; tells of SIGTERM and ends with 7 */
  if (strcmp(what, "signals") == 0) {
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, &before);
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_terminate);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
      sigsuspend(&before);
      if (interrupted) { interrupted = 0; printf("got SIGINT\n"); fflush(stdout); }
      if (terminated) { printf("got SIGTERM\n"); return 7; }
    }
  }

  /* wait: until it is killed */
  if (strcmp(what, "wait") == 0) {
    printf("ready\n");
    fflush(stdout);
    for (;;) pause();
  }
  return 99;
}

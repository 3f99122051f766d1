/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of watchers of descriptors and signals, and of timers that are due at a date. */
#include <signal.h>

#include "fault.h"
#include "tap.h"
#include "wire.h"

/* What a watcher of either kind was told. */
struct told {
    int times, freed;
    uint32_t ready;
};

static void on_ready(wc_watch watch, uint32_t ready, void *user)
{
    struct told *told = user;
    (void)watch;
    told->times++;
    told->ready = ready;
}

static void on_signal(wc_signal signal, int number, uint32_t count, void *user)
{
    struct told *told = user;
    (void)signal;
    (void)number;
    told->times += (int)count;
}

static void on_fire(wc_timer timer, void *user)
{
    (void)timer;
    ((struct told *)user)->times++;
}

static void freed(void *user)
{
    ((struct told *)user)->freed++;
}

static int is_told(void *user)
{
    return ((struct told *)user)->times > 0;
}

static void refuses_watch(const char *call, int os_error, wc_status want)
{
    struct told told = {0, 0, 0};
    wc_loop loop = wire_loop();
    int ends[2], before;
    wc_watch watch = 0;
    char name[128];
    (void)snprintf(name, sizeof name, "no watcher without %s (errno %d)", call, os_error);
    MUST(pipe(ends));
    before = wire_descriptors();
    wc_fault_clear();
    MUST(wc_fault_set(call, 0, 1, os_error, 0));
    EQUAL(wc_watch_start(loop, ends[0], WC_READ | WC_ADOPT, on_ready, &told, freed, &watch), want,
          name);
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    EQUAL(watch, 0, "no handle was written");
    EQUAL(told.freed, 1, "the user pointer came back");
    EQUAL(wire_descriptors(), before, "the descriptor is still the program's, and open");
    wc_fault_clear();
    MUST(write(ends[1], "x", 1) == 1 ? 0 : -1);
    EQUAL(wc_watch_start(loop, ends[0], WC_READ, on_ready, &told, freed, &watch), WC_OK,
          "then it is watched");
    CHECK(wire_run(loop, is_told, &told), "and told");
    MUST(wc_loop_free(loop));
    EQUAL(told.freed, 2, "each user pointer comes back once");
    MUST(close(ends[0]));
    MUST(close(ends[1]));
}

/* A watcher that was quiet, and cannot be asked for readiness again. */
static void cannot_be_woken(const char *change)
{
    struct told told = {0, 0, 0};
    wc_loop loop = wire_loop();
    wc_watch watch;
    int ends[2];
    if (change == NULL) {
        MUST(wc_loop_free(loop));
        return;
    }
    MUST(pipe(ends));
    MUST(write(ends[1], "x", 1) == 1 ? 0 : -1);
    MUST(wc_watch_start(loop, ends[0], 0, on_ready, &told, freed, &watch));
    wire_turns(loop, 3);
    EQUAL(told.times, 0, "a watcher of nothing is told nothing");
    wc_fault_clear();
    MUST(wc_fault_set(change, 0, 1, ENOMEM, 0));
    EQUAL(wc_watch_set(watch, WC_READ), WC_OK, "it is asked for input");
    CHECK(wire_run(loop, is_told, &told), "the refusal is told");
    EQUAL(told.ready, WC_ERROR, "as an error");
    wire_turns(loop, 5);
    EQUAL(told.times, 1, "once");
    told.times = 0;
    EQUAL(wc_watch_set(watch, WC_READ), WC_OK, "it is asked for input again");
    CHECK(wire_run(loop, is_told, &told), "and now it is told");
    EQUAL(told.ready, WC_READ, "of input");
    MUST(wc_loop_free(loop));
    EQUAL(told.freed, 1, "the user pointer comes back once");
    MUST(close(ends[0]));
    MUST(close(ends[1]));
    wc_fault_clear();
}

static void (*disposition(int number))(int)
{
    struct sigaction now;
    MUST(sigaction(number, NULL, &now));
    return now.sa_handler;
}

/* A signal cannot be watched; one that is watched already goes on. */
static void refuses_signal(const char *call, int with_other, int os_error, wc_status want)
{
    struct told told = {0, 0, 0}, other = {0, 0, 0};
    wc_loop loop = wire_loop();
    int before;
    wc_signal signal = 0;
    char name[128];
    (void)snprintf(name, sizeof name, "no signal without %s (errno %d)", call, os_error);
    if (with_other) {
        MUST(wc_signal_start(loop, SIGUSR2, on_signal, &other, freed, NULL));
    }
    before = wire_descriptors();
    wc_fault_clear();
    MUST(wc_fault_set(call, 0, 1, os_error, 0));
    EQUAL(wc_signal_start(loop, SIGUSR1, on_signal, &told, freed, &signal), want, name);
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    EQUAL(signal, 0, "no handle was written");
    EQUAL(told.freed, 1, "the user pointer came back");
    CHECK(disposition(SIGUSR1) == SIG_DFL, "the signal does what it did");
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    wc_fault_clear();
    if (with_other) {
        MUST(kill(getpid(), SIGUSR2));
        CHECK(wire_run(loop, is_told, &other), "another signal is told all the same");
    }
    EQUAL(wc_signal_start(loop, SIGUSR1, on_signal, &told, freed, &signal), WC_OK,
          "then it is watched");
    MUST(kill(getpid(), SIGUSR1));
    CHECK(wire_run(loop, is_told, &told), "and told");
    EQUAL(told.times, 1, "once");
    MUST(wc_loop_free(loop));
    EQUAL(told.freed, 2, "each user pointer comes back once");
    CHECK(disposition(SIGUSR1) == SIG_DFL && disposition(SIGUSR2) == SIG_DFL,
          "and both signals do what they did");
}

/* Without the kernel's help a date is kept all the same. */
static void dates(const char *call, int os_error)
{
    struct told told = {0, 0, 0};
    wc_loop loop = wire_loop();
    wc_timer_options when;
    struct timespec now;
    uint64_t due;
    int before = wire_descriptors();
    char name[128];
    (void)snprintf(name, sizeof name, "a date without %s (errno %d) comes", call, os_error);
    MUST(wc_timer_options_init(&when, sizeof when));
    MUST(clock_gettime(CLOCK_REALTIME, &now));
    due = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 20;
    when.unix_ms = due;
    wc_fault_clear();
    MUST(wc_fault_set(call, 0, FAULT_ALWAYS, os_error, 0));
    MUST(wc_timer_schedule(loop, &when, on_fire, &told, freed, NULL));
    CHECK(wire_run(loop, is_told, &told), name);
    MUST(clock_gettime(CLOCK_REALTIME, &now));
    CHECK((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 >= due, "not before");
    EQUAL(told.times, 1, "once");
    EQUAL(wire_descriptors(), before, "and no descriptor is left");
    wc_fault_clear();
    MUST(wc_loop_free(loop));
}

int main(void)
{
    struct fault_backend backend = fault_backend();
    refuses_watch("fstat", EBADF, WC_E_OS);
    refuses_watch("fstat", ENOMEM, WC_E_NOMEM);
    if (backend.change != NULL) {
        refuses_watch(backend.change, ENOMEM, WC_E_NOMEM);
        refuses_watch(backend.change, ENOSPC, WC_E_OS);
        refuses_signal(backend.change, 0, ENOMEM, WC_E_NOMEM);
    }
    cannot_be_woken(backend.change);
    refuses_signal("sigaction", 0, EINVAL, WC_E_INVAL);
    refuses_signal("sigaction", 1, EINVAL, WC_E_INVAL);
#ifdef __linux__
    refuses_signal("signalfd", 0, EMFILE, WC_E_NOFILES);
    refuses_signal("signalfd", 0, ENOMEM, WC_E_NOMEM);
    refuses_signal("signalfd", 1, ENOMEM, WC_E_NOMEM);
    dates("timerfd_create", EMFILE);
    dates("timerfd_create", ENOMEM);
    dates("timerfd_settime", EINVAL);
#endif
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The loop: making it, running it, pulling from it, stopping, draining and freeing it. */
#include <signal.h>

#include "tap.h"
#include "wire.h"

static void options(void)
{
    wc_loop_options options;
    wc_loop loop = 7;
    wc_str name;
    uint32_t bits;
    const char *given = getenv("WEBCORE_BACKEND");
    size_t at;
    EQUAL(wc_loop_options_init(NULL, sizeof options), WC_E_INVAL, "null options are refused");
    EQUAL(wc_loop_options_init(&options, sizeof options), WC_OK, "options are filled");
    CHECK(options.size == sizeof options && options.backend == NULL && options.stay == 0 &&
              options.max_connections == 0,
          "with the defaults");
    EQUAL(wc_loop_new(NULL, NULL), WC_E_INVAL, "a loop needs a place for its handle");
    options.backend = "carrier pigeon";
    EQUAL(wc_loop_new(&options, &loop), WC_E_BACKEND, "an unknown backend is refused");
    EQUAL(loop, 7, "and nothing is written");
    CHECK(wc_backend_count() >= 1, "there is a backend");
    CHECK(wc_backend_name(wc_backend_count()) == NULL, "and none past the last");
    EQUAL(wc_backend_features(wc_backend_count(), &bits), WC_E_INVAL, "so it has no features");
    EQUAL(wc_backend_features(0, NULL), WC_E_INVAL, "which want a place");
    for (at = 0; at < wc_backend_count(); at++) {
        uint32_t kept = WC_FEATURE_EDGE | WC_FEATURE_HANGUP | WC_FEATURE_DESCRIPTOR;
        EQUAL(wc_backend_features(at, &bits), WC_OK, "a backend has features");
        EQUAL(bits,
              strcmp(wc_backend_name(at), "select") == 0 ? 0
              : strcmp(wc_backend_name(at), "poll") == 0 ? WC_FEATURE_HANGUP
                                                         : kept,
              wc_backend_name(at));
        options.backend = wc_backend_name(at);
        EQUAL(wc_loop_new(&options, &loop), WC_OK, options.backend);
        EQUAL(wc_loop_backend(loop, &name), WC_OK, "a loop tells its backend");
        CHECK(strlen(options.backend) == name.len &&
                  memcmp(options.backend, name.ptr, name.len) == 0,
              "which is the one asked for");
        EQUAL(wc_loop_free(loop), WC_OK, "it is freed");
    }
    if (given != NULL) {
        loop = wire_loop();
        MUST(wc_loop_backend(loop, &name));
        CHECK(strlen(given) == name.len && memcmp(given, name.ptr, name.len) == 0,
              "else WEBCORE_BACKEND has its way");
        EQUAL(wc_loop_backend(loop, NULL), WC_E_INVAL, "a null output is refused");
        MUST(wc_loop_free(loop));
        MUST(setenv("WEBCORE_BACKEND", "nonsense", 1));
        EQUAL(wc_loop_new(NULL, &loop), WC_E_BACKEND, "also if there is none of that name");
        MUST(setenv("WEBCORE_BACKEND", given, 1));
    }
}

static int count;

static void stop_it(wc_timer timer, void *user)
{
    (void)timer;
    count++;
    (void)wc_loop_stop(*(wc_loop *)user);
}

static void count_it(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    count++;
}

static void run_and_stop(wc_loop loop)
{
    EQUAL(wc_loop_run(loop), WC_OK, "run returns when nothing is alive");
    count = 0;
    MUST(wc_timer_start(loop, 0, 0, stop_it, &loop, NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, count_it, NULL, NULL, NULL));
    EQUAL(wc_loop_run(loop), WC_OK, "run returns for a stop in a callback");
    EQUAL(count, 1, "after that callback");
    EQUAL(wc_loop_run(loop), WC_OK, "and goes on with the rest when it is run again");
    EQUAL(count, 2, "nothing was lost");
    MUST(wc_timer_start(loop, 0, 0, count_it, NULL, NULL, NULL));
    EQUAL(wc_loop_stop(loop), WC_OK, "a loop is stopped before it runs");
    EQUAL(wc_loop_run(loop), WC_OK, "the next run stops at once");
    EQUAL(count, 2, "without a callback");
    EQUAL(wc_loop_run(loop), WC_OK, "the one after it runs");
    EQUAL(count, 3, "and calls back");
    EQUAL(wc_loop_stop(0), WC_E_BADHANDLE, "none cannot be stopped");
}

static wc_loop signalled;

static void on_alarm(int number)
{
    (void)number;
    (void)wc_loop_stop(signalled);
}

/* The signal comes while the loop waits: a timer far away keeps it waiting. */
static void stop_from_a_signal_handler(wc_loop loop)
{
    struct sigaction action;
    struct itimerval soon;
    wc_timer far;
    memset(&action, 0, sizeof action);
    memset(&soon, 0, sizeof soon);
    action.sa_handler = on_alarm;
    signalled = loop;
    MUST(sigaction(SIGALRM, &action, NULL));
    MUST(wc_timer_start(loop, 100000, 0, NULL, NULL, NULL, &far));
    soon.it_value.tv_usec = 5000;
    MUST(setitimer(ITIMER_REAL, &soon, NULL));
    EQUAL(wc_loop_run(loop), WC_OK, "a stop in a signal handler ends the run");
    EQUAL(wc_timer_cancel(far), WC_OK, "nothing was closed by it");
    MUST(wc_loop_run(loop));
}

static void next(wc_loop loop)
{
    wc_event event;
    uint64_t start;
    wc_timer far;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    EQUAL(wc_loop_next(loop, WC_FOREVER, &event), WC_NONE, "nothing alive: no event will come");
    MUST(wc_timer_start(loop, 100000, 0, NULL, NULL, NULL, &far));
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "no waiting: no event");
    start = wire_ns();
    EQUAL(wc_loop_next(loop, 10, &event), WC_NONE, "10 ms: no event");
    CHECK(wire_ms_since(start) >= 10, "but not before they are over");
    MUST(wc_loop_stop(loop));
    EQUAL(wc_loop_next(loop, WC_FOREVER, &event), WC_STOPPED, "a stop is told");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "once");
    MUST(wc_timer_restart(far, 0));
    EQUAL(wc_loop_next(loop, WC_FOREVER, &event), WC_OK, "without end: an event");
    EQUAL(event.kind, WC_EVENT_TIMER, "the timer");
    CHECK(event.object == far, "by its handle");
    EQUAL(wc_loop_next(loop, 0, NULL), WC_E_INVAL, "a null event is refused");
    EQUAL(wc_loop_next(loop, WC_FOREVER, &event), WC_NONE, "the timer has ended");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "a dispatch without an event does nothing");
}

static wc_status inner[4];

static void all_nested(wc_timer timer, void *user)
{
    wc_loop loop = *(wc_loop *)user;
    wc_event event;
    (void)timer;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    inner[0] = wc_loop_run(loop);
    inner[1] = wc_loop_next(loop, 0, &event);
    inner[2] = wc_loop_dispatch(loop);
    inner[3] = wc_loop_drain(loop, 0);
    count += inner[0] == WC_E_REENTRANT && inner[1] == WC_E_REENTRANT &&
             inner[2] == WC_E_REENTRANT && inner[3] == WC_E_REENTRANT &&
             wc_loop_detach(loop) == WC_E_REENTRANT;
}

static void nested(wc_loop loop)
{
    wc_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    count = 0;
    MUST(wc_timer_start(loop, 0, 0, all_nested, &loop, NULL, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(count, 1, "run, next, dispatch, drain and detach in a callback of run are refused");
    MUST(wc_timer_start(loop, 0, 0, all_nested, &loop, NULL, NULL));
    MUST(wc_loop_next(loop, WC_FOREVER, &event));
    EQUAL(wc_loop_dispatch(loop), WC_OK, "an event is dispatched");
    EQUAL(count, 2, "and they are refused in its callback");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "it is dispatched again");
    EQUAL(count, 3, "so its callback is called again");
    MUST(wc_loop_run(loop));
}

static void inner_run(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    count += wc_loop_run(*(wc_loop *)user) == WC_OK;
}

static void another_loop_runs_inside(wc_loop loop)
{
    wc_loop other = wire_loop();
    count = 0;
    MUST(wc_timer_start(other, 0, 0, count_it, NULL, NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, inner_run, &other, NULL, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(count, 2, "a callback of one loop may run another");
    MUST(wc_loop_free(other));
}

static wc_status freed_answer, after_answer;

static void free_it(wc_timer timer, void *user)
{
    wc_loop loop = *(wc_loop *)user;
    uint64_t ms;
    (void)timer;
    freed_answer = wc_loop_free(loop);
    after_answer = wc_loop_now(loop, &ms);
}

static void freed_inside(int pulling)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    uint64_t ms;
    wc_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    count = 0;
    wire_listen(log);
    MUST(wc_timer_start(loop, 0, 0, free_it, &loop, NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, count_it, NULL, NULL, NULL));
    if (pulling) {
        MUST(wc_loop_next(loop, WC_FOREVER, &event));
        EQUAL(wc_loop_dispatch(loop), WC_OK, "a loop is freed in a dispatched callback");
    } else {
        EQUAL(wc_loop_run(loop), WC_OK, "a loop is freed in a callback of its run");
    }
    EQUAL(freed_answer, WC_OK, "which is accepted");
    EQUAL(after_answer, WC_OK, "it is done after the callback");
    EQUAL(count, 0, "no other callback comes");
    EQUAL(log->freed, 1, "every user pointer came back");
    EQUAL(wc_loop_now(loop, &ms), WC_E_GONE, "it is gone");
    EQUAL(wc_loop_free(loop), WC_E_GONE, "and cannot be freed again");
    EQUAL(wc_loop_run(loop), WC_E_GONE, "nor run");
    EQUAL(wc_loop_next(loop, 0, &event), WC_E_GONE, "nor asked");
    EQUAL(wc_loop_dispatch(loop), WC_E_GONE, "nor made to dispatch");
    EQUAL(wc_loop_drain(loop, 0), WC_E_GONE, "nor drained");
    EQUAL(wc_loop_stop(loop), WC_E_GONE, "nor stopped");
    EQUAL(wc_loop_detach(loop), WC_E_GONE, "nor given up");
    free(log);
}

static void time_and_counters(wc_loop loop)
{
    uint64_t before = 0, after = 0;
    int32_t number = 7;
    wc_loop_stats stats;
    EQUAL(wc_loop_now(loop, &before), WC_OK, "a loop has its time");
    MUST(wc_timer_start(loop, 3, 0, NULL, NULL, NULL, NULL));
    MUST(wc_loop_run(loop));
    MUST(wc_loop_now(loop, &after));
    CHECK(after >= before + 3, "it goes on while the loop runs");
    EQUAL(wc_loop_now(loop, NULL), WC_E_INVAL, "a null output is refused");
    EQUAL(wc_loop_os_error(loop, &number), WC_OK, "the system's last refusal");
    EQUAL(number, 0, "there was none");
    EQUAL(wc_loop_os_error(loop, NULL), WC_E_INVAL, "a null output is refused");
    EQUAL(wc_loop_get_stats(loop, NULL), WC_E_INVAL, "null counters are refused");
    stats.size = 0;
    EQUAL(wc_loop_get_stats(loop, &stats), WC_E_VERSION, "so are some without a size");
    stats = wire_stats(loop);
    CHECK(stats.turns > 0 && stats.timers_fired > 0, "the loop has counted");
    EQUAL(stats.connections + stats.listeners + stats.timers + stats.live_requests, 0,
          "nothing is alive");
}

int main(void)
{
    wc_loop loop;
    options();
    loop = wire_loop();
    run_and_stop(loop);
    stop_from_a_signal_handler(loop);
    next(loop);
    nested(loop);
    another_loop_runs_inside(loop);
    time_and_counters(loop);
    freed_inside(0);
    freed_inside(1);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop is freed");
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Out of descriptors: the listener pauses and burns nothing, and nobody who waits is lost. */
#include <sys/resource.h>

#include "tap.h"
#include "wire.h"

#define PEERS 6

static struct {
    int paused, resumed;
    wc_status why;
    int os_error;
} gate;

static void on_pause(wc_listener listener, wc_status why, int32_t os_error, void *user)
{
    (void)listener;
    (void)user;
    gate.paused++;
    gate.why = why;
    gate.os_error = os_error;
}

static void on_resume(wc_listener listener, void *user)
{
    (void)listener;
    (void)user;
    gate.resumed++;
}

/* Lets no descriptor be opened from here on; what is open stays. Answers the old limit. */
static rlim_t allow(rlim_t count)
{
    struct rlimit limit;
    rlim_t before;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    before = limit.rlim_cur;
    limit.rlim_cur = count;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    return before;
}

static int paused(void *user)
{
    (void)user;
    return gate.paused > 0;
}

static int all_opened(void *log)
{
    return ((struct wire_log *)log)->opened == PEERS;
}

static int resumed(void *user)
{
    (void)user;
    return gate.resumed > 0;
}

static wc_event event;

/* An interval with a timer at its end and nothing else that ticks. */
static void quiet_interval(wc_loop loop, uint32_t ms)
{
    wc_timer at_end;
    MUST(wc_timer_start(loop, ms, 0, NULL, NULL, NULL, &at_end));
    while (wc_loop_next(loop, 10000, &event) == WC_OK && event.object != at_end) {
        MUST(wc_loop_dispatch(loop));
    }
}

int main(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_listener_callbacks own;
    int at, fds[PEERS], spare = -1, filled = 0;
    uint64_t turns;
    clock_t cpu;
    rlim_t before;
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL) {
        /* valgrind keeps the limit itself: it accepts a connection first, and drops it then. */
        CHECK(1, "out of descriptors # SKIP not with the limits of valgrind");
        MUST(wc_loop_free(log->loop));
        free(log);
        return tap_done();
    }
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    own.on_pause = on_pause;
    own.on_resume = on_resume;
    where.events = &own;
    wire_listen_with(log, &where, NULL);
    for (at = 0; at < PEERS; at++) {
        fds[at] = wire_client(log->port);
        wire_send(fds[at], "I was here");
    }
    /* Every number below the highest that is in use is taken, and there is none above it. */
    spare = dup(0);
    before = allow((rlim_t)fds[PEERS - 1] + 2);
    for (at = dup(0); at >= 0; at = dup(0)) {
        filled = at;
    }
    EQUAL(errno, EMFILE, "there is no descriptor left");
    CHECK(wire_run(log->loop, paused, NULL), "the listener pauses");
    EQUAL(gate.why, WC_E_NOFILES, "for want of descriptors");
    EQUAL(gate.os_error, EMFILE, "as the system said");
    EQUAL(log->opened, 0, "nobody was accepted");
    turns = wire_stats(log->loop).turns;
    cpu = clock();
    quiet_interval(log->loop, 600);
    turns = wire_stats(log->loop).turns - turns;
    printf("# %lu turns\n", (unsigned long)turns);
    /* ACCEPT_RETRY_MIN_MS and ACCEPT_RETRY_MAX_MS: 5, 10, 20 ... 320 ms are seven tries. */
    CHECK(turns <= 40, "the loop does not spin meanwhile");
    CHECK((double)(clock() - cpu) / CLOCKS_PER_SEC < 0.3, "nor burn the processor");
    EQUAL(gate.paused, 1, "the pause was told once");
    EQUAL(gate.resumed, 0, "and no end of it that was none");
    EQUAL(wire_stats(log->loop).accept_pauses, 1, "it counts once");
    EQUAL(log->opened, 0, "nobody was accepted");
    (void)allow(before);
    CHECK(wire_run(log->loop, resumed, NULL), "when there are descriptors the listener resumes");
    CHECK(wire_run(log->loop, all_opened, log), "and everybody who waited is accepted");
    wire_turns(log->loop, 3);
    EQUAL(log->received, PEERS * 10, "and what they sent was not lost");
    EQUAL(gate.paused, 1, "it does not pause again");
    EQUAL(gate.resumed, 1, "it resumed once");
    for (at = 0; at < PEERS; at++) {
        MUST(close(fds[at]));
    }
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 1, "the user pointer came back once");
    CHECK(spare >= 0 && filled >= 0, "the numbers were all taken");
    free(log);
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a loop counts and measures: wake-ups, late timers, the time in callbacks and turns. */
#include "tap.h"
#include "wire.h"

#include <pthread.h>

static uint64_t total(wc_loop loop, int which, uint64_t *counts)
{
    uint64_t sum = 0;
    int at;
    MUST(wc_loop_get_histogram(loop, which, counts, WC_HISTOGRAM_BUCKETS));
    for (at = 0; at < WC_HISTOGRAM_BUCKETS; at++) {
        sum += counts[at];
    }
    return sum;
}

static wc_loop measuring(void)
{
    wc_loop_options options;
    wc_loop loop = 0;
    MUST(wc_loop_options_init(&options, sizeof options));
    options.measure = 1;
    MUST(wc_loop_new(&options, &loop));
    return loop;
}

static void for_ms(double ms)
{
    uint64_t start = wire_ns();
    while (wire_ms_since(start) < ms) {
    }
}

static void quick(wc_timer timer, void *user)
{
    (void)timer;
    ++*(int *)user;
}

static void slow(wc_timer timer, void *user)
{
    (void)timer;
    ++*(int *)user;
    for_ms(20);
}

static void refusals(void)
{
    uint64_t counts[WC_HISTOGRAM_BUCKETS + 1];
    wc_loop loop = wire_loop();
    EQUAL(wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, counts, WC_HISTOGRAM_BUCKETS), WC_E_STATE,
          "a loop that does not measure has no histogram");
    EQUAL(wc_loop_get_histogram(loop, WC_HISTOGRAM_CALLBACK, counts, WC_HISTOGRAM_BUCKETS),
          WC_E_STATE, "of neither kind");
    EQUAL(wc_loop_set_watchdog(loop, 1000, NULL, NULL, NULL), WC_OK, "a watchdog");
    EQUAL(wc_loop_get_histogram(loop, WC_HISTOGRAM_CALLBACK, counts, WC_HISTOGRAM_BUCKETS),
          WC_E_STATE, "makes none");
    MUST(wc_loop_free(loop));
    EQUAL(wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, counts, WC_HISTOGRAM_BUCKETS), WC_E_GONE,
          "nor has one that is gone");
    loop = measuring();
    EQUAL(wc_loop_get_histogram(loop, 0, counts, WC_HISTOGRAM_BUCKETS), WC_E_INVAL,
          "there is no histogram 0");
    EQUAL(wc_loop_get_histogram(loop, 4, counts, WC_HISTOGRAM_BUCKETS), WC_E_INVAL, "nor 4");
    EQUAL(wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, NULL, WC_HISTOGRAM_BUCKETS), WC_E_INVAL,
          "it needs a place");
    EQUAL(wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, counts, WC_HISTOGRAM_BUCKETS - 1),
          WC_E_INVAL, "large enough");
    counts[WC_HISTOGRAM_BUCKETS] = 77;
    EQUAL(wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, counts, WC_HISTOGRAM_BUCKETS + 1), WC_OK,
          "a larger one will do");
    EQUAL(counts[WC_HISTOGRAM_BUCKETS], 77, "and is left alone behind");
    MUST(wc_loop_free(loop));
}

static void times(void)
{
    uint64_t counts[WC_HISTOGRAM_BUCKETS], before = 0, after = 0;
    wc_loop loop = measuring();
    wc_loop_stats stats;
    int calls = 0, at;
    for (at = 0; at < 5; at++) {
        MUST(wc_timer_start(loop, 0, 0, quick, &calls, NULL, NULL));
    }
    MUST(wc_timer_start(loop, 0, 0, slow, &calls, NULL, NULL));
    /* It is due while the slow one runs, so more than LATE_MS late when that returns. */
    MUST(wc_timer_start(loop, 4, 0, quick, &calls, NULL, NULL));
    MUST(wc_loop_run(loop));
    stats = wire_stats(loop);
    EQUAL(calls, 7, "seven callbacks were called");
    EQUAL(stats.callbacks, 7, "and counted");
    EQUAL(total(loop, WC_HISTOGRAM_CALLBACK, counts), 7, "and measured");
    CHECK(stats.longest_callback_ns >= 20000000, "the longest took 20 ms");
    CHECK(stats.callback_ns >= stats.longest_callback_ns, "all of them at least as long");
    for (at = 0; at < WC_HISTOGRAM_BUCKETS; at++) {
        *(at < 24 ? &before : &after) += counts[at];
    }
    CHECK(after >= 1 && before + after == 7, "it is in a bucket of 2^24 ns, 17 ms, or above");
    CHECK(total(loop, WC_HISTOGRAM_TURN, counts) >= 1, "turns were measured");
    for (after = 0, at = 24; at < WC_HISTOGRAM_BUCKETS; at++) {
        after += counts[at];
    }
    CHECK(after >= 1, "one took as long as its slow callback");
    EQUAL(total(loop, WC_HISTOGRAM_LATENESS, counts), 7, "and how late timers were");
    CHECK(stats.late_timers >= 1, "the one behind the slow callback was late");
    EQUAL(stats.slow_callbacks, 0, "without a watchdog none is slow");
    MUST(wc_loop_free(loop));
}

static void *wake(void *loop)
{
    MUST(wc_loop_stop(*(wc_loop *)loop));
    return NULL;
}

static void job(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
}

static void wake_ups(void)
{
    wc_loop_options options;
    wc_loop loop = 0;
    pthread_t thread;
    wc_loop_stats stats;
    MUST(wc_loop_options_init(&options, sizeof options));
    options.stay = 1;
    MUST(wc_loop_new(&options, &loop));
    stats = wire_stats(loop);
    EQUAL(stats.wakeups, 0, "nobody has woken the loop");
    MUST(pthread_create(&thread, NULL, wake, &loop) == 0 ? 0 : -1);
    MUST(wc_loop_run(loop));
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    /* A stop that came before the run is taken without a wait. */
    CHECK(wire_stats(loop).wakeups <= 1, "a stop of another thread wakes it once at the most");
    for (stats.posts = 0; stats.posts < 3; stats.posts++) {
        wc_event event;
        memset(&event, 0, sizeof event);
        event.size = sizeof event;
        MUST(wc_loop_post(loop, job, NULL, NULL));
        MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
        EQUAL(event.kind, WC_EVENT_POST, "a job comes");
    }
    CHECK(wire_stats(loop).wakeups >= 3, "and wakes the loop each time");
    EQUAL(wire_stats(loop).callbacks, 0, "a loop that does not measure counts no callbacks");
    MUST(wc_loop_free(loop));
}

static void pulled(void)
{
    uint64_t counts[WC_HISTOGRAM_BUCKETS];
    wc_loop loop = measuring();
    wc_event event;
    int calls = 0;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_timer_start(loop, 0, 0, quick, &calls, NULL, NULL));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    EQUAL(wire_stats(loop).callbacks, 0, "an event that is at hand has no end yet");
    for_ms(20);
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "the next one is asked for");
    EQUAL(wire_stats(loop).callbacks, 1, "then it is counted");
    CHECK(wire_stats(loop).longest_callback_ns >= 20000000, "with the time until then");
    MUST(wc_timer_start(loop, 0, 0, quick, &calls, NULL, NULL));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    MUST(wc_loop_dispatch(loop));
    EQUAL(calls, 1, "an event that is dispatched");
    EQUAL(total(loop, WC_HISTOGRAM_CALLBACK, counts), 3, "counts before, and its callback");
    MUST(wc_loop_free(loop));
}

int main(void)
{
    refusals();
    times();
    wake_ups();
    pulled();
    return tap_done();
}

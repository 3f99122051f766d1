/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The watchdog: a callback that holds the loop is told of afterwards, and named by another thread
 * while it does. A busy machine may hold any callback up, so they are counted by kind. */
#include "tap.h"
#include "wire.h"

#include <pthread.h>

#define SLOW_MS 10

struct story {
    wc_loop loop;
    wc_timer timer;
    int timers, jobs, others;
    int32_t kind;
    uint64_t object;
    uint32_t ms;
    int freed;
    /* Not 0: the hook takes itself away. */
    int leaves;
};

static void on_slow(wc_loop loop, int32_t kind, uint64_t object, uint32_t ms, void *user)
{
    struct story *story = user;
    *(kind == WC_EVENT_TIMER ? &story->timers
      : kind == WC_EVENT_POST ? &story->jobs
                              : &story->others) += 1;
    if (kind != WC_EVENT_TIMER) {
        return;
    }
    story->loop = loop;
    story->kind = kind;
    story->object = object;
    story->ms = ms;
    if (story->leaves) {
        MUST(wc_loop_set_watchdog(loop, 0, NULL, NULL, NULL));
    }
}

static void give_back(void *user)
{
    ((struct story *)user)->freed++;
}

static void for_ms(double ms)
{
    uint64_t start = wire_ns();
    while (wire_ms_since(start) < ms) {
    }
}

static void hold(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    for_ms(SLOW_MS + 1);
}

static void hold_as_job(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
    for_ms(SLOW_MS + 1);
}

static void hold_as_end(void *user)
{
    (void)user;
    for_ms(SLOW_MS + 1);
}

static void pass(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
}

static void tells_afterwards(wc_loop loop)
{
    struct story story;
    wc_timer timer = 0;
    memset(&story, 0, sizeof story);
    EQUAL(wc_loop_set_watchdog(loop, SLOW_MS, on_slow, &story, give_back), WC_OK,
          "a loop has a watchdog");
    MUST(wc_timer_start(loop, 0, 0, hold, NULL, NULL, &timer));
    MUST(wc_loop_run(loop));
    EQUAL(story.timers, 1, "a callback that takes long is told of, once");
    CHECK(story.loop == loop, "with its loop,");
    EQUAL(story.kind, WC_EVENT_TIMER, "its kind,");
    CHECK(story.object == timer, "its object,");
    CHECK(story.ms >= SLOW_MS, "and how long it took");
    CHECK(wire_stats(loop).slow_callbacks >= 1, "it is counted");
    CHECK(wire_stats(loop).longest_callback_ns >= SLOW_MS * 1000000u, "as the longest");
    MUST(wc_loop_post(loop, hold_as_job, NULL, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(story.jobs, 1, "so is a job");
    MUST(wc_timer_start(loop, 0, 0, pass, NULL, hold_as_end, NULL));
    story.others = 0;
    MUST(wc_loop_run(loop));
    CHECK(story.others >= 1, "and a free_user function, which is for no event");
    EQUAL(story.freed, 0, "the hook lives");
    EQUAL(wc_loop_set_watchdog(loop, 100000, on_slow, &story, give_back), WC_OK,
          "it is set anew");
    MUST(wc_timer_start(loop, 0, 0, hold, NULL, NULL, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(story.freed, 1, "which ends the one before");
    EQUAL(story.timers, 1, "and what takes less is not slow");
    story.leaves = 1;
    MUST(wc_loop_set_watchdog(loop, SLOW_MS, on_slow, &story, give_back));
    MUST(wc_timer_start(loop, 0, 0, hold, NULL, NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, hold, NULL, NULL, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(story.timers, 2, "a hook can take itself away");
    EQUAL(story.freed, 3, "and what it was given comes back");
    EQUAL(wc_loop_busy(loop, NULL, NULL, NULL), WC_E_STATE, "without a watchdog none tells");
}

/* As slow as what it is told of. */
static void on_slow_slowly(wc_loop loop, int32_t kind, uint64_t object, uint32_t ms, void *user)
{
    int *told = user;
    (void)object;
    (void)ms;
    *told += 1;
    for_ms(SLOW_MS + 1);
    if (kind == 0 || *told > 100) {
        MUST(wc_loop_stop(loop));
    }
}

static void hear_slowly(const wc_log_line *line, void *user)
{
    int *lines = user;
    (void)line;
    *lines += 1;
    for_ms(SLOW_MS + 1);
}

static void slow_hooks_are_not_told_of_themselves(wc_loop loop)
{
    int told = 0, lines = 0;
    uint64_t before = wire_stats(loop).slow_callbacks;
    MUST(wc_loop_set_watchdog(loop, SLOW_MS, on_slow_slowly, &told, NULL));
    MUST(wc_loop_set_log(loop, WC_LOG_WARN, hear_slowly, &lines, NULL));
    MUST(wc_timer_start(loop, 0, 0, hold, NULL, NULL, NULL));
    EQUAL(wc_loop_run(loop), WC_OK, "the loop goes on behind hooks that take long");
    EQUAL(told, 1, "which are told of the callback,");
    EQUAL(lines, 1, "each once");
    CHECK(wire_stats(loop).slow_callbacks >= before + 3, "and are counted as slow, too");
    MUST(wc_loop_set_log(loop, WC_LOG_NONE, NULL, NULL, NULL));
    MUST(wc_loop_set_watchdog(loop, 0, NULL, NULL, NULL));
}

static void pulled(wc_loop loop)
{
    struct story story;
    wc_event event;
    int32_t kind = 0;
    memset(&story, 0, sizeof story);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_loop_set_watchdog(loop, SLOW_MS, on_slow, &story, NULL));
    MUST(wc_timer_start(loop, 0, 0, pass, NULL, NULL, NULL));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    EQUAL(wc_loop_busy(loop, &kind, NULL, NULL), WC_OK, "an event that was pulled is at hand");
    EQUAL(kind, WC_EVENT_TIMER, "and named");
    for_ms(SLOW_MS + 1);
    EQUAL(story.timers, 0, "as long as it is, nobody is told");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "when the next is asked for");
    EQUAL(story.timers, 1, "the time in between is");
    EQUAL(wc_loop_busy(loop, &kind, NULL, NULL), WC_NONE, "then the loop is in nothing");
    MUST(wc_loop_set_watchdog(loop, 0, NULL, NULL, NULL));
}

/* A callback that waits for another thread to name it. */
struct stuck {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    wc_loop loop;
    wc_timer timer;
    int inside;
    int named;
    wc_status before, answer, after;
    int32_t kind;
    uint64_t object, ms;
};

static void held_up(wc_timer timer, void *user)
{
    struct stuck *stuck = user;
    uint64_t start = wire_ns();
    (void)timer;
    while (wire_ms_since(start) < 3) {
    }
    (void)pthread_mutex_lock(&stuck->lock);
    stuck->inside = 1;
    (void)pthread_cond_broadcast(&stuck->changed);
    while (!stuck->named) {
        (void)pthread_cond_wait(&stuck->changed, &stuck->lock);
    }
    (void)pthread_mutex_unlock(&stuck->lock);
}

static void *watch_over(void *user)
{
    struct stuck *stuck = user;
    (void)pthread_mutex_lock(&stuck->lock);
    while (!stuck->inside) {
        (void)pthread_cond_wait(&stuck->changed, &stuck->lock);
    }
    stuck->answer = wc_loop_busy(stuck->loop, &stuck->kind, &stuck->object, &stuck->ms);
    stuck->named = 1;
    (void)pthread_cond_broadcast(&stuck->changed);
    (void)pthread_mutex_unlock(&stuck->lock);
    return NULL;
}

static void is_named_from_outside(void)
{
    struct stuck stuck;
    wc_loop_options options;
    pthread_t thread;
    memset(&stuck, 0, sizeof stuck);
    MUST(pthread_mutex_init(&stuck.lock, NULL) == 0 ? 0 : -1);
    MUST(pthread_cond_init(&stuck.changed, NULL) == 0 ? 0 : -1);
    MUST(wc_loop_options_init(&options, sizeof options));
    options.slow_ms = 100000;
    MUST(wc_loop_new(&options, &stuck.loop));
    EQUAL(wc_loop_busy(stuck.loop, NULL, NULL, NULL), WC_NONE, "a loop that rests is in nothing");
    MUST(wc_timer_start(stuck.loop, 0, 0, held_up, &stuck, NULL, &stuck.timer));
    MUST(pthread_create(&thread, NULL, watch_over, &stuck) == 0 ? 0 : -1);
    MUST(wc_loop_run(stuck.loop));
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    EQUAL(stuck.answer, WC_OK, "a loop that is stuck says so to another thread:");
    EQUAL(stuck.kind, WC_EVENT_TIMER, "in what");
    SAME(wc_event_name(stuck.kind), "WC_EVENT_TIMER", "by name,");
    CHECK(stuck.object == stuck.timer, "of which object,");
    CHECK(stuck.ms >= 3, "and for how long");
    EQUAL(wc_loop_busy(stuck.loop, NULL, NULL, NULL), WC_NONE, "then it is in nothing again");
    MUST(wc_loop_free(stuck.loop));
    EQUAL(wc_loop_busy(stuck.loop, NULL, NULL, NULL), WC_E_GONE, "a loop that is gone is gone");
    EQUAL(wc_loop_busy(0, NULL, NULL, NULL), WC_E_BADHANDLE, "and none is none");
    EQUAL(wc_loop_busy(stuck.timer, NULL, NULL, NULL), WC_E_BADHANDLE, "nor is a timer a loop");
    (void)pthread_cond_destroy(&stuck.changed);
    (void)pthread_mutex_destroy(&stuck.lock);
}

static void names(void)
{
    SAME(wc_event_name(WC_EVENT_OPEN), "WC_EVENT_OPEN", "events have names");
    SAME(wc_event_name(WC_EVENT_WATCH), "WC_EVENT_WATCH", "the newest too");
    SAME(wc_event_name(0), "none", "0 is none");
    SAME(wc_event_name(-7), "unknown", "others are unknown");
}

static void ends_with_the_loop(void)
{
    struct story story;
    wc_loop loop = wire_loop();
    memset(&story, 0, sizeof story);
    EQUAL(wc_loop_set_watchdog(0, 1, on_slow, &story, give_back), WC_E_BADHANDLE,
          "a watchdog needs a loop");
    EQUAL(story.freed, 1, "what it was given comes back");
    EQUAL(wc_loop_set_watchdog(loop, 0, on_slow, &story, give_back), WC_OK,
          "one that finds nothing slow is none");
    MUST(wc_loop_run(loop));
    EQUAL(story.freed, 2, "what it was given comes back too");
    MUST(wc_loop_set_watchdog(loop, SLOW_MS, on_slow, &story, give_back));
    MUST(wc_timer_start(loop, 1000, 0, pass, NULL, hold_as_end, NULL));
    EQUAL(wc_loop_free(loop), WC_OK, "a loop with a watchdog is freed");
    CHECK(story.others >= 1, "it watches to the end");
    EQUAL(story.freed, 3, "and ends with the loop");
}

int main(void)
{
    wc_loop loop = wire_loop();
    tells_afterwards(loop);
    slow_hooks_are_not_told_of_themselves(loop);
    pulled(loop);
    MUST(wc_loop_free(loop));
    is_named_from_outside();
    names();
    ends_with_the_loop();
    return tap_done();
}

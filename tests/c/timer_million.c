/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A million timers in one loop: started, moved, ended, fired, and made and ended in a circle. */
#include "tap.h"
#include "wire.h"

#include <signal.h>

#define MILLION 1000000
#define HOUR 3600000

static wc_timer timers[MILLION];
static int fired, freed, circles, refused;

static void fire(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    fired++;
}

static void give_back(void *user)
{
    (void)user;
    freed++;
}

/* Fifty times slower, a tenth shows the same. */
static int how_many(void)
{
    const char *loaded = getenv("LD_PRELOAD");
    return loaded != NULL && strstr(loaded, "vgpreload") != NULL ? MILLION / 10 : MILLION;
}

static void a_million(wc_loop loop, int count)
{
    int at, moved = 0, ended = 0;
    for (at = 0; at < count; at++) {
        MUST(wc_timer_start(loop, (uint32_t)(HOUR + at), 0, fire, NULL, NULL, &timers[at]));
    }
    EQUAL(wire_stats(loop).timers, count, "so many timers are alive");
    for (at = 0; at < count; at++) {
        moved += wc_timer_restart(timers[at], (uint32_t)(2 * HOUR - at)) == WC_OK;
    }
    EQUAL(moved, count, "all of them are moved");
    wire_turns(loop, 3);
    EQUAL(fired, 0, "none fires before its time");
    for (at = 0; at < count; at += 2) {
        ended += wc_timer_cancel(timers[at]) == WC_OK;
    }
    EQUAL(ended, count / 2, "every second one is ended");
    for (at = 1; at < count; at += 2) {
        MUST(wc_timer_restart(timers[at], (uint32_t)(at % 20)));
    }
    MUST(wc_loop_run(loop));
    EQUAL(fired, count / 2, "every other one fires");
    EQUAL(wire_stats(loop).timers, 0, "and none is left");
}

/* Makes and ends timers in one callback. What nobody wants back leaves nothing behind. */
static void circle(wc_timer timer, void *user)
{
    wc_loop loop = *(wc_loop *)user;
    wc_timer one = 0;
    int at;
    (void)timer;
    for (at = 0; at < circles; at++) {
        if (wc_timer_start(loop, HOUR, 0, fire, NULL, NULL, &one) != WC_OK ||
            wc_timer_cancel(one) != WC_OK) {
            refused++;
        }
    }
}

static void a_circle(wc_loop loop, int count)
{
    circles = 2 * count;
    MUST(wc_timer_start(loop, 0, 0, circle, &loop, NULL, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(refused, 0, "timers are made and ended in one callback as often as it likes");
}

static void on_slow(wc_loop loop, int32_t kind, uint64_t object, uint32_t ms, void *user)
{
    (void)loop;
    (void)kind;
    (void)object;
    (void)ms;
    (void)user;
}

static void on_line(const wc_log_line *line, void *user)
{
    (void)line;
    (void)user;
}

static void on_transition(const wc_transition *transition, void *user)
{
    (void)transition;
    (void)user;
}

static struct wire_log *log;
static wc_conn given_to;

/* All that takes a user pointer and could be done and undone in a circle. */
static void others_are_refused(wc_loop loop)
{
    EQUAL(wc_watch_start(loop, 0, 0, NULL, NULL, give_back, NULL), WC_E_LIMIT, "a watcher,");
    EQUAL(wc_signal_start(loop, SIGUSR1, NULL, NULL, give_back, NULL), WC_E_LIMIT, "a signal,");
    EQUAL(wc_post_new(loop, NULL, NULL, give_back, NULL), WC_E_LIMIT, "a post,");
    EQUAL(wc_conn_set_user(given_to, NULL, give_back), WC_E_LIMIT, "another user pointer,");
    EQUAL(wc_loop_set_watchdog(loop, 1, on_slow, NULL, give_back), WC_E_LIMIT, "a watchdog,");
    EQUAL(wc_loop_set_log(loop, WC_LOG_INFO, on_line, NULL, give_back), WC_E_LIMIT, "a log,");
    EQUAL(wc_loop_set_log(loop, WC_LOG_NONE, NULL, NULL, give_back), WC_E_LIMIT, "or none,");
    EQUAL(wc_loop_set_trace(loop, on_transition, NULL, give_back), WC_E_LIMIT,
          "and a trace are refused above that");
    EQUAL(wc_loop_set_log(loop, WC_LOG_NONE, NULL, NULL, NULL), WC_OK, "a hook can always go");
}

/* What it is given is kept until the callback returns: up to RELEASES, 2^20. */
static void to_the_limit(wc_timer timer, void *user)
{
    wc_loop loop = *(wc_loop *)user;
    wc_timer one = 0;
    (void)timer;
    circles = 0;
    while (circles < 2 * MILLION &&
           wc_timer_start(loop, HOUR, 0, fire, NULL, give_back, &one) == WC_OK) {
        MUST(wc_timer_cancel(one));
        circles++;
    }
    others_are_refused(loop);
}

static void a_circle_that_wants_something_back(wc_loop loop)
{
    log = wire_log_new(loop);
    wire_listen(log);
    given_to = wire_dial(log, log->port, NULL);
    MUST(wc_timer_start(loop, 0, 0, to_the_limit, &loop, NULL, NULL));
    wire_turns(loop, 10);
    CHECK(circles > 0, "a callback makes and ends timers as long as it may");
    EQUAL(circles, 1048576, "RELEASES user pointers wait for the end of the callback, no more");
    EQUAL(freed, circles + 9, "each comes back, that of the refused ones too");
    MUST(wc_timer_start(loop, 0, 0, fire, NULL, give_back, NULL));
    wire_turns(loop, 10);
    EQUAL(freed, circles + 10, "then there is room again");
}

int main(void)
{
    wc_loop loop = wire_loop();
    int count = how_many();
    a_million(loop, count);
    a_circle(loop, count);
    if (count == MILLION) {
        a_circle_that_wants_something_back(loop);
    }
    EQUAL(wc_loop_free(loop), WC_OK, "the loop is freed");
    free(log);
    return tap_done();
}

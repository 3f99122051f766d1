/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers: never early, in order, at a fixed rate; their ends, and what is given back. */
#include "tap.h"
#include "wire.h"

struct shot {
    wc_timer timer;
    wc_timer other;
    uint64_t started;
    uint64_t delay_ms;
    int fired;
    int early;
    int freed;
    int more;
    wc_status answer;
};

static char order[64];

static void note_order(wc_timer timer, void *user)
{
    (void)timer;
    strncat(order, user, sizeof order - strlen(order) - 1);
}

static void give_back(void *user)
{
    ((struct shot *)user)->freed++;
}

static void fire(wc_timer timer, void *user)
{
    struct shot *shot = user;
    shot->timer = timer;
    shot->fired++;
    shot->early += wire_ns() - shot->started < shot->delay_ms * 1000000;
}

static void statuses(wc_loop loop)
{
    struct shot shot = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    wc_timer timer = 0;
    EQUAL(wc_timer_start(0, 0, 0, fire, &shot, give_back, &timer), WC_E_BADHANDLE,
          "a timer without a loop is refused");
    EQUAL(shot.freed, 1, "and what it was given comes back");
    EQUAL(timer, 0, "and no handle is written");
    EQUAL(wc_timer_restart(0, 1), WC_E_BADHANDLE, "restart of none is refused");
    EQUAL(wc_timer_cancel(0), WC_E_BADHANDLE, "cancel of none is refused");
    EQUAL(wc_timer_cancel(loop), WC_E_BADHANDLE, "cancel of a loop is refused");
    EQUAL(wc_timer_restart(loop, 1), WC_E_BADHANDLE, "restart of a loop is refused");
    EQUAL(wc_timer_start(loop, 1, 0, NULL, NULL, NULL, NULL), WC_OK, "everything may be null");
    EQUAL(wc_timer_start(loop, 0, 0, fire, &shot, give_back, &timer), WC_OK, "a timer starts");
    EQUAL(wc_loop_run(loop), WC_OK, "the loop ends when no timer is left");
    EQUAL(shot.fired, 1, "the timer fired once");
    EQUAL(shot.freed, 2, "its user pointer came back once");
    EQUAL(wc_timer_cancel(timer), WC_E_GONE, "one that has fired is gone");
    EQUAL(wc_timer_restart(timer, 1), WC_E_GONE, "and cannot be restarted");
    EQUAL(wc_timer_start(loop, 5, 0, fire, &shot, give_back, &timer), WC_OK, "another starts");
    EQUAL(wc_timer_cancel(timer), WC_OK, "it is cancelled");
    EQUAL(shot.freed, 2, "the pointer does not come back from within the call");
    EQUAL(wc_timer_cancel(timer), WC_E_GONE, "it is gone at once");
    EQUAL(wc_loop_run(loop), WC_OK, "nothing is left to run");
    EQUAL(shot.fired, 1, "what was cancelled does not fire");
    EQUAL(shot.freed, 3, "its user pointer came back");
}

static void never_early(wc_loop loop)
{
    static const uint64_t delays[] = {0, 1, 2, 3, 5, 10, 17, 40};
    struct shot shots[8];
    int at, fired = 0, early = 0;
    memset(shots, 0, sizeof shots);
    for (at = 0; at < 8; at++) {
        shots[at].delay_ms = delays[at];
        shots[at].started = wire_ns();
        MUST(wc_timer_start(loop, (uint32_t)delays[at], 0, fire, &shots[at], NULL, NULL));
    }
    EQUAL(wc_loop_run(loop), WC_OK, "all timers run out");
    for (at = 0; at < 8; at++) {
        fired += shots[at].fired;
        early += shots[at].early;
    }
    EQUAL(fired, 8, "each fired once");
    EQUAL(early, 0, "none was early");
}

static void busy(wc_timer timer, void *user)
{
    struct shot *shot = user;
    uint64_t start = wire_ns();
    (void)timer;
    while (wire_ms_since(start) < 15) {
    }
    shot->started = wire_ns();
    shot->delay_ms = 10;
    MUST(wc_timer_start(*(wc_loop *)&shot->other, 10, 0, fire, shot, NULL, NULL));
}

static void counts_from_the_call(wc_loop loop)
{
    struct shot shot;
    memset(&shot, 0, sizeof shot);
    shot.other = loop;
    MUST(wc_timer_start(loop, 0, 0, busy, &shot, NULL, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 1, "a timer that was started by a slow callback fires");
    EQUAL(shot.early, 0, "and counts from its start, not from the turn's");
}

static void in_order(wc_loop loop)
{
    /* The two at 20 ms are started first, and in one millisecond or in two: in order all the
     * same. */
    order[0] = '\0';
    MUST(wc_timer_start(loop, 20, 0, note_order, "d", NULL, NULL));
    MUST(wc_timer_start(loop, 20, 0, note_order, "e", NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, note_order, "a", NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, note_order, "b", NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, note_order, "c", NULL, NULL));
    MUST(wc_loop_run(loop));
    SAME(order, "abcde", "timers fire by time, and by start where that is equal");
}

static void repeat(wc_timer timer, void *user)
{
    struct shot *shot = user;
    fire(timer, user);
    shot->delay_ms += 4;
    if (--shot->more == 0) {
        shot->answer = wc_timer_cancel(timer);
    }
}

static void fixed_rate(wc_loop loop)
{
    struct shot shot;
    memset(&shot, 0, sizeof shot);
    shot.more = 10;
    shot.delay_ms = 4;
    shot.started = wire_ns();
    MUST(wc_timer_start(loop, 4, 4, repeat, &shot, give_back, &shot.timer));
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 10, "a repeating timer fires until it is cancelled");
    EQUAL(shot.answer, WC_OK, "which its own callback may do");
    EQUAL(shot.early, 0, "no firing is before its multiple of the period");
    EQUAL(shot.freed, 1, "its user pointer comes back once");
    EQUAL(wc_timer_cancel(shot.timer), WC_E_GONE, "then it is gone");
}

/* Takes longer than two periods, once. */
static void slow_once(wc_timer timer, void *user)
{
    struct shot *shot = user;
    uint64_t start = wire_ns();
    shot->fired++;
    while (shot->fired == 1 && wire_ms_since(start) < 55) {
    }
    if (shot->fired == 3) {
        MUST(wc_timer_cancel(timer));
    }
}

static void what_is_missed_is_skipped(wc_loop loop)
{
    struct shot shot;
    uint64_t start = wire_ns();
    memset(&shot, 0, sizeof shot);
    MUST(wc_timer_start(loop, 20, 20, slow_once, &shot, give_back, NULL));
    MUST(wc_loop_run(loop));
    /* The first is at 20 ms and ends at 75: the one of 40 ms is late, that of 60 is skipped. */
    CHECK(wire_ms_since(start) >= 80, "a firing that was missed is skipped, not caught up with");
    EQUAL(shot.freed, 1, "its user pointer comes back once");
}

static void restart_self(wc_timer timer, void *user)
{
    struct shot *shot = user;
    fire(timer, user);
    if (shot->fired < 3) {
        shot->started = wire_ns();
        shot->answer = wc_timer_restart(timer, (uint32_t)shot->delay_ms);
    }
}

static void cancel_other(wc_timer timer, void *user)
{
    struct shot *shot = user;
    fire(timer, user);
    shot->answer = wc_timer_cancel(shot->other);
}

static void in_callbacks(wc_loop loop)
{
    struct shot shot, other;
    memset(&shot, 0, sizeof shot);
    memset(&other, 0, sizeof other);
    shot.delay_ms = 3;
    shot.started = wire_ns();
    MUST(wc_timer_start(loop, 3, 0, restart_self, &shot, give_back, &shot.timer));
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 3, "a one-shot timer that restarts itself goes on");
    EQUAL(shot.answer, WC_OK, "the restart was accepted");
    EQUAL(shot.early, 0, "and never early");
    EQUAL(shot.freed, 1, "its user pointer comes back once, at the very end");
    memset(&shot, 0, sizeof shot);
    MUST(wc_timer_start(loop, 0, 0, cancel_other, &shot, give_back, NULL));
    MUST(wc_timer_start(loop, 0, 0, fire, &other, give_back, &shot.other));
    MUST(wc_loop_run(loop));
    EQUAL(shot.answer, WC_OK, "a timer that is due is cancelled by another's callback");
    EQUAL(other.fired, 0, "and does not fire");
    EQUAL(shot.freed + other.freed, 2, "both user pointers come back");
    memset(&shot, 0, sizeof shot);
    shot.more = 1;
    MUST(wc_timer_start(loop, 0, 0, repeat, &shot, give_back, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(shot.answer, WC_OK, "a one-shot timer is cancelled by its own callback");
    EQUAL(shot.freed, 1, "its user pointer comes back once");
}

static void moved(wc_loop loop)
{
    struct shot shot;
    memset(&shot, 0, sizeof shot);
    MUST(wc_timer_start(loop, 100000, 0, fire, &shot, give_back, &shot.timer));
    shot.started = wire_ns();
    shot.delay_ms = 5;
    EQUAL(wc_timer_restart(shot.timer, 5), WC_OK, "a timer is moved forward");
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 1, "it fires then");
    MUST(wc_timer_start(loop, 0, 0, fire, &shot, give_back, &shot.timer));
    shot.started = wire_ns();
    shot.delay_ms = 10;
    EQUAL(wc_timer_restart(shot.timer, 10), WC_OK, "a timer is moved back");
    MUST(wc_loop_run(loop));
    EQUAL(shot.early, 0, "neither is early");
}

static void in_the_last_breath(void *user)
{
    struct shot *shot = user;
    shot->freed++;
    shot->answer = wc_timer_start(shot->other, 0, 0, fire, shot, NULL, NULL);
}

static void ends_with_the_loop(void)
{
    struct shot shot;
    wc_loop loop = wire_loop();
    memset(&shot, 0, sizeof shot);
    shot.other = loop;
    MUST(wc_timer_start(loop, 100000, 7, fire, &shot, in_the_last_breath, &shot.timer));
    EQUAL(wc_loop_free(loop), WC_OK, "a loop with a timer is freed");
    EQUAL(shot.fired, 0, "the timer does not fire");
    EQUAL(shot.freed, 1, "its user pointer comes back");
    EQUAL(shot.answer, WC_E_STATE, "none can be started while the loop ends");
    EQUAL(wc_timer_cancel(shot.timer), WC_E_GONE, "it is gone");
    EQUAL(wc_timer_restart(shot.timer, 1), WC_E_GONE, "it cannot be restarted");
    EQUAL(wc_timer_start(loop, 1, 0, fire, &shot, give_back, NULL), WC_E_GONE,
          "nor another be started");
    EQUAL(shot.freed, 2, "whose user pointer comes back as well");
}

/* Two words of a slot's past must not meet: the old handle is gone for ever. */
static void a_slot_is_used_again(wc_loop loop)
{
    wc_timer first, next;
    MUST(wc_timer_start(loop, 1000, 0, NULL, NULL, NULL, &first));
    MUST(wc_timer_cancel(first));
    MUST(wc_timer_start(loop, 1000, 0, NULL, NULL, NULL, &next));
    CHECK(first != next, "a timer in the place of another has its own handle");
    EQUAL(wc_timer_cancel(first), WC_E_GONE, "the old handle is gone");
    EQUAL(wc_timer_cancel(next), WC_OK, "the new one lives");
}

static int many_fired;

static void count(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    many_fired++;
}

/* SLOTS: sixteen million timers need more memory than a test may take; the slab's own test holds
 * that limit. A hundred thousand show that the number costs nothing. */
static void a_hundred_thousand(wc_loop loop)
{
    static wc_timer timers[100000];
    int at, cancelled = 0;
    for (at = 0; at < 100000; at++) {
        MUST(wc_timer_start(loop, (uint32_t)(at % 50), 0, count, NULL, NULL, &timers[at]));
    }
    EQUAL(wire_stats(loop).timers, 100000, "a hundred thousand timers are alive");
    for (at = 0; at < 100000; at += 2) {
        cancelled += wc_timer_cancel(timers[at]) == WC_OK;
    }
    EQUAL(cancelled, 50000, "half of them are cancelled");
    MUST(wc_loop_run(loop));
    EQUAL(many_fired, 50000, "the other half fires");
}

int main(void)
{
    wc_loop loop = wire_loop();
    statuses(loop);
    never_early(loop);
    counts_from_the_call(loop);
    in_order(loop);
    fixed_rate(loop);
    what_is_missed_is_skipped(loop);
    in_callbacks(loop);
    moved(loop);
    a_slot_is_used_again(loop);
    a_hundred_thousand(loop);
    EQUAL(wire_stats(loop).timers, 0, "no timer is left");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop is freed");
    ends_with_the_loop();
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers with options: a time of the loop, a fixed delay, when they are due; a fresh clock. */
#include "tap.h"
#include "wire.h"

struct shot {
    wc_loop loop;
    wc_timer timer;
    int fired;
    int more;
    int early;
    int freed;
    uint64_t ended_ns;
    uint64_t due_ms;
    wc_status due_answer;
};

static wc_timer_options options_now(void)
{
    wc_timer_options options;
    MUST(wc_timer_options_init(&options, sizeof options));
    return options;
}

static uint64_t fresh(wc_loop loop)
{
    uint64_t ms = 0;
    MUST(wc_loop_now_fresh(loop, &ms));
    return ms;
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
    shot->early += shot->due_ms > 0 && fresh(shot->loop) < shot->due_ms;
    shot->due_answer = wc_timer_due(timer, &shot->due_ms);
}

static void refusals(wc_loop loop)
{
    struct shot shot;
    wc_timer_options options = options_now();
    wc_timer timer = 0;
    uint64_t ms;
    memset(&shot, 0, sizeof shot);
    EQUAL(wc_timer_schedule(loop, NULL, fire, &shot, give_back, &timer), WC_E_INVAL,
          "a timer without options is refused");
    EQUAL(shot.freed, 1, "and what it was given comes back");
    options.delay_ms = 1;
    options.at_ms = 1;
    EQUAL(wc_timer_schedule(loop, &options, fire, &shot, give_back, &timer), WC_E_INVAL,
          "so is one of two times");
    options.at_ms = 0;
    options.unix_ms = 1;
    EQUAL(wc_timer_schedule(loop, &options, fire, &shot, give_back, &timer), WC_E_INVAL,
          "and a delay with a date");
    options.delay_ms = 0;
    options.repeat_ms = 5;
    options.repeat_mode = WC_REPEAT_DELAY;
    EQUAL(wc_timer_schedule(loop, &options, fire, &shot, give_back, &timer), WC_E_INVAL,
          "and a fixed delay of an alarm");
    options.unix_ms = 0;
    options.repeat_mode = 2;
    EQUAL(wc_timer_schedule(loop, &options, fire, &shot, give_back, &timer), WC_E_INVAL,
          "and a mode that there is not");
    options.repeat_mode = WC_REPEAT_RATE;
    EQUAL(wc_timer_schedule(0, &options, fire, &shot, give_back, &timer), WC_E_BADHANDLE,
          "and none without a loop");
    EQUAL(shot.freed, 6, "each time what it was given comes back");
    EQUAL(timer, 0, "and no handle is written");
    EQUAL(wc_timer_due(0, &ms), WC_E_BADHANDLE, "none has no time");
    EQUAL(wc_timer_due(loop, &ms), WC_E_BADHANDLE, "nor has a loop");
    MUST(wc_timer_start(loop, 9, 0, NULL, NULL, NULL, &timer));
    EQUAL(wc_timer_due(timer, NULL), WC_E_INVAL, "the time needs a place");
    MUST(wc_timer_cancel(timer));
    EQUAL(wc_timer_due(timer, &ms), WC_E_GONE, "one that has ended has none");
    EQUAL(wc_loop_now_fresh(loop, NULL), WC_E_INVAL, "so does the present");
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 0, "nothing of it fires");
}

static void absolute(wc_loop loop)
{
    struct shot shot;
    wc_timer_options options = options_now();
    wc_timer timer = 0;
    uint64_t now, cached;
    memset(&shot, 0, sizeof shot);
    shot.loop = loop;
    now = fresh(loop);
    MUST(wc_loop_now(loop, &cached));
    CHECK(now >= cached, "the present is not before the loop's time");
    options.at_ms = now + 10;
    shot.due_ms = now + 10;
    EQUAL(wc_timer_schedule(loop, &options, fire, &shot, give_back, &timer), WC_OK,
          "a timer is set to a time of the loop");
    EQUAL(wc_timer_due(timer, &cached), WC_OK, "which can be asked for");
    EQUAL(cached, now + 10, "and is the one that was given");
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 1, "it fires once");
    EQUAL(shot.early, 0, "not before");
    EQUAL(shot.due_answer, WC_NONE, "within its callback it has no time any more");
    options.at_ms = 1;
    MUST(wc_timer_schedule(loop, &options, fire, &shot, give_back, &timer));
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 2, "one in the past fires at once");
    options.at_ms = 0;
    MUST(wc_timer_schedule(loop, &options, fire, &shot, give_back, &timer));
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 3, "so does one without any time");
    EQUAL(shot.freed, 3, "each user pointer came back");
}

/* Works for 8 ms; the next one may come 10 ms after that, not 10 ms after the last. */
static void slow(wc_timer timer, void *user)
{
    struct shot *shot = user;
    uint64_t start = wire_ns();
    shot->early += shot->fired > 0 && start - shot->ended_ns < 10 * 1000000u;
    shot->fired++;
    while (wire_ms_since(start) < 8) {
    }
    shot->due_answer = wc_timer_due(timer, &shot->due_ms);
    if (--shot->more == 0) {
        MUST(wc_timer_cancel(timer));
    }
    shot->ended_ns = wire_ns();
}

static void fixed_delay(wc_loop loop)
{
    struct shot shot;
    wc_timer_options options = options_now();
    memset(&shot, 0, sizeof shot);
    shot.more = 4;
    options.delay_ms = 1;
    options.repeat_ms = 10;
    options.repeat_mode = WC_REPEAT_DELAY;
    MUST(wc_timer_schedule(loop, &options, slow, &shot, give_back, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(shot.fired, 4, "a timer with a fixed delay repeats until it is cancelled");
    EQUAL(shot.early, 0, "each time so long after its callback has returned");
    EQUAL(shot.due_answer, WC_NONE, "which is when its next time is known");
    EQUAL(shot.freed, 1, "its user pointer comes back once");
}

static void pulled(wc_loop loop)
{
    wc_timer_options options = options_now();
    wc_event event;
    wc_timer timer = 0;
    uint64_t due = 0, end, start;
    int at, early = 0;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    options.repeat_ms = 6;
    options.repeat_mode = WC_REPEAT_DELAY;
    MUST(wc_timer_schedule(loop, &options, NULL, &event, NULL, &timer));
    end = 0;
    for (at = 0; at < 3; at++) {
        EQUAL(wc_loop_next(loop, WIRE_DEADLINE_MS, &event), WC_OK, "an event is pulled:");
        CHECK(event.kind == WC_EVENT_TIMER && event.object == timer, "the timer's");
        start = wire_ns();
        early += at > 0 && start - end < 6 * 1000000u;
        EQUAL(wc_timer_due(timer, &due), WC_NONE, "its delay has not begun");
        while (wire_ms_since(start) < 4) {
        }
        end = wire_ns();
    }
    EQUAL(early, 0, "the delay begins when the next event is asked for");
    EQUAL(wc_timer_restart(timer, 3600000), WC_OK, "it is moved while it is at hand");
    EQUAL(wc_timer_due(timer, &due), WC_OK, "so it has a time again");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "which is not now");
    EQUAL(wc_timer_restart(timer, 1), WC_OK, "it can be moved");
    EQUAL(wc_loop_next(loop, WIRE_DEADLINE_MS, &event), WC_OK, "and comes then");
    EQUAL(wc_timer_restart(timer, 0), WC_OK, "also while it is at hand");
    EQUAL(wc_loop_next(loop, WIRE_DEADLINE_MS, &event), WC_OK, "and comes again");
    EQUAL(wc_timer_cancel(timer), WC_OK, "it is ended");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "for good");
}

/* An event at hand is its own timer's until the next event, whatever is made meanwhile. */
static void ended_at_hand(wc_loop loop)
{
    struct shot first, second;
    wc_event event;
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    first.loop = second.loop = loop;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_timer_start(loop, 0, 5, fire, &first, give_back, &first.timer));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    MUST(wc_timer_cancel(first.timer));
    MUST(wc_timer_start(loop, 1000, 0, fire, &second, give_back, &second.timer));
    MUST(wc_loop_dispatch(loop));
    EQUAL(first.fired, 0, "a timer that was ended with its event at hand does not fire any more");
    EQUAL(second.fired, 0, "nor does another one in its place");
    MUST(wc_timer_cancel(second.timer));
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "then both are gone");
    EQUAL(first.freed + second.freed, 2, "and what they were given came back");
}

int main(void)
{
    wc_loop loop = wire_loop();
    refusals(loop);
    absolute(loop);
    fixed_delay(loop);
    pulled(loop);
    ended_at_hand(loop);
    EQUAL(wire_stats(loop).timers, 0, "no timer is left");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop is freed");
    return tap_done();
}

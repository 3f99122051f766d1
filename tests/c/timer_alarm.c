/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Alarms by the machine's own clock, which nobody sets here; tests/sim_loop/alarms.rs sets one. */
#include "tap.h"
#include "wire.h"

struct bell {
    uint64_t date_ms;
    uint64_t period_ms;
    int rung;
    int early;
    int more;
    int freed;
    wc_status due_answer;
    uint64_t due;
};

static uint64_t wall_ms(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_REALTIME, &now));
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void give_back(void *user)
{
    ((struct bell *)user)->freed++;
}

static void ring(wc_timer timer, void *user)
{
    struct bell *bell = user;
    bell->rung++;
    bell->early += wall_ms() < bell->date_ms;
    bell->due_answer = wc_timer_due(timer, &bell->due);
    bell->date_ms += bell->period_ms;
    if (bell->more > 0 && --bell->more == 0) {
        MUST(wc_timer_cancel(timer));
    }
}

static wc_timer set(wc_loop loop, struct bell *bell, uint64_t in_ms)
{
    wc_timer_options options;
    wc_timer timer = 0;
    MUST(wc_timer_options_init(&options, sizeof options));
    bell->date_ms = wall_ms() + in_ms;
    options.unix_ms = bell->date_ms;
    options.repeat_ms = (uint32_t)bell->period_ms;
    MUST(wc_timer_schedule(loop, &options, ring, bell, give_back, &timer));
    return timer;
}

static void never_early(wc_loop loop)
{
    static const uint64_t delays[] = {0, 1, 2, 3, 5, 10, 17, 40};
    struct bell bells[8];
    int at, rung = 0, early = 0, freed = 0;
    uint64_t start = wire_ns(), due = 0;
    memset(bells, 0, sizeof bells);
    for (at = 7; at >= 0; at--) {
        wc_timer timer = set(loop, &bells[at], delays[at]);
        MUST(wc_timer_due(timer, &due));
        CHECK(due == bells[at].date_ms, "an alarm is due at its date");
    }
    EQUAL(wire_stats(loop).timers, 8, "alarms are timers");
    EQUAL(wc_loop_run(loop), WC_OK, "all alarms ring");
    for (at = 0; at < 8; at++) {
        rung += bells[at].rung;
        early += bells[at].early;
        freed += bells[at].freed;
    }
    EQUAL(rung, 8, "each rang once");
    EQUAL(early, 0, "none before its date");
    EQUAL(freed, 8, "and gave back what it was given");
    CHECK(wire_ms_since(start) >= 38, "which took as long as it takes");
}

static void repeats(wc_loop loop)
{
    struct bell bell;
    memset(&bell, 0, sizeof bell);
    bell.period_ms = 7;
    bell.more = 5;
    set(loop, &bell, 3);
    MUST(wc_loop_run(loop));
    EQUAL(bell.rung, 5, "an alarm repeats until it is cancelled");
    EQUAL(bell.early, 0, "on the dates of its rhythm, never before");
    EQUAL(bell.due_answer, WC_OK, "the next one is known within its callback");
    EQUAL(bell.freed, 1, "what it was given came back once");
}

static void moved_and_ended(wc_loop loop)
{
    struct bell bell;
    wc_timer timer;
    uint64_t due = 0, start;
    memset(&bell, 0, sizeof bell);
    timer = set(loop, &bell, 86400000);
    start = wall_ms();
    EQUAL(wc_timer_restart(timer, 5), WC_OK, "an alarm of tomorrow is moved to now");
    bell.date_ms = start + 5;
    MUST(wc_timer_due(timer, &due));
    CHECK(due >= start + 5, "its date is counted from the date of now");
    MUST(wc_loop_run(loop));
    EQUAL(bell.rung, 1, "it rings then");
    EQUAL(bell.early, 0, "not before");
    timer = set(loop, &bell, 5);
    EQUAL(wc_timer_cancel(timer), WC_OK, "another is cancelled");
    EQUAL(wc_timer_cancel(timer), WC_E_GONE, "once");
    MUST(wc_loop_run(loop));
    EQUAL(bell.rung, 1, "and does not ring");
    EQUAL(bell.freed, 2, "each gave back what it was given");
}

static void pulled(wc_loop loop)
{
    struct bell bell;
    wc_event event;
    wc_timer timer;
    memset(&bell, 0, sizeof bell);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    timer = set(loop, &bell, 4);
    EQUAL(wc_loop_next(loop, WIRE_DEADLINE_MS, &event), WC_OK, "an alarm is pulled");
    CHECK(event.kind == WC_EVENT_TIMER && event.object == timer && event.user == &bell,
          "as the event of a timer");
    CHECK(wall_ms() >= bell.date_ms, "not before its date");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "its callback is called");
    EQUAL(bell.rung, 1, "once");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "nothing is left");
    EQUAL(bell.freed, 1, "what it was given came back");
}

static void ends_with_the_loop(void)
{
    struct bell bell;
    int before = wire_descriptors();
    wc_loop loop = wire_loop();
    memset(&bell, 0, sizeof bell);
    set(loop, &bell, 86400000);
    bell.period_ms = 1000;
    set(loop, &bell, 86400000);
    wire_turns(loop, 3);
    EQUAL(wc_loop_free(loop), WC_OK, "a loop with alarms is freed");
    EQUAL(bell.rung, 0, "they do not ring");
    EQUAL(bell.freed, 2, "what they were given came back");
    EQUAL(wire_descriptors(), before, "and every descriptor");
}

static void note_ready(wc_watch watch, uint32_t ready, void *user)
{
    (void)watch;
    *(uint32_t *)user |= ready;
}

/* The alarm's descriptor takes the number of one that the program closed while it was watched. */
static void takes_a_number(void)
{
    wc_loop loop = wire_loop();
    wc_watch watch = 0;
    wc_timer_options when;
    uint32_t told = 0;
    int ends[2], number = -2;
    MUST(pipe(ends));
    MUST(wc_watch_start(loop, ends[0], WC_READ, note_ready, &told, NULL, &watch));
    MUST(close(ends[0]));
    MUST(wc_timer_options_init(&when, sizeof when));
    when.unix_ms = 1;
    MUST(wc_timer_schedule(loop, &when, NULL, NULL, NULL, NULL));
    MUST(wc_loop_step(loop, 0));
    MUST(wc_loop_step(loop, 0));
    MUST(wc_watch_fd(watch, &number));
    /* Where alarms have no descriptor nothing took it. */
    if (fcntl(ends[0], F_GETFD) < 0) {
        number = -1;
        told |= WC_ERROR;
    }
    EQUAL(number, -1, "a watcher gives up a number that an alarm was given");
    CHECK((told & WC_ERROR) != 0, "and is told an error");
    MUST(wc_loop_free(loop));
    MUST(close(ends[1]));
}

int main(void)
{
    wc_loop loop = wire_loop();
    never_early(loop);
    repeats(loop);
    moved_and_ended(loop);
    pulled(loop);
    EQUAL(wire_stats(loop).timers, 0, "no alarm is left");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop is freed");
    ends_with_the_loop();
    takes_a_number();
    return tap_done();
}

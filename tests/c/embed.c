/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Living with others: a loop that a program waits for elsewhere, single steps, a loop inside the
 * watcher of another, and a loop that rests and goes on. */
#include "watching.h"

#include <pthread.h>

static void on_fire(wc_timer timer, void *user)
{
    (void)timer;
    ++*(int *)user;
}

static void on_post(wc_loop loop, void *user)
{
    (void)loop;
    ++*(int *)user;
}

static wc_loop staying_loop(void)
{
    wc_loop_options options;
    wc_loop loop;
    MUST(wc_loop_options_init(&options, sizeof options));
    options.stay = 1;
    MUST(wc_loop_new(&options, &loop));
    return loop;
}

/* --- wc_loop_step: on every backend --- */

static void steps(void)
{
    wc_loop loop = wire_loop(), staying = staying_loop();
    struct told told;
    wc_event event;
    int ends[2], fired = 0, again = 0, posted = 0;
    uint64_t turns;
    EQUAL(wc_loop_step(loop, 0), WC_NONE, "nothing lives, and a step says so");
    EQUAL(wc_loop_step(loop, WC_FOREVER), WC_NONE, "without waiting");
    EQUAL(wc_loop_step(staying, 0), WC_OK, "a loop that stays has nothing to do");
    MUST(wc_loop_post(staying, on_post, &posted, NULL));
    EQUAL(wc_loop_step(staying, WC_FOREVER), WC_OK, "until there is a job");
    EQUAL(posted, 1, "which a step runs");
    MUST(wc_loop_free(staying));
    MUST(wc_timer_start(loop, 1, 0, on_fire, &fired, NULL, NULL));
    MUST(wc_timer_start(loop, 60000, 0, on_fire, &again, NULL, NULL));
    EQUAL(wc_loop_step(loop, 0), WC_OK, "a step of no time waits for nothing");
    while (fired == 0) {
        MUST(wc_loop_step(loop, WC_FOREVER));
    }
    EQUAL(again, 0, "a step waits for what comes first");
    MUST(wc_timer_start(loop, 0, 0, on_fire, &fired, NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, on_fire, &fired, NULL, NULL));
    event.size = sizeof event;
    EQUAL(wc_loop_next(loop, WC_FOREVER, &event), WC_OK, "two timers fire, and one is pulled");
    EQUAL(wc_loop_step(loop, WC_FOREVER), WC_OK, "a step tells the other one, and waits no more");
    EQUAL(fired, 2, "though there is one that is not due");
    full_pipe(ends);
    MUST(told_start(&told, loop, ends[0], WC_READ));
    turns = wire_stats(loop).turns;
    EQUAL(wc_loop_step(loop, WC_FOREVER), WC_OK, "a step ends with what it brought");
    EQUAL(told.count, 1, "told once");
    EQUAL(wire_stats(loop).turns - turns, 1, "in one turn");
    MUST(wc_loop_stop(loop));
    EQUAL(wc_loop_step(loop, WC_FOREVER), WC_STOPPED, "a stop is answered");
    EQUAL(wc_loop_step(loop, 0), WC_OK, "once");
    MUST(wc_watch_stop(told.watch));
    MUST(wc_loop_free(loop));
    EQUAL(wc_loop_step(loop, 0), WC_E_GONE, "a loop that is gone makes no step");
    close_both(ends);
}

static void stop_and_say(struct told *told)
{
    MUST(wc_watch_stop(told->watch));
}

static void free_it(struct told *told)
{
    MUST(wc_loop_free(told->loop));
}

static void the_last_one_ends_in_a_step(void)
{
    wc_loop loop = wire_loop();
    struct told told;
    int ends[2];
    full_pipe(ends);
    MUST(told_start(&told, loop, ends[0], WC_READ));
    told.act = stop_and_say;
    EQUAL(wc_loop_step(loop, WC_FOREVER), WC_NONE, "with the last object a step says that none is");
    EQUAL(told.freed, 1, "its user pointer is back");
    MUST(told_start(&told, loop, ends[0], WC_READ));
    told.act = free_it;
    MUST(wc_loop_step(loop, WC_FOREVER));
    EQUAL(wc_loop_step(loop, 0), WC_E_GONE, "a loop is freed in a step");
    EQUAL(told.freed, 1, "with all that is in it");
    close_both(ends);
}

/* --- wc_loop_prepare: where there is a descriptor --- */

/* How the loop stands for who waits elsewhere: readable now, or not. */
static int shows(wc_loop loop, int32_t *timeout_ms)
{
    struct pollfd set;
    memset(&set, 0, sizeof set);
    MUST(wc_loop_prepare(loop, &set.fd, timeout_ms));
    set.events = POLLIN;
    return poll(&set, 1, 0);
}

/* Whether nothing is there. A kqueue shows what it has told until a step finds that it is over. */
static int is_quiet(wc_loop loop, int32_t *timeout_ms)
{
    int steps;
    for (steps = 0; steps < 3 && shows(loop, timeout_ms) != 0; steps++) {
        EQUAL(wc_loop_step(loop, 0), WC_OK, "a step finds nothing");
    }
    return steps < 3;
}

static void no_descriptor(wc_loop loop)
{
    int fd = -7;
    int32_t ms = -7;
    EQUAL(wc_loop_prepare(loop, &fd, &ms), WC_E_BACKEND, "a backend without a descriptor says so");
    CHECK(fd == -7 && ms == -7, "and writes nothing");
}

static void *post_it(void *user)
{
    static int run;
    MUST(wc_loop_post(*(wc_loop *)user, on_post, &run, NULL));
    return NULL;
}

static void what_it_answers(void)
{
    wc_loop loop = staying_loop();
    struct told told, file;
    wc_event event;
    pthread_t thread;
    wc_timer timer;
    int ends[2], fd = open("/dev/null", O_RDWR), fired = 0;
    int32_t ms = 0;
    MUST(fd);
    EQUAL(wc_loop_prepare(loop, NULL, &ms), WC_E_INVAL, "an answer has its place");
    EQUAL(wc_loop_prepare(loop, &fired, NULL), WC_E_INVAL, "each of them");
    EQUAL(fired, 0, "and none is written if the other is missing");
    CHECK(is_quiet(loop, &ms), "nothing is there");
    EQUAL(ms, -1, "and there is nothing to wait for but others");
    MUST(wc_timer_start(loop, 50000, 0, on_fire, &fired, NULL, &timer));
    CHECK(is_quiet(loop, &ms), "a timer is waited for");
    CHECK(ms > 0 && ms <= 50000, "as long as it takes at the longest");
    MUST(wc_timer_restart(timer, 0));
    while (shows(loop, &ms) == 0 && ms != 0) {
        (void)poll(NULL, 0, ms);
    }
    EQUAL(ms, 0, "one that is due is work");
    MUST(wc_loop_step(loop, 0));
    EQUAL(fired, 1, "which a step does");
    MUST(pthread_create(&thread, NULL, post_it, &loop) == 0 ? 0 : -1);
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    EQUAL(shows(loop, &ms), 1, "a job from another thread shows");
    MUST(wc_loop_step(loop, 0));
    MUST(wc_loop_stop(loop));
    EQUAL(shows(loop, &ms), 1, "a stop shows");
    EQUAL(wc_loop_step(loop, 0), WC_STOPPED, "and is answered by the step");
    EQUAL(wc_loop_step(loop, 0), WC_OK, "once");
    CHECK(is_quiet(loop, &ms), "then all is quiet");
    full_pipe(ends);
    MUST(told_start(&told, loop, ends[0], 0));
    CHECK(is_quiet(loop, &ms), "so it is while a watcher is paused");
    MUST(wc_watch_set(told.watch, WC_READ));
    EQUAL(shows(loop, &ms), 1, "what it asks for is known before the wait");
    MUST(wc_watch_set(told.watch, 0));
    CHECK(is_quiet(loop, &ms), "and what it does not ask for any more");
    EQUAL(told.count, 0, "of which nothing was told");
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_watch_set(told.watch, WC_READ));
    EQUAL(wc_loop_next(loop, 0, &event), WC_OK, "an event is pulled");
    MUST(shows(loop, &ms));
    EQUAL(ms, 0, "while the program has it there is work");
    EQUAL(wc_watch_stop(told.watch), WC_OK, "what ends outside of callbacks");
    MUST(shows(loop, &ms));
    EQUAL(ms, 0, "is work");
    MUST(wc_loop_step(loop, 0));
    EQUAL(told.freed, 1, "which a step does");
    MUST(told_start(&file, loop, fd, WC_READ));
    CHECK(shows(loop, &ms) == 1 || ms == 0, "what is always ready is not waited for");
    MUST(wc_loop_free(loop));
    close_both(ends);
    MUST(close(fd));
}

/* --- a server in a program that has its own poll() --- */

static void on_transition(const wc_transition *transition, void *user)
{
    (void)transition;
    ++*(int *)user;
}

/* What a hook is to be told does not wait for a kernel that has nothing to tell. */
static void hooks_are_called_before_a_wait(void)
{
    int seen = 0, fd;
    int32_t timeout_ms = 0;
    struct wire_log *log = wire_log_new(wire_loop());
    wire_listen(log);
    MUST(wc_loop_set_trace(log->loop, on_transition, &seen, NULL));
    MUST(wc_loop_prepare(log->loop, &fd, &timeout_ms));
    EQUAL(timeout_ms, -1, "a loop with a listener waits without end");
    MUST(wc_listener_pause(log->listener));
    MUST(wc_loop_prepare(log->loop, &fd, &timeout_ms));
    EQUAL(timeout_ms, 0, "it has work when its listener was paused and a hook is to hear of it");
    MUST(wc_loop_step(log->loop, 0));
    EQUAL(seen, 1, "as it does in the next step");
    MUST(wc_loop_free(log->loop));
    free(log);
}

static void answer(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send(conn, log->data, log->data_len));
    } else if (strcmp(event, "eof") == 0) {
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
}

static int poll_and_step(wc_loop loop, int other)
{
    struct pollfd set[2];
    int32_t ms;
    memset(set, 0, sizeof set);
    MUST(wc_loop_prepare(loop, &set[0].fd, &ms));
    set[0].events = POLLIN;
    set[1].fd = other;
    set[1].events = POLLIN;
    MUST(poll(set, 2, ms < 0 ? WIRE_DEADLINE_MS : ms));
    MUST(wc_loop_step(loop, 0));
    return set[1].revents != 0;
}

static void a_server_inside(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    int client, round, rounds = 0;
    char byte;
    log->act = answer;
    wire_listen(log);
    client = wire_client(log->port);
    for (round = 0; round < 20; round++) {
        wire_send(client, "x");
        while (!poll_and_step(log->loop, client)) {
        }
        rounds += recv(client, &byte, 1, 0) == 1;
    }
    EQUAL(rounds, 20, "an echo is served from a foreign poll()");
    MUST(close(client));
    while (log->closed == 0) {
        (void)poll_and_step(log->loop, -1);
    }
    CHECK(log->opened == 1, "from its beginning to its end");
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* --- loops in each other --- */

struct level {
    wc_loop loop;
    /* In the loop outside: looks at the descriptor of this one, and at its time. */
    wc_watch watch;
    wc_timer timer;
    int steps;
};

/* The loop outside hears of this one when it has something to do. */
static void arrange(struct level *level)
{
    int fd;
    int32_t ms;
    MUST(wc_loop_prepare(level->loop, &fd, &ms));
    MUST(wc_timer_restart(level->timer, ms < 0 ? WIRE_DEADLINE_MS : (uint32_t)ms));
}

static void step_inside(struct level *level)
{
    level->steps++;
    if (wc_loop_step(level->loop, 0) == WC_OK) {
        arrange(level);
    }
}

static void inside_is_ready(wc_watch watch, uint32_t ready, void *user)
{
    (void)watch;
    (void)ready;
    step_inside(user);
}

static void inside_is_due(wc_timer timer, void *user)
{
    (void)timer;
    step_inside(user);
}

static void put_inside(struct level *level, wc_loop outside)
{
    int fd;
    int32_t ms;
    MUST(wc_loop_prepare(level->loop, &fd, &ms));
    MUST(wc_watch_start(outside, fd, WC_READ, inside_is_ready, level, NULL, &level->watch));
    MUST(wc_timer_start(outside, 0, 0, inside_is_due, level, NULL, &level->timer));
}

static int both_came(void *user)
{
    struct told *told = user;
    return told->count >= 2 && told->step >= 3;
}

static void count_in_step(wc_timer timer, void *user)
{
    (void)timer;
    ((struct told *)user)->step++;
}

static void read_it(struct told *told)
{
    (void)emptied(told->fd);
    if (told->count == 1) {
        MUST(write(told->other->fd, "x", 1) == 1 ? 0 : -1);
    }
}

static void three_loops(void)
{
    wc_loop outermost = wire_loop();
    struct level middle, inner;
    struct told told, writer;
    int ends[2];
    memset(&middle, 0, sizeof middle);
    memset(&inner, 0, sizeof inner);
    middle.loop = staying_loop();
    inner.loop = staying_loop();
    put_inside(&middle, outermost);
    put_inside(&inner, middle.loop);
    arrange(&middle);
    full_pipe(ends);
    MUST(told_start(&told, inner.loop, ends[0], WC_READ));
    writer.fd = ends[1];
    told.other = &writer;
    told.act = read_it;
    MUST(wc_timer_start(inner.loop, 1, 1, count_in_step, &told, NULL, NULL));
    arrange(&inner);
    arrange(&middle);
    CHECK(wire_run(outermost, both_came, &told),
          "a watcher and a timer work in a loop in a loop in a loop");
    CHECK(inner.steps > 0 && middle.steps >= inner.steps, "each stepped by the one outside");
    MUST(wc_loop_free(inner.loop));
    MUST(wc_loop_free(outermost));
    MUST(wc_loop_free(middle.loop));
    EQUAL(told.freed, 1, "freed in any order");
    close_both(ends);
}

/* --- a loop that rests --- */

static int order[8], fired_count;

static void note_order(wc_timer timer, void *user)
{
    (void)timer;
    if (fired_count < 8) {
        order[fired_count++] = *(int *)user;
    }
}

static void stop_at_once(wc_timer timer, void *user)
{
    (void)timer;
    MUST(wc_loop_stop(*(wc_loop *)user));
}

static int nothing_is_left(void *user)
{
    return ((struct wire_log *)user)->received == 4 && fired_count == 3;
}

static void rests_and_goes_on(void)
{
    static int names[3] = {1, 2, 3};
    struct wire_log *log = wire_log_new(wire_loop());
    int client, repeats = 0, at;
    uint64_t start, before = 0, after = 0;
    wc_timer timer;
    wire_listen(log);
    client = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "a loop runs");
    MUST(wc_timer_start(log->loop, 0, 0, stop_at_once, &log->loop, NULL, NULL));
    for (at = 2; at >= 0; at--) {
        MUST(wc_timer_start(log->loop, 5u * ((uint32_t)at + 1), 0, note_order, &names[at], NULL,
                            NULL));
    }
    EQUAL(wc_loop_run(log->loop), WC_OK, "and is stopped");
    MUST(wc_timer_start(log->loop, 2, 2, on_fire, &repeats, NULL, &timer));
    MUST(wc_loop_now(log->loop, &before));
    wire_send(client, "late");
    /* The rest lasts until every timer is overdue. */
    for (start = wire_ns(); wire_ms_since(start) < 40;) {
        (void)poll(NULL, 0, 5);
    }
    EQUAL(log->received, 0, "while it rests nothing is told");
    MUST(wc_loop_step(log->loop, 0));
    EQUAL(repeats, 1, "a repeating timer that was missed many times fires once");
    CHECK(wire_run(log->loop, nothing_is_left, log), "what waited is done when it goes on");
    MUST(wc_loop_now(log->loop, &after));
    CHECK(after >= before + 40, "the time is that of today");
    CHECK(order[0] == 1 && order[1] == 2 && order[2] == 3, "in the order in which it was due");
    SAME(log->story, "open data ", "and the connection has slept well");
    MUST(close(client));
    MUST(wc_loop_free(log->loop));
    free(log);
}

int main(void)
{
    wc_loop loop = wire_loop();
    int descriptor = backend_has(WC_FEATURE_DESCRIPTOR), before = wire_descriptors();
    steps();
    the_last_one_ends_in_a_step();
    rests_and_goes_on();
    if (descriptor) {
        what_it_answers();
        hooks_are_called_before_a_wait();
        a_server_inside();
        three_loops();
    } else {
        no_descriptor(loop);
    }
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

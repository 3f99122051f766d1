/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a program may do that is legal and unkind: each promise holds all the same. */
#include <pthread.h>

#include "tap.h"
#include "wire.h"

/* --- an event is dispatched while the program has it, and not after --- */

static void an_event_that_is_over_is_not_dispatched(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_event event;
    wc_status status;
    int fd;
    wire_listen(log);
    fd = wire_client(log->port);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    do {
        MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
        MUST(wc_loop_dispatch(loop));
        if (event.kind == WC_EVENT_OPEN) {
            MUST(wc_conn_close(event.object, WC_CLOSE_NOW));
        }
    } while (event.kind != WC_EVENT_CLOSE);
    EQUAL(log->closed, 1, "on_close is called for its event");
    status = wc_loop_next(loop, 0, &event);
    EQUAL(status, WC_NONE, "there is no event any more");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "dispatching none is no error");
    EQUAL(log->closed, 1, "and calls nothing again");
    MUST(close(fd));
    MUST(wc_loop_free(loop));
    EQUAL(log->freed, 1, "the user pointer went back once");
    free(log);
}

/* --- a user pointer that is set while another object ends --- */

static wc_conn first, second;
static int lent, back;

static void take_back(void *user)
{
    (void)user;
    back++;
}

static void set_for_the_other(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        first = first == 0 ? conn : first;
        second = conn;
    } else if (conn == first && strncmp(event, "close", 5) == 0) {
        MUST(wc_conn_set_user(second, log, take_back));
        lent++;
    }
}

static int both_opened(void *log)
{
    return ((struct wire_log *)log)->opened == 2;
}

static void a_user_pointer_stays_with_the_object_it_was_set_for(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    int fds[2];
    void *user = NULL;
    log->act = set_for_the_other;
    wire_listen(log);
    fds[0] = wire_client(log->port);
    fds[1] = wire_client(log->port);
    CHECK(wire_run(loop, both_opened, log), "two connections of one listener");
    MUST(wc_conn_close(first, WC_CLOSE_NOW));
    CHECK(wire_run(loop, wire_closed, log), "as the first ends, the second is given a pointer");
    wire_turns(loop, 3);
    EQUAL(lent - back, 1, "which is the second's as long as it lives");
    EQUAL(wc_conn_user(second, &user), WC_OK, "it can be asked for");
    CHECK(user == log, "and is the one that was given");
    MUST(wc_loop_free(loop));
    EQUAL(lent - back, 0, "and goes back with it");
    MUST(close(fds[0]));
    MUST(close(fds[1]));
    free(log);
}

/* --- a job that posts itself again --- */

static int rounds, dropped;

static void again(wc_loop loop, void *user);

static void count_drop(void *user)
{
    (void)user;
    dropped++;
}

static void again(wc_loop loop, void *user)
{
    if (++rounds > 1000000) {
        printf("Bail out! the job runs for ever\n");
        exit(2);
    }
    if (wc_loop_post(loop, again, user, count_drop) != WC_OK) {
        dropped++;
    }
}

static void a_job_that_posts_itself_does_not_keep_a_loop_alive(void)
{
    wc_loop loop = wire_loop();
    rounds = dropped = 0;
    MUST(wc_loop_post(loop, again, NULL, count_drop));
    EQUAL(wc_loop_free(loop), WC_OK, "a loop ends though a job posts itself for ever");
    EQUAL(dropped, 1, "the last one is dropped, once");
}

static void a_job_that_posts_itself_does_not_outlast_the_drain(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    uint64_t start = wire_ns();
    wire_listen(log);
    wire_dial(log, log->port, NULL);
    log->conn = 0;
    rounds = dropped = 0;
    MUST(wc_loop_post(loop, again, NULL, count_drop));
    MUST(wc_timer_start(loop, 0, 0, NULL, NULL, NULL, NULL));
    (void)wc_loop_drain(loop, 50);
    CHECK(wire_ms_since(start) < WIRE_DEADLINE_MS, "a drain ends at its deadline");
    MUST(wc_loop_free(loop));
    EQUAL(dropped, 1, "the job is dropped in the end");
    free(log);
}

/* --- waits --- */

static void a_drain_sleeps_though_a_stop_was_asked_for(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_conn_options how = wire_conn_options();
    uint64_t before;
    int fd;
    how.linger_ms = WIRE_DEADLINE_MS;
    wire_listen_with(log, NULL, &how);
    fd = wire_client(log->port);
    CHECK(wire_run(loop, wire_opened, log), "a connection is open, and lingers for long");
    MUST(wc_loop_stop(loop));
    before = wire_stats(loop).turns;
    EQUAL(wc_loop_drain(loop, 100), WC_NONE, "it is not over when the drain's time is up");
    CHECK(wire_stats(loop).turns - before < 20, "a stop does not keep the drain awake");
    EQUAL(wc_loop_run(loop), WC_OK, "and is not forgotten: the next run stops at once");
    EQUAL(log->closed, 0, "before the connection is over");
    MUST(close(fd));
    MUST(wc_loop_free(loop));
    free(log);
}

static void no_time_is_no_wait(void)
{
    wc_loop loop = wire_loop();
    wc_event event;
    uint64_t before;
    int at;
    event.size = sizeof event;
    MUST(wc_timer_start(loop, WIRE_DEADLINE_MS, 0, NULL, NULL, NULL, NULL));
    before = wire_stats(loop).turns;
    for (at = 0; at < 100; at++) {
        MUST(wc_loop_next(loop, 0, &event));
    }
    EQUAL((long)(wire_stats(loop).turns - before), 100, "without a timeout it looks once");
    MUST(wc_loop_free(loop));
}

/* --- nothing silent --- */

static void what_another_thread_sends_above_the_limit_ends_the_connection(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_conn_options how = wire_conn_options();
    static char block[1 << 20];
    int fd, at;
    how.write_limit = how.write_high = how.write_low = 4 << 20;
    wire_listen_with(log, NULL, &how);
    fd = wire_client(log->port);
    CHECK(wire_run(loop, wire_opened, log), "a connection whose peer reads nothing");
    for (at = 0; at < 64; at++) {
        MUST(wc_conn_send_async(log->conn, block, sizeof block));
    }
    CHECK(wire_run(loop, wire_closed, log), "ends when more is sent than it may queue");
    EQUAL(log->why, WC_E_LIMIT, "and says why");
    MUST(close(fd));
    MUST(wc_loop_free(loop));
    free(log);
}

/* --- what is kept is cut by the framing that follows --- */

static void frame_then_keep(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0 && log->step++ == 0) {
        MUST(wc_conn_set_framing(conn, WC_FRAMING_LINE, 0, 0, 100));
        MUST(wc_conn_keep(conn, log->data_len));
    }
}

static int got_two(void *arg)
{
    return ((struct wire_log *)arg)->step >= 2;
}

static void what_is_kept_is_cut_anew_at_once(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    int fd;
    log->act = frame_then_keep;
    wire_listen(log);
    fd = wire_client(log->port);
    wire_send(fd, "line\n");
    alarm(10);
    CHECK(wire_run(loop, got_two, log), "kept bytes are shown again as a line");
    alarm(0);
    EQUAL((long)log->data_len, 4, "without its end");
    MUST(close(fd));
    MUST(wc_loop_free(loop));
    free(log);
}

/* --- a writer with a fast reader --- */

struct reader {
    int fd;
};

static void *read_all(void *user)
{
    struct reader *reader = user;
    static char some[1 << 18];
    struct pollfd set;
    set.fd = reader->fd;
    set.events = POLLIN;
    for (;;) {
        ssize_t got = recv(reader->fd, some, sizeof some, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return NULL;
        }
        if (got < 0) {
            (void)poll(&set, 1, -1);
        }
    }
}

static void write_more(struct wire_log *log, const char *event, wc_conn conn)
{
    static char block[30000];
    static uint64_t turn;
    static long in_turn;
    if (strcmp(event, "open") == 0 || strcmp(event, "drain") == 0) {
        uint64_t now = wire_stats(log->loop).turns;
        in_turn = now == turn ? in_turn + 1 : 0;
        turn = now;
        log->number = in_turn > log->number ? in_turn : log->number;
        if (log->drained < 2000) {
            (void)wc_conn_send(conn, block, sizeof block);
        } else {
            (void)wc_conn_close(conn, WC_CLOSE_NOW);
        }
    }
}

static void a_writer_leaves_the_turn_to_others(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_conn_options how = wire_conn_options();
    struct reader reader;
    pthread_t thread;
    how.write_high = how.write_low = 1024;
    log->act = write_more;
    wire_listen_with(log, NULL, &how);
    reader.fd = wire_client(log->port);
    MUST(pthread_create(&thread, NULL, read_all, &reader) == 0 ? 0 : -1);
    CHECK(wire_run(loop, wire_closed, log), "a stream whose reader is fast");
    printf("# most drains in one turn: %ld\n", log->number);
    CHECK(log->number < 100, "leaves the turn to others");
    MUST(wc_loop_free(loop));
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    MUST(close(reader.fd));
    free(log);
}

int main(void)
{
    an_event_that_is_over_is_not_dispatched();
    a_user_pointer_stays_with_the_object_it_was_set_for();
    no_time_is_no_wait();
    a_drain_sleeps_though_a_stop_was_asked_for();
    what_another_thread_sends_above_the_limit_ends_the_connection();
    a_writer_leaves_the_turn_to_others();
    what_is_kept_is_cut_anew_at_once();
    a_job_that_posts_itself_does_not_outlast_the_drain();
    a_job_that_posts_itself_does_not_keep_a_loop_alive();
    return tap_done();
}

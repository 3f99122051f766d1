/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handles that name nothing, or not this, or nothing any more: every function answers. */
#include <sys/resource.h>

#include "backend.h"
#include "tap.h"
#include "wire.h"

static char text[WC_ADDRESS_MAX];
static wc_loop_stats stats;
static wc_event event;

/* Every function that takes a loop and wants its thread; the count of answers that are `want`. */
static int of_loop(wc_loop loop, wc_status want)
{
    wc_listen_options where = wire_listen_options();
    wc_connect_options to;
    wc_str name;
    uint64_t ms;
    int32_t number;
    wc_timer_options when;
    uint64_t counts[WC_HISTOGRAM_BUCKETS];
    int count = 0;
    MUST(wc_connect_options_init(&to, sizeof to));
    MUST(wc_timer_options_init(&when, sizeof when));
    to.host = "127.0.0.1";
    to.port = 9;
    stats.size = sizeof stats;
    event.size = sizeof event;
    count += wc_loop_run(loop) == want;
    count += wc_loop_next(loop, 0, &event) == want;
    count += wc_loop_dispatch(loop) == want;
    count += wc_loop_drain(loop, 0) == want;
    count += wc_loop_free(loop) == want;
    count += wc_loop_detach(loop) == want;
    count += wc_loop_now(loop, &ms) == want;
    count += wc_loop_backend(loop, &name) == want;
    count += wc_loop_os_error(loop, &number) == want;
    count += wc_loop_get_stats(loop, &stats) == want;
    count += wc_timer_start(loop, 0, 0, NULL, NULL, NULL, NULL) == want;
    count += wc_timer_schedule(loop, &when, NULL, NULL, NULL, NULL) == want;
    count += wc_loop_now_fresh(loop, &ms) == want;
    count += wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, counts, WC_HISTOGRAM_BUCKETS) == want;
    count += wc_loop_set_watchdog(loop, 0, NULL, NULL, NULL) == want;
    count += wc_loop_set_trace(loop, NULL, NULL, NULL) == want;
    count += wc_loop_set_log(loop, WC_LOG_NONE, NULL, NULL, NULL) == want;
    count += wc_listen(loop, &where, NULL, NULL, NULL, NULL, NULL) == want;
    count += wc_connect(loop, &to, NULL, NULL, NULL, NULL, NULL) == want;
    return count;
}

#define OF_LOOP 19

static void job(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
}

/* Those that any thread may call. */
static int of_loop_anywhere(wc_loop loop, wc_status want)
{
    return (wc_loop_stop(loop) == want) + (wc_loop_post(loop, job, NULL, NULL) == want) +
           (wc_loop_busy(loop, NULL, NULL, NULL) == want);
}

static int of_timer(wc_timer timer, wc_status want)
{
    uint64_t ms;
    return (wc_timer_restart(timer, 1) == want) + (wc_timer_cancel(timer) == want) +
           (wc_timer_due(timer, &ms) == want);
}

static int of_listener(wc_listener listener, wc_status want)
{
    uint16_t port;
    return (wc_listener_port(listener, &port) == want) +
           (wc_listener_address(listener, text, sizeof text, &port) == want) +
           (wc_listener_close(listener) == want);
}

static int set_back;

static void back(void *user)
{
    (void)user;
    set_back++;
}

/* Every function that takes a connection and wants its loop's thread. */
static int of_conn(wc_conn conn, wc_status want)
{
    size_t bytes;
    int32_t state;
    void *user;
    wc_listener listener;
    uint16_t port;
    int count = 0;
    count += wc_conn_send(conn, "x", 1) == want;
    count += wc_conn_send_frame(conn, "x", 1) == want;
    count += wc_conn_shutdown(conn) == want;
    count += wc_conn_close(conn, WC_CLOSE_NOW) == want;
    count += wc_conn_pause(conn) == want;
    count += wc_conn_resume(conn) == want;
    count += wc_conn_keep(conn, 0) == want;
    count += wc_conn_set_framing(conn, WC_FRAMING_LINE, 0, 0, 8) == want;
    count += wc_conn_queued(conn, &bytes) == want;
    count += wc_conn_state(conn, &state) == want;
    count += wc_conn_set_user(conn, text, back) == want;
    count += wc_conn_user(conn, &user) == want;
    count += wc_conn_listener(conn, &listener) == want;
    count += wc_conn_set_idle(conn, 1000) == want;
    count += wc_conn_peer(conn, text, sizeof text, &port) == want;
    count += wc_conn_local(conn, text, sizeof text, &port) == want;
    return count;
}

#define OF_CONN 16

static int of_conn_anywhere(wc_conn conn, wc_status want)
{
    return (wc_conn_send_async(conn, "x", 1) == want) +
           (wc_conn_close_async(conn, WC_CLOSE_NOW) == want);
}

/* No kind of object has these bits. */
static uint64_t garbage(unsigned at)
{
    static const uint64_t top[] = {0, 0, 0, 9, 15};
    static const uint64_t rest[] = {0, 1, 0xffffff, 0x123456789abcu, 0xfffffffffffffffu};
    return top[at] << 60 | rest[at];
}

static void that_never_were(wc_loop loop, wc_listener listener)
{
    unsigned at;
    for (at = 0; at < 5; at++) {
        uint64_t bits = garbage(at);
        EQUAL(of_loop(bits, WC_E_BADHANDLE) + of_loop_anywhere(bits, WC_E_BADHANDLE), OF_LOOP + 3,
              "garbage is no loop");
        EQUAL(of_timer(bits, WC_E_BADHANDLE), 3, "nor a timer");
        EQUAL(of_listener(bits, WC_E_BADHANDLE), 3, "nor a listener");
        EQUAL(of_conn(bits, WC_E_BADHANDLE) + of_conn_anywhere(bits, WC_E_BADHANDLE), OF_CONN + 2,
              "nor a connection");
    }
    EQUAL(set_back, 5, "wc_conn_set_user gave the user pointer back each time");
    EQUAL(of_conn(loop, WC_E_BADHANDLE) + of_conn_anywhere(loop, WC_E_BADHANDLE), OF_CONN + 2,
          "a loop is no connection");
    EQUAL(of_timer(listener, WC_E_BADHANDLE), 3, "a listener is no timer");
    EQUAL(of_listener(loop, WC_E_BADHANDLE), 3, "a loop is no listener");
    EQUAL(of_loop(listener, WC_E_BADHANDLE) + of_loop_anywhere(listener, WC_E_BADHANDLE),
          OF_LOOP + 3, "a listener is no loop");
    EQUAL(of_loop(loop ^ (1u << 24), WC_E_BADHANDLE), OF_LOOP, "a loop has no slot");
}

static int closed_twice(void *log)
{
    return ((struct wire_log *)log)->closed == 2;
}

static int opened_twice(void *log)
{
    return ((struct wire_log *)log)->opened == 2;
}

/* In the last callback of one connection the handle of the other, whose last callback is over. */
static wc_conn ended[2];
static int gone_in_the_same_turn;

static void ask_for_the_other(struct wire_log *log, const char *name, wc_conn conn)
{
    if (strcmp(name, "open") == 0) {
        ended[log->opened - 1] = conn;
    } else if (strncmp(name, "close", 5) == 0 && log->closed == 2) {
        gone_in_the_same_turn = of_conn(conn == ended[0] ? ended[1] : ended[0], WC_E_GONE);
    }
}

static void that_were(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    int at, fds[2];
    wc_conn next;
    log->act = ask_for_the_other;
    wire_listen(log);
    for (at = 0; at < 2; at++) {
        fds[at] = wire_client(log->port);
    }
    CHECK(wire_run(log->loop, opened_twice, log), "two connections open");
    set_back = 0;
    MUST(wc_conn_close(ended[0], WC_CLOSE_NOW));
    MUST(wc_conn_close(ended[1], WC_CLOSE_NOW));
    CHECK(wire_run(log->loop, closed_twice, log), "and close in one turn");
    EQUAL(gone_in_the_same_turn, OF_CONN, "a handle is gone once its on_close has returned");
    EQUAL(of_conn(ended[0], WC_E_GONE), OF_CONN, "and for ever");
    EQUAL(set_back, 2, "a user pointer for one that is gone comes back at once");
    EQUAL(of_conn_anywhere(ended[0], WC_OK), 2, "from afar that cannot be known: it is dropped");
    MUST(close(fds[0]));
    MUST(close(fds[1]));
    fds[0] = wire_client(log->port);
    log->opened = 0;
    log->act = NULL;
    CHECK(wire_run(log->loop, wire_opened, log), "another takes the place of one");
    next = log->conn;
    CHECK(next != ended[0] && next != ended[1], "under a handle of its own");
    EQUAL(of_conn(ended[0], WC_E_GONE) + of_conn(ended[1], WC_E_GONE), 2 * OF_CONN,
          "the old handles are still gone");
    EQUAL(wc_conn_send(next, "x", 1), WC_OK, "the new one lives");
    MUST(close(fds[0]));
    MUST(wc_loop_free(log->loop));
    EQUAL(of_conn(next, WC_E_GONE) + of_conn_anywhere(next, WC_E_GONE), OF_CONN + 2,
          "with the loop its connections are gone");
    EQUAL(of_listener(log->listener, WC_E_GONE), 3, "its listeners");
    EQUAL(of_loop(log->loop, WC_E_GONE) + of_loop_anywhere(log->loop, WC_E_GONE), OF_LOOP + 3,
          "and itself");
    EQUAL(log->freed, 1, "the user pointer came back once");
    free(log);
}

/* A loop is made in the place of an ended one; what lived in that stays gone. */
static void in_a_loop_that_took_the_place(void)
{
    wc_loop first = wire_loop(), second;
    wc_timer timer, other;
    MUST(wc_timer_start(first, 1000, 0, NULL, NULL, NULL, &timer));
    MUST(wc_loop_free(first));
    second = wire_loop();
    MUST(wc_timer_start(second, 1000, 0, NULL, NULL, NULL, &other));
    CHECK(first != second && timer != other, "a new loop and its timer have new handles");
    EQUAL(of_timer(timer, WC_E_GONE), 3, "the old timer is gone");
    EQUAL(of_loop(first, WC_E_GONE), OF_LOOP, "the old loop is gone");
    EQUAL(wc_timer_cancel(other), WC_OK, "the new ones live");
    MUST(wc_loop_free(second));
}

/* LOOPS */
static void as_many_loops_as_there_may_be(void)
{
    static wc_loop loops[1024];
    wc_loop one_more = 0;
    struct rlimit limit;
    int at, made = 0, before = wire_descriptors();
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    for (at = 0; at < 1024; at++) {
        made += wc_loop_new(NULL, &loops[at]) == WC_OK;
    }
    if (made < 1024) {
        CHECK(limit.rlim_max < 2200 || backend_is("select"),
              "LOOPS # SKIP too few descriptors are allowed here");
    } else {
        EQUAL(wc_loop_new(NULL, &one_more), WC_E_LIMIT, "after 1024 loops there is none more");
        EQUAL(one_more, 0, "and no handle is written");
        MUST(wc_loop_free(loops[500]));
        EQUAL(wc_loop_new(NULL, &loops[500]), WC_OK, "but when one was freed there is");
    }
    for (at = 0; at < made; at++) {
        MUST(wc_loop_free(loops[at]));
    }
    EQUAL(wire_descriptors(), before, "no descriptor is left of them");
}

/* Made, used and freed a thousand times: nothing is left. valgrind says so of memory. */
static void a_thousand_lives(void)
{
    int at, before = wire_descriptors(), well = 0;
    for (at = 0; at < 1000; at++) {
        wc_listen_options where = wire_listen_options();
        wc_loop loop = wire_loop();
        int fd;
        wc_listener listener;
        uint16_t port = 0;
        MUST(wc_timer_start(loop, 1000, 0, NULL, NULL, NULL, NULL));
        MUST(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listener));
        MUST(wc_listener_port(listener, &port));
        fd = wire_client(port);
        wire_reset(fd);
        well += wc_loop_next(loop, 10000, &event) == WC_OK;
        MUST(wc_loop_free(loop));
    }
    EQUAL(well, 1000, "a thousand loops were made, used and freed");
    EQUAL(wire_descriptors(), before, "no descriptor is left of them");
}

int main(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    wire_listen(log);
    that_never_were(log->loop, log->listener);
    MUST(wc_loop_free(log->loop));
    free(log);
    that_were();
    in_a_loop_that_took_the_place();
    a_thousand_lives();
    as_many_loops_as_there_may_be();
    return tap_done();
}

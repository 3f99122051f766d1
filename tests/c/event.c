/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The pull face: each kind of event with its fields, and what dispatch leaves to callbacks. */
#include "tap.h"
#include "wire.h"

static wc_event event;

/* The next event, whatever it is; its kind, or the status where there is none. */
static int pull(wc_loop loop)
{
    wc_status status = wc_loop_next(loop, 20000, &event);
    return status == WC_OK ? event.kind : -100 - status;
}

static void a_connection(void)
{
    wc_loop loop = wire_loop();
    wc_listen_options where = wire_listen_options();
    wc_listener listener;
    uint16_t port = 0;
    int fd, word = 0;
    wc_conn conn;
    MUST(wc_listen(loop, &where, NULL, NULL, &word, NULL, &listener));
    MUST(wc_listener_port(listener, &port));
    fd = wire_client(port);
    EQUAL(pull(loop), WC_EVENT_OPEN, "a connection opens");
    conn = event.object;
    CHECK(event.parent == listener, "its parent is the listener");
    CHECK(event.user == &word, "the user pointer is there");
    CHECK(event.data == NULL && event.len == 0 && event.status == WC_OK && event.os_error == 0 &&
              event.detail == 0 && event.size == sizeof event,
          "the rest is empty");
    wire_send(fd, "abc");
    EQUAL(pull(loop), WC_EVENT_DATA, "bytes come");
    CHECK(event.object == conn && event.parent == 0, "to the connection");
    CHECK(event.len == 3 && memcmp(event.data, "abc", 3) == 0, "the event lends them");
    EQUAL(wc_conn_keep(conn, 1), WC_OK, "one of them is kept");
    wire_send(fd, "d");
    EQUAL(pull(loop), WC_EVENT_DATA, "more come");
    CHECK(event.len == 2 && memcmp(event.data, "cd", 2) == 0, "with what was kept before them");
    MUST(shutdown(fd, SHUT_WR));
    EQUAL(pull(loop), WC_EVENT_EOF, "the peer ends");
    EQUAL(wc_loop_next(loop, 10, &event), WC_NONE, "nothing is closed for a program that pulls");
    EQUAL(wc_conn_set_idle(conn, 1), WC_OK, "an idle time is set");
    EQUAL(pull(loop), WC_EVENT_IDLE, "and passes");
    EQUAL(pull(loop), WC_EVENT_IDLE, "and again: nothing is closed for it either");
    EQUAL(wc_conn_close(conn, WC_CLOSE_FLUSH), WC_OK, "the program closes");
    EQUAL(pull(loop), WC_EVENT_CLOSE, "then it is over");
    CHECK(event.object == conn && event.status == WC_OK, "as the program wanted it");
    EQUAL(wc_listener_close(listener), WC_OK, "the listener is closed");
    EQUAL(pull(loop), WC_EVENT_LISTENER_CLOSE, "which is an event");
    CHECK(event.object == listener && event.user == &word, "of the listener");
    EQUAL(pull(loop), -100 - WC_NONE, "nothing is alive any more");
    EQUAL(wc_conn_close(conn, WC_CLOSE_NOW), WC_E_GONE, "the connection is gone");
    MUST(close(fd));
    MUST(wc_loop_free(loop));
}

static void drain_and_pauses(void)
{
    wc_loop loop = wire_loop();
    wc_listen_options where = wire_listen_options();
    wc_conn_options how = wire_conn_options();
    wc_listener listener;
    uint16_t port = 0;
    int fds[2];
    static const char much[4096];
    how.write_high = how.write_low = 100;
    where.max_connections = 1;
    MUST(wc_listen(loop, &where, &how, NULL, NULL, NULL, &listener));
    MUST(wc_listener_port(listener, &port));
    fds[0] = wire_client(port);
    fds[1] = wire_client(port);
    EQUAL(pull(loop), WC_EVENT_PAUSE, "a listener at its limit pauses");
    CHECK(event.object == listener && event.status == WC_E_LIMIT && event.os_error == 0,
          "and says why");
    EQUAL(pull(loop), WC_EVENT_OPEN, "one connection was taken");
    EQUAL(wc_conn_send(event.object, much, sizeof much), WC_FULL, "its queue is full");
    EQUAL(pull(loop), WC_EVENT_DRAIN, "then not any more");
    EQUAL(wc_conn_close(event.object, WC_CLOSE_NOW), WC_OK, "it is closed");
    EQUAL(pull(loop), WC_EVENT_CLOSE, "and over");
    EQUAL(pull(loop), WC_EVENT_RESUME, "the listener resumes");
    CHECK(event.object == listener, "by its handle");
    EQUAL(pull(loop), WC_EVENT_PAUSE, "takes one, is at its limit again");
    EQUAL(pull(loop), WC_EVENT_OPEN, "and the next connection opens");
    MUST(close(fds[0]));
    MUST(close(fds[1]));
    MUST(wc_loop_free(loop));
}

static void lines(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_conn_options how = wire_conn_options();
    int fd;
    how.framing = WC_FRAMING_LINE;
    how.max_frame = 4;
    wire_listen_with(log, NULL, &how);
    fd = wire_client(log->port);
    EQUAL(pull(loop), WC_EVENT_OPEN, "a connection opens");
    wire_send(fd, "four\nfiver\n");
    EQUAL(pull(loop), WC_EVENT_DATA, "a line comes");
    CHECK(event.len == 4 && memcmp(event.data, "four", 4) == 0, "without its end");
    EQUAL(log->received, 0, "no callback has seen it");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "it is dispatched");
    EQUAL(log->received, 4, "now one has");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "and again");
    EQUAL(log->received, 8, "so it sees it again");
    EQUAL(wc_conn_keep(event.object, 1), WC_E_STATE, "of a line nothing can be kept");
    EQUAL(pull(loop), WC_EVENT_TOO_LONG, "a line that is too long comes");
    CHECK(event.len == 4 && memcmp(event.data, "five", 4) == 0, "with its first bytes");
    EQUAL(wc_conn_keep(event.object, 1), WC_E_STATE, "of which none can be kept");
    MUST(close(fd));
    MUST(wc_loop_free(loop));
    SAME(log->story, "data close(WC_E_FREED) ", "the callbacks saw what was dispatched");
    free(log);
}

static void defaults_are_dispatchs(void)
{
    wc_loop loop = wire_loop();
    wc_listen_options where = wire_listen_options();
    wc_listener listener;
    uint16_t port = 0;
    int fd;
    MUST(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listener));
    MUST(wc_listener_port(listener, &port));
    fd = wire_client(port);
    MUST(shutdown(fd, SHUT_WR));
    EQUAL(pull(loop), WC_EVENT_OPEN, "a connection opens");
    EQUAL(wc_conn_pause(event.object), WC_OK, "it does not want input yet");
    EQUAL(wc_loop_next(loop, 10, &event), WC_NONE, "so its end is not shown");
    MUST(close(fd));
    fd = wire_client(port);
    EQUAL(pull(loop), WC_EVENT_OPEN, "another opens");
    MUST(shutdown(fd, SHUT_WR));
    EQUAL(pull(loop), WC_EVENT_EOF, "and ends its input");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "a dispatch without a callback");
    EQUAL(pull(loop), WC_EVENT_CLOSE, "closes it, as run would have");
    EQUAL(event.status, WC_OK, "in order");
    MUST(close(fd));
    fd = wire_client(port);
    EQUAL(pull(loop), WC_EVENT_OPEN, "a third opens");
    MUST(wc_conn_set_idle(event.object, 1));
    EQUAL(pull(loop), WC_EVENT_IDLE, "and is idle");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "a dispatch without a callback");
    EQUAL(pull(loop), WC_EVENT_CLOSE, "closes it, too");
    EQUAL(event.status, WC_E_IDLE, "and says why");
    MUST(close(fd));
    MUST(wc_loop_free(loop));
}

static int ran, dropped;

static void job(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
    ran++;
}

static void drop(void *user)
{
    (void)user;
    dropped++;
}

static void timers_and_posts(void)
{
    wc_loop loop = wire_loop();
    wc_timer timer = 0;
    int word = 0;
    MUST(wc_timer_start(loop, 0, 0, NULL, &word, NULL, &timer));
    EQUAL(pull(loop), WC_EVENT_TIMER, "a timer fires");
    CHECK(event.object == timer && event.user == &word, "by its handle, with its user pointer");
    EQUAL(wc_timer_restart(timer, 1), WC_OK, "it can be restarted as long as the event is at hand");
    EQUAL(pull(loop), WC_EVENT_TIMER, "it fires again");
    MUST(wc_loop_post(loop, job, &word, drop));
    MUST(wc_loop_post(loop, job, &word, drop));
    EQUAL(pull(loop), WC_EVENT_POST, "a job was posted");
    CHECK(event.object == 0 && event.user == &word, "it is no object, and has its user pointer");
    EQUAL(wc_timer_restart(timer, 1), WC_E_GONE, "the timer has ended meanwhile");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "the job is dispatched");
    EQUAL(ran, 1, "and has run");
    EQUAL(pull(loop), WC_EVENT_POST, "the second job comes");
    EQUAL(pull(loop), -100 - WC_NONE, "it is not dispatched");
    EQUAL(ran, 1, "so it has not run");
    EQUAL(dropped, 1, "and was dropped");
    MUST(wc_loop_post(loop, job, &word, NULL));
    EQUAL(pull(loop), WC_EVENT_POST, "a job without a drop function");
    EQUAL(pull(loop), -100 - WC_NONE, "may be dropped as well");
    MUST(wc_loop_post(loop, job, &word, drop));
    EQUAL(pull(loop), WC_EVENT_POST, "a job is at hand");
    MUST(wc_loop_free(loop));
    EQUAL(dropped, 2, "when the loop is freed; it is dropped");
}

/* A connection that the library made has no listener. */
static void outbound(void)
{
    wc_loop loop = wire_loop();
    wc_listen_options where = wire_listen_options();
    wc_connect_options to;
    wc_listener listener, from = 7;
    wc_conn conn = 0;
    int opened = 0, parents = 0;
    MUST(wc_connect_options_init(&to, sizeof to));
    MUST(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listener));
    to.host = "127.0.0.1";
    MUST(wc_listener_port(listener, &to.port));
    MUST(wc_connect(loop, &to, NULL, NULL, NULL, NULL, &conn));
    EQUAL(wc_conn_listener(conn, &from), WC_OK, "a connection that goes out");
    CHECK(from == 0, "comes from no listener");
    while (opened < 2 && pull(loop) == WC_EVENT_OPEN) {
        opened++;
        parents += event.object == conn ? event.parent == 0 : event.parent == listener;
    }
    EQUAL(opened, 2, "both ends open");
    EQUAL(parents, 2, "the parent of one is the listener, the other has none");
    MUST(wc_loop_free(loop));
}

int main(void)
{
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    a_connection();
    drain_and_pauses();
    lines();
    defaults_are_dispatchs();
    timers_and_posts();
    outbound();
    return tap_done();
}

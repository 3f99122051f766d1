/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The waits of connections that end: idle, stall, linger, connect; and wc_loop_drain. */
#include "tap.h"
#include "wire.h"

static char plenty[8 << 20];

static struct wire_log *begin(const wc_conn_options *how, int *fd)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wire_listen_with(log, NULL, how);
    *fd = wire_client(log->port);
    return log;
}

static void end(struct wire_log *log, int fd)
{
    MUST(close(fd));
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 1, "the user pointer came back once");
    free(log);
}

/* IDLE_MS, in small. The first time that it passes goes on, the second ends. */
static void idle_twice(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "idle") == 0 && ++log->step == 2) {
        MUST(wc_conn_close(conn, WC_CLOSE_NOW));
    }
}

static void idle(void)
{
    wc_conn_options how = wire_conn_options();
    struct wire_log *log;
    int fd;
    uint64_t start = wire_ns();
    how.idle_ms = 20;
    log = begin(&how, &fd);
    log->act = idle_twice;
    CHECK(wire_run(log->loop, wire_closed, log), "nothing comes for the idle time, twice");
    CHECK(wire_ms_since(start) >= 39, "which takes twice the time");
    SAME(log->story, "open idle idle close(WC_OK) ", "on_idle is called each time");
    end(log, fd);
}

static void idle_by_itself(void)
{
    wc_listen_options where = wire_listen_options();
    wc_conn_options how = wire_conn_options();
    wc_conn_callbacks all = wire_callbacks();
    struct wire_log *log = wire_log_new(wire_loop());
    struct wire_reader reader = {-1, {0}, 0, 0, 0, 0, 0};
    how.idle_ms = 10;
    all.on_idle = NULL;
    MUST(wc_listen(log->loop, &where, &how, &all, log, wire_freed, &log->listener));
    MUST(wc_listener_port(log->listener, &log->port));
    reader.fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_has, &reader), "without on_idle the connection ends");
    CHECK(wire_run(log->loop, wire_closed, log), "and is over");
    SAME(log->story, "open close(WC_E_IDLE) ", "for that reason");
    end(log, reader.fd);
}

/* At each byte the idle time starts anew; a pause stops it; set_idle sets another. */
static int idle_came(void *log)
{
    return strstr(((struct wire_log *)log)->story, "idle") != NULL;
}

static void busy_then_set_idle(struct wire_log *log, const char *event, wc_conn conn)
{
    uint64_t start = wire_ns();
    if (strcmp(event, "open") == 0) {
        while (wire_ms_since(start) < 30) {
        }
        log->number = (long)(wire_ns() / 1000);
        MUST(wc_conn_set_idle(conn, 20));
    } else if (strcmp(event, "idle") == 0) {
        log->step = (int)((long)(wire_ns() / 1000) + 1 - log->number);
        log->act = NULL;
    }
}

static void idle_is_set(void)
{
    struct wire_log *log;
    int fd;
    log = begin(NULL, &fd);
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    EQUAL(wc_conn_pause(log->conn), WC_OK, "it is paused");
    EQUAL(wc_conn_set_idle(log->conn, 1), WC_OK, "and may be idle for a millisecond");
    wire_turns(log->loop, 20);
    SAME(log->story, "open ", "but that does not run while it is paused");
    EQUAL(wc_conn_resume(log->conn), WC_OK, "it resumes");
    CHECK(wire_run(log->loop, idle_came, log), "then it runs");
    EQUAL(wc_conn_set_idle(log->conn, 0), WC_OK, "it is switched off");
    log->story[0] = '\0';
    wire_turns(log->loop, 20);
    SAME(log->story, "", "and passes no more");
    end(log, fd);
    log = begin(NULL, &fd);
    log->act = busy_then_set_idle;
    CHECK(wire_run(log->loop, idle_came, log), "a slow callback sets an idle time");
    CHECK(log->step >= 20000, "which counts from the call");
    end(log, fd);
}

/* STALL_MS, in small. */
static void send_plenty(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        log->number = wc_conn_send(conn, plenty, sizeof plenty);
        if (log->step) {
            MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
        }
    }
}

static void stall(int closing)
{
    wc_conn_options how = wire_conn_options();
    struct wire_log *log;
    int fd;
    how.stall_ms = 30;
    log = begin(&how, &fd);
    log->act = send_plenty;
    log->step = closing;
    CHECK(wire_run(log->loop, wire_closed, log), "a peer takes nothing");
    EQUAL(log->number, WC_FULL, "of what is queued");
    SAME(log->story, "open close(WC_E_STALL) ", "the connection ends for that");
    end(log, fd);
}

/* LINGER_MS, in small: the peer never ends. */
static void linger(uint32_t ms)
{
    wc_conn_options how = wire_conn_options();
    struct wire_log *log;
    int fd;
    uint64_t start;
    how.linger_ms = ms;
    log = begin(&how, &fd);
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    start = wire_ns();
    MUST(wc_conn_close(log->conn, WC_CLOSE_FLUSH));
    CHECK(wire_run(log->loop, wire_closed, log), "it ends though the peer does not");
    CHECK(wire_ms_since(start) + 1 >= ms, "after the time to linger");
    SAME(log->story, "open close(WC_OK) ", "in order");
    end(log, fd);
}

static void lingering(void)
{
    wc_conn_options how = wire_conn_options();
    struct wire_log *log;
    int fd;
    int32_t state = -1;
    how.linger_ms = 1000000;
    log = begin(&how, &fd);
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    MUST(wc_conn_close(log->conn, WC_CLOSE_FLUSH));
    wire_turns(log->loop, 2);
    EQUAL(wc_conn_state(log->conn, &state), WC_OK, "it is closed, and still there");
    EQUAL(state, WC_CONN_LINGERING, "lingering");
    EQUAL(wc_conn_send(log->conn, "x", 1), WC_E_STATE, "nothing can be sent");
    EQUAL(wc_conn_shutdown(log->conn), WC_E_STATE, "nor ended");
    EQUAL(wc_conn_close(log->conn, WC_CLOSE_FLUSH), WC_OK, "a second close is no matter");
    MUST(shutdown(fd, SHUT_WR));
    CHECK(wire_run(log->loop, wire_closed, log), "the peer ends, and so it does");
    SAME(log->story, "open close(WC_OK) ", "in order");
    end(log, fd);
}

/* LINGER_BYTES: the peer goes on and on. */
struct noisy {
    struct wire_log *log;
    int fd;
    size_t sent;
};

static int closed_or_send(void *user)
{
    struct noisy *noisy = user;
    ssize_t more = send(noisy->fd, plenty, 16384, MSG_NOSIGNAL);
    noisy->sent += more > 0 ? (size_t)more : 0;
    return noisy->log->closed;
}

static void linger_has_enough(void)
{
    wc_conn_options how = wire_conn_options();
    struct noisy noisy = {NULL, -1, 0};
    how.linger_ms = 1000000;
    noisy.log = begin(&how, &noisy.fd);
    CHECK(wire_run(noisy.log->loop, wire_opened, noisy.log), "a connection opens");
    MUST(wc_conn_close(noisy.log->conn, WC_CLOSE_FLUSH));
    CHECK(wire_run(noisy.log->loop, closed_or_send, &noisy), "a peer that goes on is cut off");
    CHECK(noisy.sent > 262144, "not before it sent more than is discarded");
    SAME(noisy.log->story, "open close(WC_OK) ", "and nothing of it was shown");
    end(noisy.log, noisy.fd);
}

/* CONNECT_MS, in small: a listener that is never asked to accept, and whose backlog is full. */
static void connect_times_out(void)
{
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_connect_options to;
    wc_conn_callbacks all = wire_callbacks();
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int fds[8], made = 0, full = socket(AF_INET, SOCK_STREAM, 0);
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(full);
    MUST(bind(full, (struct sockaddr *)&at, sizeof at));
    MUST(listen(full, 0));
    MUST(getsockname(full, (struct sockaddr *)&at, &len));
    for (made = 0; made < 8; made++) {
        fds[made] = socket(AF_INET, SOCK_STREAM, 0);
        MUST(fds[made]);
        MUST(fcntl(fds[made], F_SETFL, O_NONBLOCK));
        (void)connect(fds[made], (struct sockaddr *)&at, sizeof at);
    }
    MUST(wc_connect_options_init(&to, sizeof to));
    to.host = "127.0.0.1";
    to.port = ntohs(at.sin_port);
    to.timeout_ms = 30;
    MUST(wc_connect(loop, &to, NULL, &all, log, wire_freed, NULL));
    CHECK(wire_run(loop, wire_closed, log), "a peer does not answer");
    SAME(log->story, "close(WC_E_TIMEOUT) ", "until the time is up");
    while (--made >= 0) {
        MUST(close(fds[made]));
    }
    MUST(close(full));
    MUST(wc_loop_free(loop));
    free(log);
}

static void send_at_open(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        MUST(wc_conn_send(conn, plenty, sizeof plenty));
    }
    (void)log;
}

static void drain_in_time(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    int fds[2];
    uint64_t start = wire_ns();
    wire_listen(log);
    fds[0] = wire_client(log->port);
    fds[1] = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "two connections open");
    MUST(shutdown(fds[0], SHUT_WR));
    MUST(close(fds[1]));
    EQUAL(wc_loop_drain(log->loop, 30000), WC_OK, "both are idle, and end");
    CHECK(wire_ms_since(start) < 30000, "at once");
    EQUAL(log->closed, 2, "each with its last callback");
    EQUAL(wire_stats(log->loop).connections, 0, "none is left");
    EQUAL(wire_stats(log->loop).listeners, 0, "nor a listener");
    EQUAL(wc_listener_close(log->listener), WC_E_GONE, "which is gone");
    EQUAL(wc_loop_drain(log->loop, 0), WC_OK, "there is nothing more to drain");
    end(log, fds[0]);
}

/* A drain has the time that the program gives it: the library has none of its own for it. */
static void drain_out_of_time(void)
{
    struct wire_log *log;
    struct wire_reader reader = {-1, {0}, 0, 0, 0, 0, 0};
    uint64_t start;
    log = begin(NULL, &reader.fd);
    log->act = send_at_open;
    CHECK(wire_run(log->loop, wire_opened, log), "a connection has much to say");
    start = wire_ns();
    EQUAL(wc_loop_drain(log->loop, 30), WC_NONE, "its peer does not read: the time is up");
    CHECK(wire_ms_since(start) >= 30, "not before it is");
    EQUAL(log->closed, 0, "what is open is left open");
    CHECK(wire_run(log->loop, wire_has, &reader), "the peer reads after all");
    EQUAL(reader.total, sizeof plenty, "and everything comes");
    EQUAL(reader.error, 0, "to the end");
    end(log, reader.fd);
}

static void connect_and_its_refusals(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_connect_options to;
    wc_conn made = 0;
    MUST(wc_connect_options_init(&to, sizeof to));
    EQUAL(wc_connect(log->loop, NULL, NULL, NULL, log, wire_freed, &made), WC_E_INVAL,
          "where to is to be said");
    EQUAL(wc_connect(log->loop, &to, NULL, NULL, log, wire_freed, &made), WC_E_INVAL,
          "null is no host");
    to.host = "example.org";
    EQUAL(wc_connect(log->loop, &to, NULL, NULL, log, wire_freed, &made), WC_E_ADDRESS,
          "names are not looked up");
    to.host = "127.0.0.1";
    to.reserved = 1;
    EQUAL(wc_connect(log->loop, &to, NULL, NULL, log, wire_freed, &made), WC_E_INVAL,
          "what is reserved is 0");
    EQUAL(log->freed, 4, "each time the user pointer came back");
    EQUAL(made, 0, "and no handle was written");
    wire_listen(log);
    MUST(wc_listener_close(log->listener));
    wire_turns(log->loop, 2);
    (void)wire_dial(log, log->port, NULL);
    CHECK(wire_run(log->loop, wire_closed, log), "nobody listens there");
    SAME(log->story, "close(WC_E_CONNECT) ", "which is told, and nothing else");
    EQUAL(log->os_error, ECONNREFUSED, "with the system's number");
    wire_turns(log->loop, 1);
    EQUAL(wire_stats(log->loop).accepted, 0, "no connection was made");
    EQUAL(wire_stats(log->loop).connections, 0, "none is left");
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 6, "every user pointer came back");
    free(log);
}

int main(void)
{
    idle();
    idle_by_itself();
    idle_is_set();
    stall(0);
    stall(1);
    linger(30);
    linger(0);
    lingering();
    linger_has_enough();
    connect_and_its_refusals();
    connect_times_out();
    drain_in_time();
    drain_out_of_time();
    return tap_done();
}

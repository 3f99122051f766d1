/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of listeners: making one, accepting, taking in what was accepted; nobody is lost. */
#include <sys/select.h>

#include "fault.h"
#include "tap.h"
#include "wire.h"

static struct {
    int paused, resumed;
    wc_status why;
    int os_error;
} gate;

static void on_pause(wc_listener listener, wc_status why, int32_t os_error, void *user)
{
    (void)listener;
    (void)user;
    gate.paused++;
    gate.why = why;
    gate.os_error = os_error;
}

static void on_resume(wc_listener listener, void *user)
{
    (void)listener;
    (void)user;
    gate.resumed++;
}

/* A listener that reports to the gate, with a client that has said hello. */
static struct wire_log *listener_with_client(int *fd)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_listener_callbacks own;
    memset(&gate, 0, sizeof gate);
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    own.on_pause = on_pause;
    own.on_resume = on_resume;
    where.events = &own;
    wire_listen_with(log, &where, NULL);
    *fd = wire_client(log->port);
    wire_send(*fd, "hello");
    return log;
}

static void end(struct wire_log *log, int fd)
{
    wc_fault_clear();
    MUST(close(fd));
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 1, "the user pointer comes back once");
    free(log);
}

static void refuses(const char *call, unsigned after, int os_error, wc_status want)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_listener listener = 0;
    int before = wire_descriptors();
    int32_t number = 0;
    char name[128];
    (void)snprintf(name, sizeof name, "no listener without %s (errno %d)", call, os_error);
    wc_fault_clear();
    MUST(wc_fault_set(call, after, 1, os_error, 0));
    EQUAL(wc_listen(log->loop, &where, NULL, NULL, log, wire_freed, &listener), want, name);
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    MUST(wc_loop_os_error(log->loop, &number));
    EQUAL(number, os_error, "the loop knows the number");
    EQUAL(listener, 0, "no handle was written");
    EQUAL(log->freed, 1, "the user pointer came back");
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    EQUAL(wire_stats(log->loop).listeners, 0, "and no listener");
    wc_fault_clear();
    EQUAL(wc_listen(log->loop, &where, NULL, NULL, NULL, NULL, &listener), WC_OK,
          "then one is made");
    MUST(wc_loop_free(log->loop));
    free(log);
}

static void making(void)
{
    struct fault_backend backend = fault_backend();
    refuses("socket", 0, EMFILE, WC_E_NOFILES);
    refuses("socket", 0, ENFILE, WC_E_NOFILES);
    refuses("socket", 0, ENOBUFS, WC_E_NOMEM);
    refuses("socket", 0, ENOMEM, WC_E_NOMEM);
    refuses("socket", 0, EAFNOSUPPORT, WC_E_ADDRESS);
    refuses("setsockopt", 0, ENOBUFS, WC_E_NOMEM);
    refuses("setsockopt", 1, ENOBUFS, WC_E_NOMEM);
    refuses("bind", 0, EADDRINUSE, WC_E_INUSE);
    refuses("bind", 0, EACCES, WC_E_ACCESS);
    refuses("bind", 0, EADDRNOTAVAIL, WC_E_ADDRESS);
    refuses("listen", 0, EADDRINUSE, WC_E_INUSE);
    refuses("getsockname", 0, ENOBUFS, WC_E_NOMEM);
    if (backend.change != NULL) {
        refuses(backend.change, 0, ENOMEM, WC_E_NOMEM);
        refuses(backend.change, 0, ENOSPC, WC_E_OS);
    }
}

/* What concerns one pending connection, or nothing: the next one is taken in the same turn. */
static void passing(void)
{
    static const int errors[] = {EINTR,     EAGAIN,       ECONNABORTED, EPROTO,
                                 EPERM,     ENETDOWN,     ENETUNREACH,  EHOSTUNREACH,
                                 ETIMEDOUT, ENOPROTOOPT,  EOPNOTSUPP};
    size_t at;
    for (at = 0; at < sizeof errors / sizeof errors[0]; at++) {
        char name[128];
        int fd;
        struct wire_log *log = listener_with_client(&fd);
        (void)snprintf(name, sizeof name, "behind errno %d of accept all is well", errors[at]);
        MUST(wc_fault_set("accept", 0, 3, errors[at], 0));
        CHECK(wire_run(log->loop, wire_got_data, log), name);
        EQUAL(wc_fault_hits("accept"), 3, "three times it was so");
        EQUAL(gate.paused + gate.resumed, 0, "and nothing paused");
        end(log, fd);
    }
}

/* ACCEPT_BUDGET of docs/LIMITS.md: however many died while they were pending, it ends the turn. */
static void many_died(void)
{
    int fd;
    struct wire_log *log = listener_with_client(&fd);
    uint64_t turns;
    MUST(wc_fault_set("accept", 0, 64 * 20, ECONNABORTED, 0));
    CHECK(wire_run(log->loop, wire_got_data, log), "behind many that died who is alive is heard");
    turns = wire_stats(log->loop).turns;
    CHECK(turns >= 20, "not in one turn, which others wait for");
    CHECK(turns < 200, "nor with a turn for each");
    EQUAL(gate.paused, 0, "nothing paused");
    end(log, fd);
}

static int resumed(void *user)
{
    (void)user;
    return gate.resumed > 0;
}

/* For want of something, or because the socket is no good, the listener pauses and tries again. */
static void pauses(const char *call, int os_error, wc_status want)
{
    int fd, descriptors;
    struct wire_log *log = listener_with_client(&fd);
    char name[128];
    (void)snprintf(name, sizeof name, "errno %d of %s pauses the listener", os_error, call);
    descriptors = wire_descriptors();
    wc_fault_clear();
    /* The call behind the first one that fails is the one by which the listener is left alone. */
    MUST(wc_fault_set(call, 0, 1, os_error, 0));
    MUST(wc_fault_set(call, strcmp(call, "accept") == 0 ? 1 : 2, 2, os_error, 0));
    CHECK(wire_run(log->loop, resumed, NULL), name);
    EQUAL(wc_fault_hits(call), 3, "until it is well again");
    EQUAL(gate.paused, 1, "the pause is told once");
    EQUAL(gate.resumed, 1, "and its end");
    EQUAL(gate.why, want, "with its reason");
    EQUAL(gate.os_error, os_error, "and the system's number");
    EQUAL(wire_stats(log->loop).accept_pauses, 1, "it counts once");
    CHECK(wire_run(log->loop, wire_got_data, log), "and who waited is heard");
    SAME(log->story, "open data ", "from the first to the last");
    EQUAL(wire_descriptors(), descriptors + 1, "one descriptor more is open");
    end(log, fd);
}

static void pausing(void)
{
    struct fault_backend backend = fault_backend();
    pauses("accept", EMFILE, WC_E_NOFILES);
    pauses("accept", ENFILE, WC_E_NOFILES);
    pauses("accept", ENOMEM, WC_E_NOMEM);
    pauses("accept", ENOBUFS, WC_E_NOMEM);
    pauses("accept", EINVAL, WC_E_OS);
    if (backend.change != NULL) {
        pauses(backend.change, ENOMEM, WC_E_NOMEM);
        pauses(backend.change, ENOSPC, WC_E_OS);
    }
}

#define PEERS 20

static int all_opened(void *log)
{
    return ((struct wire_log *)log)->opened == PEERS;
}

static int all_closed(void *log)
{
    return ((struct wire_log *)log)->closed == PEERS;
}

static void close_at_end(struct wire_log *log, const char *event, wc_conn conn)
{
    (void)log;
    if (strcmp(event, "eof") == 0) {
        MUST(wc_conn_close(conn, WC_CLOSE_NOW));
    }
}

/*
 * A pause lasts, whatever ends meanwhile: after 5, 10, 20 ... 640 ms, and then once a second, the
 * listener tries again (ACCEPT_RETRY_MIN_MS, ACCEPT_RETRY_MAX_MS).
 */
static void a_pause_lasts(void)
{
    int fd, at, fds[PEERS];
    struct wire_log *log = listener_with_client(&fd);
    uint64_t start;
    log->act = close_at_end;
    fds[0] = fd;
    for (at = 1; at < PEERS; at++) {
        fds[at] = wire_client(log->port);
    }
    CHECK(wire_run(log->loop, all_opened, log), "peers are connected");
    wc_fault_clear();
    MUST(wc_fault_set("accept", 0, FAULT_ALWAYS, ENFILE, 0));
    start = wire_ns();
    fd = wire_client(log->port);
    wire_send(fd, "I came late");
    for (at = 0; at < PEERS; at++) {
        MUST(close(fds[at]));
        wire_turns(log->loop, 2);
    }
    CHECK(wire_run(log->loop, all_closed, log), "one after the other ends");
    CHECK(wc_fault_asked("accept") <= 9 + wire_ms_since(start) / 1000,
          "the listener is not hurried by that");
    EQUAL(gate.paused, 1, "it pauses");
    EQUAL(gate.resumed, 0, "and does not claim to be well");
    wc_fault_clear();
    log->received = 0;
    CHECK(wire_run(log->loop, wire_got_data, log), "who came late is heard");
    EQUAL(log->opened, PEERS + 1, "as the last one");
    end(log, fd);
}

static int is_paused(void *user)
{
    (void)user;
    return gate.paused > 0;
}

/* What was accepted and could not be taken in is open until its listener or its loop ends. */
static void kept(int close_listener)
{
    struct fault_backend backend = fault_backend();
    struct wire_reader reader;
    struct wire_log *log;
    int fd, before = wire_descriptors();
    if (backend.change == NULL) {
        return;
    }
    log = listener_with_client(&fd);
    memset(&reader, 0, sizeof reader);
    reader.fd = fd;
    wc_fault_clear();
    MUST(wc_fault_set(backend.change, 0, 1, ENOMEM, 0));
    CHECK(wire_run(log->loop, is_paused, NULL), "an accepted connection cannot be taken in");
    EQUAL(log->opened, 0, "it is not open for the program");
    EQUAL(wire_has(&reader), 0, "and not over for its peer");
    if (close_listener) {
        MUST(wc_listener_close(log->listener));
        CHECK(wire_run(log->loop, wire_has, &reader), "with the listener it ends");
        EQUAL(log->freed, 1, "which gives its user pointer back");
    }
    MUST(wc_loop_free(log->loop));
    EQUAL(wire_has(&reader), 1, "with the loop it ends at the latest");
    EQUAL(log->opened + log->closed, 0, "nothing is told of it");
    MUST(close(fd));
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    wc_fault_clear();
    free(log);
}

/* A listener that the program holds and lets go again takes in what it had accepted before. */
static void held(void)
{
    struct fault_backend backend = fault_backend();
    struct wire_log *log;
    int fd;
    if (backend.change == NULL) {
        return;
    }
    log = listener_with_client(&fd);
    wc_fault_clear();
    MUST(wc_fault_set(backend.change, 0, 1, ENOMEM, 0));
    CHECK(wire_run(log->loop, is_paused, NULL), "an accepted connection cannot be taken in");
    MUST(wc_listener_pause(log->listener));
    wire_turns(log->loop, 40);
    EQUAL(log->opened, 0, "nor while the program holds its listener");
    MUST(wc_listener_resume(log->listener));
    CHECK(wire_run(log->loop, wire_got_data, log), "then it is, though nobody else comes");
    end(log, fd);
}

/* A number that select(2) cannot hold: who has it waits until a lower one is free. */
static void too_high(void)
{
    int fd, at, count = 0, fds[FD_SETSIZE];
    struct wire_log *log = listener_with_client(&fd);
    int selects = strcmp(fault_backend().name, "select") == 0;
    for (at = dup(0); at >= 0 && at < FD_SETSIZE; at = dup(0)) {
        fds[count++] = at;
    }
    if (at < 0) {
        CHECK(1, "numbers above FD_SETSIZE # SKIP they are not allowed here");
    } else {
        MUST(close(at));
        CHECK(wire_run(log->loop, selects ? is_paused : wire_got_data, log),
              "a number above FD_SETSIZE pauses the listener of select, and no other");
        EQUAL(gate.why, selects ? WC_E_NOFILES : WC_OK, "as if there were no descriptor left");
        EQUAL(gate.os_error, selects ? EMFILE : 0, "as the system would say it");
    }
    while (count > 0) {
        MUST(close(fds[--count]));
    }
    CHECK(wire_run(log->loop, wire_got_data, log), "when a lower one is free its peer is heard");
    EQUAL(gate.resumed, gate.paused, "and the pause is over");
    end(log, fd);
}

int main(void)
{
    making();
    passing();
    many_died();
    pausing();
    a_pause_lasts();
    kept(1);
    kept(0);
    held();
    too_high();
    return tap_done();
}

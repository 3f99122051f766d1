/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The other end of the wire, for tests of loops and connections: client sockets with deadlines, a
 * record of what the callbacks of a listener or a connection said, and a way to run a loop until
 * something holds. Nothing here waits for a time to pass; the deadline only ends a test that fails.
 */
#ifndef WIRE_H
#define WIRE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "webcore.h"

/* Ends what should have happened long ago; under valgrind everything is some fifty times slower. */
#define WIRE_DEADLINE_MS 60000

/* Answers whose errors are tested elsewhere. */
#define MUST(call)                                                                         \
    do {                                                                                   \
        if ((call) < 0) {                                                                  \
            printf("# %s:%d: %s: errno %d\nBail out!\n", __FILE__, __LINE__, #call, errno); \
            exit(2);                                                                       \
        }                                                                                  \
    } while (0)

static inline uint64_t wire_ns(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now));
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline double wire_ms_since(uint64_t start)
{
    return (double)(wire_ns() - start) / 1e6;
}

/* What the callbacks said, in order: "open data eof close(WC_OK) ". */
struct wire_log {
    char story[2048];
    char bytes[1 << 16];
    size_t len;
    size_t received;
    size_t largest;
    int opened, drained, closed, freed;
    wc_conn conn;
    wc_status why;
    int os_error;
    wc_loop loop;
    wc_listener listener;
    uint16_t port;
    /* What the test does in a callback; may be null. */
    void (*act)(struct wire_log *log, const char *event, wc_conn conn);
    /* The bytes that the callback at hand shows. */
    const char *data;
    size_t data_len;
    /* For the test's own use. */
    int step;
    long number;
    void *other;
};

static inline void wire_say(struct wire_log *log, const char *event, wc_conn conn)
{
    size_t used = strlen(log->story), more = strlen(event);
    int again = strcmp(event, "data") == 0 && used >= 5 &&
                strcmp(log->story + used - 5, "data ") == 0;
    if (!again && used + more + 2 < sizeof log->story) {
        memcpy(log->story + used, event, more);
        memcpy(log->story + used + more, " ", 2);
    }
    if (log->act != NULL) {
        log->act(log, event, conn);
    }
}

static inline void wire_on_open(wc_conn conn, void *user)
{
    struct wire_log *log = user;
    log->opened++;
    log->conn = conn;
    wire_say(log, "open", conn);
}

static inline void wire_take(struct wire_log *log, const char *data, size_t len)
{
    size_t room = sizeof log->bytes - log->len;
    size_t more = len < room ? len : room;
    if (more > 0) {
        memcpy(log->bytes + log->len, data, more);
    }
    log->len += more;
    log->received += len;
    log->largest = len > log->largest ? len : log->largest;
    log->data = data;
    log->data_len = len;
}

static inline void wire_on_data(wc_conn conn, const char *data, size_t len, void *user)
{
    wire_take(user, data, len);
    wire_say(user, "data", conn);
}

static inline void wire_on_too_long(wc_conn conn, const char *data, size_t len, void *user)
{
    wire_take(user, data, len);
    wire_say(user, "too_long", conn);
}

static inline void wire_on_drain(wc_conn conn, void *user)
{
    ((struct wire_log *)user)->drained++;
    wire_say(user, "drain", conn);
}

static inline void wire_on_eof(wc_conn conn, void *user)
{
    wire_say(user, "eof", conn);
}

static inline void wire_on_idle(wc_conn conn, void *user)
{
    wire_say(user, "idle", conn);
}

static inline void wire_on_close(wc_conn conn, wc_status why, int32_t os_error, void *user)
{
    struct wire_log *log = user;
    char event[64];
    log->closed++;
    log->why = why;
    log->os_error = os_error;
    (void)snprintf(event, sizeof event, "close(%s)", wc_status_name(why));
    wire_say(log, event, conn);
}

static inline void wire_freed(void *user)
{
    ((struct wire_log *)user)->freed++;
}

static inline wc_conn_callbacks wire_callbacks(void)
{
    wc_conn_callbacks all;
    memset(&all, 0, sizeof all);
    all.size = sizeof all;
    all.on_open = wire_on_open;
    all.on_data = wire_on_data;
    all.on_too_long = wire_on_too_long;
    all.on_drain = wire_on_drain;
    all.on_eof = wire_on_eof;
    all.on_idle = wire_on_idle;
    all.on_close = wire_on_close;
    return all;
}

static inline struct wire_log *wire_log_new(wc_loop loop)
{
    struct wire_log *log = calloc(1, sizeof *log);
    MUST(log != NULL ? 0 : -1);
    log->loop = loop;
    return log;
}

static inline wc_loop wire_loop(void)
{
    wc_loop loop = 0;
    MUST(wc_loop_new(NULL, &loop));
    return loop;
}

static inline wc_conn_options wire_conn_options(void)
{
    wc_conn_options options;
    MUST(wc_conn_options_init(&options, sizeof options));
    return options;
}

static inline wc_listen_options wire_listen_options(void)
{
    wc_listen_options options;
    MUST(wc_listen_options_init(&options, sizeof options));
    options.host = "127.0.0.1";
    return options;
}

/* Listens on a free port of 127.0.0.1, with all callbacks in the log; null: the defaults. */
static inline void wire_listen_with(struct wire_log *log, const wc_listen_options *where,
                                    const wc_conn_options *how)
{
    wc_listen_options here = wire_listen_options();
    wc_conn_callbacks all = wire_callbacks();
    MUST(wc_listen(log->loop, where != NULL ? where : &here, how, &all, log, wire_freed,
                   &log->listener));
    MUST(wc_listener_port(log->listener, &log->port));
}

static inline void wire_listen(struct wire_log *log)
{
    wire_listen_with(log, NULL, NULL);
}

/* Makes an outbound connection of the library to a port of 127.0.0.1. */
static inline wc_conn wire_dial(struct wire_log *log, uint16_t port, const wc_conn_options *how)
{
    wc_connect_options to;
    wc_conn_callbacks all = wire_callbacks();
    wc_conn conn = 0;
    MUST(wc_connect_options_init(&to, sizeof to));
    to.host = "127.0.0.1";
    to.port = port;
    MUST(wc_connect(log->loop, &to, how, &all, log, wire_freed, &conn));
    return conn;
}

/* A client socket, connected (the listener's backlog takes it), not blocking from then on. */
static inline int wire_client(uint16_t port)
{
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    MUST(fd);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(connect(fd, (struct sockaddr *)&to, sizeof to));
    MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
    return fd;
}

/* Sends a text that fits the socket's buffer. */
static inline void wire_send(int fd, const char *text)
{
    MUST(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) ? 0 : -1);
}

/* Makes a close send a reset. */
static inline void wire_reset(int fd)
{
    struct linger now = {1, 0};
    MUST(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now));
    MUST(close(fd));
}

/* What a client has read. */
struct wire_reader {
    int fd;
    char bytes[1 << 12];
    size_t len;
    size_t total;
    /* Bytes wanted before it is done; or its end, if 0. */
    size_t want;
    int ended;
    int error;
};

/* Reads what there is; whether the reader has what it wants. */
static inline int wire_has(void *user)
{
    struct wire_reader *reader = user;
    char some[1 << 16];
    while (!reader->ended && !(reader->want > 0 && reader->total >= reader->want)) {
        ssize_t got = recv(reader->fd, some, sizeof some, 0);
        if (got > 0) {
            size_t room = sizeof reader->bytes - 1 - reader->len;
            size_t more = (size_t)got < room ? (size_t)got : room;
            memcpy(reader->bytes + reader->len, some, more);
            reader->len += more;
            reader->total += (size_t)got;
        } else if (got == 0) {
            reader->ended = 1;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return 0;
        } else if (errno != EINTR) {
            reader->ended = 1;
            reader->error = errno;
        }
    }
    return reader->want == 0 ? reader->ended : reader->total >= reader->want;
}

/* The loop runs until something holds, or the deadline has passed. */
struct wire_watch {
    wc_loop loop;
    int (*holds)(void *arg);
    void *arg;
    uint64_t start;
    int held;
};

static inline void wire_look(wc_timer timer, void *user)
{
    struct wire_watch *watch = user;
    (void)timer;
    watch->held = watch->holds(watch->arg);
    if (watch->held || wire_ms_since(watch->start) > WIRE_DEADLINE_MS) {
        (void)wc_loop_stop(watch->loop);
    }
}

/* Runs the loop until `holds(arg)`; answers whether it does. A loop that is gone runs no more. */
static inline int wire_run(wc_loop loop, int (*holds)(void *arg), void *arg)
{
    struct wire_watch watch = {loop, holds, arg, wire_ns(), 0};
    wc_timer timer = 0;
    if (wc_timer_start(loop, 0, 1, wire_look, &watch, NULL, &timer) != WC_OK) {
        return 0;
    }
    (void)wc_loop_run(loop);
    (void)wc_timer_cancel(timer);
    return watch.held;
}

/* Conditions on a log. */
static inline int wire_opened(void *log)
{
    return ((struct wire_log *)log)->opened > 0;
}

static inline int wire_closed(void *log)
{
    return ((struct wire_log *)log)->closed > 0;
}

static inline int wire_got_data(void *log)
{
    return ((struct wire_log *)log)->received > 0;
}

/* Runs the loop for some turns: until a timer that is set to now has fired some times. */
static inline int wire_count_down(void *count)
{
    return --*(int *)count <= 0;
}

static inline void wire_turns(wc_loop loop, int count)
{
    (void)wire_run(loop, wire_count_down, &count);
}

/*
 * Uses some stack once, so that it is there: valgrind does not always manage to extend that of the
 * first thread when a signal comes.
 */
static inline void wire_stack(void)
{
    volatile char room[1 << 16];
    size_t i;
    for (i = sizeof room; i > 0; i--) {
        room[i - 1] = 0;
    }
}

/* Descriptors open in this process. */
static inline int wire_descriptors(void)
{
    int fd, count = 0;
    for (fd = 0; fd < 4096; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

static inline wc_loop_stats wire_stats(wc_loop loop)
{
    wc_loop_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    MUST(wc_loop_get_stats(loop, &stats));
    return stats;
}

#endif

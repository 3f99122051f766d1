/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of connections: making one, receiving, sending, ending; and what is told of each. */
#include "fault.h"
#include "tap.h"
#include "wire.h"

static void end(struct wire_log *log, int fd)
{
    wc_fault_clear();
    if (fd >= 0) {
        MUST(close(fd));
    }
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 1, "the user pointer comes back once");
    free(log);
}

/* A connection outward, to a port that takes it. */
static wc_status dial(struct wire_log *log, uint16_t port, wc_conn *conn)
{
    wc_connect_options to;
    wc_conn_callbacks all = wire_callbacks();
    MUST(wc_connect_options_init(&to, sizeof to));
    to.host = "127.0.0.1";
    to.port = port;
    return wc_connect(log->loop, &to, NULL, &all, log, wire_freed, conn);
}

static int listening_socket(uint16_t *port)
{
    struct sockaddr_in here;
    socklen_t len = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    MUST(fd);
    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(bind(fd, (struct sockaddr *)&here, sizeof here));
    MUST(listen(fd, 8));
    MUST(getsockname(fd, (struct sockaddr *)&here, &len));
    *port = ntohs(here.sin_port);
    return fd;
}

static void refuses(const char *call, int os_error, wc_status want)
{
    struct wire_log *log = wire_log_new(wire_loop());
    uint16_t port;
    int fd = listening_socket(&port), before = wire_descriptors();
    int32_t number = 0;
    wc_conn conn = 0;
    char name[128];
    (void)snprintf(name, sizeof name, "no connection without %s (errno %d)", call, os_error);
    wc_fault_clear();
    MUST(wc_fault_set(call, 0, 1, os_error, 0));
    EQUAL(dial(log, port, &conn), want, name);
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    MUST(wc_loop_os_error(log->loop, &number));
    EQUAL(number, os_error, "the loop knows the number");
    EQUAL(conn, 0, "no handle was written");
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    EQUAL(wire_stats(log->loop).connections, 0, "and no connection");
    SAME(log->story, "", "and no callback came");
    end(log, fd);
}

static void making(void)
{
    struct fault_backend backend = fault_backend();
    refuses("socket", EMFILE, WC_E_NOFILES);
    refuses("socket", ENFILE, WC_E_NOFILES);
    refuses("socket", ENOBUFS, WC_E_NOMEM);
    refuses("socket", ENOMEM, WC_E_NOMEM);
    refuses("setsockopt", ENOBUFS, WC_E_NOMEM);
    refuses("connect", ECONNREFUSED, WC_E_CONNECT);
    refuses("connect", ENETUNREACH, WC_E_CONNECT);
    refuses("connect", EADDRNOTAVAIL, WC_E_ADDRESS);
    refuses("connect", EACCES, WC_E_ACCESS);
    refuses("connect", EAGAIN, WC_E_AGAIN);
    if (backend.change != NULL) {
        refuses(backend.change, ENOMEM, WC_E_NOMEM);
        refuses(backend.change, ENOSPC, WC_E_OS);
    }
}

/* What a connection is told of its being made: by the call, or later by the socket. */
static void made(const char *call, int os_error, const char *story)
{
    struct wire_log *log = wire_log_new(wire_loop());
    uint16_t port;
    int fd = listening_socket(&port);
    char name[128];
    (void)snprintf(name, sizeof name, "errno %d of %s while it is made", os_error, call);
    wc_fault_clear();
    MUST(wc_fault_set(call, 0, 1, os_error, 0));
    EQUAL(dial(log, port, NULL), WC_OK, name);
    CHECK(wire_run(log->loop, strstr(story, "open") ? wire_opened : wire_closed, log), "is told");
    SAME(log->story, story, "as what it is");
    if (log->closed > 0) {
        EQUAL(log->os_error, os_error, "with its number");
    }
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    end(log, fd);
}

/* A listener of the log, and a client that has sent a text. */
static int connected(struct wire_log *log, const char *text)
{
    int fd;
    wire_listen(log);
    fd = wire_client(log->port);
    wire_send(fd, text);
    wc_fault_clear();
    return fd;
}

/* A read that fails, at once or behind what came before it. */
static void receiving(int os_error, wc_status want)
{
    unsigned after;
    for (after = 0; after < 2; after++) {
        struct wire_log *log = wire_log_new(wire_loop());
        int fd = connected(log, "hello");
        char name[128], story[128];
        (void)snprintf(name, sizeof name, "errno %d of recv", os_error);
        (void)snprintf(story, sizeof story, "open %sclose(%s) ", after > 0 ? "data " : "",
                       wc_status_name(want));
        /* Behind a read that stops short the next one is made, and fails. */
        if (after > 0) {
            MUST(wc_fault_set("recv", 0, 1, 0, 2));
        }
        MUST(wc_fault_set("recv", after, FAULT_ALWAYS, os_error, 0));
        CHECK(wire_run(log->loop, wire_closed, log), name);
        SAME(log->story, story, "ends the connection behind what came");
        EQUAL(log->received, 2 * after, "which is told whole");
        EQUAL(log->os_error, os_error, "with its number");
        wire_turns(log->loop, 2);
        EQUAL(wire_stats(log->loop).connections, 0, "nothing is left of it");
        end(log, fd);
    }
}

static void say_goodbye(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        log->number = wc_conn_send(conn, "goodbye", WC_NTS);
        if (log->step == 1) {
            MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
        }
    }
}

/* A write that fails, of a connection that goes on or one that ends. */
static void sending(int os_error, wc_status want)
{
    int closes;
    for (closes = 0; closes < 2; closes++) {
        struct wire_log *log = wire_log_new(wire_loop());
        struct wire_reader reader;
        char name[128], story[128];
        memset(&reader, 0, sizeof reader);
        log->act = say_goodbye;
        log->step = closes;
        reader.fd = connected(log, "hello");
        (void)snprintf(name, sizeof name, "errno %d of send", os_error);
        (void)snprintf(story, sizeof story, "open data close(%s) ", wc_status_name(want));
        MUST(wc_fault_set("send", 0, 1, 0, 4));
        MUST(wc_fault_set("send", 1, FAULT_ALWAYS, os_error, 0));
        CHECK(wire_run(log->loop, wire_closed, log), name);
        SAME(log->story, story, "ends the connection");
        EQUAL(log->number, WC_OK, "which had accepted the bytes");
        EQUAL(log->os_error, os_error, "with its number");
        CHECK(wire_run(log->loop, wire_has, &reader), "the peer sees an end");
        reader.bytes[reader.len] = '\0';
        SAME(reader.bytes, "good", "behind the part that went");
        end(log, reader.fd);
    }
}

static void end_output(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send(conn, "goodbye", WC_NTS));
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
    (void)log;
}

/* The peer is gone when our end is to be told: the connection ends all the same, in time. */
static void ending(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_conn_options how = wire_conn_options();
    struct wire_reader reader;
    how.linger_ms = 20;
    log->act = end_output;
    memset(&reader, 0, sizeof reader);
    wire_listen_with(log, NULL, &how);
    reader.fd = wire_client(log->port);
    wire_send(reader.fd, "hello");
    wc_fault_clear();
    MUST(wc_fault_set("shutdown", 0, FAULT_ALWAYS, ENOTCONN, 0));
    CHECK(wire_run(log->loop, wire_closed, log), "without shutdown(2) a connection ends");
    EQUAL(wc_fault_hits("shutdown"), 1, "which it tried once");
    EQUAL(log->why, WC_OK, "well");
    CHECK(wire_run(log->loop, wire_has, &reader), "the peer sees the end by close(2)");
    EQUAL(reader.len, 7, "behind all that was sent");
    end(log, reader.fd);
}

int main(void)
{
    making();
    made("connect", EINTR, "open ");
    made("getsockopt", ECONNREFUSED, "close(WC_E_CONNECT) ");
    made("getsockopt", ENOBUFS, "close(WC_E_CONNECT) ");
    receiving(ECONNRESET, WC_E_RESET);
    receiving(ETIMEDOUT, WC_E_TIMEOUT);
    receiving(ENOMEM, WC_E_NOMEM);
    receiving(ENOBUFS, WC_E_NOMEM);
    receiving(EIO, WC_E_OS);
    sending(EPIPE, WC_E_RESET);
    sending(ECONNRESET, WC_E_RESET);
    sending(ETIMEDOUT, WC_E_TIMEOUT);
    sending(ENOBUFS, WC_E_NOMEM);
    sending(ENOMEM, WC_E_NOMEM);
    sending(EIO, WC_E_OS);
    ending();
    return tap_done();
}

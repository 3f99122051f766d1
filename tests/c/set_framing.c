/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* wc_conn_set_framing: a protocol that begins with a line and goes on with frames, in one piece. */
#include "tap.h"
#include "wire.h"

/* Each piece of input, with a bar behind it. */
static char pieces[256];

static void on_data(wc_conn conn, const char *data, size_t len, void *user)
{
    size_t used = strlen(pieces);
    struct wire_log *log = user;
    snprintf(pieces + used, sizeof pieces - used, "%.*s|", (int)len, data);
    if (len == 6 && memcmp(data, "frames", 6) == 0) {
        EQUAL(wc_conn_set_framing(conn, WC_FRAMING_LENGTH, WC_ORDER_BIG, 2, 8), WC_OK, "to frames");
    } else if (len == 5 && memcmp(data, "lines", 5) == 0) {
        EQUAL(wc_conn_set_framing(conn, WC_FRAMING_LINE, WC_ORDER_BIG, 0, 8), WC_OK, "to lines");
    } else if (len == 3 && memcmp(data, "raw", 3) == 0) {
        EQUAL(wc_conn_set_framing(conn, WC_FRAMING_RAW, WC_ORDER_BIG, 0, 8), WC_OK, "to raw");
    }
    log->conn = conn;
    wire_on_data(conn, data, len, user);
}

static int got_the_rest(void *log)
{
    (void)log;
    return strstr(pieces, "the rest") != NULL;
}

/* What a program that keeps all and asks for it again does to the rest of the loop. */
static void keeps_all(wc_conn conn, const char *data, size_t len, void *user)
{
    struct wire_log *log = user;
    (void)data;
    log->number++;
    (void)wc_conn_keep(conn, len);
    (void)wc_conn_pause(conn);
    (void)wc_conn_resume(conn);
}

static void stop(wc_timer timer, void *user)
{
    struct wire_log *log = user;
    (void)timer;
    (void)wc_loop_stop(log->loop);
}

/* Kept bytes that are asked for again come in the next turn, so a timer still has its turn. */
static void asked_for_again(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_conn_callbacks calls = wire_callbacks();
    int fd;
    calls.on_data = keeps_all;
    EQUAL(wc_listen(log->loop, &where, NULL, &calls, log, NULL, &log->listener), WC_OK, "listens");
    EQUAL(wc_listener_port(log->listener, &log->port), WC_OK, "somewhere");
    fd = wire_client(log->port);
    wire_send(fd, "for ever");
    EQUAL(wc_timer_start(log->loop, 20, 0, stop, log, NULL, NULL), WC_OK, "a timer");
    EQUAL(wc_loop_run(log->loop), WC_OK, "it fires, though bytes are shown again and again");
    CHECK((uint64_t)log->number <= wire_stats(log->loop).turns, "once a turn at the most");
    MUST(close(fd));
    EQUAL(wc_loop_free(log->loop), WC_OK, "freed");
    free(log);
}

int main(void)
{
    static const char bytes[] = "hello\r\nframes\n\0\3abc\0\5linesold way\nraw\nthe rest";
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_conn_options how = wire_conn_options();
    wc_conn_callbacks calls = wire_callbacks();
    int fd;
    calls.on_data = on_data;
    how.framing = WC_FRAMING_LINE;
    EQUAL(wc_listen(log->loop, &where, &how, &calls, log, NULL, &log->listener), WC_OK, "listens");
    EQUAL(wc_listener_port(log->listener, &log->port), WC_OK, "somewhere");
    fd = wire_client(log->port);
    MUST(send(fd, bytes, sizeof bytes - 1, 0));
    CHECK(wire_run(log->loop, got_the_rest, log), "all of it is cut");
    SAME(pieces, "hello|frames|abc|lines|old way|raw|the rest|", "each part in its own way");
    EQUAL(wc_conn_set_framing(log->conn, 3, WC_ORDER_BIG, 4, 8), WC_E_INVAL, "no such framing");
    EQUAL(wc_conn_set_framing(log->conn, WC_FRAMING_LENGTH, 2, 4, 8), WC_E_INVAL, "no such order");
    EQUAL(wc_conn_set_framing(log->conn, WC_FRAMING_LENGTH, 0, 0, 8), WC_E_INVAL, "no prefix");
    EQUAL(wc_conn_set_framing(log->conn, WC_FRAMING_LENGTH, 0, 9, 8), WC_E_INVAL, "too wide a one");
    EQUAL(wc_conn_set_framing(log->conn, WC_FRAMING_LINE, 0, 0, 0), WC_E_INVAL, "no room at all");
    EQUAL(wc_conn_set_framing(log->listener, 0, 0, 0, 8), WC_E_BADHANDLE, "a listener has none");
    EQUAL(wc_conn_close(log->conn, WC_CLOSE_NOW), WC_OK, "closed");
    EQUAL(wc_conn_set_framing(log->conn, 0, 0, 0, 8), WC_E_GONE, "and gone");
    MUST(close(fd));
    EQUAL(wc_loop_free(log->loop), WC_OK, "freed");
    free(log);
    asked_for_again();
    return tap_done();
}

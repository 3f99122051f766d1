/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A line echo that no client can block.
 *
 *     echo_line [PORT [IDLE_MS]]      default: 7001 30000, on 127.0.0.1
 *
 * PORT 0 takes any free one. Try it with `nc 127.0.0.1 7001`.
 *
 * The textbook server calls a "read one line" function when a descriptor is ready. That function
 * waits for the newline, and a client that sends half a line and stays has stopped the server for
 * everybody. Here half a line is just bytes in that client's buffer: on_data is called when a
 * line is whole, and until then the loop serves the others.
 *
 * Two things remain that a client could do, and each has its answer below:
 *  - send for ever without a newline: on_too_long, once, at the cap; the rest of the line is
 *    skipped without being kept, and the next line is served as any other;
 *  - send nothing for ever: on_idle.
 */
#include "example.h"

#define MAX_LINE 4096

/* Ends the connection where the answer could not even be queued. */
static void answer(wc_conn conn, const char *data, size_t len)
{
    wc_status status = wc_conn_send_frame(conn, data, len);

    if (status == WC_FULL) {
        status = wc_conn_pause(conn);
    }
    if (failed(status, "answer")) {
        (void)failed(wc_conn_close(conn, WC_CLOSE_NOW), "wc_conn_close");
    }
}

/* One line, without its end, whether that was CRLF or LF; wc_conn_send_frame adds one again. */
static void on_data(wc_conn conn, const char *data, size_t len, void *user)
{
    (void)user;
    answer(conn, data, len);
}

static void on_too_long(wc_conn conn, const char *data, size_t len, void *user)
{
    static const char text[] = "error: line too long";

    (void)data;
    (void)len;
    (void)user;
    answer(conn, text, sizeof text - 1);
}

static void on_drain(wc_conn conn, void *user)
{
    (void)user;
    (void)failed(wc_conn_resume(conn), "wc_conn_resume");
}

/* Without this callback the connection would end all the same, but without a word. */
static void on_idle(wc_conn conn, void *user)
{
    static const char text[] = "error: idle for too long";

    (void)user;
    answer(conn, text, sizeof text - 1);
    (void)failed(wc_conn_close(conn, WC_CLOSE_FLUSH), "wc_conn_close");
}

static const wc_conn_callbacks callbacks = {
    .size = sizeof callbacks,
    .on_data = on_data,
    .on_too_long = on_too_long,
    .on_drain = on_drain,
    .on_idle = on_idle,
};

static wc_status listen_on(wc_loop loop, uint16_t port, uint32_t idle_ms, wc_listener *listener)
{
    wc_listen_options where;
    wc_conn_options how;
    wc_status status = wc_listen_options_init(&where, sizeof where);

    if (status < 0) {
        return status;
    }
    where.host = "127.0.0.1";
    where.port = port;
    status = wc_conn_options_init(&how, sizeof how);
    if (status < 0) {
        return status;
    }
    how.framing = WC_FRAMING_LINE;
    how.max_frame = MAX_LINE;
    how.idle_ms = idle_ms;
    return wc_listen(loop, &where, &how, &callbacks, NULL, NULL, listener);
}

int main(int argc, char **argv)
{
    uint16_t port;
    unsigned long idle_ms = 30000;
    wc_loop loop;
    wc_listener listener;

    if (!parse_port(argc, argv, 7001, &port)) {
        return EXIT_FAILURE;
    }
    if (argc > 3 || (argc > 2 && !parse_number(argv[2], 1, 86400000, &idle_ms))) {
        fprintf(stderr, "usage: %s [PORT [IDLE_MS]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (failed(wc_loop_new(NULL, &loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    if (failed(listen_on(loop, port, (uint32_t)idle_ms, &listener), "listen")
        || !stop_on_signals(loop) || !announce(listener)) {
        (void)failed(wc_loop_free(loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    return finish(loop, wc_loop_run(loop));
}

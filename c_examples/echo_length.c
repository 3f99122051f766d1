/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The edge-triggered echo with a length prefix, as callbacks.
 *
 *     echo_length [PORT [HOST [IDLE_MS]]]      default: 7000 127.0.0.1 60000
 *
 * PORT 0 takes any free one. HOST "::" takes IPv6 and IPv4 alike, on every address.
 * Each message is a 4-byte big-endian length and that many bytes; it comes back as it went.
 *
 * Written by hand on epoll, this program has a state machine (READ_LEN, READ_BODY, WRITE_BODY)
 * and five classic mistakes waiting. Who takes care of them here:
 *
 *  - reading once per edge, which starves a client whose second message came in the same packet:
 *    the library reads until the kernel has nothing left, within a fair budget;
 *  - write interest that is always on, which spins: the library never asks for what it has;
 *  - a partial write that forgets its rest: the queue is the library's, we hand over and forget;
 *  - no cap, so that four bytes FF FF FF FF ask for 4 GiB: max_frame, checked before any memory
 *    is taken for the frame;
 *  - a half-closed peer dropped with its answers unsent: on_eof is not on_close.
 *
 * What no library can decide is left to us: what to do with a client that sends faster than it
 * reads (on_data), and how long a silent one may stay (idle_ms).
 */
#include "example.h"

#define MAX_FRAME (1024u * 1024u)

static void on_data(wc_conn conn, const char *data, size_t len, void *user)
{
    wc_status status = wc_conn_send_frame(conn, data, len);

    (void)user;
    if (status == WC_FULL) {
        /*
         * Taken, but the client reads slower than it sends. Without the pause the queue would
         * grow with everything it sends: one client would own the memory of the server. With it,
         * we stop reading, the kernel's buffers fill, and TCP holds the sender back.
         */
        status = wc_conn_pause(conn);
    }
    if (failed(status, "echo")) {
        /* A connection that lost a message is not worth keeping: lengths would no longer match. */
        (void)failed(wc_conn_close(conn, WC_CLOSE_NOW), "wc_conn_close");
    }
}

/* Exactly one on_drain follows each WC_FULL: the queue is low again, read on. */
static void on_drain(wc_conn conn, void *user)
{
    (void)user;
    (void)failed(wc_conn_resume(conn), "wc_conn_resume");
}

/*
 * The client has said its last word (shutdown for writing) and may still listen. All its messages
 * have been handed to on_data before; their echoes may still be queued. So: send, then end.
 * WC_CLOSE_NOW here would be the fifth mistake. A table without on_eof does the same as this one.
 */
static void on_eof(wc_conn conn, void *user)
{
    (void)user;
    (void)failed(wc_conn_close(conn, WC_CLOSE_FLUSH), "wc_conn_close");
}

/*
 * Once and last. What ended it (a reset, a frame above the cap, silence) is the client's affair.
 * There is no state of ours to free; a server that has some gives wc_conn_set_user a free_user.
 */
static const wc_conn_callbacks callbacks = {
    .size = sizeof callbacks,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_eof = on_eof,
};

static wc_status listen_on(wc_loop loop, const char *host, uint16_t port, uint32_t idle_ms,
                           wc_listener *listener)
{
    wc_listen_options where;
    wc_conn_options how;
    wc_status status = wc_listen_options_init(&where, sizeof where);

    if (status < 0) {
        return status;
    }
    where.host = host;
    where.port = port;
    status = wc_conn_options_init(&how, sizeof how);
    if (status < 0) {
        return status;
    }
    how.framing = WC_FRAMING_LENGTH;
    how.prefix_bytes = 4;
    how.prefix_order = WC_ORDER_BIG;
    how.max_frame = MAX_FRAME;
    how.idle_ms = idle_ms;
    return wc_listen(loop, &where, &how, &callbacks, NULL, NULL, listener);
}

int main(int argc, char **argv)
{
    uint16_t port;
    unsigned long idle_ms = 60000;
    wc_loop loop;
    wc_listener listener;

    if (!parse_port(argc, argv, 7000, &port)) {
        return EXIT_FAILURE;
    }
    if (argc > 4 || (argc > 3 && !parse_number(argv[3], 1, 86400000, &idle_ms))) {
        fprintf(stderr, "usage: %s [PORT [HOST [IDLE_MS]]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (failed(wc_loop_new(NULL, &loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    if (failed(listen_on(loop, argc > 2 ? argv[2] : "127.0.0.1", port, (uint32_t)idle_ms,
                         &listener),
               "listen")
        || !stop_on_signals(loop) || !announce(listener)) {
        (void)failed(wc_loop_free(loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    return finish(loop, wc_loop_run(loop));
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An echo server without callbacks: the loop is ours and asks for one event at a time.
 *
 *     pull_loop [PORT]      default: 7002, on 127.0.0.1; 0 takes any free one
 *
 * This is the shape of a hand-written epoll or kqueue program: wait, then a switch. It suits a
 * program that has a loop of its own, or a reader who wants to step through in a debugger.
 * wc_loop_run is nothing but such a loop around wc_loop_next and wc_loop_dispatch, so both faces
 * behave alike, with one difference to keep in mind: what a missing callback would do by itself
 * (end the connection on end of input or on silence) happens in the dispatching. Whoever pulls
 * acts on every kind of event that matters to him; here, on all that a connection can have.
 */
#include "example.h"

#define IDLE_MS 60000

/* The connection of an event is ended when a step of its service failed. */
static void must(wc_conn conn, wc_status status, const char *what)
{
    if (failed(status, what)) {
        (void)failed(wc_conn_close(conn, WC_CLOSE_NOW), "wc_conn_close");
    }
}

static void serve(wc_loop loop, const wc_event *event)
{
    wc_status status;

    switch (event->kind) {
    case WC_EVENT_DATA:
        /* data is the library's and stands until the next wc_loop_next; sending copies it. */
        status = wc_conn_send(event->object, event->data, event->len);
        if (status == WC_FULL) {
            status = wc_conn_pause(event->object);
        }
        must(event->object, status, "wc_conn_send");
        break;
    case WC_EVENT_DRAIN:
        must(event->object, wc_conn_resume(event->object), "wc_conn_resume");
        break;
    case WC_EVENT_EOF:
    case WC_EVENT_IDLE:
        /* FLUSH: echoes that are still queued reach a client that only closed its own side. */
        must(event->object, wc_conn_close(event->object, WC_CLOSE_FLUSH), "wc_conn_close");
        break;
    case WC_EVENT_SIGNAL:
        /* stop_on_signals has left a callback for it; both faces can be used side by side. */
        (void)failed(wc_loop_dispatch(loop), "wc_loop_dispatch");
        break;
    default:
        /*
         * OPEN and CLOSE ask for nothing, because we keep nothing for a connection. A program
         * that does makes its state at OPEN and frees it at CLOSE, which comes once and last.
         */
        break;
    }
}

static wc_status listen_on(wc_loop loop, uint16_t port, wc_listener *listener)
{
    /* No callback at all; the events are for wc_loop_next. */
    static const wc_conn_callbacks none = {.size = sizeof none};
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
    how.idle_ms = IDLE_MS;
    return wc_listen(loop, &where, &how, &none, NULL, NULL, listener);
}

int main(int argc, char **argv)
{
    uint16_t port;
    wc_loop loop;
    wc_listener listener;
    wc_event event;
    wc_status status;

    if (!parse_port(argc, argv, 7002, &port)) {
        return EXIT_FAILURE;
    }
    if (failed(wc_loop_new(NULL, &loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    if (failed(listen_on(loop, port, &listener), "listen") || !stop_on_signals(loop)
        || !announce(listener)) {
        (void)failed(wc_loop_free(loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    /* A time limit instead of WC_FOREVER would give WC_NONE now and then, for other work. */
    while ((status = wc_loop_next(loop, WC_FOREVER, &event)) == WC_OK) {
        serve(loop, &event);
    }
    /* WC_STOPPED after a signal; an error prints itself. */
    return finish(loop, status);
}

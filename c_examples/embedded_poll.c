/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The loop as a guest in a program that has its own poll().
 *
 *     embedded_poll [PORT]      default: 7005, on 127.0.0.1; 0 takes any free one
 *
 * The program waits for its terminal; the library serves an echo beside it. Type "clients" or
 * "quit". Neither waits for the other, there is one thread, and the library takes no part in the
 * waiting: wc_loop_prepare says what to wait on and for how long, the program waits, and
 * wc_loop_step does what there is to do. The same three lines fit into the loop of a game, a
 * graphical toolkit or another library.
 *
 * It takes a backend with a descriptor of its own, which epoll and kqueue have; with another one
 * the program says WC_E_BACKEND and ends.
 */
#include "example.h"

#include <poll.h>

/* Bytes of a command that were typed, up to its end. */
static char line[256];
static size_t line_len;

static void on_data(wc_conn conn, const char *data, size_t len, void *user)
{
    wc_status status = wc_conn_send(conn, data, len);

    (void)user;
    if (status == WC_FULL) {
        status = wc_conn_pause(conn);
    }
    if (failed(status, "wc_conn_send")) {
        (void)failed(wc_conn_close(conn, WC_CLOSE_NOW), "wc_conn_close");
    }
}

static void on_drain(wc_conn conn, void *user)
{
    (void)user;
    (void)failed(wc_conn_resume(conn), "wc_conn_resume");
}

static int listen_on(wc_loop loop, uint16_t port)
{
    static const wc_conn_callbacks callbacks = {
        .size = sizeof callbacks,
        .on_data = on_data,
        .on_drain = on_drain,
    };
    wc_listen_options where;
    wc_listener listener;

    if (failed(wc_listen_options_init(&where, sizeof where), "wc_listen_options_init")) {
        return 0;
    }
    where.host = "127.0.0.1";
    where.port = port;
    return !failed(wc_listen(loop, &where, NULL, &callbacks, NULL, NULL, &listener), "wc_listen")
           && announce(listener);
}

/* 0 when the program is to end. */
static int obey(wc_loop loop, const char *command)
{
    wc_loop_stats stats;

    if (strcmp(command, "quit") == 0) {
        return 0;
    }
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    if (strcmp(command, "clients") != 0) {
        printf("there is \"clients\" and \"quit\"\n");
    } else if (!failed(wc_loop_get_stats(loop, &stats), "wc_loop_get_stats")) {
        printf("%lu\n", (unsigned long)stats.connections);
    }
    return fflush(stdout) == 0;
}

/* Takes what was typed, which may be half a line, or three. 0 when the program is to end. */
static int take_input(wc_loop loop, struct pollfd *terminal)
{
    char *end;
    ssize_t got = read(terminal->fd, line + line_len, sizeof line - 1 - line_len);

    if (got <= 0) {
        /* Nobody types any more; poll passes over a negative number. The server goes on. */
        terminal->fd = -1;
        return 1;
    }
    line_len += (size_t)got;
    line[line_len] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        if (!obey(loop, line)) {
            return 0;
        }
        line_len -= (size_t)(end + 1 - line);
        memmove(line, end + 1, line_len + 1);
    }
    line_len = line_len == sizeof line - 1 ? 0 : line_len;
    return 1;
}

/* The loop of the program: the library is one more thing that it waits for. */
static wc_status run(wc_loop loop)
{
    struct pollfd set[2];

    memset(set, 0, sizeof set);
    set[0].fd = STDIN_FILENO;
    set[0].events = POLLIN;
    set[1].events = POLLIN;
    for (;;) {
        int32_t timeout_ms;
        wc_status status = wc_loop_prepare(loop, &set[1].fd, &timeout_ms);

        if (status < 0) {
            return status;
        }
        if (poll(set, 2, timeout_ms) < 0 && errno != EINTR) {
            perror("poll");
            return WC_E_OS;
        }
        status = wc_loop_step(loop, 0);
        if (status != WC_OK) {
            return status;
        }
        if (set[0].revents != 0 && !take_input(loop, &set[0])) {
            return WC_OK;
        }
    }
}

int main(int argc, char **argv)
{
    uint16_t port;
    wc_loop loop;

    if (!parse_port(argc, argv, 7005, &port)) {
        return EXIT_FAILURE;
    }
    if (failed(wc_loop_new(NULL, &loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    if (!stop_on_signals(loop) || !listen_on(loop, port)) {
        (void)failed(wc_loop_free(loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    return finish(loop, run(loop));
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A line echo whose owner sits at the terminal and gives it commands while it serves.
 *
 *     echo_terminal [PORT]      default: 7003, on 127.0.0.1; 0 takes any free one
 *
 * Commands, a line each: help, stats, say TEXT (to every client), quit. Ctrl-C, SIGTERM and a
 * terminal that is closed (SIGHUP) end it as quit does; Ctrl-D ends the commands only.
 *
 * The textbook way is a thread that sits in fgets, and locks around all that it shares with the
 * server. Here the terminal is one descriptor more that the loop watches, and a command is served
 * between two clients: there is one thread, and nothing to lock. No client and no half-typed
 * command can block the others:
 *  - half a line of a client is bytes in that client's buffer, until the rest comes; a line above
 *    the cap is answered by an error, and its rest is skipped;
 *  - half a command is bytes in a buffer of ours.
 *
 * The terminal stays blocking. O_NONBLOCK would be set for the terminal itself, not for this
 * program: the shell that started it would find it set, and so would every program that shares
 * the terminal, while this one runs and after it has crashed. A blocking descriptor needs one rule
 * instead: one read for each time that the loop says there is input, and no second one.
 */
#include "example.h"

#define MAX_LINE 4096
#define MAX_COMMAND 1024

struct client {
    wc_conn conn;
    struct client *next;
    struct client **link; /* what points here */
};

struct server {
    wc_loop loop;
    struct client *clients;
    unsigned long count;
    char command[MAX_COMMAND];
    size_t len;   /* bytes of the command that is being typed */
    int too_long; /* it did not fit; its rest is skipped */
};

/* What a client may not be able to take is dropped, and if not even that works, the client. */
static int tell(wc_conn conn, const char *data, size_t len)
{
    wc_status status = wc_conn_send_frame(conn, data, len);

    if (failed(status, "wc_conn_send_frame")) {
        (void)failed(wc_conn_close(conn, WC_CLOSE_NOW), "wc_conn_close");
        return 0;
    }
    /* It has not read what it was sent before: it asks for nothing more until it has. */
    if (status == WC_FULL) {
        (void)failed(wc_conn_pause(conn), "wc_conn_pause");
    }
    return 1;
}

/* ---- clients */

static void forget(void *user)
{
    struct client *client = user;

    *client->link = client->next;
    if (client->next != NULL) {
        client->next->link = client->link;
    }
    free(client);
}

static void on_open(wc_conn conn, void *user)
{
    struct server *server = user;
    struct client *client = malloc(sizeof *client);

    if (client == NULL) {
        (void)failed(wc_conn_close(conn, WC_CLOSE_NOW), "wc_conn_close");
        return;
    }
    client->conn = conn;
    client->next = server->clients;
    client->link = &server->clients;
    if (client->next != NULL) {
        client->next->link = &client->next;
    }
    server->clients = client;
    server->count++;
    /* From here on the connection's callbacks get the client, and forget is called at its end. */
    (void)failed(wc_conn_set_user(conn, client, forget), "wc_conn_set_user");
}

static void on_data(wc_conn conn, const char *data, size_t len, void *user)
{
    (void)user;
    (void)tell(conn, data, len);
}

static void on_too_long(wc_conn conn, const char *data, size_t len, void *user)
{
    static const char text[] = "error: line too long";

    (void)data;
    (void)len;
    (void)user;
    (void)tell(conn, text, sizeof text - 1);
}

static void on_drain(wc_conn conn, void *user)
{
    (void)user;
    (void)failed(wc_conn_resume(conn), "wc_conn_resume");
}

static const wc_conn_callbacks callbacks = {
    .size = sizeof callbacks,
    .on_open = on_open,
    .on_data = on_data,
    .on_too_long = on_too_long,
    .on_drain = on_drain,
};

/* ---- the terminal */

/* A terminal that is gone takes no answers; that is no reason to end. */
static void answer(const char *text)
{
    (void)printf("%s\n", text);
    (void)fflush(stdout);
}

static void say(struct server *server, const char *text, size_t len)
{
    struct client *client;
    unsigned long heard = 0;

    for (client = server->clients; client != NULL; client = client->next) {
        heard += (unsigned long)tell(client->conn, text, len);
    }
    (void)printf("said to %lu\n", heard);
    (void)fflush(stdout);
}

static void stats(const struct server *server)
{
    wc_loop_stats now = {.size = sizeof now};

    if (!failed(wc_loop_get_stats(server->loop, &now), "wc_loop_get_stats")) {
        (void)printf("clients %lu of %lu, %llu bytes in, %llu bytes out\n",
                     (unsigned long)now.connections, server->count,
                     (unsigned long long)now.bytes_received, (unsigned long long)now.bytes_sent);
        (void)fflush(stdout);
    }
}

static void obey(struct server *server, const char *line, size_t len)
{
    if (len == 0) {
        return;
    }
    if (len == 4 && memcmp(line, "quit", 4) == 0) {
        (void)failed(wc_loop_stop(server->loop), "wc_loop_stop");
    } else if (len == 5 && memcmp(line, "stats", 5) == 0) {
        stats(server);
    } else if (len > 4 && memcmp(line, "say ", 4) == 0) {
        say(server, line + 4, len - 4);
    } else if (len == 4 && memcmp(line, "help", 4) == 0) {
        answer("help, stats, say TEXT, quit");
    } else {
        answer("what? try help");
    }
}

/* Takes what was typed; a command is obeyed when its end is there. */
static void typed(struct server *server, const char *data, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (data[i] != '\n') {
            server->too_long |= server->len == sizeof server->command;
            if (!server->too_long) {
                server->command[server->len++] = data[i];
            }
            continue;
        }
        if (server->too_long) {
            answer("that is too long");
        } else {
            obey(server, server->command, server->len);
        }
        server->len = 0;
        server->too_long = 0;
    }
}

/*
 * Exactly one read: the loop has said that it will not wait. More input, or the rest of it, is told
 * again. EAGAIN and EINTR are for a terminal that another program made non-blocking, or took the
 * input of; EIO is for one that is gone, or for a program in its background.
 */
static void on_terminal(wc_watch watch, uint32_t ready, void *user)
{
    char data[512];
    ssize_t got = read(STDIN_FILENO, data, sizeof data);

    (void)ready;
    if (got > 0) {
        typed(user, data, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        /* A last command may lack its end. Who is served goes on being served. */
        typed(user, "\n", 1);
        answer("no more commands; a signal ends this");
        (void)failed(wc_watch_stop(watch), "wc_watch_stop");
    }
}

/* ---- the whole */

static wc_status listen_on(struct server *server, uint16_t port, wc_listener *listener)
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
    /* Chatting clients listen more than they talk. */
    how.idle_ms = 0;
    return wc_listen(server->loop, &where, &how, &callbacks, server, NULL, listener);
}

static int start(struct server *server, uint16_t port)
{
    wc_listener listener;
    wc_loop loop = server->loop;

    return !failed(listen_on(server, port, &listener), "listen") && stop_on_signals(loop)
        && !failed(wc_signal_start(loop, SIGHUP, example_on_signal, &server->loop, NULL, NULL),
                   "SIGHUP")
        /* Answers to a terminal or a pipe that is gone are lost, not deadly. */
        && !failed(wc_signal_start(loop, SIGPIPE, NULL, NULL, NULL, NULL), "SIGPIPE")
        && announce(listener)
        && !failed(wc_watch_start(loop, STDIN_FILENO, WC_READ, on_terminal, server, NULL, NULL),
                   "the terminal");
}

int main(int argc, char **argv)
{
    struct server server;
    uint16_t port;

    if (!parse_port(argc, argv, 7003, &port)) {
        return EXIT_FAILURE;
    }
    memset(&server, 0, sizeof server);
    if (failed(wc_loop_new(NULL, &server.loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    if (!start(&server, port)) {
        (void)failed(wc_loop_free(server.loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    return finish(server.loop, wc_loop_run(server.loop));
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An echo server that keeps its own Connection and takes from the library what kqueue_echo.c does
 * by hand: readiness on every system, timers, and the safety of both.
 *
 *     watch_echo [PORT [IDLE_MS]]      default: 7004 30000, on 127.0.0.1; 0 takes any free port
 *
 * This is the depth at which a Webserv stands that has its own sockets and buffers. Compare `work`
 * with the one there: it is the same. What is gone is the queue, the table by descriptor, the scan
 * for idle clients, and the traps that are told of in the comments there. One server, one loop, one
 * watcher and one timer for each client; docs/guide/from-kqueue.md goes through both, side by side.
 */
#include "example.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct connection {
    wc_watch watch;
    wc_timer idle;
    int fd;
    /* The client has ended its input. */
    int ended;
    /* Bytes that came and did not go back yet: bytes[start .. start + len]. */
    size_t start;
    size_t len;
    char bytes[1 << 14];
};

static wc_loop loop;
static unsigned long idle_ms = 30000;

/*
 * Nothing has to be left before this: the watcher takes the descriptor out of the kernel's list and
 * closes it, what that batch still had for it is dropped, and the struct is freed when nothing of
 * the library uses it any more. Calling it twice is harmless: the second gets WC_E_GONE.
 */
static void destroy(struct connection *connection)
{
    (void)failed(wc_timer_cancel(connection->idle), "wc_timer_cancel");
    (void)failed(wc_watch_stop(connection->watch), "wc_watch_stop");
}

/* What is wanted follows from what there is. The kernel is told before the next wait, once, and
 * only if it is something new. */
static int want(struct connection *connection)
{
    uint32_t wants =
        (!connection->ended && connection->len < sizeof connection->bytes ? WC_READ : 0)
        | (connection->len > 0 ? WC_WRITE : 0);

    return (wants != 0 || !connection->ended)
           && !failed(wc_watch_set(connection->watch, wants), "wc_watch_set")
           && !failed(wc_timer_restart(connection->idle, (uint32_t)idle_ms), "wc_timer_restart");
}

/* A little work for one client; 0 when it is over. */
static int work(struct connection *connection, uint32_t what)
{
    char *bytes = connection->bytes;

    if (what & WC_READ && !connection->ended && connection->len < sizeof connection->bytes) {
        ssize_t got;

        memmove(bytes, bytes + connection->start, connection->len);
        connection->start = 0;
        got = recv(connection->fd, bytes + connection->len,
                   sizeof connection->bytes - connection->len, 0);
        if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return 0;
        }
        connection->ended = got == 0;
        connection->len += got > 0 ? (size_t)got : 0;
    }
    if (connection->len > 0) {
        ssize_t sent = send(connection->fd, bytes + connection->start, connection->len, 0);

        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return 0;
        }
        connection->start += sent > 0 ? (size_t)sent : 0;
        connection->len -= sent > 0 ? (size_t)sent : 0;
    }
    return want(connection);
}

static void on_client(wc_watch watch, uint32_t ready, void *user)
{
    (void)watch;
    if (!work(user, ready)) {
        destroy(user);
    }
}

static void on_idle(wc_timer timer, void *user)
{
    (void)timer;
    destroy(user);
}

/* The watcher owns the descriptor and the struct from its start on, and gives both back at its
 * end: WC_ADOPT, and `free`. */
static void welcome(int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        free(connection);
        (void)close(fd);
        return;
    }
    connection->fd = fd;
    if (failed(wc_watch_start(loop, fd, WC_READ | WC_ADOPT, on_client, connection, free,
                              &connection->watch), "wc_watch_start")) {
        (void)close(fd);
        return;
    }
    if (failed(wc_timer_start(loop, (uint32_t)idle_ms, 0, on_idle, connection, NULL,
                              &connection->idle), "wc_timer_start")) {
        (void)failed(wc_watch_stop(connection->watch), "wc_watch_stop");
    }
}

/* Out of descriptors: rest a little, instead of being told of the same client for ever. */
static void listen_again(wc_timer timer, void *user)
{
    (void)timer;
    (void)failed(wc_watch_set(*(wc_watch *)user, WC_READ), "wc_watch_set");
}

static void on_clients(wc_watch watch, uint32_t ready, void *user)
{
    int listener = -1;
    int fd;

    (void)ready;
    if (failed(wc_watch_fd(watch, &listener), "wc_watch_fd")) {
        return;
    }
    fd = accept(listener, NULL, NULL);
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        welcome(fd);
    } else if ((errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
               && !failed(wc_watch_set(watch, 0), "wc_watch_set")) {
        (void)failed(wc_timer_start(loop, 100, 0, listen_again, user, NULL, NULL),
                     "wc_timer_start");
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = inet_addr("127.0.0.1");
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
        && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 2048) == 0
        && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0
        && getsockname(fd, (struct sockaddr *)&at, &len) == 0
        && printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(at.sin_port)) > 0
        && fflush(stdout) == 0) {
        return fd;
    }
    perror("listen");
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

int main(int argc, char **argv)
{
    uint16_t port;
    int fd;
    wc_watch listener = 0;
    wc_status ran = WC_E_OS;

    if (!parse_port(argc, argv, 7004, &port)) {
        return EXIT_FAILURE;
    }
    if (argc > 3 || (argc > 2 && !parse_number(argv[2], 1, 86400000, &idle_ms))) {
        fprintf(stderr, "usage: %s [PORT [IDLE_MS]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (failed(wc_loop_new(NULL, &loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    /* The library changes no signal; the sockets and their writes are this program's. */
    fd = signal(SIGPIPE, SIG_IGN) != SIG_ERR && stop_on_signals(loop) ? listen_on(port) : -1;
    if (fd >= 0 && !failed(wc_watch_start(loop, fd, WC_READ | WC_ADOPT, on_clients, &listener, NULL,
                                          &listener), "wc_watch_start")) {
        ran = wc_loop_run(loop);
    }
    /* Whatever is left ends with the loop: watchers, timers, descriptors, structs. */
    return failed(wc_loop_free(loop), "wc_loop_free") || ran < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

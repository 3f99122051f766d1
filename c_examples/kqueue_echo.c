/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An echo server by hand, on kqueue(2) or epoll(7): what watch_echo.c replaces.
 *
 *     kqueue_echo [PORT [IDLE_MS]]      default: 7006 30000, on 127.0.0.1; 0 takes any free port
 *
 * It is the server that many a student writes: one queue, a listener, a Connection for each client,
 * found by its descriptor. It is written with care, and the care is what makes it long. Everything
 * between the two lines "the queue" is there to say the same to two kernels; the rest is the
 * program. docs/guide/from-kqueue.md goes through both, side by side.
 */
#ifdef __linux__
#define _POSIX_C_SOURCE 200809L
#else
/* kqueue is no part of POSIX: asking for POSIX alone would hide it. */
#define _DARWIN_C_SOURCE
#define _NETBSD_SOURCE
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* ---- the queue ---- */

enum { WANT_READ = 1, WANT_WRITE = 2 };

/* Taken by one wait. */
#define BATCH 60

struct ready {
    int fd;
    int what;
};

#ifdef __linux__
#include <sys/epoll.h>

static int queue_open(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

/* Says what is wanted of a descriptor from now on, and was until now: the kernel keeps one entry
 * for both, which is made, changed or taken out. */
static int queue_want(int queue, int fd, int was, int now)
{
    struct epoll_event event;
    int what = was == 0 ? EPOLL_CTL_ADD : now == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

    if (was == now) {
        return 0;
    }
    memset(&event, 0, sizeof event);
    event.events = (uint32_t)((now & WANT_READ ? EPOLLIN : 0) | (now & WANT_WRITE ? EPOLLOUT : 0));
    event.data.fd = fd;
    return epoll_ctl(queue, what, fd, &event);
}

/* An end or an error is told as readiness for both: the next read or write says what it is. */
static int queue_wait(int queue, struct ready *out, int timeout_ms)
{
    struct epoll_event events[BATCH];
    int at, count = epoll_wait(queue, events, BATCH, timeout_ms);

    for (at = 0; at < count; at++) {
        int trouble = events[at].events & (EPOLLERR | EPOLLHUP) ? WANT_READ | WANT_WRITE : 0;
        out[at].fd = events[at].data.fd;
        out[at].what = (events[at].events & EPOLLIN ? WANT_READ : 0)
                       | (events[at].events & EPOLLOUT ? WANT_WRITE : 0) | trouble;
    }
    return count;
}

#else
#include <sys/event.h>

static int queue_open(void)
{
    int queue = kqueue();

    if (queue >= 0) {
        (void)fcntl(queue, F_SETFD, FD_CLOEXEC);
    }
    return queue;
}

/* Two filters, each with an entry of its own. */
static int queue_want(int queue, int fd, int was, int now)
{
    struct kevent changes[2];
    int count = 0, changed = was ^ now;

    if (changed & WANT_READ) {
        EV_SET(&changes[count++], fd, EVFILT_READ, now & WANT_READ ? EV_ADD : EV_DELETE, 0, 0, 0);
    }
    if (changed & WANT_WRITE) {
        EV_SET(&changes[count++], fd, EVFILT_WRITE, now & WANT_WRITE ? EV_ADD : EV_DELETE, 0, 0, 0);
    }
    return count == 0 ? 0 : kevent(queue, changes, count, NULL, 0, NULL);
}

static int queue_wait(int queue, struct ready *out, int timeout_ms)
{
    struct kevent events[BATCH];
    struct timespec timeout;
    int at, count;

    timeout.tv_sec = timeout_ms / 1000;
    timeout.tv_nsec = timeout_ms % 1000 * 1000000L;
    count = kevent(queue, NULL, 0, events, BATCH, &timeout);
    for (at = 0; at < count; at++) {
        out[at].fd = (int)events[at].ident;
        out[at].what = events[at].filter == EVFILT_READ ? WANT_READ : WANT_WRITE;
    }
    return count;
}
#endif

/* ---- the queue ---- */

struct connection {
    int fd;
    int wants;
    /* The client has ended its input. */
    int ended;
    /* Bytes that came and did not go back yet: bytes[start .. start + len]. */
    size_t start;
    size_t len;
    uint64_t last_ms;
    char bytes[1 << 14];
};

static int queue, listener, stop_pipe[2];
static unsigned long idle_ms = 30000;

/* By descriptor. It grows, and nothing may keep a pointer into it over an accept. */
static struct connection **table;
static size_t table_size;

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A signal may come just before the wait begins: a flag would not end that wait, a byte does. */
static void on_signal(int number)
{
    int kept = errno;

    (void)number;
    if (write(stop_pipe[1], "", 1) < 0) {
        /* The pipe is full: it says stop already. */
    }
    errno = kept;
}

/* The descriptor leaves the queue before it is closed, or a copy of it would ring on. Events of it
 * that are in the batch at hand find no connection, or, if accept gives the number out again
 * meanwhile, the wrong one: it is told of readiness that is not its own. Here that costs a read
 * that would wait. */
static void destroy(struct connection *connection)
{
    (void)queue_want(queue, connection->fd, connection->wants, 0);
    table[connection->fd] = NULL;
    (void)close(connection->fd);
    free(connection);
}

/* What is wanted follows from what there is: write interest that stays on would spin. */
static int want(struct connection *connection)
{
    int wants = (!connection->ended && connection->len < sizeof connection->bytes ? WANT_READ : 0)
                | (connection->len > 0 ? WANT_WRITE : 0);
    int result = queue_want(queue, connection->fd, connection->wants, wants);

    connection->wants = wants;
    return result == 0 && (wants != 0 || !connection->ended);
}

/* A little work for one client; 0 when it is over. */
static int work(struct connection *connection, int what)
{
    char *bytes = connection->bytes;

    connection->last_ms = now_ms();
    if (what & WANT_READ && !connection->ended && connection->len < sizeof connection->bytes) {
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

static int remember(struct connection *connection)
{
    size_t fd = (size_t)connection->fd;

    if (fd >= table_size) {
        size_t size = fd * 2 + 16;
        struct connection **larger = realloc(table, size * sizeof *table);

        if (larger == NULL) {
            return 0;
        }
        memset(larger + table_size, 0, (size - table_size) * sizeof *table);
        table = larger;
        table_size = size;
    }
    table[fd] = connection;
    return 1;
}

/* One client of those that wait. Out of descriptors the listener stays readable and the loop spins:
 * this program has no answer to that. */
static void accept_one(void)
{
    struct connection *connection;
    int fd = accept(listener, NULL, NULL);

    if (fd < 0) {
        return;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    connection = calloc(1, sizeof *connection);
    if (connection == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        free(connection);
        (void)close(fd);
        return;
    }
    connection->fd = fd;
    connection->last_ms = now_ms();
    if (!remember(connection)) {
        free(connection);
        (void)close(fd);
    } else if (!want(connection)) {
        destroy(connection);
    }
}

/* Every connection is looked at, four times in an idle time. */
static void end_idle(void)
{
    static uint64_t next;
    uint64_t now = now_ms();
    size_t fd;

    if (now < next) {
        return;
    }
    next = now + idle_ms / 4;
    for (fd = 0; fd < table_size; fd++) {
        if (table[fd] != NULL && now - table[fd]->last_ms >= idle_ms) {
            destroy(table[fd]);
        }
    }
}

static int serve(void)
{
    struct ready ready[BATCH];
    int at, timeout = idle_ms / 4 < 1000 ? (int)(idle_ms / 4) + 1 : 1000;

    for (;;) {
        int count = queue_wait(queue, ready, timeout);

        if (count < 0 && errno != EINTR) {
            perror("the queue");
            return EXIT_FAILURE;
        }
        for (at = 0; at < count; at++) {
            int fd = ready[at].fd;
            struct connection *connection;

            if (fd == stop_pipe[0]) {
                return EXIT_SUCCESS;
            }
            if (fd == listener) {
                accept_one();
                continue;
            }
            connection = (size_t)fd < table_size ? table[fd] : NULL;
            if (connection != NULL && !work(connection, ready[at].what)) {
                destroy(connection);
            }
        }
        end_idle();
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int on = 1;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = inet_addr("127.0.0.1");
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 2048) != 0
        || fcntl(listener, F_SETFL, O_NONBLOCK) != 0
        || getsockname(listener, (struct sockaddr *)&at, &len) != 0) {
        perror("listen");
        return 0;
    }
    (void)fcntl(listener, F_SETFD, FD_CLOEXEC);
    printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(at.sin_port));
    return fflush(stdout) == 0;
}

/* A client that has left must not end the server: its writes fail, without SIGPIPE. */
static int prepare_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) != 0) {
        return 0;
    }
    action.sa_handler = on_signal;
    return pipe(stop_pipe) == 0 && fcntl(stop_pipe[1], F_SETFL, O_NONBLOCK) == 0
           && sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

static int number(const char *text, unsigned long low, unsigned long high, unsigned long *out)
{
    char *end;
    unsigned long value = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : high + 1;

    if (value < low || value > high || *end != '\0') {
        return 0;
    }
    *out = value;
    return 1;
}

int main(int argc, char **argv)
{
    unsigned long port = 7006;
    size_t fd;
    int result = EXIT_FAILURE;

    if (argc > 1 && !number(argv[1], 0, 65535, &port)) {
        fprintf(stderr, "%s: %s is not a port (0 to 65535)\n", argv[0], argv[1]);
        return EXIT_FAILURE;
    }
    if (argc > 3 || (argc > 2 && !number(argv[2], 1, 86400000, &idle_ms))) {
        fprintf(stderr, "usage: %s [PORT [IDLE_MS]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    queue = queue_open();
    if (queue < 0 || !prepare_signals()) {
        perror("setup");
        return EXIT_FAILURE;
    }
    if (listen_on((uint16_t)port) && queue_want(queue, listener, 0, WANT_READ) == 0
        && queue_want(queue, stop_pipe[0], 0, WANT_READ) == 0) {
        result = serve();
    }
    for (fd = 0; fd < table_size; fd++) {
        if (table[fd] != NULL) {
            destroy(table[fd]);
        }
    }
    free(table);
    return result;
}

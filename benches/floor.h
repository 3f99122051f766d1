/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the two floors share: a loopback listener and an edge-triggered epoll loop.
 *
 * A floor is the least that a correct server can do on epoll(7), and so the thing that a library is
 * divided by. It is not an example: there are no deadlines, no limits on connections, no log, and
 * running out of descriptors or memory ends the process.
 *
 * Invariant: a connection is watched once, for both directions, and epoll_ctl(2) is never called
 * for it again; it is freed only while its own event is handled, so no event of a batch is stale.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FLOOR_BACKLOG = 2048, FLOOR_BATCH = 1024 };

/* Bits that promise an end or an error behind the bytes: then a short read is not the last one. */
#define FLOOR_ENDING ((uint32_t)(EPOLLRDHUP | EPOLLHUP | EPOLLERR))

/* What a step on a connection came to. */
enum step { STEP_DONE, STEP_BLOCKED, STEP_CLOSE };

struct conn;

/* Each floor defines these two. conn_ready answers false when the connection is over. */
static struct conn *conn_open(int fd);
static bool conn_ready(struct conn *conn, uint32_t events);
static void conn_close(struct conn *conn);

static _Noreturn void floor_die(const char *what)
{
    perror(what);
    exit(1);
}

static int floor_listen(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || port < 0 || port > 65535) {
        fprintf(stderr, "not a port: %s\n", text);
        exit(2);
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        floor_die("socket");
    int on = 1;
    /* Accepted sockets inherit TCP_NODELAY: one setsockopt(2) for all instead of one for each. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0
        || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        floor_die("setsockopt");
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(fd, (struct sockaddr *)&at, size) < 0 || listen(fd, FLOOR_BACKLOG) < 0
        || getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        floor_die("listen");
    printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void floor_accept(int epoll, int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN)
                return;
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            floor_die("accept4");
        }
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
        event.data.ptr = conn_open(fd);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            floor_die("epoll_ctl");
    }
}

/* Runs until a signal ends the process: SIGTERM and SIGINT keep their default action. */
static _Noreturn void floor_run(int listener)
{
    static struct epoll_event events[FLOOR_BATCH];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        floor_die("epoll");
    for (;;) {
        int n = epoll_wait(epoll, events, FLOOR_BATCH, -1);
        if (n < 0 && errno != EINTR)
            floor_die("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct conn *conn = events[i].data.ptr;
            if (conn == NULL)
                floor_accept(epoll, listener);
            else if (!conn_ready(conn, events[i].events))
                conn_close(conn);
        }
    }
}

static int floor_main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    floor_run(floor_listen(argv[1]));
}

#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * benches/reactor.h on epoll(7) itself: the least that a loop of watchers can do. Each change of
 * interest is one epoll_ctl(2), each batch of events one epoll_wait(2), and nothing else.
 */
#define WATCHES_ONLY
#include "reactor.h"
#include <sys/epoll.h>

enum { BATCH = 1024 };

static int epoll;

static const char *peer_open(const char *backend)
{
    if (strcmp(backend, "epoll") != 0)
        return "epoll only";
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        bench_die("epoll_create1");
    return NULL;
}

static void peer_close(void)
{
    close(epoll);
}

static void peer_turn(bool wait)
{
    static struct epoll_event events[BATCH];
    int ready = epoll_wait(epoll, events, BATCH, wait ? -1 : 0);
    if (ready < 0)
        bench_die("epoll_wait");
    for (int at = 0; at < ready; at++)
        pipe_ready(events[at].data.u64);
}

static void watches_room(size_t count)
{
    (void)count;
}

static void watches_end(void)
{
}

static void control(int verb, size_t at, int fd, int want)
{
    struct epoll_event event = {.data.u64 = at};
    event.events = (want & WANT_READ ? EPOLLIN : 0u) | (want & WANT_WRITE ? EPOLLOUT : 0u);
    if (epoll_ctl(epoll, verb, fd, &event) != 0)
        bench_die("epoll_ctl");
}

static const char *watch_start(size_t at, int fd, int want)
{
    control(EPOLL_CTL_ADD, at, fd, want);
    return NULL;
}

static void watch_set(size_t at, int fd, int want)
{
    control(EPOLL_CTL_MOD, at, fd, want);
}

static void watch_stop(size_t at, int fd)
{
    control(EPOLL_CTL_DEL, at, fd, 0);
}

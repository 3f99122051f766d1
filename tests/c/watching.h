/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What tests of watchers have in common: a record of what a watcher was told, and pipes.
 */
#ifndef WATCHING_H
#define WATCHING_H

#include "backend.h"
#include "tap.h"
#include "wire.h"

/* What a watcher was told. */
struct told {
    wc_loop loop;
    wc_watch watch;
    int fd;
    int count;
    uint32_t last;
    uint32_t all;
    int freed;
    /* Called each time; may be null. */
    void (*act)(struct told *told);
    /* For the test's own use. */
    struct told *other;
    int step;
};

static inline void told_ready(wc_watch watch, uint32_t ready, void *user)
{
    struct told *told = user;
    told->watch = watch;
    told->count++;
    told->last = ready;
    told->all |= ready;
    if (told->act != NULL) {
        told->act(told);
    }
}

static inline void told_freed(void *user)
{
    ((struct told *)user)->freed++;
}

static inline wc_status told_start(struct told *told, wc_loop loop, int fd, uint32_t bits)
{
    memset(told, 0, sizeof *told);
    told->loop = loop;
    told->fd = fd;
    return wc_watch_start(loop, fd, bits, told_ready, told, told_freed, &told->watch);
}

/* Stops a watcher and lets the loop give its user pointer back. */
static inline void told_stop(struct told *told)
{
    MUST(wc_watch_stop(told->watch));
    wire_turns(told->loop, 1);
}

/* Conditions. */
static inline int was_told(void *told)
{
    return ((struct told *)told)->count > 0;
}

/* A pipe that does not block. */
static inline void pipe_of(int ends[2])
{
    MUST(pipe(ends));
    MUST(fcntl(ends[0], F_SETFL, O_NONBLOCK));
    MUST(fcntl(ends[1], F_SETFL, O_NONBLOCK));
}

/* A pipe with something to read. */
static inline void full_pipe(int ends[2])
{
    pipe_of(ends);
    MUST(write(ends[1], "x", 1) == 1 ? 0 : -1);
}

/* Closes the ends of a pipe that are not -1. */
static inline void close_both(const int ends[2])
{
    int at;
    for (at = 0; at < 2; at++) {
        if (ends[at] >= 0) {
            MUST(close(ends[at]));
        }
    }
}

/* Reads a descriptor empty; how many bytes. */
static inline int emptied(int fd)
{
    char some[256];
    int count = 0;
    ssize_t got;
    while ((got = read(fd, some, sizeof some)) > 0) {
        count += (int)got;
    }
    return count;
}

static inline int is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The table of faults of the library that `make testlib` builds: system calls that a test has fail,
 * or move fewer bytes. One table for the process. The names of the calls are in src/sys/fault.rs.
 */
#ifndef FAULT_H
#define FAULT_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * Lets `after` more calls of this name through; the next `times` fail with errno os_error, or, if
 * that is 0, move short_to bytes at the most. Of two rules for one call the earlier one counts.
 * WC_OK; WC_E_INVAL for a name not known or what is no fault; WC_E_LIMIT if the table is full.
 *
 * A call that fails is not made; only an interrupted connect is, because it goes on by itself.
 * After a short transfer or EAGAIN the kernel tells readiness anew, as one does that has more by
 * then; of TCP sockets only, so set these for others only where more really comes.
 */
int wc_fault_set(const char *name, unsigned after, unsigned times, int os_error, size_t short_to);

/* Forgets all rules and counts. */
void wc_fault_clear(void);

/* How many calls of this name met a fault since then. */
unsigned wc_fault_hits(const char *name);

/* How many calls of this name there were since then, those included. */
unsigned wc_fault_asked(const char *name);

/* For ever. */
#define FAULT_ALWAYS 1000000000u

/* A read or a write is interrupted, stops short, finds nothing more, stops short, and again. */
static inline void fault_storm(const char *name, size_t bytes)
{
    unsigned at;
    int refused = 0;
    for (at = 0; at < 30; at++) {
        refused |= wc_fault_set(name, 4 * at, 1, EINTR, 0);
        refused |= wc_fault_set(name, 4 * at + 1, 1, 0, bytes);
        refused |= wc_fault_set(name, 4 * at + 2, 1, EAGAIN, 0);
        refused |= wc_fault_set(name, 4 * at + 3, 1, 0, bytes + at);
    }
    if (refused) {
        abort();
    }
}

/* What the backend of this run asks the system for; null where that cannot fail. */
struct fault_backend {
    const char *name, *make, *change, *wait;
};

static inline struct fault_backend fault_backend(void)
{
    static const struct fault_backend all[] = {
        {"epoll", "epoll_create", "epoll_ctl", "epoll_wait"},
        {"poll", NULL, NULL, "poll"},
        {"select", NULL, NULL, "select"},
        {"kqueue", "kqueue", NULL, "kevent"},
    };
    const char *name = getenv("WEBCORE_BACKEND");
    size_t at;
    for (at = 0; at < sizeof all / sizeof all[0]; at++) {
        if (name != NULL && strcmp(name, all[at].name) == 0) {
            return all[at];
        }
    }
    return all[0];
}

#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What every example needs and none is about: numbers from arguments, errors in words, the
 * `listening on` line, and a clean end on SIGINT and SIGTERM. It is not a part of the library.
 *
 * Include it before anything else: it asks the system headers for POSIX, which -std=c99 hides.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "webcore.h"

/* How long connections get to end in order after a signal, before they are cut. */
#define EXAMPLE_DRAIN_MS 500

/*
 * Says on standard error what went wrong; 1 if something did. A peer that resets, goes silent or
 * leaves before its answer is no error of a server: it is an ordinary day, and filling the log
 * with it would be an attack that every client could make.
 */
static inline int failed(wc_status status, const char *what)
{
    if (status >= 0) {
        return 0;
    }
    if (status != WC_E_GONE && status != WC_E_RESET && status != WC_E_EOF && status != WC_E_IDLE
        && status != WC_E_STALL) {
        fprintf(stderr, "%s: %s: %s\n", what, wc_status_name(status), wc_status_text(status));
    }
    return 1;
}

/* A decimal number from `low` to `high` and nothing else; atoi would take "80x" and "-1" gladly. */
static inline int parse_number(const char *text, unsigned long low, unsigned long high,
                               unsigned long *out)
{
    char *end;
    unsigned long value;

    if (text[0] < '0' || text[0] > '9') {
        return 0;
    }
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < low || value > high) {
        return 0;
    }
    *out = value;
    return 1;
}

/* The port: the first argument, or `fallback` where there is none. */
static inline int parse_port(int argc, char **argv, uint16_t fallback, uint16_t *port)
{
    unsigned long value = fallback;

    if (argc > 1 && !parse_number(argv[1], 0, 65535, &value)) {
        fprintf(stderr, "%s: %s is not a port (0 to 65535)\n", argv[0], argv[1]);
        return 0;
    }
    *port = (uint16_t)value;
    return 1;
}

/* The loop that signals stop; it outlives the watchers that point to it. */
static wc_loop example_loop;

/*
 * This is no signal handler, where hardly anything may be called (signal-safety(7)): the loop calls
 * it between two other callbacks. A signal that comes before wc_loop_run is told then.
 */
static inline void example_on_signal(wc_signal signal, int number, uint32_t count, void *user)
{
    (void)signal;
    (void)number;
    (void)count;
    (void)failed(wc_loop_stop(*(wc_loop *)user), "wc_loop_stop");
}

/* SIGINT and SIGTERM stop the loop. */
static inline int stop_on_signals(wc_loop loop)
{
    wc_signal_fn stop = example_on_signal;

    example_loop = loop;
    return !failed(wc_signal_start(loop, SIGINT, stop, &example_loop, NULL, NULL), "SIGINT")
        && !failed(wc_signal_start(loop, SIGTERM, stop, &example_loop, NULL, NULL), "SIGTERM");
}

/*
 * Says where the server listens. Flushed, because standard output to a pipe is kept back until
 * 4096 bytes have gathered, and whoever started the server waits for this very line.
 */
static inline int announce(wc_listener listener)
{
    char address[WC_ADDRESS_MAX];
    uint16_t port;
    const char *form;

    if (failed(wc_listener_address(listener, address, sizeof address, &port),
               "wc_listener_address")) {
        return 0;
    }
    form = strchr(address, ':') != NULL ? "listening on [%s]:%u\n" : "listening on %s:%u\n";
    if (printf(form, address, (unsigned)port) < 0 || fflush(stdout) != 0) {
        perror("standard output");
        return 0;
    }
    return 1;
}

/*
 * The end of every server: nobody new, those that are here get a moment to take what is theirs,
 * then all is freed. `ran` is what the loop ended with. Gives the exit code.
 */
static inline int finish(wc_loop loop, wc_status ran)
{
    int bad = failed(ran, "the loop");

    /* WC_NONE: a client stayed until the deadline. wc_loop_free cuts it; no error of ours. */
    if (failed(wc_loop_drain(loop, EXAMPLE_DRAIN_MS), "wc_loop_drain")) {
        bad = 1;
    }
    if (failed(wc_loop_free(loop), "wc_loop_free")) {
        bad = 1;
    }
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Signals and timers, told by one loop: a clock that other programs can steer.
 *
 *     signals_timers [PERIOD_MS]      default: 1000
 *
 * It says its process number, and then counts, one each period:
 *
 *     kill -USR1 PID      says where it is
 *     kill -USR2 PID      halts it, or lets it go on
 *     kill -HUP PID       begins again from 0
 *     Ctrl-C              twice within two seconds ends it
 *     kill PID            ends it
 *
 * A signal handler may hardly call anything, and interrupts at any place; the textbook sets a flag
 * in it, and looks at the flag in a loop that must not sleep in between. Here the handler is the
 * library's: on_signal is called like any other callback, between two others. It may print,
 * allocate, start timers, and needs neither volatile nor sig_atomic_t.
 */
#include "example.h"

#include <inttypes.h>

#define AGAIN_MS 2000

struct clock {
    wc_loop loop;
    wc_timer tick;
    wc_timer again; /* runs after a first Ctrl-C */
    uint32_t period_ms;
    unsigned long count;
    int halted;
};

/* A reader that is gone ends it; SIGPIPE, which would do that without a word, is watched. */
static void print(struct clock *clock, const char *what)
{
    if (printf("%s %lu\n", what, clock->count) < 0 || fflush(stdout) != 0) {
        (void)failed(wc_loop_stop(clock->loop), "wc_loop_stop");
    }
}

static void on_tick(wc_timer timer, void *user)
{
    struct clock *clock = user;

    (void)timer;
    clock->count++;
    print(clock, "tick");
}

/* A timer that repeats is ended to halt it: one that is not there cannot fire by mistake. */
static void halt_or_go_on(struct clock *clock)
{
    wc_status status;

    clock->halted = !clock->halted;
    if (clock->halted) {
        status = wc_timer_cancel(clock->tick);
    } else {
        status = wc_timer_start(clock->loop, clock->period_ms, clock->period_ms, on_tick, clock,
                                NULL, &clock->tick);
    }
    if (failed(status, "the timer")) {
        (void)failed(wc_loop_stop(clock->loop), "wc_loop_stop");
    }
    print(clock, clock->halted ? "halted at" : "on from");
}

static void on_again(wc_timer timer, void *user)
{
    struct clock *clock = user;

    (void)timer;
    clock->again = 0;
    print(clock, "on at");
}

/* Whoever holds Ctrl-C down sends many; what comes together is told once, with a count. */
static void on_interrupt(wc_signal signal, int number, uint32_t count, void *user)
{
    struct clock *clock = user;

    (void)signal;
    (void)number;
    if (clock->again != 0 || count > 1) {
        print(clock, "interrupted at");
        (void)failed(wc_loop_stop(clock->loop), "wc_loop_stop");
        return;
    }
    print(clock, "Ctrl-C again to end at");
    (void)failed(wc_timer_start(clock->loop, AGAIN_MS, 0, on_again, clock, NULL, &clock->again),
                 "wc_timer_start");
}

static void on_signal(wc_signal signal, int number, uint32_t count, void *user)
{
    struct clock *clock = user;

    (void)signal;
    (void)count;
    if (number == SIGUSR1) {
        print(clock, "at");
    } else if (number == SIGUSR2) {
        halt_or_go_on(clock);
    } else if (number == SIGHUP) {
        clock->count = 0;
        print(clock, "back to");
    } else {
        print(clock, "ended at");
        (void)failed(wc_loop_stop(clock->loop), "wc_loop_stop");
    }
}

/* The watchers end with the loop, and each signal does again what it did before. */
static int listen_to_signals(struct clock *clock)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGHUP, SIGTERM};
    size_t i;

    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (failed(wc_signal_start(clock->loop, numbers[i], on_signal, clock, NULL, NULL),
                   "wc_signal_start")) {
            return 0;
        }
    }
    return !failed(wc_signal_start(clock->loop, SIGINT, on_interrupt, clock, NULL, NULL), "SIGINT")
        && !failed(wc_signal_start(clock->loop, SIGPIPE, NULL, NULL, NULL, NULL), "SIGPIPE");
}

int main(int argc, char **argv)
{
    struct clock clock;
    unsigned long period_ms = 1000;
    int started;

    if (argc > 2 || (argc > 1 && !parse_number(argv[1], 1, 86400000, &period_ms))) {
        fprintf(stderr, "usage: %s [PERIOD_MS]\n", argv[0]);
        return EXIT_FAILURE;
    }
    memset(&clock, 0, sizeof clock);
    clock.period_ms = (uint32_t)period_ms;
    if (failed(wc_loop_new(NULL, &clock.loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    started = listen_to_signals(&clock)
           && !failed(wc_timer_start(clock.loop, clock.period_ms, clock.period_ms, on_tick, &clock,
                                     NULL, &clock.tick),
                      "wc_timer_start");
    if (!started) {
        (void)failed(wc_loop_free(clock.loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    /* Signals are told from here on; whoever starts this program waits for the line. */
    if (printf("process %" PRIdMAX "\n", (intmax_t)getpid()) < 0 || fflush(stdout) != 0) {
        perror("standard output");
    }
    return finish(clock.loop, wc_loop_run(clock.loop));
}

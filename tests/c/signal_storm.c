/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A loop whose thread is hit by signals all the time, with SA_RESTART and without: no harm. */
#include <signal.h>

#include "tap.h"
#include "wire.h"

#define ROUNDS 20
#define SIGNALS 50
#define BYTES (256 * 1024)

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted++;
    (void)raise(SIGUSR1);
}

/* Signals without SA_RESTART from now on, one each time; 0 us: no more. */
static void storm(suseconds_t us)
{
    struct itimerval time;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    MUST(sigaction(SIGALRM, &action, NULL));
    memset(&time, 0, sizeof time);
    time.it_value.tv_usec = time.it_interval.tv_usec = us;
    MUST(setitimer(ITIMER_REAL, &time, NULL));
}

static void count_signals(wc_signal signal, int number, uint32_t count, void *user)
{
    (void)signal;
    (void)number;
    *(uint64_t *)user += count;
}

static void tick(wc_timer timer, void *user)
{
    (void)timer;
    ++*(int *)user;
}

static void echo(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send(conn, log->data, log->data_len));
    } else if (strcmp(event, "eof") == 0) {
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
}

static char message[BYTES];

/* number: bytes that came back in this round; step: rounds that went well. */
static void client(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        log->number = 0;
        MUST(wc_conn_send(conn, message, sizeof message));
    } else if (strcmp(event, "data") == 0) {
        if (log->number + (long)log->data_len > BYTES ||
            memcmp(log->data, message + log->number, log->data_len) != 0) {
            MUST(wc_loop_stop(log->loop));
        }
        log->number += (long)log->data_len;
        if (log->number == BYTES) {
            MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
        }
    } else if (strncmp(event, "close", 5) == 0) {
        log->step += log->why == WC_OK && log->number == BYTES;
        if (log->closed < ROUNDS || interrupted < SIGNALS) {
            (void)wire_dial(log, log->port, NULL);
        } else {
            MUST(wc_loop_stop(log->loop));
        }
    }
}

int main(void)
{
    struct wire_log *server, *peer;
    wc_loop loop = wire_loop();
    uint64_t heard = 0;
    int ticks = 0;
    size_t i;
    wire_stack();
    for (i = 0; i < sizeof message; i++) {
        message[i] = (char)(i * 7 + i / 251);
    }
    MUST(wc_signal_start(loop, SIGUSR1, count_signals, &heard, NULL, NULL));
    MUST(wc_timer_start(loop, 1, 1, tick, &ticks, NULL, NULL));
    server = wire_log_new(loop);
    peer = wire_log_new(loop);
    server->act = echo;
    peer->act = client;
    wire_listen(server);
    peer->port = server->port;
    (void)wire_dial(peer, peer->port, NULL);
    storm(500);
    EQUAL(wc_loop_run(loop), WC_OK, "the loop runs through a storm of signals");
    EQUAL(wc_loop_drain(loop, WIRE_DEADLINE_MS), WC_OK, "and ends in order");
    storm(0);
    wire_turns(loop, 2);
    CHECK(peer->closed >= ROUNDS, "connections are made, one after the other");
    EQUAL(peer->step, peer->closed, "each gets all of its bytes back and ends well");
    CHECK(interrupted >= SIGNALS, "while calls are interrupted");
    EQUAL(heard, interrupted, "and each signal that is watched is told, once");
    CHECK(ticks > 0, "and timers fire");
    MUST(wc_loop_free(loop));
    free(server);
    free(peer);
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals with several loops in several threads: all hear all, and loops come and go meanwhile. */
#include <pthread.h>
#include <signal.h>

#include "tap.h"
#include "wire.h"

#define LOOPS 4
#define SIGNALS 2000
#define CHURN 300

struct ear {
    pthread_t thread;
    sigset_t blocked;  /* in its thread */
    unsigned heard[2]; /* SIGUSR1, SIGUSR2 */
    int bad;
};

static pthread_barrier_t ready;

static void hear(wc_signal signal, int number, uint32_t count, void *user)
{
    struct ear *ear = user;
    (void)signal;
    ear->heard[number == SIGUSR2] += count;
}

/* SIGURG ends a loop: it is raised last, and of what came together the highest is told last. */
static void leave(wc_signal signal, int number, uint32_t count, void *user)
{
    (void)signal;
    (void)number;
    (void)count;
    MUST(wc_loop_stop(*(wc_loop *)user));
}

static void *listen_to_signals(void *user)
{
    struct ear *ear = user;
    wc_loop loop;
    MUST(pthread_sigmask(SIG_BLOCK, &ear->blocked, NULL) == 0 ? 0 : -1);
    loop = wire_loop();
    MUST(wc_signal_start(loop, SIGUSR1, hear, ear, NULL, NULL));
    MUST(wc_signal_start(loop, SIGUSR2, hear, ear, NULL, NULL));
    MUST(wc_signal_start(loop, SIGURG, leave, &loop, NULL, NULL));
    (void)pthread_barrier_wait(&ready);
    ear->bad += wc_loop_run(loop) != WC_OK;
    ear->bad += wc_loop_free(loop) != WC_OK;
    return NULL;
}

/* Loops that live for a moment, while signals come. */
static void *come_and_go(void *user)
{
    struct ear *ear = user;
    int i;
    (void)pthread_barrier_wait(&ready);
    for (i = 0; i < CHURN; i++) {
        wc_loop loop = wire_loop();
        wc_signal signal = 0;
        MUST(wc_signal_start(loop, SIGUSR1, hear, ear, NULL, &signal));
        MUST(wc_signal_start(loop, SIGWINCH, NULL, NULL, NULL, NULL));
        wire_turns(loop, 1);
        if (i % 2 == 0) {
            MUST(wc_signal_stop(signal));
        }
        MUST(wc_loop_free(loop));
    }
    return NULL;
}

static void *send_signals(void *user)
{
    int i;
    (void)user;
    (void)pthread_barrier_wait(&ready);
    for (i = 0; i < SIGNALS; i++) {
        MUST(raise(SIGUSR1));
        MUST(i % 2 == 0 ? raise(SIGUSR2) : 0);
        /* This one is for any thread: whoever handles it finds loops on their way out. */
        MUST(kill(getpid(), SIGWINCH));
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    MUST(pthread_create(thread, NULL, run, arg) == 0 ? 0 : -1);
}

static void join(pthread_t thread)
{
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
}

static void *raise_urg(void *user)
{
    (void)user;
    MUST(raise(SIGURG));
    return NULL;
}

static void all_hear_all(void)
{
    struct ear ears[LOOPS], passing[2];
    pthread_t sender, last;
    int i, wrong = 0, fds = wire_descriptors();
    memset(ears, 0, sizeof ears);
    memset(passing, 0, sizeof passing);
    MUST(pthread_barrier_init(&ready, NULL, LOOPS + 3) == 0 ? 0 : -1);
    for (i = 0; i < LOOPS; i++) {
        MUST(sigemptyset(&ears[i].blocked));
        if (i % 2 == 1) {
            MUST(sigfillset(&ears[i].blocked));
        }
        start(&ears[i].thread, listen_to_signals, &ears[i]);
    }
    start(&passing[0].thread, come_and_go, &passing[0]);
    start(&passing[1].thread, come_and_go, &passing[1]);
    start(&sender, send_signals, NULL);
    join(sender);
    join(passing[0].thread);
    join(passing[1].thread);
    /* What was raised was handled in that very thread: this one comes after all of it. */
    start(&last, raise_urg, NULL);
    join(last);
    for (i = 0; i < LOOPS; i++) {
        join(ears[i].thread);
        wrong += ears[i].bad + (ears[i].heard[0] != SIGNALS) + (ears[i].heard[1] != SIGNALS / 2);
    }
    EQUAL(wrong, 0, "each of the loops heard each of the signals, while others came and went");
    CHECK(passing[0].heard[0] <= SIGNALS && passing[1].heard[0] <= SIGNALS,
          "those heard no more than there were");
    EQUAL(wire_descriptors(), fds, "no descriptor is left");
    MUST(pthread_barrier_destroy(&ready) == 0 ? 0 : -1);
}

struct blocked_ear {
    struct ear ear;
    wc_loop loop;
};

static void hear_one(wc_signal signal, int number, uint32_t count, void *user)
{
    struct blocked_ear *of = user;
    (void)signal;
    of->ear.heard[number == SIGUSR2] += count;
    MUST(wc_loop_stop(of->loop));
}

static void *hear_though_blocked(void *user)
{
    struct blocked_ear *of = user;
    of->loop = wire_loop();
    MUST(wc_signal_start(of->loop, SIGUSR1, hear_one, of, NULL, NULL));
    (void)pthread_barrier_wait(&ready);
    of->ear.bad += wc_loop_run(of->loop) != WC_OK;
    /* Nobody gives the signal up before all have heard it. */
    (void)pthread_barrier_wait(&ready);
    of->ear.bad += wc_loop_free(of->loop) != WC_OK;
    return NULL;
}

/* No thread lets the signal in: it waits for the process as a whole, once. */
static void all_hear_what_all_block(void)
{
    struct blocked_ear ears[LOOPS];
    sigset_t usr1, before;
    int i, wrong = 0;
    memset(ears, 0, sizeof ears);
    MUST(sigemptyset(&usr1));
    MUST(sigaddset(&usr1, SIGUSR1));
    MUST(pthread_sigmask(SIG_BLOCK, &usr1, &before) == 0 ? 0 : -1);
    MUST(pthread_barrier_init(&ready, NULL, LOOPS + 1) == 0 ? 0 : -1);
    for (i = 0; i < LOOPS; i++) {
        start(&ears[i].ear.thread, hear_though_blocked, &ears[i]);
    }
    (void)pthread_barrier_wait(&ready);
    MUST(kill(getpid(), SIGUSR1));
    (void)pthread_barrier_wait(&ready);
    for (i = 0; i < LOOPS; i++) {
        join(ears[i].ear.thread);
        wrong += ears[i].ear.bad + (ears[i].ear.heard[0] != 1);
    }
    EQUAL(wrong, 0, "a signal that every thread blocks is heard once by each loop");
    MUST(pthread_barrier_destroy(&ready) == 0 ? 0 : -1);
    MUST(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 ? 0 : -1);
}

/* A loop that changes its thread hears in the new one, whatever that blocks. */
static void *run_it(void *user)
{
    struct blocked_ear *of = user;
    sigset_t all;
    MUST(sigfillset(&all));
    MUST(pthread_sigmask(SIG_BLOCK, &all, NULL) == 0 ? 0 : -1);
    MUST(raise(SIGUSR1));
    of->ear.bad += wc_loop_run(of->loop) != WC_OK;
    of->ear.bad += wc_loop_free(of->loop) != WC_OK;
    return NULL;
}

static void a_loop_that_moves(void)
{
    struct blocked_ear of;
    memset(&of, 0, sizeof of);
    of.loop = wire_loop();
    MUST(wc_signal_start(of.loop, SIGUSR1, hear_one, &of, NULL, NULL));
    MUST(wc_loop_detach(of.loop));
    start(&of.ear.thread, run_it, &of);
    join(of.ear.thread);
    CHECK(of.ear.bad == 0 && of.ear.heard[0] == 1,
          "a loop that moved to a thread that blocks everything hears there");
}

struct foreign {
    wc_loop loop;
    wc_signal signal;
    int freed;
    int refused;
};

static void back(void *user)
{
    ((struct foreign *)user)->freed++;
}

static void *try_it(void *user)
{
    struct foreign *of = user;
    of->refused += wc_signal_start(of->loop, SIGUSR2, NULL, of, back, NULL) == WC_E_THREAD;
    of->refused += wc_signal_stop(of->signal) == WC_E_THREAD;
    return NULL;
}

static void another_thread(void)
{
    struct foreign of;
    pthread_t thread;
    memset(&of, 0, sizeof of);
    of.loop = wire_loop();
    MUST(wc_signal_start(of.loop, SIGUSR1, NULL, NULL, NULL, &of.signal));
    start(&thread, try_it, &of);
    join(thread);
    CHECK(of.refused == 2 && of.freed == 1, "only the loop's thread starts and stops watchers");
    MUST(wc_loop_free(of.loop));
}

int main(void)
{
    wire_stack();
    all_hear_all();
    all_hear_what_all_block();
    a_loop_that_moves();
    another_thread();
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The same work for every event loop: timers, wake-ups by another thread, watched pipes. Each
 * benches/reactor_*.c defines the functions below on one library; benches/reactor.py asks all of
 * them in turn and compares.
 *
 * usage: PROGRAM BACKEND CORE CORE, with commands on its standard input:
 *     timers N | posts N | watchers N EVENTS
 * Each is answered by lines `figure NS COUNT NAME` and then `done`, by `refused COUNT WHY` and
 * `done`, or by `none WHY` alone where the library has no such thing.
 *
 * CPU time, not time: waiting for a timer costs nothing here. Each phase_ function is one figure
 * and nothing but it, so that callgrind can be asked for its instructions.
 */
#ifndef REACTOR_H
#define REACTOR_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { WANT_READ = 1, WANT_WRITE = 2 };

/* So many bytes go round the watched pipes at a time. */
enum { ACTIVE = 64 };

/* Beyond the end of any phase. */
enum { FAR_MS = 60000 };

static _Noreturn void bench_die(const char *what)
{
    perror(what);
    exit(1);
}

static void *room_for(size_t count, size_t size)
{
    void *room = calloc(count, size);
    if (room == NULL)
        bench_die("calloc");
    return room;
}

/* ---- What the library's file calls. ---- */

static size_t event_count, event_goal, pipe_count;
static int *pipes;

/* Takes the byte of pipe `at` and gives it to the next one. */
static inline void pipe_ready(size_t at)
{
    char byte;
    size_t next = at + 1 == pipe_count ? 0 : at + 1;
    if (read(pipes[at], &byte, 1) != 1)
        bench_die("read");
    event_count++;
    if (write(pipes[next], &byte, 1) != 1)
        bench_die("write");
}

#ifndef WATCHES_ONLY
static size_t fired_count, job_count;
static _Atomic size_t woken_count;
/* Where a sender waits until its wake-up was heard; posted only while one does. */
static sem_t heard;
static _Atomic bool heard_wanted;

static inline void fired(void)
{
    fired_count++;
}

static inline void job_ran(void)
{
    job_count++;
}
#endif

/* ---- What the library's file defines. `at` is below the count that room was made for. ---- */

/* Null, or why there is no such loop. */
static const char *peer_open(const char *backend);
static void peer_close(void);
/* One turn; waits for something to happen only if asked to. */
static void peer_turn(bool wait);

/* Watches for WANT_... bits; null, or why not. */
static void watches_room(size_t count);
static void watches_end(void);
static const char *watch_start(size_t at, int fd, int want);
static void watch_set(size_t at, int fd, int want);
static void watch_stop(size_t at, int fd);

#ifndef WATCHES_ONLY
/* Timers: one that is added anew was cancelled or has fired. */
static void timers_room(size_t count);
static void timers_end(size_t count);
static void timer_add(size_t at, uint32_t ms, bool anew);
static void timer_restart(size_t at, uint32_t ms);
static void timer_cancel(size_t at);

/* One wake-up that any thread can send, and which calls `woken`; a job that calls `job_ran`. */
static void wake_open(void);
static void wake_send(void);
static void wake_close(void);
static void job_post(void);

/* A queue with a wake-up behind it: what a program writes whose library has none. */
struct job {
    struct job *next;
    void (*run)(void);
};

static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *jobs_first, **jobs_last = &jobs_first;

static inline void queued_post(void)
{
    struct job *job = room_for(1, sizeof *job);
    job->run = job_ran;
    pthread_mutex_lock(&jobs_lock);
    *jobs_last = job;
    jobs_last = &job->next;
    pthread_mutex_unlock(&jobs_lock);
    wake_send();
}

static inline void woken(void)
{
    atomic_fetch_add_explicit(&woken_count, 1, memory_order_relaxed);
    if (atomic_load_explicit(&heard_wanted, memory_order_relaxed))
        sem_post(&heard);
    pthread_mutex_lock(&jobs_lock);
    struct job *job = jobs_first;
    jobs_first = NULL;
    jobs_last = &jobs_first;
    pthread_mutex_unlock(&jobs_lock);
    while (job != NULL) {
        struct job *next = job->next;
        job->run();
        free(job);
        job = next;
    }
}
#endif

/* ---- The measuring. ---- */

#define PHASE static __attribute__((noinline)) void

static uint64_t cpu_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        bench_die("clock_gettime");
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void figure(const char *name, uint64_t ns, size_t count)
{
    printf("figure %llu %zu %s\n", (unsigned long long)ns, count, name);
}

/* One figure: what the process spends in an expression, for so many operations. */
#define MEASURE(name, count, call)                                      \
    do {                                                                \
        uint64_t before = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);             \
        call;                                                           \
        figure(name, cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - before, count); \
    } while (0)

static void pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

#ifndef WATCHES_ONLY

/* The same numbers in every program and every round. */
static uint32_t drawn(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static uint32_t *drawn_order(size_t count)
{
    uint32_t *order = room_for(count, sizeof *order);
    uint64_t state = 1;
    for (size_t at = 0; at < count; at++)
        order[at] = (uint32_t)at;
    for (size_t left = count; left > 1; left--) {
        size_t other = drawn(&state) % left;
        uint32_t last = order[left - 1];
        order[left - 1] = order[other];
        order[other] = last;
    }
    return order;
}

/* Deadlines drawn from `span` milliseconds, none of them before `from`. */
PHASE phase_add(size_t count, uint32_t from, uint32_t span, bool anew)
{
    uint64_t state = 7;
    for (size_t at = 0; at < count; at++)
        timer_add(at, from + drawn(&state) % span, anew);
}

/* Deadlines in the order in which the timers are made. */
PHASE phase_add_in_order(size_t count, uint32_t span)
{
    for (size_t at = 0; at < count; at++)
        timer_add(at, 1 + (uint32_t)((uint64_t)at * span / count), true);
}

/* A deadline that moves away, as that of a connection does with each byte. */
PHASE phase_restart(size_t count)
{
    for (size_t at = 0; at < count; at++)
        timer_restart(at, FAR_MS);
}

PHASE phase_restart_drawn(size_t count, const uint32_t *order)
{
    uint64_t state = 9;
    for (size_t at = 0; at < count; at++)
        timer_restart(order[at], FAR_MS + drawn(&state) % FAR_MS);
}

PHASE phase_cancel(size_t count)
{
    for (size_t at = 0; at < count; at++)
        timer_cancel(at);
}

PHASE phase_fire(size_t count)
{
    while (fired_count < count)
        peer_turn(true);
}

static void run_timers(size_t count)
{
    uint32_t *order = drawn_order(count), span = (uint32_t)(count / 1000 + 20);
    fired_count = 0;
    timers_room(count);
    peer_turn(false);
    MEASURE("add", count, phase_add(count, FAR_MS, FAR_MS, false));
    peer_turn(false);
    MEASURE("restart", count, phase_restart(count));
    MEASURE("restart, drawn order", count, phase_restart_drawn(count, order));
    MEASURE("cancel", count, phase_cancel(count));
    peer_turn(false);
    MEASURE("add in used memory", count, phase_add_in_order(count, span));
    MEASURE("fire, in order", count, phase_fire(count));
    peer_turn(false);
    phase_add(count, 1, span, true);
    fired_count = 0;
    MEASURE("fire, drawn order", count, phase_fire(count));
    timers_end(count);
    free(order);
}

struct sender {
    size_t count;
    int core;
    void (*send)(void);
    uint64_t ns;
    _Atomic bool over;
};

PHASE phase_send(struct sender *sender)
{
    for (size_t at = 0; at < sender->count; at++)
        sender->send();
}

static void *sender_main(void *given)
{
    struct sender *sender = given;
    pin(sender->core);
    uint64_t before = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    phase_send(sender);
    sender->ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    atomic_store(&sender->over, true);
    /* So that a loop that waits looks up. */
    wake_send();
    return NULL;
}

/* A burst by another thread: the loop runs meanwhile, or only when all is sent. */
static uint64_t burst(size_t count, int core, void (*send)(void), bool running)
{
    struct sender sender = {.count = count, .core = core, .send = send};
    pthread_t thread;
    if (pthread_create(&thread, NULL, sender_main, &sender) != 0)
        bench_die("pthread_create");
    while (running && !atomic_load(&sender.over))
        peer_turn(true);
    pthread_join(thread, NULL);
    return sender.ns;
}

PHASE phase_jobs(size_t count)
{
    while (job_count < count)
        peer_turn(true);
}

/* One at a time, by a thread on the loop's own processor: the loop sleeps while this one runs. */
static void send_and_wait(void)
{
    wake_send();
    while (sem_wait(&heard) != 0)
        continue;
}

static void run_wakes(size_t count, int core)
{
    if (sem_init(&heard, 0, 0) != 0)
        bench_die("sem_init");
    atomic_store(&heard_wanted, true);
    (void)burst(count, core, send_and_wait, true);
    atomic_store(&heard_wanted, false);
    sem_destroy(&heard);
    peer_turn(false);
}

static void run_posts(size_t count, int core, int other)
{
    size_t jobs = count / 5 + 1, wakes = count / 50 + 1;
    wake_open();
    peer_turn(false);
    figure("send, loop held", burst(count, other, wake_send, false), count);
    peer_turn(true);
    figure("send, loop running", burst(count, other, wake_send, true), count);
    peer_turn(false);
    MEASURE("wake-up of a loop that sleeps", wakes, run_wakes(wakes, core));
    job_count = 0;
    MEASURE("queued job", jobs, (burst(jobs, other, job_post, false), phase_jobs(jobs)));
    wake_close();
}

#endif

/* A pipe with one descriptor for both ends: ten thousand of them are within most limits. */
static int open_pipe(void)
{
    int ends[2];
    char name[64];
    if (pipe(ends) != 0)
        bench_die("pipe");
    snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
    int fd = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        bench_die(name);
    close(ends[0]);
    close(ends[1]);
    return fd;
}

/* The number of pipes that were taken. */
static size_t start_all(const char **why)
{
    for (size_t at = 0; at < pipe_count; at++)
        if ((*why = watch_start(at, pipes[at], WANT_READ)) != NULL)
            return at;
    peer_turn(false);
    return pipe_count;
}

PHASE phase_start(size_t *started, const char **why)
{
    *started = start_all(why);
}

PHASE phase_events(void)
{
    while (event_count < event_goal)
        peer_turn(true);
}

/* Room to write is there at once where both ends are one descriptor; so reading is asked for, and
 * then nothing, and then reading. */
PHASE phase_toggle(void)
{
    for (int want = 0; want <= WANT_READ; want++) {
        for (size_t at = 0; at < pipe_count; at++)
            watch_set(at, pipes[at], want);
        peer_turn(false);
    }
}

PHASE phase_stop(size_t count)
{
    for (size_t at = 0; at < count; at++)
        watch_stop(at, pipes[at]);
    peer_turn(false);
}

static void run_watchers(size_t count, size_t events)
{
    size_t started = 0;
    const char *why = NULL;
    pipe_count = count;
    pipes = room_for(count, sizeof *pipes);
    for (size_t at = 0; at < count; at++)
        pipes[at] = open_pipe();
    watches_room(count);
    MEASURE("start", count, phase_start(&started, &why));
    if (why != NULL) {
        printf("refused %zu %s\n", started, why);
    } else {
        event_count = 0;
        event_goal = events;
        for (size_t at = 0; at < ACTIVE; at++)
            if (write(pipes[at * count / ACTIVE], "x", 1) != 1)
                bench_die("write");
        MEASURE("event", event_count, phase_events());
        for (size_t at = 0; at < count; at++) {
            char byte[ACTIVE];
            (void)!read(pipes[at], byte, sizeof byte);
        }
        MEASURE("toggle", 2 * count, phase_toggle());
    }
    MEASURE("stop", started, phase_stop(started));
    watches_end();
    for (size_t at = 0; at < count; at++)
        close(pipes[at]);
    free(pipes);
}

static bool obey(const char *backend, const char *line, int core, int other)
{
    size_t count, events;
    bool watchers = sscanf(line, "watchers %zu %zu", &count, &events) == 2 && count >= ACTIVE;
    bool timers = sscanf(line, "timers %zu", &count) == 1;
    bool posts = sscanf(line, "posts %zu", &count) == 1;
    if (!watchers && !timers && !posts)
        return false;
    const char *why = peer_open(backend);
#ifdef WATCHES_ONLY
    if (!watchers) {
        if (why == NULL)
            peer_close();
        why = "no such thing";
    }
#endif
    if (why != NULL) {
        printf("none %s\n", why);
        fflush(stdout);
        return true;
    }
    if (watchers)
        run_watchers(count, events);
#ifndef WATCHES_ONLY
    if (timers)
        run_timers(count);
    if (posts)
        run_posts(count, core, other);
#else
    (void)core;
    (void)other;
#endif
    peer_close();
    printf("done\n");
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    char line[128];
    if (argc != 4) {
        fprintf(stderr, "usage: %s BACKEND CORE CORE\n", argv[0]);
        return 2;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    /* What is large comes from the kernel each time, and goes back: `add` is of fresh memory. */
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    pin(atoi(argv[2]));
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!obey(argv[1], line, atoi(argv[2]), atoi(argv[3]))) {
            fprintf(stderr, "not a command: %s", line);
            return 2;
        }
    }
    return 0;
}

#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of a loop: what making one needs, the wait, the bell; and the table of faults itself. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "fault.h"
#include "tap.h"
#include "wire.h"

/* LOOPS of docs/LIMITS.md. */
#define LOOPS 1024

static void the_table(void)
{
    EQUAL(wc_fault_set("recieve", 0, 1, EIO, 0), WC_E_INVAL, "a call that is not known is refused");
    EQUAL(wc_fault_set(NULL, 0, 1, EIO, 0), WC_E_INVAL, "so is none");
    EQUAL(wc_fault_set("recv", 0, 1, 0, 0), WC_E_INVAL, "so is a read of no bytes");
    EQUAL(wc_fault_set("bind", 0, 1, 0, 1), WC_E_INVAL, "and a short transfer of what moves none");
    EQUAL(wc_fault_hits("bind") + wc_fault_asked("bind"), 0, "nothing was counted");
    EQUAL(wc_fault_hits("recieve") + wc_fault_asked(NULL), 0, "nor of what is not known");
}

/* Making a loop while this call fails: the code, and that nothing is left of it. */
static void refuses(const char *call, unsigned after, int os_error, wc_status want)
{
    int before = wire_descriptors();
    wc_loop loop = 0;
    char name[128];
    (void)snprintf(name, sizeof name, "a loop without %s (errno %d) is refused", call, os_error);
    EQUAL(wc_fault_set(call, after, 1, os_error, 0), WC_OK, call);
    EQUAL(wc_loop_new(NULL, &loop), want, name);
    EQUAL(loop, 0, "no handle was written");
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    wc_fault_clear();
    EQUAL(wc_loop_new(NULL, &loop), WC_OK, "the next one is made");
    MUST(wc_loop_free(loop));
    EQUAL(wire_descriptors(), before, "and freed whole");
}

static void making(void)
{
    struct fault_backend backend = fault_backend();
    const char *bell;
    int at, refused = 0;
    refuses("atfork", 0, ENOMEM, WC_E_NOMEM);
    bell = wc_fault_asked("eventfd") > 0 ? "eventfd" : "pipe";
    if (backend.make != NULL) {
        refuses(backend.make, 0, EMFILE, WC_E_NOFILES);
        refuses(backend.make, 0, ENFILE, WC_E_NOFILES);
        refuses(backend.make, 0, ENOMEM, WC_E_NOMEM);
    }
    refuses(bell, 0, EMFILE, WC_E_NOFILES);
    refuses(bell, 0, ENOMEM, WC_E_NOMEM);
    if (backend.change != NULL) {
        refuses(backend.change, 0, ENOMEM, WC_E_NOMEM);
        refuses(backend.change, 0, ENOSPC, WC_E_OS);
    }
    MUST(wc_fault_set(bell, 0, FAULT_ALWAYS, EMFILE, 0));
    for (at = 0; at < 2 * LOOPS; at++) {
        wc_loop loop = 0;
        refused += wc_loop_new(NULL, &loop) == WC_E_NOFILES;
    }
    wc_fault_clear();
    EQUAL(refused, 2 * LOOPS, "loops that were refused use up no place");
}

static void count(wc_timer timer, void *user)
{
    (void)timer;
    ++*(int *)user;
}

static int fired(void *user)
{
    return *(int *)user > 0;
}

/* A signal interrupts the wait: neither early, nor twice, nor never. */
static void interrupted(const char *wait)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_event event;
    uint64_t start = wire_ns();
    int ticks = 0, fd;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_timer_start(log->loop, 1000000, 0, NULL, NULL, NULL, NULL));
    MUST(wc_fault_set(wait, 0, 10, EINTR, 0));
    EQUAL(wc_loop_next(log->loop, 30, &event), WC_NONE, "a wait that signals interrupt goes on");
    CHECK(wire_ms_since(start) >= 30, "to its end");
    CHECK(wc_fault_hits(wait) > 0, "that was interrupted");
    wc_fault_clear();
    start = wire_ns();
    MUST(wc_fault_set(wait, 0, 20, EINTR, 0));
    MUST(wc_timer_start(log->loop, 20, 0, count, &ticks, NULL, NULL));
    CHECK(wire_run(log->loop, fired, &ticks), "a timer fires behind interrupted waits");
    CHECK(wire_ms_since(start) >= 20, "not early");
    EQUAL(ticks, 1, "and once");
    wire_listen(log);
    fd = wire_client(log->port);
    wire_send(fd, "hello");
    wc_fault_clear();
    MUST(wc_fault_set(wait, 0, 5, EINTR, 0));
    CHECK(wire_run(log->loop, wire_got_data, log), "and nothing that came is lost");
    wc_fault_clear();
    MUST(close(fd));
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* The wait fails for another reason: the program is told, and may go on. */
static void refused(const char *wait)
{
    static const struct {
        int os_error;
        wc_status want;
    } of[] = {{ENOMEM, WC_E_NOMEM}, {EINVAL, WC_E_OS}};
    size_t at;
    for (at = 0; at < sizeof of / sizeof of[0]; at++) {
        struct wire_log *log = wire_log_new(wire_loop());
        wc_loop loop = log->loop;
        wc_event event;
        int32_t number = 0;
        int ticks = 0, fd;
        memset(&event, 0, sizeof event);
        event.size = sizeof event;
        wire_listen(log);
        fd = wire_client(log->port);
        wire_send(fd, "hello");
        MUST(wc_timer_start(loop, 0, 0, count, &ticks, NULL, NULL));
        MUST(wc_fault_set(wait, 0, 3, of[at].os_error, 0));
        EQUAL(wc_loop_run(loop), of[at].want, "a loop that cannot wait says why");
        MUST(wc_loop_os_error(loop, &number));
        EQUAL(number, of[at].os_error, "with the system's number");
        EQUAL(wc_loop_next(loop, 0, &event), of[at].want, "so does a pull");
        EQUAL(wc_fault_hits(wait), 2, "each waited once");
        wc_fault_clear();
        EQUAL(log->opened + ticks, 0, "nothing was told meanwhile");
        CHECK(wire_run(loop, fired, &ticks), "then the timer fires");
        CHECK(wire_run(loop, wire_got_data, log), "and the peer that came meanwhile is heard");
        MUST(close(fd));
        MUST(wc_fault_set(wait, 0, 1, of[at].os_error, 0));
        EQUAL(wc_loop_drain(loop, WIRE_DEADLINE_MS), of[at].want, "a drain says it, too");
        wc_fault_clear();
        EQUAL(wc_loop_drain(loop, WIRE_DEADLINE_MS), WC_OK, "and the next one ends all");
        EQUAL(log->closed, 1, "each with its word");
        MUST(wc_loop_free(loop));
        EQUAL(log->freed, 1, "and all is given back");
        free(log);
    }
}

static void job(wc_loop loop, void *user)
{
    (void)loop;
    ++*(int *)user;
}

struct poster {
    wc_loop loop;
    int ran;
    int stops;
};

static void *post(void *user)
{
    struct poster *poster = user;
    MUST(wc_loop_post(poster->loop, job, &poster->ran, NULL));
    if (poster->stops) {
        MUST(wc_loop_stop(poster->loop));
    }
    return NULL;
}

/* The bell's own calls are interrupted, or find nothing. */
static void bell(void)
{
    static const struct {
        const char *call, *name;
        int os_error;
    } of[] = {{"write", "a post whose ring is interrupted arrives", EINTR},
              {"read", "a post whose bell is interrupted when it is made quiet arrives", EINTR},
              {"read", "a post whose bell is found quiet arrives", EAGAIN}};
    size_t at;
    for (at = 0; at < sizeof of / sizeof of[0]; at++) {
        struct poster poster = {0, 0, 0};
        pthread_t thread;
        uint64_t turns;
        poster.loop = wire_loop();
        MUST(wc_fault_set(of[at].call, 0, 3, of[at].os_error, 0));
        MUST(pthread_create(&thread, NULL, post, &poster) == 0 ? 0 : -1);
        CHECK(wire_run(poster.loop, fired, &poster.ran), of[at].name);
        MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
        wire_turns(poster.loop, 5);
        EQUAL(poster.ran, 1, "once");
        wc_fault_clear();
        turns = wire_stats(poster.loop).turns;
        MUST(wc_timer_start(poster.loop, 20, 0, NULL, NULL, NULL, NULL));
        MUST(wc_loop_run(poster.loop));
        CHECK(wire_stats(poster.loop).turns - turns <= 3, "and the bell is quiet then");
        MUST(wc_fault_set(of[at].call, 0, 3, of[at].os_error, 0));
        poster.stops = 1;
        MUST(wc_timer_start(poster.loop, WIRE_DEADLINE_MS, 0, NULL, NULL, NULL, NULL));
        MUST(pthread_create(&thread, NULL, post, &poster) == 0 ? 0 : -1);
        EQUAL(wc_loop_run(poster.loop), WC_OK, "a stop arrives too");
        MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
        CHECK(wire_stats(poster.loop).timers > 0, "before the time was up");
        wc_fault_clear();
        MUST(wc_loop_free(poster.loop));
    }
}

struct last {
    int exits, jobs, back;
};

static void on_exit_of(wc_child child, int32_t code, int32_t number, wc_status why, void *user)
{
    (void)child;
    ((struct last *)user)->exits += code == -1 && number == SIGKILL && why == WC_E_FREED;
}

static void work(void *user)
{
    struct timespec time = {0, 30000000};
    (void)user;
    (void)nanosleep(&time, NULL);
}

static void on_done(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                    void *user)
{
    (void)job;
    (void)status;
    (void)os_error;
    (void)data;
    (void)len;
    ((struct last *)user)->jobs++;
}

static void count_back(void *user)
{
    ((struct last *)user)->back++;
}

/* What ends only in time is waited for, if need be without the kernel's help. */
static void freed_without_a_wait(const char *call, unsigned times)
{
    const char *argv[] = {"sleep", "600", NULL};
    struct last last = {0, 0, 0};
    wc_child_options program;
    wc_pool pool = 0;
    int before = wire_descriptors();
    wc_loop loop = wire_loop();
    MUST(wc_child_options_init(&program, sizeof program));
    program.program = argv[0];
    program.argv = argv;
    MUST(wc_child_spawn(loop, &program, on_exit_of, &last, count_back, NULL));
    MUST(wc_pool_new(loop, NULL, &pool));
    MUST(wc_pool_submit(pool, work, on_done, &last, count_back, NULL));
    MUST(wc_fault_set(call, 0, times, ENOMEM, 0));
    EQUAL(wc_loop_free(loop), WC_OK, "a loop is freed though the kernel refuses to wait");
    wc_fault_clear();
    EQUAL(last.exits, 1, "its child ends,");
    EQUAL(last.jobs, 1, "its job is told,");
    EQUAL(last.back, 2, "what they were given comes back,");
    CHECK(wait(NULL) == -1 && errno == ECHILD, "there is no zombie,");
    EQUAL(wire_descriptors(), before, "and no descriptor");
}

int main(void)
{
    struct fault_backend backend = fault_backend();
    the_table();
    making();
    interrupted(backend.wait);
    refused(backend.wait);
    bell();
    freed_without_a_wait(backend.wait, 1);
    freed_without_a_wait(backend.wait, FAULT_ALWAYS);
    return tap_done();
}

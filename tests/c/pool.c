/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pools: what runs where and in which order, how many there may be, and how a pool ends. */
#include <pthread.h>
#include <signal.h>

#include "tap.h"
#include "wire.h"

/* A job of a test: what it does on its thread, and what was told of it. */
struct task {
    wc_job job;
    pthread_t thread;
    sigset_t mask;
    int ran, told, freed;
    wc_status status;
    int os_error;
    const char *data;
    size_t len;
    /* Says when it runs, and ends when it may; -1: does neither. */
    int began[2], may_end[2];
    /* How many were told before it; for the order. */
    int place;
};

static int places;
static pthread_t loop_thread;
static int told_elsewhere;

static void work(void *user)
{
    struct task *task = user;
    char byte = 'b';
    task->ran++;
    task->thread = pthread_self();
    MUST(pthread_sigmask(SIG_BLOCK, NULL, &task->mask) == 0 ? 0 : -1);
    if (task->began[1] >= 0) {
        MUST(write(task->began[1], &byte, 1));
        MUST(read(task->may_end[0], &byte, 1));
    }
}

static void on_done(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                    void *user)
{
    struct task *task = user;
    told_elsewhere += !pthread_equal(pthread_self(), loop_thread);
    task->told++;
    task->job = job;
    task->status = status;
    task->os_error = os_error;
    task->data = data;
    task->len = len;
    task->place = places++;
}

static void back(void *user)
{
    struct task *task = user;
    told_elsewhere += !pthread_equal(pthread_self(), loop_thread);
    task->freed++;
}

static struct task task_new(void)
{
    struct task task;
    memset(&task, 0, sizeof task);
    task.began[0] = task.began[1] = task.may_end[0] = task.may_end[1] = -1;
    return task;
}

/* A job that runs until it is let go. */
static struct task held_task(void)
{
    struct task task = task_new();
    MUST(pipe(task.began));
    MUST(pipe(task.may_end));
    return task;
}

static void await_begin(const struct task *task)
{
    char byte;
    MUST(read(task->began[0], &byte, 1) == 1 ? 0 : -1);
}

static void let_go(const struct task *task)
{
    MUST(write(task->may_end[1], "e", 1) == 1 ? 0 : -1);
}

static void close_task(const struct task *task)
{
    MUST(close(task->began[0]) | close(task->began[1]));
    MUST(close(task->may_end[0]) | close(task->may_end[1]));
}

static wc_pool pool_new(wc_loop loop, uint32_t threads, uint32_t queue)
{
    wc_pool_options options;
    wc_pool pool = 0;
    MUST(wc_pool_options_init(&options, sizeof options));
    options.threads = threads;
    options.queue = queue;
    MUST(wc_pool_new(loop, &options, &pool));
    return pool;
}

static wc_status submit(wc_pool pool, struct task *task)
{
    return wc_pool_submit(pool, work, on_done, task, back, &task->job);
}

static wc_pool_stats stats_of(wc_pool pool)
{
    wc_pool_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    MUST(wc_pool_get_stats(pool, &stats));
    return stats;
}

static void a_job(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = 0;
    struct task task = task_new();
    EQUAL(wc_pool_new(loop, NULL, &pool), WC_OK, "a pool with the defaults");
    EQUAL(stats_of(pool).threads, 4, "POOL_THREADS");
    EQUAL(wire_stats(loop).pools, 1, "the loop counts it");
    EQUAL(wc_loop_run(loop), WC_OK, "a pool without jobs keeps no loop running");
    EQUAL(submit(pool, &task), WC_OK, "a job is submitted");
    EQUAL(task.told, 0, "and not told from within that call");
    EQUAL(wire_stats(loop).jobs, 1, "the loop counts it");
    EQUAL(wc_loop_run(loop), WC_OK, "a job keeps the loop running");
    EQUAL(task.ran, 1, "it ran once");
    CHECK(!pthread_equal(task.thread, pthread_self()), "on another thread");
    EQUAL(task.told, 1, "it was told once");
    EQUAL(task.status, WC_OK, "that it was done");
    CHECK(task.os_error == 0 && task.data == NULL && task.len == 0, "and nothing else");
    EQUAL(task.freed, 1, "its user pointer came back once");
    EQUAL(told_elsewhere, 0, "both on the loop's thread");
    EQUAL(wc_job_cancel(task.job), WC_E_GONE, "then it is gone");
    EQUAL(wire_stats(loop).jobs, 0, "and counted no more");
    EQUAL(stats_of(pool).submitted, 1, "the pool has counted it as taken in");
    EQUAL(stats_of(pool).done, 1, "and as done");
    EQUAL(wc_pool_free(pool), WC_OK, "the pool is freed");
    EQUAL(wc_pool_free(pool), WC_E_GONE, "once");
    EQUAL(wire_stats(loop).pools, 0, "and counted no more");
    MUST(wc_loop_free(loop));
}

static void signals_are_blocked(void)
{
    static const int sent[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGALRM, SIGUSR1, SIGPIPE};
    wc_loop loop = wire_loop();
    struct task task = task_new();
    sigset_t mine;
    size_t at;
    int blocked = 0, changed = 0;
    MUST(submit(pool_new(loop, 1, 0), &task));
    MUST(wc_loop_run(loop));
    MUST(pthread_sigmask(SIG_BLOCK, NULL, &mine) == 0 ? 0 : -1);
    for (at = 0; at < sizeof sent / sizeof sent[0]; at++) {
        blocked += sigismember(&task.mask, sent[at]);
        changed += sigismember(&mine, sent[at]);
    }
    EQUAL(blocked, (long)(sizeof sent / sizeof sent[0]), "what others send is blocked there");
    EQUAL(sigismember(&task.mask, SIGSEGV), 0, "what a thread raises itself is not");
    EQUAL(changed, 0, "and the program's own mask is as it was");
    MUST(wc_loop_free(loop));
}

#define MANY 200

static void one_thread_keeps_the_order(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_new(loop, 1, MANY);
    static struct task tasks[MANY];
    int at, in_order = 0;
    places = 0;
    for (at = 0; at < MANY; at++) {
        tasks[at] = task_new();
        MUST(submit(pool, &tasks[at]));
    }
    MUST(wc_loop_run(loop));
    for (at = 0; at < MANY; at++) {
        in_order += tasks[at].place == at && tasks[at].ran == 1 && tasks[at].freed == 1;
    }
    EQUAL(in_order, MANY, "jobs of one thread are told in the order of their submission");
    MUST(wc_loop_free(loop));
}

/* A job that submits the next one when it is told. */
static wc_pool chained;

static void chain(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                  void *user)
{
    struct task *task = user;
    on_done(job, status, os_error, data, len, task);
    if (task->told < 50) {
        /* The pool has room for one: the one that is being told has made it. */
        MUST(wc_pool_submit(chained, work, chain, task, back, NULL));
    }
}

static void submitted_when_one_is_done(void)
{
    wc_loop loop = wire_loop();
    struct task task = task_new();
    chained = pool_new(loop, 1, 0);
    MUST(wc_pool_submit(chained, work, chain, &task, back, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(task.ran, 50, "a job can follow from each job's end");
    EQUAL(task.freed, 50, "each gives its user pointer back");
    MUST(wc_loop_free(loop));
}

static void a_full_pool(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_new(loop, 1, 2);
    struct task first = held_task(), waiting[2], more = task_new();
    int at;
    MUST(submit(pool, &first));
    for (at = 0; at < 2; at++) {
        waiting[at] = task_new();
        EQUAL(submit(pool, &waiting[at]), WC_OK, "one for the thread, two that wait");
    }
    EQUAL(submit(pool, &more), WC_E_LIMIT, "and no more");
    EQUAL(more.freed, 1, "its user pointer came back at once");
    await_begin(&first);
    EQUAL(submit(pool, &more), WC_E_LIMIT, "whether the first has begun or not");
    EQUAL(stats_of(pool).running, 1, "one runs");
    EQUAL(stats_of(pool).queued, 2, "two wait");
    EQUAL(stats_of(pool).refused, 2, "two were refused");
    EQUAL(wc_job_cancel(waiting[0].job), WC_OK, "one is taken back");
    EQUAL(submit(pool, &more), WC_E_LIMIT, "it has its place until it is told");
    let_go(&first);
    MUST(wc_loop_run(loop));
    EQUAL(waiting[0].ran + waiting[0].told, 1, "that one was told and did not run");
    EQUAL(waiting[0].status, WC_E_CANCELLED, "as cancelled");
    EQUAL(waiting[1].ran + first.told, 2, "the others ran");
    EQUAL(stats_of(pool).cancelled, 1, "the pool has counted it");
    EQUAL(submit(pool, &more), WC_OK, "then there is room");
    MUST(wc_loop_run(loop));
    MUST(wc_loop_free(loop));
    EQUAL(more.ran, 1, "and it runs");
    close_task(&first);
}

/* POOL_QUEUE */
static void as_many_jobs_as_there_may_be(void)
{
    wc_loop loop = wire_loop();
    wc_pool_options options;
    wc_pool pool = 0;
    struct task first = held_task(), all = task_new();
    int taken = 1;
    MUST(wc_pool_options_init(&options, sizeof options));
    EQUAL(options.stack_bytes, 1048576, "POOL_STACK");
    options.threads = 1;
    MUST(wc_pool_new(loop, &options, &pool));
    MUST(submit(pool, &first));
    while (taken < 5000 && wc_pool_submit(pool, work, on_done, &all, NULL, NULL) == WC_OK) {
        taken++;
    }
    EQUAL(taken, 1025, "so many jobs, beside the one for the thread");
    let_go(&first);
    MUST(wc_loop_run(loop));
    EQUAL(all.told, 1024, "and all are done");
    MUST(wc_loop_free(loop));
    close_task(&first);
}

static void of_another_size(void)
{
    static const struct {
        uint32_t threads;
        size_t stack;
        wc_status answer;
    } sizes[] = {
        {0, 65536, WC_E_INVAL},
        {257, 65536, WC_E_LIMIT},
        {UINT32_MAX, 65536, WC_E_LIMIT},
        {1, 65535, WC_E_LIMIT},
        {1, 0, WC_E_LIMIT},
        {1, ((size_t)1 << 30) + 1, WC_E_LIMIT},
        {1, (size_t)1 << 30, WC_OK},
        {256, 65536, WC_OK},
    };
    wc_loop loop = wire_loop();
    wc_pool_options options;
    wc_pool pool = 0, pools[17];
    size_t at;
    MUST(wc_pool_options_init(&options, sizeof options));
    for (at = 0; at < sizeof sizes / sizeof sizes[0]; at++) {
        options.threads = sizes[at].threads;
        options.stack_bytes = sizes[at].stack;
        EQUAL(wc_pool_new(loop, &options, &pool), sizes[at].answer,
              "POOL_THREADS_MAX, POOL_STACK_MIN, POOL_STACK_MAX");
    }
    EQUAL(stats_of(pool).threads, 256, "so many threads are made");
    MUST(wc_pool_free(pool));
    EQUAL(wc_pool_new(loop, &options, NULL), WC_E_INVAL, "a pool has to be named");
    MUST(wc_loop_free(loop));
    loop = wire_loop();
    options.threads = 1;
    for (at = 0; at < 16; at++) {
        MUST(wc_pool_new(loop, &options, &pools[at]));
    }
    EQUAL(wc_pool_new(loop, &options, &pools[16]), WC_E_LIMIT, "POOLS, and none more");
    MUST(wc_pool_free(pools[3]));
    EQUAL(wc_pool_new(loop, &options, &pools[16]), WC_OK, "until one is freed");
    MUST(wc_loop_free(loop));
}

static void freed_with_jobs(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_new(loop, 1, 5);
    struct task running = held_task(), waiting = task_new(), late = task_new();
    MUST(submit(pool, &running));
    MUST(submit(pool, &waiting));
    await_begin(&running);
    EQUAL(wc_pool_free(pool), WC_OK, "a pool is freed while a job runs and one waits");
    EQUAL(running.told + waiting.told, 0, "nothing is told from within that call");
    EQUAL(submit(pool, &late), WC_E_GONE, "it takes no more");
    EQUAL(late.freed, 1, "a user pointer that came with it is given back");
    EQUAL(wc_pool_free(pool), WC_E_GONE, "nor can it be freed again");
    EQUAL(wire_stats(loop).pools, 1, "it is there until its jobs are told");
    let_go(&running);
    MUST(wc_loop_run(loop));
    EQUAL(waiting.ran, 0, "what waited did not run");
    EQUAL(waiting.status, WC_E_CANCELLED, "and was told so");
    EQUAL(running.status, WC_OK, "what ran was told when it was done");
    EQUAL(running.freed + waiting.freed, 2, "both gave their user pointers back");
    EQUAL(wire_stats(loop).pools, 0, "then it is gone");
    MUST(wc_loop_free(loop));
    close_task(&running);
}

static struct task *held_meanwhile;

/* That what waits will not run is told first; only then may end what runs. */
static void done_and_let_go(wc_job job, wc_status status, int32_t os_error, const char *data,
                            size_t len, void *user)
{
    on_done(job, status, os_error, data, len, user);
    let_go(held_meanwhile);
}

static int dropped;

static void drop(void *user)
{
    (void)user;
    dropped++;
}

static void never(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
    dropped += 100;
}

/* A job that has the loop run something; the loop is being freed by then. */
static void work_and_post(void *user)
{
    struct task *task = user;
    work(task);
    MUST(wc_loop_post((wc_loop)task->len, never, NULL, drop));
}

static void a_loop_freed_with_jobs(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_new(loop, 1, 5);
    struct task running = held_task(), waiting = task_new();
    held_meanwhile = &running;
    running.len = (size_t)loop;
    MUST(wc_pool_submit(pool, work_and_post, on_done, &running, back, NULL));
    MUST(wc_pool_submit(pool, work, done_and_let_go, &waiting, back, NULL));
    await_begin(&running);
    EQUAL(wc_loop_free(loop), WC_OK, "a loop is freed while a job runs: it is waited for");
    EQUAL(running.status, WC_OK, "and told as done");
    EQUAL(waiting.ran, 0, "what waited did not run");
    EQUAL(waiting.status, WC_E_FREED, "and was told why");
    EQUAL(running.told + waiting.told, 2, "each was told once");
    EQUAL(running.freed + waiting.freed, 2, "and gave its user pointer back");
    EQUAL(dropped, 1, "what was posted meanwhile was dropped, not run");
    close_task(&running);
}

static void in_the_pull_face(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_new(loop, 1, 1);
    struct task task = task_new();
    wc_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(submit(pool, &task));
    EQUAL(wc_loop_next(loop, WIRE_DEADLINE_MS, &event), WC_OK, "an event is pulled");
    EQUAL(event.kind, WC_EVENT_JOB, "a job is done");
    CHECK(event.object == task.job && event.parent == pool, "it is that one, of that pool");
    EQUAL(event.status, WC_OK, "and was done");
    CHECK(event.user == &task, "with its user pointer");
    EQUAL(task.ran, 1, "it ran");
    EQUAL(wc_job_cancel(task.job), WC_E_STATE, "it is alive as long as it is looked at");
    EQUAL(task.freed, 0, "so its user pointer is not given back");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "nothing more happened");
    EQUAL(wc_job_cancel(task.job), WC_E_GONE, "then it is gone");
    EQUAL(task.freed, 1, "and its user pointer given back");
    EQUAL(task.told, 0, "nobody was called");
    MUST(submit(pool, &task));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    EQUAL(wc_loop_dispatch(loop), WC_OK, "what is dispatched");
    EQUAL(task.told, 1, "is told by its callback");
    MUST(wc_loop_free(loop));
}

static void nothing_to_call(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_new(loop, 1, 1);
    struct task task = task_new();
    EQUAL(wc_pool_submit(pool, NULL, on_done, &task, back, NULL), WC_E_INVAL, "work is needed");
    EQUAL(task.freed, 1, "the user pointer came back");
    EQUAL(wc_pool_submit(pool, work, NULL, &task, back, NULL), WC_OK, "on_done is not");
    MUST(wc_loop_run(loop));
    EQUAL(task.ran, 1, "it ran");
    EQUAL(task.freed, 2, "and gave its user pointer back");
    MUST(wc_loop_free(loop));
}

static int wrong(wc_pool pool, wc_job job, wc_loop loop, wc_status no)
{
    struct task task = task_new();
    wc_pool made;
    wc_pool_stats stats;
    char text[WC_ADDRESS_MAX];
    int bad = 0;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    bad += wc_pool_new(loop, NULL, &made) != no;
    bad += submit(pool, &task) != no;
    bad += wc_pool_resolve(pool, "localhost", 1, on_done, &task, back, NULL) != no;
    bad += wc_pool_read(pool, "/", 0, 1, on_done, &task, back, NULL) != no;
    bad += wc_pool_get_stats(pool, &stats) != no;
    bad += wc_pool_free(pool) != no;
    bad += wc_job_cancel(job) != no;
    bad += wc_job_address(job, 0, text, sizeof text, NULL) != no;
    return bad + (task.freed != 3) + task.told;
}

struct other {
    wc_pool pool;
    wc_job job;
    wc_loop loop;
    int bad;
};

static void *from_another_thread(void *user)
{
    struct other *of = user;
    of->bad = wrong(of->pool, of->job, of->loop, WC_E_THREAD);
    return NULL;
}

static void handles(void)
{
    struct other of;
    struct task held = held_task();
    pthread_t thread;
    of.loop = wire_loop();
    of.pool = pool_new(of.loop, 1, 1);
    MUST(submit(of.pool, &held));
    of.job = held.job;
    EQUAL(wrong(of.job, of.pool, of.pool, WC_E_BADHANDLE), 0, "other kinds are bad handles");
    EQUAL(wrong(0, 0, 0, WC_E_BADHANDLE), 0, "so is none");
    MUST(pthread_create(&thread, NULL, from_another_thread, &of) == 0 ? 0 : -1);
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    EQUAL(of.bad, 0, "another thread is refused");
    let_go(&held);
    MUST(wc_loop_free(of.loop));
    EQUAL(wrong(of.pool, of.job, of.loop, WC_E_GONE), 0, "with the loop all is gone");
    close_task(&held);
}

int main(void)
{
    loop_thread = pthread_self();
    a_job();
    signals_are_blocked();
    one_thread_keeps_the_order();
    submitted_when_one_is_done();
    a_full_pool();
    as_many_jobs_as_there_may_be();
    of_another_size();
    freed_with_jobs();
    a_loop_freed_with_jobs();
    in_the_pull_face();
    nothing_to_call();
    EQUAL(told_elsewhere, 0, "everything was told on the loop's thread");
    handles();
    return tap_done();
}

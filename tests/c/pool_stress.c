/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Everything that threads can do to a loop, at once: jobs that post, send and end while others are
 * taken back and pools are freed. Each must be told once and give its user pointer back once. */
#include <pthread.h>

#include "tap.h"
#include "wire.h"

#define ROUNDS 40
#define JOBS 50

static struct {
    wc_loop loop;
    wc_pool pool;
    wc_post post;
    wc_job jobs[JOBS];
    pthread_mutex_t lock;
    /* Under the lock. */
    int ran, posted;
    /* The loop's thread only. */
    int done, cancelled, refused, freed, taken, sent;
    unsigned dice;
} at;

static unsigned roll(unsigned sides)
{
    at.dice = at.dice * 1103515245u + 12345u;
    return at.dice / 65536u % sides;
}

static void count(int *counter)
{
    MUST(pthread_mutex_lock(&at.lock) == 0 ? 0 : -1);
    ++*counter;
    MUST(pthread_mutex_unlock(&at.lock) == 0 ? 0 : -1);
}

static void take(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
    at.taken++;
}

static void work(void *user)
{
    (void)user;
    count(&at.ran);
    (void)wc_post_send(at.post);
    if (wc_loop_post(at.loop, take, NULL, NULL) == WC_OK) {
        count(&at.posted);
    }
}

static void back(void *user)
{
    (void)user;
    at.freed++;
}

static void on_done(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                    void *user)
{
    (void)os_error;
    (void)data;
    (void)len;
    (void)user;
    at.done += status == WC_OK;
    at.cancelled += status == WC_E_CANCELLED;
    MUST(wc_job_cancel(job) == WC_E_STATE ? 0 : -1);
    (void)wc_job_cancel(at.jobs[roll(JOBS)]);
}

static void on_sent(wc_post post, void *user)
{
    (void)post;
    (void)user;
    at.sent++;
    (void)wc_job_cancel(at.jobs[roll(JOBS)]);
}

static void a_round(void)
{
    wc_pool_options options;
    int job;
    MUST(wc_pool_options_init(&options, sizeof options));
    options.threads = 1 + roll(4);
    options.queue = roll(JOBS);
    MUST(wc_pool_new(at.loop, &options, &at.pool));
    for (job = 0; job < JOBS; job++) {
        at.refused += wc_pool_submit(at.pool, work, on_done, &at, back, &at.jobs[job]) != WC_OK;
        if (roll(4) == 0) {
            (void)wc_job_cancel(at.jobs[roll(JOBS)]);
        }
        if (roll(8) == 0) {
            wire_turns(at.loop, 1);
        }
    }
    MUST(wc_pool_free(at.pool));
}

static int all_told(void *user)
{
    (void)user;
    return wire_stats(at.loop).jobs == 0;
}

int main(void)
{
    int round;
    at.dice = 20260101;
    at.loop = wire_loop();
    MUST(pthread_mutex_init(&at.lock, NULL) == 0 ? 0 : -1);
    MUST(wc_post_new(at.loop, on_sent, NULL, NULL, &at.post));
    for (round = 0; round < ROUNDS; round++) {
        a_round();
    }
    CHECK(wire_run(at.loop, all_told, NULL), "all jobs are told");
    wire_turns(at.loop, 2);
    EQUAL(at.freed, ROUNDS * JOBS, "each gave its user pointer back once");
    EQUAL(at.done + at.cancelled + at.refused, ROUNDS * JOBS, "each was done, or was not");
    EQUAL(at.ran, at.done, "what was told as done ran, and nothing else");
    EQUAL(at.taken, at.posted, "what the jobs posted was run");
    CHECK(at.sent > 0 && at.sent <= at.ran, "what they sent was told, together where it could be");
    EQUAL(wire_stats(at.loop).pools, 0, "no pool is left");
    printf("# %d done, %d cancelled, %d refused, %d sent\n", at.done, at.cancelled, at.refused,
           at.sent);
    MUST(wc_loop_free(at.loop));
    return tap_done();
}

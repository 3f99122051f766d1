/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* fork(2) while threads of a pool run: the child has codes for its parent's pool, and a pool of its
 * own that works; the parent's goes on. */
#include <sys/wait.h>

#include "tap.h"
#include "wire.h"

static struct {
    wc_loop loop;
    wc_pool pool;
    wc_job job;
} parent;

static int began[2], may_end[2], told, freed;

static void hold(void *user)
{
    char byte = 'b';
    (void)user;
    MUST(write(began[1], &byte, 1));
    MUST(read(may_end[0], &byte, 1));
}

static void count(void *user)
{
    ++*(int *)user;
}

static void on_done(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                    void *user)
{
    (void)job;
    (void)os_error;
    (void)data;
    (void)len;
    (void)user;
    told += status == WC_OK ? 1 : 100;
}

static void back(void *user)
{
    (void)user;
    freed++;
}

static int not_refused(void)
{
    const wc_status no = WC_E_FORKED;
    wc_pool_stats stats;
    wc_pool made = 0;
    char text[WC_ADDRESS_MAX];
    int bad = 0;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    bad += wc_pool_new(parent.loop, NULL, &made) != no;
    bad += wc_pool_submit(parent.pool, count, on_done, NULL, back, NULL) != no;
    bad += wc_pool_resolve(parent.pool, "localhost", 1, on_done, NULL, back, NULL) != no;
    bad += wc_pool_read(parent.pool, "/", 0, 1, on_done, NULL, back, NULL) != no;
    bad += wc_pool_get_stats(parent.pool, &stats) != no;
    bad += wc_pool_free(parent.pool) != no;
    bad += wc_job_cancel(parent.job) != no;
    bad += wc_job_address(parent.job, 0, text, sizeof text, NULL) != no;
    return bad + (freed != 3) + told;
}

static int own_does_not_work(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = 0;
    int ran = 0, bad;
    told = freed = 0;
    bad = wc_pool_new(loop, NULL, &pool) != WC_OK;
    bad += wc_pool_submit(pool, count, on_done, &ran, back, NULL) != WC_OK;
    bad += wc_loop_run(loop) != WC_OK;
    bad += ran != 1 || told != 1 || freed != 1;
    return bad + (wc_loop_free(loop) != WC_OK);
}

int main(void)
{
    int answer[2], status = 0, ran = 0;
    char bad = 'x';
    pid_t child;
    MUST(pipe(began) | pipe(may_end) | pipe(answer));
    parent.loop = wire_loop();
    MUST(wc_pool_new(parent.loop, NULL, &parent.pool));
    MUST(wc_pool_submit(parent.pool, hold, on_done, NULL, back, &parent.job));
    MUST(read(began[0], &bad, 1));
    child = fork();
    MUST(child);
    if (child == 0) {
        bad = (char)('0' + not_refused());
        MUST(write(answer[1], &bad, 1));
        bad = (char)('0' + own_does_not_work());
        MUST(write(answer[1], &bad, 1));
        /* Another program: nobody asks what this one leaves in its memory. */
        (void)execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
        _exit(1);
    }
    MUST(close(answer[1]));
    MUST(waitpid(child, &status, 0));
    CHECK(read(answer[0], &bad, 1) == 1 && bad == '0', "a child has codes for its parent's pool");
    CHECK(read(answer[0], &bad, 1) == 1 && bad == '0', "and a pool of its own works");
    EQUAL(status, 0, "it ends well");
    EQUAL(told + freed, 0, "its parent hears nothing of it");
    MUST(write(may_end[1], "e", 1));
    MUST(wc_pool_submit(parent.pool, count, on_done, &ran, back, NULL));
    MUST(wc_loop_run(parent.loop));
    EQUAL(told, 2, "the parent's pool goes on as before");
    EQUAL(ran, 1, "and takes more");
    MUST(wc_loop_free(parent.loop));
    EQUAL(freed, 2, "each user pointer came back");
    MUST(close(answer[0]) | close(began[0]) | close(began[1]));
    MUST(close(may_end[0]) | close(may_end[1]));
    return tap_done();
}

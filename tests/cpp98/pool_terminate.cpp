/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An exception that leaves the work of a pool ends the process by the program's std::terminate, as
 * one that leaves any thread does. In a child process, for it ends. */
#include <sys/wait.h>

#include <exception>
#include <stdexcept>

#include <signal.h>
#include <unistd.h>

#include "tap.h"
#include "webcore.h"

static int heard[2];

static void last_words()
{
    char byte = 't';
    (void)!write(heard[1], &byte, 1);
    /* Not by abort(3): what it says of the rest is not asked for here. */
    (void)kill(getpid(), SIGKILL);
    for (;;) {
        (void)pause();
    }
}

extern "C" {
static void work(void *)
{
    throw std::runtime_error("nobody catches this");
}

static void quiet_work(void *user)
{
    try {
        throw std::runtime_error("the program catches this");
    } catch (const std::exception &) {
        *static_cast<int *>(user) = 1;
    }
}

static void done(wc_job, wc_status status, int32_t, const char *, size_t, void *user)
{
    *static_cast<int *>(user) += status == WC_OK ? 1 : 100;
}
}

static int run(wc_work_fn what)
{
    wc_loop loop = 0;
    wc_pool pool = 0;
    int word = 0;
    if (wc_loop_new(NULL, &loop) != WC_OK || wc_pool_new(loop, NULL, &pool) != WC_OK ||
        wc_pool_submit(pool, what, done, &word, NULL, NULL) != WC_OK) {
        return -1;
    }
    (void)wc_loop_run(loop);
    return wc_loop_free(loop) == WC_OK ? word : -1;
}

int main()
{
    int status = 0;
    char byte = 0;
    CHECK(pipe(heard) == 0, "a pipe is made");
    pid_t child = fork();
    if (child == 0) {
        (void)close(1);
        (void)close(2);
        std::set_terminate(last_words);
        (void)run(work);
        _exit(7);
    }
    CHECK(child > 0, "a process is made");
    CHECK(waitpid(child, &status, 0) == child, "it ends");
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "by what its program wanted");
    CHECK(close(heard[1]) == 0 && read(heard[0], &byte, 1) == 1 && byte == 't',
          "std::terminate was called");
    EQUAL(run(quiet_work), 2, "an exception that is caught in the work is nobody's business");
    CHECK(close(heard[0]) == 0, "done");
    return tap_done();
}

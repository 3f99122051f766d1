/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An exception that leaves the work of a pool ends the process by the program's std::terminate, as
 * one that leaves any thread of a program does. */
#include <sys/wait.h>

#include <exception>
#include <stdexcept>

#include <unistd.h>

#include "tap.h"
#include "webcore.h"

/* Another program in the place of this one: what it leaves behind is not asked for here. */
static void last_words()
{
    (void)execl("/bin/sh", "sh", "-c", "exit 42", static_cast<char *>(NULL));
    _exit(8);
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
    pid_t child = fork();
    if (child == 0) {
        std::set_terminate(last_words);
        (void)run(work);
        _exit(7);
    }
    CHECK(child > 0, "a process is made");
    CHECK(waitpid(child, &status, 0) == child, "it ends");
    CHECK(WIFEXITED(status), "not by a signal");
    EQUAL(WEXITSTATUS(status), 42, "but by the program's std::terminate");
    EQUAL(run(quiet_work), 2, "an exception that is caught in the work is nobody's business");
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A system that has no room for so many threads: a code, no pool, and no thread left over. */
#include <dirent.h>
#include <sys/resource.h>

#include "tap.h"
#include "wire.h"

/* Threads of this process; 0 where that cannot be seen. */
static int threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    int count = 0;
    if (dir == NULL) {
        return 0;
    }
    for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }
    MUST(closedir(dir));
    return count;
}

static int thread_is_alone(void *user)
{
    (void)user;
    return threads() <= 1;
}

int main(void)
{
    wc_loop loop = wire_loop();
    wc_pool_options options;
    wc_pool pool = 0;
    struct rlimit limit, before;
    int32_t number = 0;
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL) {
        /* valgrind itself needs the memory that this takes away. */
        CHECK(1, "out of room # SKIP not with the limits of valgrind");
        MUST(wc_loop_free(loop));
        return tap_done();
    }
    MUST(wc_pool_options_init(&options, sizeof options));
    options.threads = 64;
    options.stack_bytes = (size_t)256 << 20;
    MUST(getrlimit(RLIMIT_AS, &before));
    limit = before;
    limit.rlim_cur = (rlim_t)2 << 30;
    MUST(setrlimit(RLIMIT_AS, &limit));
    EQUAL(wc_pool_new(loop, &options, &pool), WC_E_AGAIN, "there is no room for so many stacks");
    EQUAL(pool, 0, "so there is no pool");
    MUST(wc_loop_os_error(loop, &number));
    EQUAL(number, EAGAIN, "as the system said");
    EQUAL(wire_stats(loop).pools, 0, "none is counted");
    /* A thread that was joined may be listed for a moment longer. */
    CHECK(wire_run(loop, thread_is_alone, NULL), "and the threads that were made have ended");
    MUST(setrlimit(RLIMIT_AS, &before));
    options.threads = 1;
    EQUAL(wc_pool_new(loop, &options, &pool), WC_OK, "with room again there is one");
    EQUAL(wc_loop_free(loop), WC_OK, "which ends with the loop");
    return tap_done();
}

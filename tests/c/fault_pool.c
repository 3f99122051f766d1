/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of pools: threads that cannot be made, files that cannot be read, names that cannot be
 * asked for. Each is a code, and nothing is left of what failed. */
#include <dirent.h>

#include "fault.h"
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

static int threads_before;

static int no_thread_is_left(void *user)
{
    (void)user;
    return threads() <= threads_before;
}

static void no_threads(wc_loop loop)
{
    static const struct {
        unsigned after;
        int os_error;
        wc_status answer;
    } cases[] = {{0, EAGAIN, WC_E_AGAIN},
                 {3, EAGAIN, WC_E_AGAIN},
                 {1, ENOMEM, WC_E_NOMEM},
                 {2, EPERM, WC_E_ACCESS}};
    wc_pool first = 0;
    size_t at;
    /* A tool that watches the program may make a thread of its own beside the first one. */
    MUST(wc_pool_new(loop, NULL, &first));
    MUST(wc_pool_free(first));
    MUST(wc_loop_run(loop));
    threads_before = threads();
    for (at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        wc_pool pool = 0;
        int32_t number = 0;
        wc_fault_clear();
        MUST(wc_fault_set("pthread_create", cases[at].after, 1, cases[at].os_error, 0));
        EQUAL(wc_pool_new(loop, NULL, &pool), cases[at].answer, "a thread cannot be made");
        EQUAL(pool, 0, "so there is no pool");
        MUST(wc_loop_os_error(loop, &number));
        EQUAL(number, cases[at].os_error, "and the system's number is known");
        EQUAL(wc_fault_asked("pthread_create"), cases[at].after + 1, "no more were asked for");
        EQUAL(wire_stats(loop).pools, 0, "none is counted");
        /* A thread that was joined may be listed for a moment longer. */
        CHECK(wire_run(loop, no_thread_is_left, NULL), "the threads made before have ended");
        EQUAL(wc_pool_new(loop, NULL, &pool), WC_OK, "the next one is made");
        MUST(wc_pool_free(pool));
    }
    wc_fault_clear();
}

static struct {
    int told, freed;
    wc_status status;
    int os_error;
    size_t len;
    int wrong;
    char address[WC_ADDRESS_MAX];
} got;

static void note(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                 void *user)
{
    size_t at;
    (void)user;
    got.told++;
    got.status = status;
    got.os_error = os_error;
    got.len = len;
    for (at = 0; at < len; at++) {
        got.wrong += data[at] != (char)(at % 253);
    }
    (void)wc_job_address(job, 0, got.address, sizeof got.address, NULL);
}

static void back(void *user)
{
    (void)user;
    got.freed++;
}

#define SIZE 600000

static char path[512];

static void read_all(wc_loop loop, wc_pool pool)
{
    memset(&got, 0, sizeof got);
    MUST(wc_pool_read(pool, path, 0, SIZE, note, NULL, back, NULL));
    MUST(wc_loop_run(loop));
    EQUAL(got.told + got.freed, 2, "a read is told once, and given back once");
}

static void files(wc_loop loop, wc_pool pool)
{
    int before = wire_descriptors(), error;
    read_all(loop, pool);
    CHECK(got.status == WC_OK && got.len == SIZE && got.wrong == 0, "a file is read");
    MUST(wc_fault_set("open", 0, 1, EMFILE, 0));
    read_all(loop, pool);
    CHECK(got.status == WC_E_NOFILES && got.os_error == EMFILE, "there is no descriptor for it");
    MUST(wc_fault_set("open", 0, 1, EACCES, 0));
    read_all(loop, pool);
    EQUAL(got.status, WC_E_ACCESS, "it may not be opened");
    for (error = 0; error < 2; error++) {
        MUST(wc_fault_set("pread", (unsigned)error, 1, EIO, 0));
        read_all(loop, pool);
        CHECK(got.status == WC_E_OS && got.os_error == EIO, "a piece of it cannot be read");
        EQUAL(got.len, 0, "so none is given");
    }
    wc_fault_clear();
    MUST(wc_fault_set("pread", 0, 2, EINTR, 0));
    MUST(wc_fault_set("pread", 2, 1, 0, 1));
    MUST(wc_fault_set("pread", 3, 1, EINTR, 0));
    MUST(wc_fault_set("pread", 4, 50, 0, 1000));
    read_all(loop, pool);
    CHECK(got.status == WC_OK && got.len == SIZE && got.wrong == 0,
          "interrupted and short reads lose nothing");
    EQUAL(wc_fault_hits("pread"), 54, "they all were met");
    wc_fault_clear();
    EQUAL(wire_descriptors(), before, "no descriptor is left");
}

static void names(wc_loop loop, wc_pool pool)
{
    static const struct {
        int os_error;
        wc_status status;
    } cases[] = {{EAGAIN, WC_E_AGAIN},
                 {ENOMEM, WC_E_NOMEM},
                 {EMFILE, WC_E_NOFILES},
                 {EIO, WC_E_OS}};
    size_t at;
    for (at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        memset(&got, 0, sizeof got);
        MUST(wc_fault_set("getaddrinfo", 0, 1, cases[at].os_error, 0));
        MUST(wc_pool_resolve(pool, "127.1", 80, note, NULL, back, NULL));
        MUST(wc_loop_run(loop));
        CHECK(got.status == cases[at].status && got.os_error == cases[at].os_error,
              "a resolver that fails is told");
        EQUAL(got.told + got.freed, 2, "once, and given back once");
    }
    MUST(wc_pool_resolve(pool, "127.1", 80, note, NULL, back, NULL));
    MUST(wc_loop_run(loop));
    SAME(got.address, "127.0.0.1", "the next time it answers");
    wc_fault_clear();
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    wc_loop loop = wire_loop();
    wc_pool pool = 0;
    FILE *file;
    size_t at;
    int fd;
    (void)snprintf(path, sizeof path, "%s/webcore.XXXXXX", tmp != NULL ? tmp : "/tmp");
    fd = mkstemp(path);
    MUST(fd);
    file = fdopen(fd, "wb");
    MUST(file != NULL ? 0 : -1);
    for (at = 0; at < SIZE; at++) {
        MUST(fputc((int)(at % 253), file) == EOF ? -1 : 0);
    }
    MUST(fclose(file));
    no_threads(loop);
    MUST(wc_pool_new(loop, NULL, &pool));
    files(loop, pool);
    names(loop, pool);
    MUST(unlink(path));
    MUST(wc_loop_free(loop));
    return tap_done();
}

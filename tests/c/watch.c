/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Watchers: what is told, what is not told any more, and whose the descriptor is. */
#include "tap.h"
#include "wire.h"

#include <fcntl.h>
#include <unistd.h>

struct seen {
    wc_watch watch;
    int told;
    uint32_t ready;
    int freed;
};

static void note(wc_watch watch, uint32_t ready, void *user)
{
    struct seen *seen = user;
    seen->watch = watch;
    seen->told++;
    seen->ready = ready;
    MUST(wc_watch_stop(watch));
}

static void give_back(void *user)
{
    ((struct seen *)user)->freed++;
}

static void a_pipe(wc_loop loop)
{
    struct seen seen = {0, 0, 0, 0};
    int ends[2], fd = -1;
    char byte = 0;
    wc_watch watch = 0;
    CHECK(pipe(ends) == 0, "a pipe is made");
    EQUAL(wc_watch_start(loop, ends[0], WC_READ, note, &seen, give_back, &watch), WC_OK,
          "its reading end is watched");
    EQUAL(wc_watch_start(loop, ends[0], WC_READ, note, &seen, NULL, NULL), WC_E_INUSE,
          "once at a time");
    EQUAL(wc_watch_fd(watch, &fd), WC_OK, "the descriptor can be asked for");
    EQUAL(fd, ends[0], "and is the one that was given");
    CHECK(write(ends[1], "a", 1) == 1, "a byte is written");
    EQUAL(wc_loop_run(loop), WC_OK, "the loop ends with its last watcher");
    EQUAL(seen.told, 1, "the watcher was told once");
    EQUAL(seen.ready, WC_READ, "of input");
    EQUAL(seen.freed, 1, "the user pointer came back");
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'a', "the byte is the program's to read");
    EQUAL(wc_watch_stop(watch), WC_E_GONE, "a watcher that was stopped is gone");
    EQUAL(wc_watch_start(loop, ends[0], WC_READ | WC_ADOPT, note, &seen, give_back, &watch), WC_OK,
          "it is watched again, and given away");
    EQUAL(wc_watch_set(watch, WC_READ | WC_ONCE), WC_OK, "to be told once");
    EQUAL(wc_watch_release(watch, &fd), WC_OK, "and taken back");
    CHECK(fcntl(fd, F_GETFD) >= 0, "open");
    EQUAL(wc_watch_start(loop, fd, WC_READ | WC_ADOPT, note, &seen, give_back, &watch), WC_OK,
          "given away again");
    EQUAL(wc_watch_stop(watch), WC_OK, "the watcher ends");
    CHECK(fcntl(fd, F_GETFD) < 0, "and closes it");
    close(ends[1]);
}

int main(void)
{
    wc_loop loop = 0;
    MUST(wc_loop_new(NULL, &loop));
    a_pipe(loop);
    MUST(wc_loop_free(loop));
    return tap_done();
}

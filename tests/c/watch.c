/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Watchers: what a call answers, whose the descriptor is, and the pull face. What is told of which
 * kind of descriptor is in watch_kinds.c, what a program may do meanwhile in watch_torture.c. */
#include "watching.h"

#include <pthread.h>
#include <sys/wait.h>

static void stop_it(struct told *told)
{
    MUST(wc_watch_stop(told->watch));
}

static void once_and_no_more(wc_loop loop)
{
    struct told told;
    int ends[2], fd = -1;
    pipe_of(ends);
    EQUAL(told_start(&told, loop, ends[0], WC_READ), WC_OK, "the reading end of a pipe is watched");
    told.act = stop_it;
    EQUAL(wire_stats(loop).watches, 1, "the loop counts it");
    EQUAL(wc_watch_start(loop, ends[0], WC_READ, told_ready, NULL, NULL, NULL), WC_E_INUSE,
          "it is watched once at a time");
    EQUAL(wc_watch_fd(told.watch, &fd), WC_OK, "the descriptor can be asked for");
    EQUAL(fd, ends[0], "and is the one that was given");
    CHECK(write(ends[1], "a", 1) == 1, "a byte is written");
    EQUAL(wc_loop_run(loop), WC_OK, "the loop ends with its last watcher");
    EQUAL(told.count, 1, "the watcher was told once");
    EQUAL(told.last, WC_READ, "of input");
    EQUAL(told.freed, 1, "the user pointer came back");
    EQUAL(emptied(ends[0]), 1, "the byte is the program's to read");
    EQUAL(wc_watch_stop(told.watch), WC_E_GONE, "a watcher that was stopped is gone");
    EQUAL(wire_stats(loop).watches, 0, "and is not counted");
    close_both(ends);
}

static void what_is_refused(wc_loop loop)
{
    static const uint32_t none[] = {4, WC_HANGUP, WC_ERROR, 256, 0x80000000u};
    struct told told;
    int ends[2], closed[2];
    wc_watch watch;
    size_t at;
    pipe_of(ends);
    pipe_of(closed);
    close_both(closed);
    for (at = 0; at < sizeof none / sizeof none[0]; at++) {
        EQUAL(told_start(&told, loop, ends[0], WC_READ | none[at]), WC_E_INVAL,
              "a bit that nobody can ask for");
        EQUAL(told.freed, 1, "the user pointer comes back");
        EQUAL(told.watch, 0, "no handle is written");
    }
    EQUAL(told_start(&told, loop, closed[0], WC_READ), WC_E_OS, "a descriptor that is not open");
    EQUAL(told_start(&told, loop, closed[0], 0), WC_E_OS, "also if nothing is asked for");
    EQUAL(told_start(&told, loop, -1, WC_READ | WC_ADOPT), WC_E_OS, "none at all");
    EQUAL(told.freed, 1, "the user pointer comes back");
    EQUAL(told_start(&told, loop, ends[0], WC_READ), WC_OK, "one that is open is watched");
    watch = told.watch;
    EQUAL(wc_watch_set(watch, WC_READ | WC_ADOPT), WC_E_INVAL, "it cannot be adopted later");
    EQUAL(wc_watch_set(watch, WC_HANGUP), WC_E_INVAL, "a hang-up is told, not asked for");
    EQUAL(wc_watch_fd(watch, NULL), WC_E_INVAL, "an answer has its place");
    EQUAL(wc_watch_release(watch, NULL), WC_E_INVAL, "a descriptor that is given back, too");
    EQUAL(wc_watch_stop(loop), WC_E_BADHANDLE, "a loop is no watcher");
    EQUAL(wc_watch_set(0, WC_READ), WC_E_BADHANDLE, "nor is 0");
    EQUAL(wc_timer_cancel(watch), WC_E_BADHANDLE, "a watcher is no timer");
    EQUAL(wc_watch_start(watch, ends[1], WC_WRITE, NULL, NULL, NULL, NULL), WC_E_BADHANDLE,
          "nor a loop");
    EQUAL(told.freed, 0, "none of that has ended it");
    told_stop(&told);
    EQUAL(wc_watch_set(watch, WC_READ) + wc_watch_fd(watch, &ends[0]) +
              wc_watch_release(watch, &ends[0]),
          3 * WC_E_GONE, "what was stopped is gone for every call");
    close_both(ends);
}

static void adopted(wc_loop loop)
{
    struct told told;
    int ends[2], fd = -1;
    pipe_of(ends);
    EQUAL(told_start(&told, loop, ends[0], WC_READ | WC_ADOPT), WC_OK, "one is given away");
    EQUAL(wc_watch_release(told.watch, &fd), WC_OK, "and taken back");
    EQUAL(fd, ends[0], "by its number");
    CHECK(is_open(fd), "open");
    wire_turns(loop, 1);
    EQUAL(told.freed, 1, "its watcher has ended");
    EQUAL(told_start(&told, loop, fd, WC_READ | WC_ADOPT), WC_OK, "it is given away again");
    EQUAL(wc_watch_start(loop, fd, WC_READ | WC_ADOPT, told_ready, NULL, NULL, NULL), WC_E_INUSE,
          "a second time is refused");
    CHECK(is_open(fd), "and closes nothing");
    EQUAL(wc_watch_stop(told.watch), WC_OK, "the watcher ends");
    CHECK(!is_open(fd), "and has closed it");
    wire_turns(loop, 1);
    EQUAL(told_start(&told, loop, ends[1], WC_WRITE), WC_OK, "one that stays the program's");
    EQUAL(wc_watch_release(told.watch, &fd), WC_OK, "is released as well");
    CHECK(fd == ends[1] && is_open(fd), "which changes nothing");
    wire_turns(loop, 1);
    MUST(close(ends[1]));
}

static void ends_with_the_loop(void)
{
    wc_loop loop = wire_loop();
    struct told given, lent;
    int ends[2];
    full_pipe(ends);
    MUST(told_start(&given, loop, ends[0], WC_READ | WC_ADOPT));
    MUST(told_start(&lent, loop, ends[1], WC_WRITE));
    EQUAL(wc_loop_free(loop), WC_OK, "a loop with watchers is freed");
    EQUAL(given.freed + lent.freed, 2, "the user pointers have come back");
    EQUAL(given.count + lent.count, 0, "nothing was told");
    CHECK(!is_open(ends[0]), "what was adopted is closed");
    CHECK(is_open(ends[1]), "what was not is open");
    EQUAL(wc_watch_stop(given.watch), WC_E_GONE, "the watchers are gone");
    MUST(close(ends[1]));
}

/* --- the pull face --- */

static void pulled(wc_loop loop)
{
    struct told told;
    wc_event event;
    int ends[2];
    full_pipe(ends);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(told_start(&told, loop, ends[0], WC_READ));
    EQUAL(wc_loop_next(loop, 1000, &event), WC_OK, "an event is pulled");
    EQUAL(event.kind, WC_EVENT_WATCH, "that of a watcher");
    CHECK(event.object == told.watch && event.user == &told, "with its handle and user pointer");
    EQUAL(event.detail, WC_READ, "and what it is ready for");
    EQUAL(told.count, 0, "nothing was called");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "it is dispatched");
    EQUAL(told.last, WC_READ, "the callback is told the same");
    EQUAL(wc_loop_next(loop, 1000, &event), WC_OK, "what is not read comes again");
    EQUAL(wc_watch_stop(told.watch), WC_OK, "its watcher ends between pull and dispatch");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "dispatching is no error");
    EQUAL(told.count, 1, "and calls nothing");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "then there is nothing more");
    EQUAL(told.freed, 1, "and the user pointer has come back");
    close_both(ends);
}

static void quiet_without_a_callback(wc_loop loop)
{
    struct told told;
    int ends[2];
    full_pipe(ends);
    MUST(wc_watch_start(loop, ends[0], WC_READ | WC_ONCE, NULL, &told, NULL, &told.watch));
    wire_turns(loop, 3);
    EQUAL(wc_watch_set(told.watch, WC_READ | WC_ONCE), WC_OK, "a watcher needs no callback");
    wire_turns(loop, 3);
    EQUAL(wc_watch_stop(told.watch), WC_OK, "and lives all the same");
    close_both(ends);
}

/* --- others --- */

static int refused;

static void *from_elsewhere(void *user)
{
    struct told *told = user;
    int fd;
    refused += wc_watch_start(told->loop, told->fd, WC_READ, NULL, NULL, NULL, NULL) == WC_E_THREAD;
    refused += wc_watch_set(told->watch, WC_READ) == WC_E_THREAD;
    refused += wc_watch_fd(told->watch, &fd) == WC_E_THREAD;
    refused += wc_watch_release(told->watch, &fd) == WC_E_THREAD;
    refused += wc_watch_stop(told->watch) == WC_E_THREAD;
    return NULL;
}

static void others_are_refused(wc_loop loop)
{
    struct told told;
    pthread_t thread;
    int ends[2], fd, ended = 0;
    pid_t child;
    full_pipe(ends);
    MUST(told_start(&told, loop, ends[0], WC_READ));
    MUST(pthread_create(&thread, NULL, from_elsewhere, &told) == 0 ? 0 : -1);
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    EQUAL(refused, 5, "another thread may call none of them");
    child = fork();
    MUST(child);
    if (child == 0) {
        _exit(wc_watch_stop(told.watch) == WC_E_FORKED &&
                      wc_watch_set(told.watch, 0) == WC_E_FORKED &&
                      wc_watch_release(told.watch, &fd) == WC_E_FORKED
                  ? 7
                  : 8);
    }
    MUST(waitpid(child, &ended, 0));
    CHECK(WIFEXITED(ended) && WEXITSTATUS(ended) == 7, "a forked process neither");
    CHECK(wire_run(loop, was_told, &told), "the watcher goes on");
    told_stop(&told);
    close_both(ends);
}

int main(void)
{
    wc_loop loop = 0;
    int before;
    MUST(wc_loop_new(NULL, &loop));
    before = wire_descriptors();
    once_and_no_more(loop);
    what_is_refused(loop);
    adopted(loop);
    pulled(loop);
    quiet_without_a_callback(loop);
    others_are_refused(loop);
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    MUST(wc_loop_free(loop));
    ends_with_the_loop();
    return tap_done();
}

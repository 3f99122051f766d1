/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a child does not get from the program, and what the program may do to its children: stray
 * descriptors, signals, a SIGCHLD that is ignored, a wait for all, no descriptor left. */
#include "child.h"
#include "tap.h"

#include <sys/resource.h>

#define STRAYS 100

static void stray_descriptors(wc_loop loop)
{
    int strays[STRAYS], each;
    struct kid *kid = kid_speaker(loop, NULL);
    for (each = 0; each < STRAYS; each++) {
        strays[each] = dup(1);
        MUST(strays[each]);
    }
    kid->options.program = "ls";
    kid->argv[0] = "ls";
    kid->argv[1] = "/proc/self/fd";
    kid->argv[2] = NULL;
    kid_done(kid);
    SAME(kid_said(kid), "0\n1\n2\n3\n", "a child has three descriptors, and ls one to read with");
    for (each = 0; each < STRAYS; each++) {
        close(strays[each]);
    }
    free(kid);
}

static void signals(wc_loop loop)
{
    struct kid *kid = kid_speaker(loop, NULL);
    struct sigaction ignore, pipe_before, winch_before;
    sigset_t some, before, now;
    unsigned long long blocked = 1, ignored = 1;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    MUST(sigaction(SIGPIPE, &ignore, &pipe_before));
    MUST(sigaction(SIGWINCH, &ignore, &winch_before));
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGTERM);
    MUST(sigprocmask(SIG_BLOCK, &some, &before));
    kid->options.program = "cat";
    kid->argv[0] = "cat";
    kid->argv[1] = "/proc/self/status";
    kid->argv[2] = NULL;
    kid_done(kid);
    MUST(sigprocmask(SIG_SETMASK, &before, &now));
    MUST(sigaction(SIGPIPE, &pipe_before, &ignore));
    MUST(sigaction(SIGWINCH, &winch_before, NULL));
    CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGTERM) && !sigismember(&now, SIGHUP),
          "the program's own mask is as it was");
    CHECK(ignore.sa_handler == SIG_IGN, "as is what it ignores");
    MUST(sscanf(strstr(kid_said(kid), "SigBlk:"), "SigBlk: %llx", &blocked) == 1 ? 0 : -1);
    MUST(sscanf(strstr(kid_said(kid), "SigIgn:"), "SigIgn: %llx", &ignored) == 1 ? 0 : -1);
    EQUAL(blocked, 0, "a child blocks nothing");
    /* Bits 31 and 32 are signals that the C library keeps for itself. */
    EQUAL(ignored & ~(3ull << 31), 0, "and ignores nothing, not even SIGPIPE");
    free(kid);
}

static void nobody_ignores_it(int number)
{
    (void)number;
}

static int is_running(void *user)
{
    return wire_stats(*(wc_loop *)user).children == 0;
}

/* The system reaps for a program that ignores SIGCHLD. */
static void sigchld_is_ignored(wc_loop loop)
{
    struct sigaction ignore, before;
    struct kid *kid = kid_speaker(loop, "echo heard; exit 3");
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    MUST(sigaction(SIGCHLD, &ignore, &before));
    kid_done(kid);
    SAME(kid_said(kid), "heard\n", "what a child says is heard though SIGCHLD is ignored");
    EQUAL(kid->exits, 1, "and its end");
    EQUAL(kid->code, -1, "not its code");
    EQUAL(kid->signal, 0, "nor a signal");
    EQUAL(kid->why, WC_E_OS, "which is said");
    EQUAL(kid->usage_status, WC_E_STATE, "nor what it has used");
    free(kid);
    kid = kid_plain(loop, "");
    kid->options.program = "/no/such/program";
    EQUAL(kid_spawn(kid), WC_E_NOTFOUND, "what cannot be started is told as ever");
    free(kid);
    kid = kid_started(kid_plain(loop, "exec sleep 600"));
    EQUAL(wc_child_stop(kid->child, 1000), WC_OK, "a child can be stopped");
    kid_wait(kid);
    EQUAL(kid->why, WC_E_CANCELLED, "and ends");
    MUST(sigaction(SIGCHLD, &before, NULL));
    free(kid);
}

/* A program that reaps whatever it finds. */
static void the_program_waits_itself(wc_loop loop)
{
    struct kid *kid = kid_started(kid_speaker(loop, "exit 3"));
    int status = 0;
    CHECK(wait(&status) > 0 && WIFEXITED(status), "the program reaps a child itself");
    CHECK(wire_run(loop, kid_over, kid), "its end is heard all the same");
    EQUAL(kid->code, -1, "not its code");
    EQUAL(kid->why, WC_E_OS, "which is said");
    free(kid);

    kid = kid_started(kid_plain(loop, "exit 3"));
    MUST(wait(&status));
    EQUAL(wc_child_kill(kid->child, SIGTERM), WC_E_STATE,
          "a number that may be somebody else's gets no signal");
    EQUAL(wc_child_stop(kid->child, 1), WC_OK, "nor by this");
    kid_wait(kid);
    EQUAL(kid->exits, 1, "it ends");
    free(kid);
}

/* A handler of the program sees SIGCHLD as ever: nothing is installed over it. */
static void the_programs_handler_stays(wc_loop loop)
{
    struct sigaction mine, now;
    memset(&mine, 0, sizeof mine);
    mine.sa_handler = nobody_ignores_it;
    mine.sa_flags = SA_RESTART;
    MUST(sigaction(SIGCHLD, &mine, NULL));
    free(kid_done(kid_plain(loop, "exit 0")));
    MUST(sigaction(SIGCHLD, NULL, &now));
    CHECK(now.sa_handler == nobody_ignores_it, "the program's handler of SIGCHLD stays");
    mine.sa_handler = SIG_DFL;
    MUST(sigaction(SIGCHLD, &mine, NULL));
}

/* With so many descriptors left a spawn does without, or fails and leaves nothing behind. */
static void no_descriptors_left(wc_loop loop)
{
    struct rlimit before, few;
    int left, refused = 0, started = 0, wrong = 0, fds;
    wc_loop_stats stats = wire_stats(loop), after;
    if (kid_under_valgrind()) {
        CHECK(1, "out of descriptors # SKIP not with the limits of valgrind");
        return;
    }
    MUST(getrlimit(RLIMIT_NOFILE, &before));
    fds = wire_descriptors();
    few = before;
    for (left = 0; left < 12; left++) {
        struct kid *kid = kid_new(loop, "exit 5");
        wc_status status;
        int freed;
        few.rlim_cur = (rlim_t)(fds + left);
        MUST(setrlimit(RLIMIT_NOFILE, &few));
        status = kid_spawn(kid);
        MUST(setrlimit(RLIMIT_NOFILE, &before));
        if (status == WC_OK) {
            started++;
            kid_wait(kid);
            wrong += kid->code != 5 || kid->why != WC_OK;
        } else {
            refused++;
            freed = kid->log[0].freed + kid->log[1].freed + kid->log[2].freed;
            wrong += status != WC_E_NOFILES || kid->freed != 1 || freed != 3;
        }
        free(kid);
    }
    wire_turns(loop, 2);
    after = wire_stats(loop);
    CHECK(refused >= 6, "a spawn without descriptors is refused");
    CHECK(started >= 2, "one with enough of them is not");
    EQUAL(wrong, 0, "each says so, or runs to its end");
    EQUAL(wire_descriptors(), fds, "no descriptor is left behind");
    CHECK(after.connections == stats.connections && after.children == 0, "and nothing else");
}

/* Where the program has no standard descriptors of its own, its others are not taken for them. */
static void without_standard_descriptors(wc_loop loop)
{
    int kept[3], each;
    struct kid *kid = kid_new(loop, "read line; echo \"$line\"; echo error >&2");
    wc_conn in = 0;
    wc_status status;
    for (each = 0; each < 3; each++) {
        kept[each] = fcntl(each, F_DUPFD_CLOEXEC, 10);
        MUST(kept[each]);
    }
    for (each = 0; each < 3; each++) {
        close(each);
    }
    status = kid_spawn(kid);
    if (status == WC_OK) {
        MUST(wc_child_stream(kid->child, WC_CHILD_IN, &in));
        MUST(wc_conn_send(in, "through\n", 8));
        kid_wait(kid);
        wire_turns(loop, 2);
    }
    for (each = 0; each < 3; each++) {
        MUST(dup2(kept[each], each));
        close(kept[each]);
    }
    EQUAL(status, WC_OK, "a program without standard descriptors starts a child");
    SAME(kid_said(kid), "through\n", "whose streams are the right ones");
    EQUAL(kid->log[WC_CHILD_ERR].received, 6, "all three");
    free(kid);
}

int main(void)
{
    wc_loop loop = wire_loop();
    stray_descriptors(loop);
    signals(loop);
    the_programs_handler_stays(loop);
    sigchld_is_ignored(loop);
    the_program_waits_itself(loop);
    no_descriptors_left(loop);
    without_standard_descriptors(loop);
    CHECK(wire_run(loop, is_running, &loop), "all are over");
    CHECK(kid_none(), "no zombie is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

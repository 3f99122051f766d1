/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of children: what keeps one from being started, a kernel that does not tell its end, calls
 * that are interrupted, a child that may not be signalled. */
#include "child.h"
#include "fault.h"
#include "tap.h"

/* A spawn while this call fails: the code, and that nothing is left of it. */
static void refuses(wc_loop loop, const char *call, unsigned after, int os_error, wc_status want)
{
    struct kid *kid = kid_new(loop, "exit 1");
    int fds = wire_descriptors(), number = 0, freed;
    wc_loop_stats before = wire_stats(loop), now;
    char name[128];
    (void)snprintf(name, sizeof name, "a child without %s (errno %d) is refused", call, os_error);
    MUST(wc_fault_set(call, after, 1, os_error, 0));
    EQUAL(kid_spawn(kid), want, name);
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    wc_fault_clear();
    MUST(wc_loop_os_error(loop, &number));
    EQUAL(number, os_error, "the number is that of the refusal");
    freed = kid->log[0].freed + kid->log[1].freed + kid->log[2].freed;
    now = wire_stats(loop);
    CHECK(kid->freed == 1 && freed == 3, "its user pointers came back");
    CHECK(wire_descriptors() == fds && kid_none() && now.connections == before.connections &&
              now.children == 0 && now.accepted == before.accepted,
          "nothing is left of it");
    free(kid);
}

static void starting(wc_loop loop)
{
    unsigned stream;
    for (stream = 0; stream < 3; stream++) {
        refuses(loop, "socketpair", stream, EMFILE, WC_E_NOFILES);
    }
    refuses(loop, "socketpair", 0, ENOBUFS, WC_E_NOMEM);
    refuses(loop, "pipe", 0, ENFILE, WC_E_NOFILES);
    refuses(loop, "fork", 0, EAGAIN, WC_E_AGAIN);
    refuses(loop, "fork", 0, ENOMEM, WC_E_NOMEM);
    wc_fault_clear();
}

/* What fails in the child before it is its program. The child counts for itself, so no hit is seen
 * here; the number tells that it was that call. */
static void in_the_child(wc_loop loop)
{
    static const struct {
        const char *call;
        int os_error;
        wc_status want;
    } faults[] = {
        {"setpgid", EPERM, WC_E_ACCESS},
        {"dup", EINTR, WC_E_OS},
        {"chdir", EACCES, WC_E_ACCESS},
        {"setrlimit", EPERM, WC_E_ACCESS},
        {"execve", E2BIG, WC_E_OS},
        {"execve", ENOMEM, WC_E_NOMEM},
        {"execve", ETXTBSY, WC_E_OS},
        {"execve", EIO, WC_E_OS},
    };
    size_t at;
    for (at = 0; at < sizeof faults / sizeof faults[0]; at++) {
        struct kid *kid = kid_new(loop, "exit 1");
        int fds = wire_descriptors(), number = 0;
        kid->options.directory = "/";
        kid->options.cpu_s = 10;
        MUST(wc_fault_set(faults[at].call, 0, FAULT_ALWAYS, faults[at].os_error, 0));
        EQUAL(kid_spawn(kid), faults[at].want, faults[at].call);
        wc_fault_clear();
        MUST(wc_loop_os_error(loop, &number));
        EQUAL(number, faults[at].os_error, "with its number");
        CHECK(kid->freed == 1 && kid_none() && wire_descriptors() == fds, "nothing is left of it");
        free(kid);
    }
}

/* A system that cannot mark all descriptors at once: each is marked by itself. */
static void one_by_one(wc_loop loop)
{
    struct kid *kid = kid_speaker(loop, NULL);
    int stray = dup(1), far = fcntl(1, F_DUPFD, 900);
    MUST(stray);
    MUST(far);
    kid->options.program = kid->argv[0] = "ls";
    kid->argv[1] = "/proc/self/fd";
    kid->argv[2] = NULL;
    MUST(wc_fault_set("close_range", 0, FAULT_ALWAYS, ENOSYS, 0));
    kid_done(kid);
    wc_fault_clear();
    SAME(kid_said(kid), "0\n1\n2\n3\n", "a child has three descriptors, and ls one to read with");
    close(stray);
    close(far);
    free(kid);
}

static void given(wc_loop loop)
{
    struct kid *kid = kid_plain(loop, "exit 1");
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_FD;
    kid->stdio[WC_CHILD_OUT].fd = 1;
    MUST(wc_fault_set("dup", 0, 1, EMFILE, 0));
    EQUAL(kid_spawn(kid), WC_E_NOFILES, "a descriptor that cannot be copied");
    wc_fault_clear();
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_NULL;
    MUST(wc_fault_set("open", 1, 1, ENFILE, 0));
    EQUAL(kid_spawn(kid), WC_E_NOFILES, "a file that cannot be opened");
    EQUAL(wc_fault_hits("open"), 1, "for that reason");
    wc_fault_clear();
    EQUAL(kid->freed, 2, "each gave the user pointer back");
    CHECK(kid_none(), "and left nothing");
    free(kid);
}

/* Where no descriptor tells the end it is looked for; the story is the same. */
static void untold(wc_loop loop)
{
    static const int errors[] = {ENOSYS, EMFILE, ESRCH};
    size_t at;
    for (at = 0; at < sizeof errors / sizeof errors[0]; at++) {
        struct kid *kid = kid_new(loop, "echo out; echo error >&2; exit 3");
        MUST(wc_fault_set("pidfd_open", 0, 1, errors[at], 0));
        MUST(kid_spawn(kid));
        EQUAL(wc_fault_hits("pidfd_open"), 1, "there is no descriptor for the end of a child");
        wc_fault_clear();
        kid_wait(kid);
        EQUAL(kid->code, 3, "its end is heard");
        EQUAL(kid->why, WC_OK, "for no other reason");
        SAME(kid_said(kid), "out\n", "and what it said");
        free(kid);
    }
}

static void interrupted(wc_loop loop)
{
    struct kid *kid = kid_speaker(loop, "echo out; exit 3");
    MUST(wc_fault_set("read", 0, 1, EINTR, 0));
    MUST(kid_spawn(kid));
    MUST(wc_fault_set("wait", 0, 3, EINTR, 0));
    kid_wait(kid);
    EQUAL(wc_fault_hits("wait"), 3, "looking and reaping are interrupted");
    EQUAL(wc_fault_hits("read"), 1, "as was the spawn");
    wc_fault_clear();
    EQUAL(kid->code, 3, "nothing is lost");
    SAME(kid_said(kid), "out\n", "of it");
    free(kid);
}

/* A child of another user, such as one with a set-user-id bit, cannot be ended. */
static void not_to_be_signalled(void)
{
    wc_loop loop = wire_loop();
    struct kid *kid = kid_started(kid_plain(loop, "exec sleep 600"));
    uint64_t start;
    int32_t pid = 0;
    MUST(wc_child_pid(kid->child, &pid));
    MUST(wc_fault_set("kill", 0, FAULT_ALWAYS, EPERM, 0));
    EQUAL(wc_child_kill(kid->child, SIGTERM), WC_E_ACCESS, "a child may not be signalled");
    EQUAL(wc_child_stop(kid->child, 0), WC_OK, "it is stopped as far as that goes");
    start = wire_ns();
    EQUAL(wc_loop_free(loop), WC_OK, "its loop is freed");
    CHECK(wire_ms_since(start) >= 5000, "it is waited for CHILD_REAP_MS");
    wc_fault_clear();
    EQUAL(kid->exits, 1, "then it is let go");
    EQUAL(kid->code, -1, "how it will end is not known");
    EQUAL(kid->why, WC_E_CANCELLED, "it was stopped");
    EQUAL(kid->freed, 1, "its user pointer came back");
    MUST(kill(pid, SIGKILL));
    MUST(waitpid(pid, NULL, 0));
    free(kid);
}

int main(void)
{
    wc_loop loop = wire_loop();
    starting(loop);
    in_the_child(loop);
    one_by_one(loop);
    given(loop);
    untold(loop);
    interrupted(loop);
    not_to_be_signalled();
    CHECK(kid_none(), "no zombie is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

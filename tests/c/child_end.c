/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The end of a child: exit and end of output in either order, those that hold the output open,
 * those that do not want to end, time that is up, a loop that is freed. */
#include "child.h"
#include "tap.h"

/* Its exit is heard before its output is read to the end: the program has paused that. */
static int has_exited(void *user)
{
    struct kid *kid = user;
    long pid = 0;
    int32_t number = 0;
    MUST(wc_child_pid(kid->child, &number));
    pid = number;
    return kid_is_gone(&pid);
}

static void exit_first(wc_loop loop)
{
    struct kid *kid = kid_speaker(loop, "head -c 100000 /dev/zero");
    wc_conn out = 0;
    kid->options.output_ms = 1;
    MUST(kid_spawn(kid));
    MUST(wc_child_stream(kid->child, WC_CHILD_OUT, &out));
    MUST(wc_conn_pause(out));
    CHECK(wire_run(loop, has_exited, kid), "a child exits while its output is paused");
    wire_turns(loop, 20);
    EQUAL(kid->exits, 0, "that is not its end, though output_ms has passed");
    EQUAL(wc_child_stop(kid->child, 5), WC_OK, "it can still be stopped");
    EQUAL(wc_conn_resume(out), WC_OK, "the output is read on");
    kid_wait(kid);
    EQUAL(kid->log[WC_CHILD_OUT].received, 100000, "to its last byte");
    EQUAL(kid->why, WC_OK, "it has ended by itself, and before it was stopped");
    SAME(kid->order, "out exit ", "its last word comes last");
    free(kid);
}

static void output_first(wc_loop loop)
{
    struct kid *kid = kid_new(loop, "exec >&- 2>&-; read line; exit 4");
    wc_conn in = 0;
    kid->log[WC_CHILD_OUT].act = kid_on_stream;
    MUST(kid_spawn(kid));
    CHECK(wire_run(loop, wire_closed, &kid->log[WC_CHILD_OUT]) &&
              wire_run(loop, wire_closed, &kid->log[WC_CHILD_ERR]),
          "a child closes its output");
    wire_turns(loop, 5);
    EQUAL(kid->exits, 0, "that is not its end");
    MUST(wc_child_stream(kid->child, WC_CHILD_IN, &in));
    MUST(wc_conn_send(in, "go\n", 3));
    kid_wait(kid);
    EQUAL(kid->code, 4, "it ends when it likes");
    EQUAL(kid->log[WC_CHILD_IN].why, WC_OK, "its input ends well");
    SAME(kid->order + strlen(kid->order) - 8, "in exit ", "before it");
    free(kid);
}

/* A child of the child that nobody waits for; the first line of the output is its number. */
static long grandchild(struct kid *kid)
{
    return strtol(kid_said(kid), NULL, 10);
}

static void a_grandchild_holds_the_output(wc_loop loop)
{
    struct kid *kid = kid_speaker(loop, "sleep 600 & echo $!; exit 2");
    uint64_t start;
    long pid;
    start = wire_ns();
    kid_done(kid);
    CHECK(wire_ms_since(start) >= 2000 && kid->options.output_ms == 2000,
          "its output is waited for CHILD_OUTPUT_MS");
    EQUAL(kid->code, 2, "the child has ended by itself");
    EQUAL(kid->why, WC_OK, "for no other reason");
    EQUAL(kid->log[WC_CHILD_OUT].why, WC_E_TIMEOUT, "the stream says that it was cut");
    pid = grandchild(kid);
    CHECK(!kid_is_gone(&pid), "whom nobody has stopped lives on");
    kill((pid_t)pid, SIGKILL);
    free(kid);

    kid = kid_speaker(loop, "sleep 600 & echo $!; exit 2");
    kid->options.output_ms = 0;
    MUST(kid_spawn(kid));
    CHECK(wire_run(loop, kid_has_line, kid) && wire_run(loop, has_exited, kid),
          "without that limit it is waited for");
    wire_turns(loop, 5);
    EQUAL(kid->exits, 0, "however long");
    EQUAL(wc_child_stop(kid->child, 600000), WC_OK, "until somebody stops the group");
    kid_wait(kid);
    EQUAL(kid->why, WC_OK, "the child had ended before");
    EQUAL(kid->log[WC_CHILD_OUT].why, WC_OK, "its output ends by itself");
    pid = grandchild(kid);
    CHECK(wire_run(loop, kid_is_gone, &pid), "the grandchild is gone");
    free(kid);
}

/* What has ended by itself was not stopped, though the loop has not heard of it yet. */
static void stopped_too_late(wc_loop loop)
{
    struct kid *kid = kid_plain(loop, "exit 3");
    siginfo_t info;
    int32_t pid = 0;
    kid->options.flags = 0;
    MUST(kid_spawn(kid));
    MUST(wc_child_pid(kid->child, &pid));
    MUST(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    EQUAL(wc_child_kill(kid->child, SIGTERM), WC_E_STATE, "one that has exited gets no signal");
    EQUAL(wc_child_stop(kid->child, 0), WC_OK, "nor does it mind being stopped");
    kid_wait(kid);
    EQUAL(kid->code, 3, "its code is its own");
    EQUAL(kid->why, WC_OK, "and so is its end");
    free(kid);
}

static void stopped_with_its_group(wc_loop loop)
{
    /* Both ignore SIGTERM. */
    struct kid *kid = kid_speaker(loop, "trap '' TERM; sleep 600 & echo $!; sleep 600");
    uint64_t start;
    long pid;
    MUST(kid_spawn(kid));
    MUST(wire_run(loop, kid_has_line, kid) ? 0 : -1);
    pid = grandchild(kid);
    start = wire_ns();
    EQUAL(wc_child_stop(kid->child, 600000), WC_OK, "a child is stopped that does not want to");
    wire_turns(loop, 20);
    CHECK(!kid_is_gone(&pid), "it has its grace");
    EQUAL(wc_child_stop(kid->child, 50), WC_OK, "which is made shorter");
    EQUAL(wc_child_stop(kid->child, 500000), WC_OK, "and never longer");
    kid_wait(kid);
    CHECK(wire_ms_since(start) >= 50, "the grace is kept");
    EQUAL(kid->signal, SIGKILL, "then it is killed");
    EQUAL(kid->code, -1, "without a code");
    EQUAL(kid->why, WC_E_CANCELLED, "because it was stopped");
    EQUAL(kid->log[WC_CHILD_OUT].why, WC_OK, "its output has ended");
    CHECK(wire_run(loop, kid_is_gone, &pid), "and the whole group is gone");
    free(kid);

    /* The grandchild ignores SIGTERM and holds no output; it is killed when the child is over. */
    kid = kid_speaker(loop, "trap 'exit 6' TERM; "
                            "(trap '' TERM; exec sh -c 'echo $$; exec sleep 600 >/dev/null') & "
                            "while :; do sleep 0.01; done");
    kid->stdio[WC_CHILD_ERR].kind = WC_STDIO_NULL;
    MUST(kid_spawn(kid));
    MUST(wire_run(loop, kid_has_line, kid) ? 0 : -1);
    pid = grandchild(kid);
    EQUAL(wc_child_stop(kid->child, 600000), WC_OK, "a child is stopped that obeys");
    kid_wait(kid);
    EQUAL(kid->code, 6, "it ends in its own way");
    EQUAL(kid->why, WC_E_CANCELLED, "because it was stopped");
    CHECK(wire_run(loop, kid_is_gone, &pid), "and takes its group with it");
    free(kid);

    kid = kid_started(kid_plain(loop, "trap '' TERM; while :; do sleep 600; done"));
    EQUAL(wc_child_stop(kid->child, 0), WC_OK, "without a grace it is killed");
    kid_wait(kid);
    EQUAL(kid->signal, SIGKILL, "at once");
    free(kid);
}

static void its_time_is_up(wc_loop loop)
{
    struct kid *kid = kid_plain(loop, "exec sleep 600");
    uint64_t start = wire_ns();
    kid->options.wall_ms = 50;
    kid_done(kid);
    CHECK(wire_ms_since(start) >= 50, "a child has the time that it was given");
    EQUAL(kid->signal, SIGTERM, "then it is asked to end");
    EQUAL(kid->why, WC_E_TIMEOUT, "because that is over");
    free(kid);

    kid = kid_speaker(loop, "trap '' TERM; echo ready; while :; do sleep 600; done");
    kid->options.wall_ms = 200;
    start = wire_ns();
    kid_done(kid);
    CHECK(wire_ms_since(start) >= 2200 && kid->options.grace_ms == 2000,
          "one that does not want to has CHILD_GRACE_MS more");
    EQUAL(kid->signal, SIGKILL, "and is killed");
    EQUAL(kid->why, WC_E_TIMEOUT, "for the same reason");
    free(kid);

    kid = kid_plain(loop, "exec sleep 600");
    kid->options.wall_ms = 1;
    kid->options.grace_ms = 0;
    kid_done(kid);
    EQUAL(kid->signal, SIGKILL, "or without a grace");
    free(kid);

    kid = kid_plain(loop, "exit 0");
    kid->options.wall_ms = 60000;
    kid_done(kid);
    EQUAL(kid->why, WC_OK, "one that is in time is not touched");
    free(kid);
}

static void its_loop_is_freed(wc_loop other)
{
    wc_loop loop = wire_loop();
    struct kid *kids[3];
    int32_t ended = 0;
    long pid, last;
    int each;
    kids[0] = kid_started(kid_new(loop, "trap '' TERM; sleep 600 & echo $!; sleep 600"));
    kids[1] = kid_started(kid_plain(loop, "exec sleep 600"));
    MUST(wire_run(loop, kid_has_line, kids[0]) ? 0 : -1);
    pid = grandchild(kids[0]);
    kids[2] = kid_started(kid_speaker(loop, "exit 1"));
    MUST(wc_child_pid(kids[2]->child, &ended));
    for (last = ended; !kid_is_gone(&last);) {
        MUST(poll(NULL, 0, 1));
    }
    EQUAL(wc_loop_free(loop), WC_OK, "a loop is freed that has children");
    for (each = 0; each < 3; each++) {
        EQUAL(kids[each]->exits, 1, "each has its last word");
        EQUAL(kids[each]->freed, 1, "and gives its user pointer back");
    }
    EQUAL(kids[0]->why, WC_E_FREED, "because of that");
    EQUAL(kids[0]->signal, SIGKILL, "it was killed");
    EQUAL(kids[0]->log[WC_CHILD_OUT].why, WC_E_FREED, "as were its streams");
    EQUAL(kids[0]->log[WC_CHILD_IN].freed, 1, "which are over");
    SAME(kids[0]->order + 11, "exit ", "before it is");
    EQUAL(kids[1]->signal, SIGKILL, "the other one, too");
    EQUAL(kids[2]->code, 1, "one that had ended before has its code");
    CHECK(kid_none(), "all are reaped");
    CHECK(wire_run(other, kid_is_gone, &pid), "and their groups are gone");
    EQUAL(wc_child_stop(kids[0]->child, 0), WC_E_GONE, "their handles are gone");
    for (each = 0; each < 3; each++) {
        free(kids[each]);
    }
}

static void drained(void)
{
    wc_loop loop = wire_loop();
    struct kid *kid = kid_started(kid_new(loop, "cat; echo end"));
    wc_conn in = 0;
    MUST(wc_child_stream(kid->child, WC_CHILD_IN, &in));
    MUST(wc_conn_send(in, "queued\n", 7));
    EQUAL(wc_loop_drain(loop, WIRE_DEADLINE_MS), WC_OK, "a loop is drained");
    SAME(kid_said(kid), "queued\nend\n", "a child that reads gets what is queued, and its end");
    MUST(wc_loop_free(loop));
    EQUAL(kid->exits, 1, "and ends");
    free(kid);
}

int main(void)
{
    wc_loop loop = wire_loop();
    exit_first(loop);
    output_first(loop);
    a_grandchild_holds_the_output(loop);
    stopped_too_late(loop);
    stopped_with_its_group(loop);
    its_time_is_up(loop);
    its_loop_is_freed(loop);
    drained();
    CHECK(kid_none(), "no zombie is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The streams of children: much in both directions with nothing stored beyond the marks, children
 * that read or write nothing, and many children at a time. */
#include "child.h"
#include "tap.h"

#define MUCH (5L << 20)
#define PIECE 10000

/* The byte at a position of the stream. */
static char pattern(long at)
{
    return (char)(at * 31 + (at >> 8) + (at >> 16));
}

struct pump {
    struct kid *kid;
    wc_conn in, out;
    long sent, got, wrong;
    size_t most;
    int paused, full;
};

/* Sends until the queue is above its high water; on_drain goes on. */
static void feed(struct pump *pump)
{
    char piece[PIECE];
    size_t queued = 0;
    wc_status status = WC_OK;
    while (pump->sent < MUCH && status == WC_OK) {
        long at, count = MUCH - pump->sent < PIECE ? MUCH - pump->sent : PIECE;
        for (at = 0; at < count; at++) {
            piece[at] = pattern(pump->sent + at);
        }
        status = wc_conn_send(pump->in, piece, (size_t)count);
        MUST(status);
        pump->sent += count;
        pump->full += status == WC_FULL;
        MUST(wc_conn_queued(pump->in, &queued));
        pump->most = queued > pump->most ? queued : pump->most;
    }
    if (pump->sent == MUCH) {
        (void)wc_conn_shutdown(pump->in);
    }
}

static void pump_act(struct wire_log *log, const char *event, wc_conn conn)
{
    struct pump *pump = ((struct kid *)log->other)->log[WC_CHILD_ERR].other;
    size_t at;
    if (strcmp(event, "drain") == 0 || (strcmp(event, "open") == 0 && conn == pump->in)) {
        feed(pump);
    } else if (strcmp(event, "data") == 0) {
        for (at = 0; at < log->data_len; at++, pump->got++) {
            pump->wrong += log->data[at] != pattern(pump->got);
        }
    } else {
        kid_on_stream(log, event, conn);
    }
}

static void much_in_both_directions(wc_loop loop)
{
    wc_conn_options marks = wire_conn_options();
    struct kid *kid = kid_new(loop, NULL);
    struct pump pump;
    memset(&pump, 0, sizeof pump);
    marks.write_high = 64 << 10;
    marks.write_low = 16 << 10;
    marks.write_limit = 128 << 10;
    kid->options.program = "cat";
    kid->argv[0] = "cat";
    kid->argv[1] = NULL;
    kid->stdio[WC_CHILD_IN].options = &marks;
    kid->stdio[WC_CHILD_ERR].kind = WC_STDIO_INHERIT;
    kid->log[WC_CHILD_IN].act = kid->log[WC_CHILD_OUT].act = pump_act;
    kid->log[WC_CHILD_ERR].other = &pump;
    MUST(kid_spawn(kid));
    MUST(wc_child_stream(kid->child, WC_CHILD_IN, &pump.in));
    MUST(wc_child_stream(kid->child, WC_CHILD_OUT, &pump.out));
    kid_wait(kid);
    EQUAL(pump.sent, MUCH, "5 MiB go into cat");
    EQUAL(pump.got, MUCH, "and come out");
    EQUAL(pump.wrong, 0, "as they were");
    CHECK(pump.full > 0, "it could not take them as fast as they came");
    CHECK(pump.most <= marks.write_high + PIECE, "no more was stored than the high water");
    EQUAL(kid->code, 0, "cat is content");
    EQUAL(kid->log[WC_CHILD_IN].why, WC_OK, "its input ended well");
    EQUAL(kid->log[WC_CHILD_OUT].why, WC_OK, "its output, too");
    free(kid);
}

/* The program does not read: the child is stopped by the system, not by memory of ours. */
static void nobody_reads(wc_loop loop)
{
    struct kid *kid = kid_started(kid_speaker(loop, "exec head -c 5000000 /dev/zero"));
    wc_conn out = 0;
    MUST(wc_child_stream(kid->child, WC_CHILD_OUT, &out));
    MUST(wc_conn_pause(out));
    wire_turns(loop, 50);
    EQUAL(kid->exits, 0, "a child whose output is not read waits");
    EQUAL(kid->log[WC_CHILD_OUT].received, 0, "and nothing is read");
    MUST(wc_conn_resume(out));
    kid_wait(kid);
    EQUAL(kid->log[WC_CHILD_OUT].received, 5000000, "until it is");
    EQUAL(kid->code, 0, "all of it was taken");
    free(kid);
}

static void one_that_never_reads(wc_loop loop)
{
    static char block[1 << 20];
    struct kid *kid = kid_new(loop, "echo up; exec sleep 600");
    wc_conn_options marks = wire_conn_options();
    wc_conn in = 0;
    wc_status status = WC_OK;
    size_t queued = 0;
    long sent = 0;
    marks.write_high = 2 << 20;
    marks.write_limit = 3 << 20;
    kid->stdio[WC_CHILD_IN].options = &marks;
    kid->options.wall_ms = 300;
    MUST(kid_spawn(kid));
    MUST(wc_child_stream(kid->child, WC_CHILD_IN, &in));
    MUST(wire_run(loop, kid_has_line, kid) ? 0 : -1);
    for (; status >= 0 && sent < 10; sent++) {
        status = wc_conn_send(in, block, sizeof block);
    }
    EQUAL(status, WC_E_LIMIT, "a child that never reads costs no more than write_limit");
    MUST(wc_conn_queued(in, &queued));
    CHECK(queued <= marks.write_limit, "which is what is stored");
    kid_wait(kid);
    EQUAL(kid->why, WC_E_TIMEOUT, "its time ends it");
    EQUAL(kid->log[WC_CHILD_IN].why, WC_E_RESET, "what it has not read is said to be lost");
    free(kid);

    kid = kid_new(loop, "exit 0");
    MUST(kid_spawn(kid));
    MUST(wc_child_stream(kid->child, WC_CHILD_IN, &in));
    (void)wc_conn_send(in, block, sizeof block);
    kid_wait(kid);
    EQUAL(kid->code, 0, "a child that ends without reading ends well");
    EQUAL(kid->log[WC_CHILD_IN].why, WC_E_RESET, "its input says that bytes are lost");
    free(kid);
}

static void one_that_never_writes(wc_loop loop)
{
    struct kid *kid = kid_new(loop, "exec sleep 600");
    kid->options.wall_ms = 100;
    kid_done(kid);
    EQUAL(kid->log[WC_CHILD_OUT].received, 0, "a child that never writes");
    EQUAL(kid->why, WC_E_TIMEOUT, "is ended by its time");
    SAME(kid->log[WC_CHILD_OUT].story, "open eof close(WC_OK) ", "its streams say no idle time");
    free(kid);
}

static void lines(wc_loop loop)
{
    wc_conn_options by_line = wire_conn_options();
    struct kid *kid = kid_speaker(loop, "printf 'a\\nbc\\nd'");
    by_line.framing = WC_FRAMING_LINE;
    kid->stdio[WC_CHILD_OUT].options = &by_line;
    kid_done(kid);
    SAME(kid_said(kid), "abcd", "output comes line by line, the last one without its end, too");
    EQUAL(kid->log[WC_CHILD_OUT].largest, 2, "each for itself");
    free(kid);
}

#define MANY 200

static int all_over(void *user)
{
    struct kid **kids = user;
    int each, over = 0;
    for (each = 0; each < MANY; each++) {
        over += kids[each]->exits;
    }
    return over == MANY;
}

static void many(wc_loop loop)
{
    static struct kid *kids[MANY];
    int each, right = 0, fds = wire_descriptors();
    wc_conn in = 0;
    for (each = 0; each < MANY; each++) {
        kids[each] = kid_new(loop, "read line; echo \"$line\"; exit 9");
        kids[each]->stdio[WC_CHILD_ERR].kind = WC_STDIO_INHERIT;
        MUST(kid_spawn(kids[each]));
    }
    EQUAL(wire_stats(loop).children, MANY, "200 children are alive at once");
    CHECK(wire_descriptors() - fds <= 3 * MANY, "each costs a descriptor, and one for each stream");
    for (each = 0; each < MANY; each++) {
        MUST(wc_child_stream(kids[each]->child, WC_CHILD_IN, &in));
        MUST(wc_conn_send(in, "all\n", 4));
    }
    CHECK(wire_run(loop, all_over, kids), "all end");
    for (each = 0; each < MANY; each++) {
        right += strcmp(kid_said(kids[each]), "all\n") == 0 && kids[each]->code == 9 &&
                 kids[each]->freed == 1 && kids[each]->why == WC_OK;
        free(kids[each]);
    }
    EQUAL(right, MANY, "each in its own way");
    wire_turns(loop, 2);
    EQUAL(wire_descriptors(), fds, "and nothing is left of them");
}

int main(void)
{
    wc_loop loop = wire_loop();
    much_in_both_directions(loop);
    nobody_reads(loop);
    one_that_never_reads(loop);
    one_that_never_writes(loop);
    lines(loop);
    many(loop);
    CHECK(kid_none(), "no zombie is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

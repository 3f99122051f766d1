/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The trace hook: how connections and listeners change their states, told between callbacks. */
#include "tap.h"
#include "wire.h"

static char told[1024];

struct tracer {
    int count;
    int freed;
    uint64_t last_ms;
    int backwards;
    int bad;
    /* Not 0: what the hook does to the connection that it is told of, once. */
    int closes;
    wc_loop loop;
};

static void note(const wc_transition *t, void *user)
{
    struct tracer *tracer = user;
    char line[160];
    tracer->count++;
    tracer->bad += t->size < sizeof *t || t->object == 0;
    tracer->backwards += t->time_ms < tracer->last_ms;
    tracer->last_ms = t->time_ms;
    (void)snprintf(line, sizeof line, "%s %s %s %s; ", t->machine, t->state, t->input, t->next);
    if (strlen(told) + strlen(line) < sizeof told) {
        strcat(told, line);
    }
    if (tracer->closes) {
        tracer->closes = 0;
        MUST(wc_loop_set_trace(tracer->loop, NULL, NULL, NULL));
    }
}

static void give_back(void *user)
{
    ((struct tracer *)user)->freed++;
}

/* What the program does: it answers an end by closing. */
static void act(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "eof") == 0) {
        log->number = told[0] == '\0';
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
}

static void a_life(void)
{
    struct tracer tracer;
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    int fd;
    memset(&tracer, 0, sizeof tracer);
    told[0] = '\0';
    EQUAL(wc_loop_set_trace(loop, note, &tracer, give_back), WC_OK, "a loop is traced");
    log->act = act;
    wire_listen(log);
    fd = wire_client(log->port);
    wire_send(fd, "x");
    CHECK(wire_run(loop, wire_got_data, log), "a connection comes");
    MUST(shutdown(fd, SHUT_WR));
    CHECK(wire_run(loop, wire_closed, log), "and goes");
    SAME(told, "connection Open PeerEof HalfOpen; connection HalfOpen Close Flushing; "
               "connection Flushing Drained Lingering; connection Lingering PeerEof Closed; ",
         "each change of its state is told, in order");
    EQUAL(log->number, 1, "after the callback of what changed it");
    told[0] = '\0';
    MUST(wc_listener_close(log->listener));
    MUST(wc_loop_run(loop));
    SAME(told, "listener Listening Close Closed; ", "so is the end of the listener");
    EQUAL(tracer.bad + tracer.backwards, 0, "with objects, and times that go on");
    close(fd);
    free(log);
    EQUAL(tracer.freed, 0, "the hook lives");
    EQUAL(wc_loop_free(loop), WC_OK, "as long as its loop");
    EQUAL(tracer.freed, 1, "then it ends");
}

static void outbound(void)
{
    struct tracer tracer;
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop), *out = wire_log_new(loop);
    wc_conn conn;
    memset(&tracer, 0, sizeof tracer);
    wire_listen(log);
    conn = wire_dial(out, log->port, NULL);
    MUST(wc_loop_set_trace(loop, note, &tracer, give_back));
    told[0] = '\0';
    CHECK(wire_run(loop, wire_opened, out), "an outbound connection is made");
    CHECK(strstr(told, "connection Connecting Connected Open; ") == told, "which is a change");
    MUST(wc_conn_close(conn, WC_CLOSE_RESET));
    CHECK(wire_run(loop, wire_closed, out), "it is closed");
    CHECK(strstr(told, "connection Open Abort Closed; ") != NULL, "at once, which is another");
    MUST(wc_loop_set_trace(loop, NULL, NULL, NULL));
    EQUAL(tracer.freed, 0, "the hook is taken away");
    told[0] = '\0';
    MUST(wc_listener_close(log->listener));
    CHECK(wire_run(loop, wire_closed, log), "the other end goes");
    EQUAL(tracer.freed, 1, "what the hook was given came back");
    SAME(told, "", "and it hears no more");
    MUST(wc_loop_free(loop));
    free(log);
    free(out);
}

/* What was before it began is not told, and the hook may take itself away. */
static void begins_in_the_middle(void)
{
    struct tracer tracer;
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    int fd, other;
    memset(&tracer, 0, sizeof tracer);
    tracer.loop = loop;
    tracer.closes = 1;
    told[0] = '\0';
    wire_listen(log);
    fd = wire_client(log->port);
    MUST(shutdown(fd, SHUT_WR));
    CHECK(wire_run(loop, wire_opened, log), "a connection comes, and its end");
    wire_turns(loop, 3);
    MUST(wc_loop_set_trace(loop, note, &tracer, give_back));
    wire_reset(fd);
    other = wire_client(log->port);
    MUST(wc_loop_free(loop));
    EQUAL(tracer.count, 1, "a hook that takes itself away is not called again");
    CHECK(strstr(told, "PeerEof") == NULL, "what was before is not told");
    EQUAL(tracer.freed, 1, "what it was given came back");
    EQUAL(wc_loop_set_trace(loop, note, &tracer, give_back), WC_E_GONE, "a loop that is gone");
    EQUAL(tracer.freed, 2, "takes nothing");
    close(other);
    free(log);
}

/* TRACES: what is told between two callbacks. */
static void bounded(void)
{
    struct tracer tracer;
    wc_loop loop = wire_loop();
    wc_listen_options where = wire_listen_options();
    wc_listener listeners[16];
    int at, round;
    memset(&tracer, 0, sizeof tracer);
    MUST(wc_loop_set_trace(loop, note, &tracer, NULL));
    for (round = 0; round < 40; round++) {
        for (at = 0; at < 16; at++) {
            MUST(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listeners[at]));
        }
        for (at = 0; at < 16; at++) {
            MUST(wc_listener_close(listeners[at]));
        }
    }
    MUST(wc_loop_run(loop));
    EQUAL(tracer.count, 512, "TRACES changes are kept for the hook");
    EQUAL(wire_stats(loop).transitions_dropped, 40 * 16 - 512, "the others are counted");
    MUST(wc_loop_free(loop));
}

int main(void)
{
    a_life();
    outbound();
    begins_in_the_middle();
    bounded();
    return tap_done();
}

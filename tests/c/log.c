/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The log hook: what the library would want to say, to whoever listens, and to nobody else. */
#include "tap.h"
#include "wire.h"

struct ear {
    int count;
    int freed;
    int bad;
    char told[1024];
    wc_status status;
    uint64_t object;
    int64_t number;
};

static void hear(const wc_log_line *line, void *user)
{
    struct ear *ear = user;
    ear->count++;
    ear->bad += line->size < sizeof *line || line->level < WC_LOG_ERROR ||
                line->level > WC_LOG_DEBUG || line->text == NULL;
    /* Of the first line: a busy machine may hold up any callback, this one too. */
    if (ear->count == 1) {
        ear->status = line->status;
        ear->object = line->object;
        ear->number = line->number;
    }
    if (strlen(ear->told) + strlen(line->text) + 8 < sizeof ear->told) {
        char level[8];
        (void)snprintf(level, sizeof level, "%d ", line->level);
        strcat(ear->told, level);
        strcat(ear->told, line->text);
        strcat(ear->told, "; ");
    }
}

static void give_back(void *user)
{
    ((struct ear *)user)->freed++;
}

static void hold(wc_timer timer, void *user)
{
    uint64_t start = wire_ns();
    (void)timer;
    (void)user;
    while (wire_ms_since(start) < 6) {
    }
}

static void refusals(void)
{
    struct ear ear;
    wc_loop loop = wire_loop();
    memset(&ear, 0, sizeof ear);
    EQUAL(wc_loop_set_log(loop, 5, hear, &ear, give_back), WC_E_INVAL, "there is no level 5");
    EQUAL(wc_loop_set_log(loop, -1, hear, &ear, give_back), WC_E_INVAL, "nor -1");
    EQUAL(wc_loop_set_log(0, WC_LOG_WARN, hear, &ear, give_back), WC_E_BADHANDLE, "nor no loop");
    EQUAL(ear.freed, 3, "each time what it was given comes back");
    EQUAL(wc_loop_set_log(loop, WC_LOG_NONE, hear, &ear, give_back), WC_OK, "none is none");
    EQUAL(wc_loop_set_log(loop, WC_LOG_DEBUG, NULL, &ear, give_back), WC_OK, "so is null");
    MUST(wc_loop_run(loop));
    EQUAL(ear.freed, 5, "and what it was given comes back too");
    MUST(wc_loop_free(loop));
}

/* A listener that may have one connection pauses with it, and with the one behind it. */
static void a_pause(int level, const char *want)
{
    struct ear ear;
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_listen_options where = wire_listen_options();
    int first, second;
    memset(&ear, 0, sizeof ear);
    MUST(wc_loop_set_log(loop, level, hear, &ear, give_back));
    where.max_connections = 1;
    wire_listen_with(log, &where, NULL);
    first = wire_client(log->port);
    CHECK(wire_run(loop, wire_opened, log), "one connection is accepted");
    second = wire_client(log->port);
    wire_turns(loop, 5);
    wire_reset(first);
    CHECK(wire_run(loop, wire_closed, log), "it ends");
    wire_turns(loop, 5);
    SAME(ear.told, want, "what is said at this level");
    EQUAL(ear.bad, 0, "is well formed");
    CHECK(ear.count == 0 || ear.object == log->listener, "and about the listener");
    close(second);
    MUST(wc_loop_free(loop));
    EQUAL(ear.freed, 1, "the hook ends with the loop");
    free(log);
}

static void slow_callbacks(void)
{
    struct ear ear;
    wc_loop loop = wire_loop();
    wc_timer timer = 0;
    int before;
    memset(&ear, 0, sizeof ear);
    MUST(wc_loop_set_log(loop, WC_LOG_WARN, hear, &ear, give_back));
    MUST(wc_loop_set_watchdog(loop, 5, NULL, NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, hold, NULL, NULL, &timer));
    MUST(wc_loop_run(loop));
    CHECK(strstr(ear.told, "2 a callback took longer than slow_ms: so many ms; ") == ear.told,
          "it is said");
    CHECK(ear.object == timer, "of whom");
    CHECK(ear.number >= 6, "and how many");
    before = ear.count;
    MUST(wc_loop_set_log(loop, WC_LOG_ERROR, hear, &ear, give_back));
    MUST(wc_timer_start(loop, 0, 0, hold, NULL, NULL, &timer));
    MUST(wc_loop_run(loop));
    EQUAL(ear.count, before, "who asks for less hears less");
    EQUAL(ear.freed, 1, "the hook before has ended");
    MUST(wc_loop_free(loop));
}

static void pulled(void)
{
    struct ear ear;
    wc_loop loop = wire_loop();
    wc_event event;
    memset(&ear, 0, sizeof ear);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_loop_set_log(loop, WC_LOG_WARN, hear, &ear, NULL));
    MUST(wc_loop_set_watchdog(loop, 5, NULL, NULL, NULL));
    MUST(wc_timer_start(loop, 0, 0, NULL, NULL, NULL, NULL));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    hold(0, NULL);
    EQUAL(ear.count, 0, "an event is at hand");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "when the next is asked for");
    CHECK(ear.count >= 1, "the hook is called");
    MUST(wc_loop_free(loop));
}

/* LOGS: what is said between two callbacks. Late bytes are a line each. */
static void bounded(void)
{
    struct ear ear;
    wc_loop loop = wire_loop();
    struct wire_log *log = wire_log_new(loop);
    wc_event event;
    int fd, at;
    memset(&ear, 0, sizeof ear);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_loop_set_log(loop, WC_LOG_INFO, hear, &ear, NULL));
    wire_listen(log);
    fd = wire_client(log->port);
    CHECK(wire_run(loop, wire_opened, log), "a connection is accepted");
    MUST(wc_conn_close(log->conn, WC_CLOSE_NOW));
    for (at = 0; at < 300; at++) {
        MUST(wc_conn_send_async(log->conn, "late", 4));
    }
    CHECK(wire_run(loop, wire_closed, log), "it ends before another thread's bytes come");
    wire_turns(loop, 2);
    CHECK(strstr(ear.told, "bytes of another thread come too late; ") != NULL, "which is said");
    EQUAL(ear.status, WC_E_GONE, "with the reason");
    EQUAL(ear.number, 4, "and how many they were");
    EQUAL(ear.count, 256, "LOGS lines are kept");
    EQUAL(wire_stats(loop).lines_dropped, 300 - 256, "the others are counted");
    close(fd);
    MUST(wc_loop_free(loop));
    free(log);
}

int main(void)
{
    refusals();
    a_pause(WC_LOG_INFO, "2 a listener stops accepting; 3 a listener accepts again; "
                         "2 a listener stops accepting; ");
    a_pause(WC_LOG_WARN, "2 a listener stops accepting; 2 a listener stops accepting; ");
    a_pause(WC_LOG_ERROR, "");
    slow_callbacks();
    pulled();
    bounded();
    return tap_done();
}

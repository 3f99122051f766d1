/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Output that the peer does not take, input that it does not end: marks, budgets, fairness. */
#include <sys/resource.h>

#include "backend.h"
#include "tap.h"
#include "wire.h"

static char plenty[4 << 20];

/* A client of the library whose connection is not made yet: nothing of what is queued goes out, so
 * the marks are met to the byte. */
static void marks(const wc_conn_options *how)
{
    struct wire_log *server = wire_log_new(wire_loop());
    struct wire_log *client = wire_log_new(server->loop);
    wc_conn conn;
    size_t queued = 7;
    int32_t state = -1;
    wc_conn_options defaults = wire_conn_options();
    const wc_conn_options *is = how != NULL ? how : &defaults;
    wire_listen(server);
    conn = wire_dial(client, server->port, how);
    EQUAL(wc_conn_state(conn, &state), WC_OK, "it tells its state");
    EQUAL(state, WC_CONN_CONNECTING, "which is connecting");
    EQUAL(wc_conn_queued(conn, &queued), WC_OK, "it tells what is queued");
    EQUAL(queued, 0, "which is nothing");
    EQUAL(wc_conn_queued(conn, NULL), WC_E_INVAL, "a null output is refused");
    EQUAL(wc_conn_send(conn, NULL, 1), WC_E_INVAL, "so is a byte from null");
    EQUAL(wc_conn_send(conn, NULL, 0), WC_OK, "no bytes may come from there");
    EQUAL(wc_conn_send(conn, plenty, is->write_high), WC_OK, "up to write_high it is not full");
    EQUAL(wc_conn_send(conn, plenty, 1), WC_FULL, "a byte more is accepted, and full");
    for (queued = is->write_high + 1; is->write_limit - queued >= sizeof plenty;
         queued += sizeof plenty) {
        MUST(wc_conn_send(conn, plenty, sizeof plenty));
    }
    EQUAL(wc_conn_send(conn, plenty, is->write_limit - queued + 1), WC_E_LIMIT,
          "what would pass write_limit is refused");
    EQUAL(wc_conn_send(conn, plenty, is->write_limit - queued), WC_FULL,
          "what reaches it is accepted");
    EQUAL(wc_conn_send(conn, plenty, 1), WC_E_LIMIT, "then not a byte");
    EQUAL(wc_conn_send_frame(conn, plenty, 1), WC_E_LIMIT, "nor a frame");
    MUST(wc_conn_queued(conn, &queued));
    EQUAL(queued, is->write_limit, "all that was accepted is queued");
    EQUAL(client->drained, 0, "nothing has drained");
    EQUAL(wc_conn_close(conn, WC_CLOSE_RESET), WC_OK, "it is closed");
    CHECK(wire_run(client->loop, wire_closed, client), "and over");
    SAME(client->story, "close(WC_OK) ", "without having been open");
    EQUAL(client->freed, 1, "its user pointer came back");
    MUST(wc_loop_free(server->loop));
    free(server);
    free(client);
}

static int took_it_all(void *log)
{
    return ((struct wire_log *)log)->received == (size_t)((struct wire_log *)log)->number;
}

/* Queued before it is made, it arrives after; each FULL before a drain is answered by that one. */
static void queued_while_connecting(void)
{
    struct wire_log *server = wire_log_new(wire_loop());
    struct wire_log *client = wire_log_new(server->loop);
    wc_conn conn;
    int full = 0, at;
    wire_listen(server);
    conn = wire_dial(client, server->port, NULL);
    for (at = 0; at < 3; at++) {
        full += wc_conn_send(conn, plenty, sizeof plenty) == WC_FULL;
    }
    server->number = 3 * sizeof plenty;
    EQUAL(full, 3, "three times full before the connection is made");
    CHECK(wire_run(server->loop, took_it_all, server), "all of it arrives");
    wire_turns(server->loop, 3);
    EQUAL(client->drained, 1, "one drain follows");
    CHECK(strncmp(client->story, "open drain ", 11) == 0, "after the open");
    MUST(wc_loop_free(server->loop));
    free(server);
    free(client);
}

/* Fills up, and again at each drain, some times. */
static void fill(struct wire_log *log, const char *event, wc_conn conn)
{
    size_t queued = 0;
    if (strcmp(event, "open") != 0 && strcmp(event, "drain") != 0) {
        return;
    }
    if (event[0] == 'd') {
        MUST(wc_conn_queued(conn, &queued));
        log->step += queued > 262144;
    }
    if (log->drained < 3) {
        while (wc_conn_send(conn, plenty, 65536) == WC_OK) {
        }
        log->number++;
    } else {
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
}

static void each_full_has_its_drain(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    struct wire_reader reader = {-1, {0}, 0, 0, 0, 0, 0};
    log->act = fill;
    wire_listen(log);
    reader.fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_has, &reader), "a peer reads to the end");
    EQUAL(log->number, 3, "meanwhile the queue was full three times");
    EQUAL(log->drained, 3, "and drained as often");
    EQUAL(log->step, 0, "each time down to write_low or below");
    MUST(close(reader.fd));
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* One sends without end, another now and then: neither waits for the other. */
static struct {
    uint64_t turn;
    size_t in_turn, most, largest;
    int turns;
} budget;

static void measure(struct wire_log *log, const char *event, wc_conn conn)
{
    uint64_t turn = wire_stats(log->loop).turns;
    (void)conn;
    if (strcmp(event, "data") == 0) {
        budget.turns += turn != budget.turn;
        budget.in_turn = turn == budget.turn ? budget.in_turn + log->data_len : log->data_len;
        budget.turn = turn;
        budget.most = budget.in_turn > budget.most ? budget.in_turn : budget.most;
        budget.largest = log->data_len > budget.largest ? log->data_len : budget.largest;
    }
}

static int much_came(void *log)
{
    return ((struct wire_log *)log)->received >= 2000000;
}

/* READ_BUDGET, HOT_BUFFER */
static void one_reads_no_more_than_its_budget(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    int fd, room = 4 << 20;
    ssize_t more, sent = 0;
    log->act = measure;
    wire_listen(log);
    fd = wire_client(log->port);
    MUST(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room));
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    while (sent < 2000000) {
        more = send(fd, plenty, 2000000 - (size_t)sent, MSG_NOSIGNAL);
        sent += more > 0 ? more : 0;
        if (more < 0) {
            wire_turns(log->loop, 1);
        }
    }
    CHECK(wire_run(log->loop, much_came, log), "two million bytes come");
    CHECK(budget.largest <= 65536, "no piece is larger than the receive buffer");
    CHECK(budget.most <= 262144, "no turn takes more than the budget");
    CHECK(budget.turns >= 8, "so it took some turns");
    MUST(close(fd));
    MUST(wc_loop_free(log->loop));
    free(log);
}

struct pair {
    struct wire_log *loud, *quiet;
    int loud_fd, quiet_fd;
};

static void pong(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send(conn, log->data, log->data_len));
    }
}

/* Pushes what fits at the loud end; the quiet end sends its next byte when the last came back. */
static int a_hundred_answers(void *user)
{
    struct pair *pair = user;
    char byte;
    while (send(pair->loud_fd, plenty, sizeof plenty, MSG_NOSIGNAL) > 0) {
    }
    if (recv(pair->quiet_fd, &byte, 1, 0) == 1) {
        pair->quiet->number++;
        wire_send(pair->quiet_fd, "?");
    }
    return pair->quiet->number >= 100;
}

static void neither_starves(void)
{
    struct pair pair;
    wc_loop loop = wire_loop();
    uint64_t turns;
    size_t before;
    pair.loud = wire_log_new(loop);
    pair.quiet = wire_log_new(loop);
    pair.quiet->act = pong;
    wire_listen(pair.loud);
    wire_listen(pair.quiet);
    pair.loud_fd = wire_client(pair.loud->port);
    pair.quiet_fd = wire_client(pair.quiet->port);
    wire_send(pair.quiet_fd, "?");
    turns = wire_stats(loop).turns;
    before = pair.loud->received;
    CHECK(wire_run(loop, a_hundred_answers, &pair), "a quiet peer is answered a hundred times");
    turns = wire_stats(loop).turns - turns;
    printf("# %lu turns, %lu bytes\n", (unsigned long)turns,
           (unsigned long)(pair.loud->received - before));
    CHECK(pair.loud->received - before > 1000000, "while a loud one makes progress, too");
    CHECK((pair.loud->received - before) / turns <= 262144, "within its budget in each turn");
    MUST(close(pair.loud_fd));
    MUST(close(pair.quiet_fd));
    MUST(wc_loop_free(loop));
    free(pair.loud);
    free(pair.quiet);
}

/* BATCH: more connections have something to say than one wait tells. */
#define CROWD 1100

static uint64_t most_events;
static uint64_t seen_turn, seen_events;

static void count_events(struct wire_log *log, const char *event, wc_conn conn)
{
    (void)conn;
    if (strcmp(event, "data") == 0) {
        wc_loop_stats stats = wire_stats(log->loop);
        if (stats.turns == seen_turn + 1 && stats.events - seen_events > most_events) {
            most_events = stats.events - seen_events;
        }
        seen_turn = stats.turns;
        seen_events = stats.events;
    }
}

static int all_here(void *log)
{
    return ((struct wire_log *)log)->opened == CROWD;
}

static int all_said(void *log)
{
    return ((struct wire_log *)log)->received == CROWD;
}

static void a_crowd(void)
{
    static int fds[CROWD];
    struct wire_log *log = wire_log_new(wire_loop());
    struct rlimit limit;
    int at;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_max < 2 * CROWD + 100 || backend_is("select")) {
        CHECK(1, "BATCH # SKIP too few descriptors are allowed here");
    } else {
        wc_loop loop = log->loop;
        MUST(wc_loop_free(loop));
        log->loop = wire_loop();
        wire_listen(log);
        for (at = 0; at < CROWD; at++) {
            fds[at] = wire_client(log->port);
        }
        CHECK(wire_run(log->loop, all_here, log), "a crowd connects");
        log->act = count_events;
        seen_turn = wire_stats(log->loop).turns;
        seen_events = wire_stats(log->loop).events;
        for (at = 0; at < CROWD; at++) {
            wire_send(fds[at], "!");
        }
        CHECK(wire_run(log->loop, all_said, log), "all say something at once, and are heard");
        CHECK(most_events <= 1024, "in turns of at most so many events");
        for (at = 0; at < CROWD; at++) {
            MUST(close(fds[at]));
        }
    }
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* POOL_BYTES: buffers of more than the pool keeps are in use at a time, and given back. */
static void more_buffers_than_the_pool_keeps(void)
{
    struct wire_log *server = wire_log_new(wire_loop());
    struct wire_log *client = wire_log_new(server->loop);
    wc_conn conns[32];
    int at, round;
    wire_listen(server);
    for (round = 1; round <= 2; round++) {
        for (at = 0; at < 32; at++) {
            conns[at] = wire_dial(client, server->port, NULL);
            MUST(wc_conn_send(conns[at], plenty, 512 << 10));
        }
        server->number = round * 32L * (512 << 10);
        CHECK(wire_run(server->loop, took_it_all, server), "sixteen MiB were queued and sent");
        for (at = 0; at < 32; at++) {
            MUST(wc_conn_close(conns[at], WC_CLOSE_RESET));
        }
    }
    MUST(wc_loop_free(server->loop));
    EQUAL(client->freed, 64, "every user pointer came back");
    free(server);
    free(client);
}

int main(void)
{
    wc_conn_options how = wire_conn_options();
    marks(NULL);
    how.write_low = 10;
    how.write_high = 100;
    how.write_limit = 1000;
    marks(&how);
    queued_while_connecting();
    each_full_has_its_drain();
    one_reads_no_more_than_its_budget();
    neither_starves();
    a_crowd();
    more_buffers_than_the_pool_keeps();
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many watchers: ten thousand pipes at once, none of them starved by another, by a connection or by
 * a timer; and the numbers of descriptors that the loop's own sockets get. */
#include <sys/resource.h>
#include <sys/stat.h>

#include "watching.h"

#define MANY 10000

static struct told pipes[MANY];

/* A FIFO that is open for both has one descriptor, not two: ten thousand are within the limit of
 * most systems. */
static int one_pipe(void)
{
    char name[] = "/tmp/webcore-many-XXXXXX";
    int fd = mkstemp(name);
    MUST(fd);
    MUST(close(fd));
    MUST(unlink(name));
    MUST(mkfifo(name, 0600));
    fd = open(name, O_RDWR | O_NONBLOCK);
    MUST(unlink(name));
    return fd;
}

static int wanted;

static int all_were_told(void *unused)
{
    int at, told = 0;
    (void)unused;
    for (at = 0; at < wanted; at++) {
        told += pipes[at].count > 0;
    }
    return told == wanted;
}

static int made_and_watched(wc_loop loop)
{
    int at, made = 0;
    for (at = 0; at < MANY; at++) {
        int fd = one_pipe();
        wc_status status = fd < 0 ? WC_E_OS : told_start(&pipes[at], loop, fd, WC_READ);
        if (status != WC_OK) {
            if (fd >= 0) {
                EQUAL(status, WC_E_NOFILES, "a number that the backend cannot hold is refused");
                EQUAL(pipes[at].freed, 1, "and its user pointer comes back");
                MUST(close(fd));
            }
            break;
        }
        made++;
    }
    return made;
}

static void ten_thousand(wc_loop loop)
{
    struct rlimit limit;
    wc_loop_stats stats;
    uint64_t turns;
    int at, made, told = 0;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    made = made_and_watched(loop);
    CHECK(made == MANY || pipes[made].freed == 1 || limit.rlim_max < MANY + 200,
          "ten thousand pipes are watched, or as many as can be");
    wire_turns(loop, 3);
    for (at = 0; at < made; at++) {
        told += pipes[at].count;
    }
    EQUAL(told, 0, "none is told while all are empty");
    for (at = 0; at < made; at += 100) {
        MUST(write(pipes[at].fd, "x", 1) == 1 ? 0 : -1);
    }
    wire_turns(loop, 5);
    for (at = 0; at < made; at++) {
        told += (pipes[at].count > 0) == (at % 100 == 0);
    }
    EQUAL(told, made, "of some that have input just those are told");
    for (at = 0; at < made; at++) {
        if (at % 100 != 0) {
            MUST(write(pipes[at].fd, "x", 1) == 1 ? 0 : -1);
        }
        pipes[at].count = 0;
    }
    wanted = made;
    stats = wire_stats(loop);
    turns = stats.turns;
    CHECK(wire_run(loop, all_were_told, NULL), "when all have input all are told");
    stats = wire_stats(loop);
    CHECK(stats.turns - turns < 64, "within a few turns, though no batch holds them all");
    EQUAL(stats.watches, made, "the loop counts them");
    for (at = 0; at < made; at++) {
        MUST(wc_watch_stop(pipes[at].watch));
    }
    wire_turns(loop, 1);
    for (told = at = 0; at < made; at++) {
        told += pipes[at].freed;
        MUST(close(pipes[at].fd));
    }
    EQUAL(told, made, "all have ended");
    EQUAL(wire_stats(loop).watches, 0, "and none is counted");
}

/* --- fairness --- */

static int fired;

static void on_fire(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    fired++;
}

/* A connection that is answered as often as it can be. */
static void answer(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        (void)wc_conn_send(conn, log->data, log->data_len);
    } else if (strcmp(event, "eof") == 0) {
        (void)wc_conn_close(conn, WC_CLOSE_FLUSH);
    }
}

struct match {
    struct wire_log *log;
    int client;
    int rounds;
};

/* The client asks again as soon as it has its answer. */
static int many_rounds(void *user)
{
    struct match *match = user;
    char byte;
    while (recv(match->client, &byte, 1, 0) == 1) {
        match->rounds++;
        wire_send(match->client, "x");
    }
    return match->rounds >= 50;
}

static void nobody_is_starved(wc_loop loop)
{
    struct told file, busy[20];
    struct match match = {wire_log_new(loop), -1, 0};
    int at, ends[20][2], fd = open("/dev/null", O_RDWR);
    uint64_t least = UINT64_MAX, turns;
    wc_timer timer;
    MUST(fd);
    MUST(told_start(&file, loop, fd, WC_READ | WC_WRITE));
    for (at = 0; at < 20; at++) {
        full_pipe(ends[at]);
        MUST(told_start(&busy[at], loop, ends[at][0], WC_READ));
    }
    match.log->act = answer;
    wire_listen(match.log);
    match.client = wire_client(match.log->port);
    wire_send(match.client, "x");
    MUST(wc_timer_start(loop, 0, 1, on_fire, NULL, NULL, &timer));
    turns = wire_stats(loop).turns;
    CHECK(wire_run(loop, many_rounds, &match), "a connection gets its answers");
    turns = wire_stats(loop).turns - turns;
    for (at = 0; at < 20; at++) {
        least = (uint64_t)busy[at].count < least ? (uint64_t)busy[at].count : least;
    }
    CHECK(least + 2 >= turns, "while watchers that are never read are told each turn");
    CHECK((uint64_t)file.count + 2 >= turns, "and one that is always ready, too");
    CHECK(fired >= 25, "and timers fire");
    told_stop(&file);
    for (at = 0; at < 20; at++) {
        told_stop(&busy[at]);
        close_both(ends[at]);
    }
    MUST(wc_timer_cancel(timer));
    MUST(wc_listener_close(match.log->listener));
    MUST(close(match.client));
    CHECK(wire_run(loop, wire_closed, match.log), "the connection ends");
    wire_turns(loop, 2);
    EQUAL(match.log->freed, 1, "with its listener");
    free(match.log);
    MUST(close(fd));
}

/* --- a number that the program has closed becomes that of a connection --- */

static int got_again(void *reader)
{
    ((struct wire_reader *)reader)->want = 1;
    return wire_has(reader);
}

static void a_number_is_taken_over(wc_loop loop, uint32_t how)
{
    struct told told;
    struct wire_log *log = wire_log_new(loop);
    struct wire_reader reader;
    int ends[2], fd = -1;
    memset(&reader, 0, sizeof reader);
    pipe_of(ends);
    log->act = answer;
    wire_listen(log);
    MUST(told_start(&told, loop, ends[0], WC_READ | how));
    reader.fd = wire_client(log->port);
    /* The next descriptor of this process gets this number: that of the connection. */
    MUST(close(ends[0]));
    CHECK(wire_run(loop, wire_opened, log), "a connection gets the number of a closed descriptor");
    CHECK(is_open(ends[0]), "that very number");
    CHECK(wire_run(loop, was_told, &told), "who watched it is told");
    EQUAL(wc_watch_set(told.watch, WC_READ), WC_OK, "whatever it asks for");
    wire_turns(loop, 2);
    EQUAL(wc_watch_fd(told.watch, &fd), WC_OK, "it has a descriptor no more");
    EQUAL(fd, -1, "which shows");
    told_stop(&told);
    EQUAL(told.freed, 1, "it ends");
    wire_send(reader.fd, "x");
    CHECK(wire_run(loop, got_again, &reader), "the connection is served as any other");
    MUST(wc_listener_close(log->listener));
    MUST(close(reader.fd));
    CHECK(wire_run(loop, wire_closed, log), "to its end");
    wire_turns(loop, 2);
    free(log);
    MUST(close(ends[1]));
}

int main(void)
{
    wc_loop loop = wire_loop();
    int before = wire_descriptors();
    ten_thousand(loop);
    nobody_is_starved(loop);
    a_number_is_taken_over(loop, 0);
    a_number_is_taken_over(loop, WC_ADOPT);
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

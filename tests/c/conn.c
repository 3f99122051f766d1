/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections: their callbacks in order, both ends of both directions, closing, what is kept. */
#include "tap.h"
#include "wire.h"

static struct wire_log *begin(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wire_listen(log);
    return log;
}

static void end(struct wire_log *log)
{
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 1, "the user pointer came back once");
    free(log);
}

/* Echoes, and closes at the peer's end. */
static void echo(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        log->number += wc_conn_send(conn, log->data, log->data_len) == WC_OK;
    } else if (strcmp(event, "eof") == 0) {
        log->number += wc_conn_close(conn, WC_CLOSE_FLUSH) == WC_OK;
    }
}

static void in_order(void)
{
    struct wire_log *log = begin();
    struct wire_reader reader = {wire_client(log->port), {0}, 0, 0, 5, 0, 0};
    log->act = echo;
    wire_send(reader.fd, "hello");
    CHECK(wire_run(log->loop, wire_has, &reader), "what is sent comes back");
    CHECK(memcmp(reader.bytes, "hello", 5) == 0, "as it was");
    MUST(shutdown(reader.fd, SHUT_WR));
    reader.want = 0;
    CHECK(wire_run(log->loop, wire_has, &reader), "our end is answered with theirs");
    CHECK(wire_run(log->loop, wire_closed, log), "the connection is over");
    SAME(log->story, "open data eof close(WC_OK) ", "in this order");
    EQUAL(log->number, 2, "every call was accepted");
    EQUAL(wc_conn_send(log->conn, "x", 1), WC_E_GONE, "its handle is gone");
    wire_turns(log->loop, 1);
    EQUAL(wire_stats(log->loop).connections, 0, "no connection is left");
    MUST(close(reader.fd));
    end(log);
}

/* At the peer's end: sends what is longer than any buffer between, then shuts down. */
static char plenty[4 << 20];

static void answer_at_the_end(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "eof") == 0) {
        int32_t state = -1;
        MUST(wc_conn_state(conn, &state));
        log->step = state;
        MUST(wc_conn_send(conn, plenty, sizeof plenty));
        log->number = wc_conn_shutdown(conn) * 10 + wc_conn_shutdown(conn);
        log->number += wc_conn_send(conn, "more", 4);
    }
}

static void the_peer_ends_first(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    struct wire_reader reader = {-1, {0}, 0, 0, 0, 0, 0};
    wc_conn_options roomy = wire_conn_options();
    roomy.write_high = roomy.write_limit;
    wire_listen_with(log, NULL, &roomy);
    reader.fd = wire_client(log->port);
    log->act = answer_at_the_end;
    wire_send(reader.fd, "question");
    MUST(shutdown(reader.fd, SHUT_WR));
    CHECK(wire_run(log->loop, wire_has, &reader), "the peer ended, and reads our answer");
    EQUAL(reader.total, sizeof plenty, "all of it");
    EQUAL(log->received, 8, "its question was read before its end");
    EQUAL(log->step, WC_CONN_HALF_OPEN, "in between the connection is half open");
    EQUAL(log->number, 2 * WC_E_STATE, "after a shutdown neither another nor a send is accepted");
    CHECK(wire_run(log->loop, wire_closed, log), "when both ends have ended it is over");
    SAME(log->story, "open data eof close(WC_OK) ", "in this order");
    MUST(close(reader.fd));
    end(log);
}

static void shut_at_once(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        log->number = wc_conn_send(conn, "bye", WC_NTS) + wc_conn_shutdown(conn);
    }
}

static void we_end_first(void)
{
    struct wire_log *log = begin();
    struct wire_reader reader = {wire_client(log->port), {0}, 0, 0, 0, 0, 0};
    int32_t state = -1;
    log->act = shut_at_once;
    CHECK(wire_run(log->loop, wire_has, &reader), "our shutdown shows as the end");
    EQUAL(log->number, WC_OK, "it was accepted");
    SAME(reader.bytes, "bye", "behind what was queued before");
    EQUAL(wc_conn_state(log->conn, &state), WC_OK, "the connection tells its state");
    EQUAL(state, WC_CONN_OPEN, "input is open");
    wire_send(reader.fd, "still here");
    MUST(shutdown(reader.fd, SHUT_WR));
    CHECK(wire_run(log->loop, wire_closed, log), "until the peer ends as well");
    EQUAL(log->received, 10, "what it sent came");
    SAME(log->story, "open data eof close(WC_OK) ", "in this order");
    MUST(close(reader.fd));
    end(log);
}

/* The end of the peer is here before the loop has read a byte. */
static void an_end_discards_no_input(void)
{
    struct wire_log *log = begin();
    int fd = wire_client(log->port);
    static const char many[30000];
    log->act = echo;
    MUST(send(fd, many, sizeof many, MSG_NOSIGNAL));
    MUST(shutdown(fd, SHUT_WR));
    CHECK(wire_run(log->loop, wire_closed, log), "the peer sent and ended before we looked");
    EQUAL(log->received, sizeof many, "all that it sent was shown");
    MUST(close(fd));
    end(log);
}

static void close_at_eof(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "eof") == 0) {
        log->number = wc_conn_close(conn, WC_CLOSE_FLUSH);
    }
}

static void a_hang_up_discards_no_input(void)
{
    struct wire_log *log = begin();
    int fd = wire_client(log->port);
    log->act = close_at_eof;
    wire_send(fd, "last words");
    MUST(close(fd));
    CHECK(wire_run(log->loop, wire_closed, log), "the peer sent and hung up before we looked");
    EQUAL(log->received, 10, "all that it sent was shown");
    end(log);
}

static void a_reset_is_told(void)
{
    struct wire_log *log = begin();
    int fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "a peer connects");
    wire_reset(fd);
    CHECK(wire_run(log->loop, wire_closed, log), "and resets");
    EQUAL(log->why, WC_E_RESET, "on_close says so");
    EQUAL(log->os_error, ECONNRESET, "with the system's number");
    end(log);
}

static void ask_inside(struct wire_log *log, const char *event, wc_conn conn)
{
    int32_t state = -1;
    MUST(wc_conn_state(conn, &state));
    log->number += strncmp(event, "close", 5) == 0 && state == WC_CONN_CLOSED &&
                   wc_conn_close(conn, WC_CLOSE_NOW) == WC_E_GONE &&
                   wc_conn_send(conn, "x", 1) == WC_E_GONE &&
                   wc_conn_pause(conn) == WC_E_GONE;
}

static void close_now_and_reset(int how)
{
    struct wire_log *log = begin();
    struct wire_reader reader = {wire_client(log->port), {0}, 0, 0, 0, 0, 0};
    log->act = ask_inside;
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    EQUAL(wc_conn_close(log->conn, 3), WC_E_INVAL, "there is no such way to close");
    EQUAL(wc_conn_close(log->conn, -1), WC_E_INVAL, "nor such");
    EQUAL(wc_conn_close(log->conn, how), WC_OK, "it is closed at once");
    EQUAL(log->closed, 0, "on_close does not come from within the call");
    EQUAL(wc_conn_close(log->conn, how), WC_E_GONE, "it is closed already");
    CHECK(wire_run(log->loop, wire_has, &reader), "the peer sees it");
    EQUAL(reader.error, how == WC_CLOSE_RESET ? ECONNRESET : 0, "as an end or as a reset");
    EQUAL(log->why, WC_OK, "on_close says that the program wanted it");
    EQUAL(log->number, 1, "in on_close the state is Closed, and nothing can be done any more");
    SAME(log->story, "open close(WC_OK) ", "nothing else came");
    EQUAL(wc_conn_close(log->conn, how), WC_E_GONE, "the handle is gone");
    MUST(close(reader.fd));
    end(log);
}

static void send_and_close(struct wire_log *log, const char *event, wc_conn conn)
{
    int32_t state = -1;
    if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send(conn, plenty, 1 << 20));
        log->number = wc_conn_close(conn, WC_CLOSE_FLUSH);
        MUST(wc_conn_state(conn, &state));
        log->step = state;
        log->number += wc_conn_send(conn, "x", 1) == WC_E_STATE ? 0 : 100;
        log->number += wc_conn_close(conn, WC_CLOSE_FLUSH);
    }
}

/* The peer reads late, and goes on sending: what is unread in our system when the descriptor is
 * closed would make it send a reset, and that would take the last bytes of the answer with it. */
static void close_flush_delivers_everything(void)
{
    struct wire_log *log = begin();
    struct wire_reader reader = {wire_client(log->port), {0}, 0, 0, 1, 0, 0};
    log->act = send_and_close;
    wire_send(reader.fd, "please");
    CHECK(wire_run(log->loop, wire_has, &reader), "the answer begins");
    EQUAL(log->number, WC_OK, "close was accepted with a mebibyte queued, twice, a send was not");
    EQUAL(log->step, WC_CONN_FLUSHING, "it is being flushed");
    wire_send(reader.fd, "and another thing");
    wire_turns(log->loop, 3);
    wire_send(reader.fd, "and yet another");
    reader.want = 0;
    CHECK(wire_run(log->loop, wire_has, &reader), "the answer ends");
    EQUAL(reader.total, 1 << 20, "every byte of it came");
    EQUAL(reader.error, 0, "and an end, not a reset");
    MUST(close(reader.fd));
    CHECK(wire_run(log->loop, wire_closed, log), "then the connection is over");
    SAME(log->story, "open data close(WC_OK) ", "what came after the close was not shown");
    end(log);
}

/* Keeps what is no whole word of three bytes. Of two calls in a callback the later one counts. */
static void keep_rest(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        size_t rest = log->data_len % 3;
        log->number += wc_conn_keep(conn, log->data_len + 1) == WC_E_STATE ? 0 : 1;
        log->number += wc_conn_keep(conn, log->data_len) == WC_OK ? 0 : 1;
        log->number += wc_conn_keep(conn, rest) == WC_OK ? 0 : 1;
        log->len -= rest;
        log->received -= rest;
        log->step++;
    } else {
        log->number += wc_conn_keep(conn, 0) == (log->closed ? WC_E_GONE : WC_E_STATE) ? 0 : 1;
    }
    if (strcmp(event, "eof") == 0) {
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
}

static int nine(void *log)
{
    return ((struct wire_log *)log)->received >= 9;
}

static int shown_twice(void *log)
{
    return ((struct wire_log *)log)->step >= 2;
}

static void what_is_kept_is_shown_again(void)
{
    struct wire_log *log = begin();
    int fd = wire_client(log->port);
    log->act = keep_rest;
    wire_send(fd, "abcde");
    CHECK(wire_run(log->loop, wire_got_data, log), "five bytes come, two are kept");
    EQUAL(log->received, 3, "three are used");
    EQUAL(wc_conn_keep(log->conn, 0), WC_E_STATE, "outside of on_data nothing can be kept");
    wire_turns(log->loop, 3);
    EQUAL(log->step, 1, "they are not shown until more comes");
    wire_send(fd, "f");
    CHECK(wire_run(log->loop, shown_twice, log), "one more comes");
    wire_send(fd, "ghi");
    CHECK(wire_run(log->loop, nine, log), "the rest comes");
    CHECK(memcmp(log->bytes, "abcdefghi", 9) == 0, "every byte once, in order");
    EQUAL(log->number, 0, "more than is shown cannot be kept, nor anything where none is");
    MUST(close(fd));
    CHECK(wire_run(log->loop, wire_closed, log), "the end");
    end(log);
}

static void pause_at_first(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        log->number = wc_conn_pause(conn);
    }
    close_at_eof(log, event, conn);
}

static void pause_and_resume(void)
{
    struct wire_log *log = begin();
    int fd = wire_client(log->port);
    log->act = pause_at_first;
    wire_send(fd, "later");
    MUST(shutdown(fd, SHUT_WR));
    CHECK(wire_run(log->loop, wire_opened, log), "a connection pauses as it opens");
    wire_turns(log->loop, 5);
    SAME(log->story, "open ", "neither bytes nor their end are shown");
    EQUAL(wc_conn_pause(log->conn), WC_OK, "a second pause is no matter");
    EQUAL(wc_conn_resume(log->conn), WC_OK, "it resumes");
    EQUAL(wc_conn_resume(log->conn), WC_OK, "a second resume is no matter");
    CHECK(wire_run(log->loop, wire_closed, log), "then they come");
    SAME(log->story, "open data eof close(WC_OK) ", "in order");
    MUST(close(fd));
    end(log);
}

/* The peer is gone before we write: the first write finds out, the next ones know. */
static void write_to_nobody(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send(conn, plenty, sizeof plenty));
        log->number = wc_conn_send(conn, "more", 4);
        log->step = wc_conn_shutdown(conn);
    }
}

static void a_reset_meets_output(void)
{
    struct wire_log *log = begin();
    int fd = wire_client(log->port);
    log->act = write_to_nobody;
    wire_send(fd, "last words");
    wire_reset(fd);
    CHECK(wire_run(log->loop, wire_closed, log), "a peer resets before we answer");
    EQUAL(log->received, 10, "what it sent is shown all the same");
    EQUAL(log->number, WC_E_RESET, "then nothing more can be sent");
    EQUAL(log->step, WC_E_RESET, "nor ended");
    CHECK(strncmp(log->story, "open data ", 10) == 0, "in this order");
    EQUAL(log->why, WC_E_RESET, "and on_close says why");
    end(log);
}

/* User pointers of the connection's own. */
struct own {
    struct wire_log *log;
    int freed;
};

static struct own owners[2];

static void own_freed(void *user)
{
    ((struct own *)user)->freed++;
}

static void own_close(wc_conn conn, wc_status why, int32_t os_error, void *user)
{
    struct own *own = user;
    (void)os_error;
    own->log->number = wc_conn_set_user(conn, &owners[1], own_freed);
    own->log->step = own->freed + owners[1].freed;
    own->log->why = why;
    own->log->closed++;
}

static void users(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_conn_callbacks all = wire_callbacks();
    void *user = NULL;
    int fd;
    all.on_close = own_close;
    MUST(wc_listen(log->loop, &where, NULL, &all, log, wire_freed, &log->listener));
    MUST(wc_listener_port(log->listener, &log->port));
    memset(owners, 0, sizeof owners);
    owners[0].log = owners[1].log = log;
    fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    EQUAL(wc_conn_set_user(log->conn, &owners[1], own_freed), WC_OK, "it gets a pointer");
    EQUAL(wc_conn_set_user(log->conn, &owners[0], own_freed), WC_OK, "and another");
    EQUAL(owners[1].freed, 0, "the first does not come back from within the call");
    EQUAL(wc_conn_user(log->conn, &user), WC_OK, "it tells its pointer");
    CHECK(user == &owners[0], "which is the last");
    wire_turns(log->loop, 1);
    EQUAL(owners[1].freed, 1, "the first came back");
    MUST(wc_conn_close(log->conn, WC_CLOSE_NOW));
    CHECK(wire_run(log->loop, wire_closed, log), "on_close gets the pointer that was set");
    EQUAL(log->number, WC_OK, "in which one more can be set");
    EQUAL(log->step, 1, "none comes back before on_close is over");
    wire_turns(log->loop, 1);
    EQUAL(owners[0].freed, 1, "then the second does");
    EQUAL(owners[1].freed, 2, "and that of on_close");
    EQUAL(log->freed, 0, "the listener's stays");
    MUST(close(fd));
    end(log);
}

static void names(void)
{
    SAME(wc_state_name(WC_CONN_CONNECTING), "Connecting", "the states have names");
    SAME(wc_state_name(WC_CONN_OPEN), "Open", "each its own");
    SAME(wc_state_name(WC_CONN_HALF_OPEN), "HalfOpen", "as in docs/STATES.md");
    SAME(wc_state_name(WC_CONN_FLUSHING), "Flushing", "to be shown");
    SAME(wc_state_name(WC_CONN_LINGERING), "Lingering", "in logs");
    SAME(wc_state_name(WC_CONN_CLOSED), "Closed", "and by debuggers");
    SAME(wc_state_name(-1), "unknown", "other numbers have none");
    SAME(wc_state_name(6), "unknown", "whichever");
}

int main(void)
{
    names();
    in_order();
    the_peer_ends_first();
    we_end_first();
    an_end_discards_no_input();
    a_hang_up_discards_no_input();
    a_reset_is_told();
    close_now_and_reset(WC_CLOSE_NOW);
    close_now_and_reset(WC_CLOSE_RESET);
    close_flush_delivers_everything();
    what_is_kept_is_shown_again();
    pause_and_resume();
    a_reset_meets_output();
    users();
    return tap_done();
}

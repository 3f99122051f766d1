/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Streamed uploads: pause and resume, 100 (Continue), bodies that nobody reads, connections that
 * the program closes in the middle.
 */
#include "http_peer.h"
#include "tap.h"

static wc_loop loop;
static wc_request kept;
static wc_conn conn;
static int heads;
static int ends;
static int closed;
static wc_status why_closed;
static size_t body_bytes;
static int pause_at_head;
static int pause_at_body;
static int respond_at_head;
static int close_at_head;

static void on_head(wc_request request, void *user)
{
    (void)user;
    kept = request;
    heads++;
    must(wc_request_conn(request, &conn) == WC_OK, "wc_request_conn");
    if (respond_at_head) {
        must(respond_text(request, respond_at_head, "early") == WC_OK, "respond");
    }
    if (pause_at_head) {
        must(wc_conn_pause(conn) == WC_OK, "wc_conn_pause");
    }
    if (close_at_head) {
        must(wc_conn_close(conn, WC_CLOSE_FLUSH) == WC_OK, "wc_conn_close");
    }
}

static void on_body(wc_request request, const char *data, size_t len, void *user)
{
    (void)user;
    (void)data;
    must(request == kept, "the request of the head");
    body_bytes += len;
    if (pause_at_body) {
        must(wc_conn_pause(conn) == WC_OK, "wc_conn_pause");
    }
}

static void on_end(wc_request request, void *user)
{
    (void)user;
    ends++;
    if (!respond_at_head) {
        must(respond_text(request, 200, "ok") == WC_OK, "respond");
    }
}

static void on_close(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)user;
    closed++;
    why_closed = why;
}

/* A server of streamed requests and a client of it. */
static struct peer begin(const wc_http_options *options)
{
    wc_http_callbacks callbacks;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_head = on_head;
    callbacks.on_body = on_body;
    callbacks.on_end = on_end;
    callbacks.on_close = on_close;
    heads = ends = closed = 0;
    body_bytes = 0;
    pause_at_head = pause_at_body = respond_at_head = close_at_head = 0;
    why_closed = WC_OK;
    loop = new_loop();
    return peer_open(serve(loop, NULL, options, &callbacks, NULL));
}

static void end(struct peer *peer)
{
    peer_close(peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

#define HEAD "POST / HTTP/1.1\r\nHost: h\r\n"
#define LENGTH_5 "Content-Length: 5\r\n"
#define EXPECT "Expect: 100-continue\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static int starts_with(const struct peer *peer, const char *text)
{
    return peer->len >= strlen(text) && memcmp(peer->in, text, strlen(text)) == 0;
}

/* RFC 9110 section 10.1.1 */
static void expectations(void)
{
    struct peer peer = begin(NULL);
    peer_say(&peer, HEAD LENGTH_5 EXPECT "\r\n", WC_NTS);
    CHECK(until_bytes(loop, &peer, strlen(CONTINUE)), "something comes before the body");
    EQUAL(peer.len, strlen(CONTINUE), "nothing else");
    CHECK(starts_with(&peer, CONTINUE), "100 (Continue)");
    EQUAL(heads, 1, "behind on_head");
    peer.at = peer.len;
    peer_say(&peer, "hel", 3);
    CHECK(until_said(loop, &peer), "a part of the body");
    EQUAL(peer.len, peer.at, "one 100 is enough");
    peer_say(&peer, "lo", 2);
    EQUAL(until_status(loop, &peer), 200, "then the answer");
    peer_say(&peer, HEAD LENGTH_5 EXPECT "\r\n" "hello", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "no 100 where the body is there already");
    peer_say(&peer, HEAD EXPECT "Content-Length: 0\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "nor where there is none");
    peer_say(&peer, HEAD EXPECT "Transfer-Encoding: chunked\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 100, "one for a chunked body");
    peer_say(&peer, "0\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "that is empty");
    peer_say(&peer, "POST / HTTP/1.0\r\n" LENGTH_5 EXPECT "\r\n", WC_NTS);
    CHECK(until_said(loop, &peer), "a client of 1.0");
    EQUAL(peer.len, peer.at, "gets none");
    peer_say(&peer, "hello", 5);
    EQUAL(until_status(loop, &peer), 200, "but its answer");
    end(&peer);
}

static void an_early_answer_to_an_expectation(void)
{
    struct peer peer = begin(NULL);
    struct answer answer;
    char value[32];
    respond_at_head = 403;
    peer_say(&peer, HEAD LENGTH_5 EXPECT "\r\n", WC_NTS);
    CHECK(until_answer(loop, &peer, &answer), "an answer");
    EQUAL(answer.status, 403, "is the first thing that comes");
    CHECK(field_of(&answer, "Connection", value, sizeof value) && strcmp(value, "close") == 0,
          "and the last, for the body may come or not");
    answer_free(&answer);
    shutdown(peer.fd, SHUT_WR);
    EQUAL(until_end(loop, &peer), 1, "the connection ends");
    EQUAL(why_closed, WC_OK, "the request was answered whole");
    end(&peer);
}

/* A program that is not ready for the body at its head still has it asked for in the end. */
static void an_expectation_and_a_pause(void)
{
    struct peer peer = begin(NULL);
    pause_at_head = 1;
    peer_say(&peer, HEAD LENGTH_5 EXPECT "\r\n", WC_NTS);
    CHECK(until_set(loop, &peer, 1, &heads), "a head");
    CHECK(until_said(loop, &peer), "and a pause");
    EQUAL(peer.len, 0, "no 100 while it lasts");
    EQUAL(wc_conn_resume(conn), WC_OK, "resume");
    EQUAL(until_status(loop, &peer), 100, "now it comes");
    peer_say(&peer, "hello", 5);
    EQUAL(until_status(loop, &peer), 200, "and the answer");
    EQUAL(body_bytes, 5, "to a whole body");
    end(&peer);
}

#define UPLOAD (24u << 20)

static char zeros[1 << 20];

/* Sends more of an upload until the client is stopped; gives what was taken of it. */
static size_t push(struct peer *peer, size_t sent, size_t total)
{
    int idle = 0;
    while (sent < total && idle < 200) {
        size_t len = total - sent < sizeof zeros ? total - sent : sizeof zeros;
        ssize_t n = send(peer->fd, zeros, len, MSG_NOSIGNAL);
        must(n >= 0 || errno == EAGAIN, "send");
        sent += n > 0 ? (size_t)n : 0;
        idle = loop_some(loop, idle > 2 ? 1 : 0) || n > 0 ? 0 : idle + 1;
    }
    return sent;
}

/* While a program pauses, its client is stopped by the system, and nothing is heaped up. */
static void a_pause_stops_the_client(void)
{
    wc_http_options options = http_defaults();
    wc_loop_stats stats;
    struct peer peer;
    char head[128];
    size_t sent;
    size_t before;
    options.max_body = UPLOAD;
    peer = begin(&options);
    pause_at_body = 1;
    stats.size = sizeof stats;
    (void)snprintf(head, sizeof head, HEAD "Content-Length: %u\r\n\r\n", UPLOAD);
    peer_say(&peer, head, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &heads), "a head");
    sent = push(&peer, 0, UPLOAD);
    CHECK(sent < UPLOAD, "the client is stopped");
    CHECK(body_bytes > 0 && body_bytes <= 65536, "by one piece at the most");
    must(wc_loop_get_stats(loop, &stats) == WC_OK, "wc_loop_get_stats");
    CHECK(stats.bytes_received <= 262144 + 65536, "HOT_BUFFER and READ_BUDGET bound what is read");
    before = body_bytes;
    EQUAL(wc_conn_resume(conn), WC_OK, "resume");
    loop_some(loop, 0);
    loop_some(loop, 0);
    CHECK(body_bytes > before, "shows the next piece, and pauses again");
    CHECK(body_bytes < sent, "not all of it");
    pause_at_body = 0;
    EQUAL(wc_conn_resume(conn), WC_OK, "resume");
    EQUAL(push(&peer, sent, UPLOAD), UPLOAD, "the client goes on to the end");
    EQUAL(until_status(loop, &peer), 200, "and is answered");
    EQUAL(body_bytes, UPLOAD, "for all that it sent");
    end(&peer);
}

/* HTTP_DISCARD: a body of 64 KiB that nobody wants is dropped, a longer one ends the connection. */
static void unread_bodies(void)
{
    static const struct {
        const char *name;
        const char *head;
        size_t length;
        int keeps;
    } cases[] = {
        {"64 KiB are dropped", HEAD "Content-Length: 65536\r\n\r\n", 65536, 1},
        {"a byte more ends it", HEAD "Content-Length: 65537\r\n\r\n", 65537, 0},
    };
    size_t i;
    for (i = 0; i < 2; i++) {
        struct peer peer = begin(NULL);
        struct answer answer;
        char value[32];
        respond_at_head = 200;
        peer_say(&peer, cases[i].head, WC_NTS);
        CHECK(until_answer(loop, &peer, &answer), cases[i].name);
        EQUAL(field_of(&answer, "Connection", value, sizeof value), !cases[i].keeps,
              "the answer says whether the connection goes on");
        answer_free(&answer);
        peer_say(&peer, zeros, cases[i].length);
        CHECK(until_said(loop, &peer), "the body comes all the same");
        EQUAL(body_bytes, 0, "and is not shown");
        if (cases[i].keeps) {
            peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
            EQUAL(until_status(loop, &peer), 200, "the next request is served");
        } else {
            shutdown(peer.fd, SHUT_WR);
            EQUAL(until_end(loop, &peer), 1, "the connection ends in order");
            EQUAL(peer.len - peer.at, 0, "with nothing more on it");
        }
        EQUAL(heads, cases[i].keeps ? 2 : 1, "no body was taken for a request");
        end(&peer);
    }
}

/* The same for a chunked body, whose length shows only as it comes. */
static void an_unread_chunked_body(void)
{
    static char chunk[70010];
    struct peer peer = begin(NULL);
    respond_at_head = 200;
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "11170\r\n", 7);
    memcpy(chunk + 7 + 70000, "\r\n", 2);
    peer_say(&peer, HEAD "Transfer-Encoding: chunked\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "an early answer");
    peer_say(&peer, chunk, 7 + 70000 + 2);
    CHECK(until_end(loop, &peer) == 1, "more than HTTP_DISCARD ends the connection");
    EQUAL(heads, 1, "no body was taken for a request");
    end(&peer);
}

/* What a program closes is closed: nothing more is told of it but the ends. */
static void closed_by_the_program(void)
{
    struct peer peer = begin(NULL);
    close_at_head = 1;
    peer_say(&peer, HEAD LENGTH_5 "\r\nhello" HEAD LENGTH_5 "\r\nworld", WC_NTS);
    shutdown(peer.fd, SHUT_RD);
    CHECK(until_set(loop, &peer, 1, &closed), "the request ends");
    EQUAL(why_closed, WC_E_GONE, "unanswered");
    EQUAL(heads, 1, "one head");
    EQUAL(body_bytes, 0, "no body");
    EQUAL(ends, 0, "no end of it");
    end(&peer);

    peer = begin(NULL);
    respond_at_head = 200;
    close_at_head = 1;
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "what was answered goes out");
    shutdown(peer.fd, SHUT_WR);
    EQUAL(until_end(loop, &peer), 1, "the connection ends in order");
    EQUAL(heads, 1, "the request behind it is not told of");
    EQUAL(peer.len - peer.at, 0, "nor answered");
    end(&peer);
}

static void keep_it(wc_request request, void *user)
{
    (void)user;
    must(wc_request_conn(request, &conn) == WC_OK, "wc_request_conn");
    EQUAL(wc_conn_keep(conn, 4), WC_E_STATE, "the bytes of a request are not to be kept");
    heads++;
    must(respond_text(request, 200, "ok") == WC_OK, "respond");
}

/* wc_conn_keep is for raw connections: here it would show bytes of one request to the next. */
static void no_bytes_twice(void)
{
    wc_http_callbacks callbacks;
    struct peer peer;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = keep_it;
    heads = 0;
    loop = new_loop();
    peer = peer_open(serve(loop, NULL, NULL, &callbacks, NULL));
    peer_say(&peer, HEAD LENGTH_5 "\r\nhello", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "an answer");
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "and the next");
    EQUAL(heads, 2, "to two requests");
    end(&peer);
}

int main(void)
{
    expectations();
    an_early_answer_to_an_expectation();
    a_pause_stops_the_client();
    unread_bodies();
    an_unread_chunked_body();
    closed_by_the_program();
    no_bytes_twice();
    an_expectation_and_a_pause();
    return tap_done();
}

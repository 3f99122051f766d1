/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Deadlines: of the head, the body, the answer, and between two requests. Each is waited for, with
 * a small value; what has to happen before one has seconds of room.
 */
#include "http_peer.h"
#include "tap.h"

static wc_loop loop;
static wc_request kept;
static wc_conn conn;
static int asked;
static int closed;
static wc_status why_closed;
static int rejects;
static int32_t reason;
static int32_t reject_status;
static int at_once;

static void on_request(wc_request request, void *user)
{
    (void)user;
    kept = request;
    asked++;
    if (at_once) {
        must(respond_text(request, 200, "ok") == WC_OK, "respond");
    }
}

static void on_head(wc_request request, void *user)
{
    (void)user;
    kept = request;
    asked++;
    must(wc_request_conn(request, &conn) == WC_OK, "wc_request_conn");
    must(wc_conn_pause(conn) == WC_OK, "wc_conn_pause");
}

static void on_end(wc_request request, void *user)
{
    (void)user;
    must(respond_text(request, 200, "ok") == WC_OK, "respond");
}

static void on_close(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)user;
    closed++;
    why_closed = why;
}

static void on_reject(wc_conn on, int32_t why, int32_t status, void *user)
{
    (void)on;
    (void)user;
    rejects++;
    reason = why;
    reject_status = status;
}

static wc_http_callbacks callbacks;

static uint16_t begin(const wc_http_options *options, int answers)
{
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = on_request;
    callbacks.on_close = on_close;
    callbacks.on_reject = on_reject;
    asked = closed = rejects = 0;
    reason = reject_status = 0;
    why_closed = WC_OK;
    at_once = answers;
    loop = new_loop();
    return serve(loop, NULL, options, &callbacks, NULL);
}

static void end(void)
{
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

/* The library answers by itself, says so, and ends the connection. */
static void refused(struct peer *peer, int status, int32_t why)
{
    struct answer answer;
    char value[64];
    CHECK(until_answer(loop, peer, &answer), "an answer of the library");
    EQUAL(answer.status, status, wc_http_reason_name(why));
    CHECK(field_of(&answer, "Connection", value, sizeof value) && strcmp(value, "close") == 0,
          "that ends the connection");
    CHECK(field_of(&answer, "Date", value, sizeof value), "with a date");
    answer_free(&answer);
    EQUAL(rejects, 1, "on_reject is told");
    EQUAL(reason, why, "the reason");
    EQUAL(reject_status, status, "and the status");
    shutdown(peer->fd, SHUT_WR);
    EQUAL(until_end(loop, peer), 1, "the connection ends in order");
    EQUAL(peer->len - peer->at, 0, "with nothing more on it");
}

static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/* The deadline of the head is absolute: a byte now and then does not put it off. */
static void a_slow_head(void)
{
    wc_http_options options = http_defaults();
    struct peer peer;
    size_t at = 0;
    long began, last;
    int idle = 0;
    static char drip[4096];
    options.head_ms = 500;
    peer = peer_open(begin(&options, 1));
    memset(drip, 'a', sizeof drip);
    memcpy(drip, "GET /", 5);
    began = last = now_ms();
    while (peer.len == 0 && !peer.ended && at < sizeof drip && now_ms() - began < DEADLINE_MS) {
        if (now_ms() - last >= 10) {
            last = now_ms();
            peer_say(&peer, drip + at++, 1);
        }
        turn_all(loop, &peer, 1, &idle);
    }
    CHECK(at > 1 && at < sizeof drip, "byte after byte, until it is enough");
    CHECK(now_ms() - began >= 500, "not before its time");
    refused(&peer, 408, WC_H_HEAD_TIME);
    EQUAL(asked, 0, "no request of it");
    peer_close(&peer);
    end();
}

/* Each head has the whole time for itself, also where it came with the end of the one before. */
static void each_head_has_its_time(void)
{
    static const char first[] = "GET / HTTP/1.1\r\nHos";
    static const char second[] = "t: h\r\n\r\nGET / HTTP/1.1\r\nHos";
    static const char third[] = "t: h\r\n\r\n";
    wc_http_options options = http_defaults();
    struct peer peer;
    long began;
    int idle = 0;
    options.head_ms = 3000;
    peer = peer_open(begin(&options, 1));
    peer_say(&peer, first, WC_NTS);
    CHECK(until_said(loop, &peer), "a part of a head");
    began = now_ms();
    while (now_ms() - began < 1500) {
        turn_all(loop, &peer, 1, &idle);
    }
    peer_say(&peer, second, WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "the rest of it, and a part of the next");
    while (now_ms() - began < 3200 && !rejects) {
        turn_all(loop, &peer, 1, &idle);
    }
    EQUAL(rejects, 0, "the time of the first is not that of the second");
    peer_say(&peer, third, WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "its rest");
    peer_close(&peer);
    end();
}

static void a_slow_body(void)
{
    wc_http_options options = http_defaults();
    struct peer peer;
    options.body_grace_ms = 100;
    options.body_rate = 1000000;
    peer = peer_open(begin(&options, 1));
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", WC_NTS);
    refused(&peer, 408, WC_H_BODY_TIME);
    EQUAL(asked, 0, "no request of it");
    peer_close(&peer);
    end();
}

/* The program's own pause is not the client's fault. */
static void a_paused_body(void)
{
    wc_http_options options = http_defaults();
    struct peer peer;
    long began;
    int idle = 0;
    options.body_grace_ms = 50;
    options.body_rate = 1000000;
    (void)begin(&options, 1);
    callbacks.on_request = NULL;
    callbacks.on_head = on_head;
    callbacks.on_end = on_end;
    peer = peer_open(serve(loop, NULL, &options, &callbacks, NULL));
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a head");
    began = now_ms();
    while (now_ms() - began < 1300) {
        turn_all(loop, &peer, 1, &idle);
    }
    EQUAL(rejects, 0, "a pause that is longer than the deadline");
    EQUAL(wc_conn_resume(conn), WC_OK, "resume");
    EQUAL(until_status(loop, &peer), 200, "the answer");
    peer_close(&peer);
    end();
}

static void a_slow_answer(void)
{
    wc_http_options options = http_defaults();
    struct peer peer;
    options.answer_ms = 50;
    peer = peer_open(begin(&options, 0));
    peer_say(&peer, get, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request");
    refused(&peer, 503, WC_H_ANSWER_TIME);
    EQUAL(closed, 1, "its request is over");
    EQUAL(why_closed, WC_E_TIMEOUT, "and on_close says why");
    EQUAL(respond_text(kept, 200, "late"), WC_E_GONE, "an answer is too late");
    peer_close(&peer);
    end();
}

/* It is the beginning of the answer that is waited for. */
static void an_answer_that_has_begun(void)
{
    wc_http_options options = http_defaults();
    struct peer peer;
    long began;
    int idle = 0;
    options.answer_ms = 1000;
    peer = peer_open(begin(&options, 0));
    peer_say(&peer, get, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request");
    EQUAL(wc_request_begin(kept, 200, NULL, 0, 2), WC_OK, "its answer begins");
    began = now_ms();
    while (now_ms() - began < 1200) {
        turn_all(loop, &peer, 1, &idle);
    }
    EQUAL(rejects, 0, "and may take its time");
    EQUAL(wc_request_write(kept, "ok", 2), WC_OK, "its body");
    EQUAL(wc_request_finish(kept), WC_OK, "its end");
    EQUAL(until_status(loop, &peer), 200, "the client has it");
    peer_close(&peer);
    end();
}

static void idle_connections(void)
{
    wc_http_options options = http_defaults();
    struct peer peers[2];
    uint16_t port;
    long began;
    options.keep_ms = 500;
    port = begin(&options, 1);
    began = now_ms();
    peers[0] = peer_open(port);
    peers[1] = peer_open(port);
    peer_say(&peers[0], get, WC_NTS);
    EQUAL(until_status(loop, &peers[0]), 200, "an answer");
    EQUAL(until_end(loop, &peers[0]), 1, "then nothing: the connection ends");
    CHECK(now_ms() - began >= 500, "not before its time");
    EQUAL(peers[0].len - peers[0].at, 0, "without a word");
    EQUAL(until_end(loop, &peers[1]), 1, "so does one that never said anything");
    EQUAL(peers[1].len, 0, "without a word, too");
    EQUAL(rejects, 0, "nothing was refused");
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    end();
}

/* The time between two requests does not run while one is being answered. */
static void no_idle_time_in_a_request(void)
{
    wc_http_options options = http_defaults();
    struct peer peer;
    long began;
    int idle = 0;
    options.keep_ms = 500;
    peer = peer_open(begin(&options, 0));
    peer_say(&peer, get, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request");
    began = now_ms();
    while (now_ms() - began < 700) {
        turn_all(loop, &peer, 1, &idle);
    }
    EQUAL(closed, 0, "it waits for its answer longer than that");
    EQUAL(respond_text(kept, 200, "ok"), WC_OK, "which comes");
    EQUAL(until_status(loop, &peer), 200, "and arrives");
    peer_close(&peer);
    end();
}

int main(void)
{
    a_slow_head();
    a_slow_body();
    a_paused_body();
    a_slow_answer();
    an_answer_that_has_begun();
    idle_connections();
    no_idle_time_in_a_request();
    each_head_has_its_time();
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The end of a server: draining it, stopping it, freeing it with requests alive. */
#include "http_peer.h"
#include "tap.h"

static wc_loop loop;
static wc_request kept;
static int asked;
static int closed;
static wc_status why_closed;
static int how_to_answer;

enum { LATER, AT_ONCE, AT_HEAD, STOP, FREE };

static void fire(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    must(respond_text(kept, 200, "in time") == WC_OK, "respond");
}

static void on_request(wc_request request, void *user)
{
    (void)user;
    kept = request;
    asked++;
    switch (how_to_answer) {
    case AT_ONCE:
    case AT_HEAD:
        must(respond_text(request, 200, "ok") == WC_OK, "respond");
        break;
    case STOP:
        must(respond_text(request, 200, "ok") == WC_OK, "respond");
        must(wc_loop_stop(loop) == WC_OK, "wc_loop_stop");
        break;
    case FREE:
        must(respond_text(request, 200, "ok") == WC_OK, "respond");
        must(wc_loop_free(loop) == WC_OK, "wc_loop_free");
        break;
    default:
        break;
    }
}

static void on_close(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)user;
    closed++;
    why_closed = why;
}

static uint16_t begin(int how)
{
    wc_http_callbacks callbacks;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    if (how == AT_HEAD) {
        callbacks.on_head = on_request;
    } else {
        callbacks.on_request = on_request;
    }
    callbacks.on_close = on_close;
    asked = closed = 0;
    why_closed = WC_NONE;
    how_to_answer = how;
    loop = new_loop();
    return serve(loop, NULL, NULL, &callbacks, NULL);
}

static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/* What a peer has once the loop has drained: the end, and nothing but `status` before it. */
static void ended(struct peer *peer, int status)
{
    struct answer answer;
    char value[64];
    int any = 1;
    while (any && !peer->ended) {
        any = peer_receive_some(peer);
    }
    if (status != 0) {
        CHECK(answer_take(peer, 0, &answer), "an answer");
        EQUAL(answer.status, status, "its status");
        CHECK(field_of(&answer, "Connection", value, sizeof value) && strcmp(value, "close") == 0,
              "the last one");
        answer_free(&answer);
    }
    EQUAL(peer->ended, 1, "the connection ended in order");
    EQUAL(peer->len - peer->at, 0, "with nothing more on it");
}

/* Idle connections end at once; one that waits for its answer gets it, as its last. */
static void drains(void)
{
    uint16_t port = begin(AT_ONCE);
    struct peer fresh = peer_open(port);
    struct peer idle = peer_open(port);
    struct peer busy = peer_open(port);
    struct peer partial = peer_open(port);
    struct peer late;
    struct sockaddr_in to;
    wc_loop_stats stats;
    peer_say(&idle, get, WC_NTS);
    EQUAL(until_status(loop, &idle), 200, "one has been served");
    peer_say(&partial, get, 10);
    CHECK(until_said(loop, &partial), "one is in the middle of a head");
    how_to_answer = LATER;
    peer_say(&busy, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
             "GET /never HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    asked = 0;
    CHECK(until_set(loop, &busy, 1, &asked), "one waits for its answer");
    shutdown(idle.fd, SHUT_WR);
    shutdown(fresh.fd, SHUT_WR);
    shutdown(partial.fd, SHUT_WR);
    shutdown(busy.fd, SHUT_WR);
    must(wc_timer_start(loop, 20, 0, fire, NULL, NULL, NULL) == WC_OK, "wc_timer_start");
    EQUAL(wc_loop_drain(loop, 20000), WC_OK, "all of them end");
    ended(&fresh, 0);
    ended(&idle, 0);
    ended(&partial, 0);
    ended(&busy, 200);
    EQUAL(asked, 1, "what was pipelined behind it is not begun");
    EQUAL(why_closed, WC_OK, "it was answered whole");
    stats.size = sizeof stats;
    EQUAL(wc_loop_get_stats(loop, &stats), WC_OK, "nothing is left:");
    EQUAL(stats.connections + stats.listeners + stats.live_requests, 0, "no object of HTTP");
    late.fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(connect(late.fd, (struct sockaddr *)&to, sizeof to) != 0, "nobody listens");
    close(late.fd);
    peer_close(&fresh);
    peer_close(&idle);
    peer_close(&busy);
    peer_close(&partial);
    EQUAL(wc_loop_run(loop), WC_OK, "the loop has nothing to run for");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static void drains_in_time(void)
{
    struct peer peer = peer_open(begin(LATER));
    peer_say(&peer, get, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request that nobody answers");
    EQUAL(wc_loop_drain(loop, 30), WC_NONE, "the time is up");
    EQUAL(closed, 0, "it is left open");
    EQUAL(respond_text(kept, 200, "ok"), WC_OK, "and can still be answered");
    EQUAL(until_status(loop, &peer), 200, "the client has it");
    EQUAL(until_end(loop, &peer), 1, "the connection ends behind it");
    peer_close(&peer);
    EQUAL(wc_loop_drain(loop, 20000), WC_OK, "now all has ended");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

/* A request that is answered holds nobody up with a body that does not come. */
static void drains_without_the_rest_of_a_body(void)
{
    struct peer peer = peer_open(begin(AT_HEAD));
    long began;
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "an early answer");
    shutdown(peer.fd, SHUT_RD);
    began = now_ms();
    EQUAL(wc_loop_drain(loop, 20000), WC_OK, "the body is not waited for");
    CHECK(now_ms() - began < 4500, "LINGER_MS at the most, not the time of a body");
    EQUAL(closed, 1, "the request is over");
    peer_close(&peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static void a_body_that_is_streamed_when_drained(void)
{
    struct peer peer = peer_open(begin(LATER));
    peer_say(&peer, get, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request");
    EQUAL(wc_request_begin(kept, 200, NULL, 0, WC_LENGTH_UNKNOWN), WC_OK, "its answer begins");
    EQUAL(wc_loop_drain(loop, 10), WC_NONE, "it is not cut");
    EQUAL(wc_request_write(kept, "body", 4), WC_OK, "it goes on");
    EQUAL(wc_request_finish(kept), WC_OK, "to its end");
    EQUAL(until_status(loop, &peer), 200, "the client has it");
    EQUAL(until_end(loop, &peer), 1, "the connection ends behind it");
    peer_close(&peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

/* What was answered goes out, though the program leaves the loop in the same callback. */
static void stops(void)
{
    int how;
    for (how = STOP; how <= FREE; how++) {
        struct peer peer = peer_open(begin(how));
        peer_say(&peer, get, WC_NTS);
        (void)peer_send_some(&peer);
        EQUAL(wc_loop_run(loop), WC_OK, "the loop runs until its callback ends it");
        EQUAL(asked, 1, "after one request");
        while (peer_receive_some(&peer)) {
        }
        CHECK(peer.len > 0 && strncmp(peer.in, "HTTP/1.1 200 ", 13) == 0, "which was answered");
        EQUAL(wc_loop_free(loop), how == STOP ? WC_OK : WC_E_GONE, "the loop ends");
        EQUAL(closed, 1, "its request is over");
        peer_close(&peer);
    }
}

/* A loop that is freed ends its requests, each with a word. */
static void frees(void)
{
    struct peer peer = peer_open(begin(LATER));
    peer_say(&peer, get, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    EQUAL(closed, 1, "on_close came before");
    EQUAL(why_closed, WC_E_FREED, "and said why");
    EQUAL(respond_text(kept, 200, "late"), WC_E_GONE, "its handle is of the past");
    EQUAL(wc_request_respond_async(kept, 200, NULL, 0, NULL, 0), WC_E_GONE, "for everybody");
    peer_close(&peer);
}

int main(void)
{
    drains();
    drains_in_time();
    drains_without_the_rest_of_a_body();
    a_body_that_is_streamed_when_drained();
    stops();
    frees();
    return tap_done();
}

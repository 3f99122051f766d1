/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* HTTP over reads and writes that are interrupted, stop short, or find nothing after a part. */
#include "fault.h"
#include "http_peer.h"
#include "tap.h"

#define REQUESTS 12

struct told {
    int requests, closed, wrong;
};

/* Answers with the body: whole, or streamed in chunks of ten bytes. */
static void on_request(wc_request request, void *user)
{
    struct told *told = user;
    wc_str body;
    size_t at;
    told->requests++;
    must(wc_request_body(request, &body) == WC_OK, "wc_request_body");
    if (told->requests % 2 == 0) {
        must(wc_request_respond(request, 200, NULL, 0, body.ptr, body.len) == WC_OK, "respond");
        return;
    }
    must(wc_request_begin(request, 200, NULL, 0, WC_LENGTH_UNKNOWN) == WC_OK, "begin");
    for (at = 0; at < body.len; at += 10) {
        size_t len = body.len - at < 10 ? body.len - at : 10;
        must(wc_request_write(request, body.ptr + at, len) == WC_OK, "write");
    }
    must(wc_request_finish(request) == WC_OK, "finish");
}

static void on_close(wc_request request, wc_status why, void *user)
{
    struct told *told = user;
    (void)request;
    told->closed++;
    told->wrong += why != WC_OK;
}

/* All requests at once, each with another body. */
static void pipeline(const char *name, size_t bytes)
{
    static char text[REQUESTS * 256];
    struct told told = {0, 0, 0};
    wc_http_callbacks callbacks;
    wc_loop loop = new_loop();
    struct peer peer;
    size_t len = 0;
    int at, right = 0;
    uint16_t port;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = on_request;
    callbacks.on_close = on_close;
    port = serve(loop, NULL, NULL, &callbacks, &told);
    for (at = 0; at < REQUESTS; at++) {
        len += (size_t)sprintf(text + len,
                               "POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n%0100d",
                               at, at);
    }
    peer = peer_open(port);
    wc_fault_clear();
    fault_storm("recv", bytes);
    fault_storm("send", bytes);
    peer_say(&peer, text, len);
    for (at = 0; at < REQUESTS; at++) {
        struct answer answer;
        char want[128];
        (void)sprintf(want, "%0100d", at);
        if (until_answer(loop, &peer, &answer)) {
            right += answer.status == 200 && answer.body_len == 100 &&
                     memcmp(answer.body, want, 100) == 0;
            answer_free(&answer);
        }
    }
    EQUAL(right, REQUESTS, name);
    CHECK(wc_fault_hits("recv") > 10 && wc_fault_hits("send") > 10, "through many faults");
    wc_fault_clear();
    EQUAL(told.closed, REQUESTS, "each is over");
    EQUAL(told.wrong, 0, "well");
    peer_close(&peer);
    must(wc_loop_free(loop) == WC_OK, "wc_loop_free");
}

/* The connection breaks in the middle of an answer, or of a request. */
static void breaks(const char *call, const char *name, int requests)
{
    struct told told = {0, 0, 0};
    wc_http_callbacks callbacks;
    wc_loop loop = new_loop();
    struct peer peer;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = on_request;
    callbacks.on_close = on_close;
    peer = peer_open(serve(loop, NULL, NULL, &callbacks, &told));
    wc_fault_clear();
    must(wc_fault_set(call, 0, 1, 0, 30) == WC_OK, "a short transfer");
    must(wc_fault_set(call, 1, FAULT_ALWAYS, ECONNRESET, 0) == WC_OK, "and a reset");
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789", WC_NTS);
    CHECK(until_end(loop, &peer) != 0, name);
    EQUAL(told.requests, requests, "requests that had come whole were told");
    EQUAL(told.closed, requests, "and their end");
    EQUAL(told.wrong, 0, "which is well, for the answer was given whole");
    wc_fault_clear();
    peer_close(&peer);
    must(wc_loop_free(loop) == WC_OK, "wc_loop_free");
}

int main(void)
{
    pipeline("requests in a row are answered, a byte or so at a time", 1);
    pipeline("requests in a row are answered, a head or so at a time", 60);
    breaks("recv", "a request that breaks off ends the connection", 0);
    breaks("send", "an answer that breaks off ends the connection", 1);
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The pull face of HTTP: every event, what it carries, and no callback. */
#include "backend.h"
#include "http_peer.h"
#include "tap.h"

static wc_loop loop;
static wc_event event;

/* The next event; clients say what they have to say meanwhile. */
static int pull(struct peer *peer)
{
    long end = now_ms() + DEADLINE_MS;
    event.size = sizeof event;
    while (now_ms() < end) {
        wc_status status = wc_loop_next(loop, 1, &event);
        if (status == WC_OK) {
            return event.kind;
        }
        must(status == WC_NONE, wc_status_name(status));
        if (peer != NULL) {
            (void)peer_send_some(peer);
            (void)peer_receive_some(peer);
        }
    }
    return 0;
}

static uint16_t begin(const wc_http_options *options, const wc_conn_options *conn,
                      const wc_http_callbacks *callbacks, void *user)
{
    loop = new_loop();
    return serve(loop, conn, options, callbacks, user);
}

static int holds_text(const char *want)
{
    return event.len == strlen(want) && memcmp(event.data, want, event.len) == 0;
}

/* Without callbacks, whole requests. */
static void whole_requests(void)
{
    int mark = 0;
    struct peer peer = peer_open(begin(NULL, NULL, NULL, &mark));
    wc_str text;
    wc_conn conn = 0;
    uint64_t request;
    peer_say(&peer, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", WC_NTS);
    EQUAL(pull(&peer), WC_EVENT_REQUEST, "a request");
    request = event.object;
    CHECK(event.user == &mark, "with the listener's user pointer");
    EQUAL(event.status, WC_OK, "without a status");
    CHECK(event.data == NULL && event.len == 0, "its body is lent by wc_request_body");
    CHECK(wc_request_conn(request, &conn) == WC_OK && conn == event.parent, "of its connection");
    CHECK(wc_request_path(request, &text) == WC_OK && is(text, "/a"), "its path");
    CHECK(wc_request_body(request, &text) == WC_OK && is(text, "hello"), "its body");
    EQUAL(respond_text(request, 200, "ok"), WC_OK, "an answer");
    EQUAL(pull(&peer), WC_EVENT_REQUEST_CLOSE, "its end");
    CHECK(event.object == request && event.parent == conn, "of the same");
    EQUAL(event.status, WC_OK, "answered whole");
    CHECK(wc_request_path(request, &text) == WC_OK && is(text, "/a"), "still there");
    EQUAL(until_status(loop, &peer), 200, "the client has its answer");
    EQUAL(wc_request_path(request, &text), WC_E_GONE, "over with the next event");
    peer_close(&peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static void never(wc_request request, void *user)
{
    (void)request;
    (void)user;
    CHECK(0, "no callback is called by wc_loop_next");
}

/* With on_head among its callbacks, as they come. */
static void streamed_requests(void)
{
    wc_http_callbacks callbacks;
    struct peer peer;
    uint64_t request;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_head = never;
    peer = peer_open(begin(NULL, NULL, &callbacks, NULL));
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
             "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", WC_NTS);
    EQUAL(pull(&peer), WC_EVENT_HEAD, "a head");
    request = event.object;
    EQUAL(pull(&peer), WC_EVENT_BODY, "a piece");
    CHECK(event.object == request && holds_text("ab"), "with its bytes");
    EQUAL(pull(&peer), WC_EVENT_BODY, "another");
    CHECK(event.object == request && holds_text("cde"), "with its bytes");
    EQUAL(pull(&peer), WC_EVENT_END, "the end");
    EQUAL(wc_request_begin(request, 200, NULL, 0, WC_LENGTH_UNKNOWN), WC_OK, "an answer begins");
    EQUAL(wc_request_finish(request), WC_OK, "and ends");
    EQUAL(pull(&peer), WC_EVENT_REQUEST_CLOSE, "with the request");
    EQUAL(until_status(loop, &peer), 200, "the client has its answer");
    peer_close(&peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static char large[12 << 20];

static void drain_events(void)
{
    wc_conn_options options;
    struct peer peer;
    uint64_t request;
    int small = 65536;
    must(wc_conn_options_init(&options, sizeof options) == WC_OK, "options");
    options.write_limit = sizeof large + 1000;
    peer = peer_open(begin(NULL, &options, NULL, NULL));
    must(setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0, "SO_RCVBUF");
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    EQUAL(pull(&peer), WC_EVENT_REQUEST, "a request");
    request = event.object;
    EQUAL(wc_request_begin(request, 200, NULL, 0, sizeof large), WC_OK, "an answer");
    EQUAL(wc_request_write(request, large, sizeof large), WC_FULL, "more than the socket takes");
    EQUAL(pull(&peer), WC_EVENT_REQUEST_DRAIN, "it drains as the client reads");
    CHECK(event.object == request, "of that request");
    EQUAL(wc_request_finish(request), WC_OK, "the end");
    EQUAL(pull(&peer), WC_EVENT_REQUEST_CLOSE, "with the request");
    peer_close(&peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static void reject_events(void)
{
    struct peer peer = peer_open(begin(NULL, NULL, NULL, NULL));
    int32_t state = -1;
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/2.0\r\n\r\n", WC_NTS);
    EQUAL(pull(&peer), WC_EVENT_REQUEST, "a request");
    EQUAL(respond_text(event.object, 200, "ok"), WC_OK, "an answer");
    EQUAL(pull(&peer), WC_EVENT_REQUEST_CLOSE, "its end");
    EQUAL(pull(&peer), WC_EVENT_REJECT, "what is behind it is refused");
    EQUAL(event.status, WC_H_VERSION_MAJOR, "the reason");
    EQUAL(event.os_error, 505, "and the status of the answer");
    EQUAL(wc_conn_state(event.object, &state), WC_OK, "of a connection");
    EQUAL(state, WC_CONN_FLUSHING, "that is being closed");
    EQUAL(until_status(loop, &peer), 200, "the client has the answer");
    EQUAL(until_status(loop, &peer), 505, "and the refusal");
    peer_close(&peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

/* The end of a client shows as the end of what it asked for, streamed or not. */
static void ends_of_clients(void)
{
    struct peer peer = peer_open(begin(NULL, NULL, NULL, NULL));
    uint64_t request;
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    EQUAL(pull(&peer), WC_EVENT_REQUEST, "a request");
    request = event.object;
    peer_reset(&peer);
    if (!backend_has(WC_FEATURE_HANGUP)) {
        EQUAL(respond_text(request, 200, "nobody"), WC_OK, "or it is answered all the same");
    }
    EQUAL(pull(NULL), WC_EVENT_REQUEST_CLOSE, "its client has gone");
    EQUAL(event.status, backend_has(WC_FEATURE_HANGUP) ? WC_E_RESET : WC_OK, "by a reset");
    CHECK(event.object == request, "the same request");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "nothing else is told");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static int answered;

static void answer(wc_request request, void *user)
{
    (void)user;
    answered++;
    must(respond_text(request, 200, "ok") == WC_OK, "respond");
}

/* An event that the program leaves to its callbacks. */
static void dispatched(void)
{
    wc_http_callbacks callbacks;
    struct peer peer;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = answer;
    peer = peer_open(begin(NULL, NULL, &callbacks, NULL));
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    EQUAL(pull(&peer), WC_EVENT_REQUEST, "a request");
    EQUAL(answered, 0, "nothing was called");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "now it is");
    EQUAL(answered, 1, "once");
    EQUAL(pull(&peer), WC_EVENT_REQUEST_CLOSE, "its end");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "has no callback");
    EQUAL(until_status(loop, &peer), 200, "the client has its answer");
    peer_close(&peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

int main(void)
{
    whole_requests();
    streamed_requests();
    drain_events();
    reject_events();
    ends_of_clients();
    dispatched();
    return tap_done();
}

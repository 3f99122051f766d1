/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* HTTP listeners: options, arguments, both modes, user pointers. */
#include <pthread.h>
#include "http_peer.h"
#include "tap.h"

static int given_back = 0;
static char log_text[1024];

static void give_back(void *user)
{
    (void)user;
    given_back++;
}

static void note(const char *text, size_t len)
{
    size_t at = strlen(log_text);
    if (at + len + 1 < sizeof log_text) {
        memcpy(log_text + at, text, len);
        log_text[at + len] = '\0';
    }
}

static void on_request(wc_request request, void *user)
{
    wc_str body;
    (void)user;
    must(wc_request_body(request, &body) == WC_OK, "wc_request_body");
    note("request(", 8);
    note(body.ptr, body.len);
    note(")", 1);
    must(respond_text(request, 200, "whole") == WC_OK, "respond");
}

static void on_head(wc_request request, void *user)
{
    (void)request;
    (void)user;
    note("head ", 5);
}

static void on_body(wc_request request, const char *data, size_t len, void *user)
{
    wc_str body;
    (void)user;
    must(wc_request_body(request, &body) == WC_OK && body.len == 0, "a streamed body is not kept");
    note("body(", 5);
    note(data, len);
    note(") ", 2);
}

static void on_end(wc_request request, void *user)
{
    (void)user;
    note("end ", 4);
    must(respond_text(request, 200, "streamed") == WC_OK, "respond");
}

static void on_close(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)user;
    note(wc_status_name(why), strlen(wc_status_name(why)));
    note(";", 1);
}

static wc_http_callbacks gathered(void)
{
    wc_http_callbacks made;
    memset(&made, 0, sizeof made);
    made.size = sizeof made;
    made.on_request = on_request;
    made.on_close = on_close;
    return made;
}

static wc_http_callbacks streamed(void)
{
    wc_http_callbacks made = gathered();
    made.on_request = NULL;
    made.on_head = on_head;
    made.on_body = on_body;
    made.on_end = on_end;
    return made;
}

/* The defaults are those of docs/LIMITS.md. */
static void defaults(void)
{
    wc_http_options options;
    EQUAL(wc_http_options_init(NULL, sizeof options), WC_E_INVAL, "null options");
    EQUAL(wc_http_options_init(&options, sizeof options - 1), WC_E_VERSION, "a size of no version");
    EQUAL(wc_http_options_init(&options, 0), WC_E_VERSION, "no size");
    memset(&options, 'x', sizeof options);
    EQUAL(wc_http_options_init(&options, sizeof options), WC_OK, "options");
    EQUAL(options.size, sizeof options, "their size");
    EQUAL(options.max_request_line, 8192, "HTTP_REQUEST_LINE");
    EQUAL(options.max_field, 8192, "HTTP_FIELD");
    EQUAL(options.max_fields, 100, "HTTP_FIELDS");
    EQUAL(options.max_head, 32768, "HTTP_HEAD");
    EQUAL(options.max_body, 1048576, "HTTP_BODY");
    EQUAL(options.head_ms, 10000, "HTTP_HEAD_MS");
    EQUAL(options.body_grace_ms, 5000, "HTTP_BODY_GRACE_MS");
    EQUAL(options.body_rate, 1024, "HTTP_BODY_RATE");
    EQUAL(options.keep_ms, 60000, "HTTP_KEEP_MS");
    EQUAL(options.answer_ms, 60000, "HTTP_ANSWER_MS");
    EQUAL(options.reserved, 0, "what is reserved is 0");
}

static wc_status listen_with(wc_loop loop, const wc_listen_options *where,
                             const wc_conn_options *conn, const wc_http_options *http,
                             const wc_http_callbacks *callbacks)
{
    wc_listener listener = 0;
    wc_status status =
        wc_http_listen(loop, where, conn, http, callbacks, log_text, give_back, &listener);
    must((status == WC_OK) == (listener != 0), "a handle where it was done");
    return status;
}

static void *from_another_thread(void *user)
{
    wc_listen_options where;
    must(wc_listen_options_init(&where, sizeof where) == WC_OK, "options");
    EQUAL(listen_with(*(wc_loop *)user, &where, NULL, NULL, NULL), WC_E_THREAD, "another thread");
    return NULL;
}

/* Each refusal gives the user pointer back before it returns. */
static void refusals(void)
{
    wc_loop loop = new_loop();
    wc_listen_options where;
    wc_conn_options conn;
    wc_http_options http = http_defaults();
    wc_http_callbacks callbacks = gathered();
    pthread_t thread;
    must(wc_listen_options_init(&where, sizeof where) == WC_OK, "options");
    must(wc_conn_options_init(&conn, sizeof conn) == WC_OK, "options");
    where.host = "127.0.0.1";
    given_back = 0;
    EQUAL(listen_with(0, &where, NULL, NULL, NULL), WC_E_BADHANDLE, "no loop");
    EQUAL(listen_with(loop, NULL, NULL, NULL, NULL), WC_E_INVAL, "nowhere");
    callbacks.on_head = on_head;
    EQUAL(listen_with(loop, &where, NULL, NULL, &callbacks), WC_E_INVAL, "both modes");
    callbacks = gathered();
    callbacks.size = sizeof callbacks - 1;
    EQUAL(listen_with(loop, &where, NULL, NULL, &callbacks), WC_E_VERSION, "small callbacks");
    http.size = 1;
    EQUAL(listen_with(loop, &where, NULL, &http, NULL), WC_E_VERSION, "small options");
    http = http_defaults();
    http.reserved = 1;
    EQUAL(listen_with(loop, &where, NULL, &http, NULL), WC_E_INVAL, "what is reserved is set");
    http = http_defaults();
    http.max_head = 0;
    EQUAL(listen_with(loop, &where, NULL, &http, NULL), WC_E_INVAL, "no head at all");
    conn.framing = WC_FRAMING_LINE;
    EQUAL(listen_with(loop, &where, &conn, NULL, NULL), WC_E_INVAL, "a framing of its own");
    where.host = "127.0.0.1";
    where.port = serve(loop, NULL, NULL, NULL, NULL);
    EQUAL(listen_with(loop, &where, NULL, NULL, NULL), WC_E_INUSE, "a port that has a listener");
    where.host = "192.0.2.1";
    EQUAL(listen_with(loop, &where, NULL, NULL, NULL), WC_E_ADDRESS, "an address of another");
    where.host = "no address";
    EQUAL(listen_with(loop, &where, NULL, NULL, NULL), WC_E_ADDRESS, "no address");
    must(pthread_create(&thread, NULL, from_another_thread, &loop) == 0, "pthread_create");
    must(pthread_join(thread, NULL) == 0, "pthread_join");
    EQUAL(given_back, 12, "each gave the user pointer back");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    EQUAL(wc_http_listen(loop, &where, NULL, NULL, NULL, NULL, NULL, NULL), WC_E_GONE, "no more");
    EQUAL(given_back, 12, "and nothing else did");
}

static wc_loop dying;

static void listen_again(wc_request request, wc_status why, void *user)
{
    wc_listen_options where;
    (void)request;
    (void)user;
    must(wc_listen_options_init(&where, sizeof where) == WC_OK, "options");
    where.host = "127.0.0.1";
    EQUAL(why, WC_E_FREED, "the loop is being freed");
    EQUAL(listen_with(dying, &where, NULL, NULL, NULL), WC_E_STATE, "nothing new begins in it");
}

static void ignore(wc_request request, void *user)
{
    (void)request;
    *(int *)user = 1;
}

static void not_while_it_is_freed(void)
{
    wc_http_callbacks callbacks = gathered();
    struct peer peer;
    int asked = 0;
    callbacks.on_request = ignore;
    callbacks.on_close = listen_again;
    dying = new_loop();
    given_back = 0;
    peer = peer_open(serve(dying, NULL, NULL, &callbacks, &asked));
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    CHECK(until_set(dying, &peer, 1, &asked), "a request");
    EQUAL(wc_loop_free(dying), WC_OK, "the loop ends");
    EQUAL(given_back, 1, "what was not taken went back");
    peer_close(&peer);
}

/* The user pointer goes back once, when listener and connections are gone. */
static void gives_back_once(void)
{
    wc_loop loop = new_loop();
    wc_listen_options where;
    wc_http_callbacks callbacks = gathered();
    wc_listener listener = 0;
    uint16_t port = 0;
    struct peer peer;
    must(wc_listen_options_init(&where, sizeof where) == WC_OK, "options");
    where.host = "127.0.0.1";
    given_back = 0;
    EQUAL(wc_http_listen(loop, &where, NULL, NULL, &callbacks, NULL, give_back, &listener), WC_OK,
          "listens");
    EQUAL(wc_listener_port(listener, &port), WC_OK, "tells its port");
    peer = peer_open(port);
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "an answer");
    EQUAL(wc_listener_close(listener), WC_OK, "the listener closes");
    loop_some(loop, 0);
    EQUAL(given_back, 0, "its connection lives");
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "and is served");
    EQUAL(until_end(loop, &peer), 1, "to its end");
    peer_close(&peer);
    EQUAL(wc_loop_run(loop), WC_OK, "the loop has nothing left");
    EQUAL(given_back, 1, "the user pointer went back");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    EQUAL(given_back, 1, "once");
}

#define HEAD "POST / HTTP/1.1\r\nHost: h\r\n"

/* What each mode tells of bodies that come in one piece, in many, in chunks, or not at all. */
static void modes(void)
{
    static const struct {
        const char *name;
        const char *pieces[4];
        const char *whole;
        const char *streamed;
    } cases[] = {
        {"no body", {"GET / HTTP/1.1\r\nHost: h\r\n\r\n"}, "request()WC_OK;", "head end WC_OK;"},
        {"a body in one piece", {HEAD "Content-Length: 3\r\n\r\nabc"}, "request(abc)WC_OK;",
         "head body(abc) end WC_OK;"},
        {"a body in many pieces", {HEAD "Content-Length: 3\r\n\r\n", "a", "b", "c"},
         "request(abc)WC_OK;", "head body(a) body(b) body(c) end WC_OK;"},
        {"a head in pieces", {HEAD, "Content-Len", "gth: 3\r\n\r", "\nabc"}, "request(abc)WC_OK;",
         "head body(abc) end WC_OK;"},
        {"chunks", {HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n"},
         "request(abc)WC_OK;", "head body(a) body(bc) end WC_OK;"},
        {"chunks in pieces", {HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\na", "bc\r",
         "\n0\r\nT: u", "\r\n\r\n"}, "request(abc)WC_OK;", "head body(a) body(bc) end WC_OK;"},
        {"an empty chunked body", {HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
         "request()WC_OK;", "head end WC_OK;"},
        {"two requests in one piece", {HEAD "Content-Length: 1\r\n\r\na" HEAD
         "Content-Length: 1\r\n\r\nb"}, "request(a)WC_OK;request(b)WC_OK;",
         "head body(a) end WC_OK;head body(b) end WC_OK;"},
    };
    size_t mode, i, piece;
    for (mode = 0; mode < 2; mode++) {
        wc_loop loop = new_loop();
        wc_http_callbacks callbacks = mode == 0 ? gathered() : streamed();
        uint16_t port = serve(loop, NULL, NULL, &callbacks, NULL);
        for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct peer peer = peer_open(port);
            log_text[0] = '\0';
            for (piece = 0; piece < 4 && cases[i].pieces[piece] != NULL; piece++) {
                peer_say(&peer, cases[i].pieces[piece], WC_NTS);
                (void)until_said(loop, &peer);
            }
            EQUAL(until_status(loop, &peer), 200, cases[i].name);
            SAME(log_text, mode == 0 ? cases[i].whole : cases[i].streamed, cases[i].name);
            peer_close(&peer);
        }
        EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    }
}

/* What the modes tell of a body that is cut: a whole request never, a streamed one its end. */
static void cut_bodies(void)
{
    size_t mode, how;
    for (mode = 0; mode < 2; mode++) {
        for (how = 0; how < 2; how++) {
            wc_loop loop = new_loop();
            wc_http_callbacks callbacks = mode == 0 ? gathered() : streamed();
            uint16_t port = serve(loop, NULL, NULL, &callbacks, NULL);
            struct peer peer = peer_open(port);
            wc_loop_stats stats;
            long end = now_ms() + DEADLINE_MS;
            stats.size = sizeof stats;
            log_text[0] = '\0';
            peer_say(&peer, HEAD "Content-Length: 3\r\n\r\nab", WC_NTS);
            CHECK(until_said(loop, &peer), "a part of a request");
            if (how == 0) {
                peer_close(&peer);
            } else {
                peer_reset(&peer);
            }
            do {
                loop_some(loop, 2);
                must(wc_loop_get_stats(loop, &stats) == WC_OK, "wc_loop_get_stats");
            } while (stats.connections > 0 && now_ms() < end);
            EQUAL(stats.live_requests, 0, "no request is left");
            EQUAL(stats.requests, 1, "it was begun");
            if (mode == 0) {
                SAME(log_text, "", "it was never told of");
            } else {
                SAME(log_text, how == 0 ? "head body(ab) WC_E_EOF;" : "head body(ab) WC_E_RESET;",
                     "its end says why");
            }
            EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
        }
    }
}

int main(void)
{
    defaults();
    refusals();
    not_while_it_is_freed();
    gives_back_once();
    modes();
    cut_bodies();
    return tap_done();
}

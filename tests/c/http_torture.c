/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every callback of HTTP, and in it every call that a program might make there. Whatever comes of
 * it for the client: each request that was told of ends once, nothing is told of it behind its end,
 * each user pointer goes back once, no call answers WC_E_PANIC, and the loop can be freed.
 */
#include "http_peer.h"
#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum callback { ON_REQUEST, ON_HEAD, ON_BODY, ON_END, ON_DRAIN, ON_CLOSE, ON_REJECT, CALLBACKS };

static const char *const callback_names[] = {
    "on_request", "on_head", "on_body", "on_end", "on_drain", "on_close", "on_reject",
};

/* What is known of a request. */
struct life {
    wc_request request;
    int closed;
};

static wc_loop loop;
static wc_listener listener;
static struct life lives[16];
static size_t life_count;
static wc_conn conn;
static int users_made;
static int users_freed;
static int broken;
static enum callback place;
static int every_time;
static int acted;
static void (*act)(wc_request request);
static struct peer peer;
static int idle_ticks;
static char large[4000];

/* No call may answer this, wherever it is made. */
static wc_status fine(wc_status status)
{
    broken |= status == WC_E_PANIC;
    return status;
}

static void free_user(void *user)
{
    users_freed++;
    free(user);
}

static void own_user(wc_request request)
{
    users_made++;
    (void)fine(wc_request_set_user(request, malloc(8), free_user));
}

static void do_respond(wc_request request)
{
    (void)fine(respond_text(request, 200, "ok"));
}

static void do_respond_twice(wc_request request)
{
    do_respond(request);
    do_respond(request);
}

static void do_respond_large(wc_request request)
{
    (void)fine(wc_request_respond(request, 200, NULL, 0, large, sizeof large));
}

static void do_respond_async(wc_request request)
{
    (void)fine(wc_request_respond_async(request, 200, NULL, 0, "async", WC_NTS));
}

static void do_stream(wc_request request)
{
    (void)fine(wc_request_begin(request, 200, NULL, 0, WC_LENGTH_UNKNOWN));
    (void)fine(wc_request_write(request, large, sizeof large));
    (void)fine(wc_request_finish(request));
}

static void do_begin(wc_request request)
{
    (void)fine(wc_request_begin(request, 200, NULL, 0, 5));
}

static void do_write(wc_request request)
{
    (void)fine(wc_request_write(request, "piece", 5));
}

static void do_finish(wc_request request)
{
    (void)fine(wc_request_finish(request));
}

static void do_abort(wc_request request)
{
    (void)fine(wc_request_abort(request));
}

static void do_begin_and_abort(wc_request request)
{
    do_begin(request);
    do_abort(request);
}

static void do_read_all(wc_request request)
{
    wc_str text, value;
    int32_t minor;
    size_t count = 0;
    (void)fine(wc_request_method(request, &text));
    (void)fine(wc_request_target(request, &text));
    (void)fine(wc_request_path(request, &text));
    (void)fine(wc_request_query(request, &text));
    (void)fine(wc_request_version(request, &minor));
    (void)fine(wc_request_header(request, "host", WC_NTS, &text));
    (void)fine(wc_request_header_count(request, &count));
    while (count-- > 0) {
        (void)fine(wc_request_header_at(request, count, &text, &value));
    }
    (void)fine(wc_request_body(request, &text));
}

static void do_set_user(wc_request request)
{
    own_user(request);
    own_user(request);
}

static void do_close(wc_request request)
{
    (void)request;
    (void)fine(wc_conn_close(conn, WC_CLOSE_FLUSH));
}

static void do_close_now(wc_request request)
{
    (void)request;
    (void)fine(wc_conn_close(conn, WC_CLOSE_NOW));
}

static void do_close_reset(wc_request request)
{
    (void)request;
    (void)fine(wc_conn_close(conn, WC_CLOSE_RESET));
}

static void do_close_async(wc_request request)
{
    (void)request;
    (void)fine(wc_conn_close_async(conn, WC_CLOSE_NOW));
}

static void do_respond_and_close(wc_request request)
{
    do_respond(request);
    do_close(request);
}

static void do_shutdown(wc_request request)
{
    (void)request;
    (void)fine(wc_conn_shutdown(conn));
}

static void do_pause(wc_request request)
{
    (void)request;
    (void)fine(wc_conn_pause(conn));
}

static void do_pause_and_resume(wc_request request)
{
    do_pause(request);
    (void)fine(wc_conn_resume(conn));
}

static void resume_later(wc_loop on, void *user)
{
    (void)on;
    (void)user;
    (void)fine(wc_conn_resume(conn));
}

static void do_pause_for_a_while(wc_request request)
{
    do_pause(request);
    (void)fine(wc_loop_post(loop, resume_later, NULL, NULL));
}

static void do_keep(wc_request request)
{
    (void)request;
    (void)fine(wc_conn_keep(conn, 1));
}

static void do_close_listener(wc_request request)
{
    (void)request;
    (void)fine(wc_listener_close(listener));
}

static void do_stop(wc_request request)
{
    (void)request;
    (void)fine(wc_loop_stop(loop));
}

static void do_free(wc_request request)
{
    (void)request;
    (void)fine(wc_loop_free(loop));
}

static void do_respond_and_free(wc_request request)
{
    do_respond(request);
    do_free(request);
}

static void do_abort_and_stop(wc_request request)
{
    do_abort(request);
    do_stop(request);
}

static void do_run(wc_request request)
{
    wc_event event;
    (void)request;
    event.size = sizeof event;
    broken |= wc_loop_run(loop) != WC_E_REENTRANT;
    broken |= wc_loop_next(loop, 0, &event) != WC_E_REENTRANT;
    broken |= wc_loop_dispatch(loop) != WC_E_REENTRANT;
    broken |= wc_loop_drain(loop, 0) != WC_E_REENTRANT;
    broken |= wc_loop_detach(loop) != WC_E_REENTRANT;
}

#define ACT(name) {#name, do_##name}

static const struct {
    const char *name;
    void (*act)(wc_request request);
} acts[] = {
    ACT(respond), ACT(respond_twice), ACT(respond_large), ACT(respond_async), ACT(stream),
    ACT(begin), ACT(write), ACT(finish), ACT(abort), ACT(begin_and_abort), ACT(read_all),
    ACT(set_user), ACT(close), ACT(close_now), ACT(close_reset), ACT(close_async),
    ACT(respond_and_close), ACT(shutdown), ACT(pause), ACT(pause_and_resume),
    ACT(pause_for_a_while), ACT(keep), ACT(close_listener), ACT(stop), ACT(free),
    ACT(respond_and_free), ACT(abort_and_stop), ACT(run),
};

/* The request's life; null, and broken, where there is none that may be told of. */
static struct life *live(wc_request request)
{
    size_t i;
    for (i = 0; i < life_count; i++) {
        if (lives[i].request == request) {
            broken |= lives[i].closed;
            return &lives[i];
        }
    }
    broken = 1;
    return NULL;
}

static void at(enum callback now, wc_request request)
{
    if (now == place && (every_time || !acted)) {
        acted = 1;
        act(request);
    }
}

static void begin_life(wc_request request)
{
    size_t i;
    for (i = 0; i < life_count; i++) {
        broken |= lives[i].request == request;
    }
    must(life_count < COUNT(lives), "room");
    lives[life_count].request = request;
    lives[life_count++].closed = 0;
    must(wc_request_conn(request, &conn) == WC_OK, "wc_request_conn");
    own_user(request);
}

/* What the server does where nothing else is asked of it: an answer that fills its queue. */
static void answer(wc_request request)
{
    if (wc_request_begin(request, 200, NULL, 0, WC_LENGTH_UNKNOWN) >= 0) {
        (void)fine(wc_request_write(request, large, sizeof large));
    }
}

static void on_request(wc_request request, void *user)
{
    (void)user;
    begin_life(request);
    at(ON_REQUEST, request);
    answer(request);
}

static void on_head(wc_request request, void *user)
{
    (void)user;
    begin_life(request);
    at(ON_HEAD, request);
}

static void on_body(wc_request request, const char *data, size_t len, void *user)
{
    size_t i;
    (void)user;
    (void)live(request);
    at(ON_BODY, request);
    for (i = 0; i < len; i++) {
        broken |= data[i] == '\0';
    }
}

static void on_end(wc_request request, void *user)
{
    (void)user;
    (void)live(request);
    at(ON_END, request);
    answer(request);
}

static void on_drain(wc_request request, void *user)
{
    (void)user;
    (void)live(request);
    at(ON_DRAIN, request);
    (void)fine(wc_request_finish(request));
}

static void on_close(wc_request request, wc_status why, void *user)
{
    struct life *life = live(request);
    (void)why;
    (void)user;
    at(ON_CLOSE, request);
    if (life != NULL) {
        life->closed = 1;
    }
}

static void on_reject(wc_conn on, int32_t reason, int32_t status, void *user)
{
    (void)user;
    conn = on;
    broken |= reason < WC_H_BARE_LF || status < 400;
    at(ON_REJECT, life_count > 0 ? lives[life_count - 1].request : 0);
}

/* The client, once a millisecond; it is content when the connection ends or nothing happens. */
static void tick(wc_timer timer, void *user)
{
    int any = peer_send_some(&peer);
    (void)timer;
    (void)user;
    any |= peer_receive_some(&peer);
    idle_ticks = any ? 0 : idle_ticks + 1;
    if (peer.ended || idle_ticks > 20) {
        (void)fine(wc_loop_stop(loop));
    }
}

static uint16_t begin_server(void)
{
    wc_http_callbacks callbacks;
    wc_listen_options where;
    wc_conn_options options;
    uint16_t port = 0;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    if (place == ON_REQUEST || place == ON_DRAIN) {
        callbacks.on_request = on_request;
    } else {
        callbacks.on_head = on_head;
        callbacks.on_body = on_body;
        callbacks.on_end = on_end;
    }
    callbacks.on_drain = on_drain;
    callbacks.on_close = on_close;
    callbacks.on_reject = on_reject;
    must(wc_conn_options_init(&options, sizeof options) == WC_OK, "options");
    options.write_high = 1000;
    options.write_low = 500;
    must(wc_listen_options_init(&where, sizeof where) == WC_OK, "options");
    where.host = "127.0.0.1";
    must(wc_http_listen(loop, &where, &options, NULL, &callbacks, NULL, NULL, &listener) == WC_OK,
         "wc_http_listen");
    must(wc_listener_port(listener, &port) == WC_OK, "wc_listener_port");
    return port;
}

static void torture(size_t which)
{
    wc_status status;
    size_t i;
    char name[96];
    loop = new_loop();
    act = acts[which].act;
    acted = broken = idle_ticks = 0;
    life_count = 0;
    users_made = users_freed = 0;
    peer = peer_open(begin_server());
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
             "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"
             "GET / HTTP/1.1\nHost: h\r\n\r\n", WC_NTS);
    must(wc_timer_start(loop, 1, 1, tick, NULL, NULL, NULL) == WC_OK, "wc_timer_start");
    broken |= wc_loop_run(loop) != WC_OK;
    status = wc_loop_free(loop);
    broken |= status != WC_OK && status != WC_E_GONE;
    for (i = 0; i < life_count; i++) {
        broken |= !lives[i].closed;
    }
    broken |= users_made != users_freed;
    (void)snprintf(name, sizeof name, "%s, %s: %s", callback_names[place],
                   every_time ? "each time" : "once", acts[which].name);
    CHECK(acted && !broken, name);
    peer_close(&peer);
}

int main(void)
{
    size_t which;
    int at_place;
    memset(large, 'l', sizeof large);
    for (at_place = 0; at_place < CALLBACKS; at_place++) {
        for (every_time = 0; every_time < 2; every_time++) {
            for (which = 0; which < COUNT(acts); which++) {
                place = (enum callback)at_place;
                torture(which);
            }
        }
    }
    return tap_done();
}

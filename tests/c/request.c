/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests as handles: what they say, for how long, their user pointers, their end. */
#include <pthread.h>
#include <sys/wait.h>
#include "backend.h"
#include "http_peer.h"
#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static wc_loop loop;
static wc_request kept;
static wc_request first;
static int asked;
static int closed;
static wc_status why_closed;

static void keep_it(wc_request request, void *user)
{
    (void)user;
    kept = request;
    asked++;
}

static void note_close(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)user;
    closed++;
    why_closed = why;
}

static wc_http_callbacks keeping(void)
{
    wc_http_callbacks made;
    memset(&made, 0, sizeof made);
    made.size = sizeof made;
    made.on_request = keep_it;
    made.on_close = note_close;
    asked = closed = 0;
    kept = 0;
    why_closed = WC_OK;
    return made;
}

static int same(wc_status status, wc_str got, const char *want)
{
    return status == WC_OK && is(got, want);
}

static const char *const request_text =
    "POST /a%20b/../c?d=e&f HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one: 2\r\nEmpty:\r\n"
    "Content-Length: 5\r\n\r\nhello";

/* What the request above says, from a callback or later. */
static void says_it(wc_request request, const char *when)
{
    wc_str text, value;
    int32_t minor = -1;
    size_t count = 0;
    wc_conn conn = 0;
    int holds = same(wc_request_method(request, &text), text, "POST");
    holds = same(wc_request_target(request, &text), text, "/a%20b/../c?d=e&f") && holds;
    holds = same(wc_request_path(request, &text), text, "/c") && holds;
    holds = same(wc_request_query(request, &text), text, "d=e&f") && holds;
    holds = wc_request_version(request, &minor) == WC_OK && minor == 1 && holds;
    holds = same(wc_request_header(request, "X-ONE", WC_NTS, &text), text, "1") && holds;
    holds = same(wc_request_header(request, "empty-", 5, &text), text, "") && holds;
    holds = wc_request_header(request, "none", WC_NTS, &text) == WC_NONE && text.len == 0 && holds;
    holds = wc_request_header_count(request, &count) == WC_OK && count == 5 && holds;
    holds = same(wc_request_header_at(request, 2, &text, &value), text, "x-one") && holds;
    holds = is(value, "2") && holds;
    holds = wc_request_header_at(request, 5, &text, &value) == WC_E_INVAL && holds;
    holds = same(wc_request_body(request, &text), text, "hello") && holds;
    holds = wc_request_conn(request, &conn) == WC_OK && conn != 0 && holds;
    CHECK(holds, when);
}

static void says_it_now(wc_request request, void *user)
{
    says_it(request, "in on_request");
    keep_it(request, user);
}

static void says_it_at_its_end(wc_request request, wc_status why, void *user)
{
    if (request == first) {
        says_it(request, "in on_close");
    }
    note_close(request, why, user);
}

/* Others use the loop's buffers between the request and its answer. */
static void disturb(uint16_t port)
{
    static char noise[70000];
    struct peer other = peer_open(port);
    int before = asked;
    wc_request mine = kept;
    memset(noise, 'n', sizeof noise);
    memcpy(noise, "POST /n HTTP/1.1\r\nHost: n\r\nContent-Length: 69000\r\nN: ", 53);
    memcpy(noise + 60, "\r\n\r\n", 4);
    peer_say(&other, noise, 64 + 69000);
    must(until_said(loop, &other) && asked == before + 1, "the other request");
    must(respond_text(kept, 200, "") == WC_OK, "respond");
    must(until_status(loop, &other) == 200, "the other answer");
    peer_close(&other);
    kept = mine;
}

static void says_the_same_later(void)
{
    wc_http_callbacks callbacks = keeping();
    struct peer peer;
    uint16_t port;
    loop = new_loop();
    callbacks.on_request = says_it_now;
    port = serve(loop, NULL, NULL, &callbacks, NULL);
    peer = peer_open(port);
    peer_say(&peer, request_text, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request came");
    says_it(kept, "after its callback");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    peer_close(&peer);

    callbacks = keeping();
    callbacks.on_close = says_it_at_its_end;
    loop = new_loop();
    port = serve(loop, NULL, NULL, &callbacks, NULL);
    peer = peer_open(port);
    peer_say(&peer, request_text, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request came");
    first = kept;
    disturb(port);
    says_it(kept, "after others have used the loop");
    disturb(port);
    says_it(kept, "after others have used it again");
    peer_reset(&peer);
    closed = 0;
    if (!backend_has(WC_FEATURE_HANGUP)) {
        EQUAL(respond_text(kept, 200, "nobody"), WC_OK, "or it is answered all the same");
    }
    CHECK(until_set(loop, NULL, 0, &closed), "its client has gone");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

/* Null for an output, and the errors of handles, for each accessor. */
static void arguments(void)
{
    wc_http_callbacks callbacks = keeping();
    struct peer peer;
    wc_str text;
    int32_t minor;
    size_t count;
    wc_conn conn = 0;
    void *user;
    static const wc_status bad[] = {WC_E_INVAL, WC_E_BADHANDLE, WC_E_BADHANDLE, WC_E_GONE};
    static const char *const names[] = {"null outputs", "no handle", "a handle of another kind",
                                        "a request that is over"};
    size_t i;
    loop = new_loop();
    peer = peer_open(serve(loop, NULL, NULL, &callbacks, NULL));
    peer_say(&peer, request_text, WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request came");
    must(wc_request_conn(kept, &conn) == WC_OK, "wc_request_conn");
    for (i = 0; i < COUNT(bad); i++) {
        wc_request request = i == 0 || i == 3 ? kept : i == 1 ? 0 : conn;
        int null = i == 0;
        int holds = wc_request_method(request, null ? NULL : &text) == bad[i];
        holds = wc_request_target(request, null ? NULL : &text) == bad[i] && holds;
        holds = wc_request_path(request, null ? NULL : &text) == bad[i] && holds;
        holds = wc_request_query(request, null ? NULL : &text) == bad[i] && holds;
        holds = wc_request_version(request, null ? NULL : &minor) == bad[i] && holds;
        holds = wc_request_header(request, "a", 1, null ? NULL : &text) == bad[i] && holds;
        holds = wc_request_header_count(request, null ? NULL : &count) == bad[i] && holds;
        holds = wc_request_header_at(request, 0, null ? NULL : &text, &text) == bad[i] && holds;
        holds = wc_request_header_at(request, 0, &text, null ? NULL : &text) == bad[i] && holds;
        holds = wc_request_body(request, null ? NULL : &text) == bad[i] && holds;
        holds = wc_request_conn(request, null ? NULL : &conn) == bad[i] && holds;
        holds = wc_request_user(request, null ? NULL : &user) == bad[i] && holds;
        holds = (null || wc_request_set_user(request, NULL, NULL) == bad[i]) && holds;
        CHECK(holds, names[i]);
        if (i == 2) {
            EQUAL(wc_request_header(kept, NULL, 1, &text), WC_E_INVAL, "null for a name");
            must(respond_text(kept, 200, "") == WC_OK, "respond");
            EQUAL(until_status(loop, &peer), 200, "it is answered");
        }
    }
    EQUAL(closed, 1, "it is over");
    EQUAL(why_closed, WC_OK, "in order");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    EQUAL(wc_request_method(kept, &text), WC_E_GONE, "and its handles with it");
    peer_close(&peer);
}

/* Paths: decoded once, resolved, never above the root. */
static void paths(void)
{
    static const struct {
        const char *target;
        const char *path;
    } cases[] = {
        {"/", "/"}, {"/a/./b/../c", "/a/c"}, {"/%2e%2e%2fx", NULL}, {"/..", NULL},
        {"/a/../../b", NULL}, {"/%00", NULL}, {"/%zz", NULL}, {"/%", NULL},
        {"/%252e", "/%2e"}, {"/a//b", "/a//b"}, {"http://h/x%41?y", "/xA"}, {"http://h", "/"},
        {"/a/..", "/"}, {"/%ff", "/\xff"}, {"/?", "/"},
    };
    wc_http_callbacks callbacks = keeping();
    struct peer peer;
    size_t i;
    loop = new_loop();
    peer = peer_open(serve(loop, NULL, NULL, &callbacks, NULL));
    for (i = 0; i < COUNT(cases); i++) {
        char text[128];
        wc_str path = {NULL, 0};
        wc_status status;
        (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", cases[i].target);
        asked = 0;
        peer_say(&peer, text, WC_NTS);
        must(until_set(loop, &peer, 1, &asked), "a request came");
        status = wc_request_path(kept, &path);
        CHECK(cases[i].path == NULL ? status == WC_E_PATH : same(status, path, cases[i].path),
              cases[i].target);
        must(respond_text(kept, 200, "") == WC_OK, "respond");
        must(until_status(loop, &peer) == 200, "an answer");
    }
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    peer_close(&peer);
}

static char order[64];

static void free_one(void *user)
{
    strcat(order, user);
}

static void close_noted(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)why;
    strcat(order, user != NULL ? user : "none");
    strcat(order, ".");
    closed++;
}

/* A request's own user pointer: one at a time, each given back once. */
static void user_pointers(void)
{
    wc_http_callbacks callbacks = keeping();
    struct peer peer;
    void *user = NULL;
    char shared[] = "s", one[] = "1", two[] = "2", three[] = "3";
    uint16_t port;
    order[0] = '\0';
    callbacks.on_close = close_noted;
    loop = new_loop();
    port = serve(loop, NULL, NULL, &callbacks, shared);
    peer = peer_open(port);
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request came");
    CHECK(wc_request_user(kept, &user) == WC_OK && user == shared, "at first the listener's");
    EQUAL(wc_request_set_user(kept, one, free_one), WC_OK, "one of its own");
    CHECK(wc_request_user(kept, &user) == WC_OK && user == one, "it has it");
    EQUAL(wc_request_set_user(kept, two, free_one), WC_OK, "another");
    loop_some(loop, 0);
    SAME(order, "1", "the first went back");
    must(respond_text(kept, 200, "") == WC_OK, "respond");
    EQUAL(until_status(loop, &peer), 200, "it is answered");
    loop_some(loop, 0);
    SAME(order, "12.2", "on_close gets the second, then it goes back");
    EQUAL(wc_request_set_user(kept, three, free_one), WC_E_GONE, "too late");
    SAME(order, "12.23", "what was not taken went back at once");
    EQUAL(wc_request_set_user(0, three, free_one), WC_E_BADHANDLE, "no handle");
    SAME(order, "12.233", "went back, too");
    asked = 0;
    order[0] = '\0';
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "the next request came");
    CHECK(wc_request_user(kept, &user) == WC_OK && user == shared, "it begins with the listener's");
    EQUAL(wc_request_set_user(kept, three, free_one), WC_OK, "its own");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    SAME(order, "3.3", "so does the request, once");
    peer_close(&peer);
}

static void respond_twice(wc_request request, void *user)
{
    EQUAL(respond_text(request, 200, "first"), WC_OK, "an answer");
    EQUAL(respond_text(request, 200, "second"), WC_E_STATE, "a second one");
    EQUAL(wc_request_begin(request, 200, NULL, 0, 1), WC_E_STATE, "or one that is streamed");
    EQUAL(wc_request_abort(request), WC_E_STATE, "or none");
    keep_it(request, user);
}

static void handle_states(void)
{
    wc_http_callbacks callbacks = keeping();
    struct peer peer;
    uint16_t port;
    callbacks.on_request = respond_twice;
    loop = new_loop();
    port = serve(loop, NULL, NULL, &callbacks, NULL);
    peer = peer_open(port);
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    EQUAL(until_status(loop, &peer), 200, "the first answer");
    EQUAL(peer.len - peer.at, 0, "nothing behind it");
    EQUAL(respond_text(kept, 200, "third"), WC_E_GONE, "after its end");
    EQUAL(wc_request_abort(kept), WC_E_GONE, "nor can it be aborted");
    peer_close(&peer);

    callbacks = keeping();
    port = serve(loop, NULL, NULL, &callbacks, NULL);
    peer = peer_open(port);
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request came");
    peer_reset(&peer);
    if (!backend_has(WC_FEATURE_HANGUP)) {
        EQUAL(respond_text(kept, 200, "nobody"), WC_OK, "or it is answered all the same");
    }
    CHECK(until_set(loop, NULL, 0, &closed), "its client has gone");
    EQUAL(why_closed, backend_has(WC_FEATURE_HANGUP) ? WC_E_RESET : WC_OK, "on_close says why");
    EQUAL(respond_text(kept, 200, "late"), WC_E_GONE, "an answer comes too late");
    EQUAL(wc_request_respond_async(kept, 200, NULL, 0, "late", WC_NTS), WC_OK, "so do others");
    loop_some(loop, 0);
    EQUAL(closed, 1, "nothing comes of it");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

/* Whether each function of a request answers this. */
static int all_answer(wc_status want)
{
    wc_str text;
    int32_t minor;
    size_t count;
    wc_conn conn;
    void *user;
    int holds = wc_request_method(kept, &text) == want;
    holds &= wc_request_target(kept, &text) == want;
    holds &= wc_request_path(kept, &text) == want;
    holds &= wc_request_query(kept, &text) == want;
    holds &= wc_request_version(kept, &minor) == want;
    holds &= wc_request_header(kept, "a", 1, &text) == want;
    holds &= wc_request_header_count(kept, &count) == want;
    holds &= wc_request_header_at(kept, 0, &text, &text) == want;
    holds &= wc_request_body(kept, &text) == want;
    holds &= wc_request_conn(kept, &conn) == want;
    holds &= wc_request_set_user(kept, NULL, NULL) == want;
    holds &= wc_request_user(kept, &user) == want;
    holds &= respond_text(kept, 200, "") == want;
    holds &= wc_request_begin(kept, 200, NULL, 0, 0) == want;
    holds &= wc_request_write(kept, "", 0) == want;
    holds &= wc_request_finish(kept) == want;
    holds &= wc_request_abort(kept) == want;
    return holds;
}

static void *from_another_thread(void *user)
{
    *(int *)user = all_answer(WC_E_THREAD);
    return NULL;
}

/* A child of fork(2) has handles of its parent's loop, and may not use them. */
static void other_processes(void)
{
    wc_http_callbacks callbacks = keeping();
    struct peer peer;
    pid_t child;
    int status = 1;
    loop = new_loop();
    peer = peer_open(serve(loop, NULL, NULL, &callbacks, NULL));
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request came");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        int holds = all_answer(WC_E_FORKED);
        holds &= wc_request_respond_async(kept, 200, NULL, 0, NULL, 0) == WC_E_FORKED;
        holds &= wc_http_listen(loop, NULL, NULL, NULL, NULL, NULL, NULL, NULL) == WC_E_FORKED;
        _exit(holds ? 0 : 1);
    }
    must(waitpid(child, &status, 0) == child, "waitpid");
    EQUAL(status, 0, "a child has no part in it");
    EQUAL(respond_text(kept, 200, "ok"), WC_OK, "the parent goes on");
    EQUAL(until_status(loop, &peer), 200, "and answers");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    peer_close(&peer);
}

static void other_threads(void)
{
    wc_http_callbacks callbacks = keeping();
    struct peer peer;
    pthread_t thread;
    int holds = 0;
    loop = new_loop();
    peer = peer_open(serve(loop, NULL, NULL, &callbacks, NULL));
    peer_say(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    CHECK(until_set(loop, &peer, 1, &asked), "a request came");
    must(pthread_create(&thread, NULL, from_another_thread, &holds) == 0, "pthread_create");
    must(pthread_join(thread, NULL) == 0, "pthread_join");
    CHECK(holds, "another thread has no part in it");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    EQUAL(why_closed, WC_E_FREED, "and the request with it");
    peer_close(&peer);
}

int main(void)
{
    says_the_same_later();
    arguments();
    paths();
    user_pointers();
    handle_states();
    other_threads();
    other_processes();
    return tap_done();
}

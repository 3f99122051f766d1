/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The rules of HTTP/1.1 on the wire: what is good is answered, what is bad is refused once, with
 * its reason, behind the answers that came before it, and nothing behind it is looked at.
 */
#include "http_cases.h"
#include "http_peer.h"
#include "tap.h"

/* What the callbacks were told. */
struct told {
    int requests;
    int closed;
    int rejects;
    int32_t reason;
    int32_t status;
    wc_conn conn;
};

/* Answers "METHOD target minor body;". */
static void on_request(wc_request request, void *user)
{
    struct told *told = user;
    wc_str method, target, body;
    int32_t minor = -1;
    char text[512];
    int len;
    told->requests++;
    must(wc_request_method(request, &method) == WC_OK, "wc_request_method");
    must(wc_request_target(request, &target) == WC_OK, "wc_request_target");
    must(wc_request_version(request, &minor) == WC_OK, "wc_request_version");
    must(wc_request_body(request, &body) == WC_OK, "wc_request_body");
    len = snprintf(text, sizeof text, "%.*s %.*s %d %.*s;", (int)method.len, method.ptr,
                   (int)target.len, target.ptr, (int)minor, (int)body.len,
                   body.len > 0 ? body.ptr : "");
    must(wc_request_respond(request, 200, NULL, 0, text, (size_t)len) == WC_OK, "respond");
}

static void on_close(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)why;
    ((struct told *)user)->closed++;
}

static void on_reject(wc_conn conn, int32_t reason, int32_t status, void *user)
{
    struct told *told = user;
    told->rejects++;
    told->conn = conn;
    told->reason = reason;
    told->status = status;
}

static wc_http_callbacks callbacks;

/* Reads answers until `found` is read, and gives back whether they make it. */
static int answers_make(wc_loop loop, struct peer *peer, const char *found)
{
    size_t at = 0;
    size_t len = strlen(found);
    struct answer answer;
    int holds = 1;
    while (holds && at < len) {
        holds = until_answer(loop, peer, &answer) && answer.status == 200
                && answer.body_len <= len - at
                && memcmp(answer.body, found + at, answer.body_len) == 0;
        at += answer.body_len;
        answer_free(&answer);
    }
    return holds;
}

/* Whether the connection goes on, or ends in order with nothing more on it. */
static int goes_on(wc_loop loop, struct peer *peer, int keep)
{
    if (!keep) {
        shutdown(peer->fd, SHUT_WR);
        return until_end(loop, peer) == 1 && peer->at == peer->len;
    }
    peer_say(peer, "GET /again HTTP/1.0\r\n\r\n", WC_NTS);
    return answers_make(loop, peer, "GET /again 0 ;");
}

static void good_inputs(wc_loop loop, uint16_t port, struct told *told)
{
    size_t i;
    for (i = 0; i < COUNT(good_cases); i++) {
        const struct good_case *good = &good_cases[i];
        struct peer peer = peer_open(port);
        int holds;
        peer_say(&peer, good->input, good->len);
        holds = answers_make(loop, &peer, good->found) && goes_on(loop, &peer, good->keep);
        CHECK(holds && told->rejects == 0, good->name);
        peer_close(&peer);
    }
}

/* An answer of the library itself: told once, with a page, a date and the end of the connection. */
static int is_refusal(const struct answer *answer, int status)
{
    char value[128];
    int holds = answer->status == status;
    holds = holds && field_of(answer, "Date", value, sizeof value) == 1 && strlen(value) == 29;
    holds = holds && strcmp(value + 25, " GMT") == 0;
    holds = holds && field_of(answer, "Content-Length", value, sizeof value) == 1;
    holds = holds && answer->body_len > 0 && strtoul(value, NULL, 10) == answer->body_len;
    holds = holds && field_of(answer, "Connection", value, sizeof value) == 1;
    holds = holds && strcmp(value, "close") == 0;
    holds = holds && field_of(answer, "Content-Type", value, sizeof value) == 1;
    return holds && field_of(answer, "Transfer-Encoding", value, sizeof value) == 0;
}

/* A good request before the bad one is answered first; a good one behind it never. */
static void bad_inputs(wc_loop loop, uint16_t port, struct told *told)
{
    static char bytes[8192];
    static const char behind[] = "\r\n\r\nGET /behind HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char before[] = GET("");
    size_t i;
    for (i = 0; i < COUNT(bad_cases); i++) {
        const struct bad_case *bad = &bad_cases[i];
        struct peer peer = peer_open(port);
        struct answer answer;
        size_t len = 0;
        int holds;
        memset(told, 0, sizeof *told);
        memcpy(bytes, before, sizeof before - 1);
        len += sizeof before - 1;
        memcpy(bytes + len, bad->input, bad->len);
        len += bad->len;
        memcpy(bytes + len, behind, sizeof behind - 1);
        len += sizeof behind - 1;
        peer_say(&peer, bytes, len);
        holds = answers_make(loop, &peer, "GET / 1 ;");
        holds = until_answer(loop, &peer, &answer) && holds && is_refusal(&answer, bad->status);
        answer_free(&answer);
        holds = holds && told->rejects == 1 && told->reason == bad->reason;
        holds = holds && told->status == bad->status;
        shutdown(peer.fd, SHUT_WR);
        holds = until_end(loop, &peer) == 1 && peer.at == peer.len && holds;
        CHECK(holds, bad->name);
        loop_some(loop, 0);
        holds = told->requests == told->closed;
        CHECK(holds && wc_conn_resume(told->conn) == WC_E_GONE, "each request of it is closed");
        peer_close(&peer);
    }
}

/* One byte at a time over a socket, with the loop between any two. */
static void byte_by_byte(wc_loop loop, uint16_t port, struct told *told)
{
    static const char input[] =
        "\r\n" CHUNKED("3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n") GET("")
        POST("Content-Length: 3\r\n", "xyz");
    struct peer peer = peer_open(port);
    size_t at;
    memset(told, 0, sizeof *told);
    for (at = 0; at < sizeof input - 1; at++) {
        peer_say(&peer, input + at, 1);
        (void)until_said(loop, &peer);
    }
    CHECK(answers_make(loop, &peer, "POST / 1 abcde;GET / 1 ;POST / 1 xyz;"), "byte by byte");
    EQUAL(told->requests, 3, "three requests of it");
    peer_close(&peer);
}

/* The same input in two pieces, over as many sockets as it has cuts. */
static void every_cut(wc_loop loop, uint16_t port)
{
    static const char input[] = CHUNKED("3;a\r\nabc\r\n0\r\nT: u\r\n\r\n") GET("");
    size_t cut;
    int holds = 1;
    for (cut = 1; cut < sizeof input - 1; cut++) {
        struct peer peer = peer_open(port);
        peer_say(&peer, input, cut);
        holds = until_said(loop, &peer) && holds;
        peer_say(&peer, input + cut, sizeof input - 1 - cut);
        holds = answers_make(loop, &peer, "POST / 1 abc;GET / 1 ;") && holds;
        peer_close(&peer);
    }
    CHECK(holds, "cut anywhere, it is read the same");
}

/* The end of the client's output at every place: what came complete is answered, and no more. */
static void ends_of_input(wc_loop loop, uint16_t port, struct told *told)
{
    static const char input[] = GET("") POST("Content-Length: 3\r\n", "xyz");
    size_t first = sizeof GET("") - 1;
    size_t len;
    int holds = 1;
    for (len = 0; len < sizeof input; len++) {
        struct peer peer = peer_open(port);
        memset(told, 0, sizeof *told);
        peer_say(&peer, input, len);
        (void)peer_send_some(&peer);
        shutdown(peer.fd, SHUT_WR);
        if (len >= first) {
            holds = answers_make(loop, &peer, "GET / 1 ;") && holds;
        }
        if (len == sizeof input - 1) {
            holds = answers_make(loop, &peer, "POST / 1 xyz;") && holds;
        }
        holds = until_end(loop, &peer) == 1 && peer.at == peer.len && holds;
        holds = holds && told->rejects == 0;
        peer_close(&peer);
    }
    CHECK(holds, "an end of input in the middle of a request is no request, and not answered");
}

static void unknown_methods(wc_loop loop, uint16_t port, struct told *told)
{
    static const char *const inputs[] = {
        "PROPFIND / HTTP/1.1\r\n" H "\r\n", "get / HTTP/1.1\r\n" H "\r\n",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / HTTP/1.1\r\n" H "\r\n",
        "CONNECT h:443 HTTP/1.1\r\n" H "\r\n",
    };
    size_t i;
    for (i = 0; i < COUNT(inputs); i++) {
        struct peer peer = peer_open(port);
        struct answer answer;
        memset(told, 0, sizeof *told);
        peer_say(&peer, inputs[i], WC_NTS);
        CHECK(until_answer(loop, &peer, &answer) && is_refusal(&answer, 501), inputs[i]);
        EQUAL(told->reason, WC_H_METHOD_UNKNOWN, "its reason");
        EQUAL(told->requests, 0, "no request of it");
        answer_free(&answer);
        peer_close(&peer);
    }
}

/* An error in answer to HEAD has no body either (RFC 9110 section 9.3.2). */
static void refused_head(wc_loop loop, uint16_t port)
{
    static const char *const inputs[] = {
        "HEAD / HTTP/1.1\r\n" H "X : y\r\n\r\n",
        "HEAD / HTTP/1.1\r\n" H "Content-Length: 1048577\r\n\r\n",
        "HEAD / HTTP/1.1\r\n" H "Expect: more\r\n\r\n",
    };
    size_t i;
    for (i = 0; i < COUNT(inputs); i++) {
        struct peer peer = peer_open(port);
        struct answer answer;
        char length[32];
        peer_say(&peer, inputs[i], WC_NTS);
        CHECK(until_answer_to(loop, &peer, 1, &answer) && answer.status >= 400, inputs[i]);
        CHECK(field_of(&answer, "Content-Length", length, sizeof length) == 1, "says a length");
        answer_free(&answer);
        shutdown(peer.fd, SHUT_WR);
        EQUAL(until_end(loop, &peer), 1, "it ends in order");
        EQUAL(peer.len - peer.at, 0, "and has no body");
        peer_close(&peer);
    }
}

int main(void)
{
    wc_loop loop = new_loop();
    struct told told;
    uint16_t port;
    memset(&told, 0, sizeof told);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = on_request;
    callbacks.on_close = on_close;
    callbacks.on_reject = on_reject;
    port = serve(loop, NULL, NULL, &callbacks, &told);
    good_inputs(loop, port, &told);
    bad_inputs(loop, port, &told);
    byte_by_byte(loop, port, &told);
    every_cut(loop, port);
    ends_of_input(loop, port, &told);
    unknown_methods(loop, port, &told);
    refused_head(loop, port);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    return tap_done();
}

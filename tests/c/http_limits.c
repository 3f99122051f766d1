/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The limits of HTTP in docs/LIMITS.md, each reached exactly and passed by one. */
#include "http_peer.h"
#include "tap.h"

static int32_t reason;
static int32_t reject_status;

static void on_request(wc_request request, void *user)
{
    (void)user;
    must(respond_text(request, 200, "ok") == WC_OK, "respond");
}

static void on_reject(wc_conn conn, int32_t why, int32_t status, void *user)
{
    (void)conn;
    (void)user;
    reason = why;
    reject_status = status;
}

/* A text that grows; the bytes of one input. */
struct text {
    char *bytes;
    size_t len;
    size_t capacity;
};

static void add(struct text *text, const char *bytes)
{
    size_t len = strlen(bytes);
    if (text->len + len + 1 > text->capacity) {
        text->capacity = (text->len + len + 1) * 2;
        text->bytes = realloc(text->bytes, text->capacity);
        must(text->bytes != NULL, "memory");
    }
    memcpy(text->bytes + text->len, bytes, len + 1);
    text->len += len;
}

static void add_many(struct text *text, const char *bytes, size_t count)
{
    while (count-- > 0) {
        add(text, bytes);
    }
}

/* Each makes an input of exactly `n` of what its limit counts. */
typedef void (*make_fn)(struct text *text, size_t n);

static void request_line(struct text *text, size_t n)
{
    add(text, "GET /");
    add_many(text, "a", n - strlen("GET / HTTP/1.1"));
    add(text, " HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void field_line(struct text *text, size_t n)
{
    add(text, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    add_many(text, "a", n - strlen("X: "));
    add(text, "\r\n\r\n");
}

static void field_name(struct text *text, size_t n)
{
    add(text, "GET / HTTP/1.1\r\nHost: h\r\n");
    add_many(text, "a", n - 1);
    add(text, ":\r\n\r\n");
}

static void fields(struct text *text, size_t n)
{
    add(text, "GET / HTTP/1.1\r\nHost: h\r\n");
    add_many(text, "X: y\r\n", n - 1);
    add(text, "\r\n");
}

static void head(struct text *text, size_t n)
{
    size_t rest = n - strlen("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    add(text, "GET / HTTP/1.1\r\nHost: h\r\n");
    while (rest > 0) {
        size_t line = rest > 2000 ? 1000 : rest;
        add(text, "X: ");
        add_many(text, "a", line - strlen("X: \r\n"));
        add(text, "\r\n");
        rest -= line;
    }
    add(text, "\r\n");
}

static void method(struct text *text, size_t n)
{
    add_many(text, "A", n);
    add(text, " / HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void empty_lines(struct text *text, size_t n)
{
    add_many(text, "\r\n", n);
    add(text, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void body(struct text *text, size_t n)
{
    char line[64];
    (void)sprintf(line, "Content-Length: %lu\r\n\r\n", (unsigned long)n);
    add(text, "POST / HTTP/1.1\r\nHost: h\r\n");
    add(text, line);
    add_many(text, "abcdefghijklmnop", n / 16);
    add_many(text, "q", n % 16);
}

static const char chunked_head[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/* In two chunks, so that it is their sum that counts. */
static void chunked_body(struct text *text, size_t n)
{
    char line[32];
    add(text, chunked_head);
    add(text, "10\r\nabcdefghijklmnop\r\n");
    (void)sprintf(line, "%lx\r\n", (unsigned long)(n - 16));
    add(text, line);
    add_many(text, "abcdefghijklmnop", (n - 16) / 16);
    add_many(text, "q", (n - 16) % 16);
    add(text, "\r\n0\r\n\r\n");
}

static void chunk_digits(struct text *text, size_t n)
{
    add(text, chunked_head);
    add_many(text, "0", n - 1);
    add(text, "1\r\nx\r\n0\r\n\r\n");
}

static void extension_line(struct text *text, size_t n)
{
    add(text, chunked_head);
    add(text, "1;");
    add_many(text, "a", n - 1);
    add(text, "\r\nx\r\n0\r\n\r\n");
}

static void extensions(struct text *text, size_t n)
{
    add(text, chunked_head);
    while (n > 0) {
        size_t line = n > 200 ? 100 : n;
        add(text, "1;");
        add_many(text, "a", line - 1);
        add(text, "\r\nx\r\n");
        n -= line;
    }
    add(text, "0\r\n\r\n");
}

static void trailer_fields(struct text *text, size_t n)
{
    add(text, chunked_head);
    add(text, "0\r\n");
    add_many(text, "X: y\r\n", n);
    add(text, "\r\n");
}

static void trailers(struct text *text, size_t n)
{
    add(text, chunked_head);
    add(text, "0\r\nX: ");
    add_many(text, "a", n - strlen("X: \r\n\r\n"));
    add(text, "\r\n\r\n");
}

struct limit {
    const char *name;
    make_fn make;
    size_t most;
    /* The status of what is within the limit. */
    int within;
    int32_t reason;
    int beyond;
};

static const struct limit defaults[] = {
    {"HTTP_REQUEST_LINE", request_line, 8192, 200, WC_H_REQUEST_LINE_LONG, 414},
    {"HTTP_FIELD", field_line, 8192, 200, WC_H_FIELD_LONG, 431},
    {"HTTP_FIELD of a name", field_name, 8192, 200, WC_H_FIELD_LONG, 431},
    {"HTTP_FIELDS", fields, 100, 200, WC_H_FIELDS_MANY, 431},
    {"HTTP_HEAD", head, 32768, 200, WC_H_HEAD_LONG, 431},
    {"HTTP_METHOD", method, 32, 501, WC_H_METHOD_LONG, 400},
    {"HTTP_EMPTY_LINES", empty_lines, 8, 200, WC_H_EMPTY_LINES, 400},
    {"HTTP_BODY", body, 1048576, 200, WC_H_BODY_LONG, 413},
    {"HTTP_BODY in chunks", chunked_body, 1048576, 200, WC_H_BODY_LONG, 413},
    {"HTTP_CHUNK_DIGITS", chunk_digits, 16, 200, WC_H_CHUNK_SIZE_LONG, 400},
    {"HTTP_CHUNK_EXT_LINE", extension_line, 256, 200, WC_H_CHUNK_EXT_LINE, 413},
    {"HTTP_CHUNK_EXT", extensions, 16384, 200, WC_H_CHUNK_EXT_TOTAL, 413},
    {"HTTP_TRAILER_FIELDS", trailer_fields, 64, 200, WC_H_TRAILER_FIELDS, 431},
    {"HTTP_TRAILER", trailers, 8192, 200, WC_H_TRAILER_LONG, 431},
};

static const struct limit small[] = {
    {"max_request_line", request_line, 40, 200, WC_H_REQUEST_LINE_LONG, 414},
    {"max_field", field_line, 30, 200, WC_H_FIELD_LONG, 431},
    {"max_fields", fields, 3, 200, WC_H_FIELDS_MANY, 431},
    {"max_head", head, 70, 200, WC_H_HEAD_LONG, 431},
    {"max_body", body, 20, 200, WC_H_BODY_LONG, 413},
    {"max_body in chunks", chunked_body, 20, 200, WC_H_BODY_LONG, 413},
};

static int asked_for(wc_loop loop, uint16_t port, const struct limit *limit, size_t n)
{
    struct peer peer = peer_open(port);
    struct text text = {NULL, 0, 0};
    int status;
    reason = reject_status = 0;
    limit->make(&text, n);
    peer_say(&peer, text.bytes, text.len);
    status = until_status(loop, &peer);
    peer_close(&peer);
    free(text.bytes);
    return status;
}

static void reach(wc_loop loop, uint16_t port, const struct limit *limits, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        const struct limit *limit = &limits[i];
        EQUAL(asked_for(loop, port, limit, limit->most), limit->within, limit->name);
        EQUAL(asked_for(loop, port, limit, limit->most + 1), limit->beyond, "one more is too much");
        EQUAL(reason, limit->reason, wc_http_reason_name(limit->reason));
        EQUAL(reject_status, limit->beyond, "its status");
    }
}

/* RFC 9112 section 3: a request line of 8000 bytes is to be taken. */
static void as_the_standard_asks(wc_loop loop, uint16_t port)
{
    EQUAL(asked_for(loop, port, &defaults[0], 8000), 200, "a request line of 8000 bytes");
}

/* 413 reaches a client that goes on sending: the connection ends in order behind it. */
static void refused_while_it_sends(wc_loop loop, uint16_t port)
{
    static char flood[200000];
    struct peer peer = peer_open(port);
    struct answer answer;
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", WC_NTS);
    CHECK(until_said(loop, &peer), "the head of a body that is too long");
    peer_say(&peer, flood, sizeof flood);
    CHECK(until_said(loop, &peer), "and 200 kB of it");
    CHECK(until_answer(loop, &peer, &answer), "the answer is there to be read");
    EQUAL(answer.status, 413, "with its status");
    CHECK(answer.body_len > 0, "and its page");
    answer_free(&answer);
    shutdown(peer.fd, SHUT_WR);
    EQUAL(until_end(loop, &peer), 1, "no reset was sent, for LINGER_BYTES are dropped");
    peer_close(&peer);
}

int main(void)
{
    wc_loop loop = new_loop();
    wc_http_callbacks callbacks;
    wc_http_options options = http_defaults();
    uint16_t port;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = on_request;
    callbacks.on_reject = on_reject;
    port = serve(loop, NULL, NULL, &callbacks, NULL);
    reach(loop, port, defaults, sizeof defaults / sizeof defaults[0]);
    as_the_standard_asks(loop, port);
    refused_while_it_sends(loop, port);
    options.max_request_line = 40;
    options.max_field = 40;
    options.max_fields = 3;
    options.max_head = 400;
    options.max_body = 20;
    port = serve(loop, NULL, &options, &callbacks, NULL);
    reach(loop, port, &small[0], 1);
    reach(loop, port, &small[2], 1);
    reach(loop, port, &small[4], 2);
    options.max_field = 30;
    port = serve(loop, NULL, &options, &callbacks, NULL);
    reach(loop, port, &small[1], 1);
    options.max_field = 1000;
    options.max_head = 70;
    port = serve(loop, NULL, &options, &callbacks, NULL);
    reach(loop, port, &small[3], 1);
    options = http_defaults();
    options.max_body = INT64_MAX;
    port = serve(loop, NULL, &options, &callbacks, NULL);
    EQUAL(asked_for(loop, port, &small[4], 2000000), 200, "a body of any length");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
    return tap_done();
}

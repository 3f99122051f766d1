/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A server for tests from outside: http_server [PORT [MAX_BODY]]. It streams.
 *
 *     /            answers at once
 *     /echo        answers with the body as it comes, holding its client back to its own pace
 *     /count       answers with the number of bytes of the body
 *     /late        answers from a timer
 *     /post        answers from a job
 *     /chunks      answers in three chunks
 *     /length      answers in three pieces of a known length
 *     /cut         gives its answer up in the middle
 *     /early       answers before the body has come
 */
#include "../../../c_examples/example.h"

struct exchange {
    wc_conn conn;
    size_t received;
    int echoes;
    int full;
};

static wc_loop loop;

static int is(wc_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static void respond(wc_request request, int32_t status, const char *text)
{
    (void)failed(wc_request_respond(request, status, NULL, 0, text, WC_NTS), "respond");
}

static void fire(wc_timer timer, void *user)
{
    (void)timer;
    respond(*(wc_request *)user, 200, "late");
}

static void work(wc_loop on, void *user)
{
    (void)on;
    respond(*(wc_request *)user, 200, "post");
    free(user);
}

/* A handle that outlives its request: what belongs to the request ends with its client. */
static wc_request *copy(wc_request request)
{
    wc_request *copied = malloc(sizeof *copied);

    if (copied == NULL) {
        abort();
    }
    *copied = request;
    return copied;
}

static void stream(wc_request request, int64_t length, int cut)
{
    if (failed(wc_request_begin(request, 200, NULL, 0, length), "begin")
        || failed(wc_request_write(request, "one,", 4), "write")) {
        return;
    }
    if (cut) {
        (void)failed(wc_request_abort(request), "abort");
        return;
    }
    if (!failed(wc_request_write(request, "two,", 4), "write")
        && !failed(wc_request_write(request, "three", 5), "write")) {
        (void)failed(wc_request_finish(request), "finish");
    }
}

static void on_head(wc_request request, void *user)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    wc_str path = {NULL, 0};

    (void)user;
    if (exchange == NULL || failed(wc_request_set_user(request, exchange, free), "set_user")
        || failed(wc_request_conn(request, &exchange->conn), "conn")) {
        return;
    }
    if (wc_request_path(request, &path) == WC_OK && is(path, "/echo")) {
        exchange->echoes = 1;
        (void)failed(wc_request_begin(request, 200, NULL, 0, WC_LENGTH_UNKNOWN), "begin");
    } else if (is(path, "/early")) {
        respond(request, 403, "early");
    }
}

static void on_body(wc_request request, const char *data, size_t len, void *user)
{
    struct exchange *exchange = user;

    exchange->received += len;
    if (exchange->echoes) {
        wc_status status = wc_request_write(request, data, len);
        if (!failed(status, "write") && status == WC_FULL && !exchange->full) {
            exchange->full = 1;
            (void)failed(wc_conn_pause(exchange->conn), "pause");
        }
    }
}

static void on_drain(wc_request request, void *user)
{
    struct exchange *exchange = user;

    (void)request;
    exchange->full = 0;
    (void)failed(wc_conn_resume(exchange->conn), "resume");
}

static void on_end(wc_request request, void *user)
{
    struct exchange *exchange = user;
    wc_str path = {NULL, 0};
    char number[32];

    if (wc_request_path(request, &path) != WC_OK) {
        respond(request, 400, "no path");
    } else if (exchange->echoes) {
        (void)failed(wc_request_finish(request), "finish");
    } else if (is(path, "/")) {
        respond(request, 200, "hello");
    } else if (is(path, "/count")) {
        (void)snprintf(number, sizeof number, "%lu", (unsigned long)exchange->received);
        respond(request, 200, number);
    } else if (is(path, "/late")) {
        (void)failed(wc_timer_start(loop, 20, 0, fire, copy(request), free, NULL), "timer");
    } else if (is(path, "/post")) {
        (void)failed(wc_loop_post(loop, work, copy(request), free), "post");
    } else if (is(path, "/chunks")) {
        stream(request, WC_LENGTH_UNKNOWN, 0);
    } else if (is(path, "/length")) {
        stream(request, 13, 0);
    } else if (is(path, "/cut")) {
        stream(request, WC_LENGTH_UNKNOWN, 1);
    } else if (!is(path, "/early")) {
        respond(request, 404, "nothing here");
    }
}

static const wc_http_callbacks callbacks = {
    .size = sizeof callbacks,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_drain = on_drain,
};

int main(int argc, char **argv)
{
    uint16_t port;
    unsigned long max_body = 1 << 20;
    wc_listen_options where;
    wc_http_options how;
    wc_listener listener;

    if (!parse_port(argc, argv, 8080, &port)
        || (argc > 2 && !parse_number(argv[2], 0, 1ul << 31, &max_body))
        || failed(wc_loop_new(NULL, &loop), "wc_loop_new")
        || failed(wc_listen_options_init(&where, sizeof where), "wc_listen_options_init")
        || failed(wc_http_options_init(&how, sizeof how), "wc_http_options_init")) {
        return EXIT_FAILURE;
    }
    where.host = "127.0.0.1";
    where.port = port;
    how.max_body = max_body;
    if (failed(wc_http_listen(loop, &where, NULL, &how, &callbacks, NULL, NULL, &listener),
               "wc_http_listen")
        || !stop_on_signals(loop) || !announce(listener)) {
        (void)failed(wc_loop_free(loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    return finish(loop, wc_loop_run(loop));
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * HTTP in one callback.
 *
 *     http_hello [PORT [HEAD_MS]]      default: 8080 10000, on 127.0.0.1; 0 takes any free port
 *
 *     curl -i http://127.0.0.1:8080/
 *     curl -i -d 'some words' http://127.0.0.1:8080/echo
 *
 * on_request is called when a request is whole: head parsed, limits kept, chunks put together.
 * The library does what HTTP asks of every server and no handler should repeat: Date and
 * Content-Length, keep-alive, answers in the order of the requests, HEAD without a body,
 * 100 Continue, and 400, 408, 413 and their like for requests that never reach us.
 *
 * A request is a handle, not a pointer. Answering it later, from a timer, is allowed; if the
 * client has gone by then the answer is WC_E_GONE and nothing worse happens.
 */
#include "example.h"

static int is(wc_str text, const char *word)
{
    /* A wc_str is not NUL-terminated: strcmp would read past its end. */
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static void respond(wc_request request, int32_t status, const char *type, const char *allow,
                    const char *body, size_t len)
{
    wc_header headers[2];
    size_t count = 0;

    headers[count].name = "Content-Type";
    headers[count].name_len = WC_NTS;
    headers[count].value = type;
    headers[count].value_len = WC_NTS;
    count++;
    if (allow != NULL) {
        headers[count].name = "Allow";
        headers[count].name_len = WC_NTS;
        headers[count].value = allow;
        headers[count].value_len = WC_NTS;
        count++;
    }
    /* Headers and body are copied before this returns; pointers into the request are welcome. */
    (void)failed(wc_request_respond(request, status, headers, count, body, len), "respond");
}

static void respond_text(wc_request request, int32_t status, const char *allow, const char *text)
{
    respond(request, status, "text/plain; charset=utf-8", allow, text, strlen(text));
}

static void on_request(wc_request request, void *user)
{
    wc_str method;
    wc_str path;
    wc_str body;
    wc_status status;

    (void)user;
    if (failed(wc_request_method(request, &method), "wc_request_method")) {
        return;
    }
    /*
     * The path, not the target: the target still has its query and its %-escapes, and comparing
     * that is how "/%65cho" finds a second way around every rule.
     */
    status = wc_request_path(request, &path);
    if (status == WC_E_PATH) {
        respond_text(request, 400, NULL, "Bad Request\n");
    } else if (failed(status, "wc_request_path")) {
        return;
    } else if (is(path, "/")) {
        if (is(method, "GET") || is(method, "HEAD")) {
            respond_text(request, 200, NULL, "Hello, World!");
        } else {
            /* A 405 must say what would be allowed (RFC 9110, 15.5.6). */
            respond_text(request, 405, "GET, HEAD", "Method Not Allowed\n");
        }
    } else if (is(path, "/echo")) {
        if (!is(method, "POST")) {
            respond_text(request, 405, "POST", "Method Not Allowed\n");
        } else if (!failed(wc_request_body(request, &body), "wc_request_body")) {
            /* Not the type that the client named: a page of its making would run as ours. */
            respond(request, 200, "application/octet-stream", NULL, body.ptr, body.len);
        }
    } else {
        respond_text(request, 404, NULL, "Not Found\n");
    }
}

static const wc_http_callbacks callbacks = {
    .size = sizeof callbacks,
    .on_request = on_request,
};

static wc_status listen_on(wc_loop loop, uint16_t port, uint32_t head_ms, wc_listener *listener)
{
    wc_listen_options where;
    wc_http_options how;
    wc_status status = wc_listen_options_init(&where, sizeof where);

    if (status < 0) {
        return status;
    }
    where.host = "127.0.0.1";
    where.port = port;
    status = wc_http_options_init(&how, sizeof how);
    if (status < 0) {
        return status;
    }
    /*
     * For the whole head, from its first byte. An idle limit would not do: a client that sends a
     * byte every few seconds is never idle, never done, and a thousand of it hold every connection.
     */
    how.head_ms = head_ms;
    return wc_http_listen(loop, &where, NULL, &how, &callbacks, NULL, NULL, listener);
}

int main(int argc, char **argv)
{
    uint16_t port;
    unsigned long head_ms = 10000;
    wc_loop loop;
    wc_listener listener;

    if (!parse_port(argc, argv, 8080, &port)) {
        return EXIT_FAILURE;
    }
    if (argc > 3 || (argc > 2 && !parse_number(argv[2], 1, 86400000, &head_ms))) {
        fprintf(stderr, "usage: %s [PORT [HEAD_MS]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (failed(wc_loop_new(NULL, &loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    if (failed(listen_on(loop, port, (uint32_t)head_ms, &listener), "listen")
        || !stop_on_signals(loop) || !announce(listener)) {
        (void)failed(wc_loop_free(loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    return finish(loop, wc_loop_run(loop));
}

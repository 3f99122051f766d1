/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What another thread sends and nobody can be given: counted, and bounded in bytes. */
#include "tap.h"
#include "wire.h"

static uint64_t dropped(wc_loop loop)
{
    return wire_stats(loop).posts_dropped;
}

/* Runs the loop until everything that was posted is taken. */
static void settle(wc_loop loop)
{
    wire_turns(loop, 2);
}

static void on_a_connection(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    struct wire_reader reader = {-1, {0}, 0, 0, 0, 0, 0};
    wire_listen(log);
    reader.fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    EQUAL(wc_conn_send_async(log->conn, "first ", WC_NTS), WC_OK, "bytes are posted");
    settle(log->loop);
    EQUAL(dropped(log->loop), 0, "and go out");
    EQUAL(wc_conn_shutdown(log->conn), WC_OK, "our output ends");
    EQUAL(wc_conn_send_async(log->conn, "second", WC_NTS), WC_OK, "bytes are posted behind it");
    settle(log->loop);
    EQUAL(dropped(log->loop), 1, "they are counted as dropped");
    CHECK(wire_run(log->loop, wire_has, &reader), "the peer reads to the end");
    SAME(reader.bytes, "first ", "what was sent before it");
    MUST(close(reader.fd));
    CHECK(wire_run(log->loop, wire_closed, log), "the connection is over");
    settle(log->loop);
    EQUAL(wc_conn_send_async(log->conn, "third", WC_NTS), WC_OK, "bytes are posted to none");
    EQUAL(wc_conn_close_async(log->conn, WC_CLOSE_NOW), WC_OK, "and a close, which misses nothing");
    settle(log->loop);
    EQUAL(dropped(log->loop), 2, "the bytes are counted");
    MUST(wc_loop_free(log->loop));
    free(log);
}

static wc_request the_request;

static void on_request(wc_request request, void *user)
{
    wc_conn conn = 0;
    (void)user;
    the_request = request;
    MUST(wc_request_conn(request, &conn));
    MUST(wc_conn_send_async(conn, "raw bytes between answers", WC_NTS));
    MUST(wc_request_respond_async(request, 200, NULL, 0, "ok", 2));
    MUST(wc_request_respond_async(request, 200, NULL, 0, "twice", 5));
}

static void on_http(void)
{
    wc_loop loop = wire_loop();
    wc_listen_options where = wire_listen_options();
    wc_http_callbacks calls;
    wc_listener listener = 0;
    struct wire_reader reader = {-1, {0}, 0, 0, 0, 0, 0};
    uint16_t port = 0;
    memset(&calls, 0, sizeof calls);
    calls.size = sizeof calls;
    calls.on_request = on_request;
    MUST(wc_http_listen(loop, &where, NULL, NULL, &calls, NULL, NULL, &listener));
    MUST(wc_listener_port(listener, &port));
    reader.fd = wire_client(port);
    wire_send(reader.fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(wire_run(loop, wire_has, &reader), "a request is answered");
    CHECK(strstr(reader.bytes, "\r\n\r\nok") != NULL && strstr(reader.bytes, "raw") == NULL,
          "with its answer and nothing else");
    EQUAL(dropped(loop), 2, "bytes on a connection of HTTP and a second answer are counted");
    MUST(close(reader.fd));
    MUST(wc_loop_free(loop));
}

/* POST_BYTES */
static void as_many_bytes_as_there_may_be(void)
{
    static char some[1 << 20];
    struct wire_log *log = wire_log_new(wire_loop());
    int fd, taken = 0;
    wire_listen(log);
    fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    MUST(wc_conn_close(log->conn, WC_CLOSE_NOW));
    while (taken < 100 && wc_conn_send_async(log->conn, some, sizeof some) == WC_OK) {
        taken++;
    }
    EQUAL(taken, 64, "so many bytes are queued, whoever they are for");
    EQUAL(wc_conn_send_async(log->conn, "x", 1), WC_E_LIMIT, "and not one more");
    EQUAL(wc_conn_close_async(log->conn, WC_CLOSE_NOW), WC_OK, "what carries none is taken");
    CHECK(wire_run(log->loop, wire_closed, log), "the loop takes them");
    settle(log->loop);
    EQUAL(wc_conn_send_async(log->conn, some, sizeof some), WC_OK, "then there is room again");
    EQUAL(dropped(log->loop), 64, "each is counted");
    MUST(close(fd));
    MUST(wc_loop_free(log->loop));
    free(log);
}

int main(void)
{
    on_a_connection();
    on_http();
    as_many_bytes_as_there_may_be();
    return tap_done();
}

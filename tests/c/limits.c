/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How many connections: of a loop, by its option or by the limit of descriptors. */
#include <sys/resource.h>

#include "tap.h"
#include "wire.h"

static int paused;

static void on_pause(wc_listener listener, wc_status why, int32_t os_error, void *user)
{
    (void)listener;
    (void)os_error;
    (void)user;
    paused += why == WC_E_LIMIT;
}

static int has_paused(void *user)
{
    (void)user;
    return paused > 0;
}

/* A loop takes so many connections, whether they come from a listener or go out. */
static void takes(const wc_loop_options *options, int most)
{
    struct wire_log *log = wire_log_new(0);
    wc_listen_options where = wire_listen_options();
    wc_listener_callbacks own;
    wc_connect_options to;
    int at, fds[64];
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    own.on_pause = on_pause;
    where.events = &own;
    paused = 0;
    MUST(wc_loop_new(options, &log->loop));
    wire_listen_with(log, &where, NULL);
    for (at = 0; at < most + 1; at++) {
        fds[at] = wire_client(log->port);
    }
    CHECK(wire_run(log->loop, has_paused, NULL), "one peer more than allowed: the listener pauses");
    wire_turns(log->loop, 2);
    EQUAL(log->opened, most, "so many are taken");
    EQUAL(wire_stats(log->loop).connections, most, "and counted");
    MUST(wc_connect_options_init(&to, sizeof to));
    to.host = "127.0.0.1";
    to.port = log->port;
    EQUAL(wc_connect(log->loop, &to, NULL, NULL, NULL, NULL, NULL), WC_E_LIMIT,
          "none can go out, either");
    MUST(wc_conn_close(log->conn, WC_CLOSE_NOW));
    wire_turns(log->loop, 5);
    EQUAL(log->opened, most + 1, "one ends, the peer that waited is taken");
    for (at = 0; at < most + 1; at++) {
        MUST(close(fds[at]));
    }
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 1, "the user pointer came back once");
    free(log);
}

int main(void)
{
    wc_loop_options options;
    struct rlimit limit;
    MUST(wc_loop_options_init(&options, sizeof options));
    options.max_connections = 5;
    takes(&options, 5);
    /* CONNECTIONS: or what the limit of descriptors leaves of them, less 64. */
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 64 + 20;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    options.max_connections = 0;
    takes(&options, 20);
    return tap_done();
}

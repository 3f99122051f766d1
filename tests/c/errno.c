/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library leaves errno alone, and writes nothing to stdout or stderr, whatever happens. */
#include "tap.h"
#include "wire.h"

#define MARK 4711

static int changed;
static char changed_by[64] = "nobody";

#define KEEPS(call)                                               \
    do {                                                          \
        errno = MARK;                                             \
        (void)!(call);                                            \
        if (errno != MARK) {                                      \
            changed++;                                            \
            snprintf(changed_by, sizeof changed_by, "%s", #call); \
        }                                                         \
    } while (0)

/* What a callback finds: what the program had before, not what the library met meanwhile. */
static void in_callback(struct wire_log *log, const char *event, wc_conn conn)
{
    (void)conn;
    if (errno != MARK) {
        changed++;
        snprintf(changed_by, sizeof changed_by, "%s", event);
    }
    if (log->closed) {
        (void)wc_loop_stop(log->loop);
    }
    errno = MARK;
}

static void job(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
}

static void of_loops_and_listeners(struct wire_log *log)
{
    wc_listen_options where = wire_listen_options();
    wc_loop_options options;
    wc_loop loop = 0;
    wc_listener listener = 0;
    wc_loop_stats stats;
    wc_event event;
    wc_timer timer = 0;
    wc_timer_options when;
    uint16_t port;
    uint64_t ms;
    wc_str name;
    int32_t number;
    char text[WC_ADDRESS_MAX];
    stats.size = sizeof stats;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    KEEPS(wc_version());
    KEEPS(wc_status_name(WC_E_OS));
    KEEPS(wc_status_text(12345));
    KEEPS(wc_backend_count());
    KEEPS(wc_backend_name(99));
    KEEPS(wc_state_name(99));
    KEEPS(wc_loop_options_init(&options, sizeof options));
    options.backend = "none such";
    KEEPS(wc_loop_new(&options, &loop));
    KEEPS(wc_loop_new(NULL, &loop));
    KEEPS(wc_loop_now(loop, &ms));
    KEEPS(wc_loop_backend(loop, &name));
    KEEPS(wc_loop_get_stats(loop, &stats));
    where.port = log->port;
    KEEPS(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listener));
    KEEPS(wc_loop_os_error(loop, &number));
    where.port = 0;
    where.host = "192.0.2.1";
    KEEPS(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listener));
    where.host = "nonsense";
    KEEPS(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listener));
    where.host = NULL;
    KEEPS(wc_listen(loop, &where, NULL, NULL, NULL, NULL, &listener));
    KEEPS(wc_listener_port(listener, &port));
    KEEPS(wc_listener_address(listener, text, sizeof text, &port));
    KEEPS(wc_listener_close(listener));
    KEEPS(wc_listener_close(listener));
    KEEPS(wc_timer_start(loop, 1, 0, NULL, NULL, NULL, &timer));
    KEEPS(wc_timer_restart(timer, 1));
    KEEPS(wc_timer_due(timer, &ms));
    KEEPS(wc_timer_options_init(&when, sizeof when));
    when.unix_ms = 1;
    KEEPS(wc_timer_schedule(loop, &when, NULL, NULL, NULL, NULL));
    KEEPS(wc_loop_now_fresh(loop, &ms));
    KEEPS(wc_loop_set_watchdog(loop, 1, NULL, NULL, NULL));
    KEEPS(wc_loop_busy(loop, NULL, NULL, &ms));
    KEEPS(wc_loop_set_trace(loop, NULL, NULL, NULL));
    KEEPS(wc_loop_set_log(loop, WC_LOG_NONE, NULL, NULL, NULL));
    KEEPS(wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, &ms, 1));
    KEEPS(wc_event_name(99));
    KEEPS(wc_loop_next(loop, 0, &event));
    KEEPS(wc_loop_dispatch(loop));
    KEEPS(wc_timer_cancel(timer));
    KEEPS(wc_loop_post(loop, job, NULL, NULL));
    KEEPS(wc_loop_stop(loop));
    KEEPS(wc_loop_run(loop));
    KEEPS(wc_loop_drain(loop, 1));
    KEEPS(wc_loop_detach(loop));
    KEEPS(wc_loop_free(loop));
    KEEPS(wc_loop_free(loop));
    EQUAL(changed, 0, "no call on a loop changes errno");
    SAME(changed_by, "nobody", "by name");
}

static void of_connections(struct wire_log *log)
{
    int fd = wire_client(log->port);
    size_t bytes;
    int32_t state;
    void *user;
    uint16_t port;
    wc_conn conn;
    char text[WC_ADDRESS_MAX];
    static const char much[1 << 20];
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    conn = log->conn;
    KEEPS(wc_conn_peer(conn, text, sizeof text, &port));
    KEEPS(wc_conn_local(conn, text, 1, &port));
    KEEPS(wc_conn_send(conn, much, sizeof much));
    while (wc_conn_send(conn, much, sizeof much) >= 0) {
    }
    KEEPS(wc_conn_send(conn, much, sizeof much));
    KEEPS(wc_conn_send_frame(conn, "x", 1));
    KEEPS(wc_conn_send_async(conn, "x", 1));
    KEEPS(wc_conn_close_async(conn, WC_CLOSE_NOW));
    KEEPS(wc_conn_queued(conn, &bytes));
    KEEPS(wc_conn_state(conn, &state));
    KEEPS(wc_conn_user(conn, &user));
    KEEPS(wc_conn_pause(conn));
    KEEPS(wc_conn_resume(conn));
    KEEPS(wc_conn_set_idle(conn, 1));
    KEEPS(wc_conn_keep(conn, 1));
    KEEPS(wc_conn_set_framing(conn, WC_FRAMING_LENGTH, 0, 9, 8));
    wire_reset(fd);
    KEEPS(wc_conn_shutdown(conn));
    KEEPS(wc_conn_send(conn, much, sizeof much));
    KEEPS(wc_conn_close(conn, WC_CLOSE_RESET));
    KEEPS(wc_conn_close(conn, WC_CLOSE_RESET));
    EQUAL(changed, 0, "no call on a connection changes errno");
    SAME(changed_by, "nobody", "by name");
    CHECK(wire_run(log->loop, wire_closed, log), "the connection ends");
}

static void across_a_run(struct wire_log *log)
{
    int fd = wire_client(log->port);
    log->closed = 0;
    log->act = in_callback;
    wire_send(fd, "bytes");
    wire_reset(fd);
    KEEPS(wc_loop_run(log->loop));
    EQUAL(changed, 0, "a run, in which reads fail, gives each callback the program's errno");
    SAME(changed_by, "nobody", "by name");
}

/* Everything above runs with both streams in a file. */
int main(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    FILE *file = tmpfile();
    int out = dup(1), err = dup(2);
    long before, after;
    MUST(file != NULL ? 0 : -1);
    MUST(fflush(stdout));
    MUST(dup2(fileno(file), 1));
    MUST(dup2(fileno(file), 2));
    wire_listen(log);
    of_loops_and_listeners(log);
    of_connections(log);
    across_a_run(log);
    KEEPS(wc_loop_free(log->loop));
    before = (long)lseek(fileno(file), 0, SEEK_END);
    MUST(dup2(out, 1));
    MUST(dup2(err, 2));
    /* What is in the file is the tests' own: every line of it is a check. */
    after = 0;
    rewind(file);
    {
        char line[512];
        int foreign = 0, checks = 0;
        while (fgets(line, sizeof line, file) != NULL) {
            after += (long)strlen(line);
            checks += strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0;
            foreign += strncmp(line, "ok ", 3) != 0 && strncmp(line, "not ok ", 7) != 0 &&
                       line[0] != '#';
            fputs(line, stdout);
        }
        EQUAL(after, before, "all of what was written was read");
        EQUAL(checks, tap_count - 1, "it has a line for each check");
        EQUAL(foreign, 0, "and the library has written nothing");
    }
    EQUAL(changed, 0, "nor changed errno at the end");
    MUST(fclose(file));
    MUST(close(out));
    MUST(close(err));
    free(log);
    return tap_done();
}

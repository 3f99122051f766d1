/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After fork(2): the parent's loops are not the child's, and a loop of the child's own works. */
#include <sys/wait.h>

#include "tap.h"
#include "wire.h"

static struct wire_log *log_of_parent;
static wc_timer timer_of_parent;

static void job(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
}

static int given_back;

static void back(void *user)
{
    (void)user;
    given_back++;
}

/* How many functions do not answer WC_E_FORKED for what the parent made. */
static int not_refused(void)
{
    wc_loop loop = log_of_parent->loop;
    wc_conn conn = log_of_parent->conn;
    wc_listen_options where = wire_listen_options();
    wc_loop_stats stats;
    wc_timer_options when;
    wc_event event;
    char text[WC_ADDRESS_MAX];
    uint64_t word;
    int32_t number;
    size_t bytes;
    uint16_t port;
    void *pointer;
    wc_str name;
    int bad = 0;
    const wc_status no = WC_E_FORKED;
    stats.size = sizeof stats;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    bad += wc_loop_run(loop) != no;
    bad += wc_loop_next(loop, 0, &event) != no;
    bad += wc_loop_dispatch(loop) != no;
    bad += wc_loop_drain(loop, 0) != no;
    bad += wc_loop_free(loop) != no;
    bad += wc_loop_detach(loop) != no;
    bad += wc_loop_stop(loop) != no;
    bad += wc_loop_post(loop, job, NULL, back) != no;
    bad += wc_loop_now(loop, &word) != no;
    bad += wc_loop_backend(loop, &name) != no;
    bad += wc_loop_os_error(loop, &number) != no;
    bad += wc_loop_get_stats(loop, &stats) != no;
    bad += wc_timer_start(loop, 0, 0, NULL, NULL, back, NULL) != no;
    bad += wc_timer_restart(timer_of_parent, 0) != no;
    bad += wc_timer_due(timer_of_parent, &word) != no;
    MUST(wc_timer_options_init(&when, sizeof when));
    bad += wc_timer_schedule(loop, &when, NULL, NULL, back, NULL) != no;
    bad += wc_loop_now_fresh(loop, &word) != no;
    bad += wc_loop_get_histogram(loop, WC_HISTOGRAM_TURN, &word, 1) != no;
    bad += wc_loop_busy(loop, NULL, NULL, NULL) != no;
    bad += wc_loop_set_watchdog(loop, 1, NULL, NULL, back) != no;
    bad += wc_loop_set_trace(loop, NULL, NULL, back) != no;
    bad += wc_loop_set_log(loop, WC_LOG_NONE, NULL, NULL, back) != no;
    bad += wc_timer_cancel(timer_of_parent) != no;
    bad += wc_listen(loop, &where, NULL, NULL, NULL, back, NULL) != no;
    bad += wc_listener_port(log_of_parent->listener, &port) != no;
    bad += wc_listener_address(log_of_parent->listener, text, sizeof text, &port) != no;
    bad += wc_listener_close(log_of_parent->listener) != no;
    bad += wc_conn_send(conn, "x", 1) != no;
    bad += wc_conn_send_frame(conn, "x", 1) != no;
    bad += wc_conn_send_async(conn, "x", 1) != no;
    bad += wc_conn_shutdown(conn) != no;
    bad += wc_conn_close(conn, WC_CLOSE_NOW) != no;
    bad += wc_conn_close_async(conn, WC_CLOSE_NOW) != no;
    bad += wc_conn_pause(conn) != no;
    bad += wc_conn_resume(conn) != no;
    bad += wc_conn_keep(conn, 0) != no;
    bad += wc_conn_set_framing(conn, WC_FRAMING_LINE, 0, 0, 8) != no;
    bad += wc_conn_queued(conn, &bytes) != no;
    bad += wc_conn_state(conn, &number) != no;
    bad += wc_conn_set_user(conn, NULL, back) != no;
    bad += wc_conn_user(conn, &pointer) != no;
    bad += wc_conn_listener(conn, &word) != no;
    bad += wc_conn_set_idle(conn, 1) != no;
    bad += wc_conn_peer(conn, text, sizeof text, &port) != no;
    bad += wc_conn_local(conn, text, sizeof text, &port) != no;
    return bad + (given_back != 7);
}

static void echo(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send(conn, log->data, log->data_len));
    }
}

/* How many things of a loop made here and now do not work. */
static int own_does_not_work(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    struct wire_reader reader = {-1, {0}, 0, 0, 2, 0, 0};
    int bad = 0;
    log->act = echo;
    wire_listen(log);
    reader.fd = wire_client(log->port);
    wire_send(reader.fd, "ok");
    bad += !wire_run(log->loop, wire_has, &reader);
    bad += memcmp(reader.bytes, "ok", 2) != 0;
    bad += wc_loop_free(log->loop) != WC_OK;
    free(log);
    MUST(close(reader.fd));
    return bad;
}

static int in_child(int (*run)(void))
{
    int status = 0;
    pid_t child = fork();
    MUST(child);
    if (child == 0) {
        _exit(run());
    }
    MUST(waitpid(child, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int a_grandchild_does_not_work(void)
{
    return in_child(own_does_not_work) + in_child(not_refused);
}

int main(void)
{
    int fd;
    wc_loop loop = wire_loop();
    struct wire_reader reader = {-1, {0}, 0, 0, 5, 0, 0};
    log_of_parent = wire_log_new(loop);
    log_of_parent->act = echo;
    wire_listen(log_of_parent);
    MUST(wc_timer_start(loop, 100000, 0, NULL, NULL, NULL, &timer_of_parent));
    fd = wire_client(log_of_parent->port);
    CHECK(wire_run(loop, wire_opened, log_of_parent), "the parent has a connection");
    EQUAL(in_child(not_refused), 0, "in a child every function refuses what the parent made");
    EQUAL(in_child(own_does_not_work), 0, "a loop that the child makes works");
    EQUAL(in_child(a_grandchild_does_not_work), 0, "so it is in a child's child");
    reader.fd = fd;
    wire_send(fd, "still");
    CHECK(wire_run(loop, wire_has, &reader), "the parent's goes on as before");
    CHECK(memcmp(reader.bytes, "still", 5) == 0, "and answers");
    MUST(close(fd));
    EQUAL(wc_loop_free(loop), WC_OK, "the parent frees it");
    EQUAL(log_of_parent->freed, 1, "the user pointer came back once");
    free(log_of_parent);
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Other threads: what they may call and what not; posts in order, in number, and left over. */
#include <pthread.h>

#include "tap.h"
#include "wire.h"

/* Runs a function in a thread of its own, to its end. */
static void in_thread(void *(*run)(void *), void *arg)
{
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, run, arg) == 0 ? 0 : -1);
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
}

struct objects {
    struct wire_log *log;
    wc_timer timer;
    int refused;
    int given_back;
};

static void back(void *user)
{
    ((struct objects *)user)->given_back++;
}

static void *call_everything(void *user)
{
    struct objects *of = user;
    wc_loop loop = of->log->loop;
    wc_conn conn = of->log->conn;
    wc_listener listener = of->log->listener;
    wc_listen_options where = wire_listen_options();
    wc_connect_options to;
    wc_loop_stats stats;
    wc_event event;
    char text[WC_ADDRESS_MAX];
    uint64_t ms;
    wc_str name;
    int32_t number;
    size_t bytes;
    uint16_t port;
    void *pointer;
    const wc_status no = WC_E_THREAD;
    MUST(wc_connect_options_init(&to, sizeof to));
    to.host = "127.0.0.1";
    to.port = 9;
    stats.size = sizeof stats;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    of->refused += wc_loop_run(loop) == no;
    of->refused += wc_loop_next(loop, 0, &event) == no;
    of->refused += wc_loop_dispatch(loop) == no;
    of->refused += wc_loop_drain(loop, 0) == no;
    of->refused += wc_loop_free(loop) == no;
    of->refused += wc_loop_detach(loop) == no;
    of->refused += wc_loop_now(loop, &ms) == no;
    of->refused += wc_loop_backend(loop, &name) == no;
    of->refused += wc_loop_os_error(loop, &number) == no;
    of->refused += wc_loop_get_stats(loop, &stats) == no;
    of->refused += wc_timer_start(loop, 0, 0, NULL, of, back, NULL) == no;
    of->refused += wc_timer_restart(of->timer, 0) == no;
    of->refused += wc_timer_cancel(of->timer) == no;
    of->refused += wc_listen(loop, &where, NULL, NULL, of, back, NULL) == no;
    of->refused += wc_listener_port(listener, &port) == no;
    of->refused += wc_listener_address(listener, text, sizeof text, &port) == no;
    of->refused += wc_listener_close(listener) == no;
    of->refused += wc_connect(loop, &to, NULL, NULL, of, back, NULL) == no;
    of->refused += wc_conn_send(conn, "x", 1) == no;
    of->refused += wc_conn_send_frame(conn, "x", 1) == no;
    of->refused += wc_conn_shutdown(conn) == no;
    of->refused += wc_conn_close(conn, WC_CLOSE_NOW) == no;
    of->refused += wc_conn_pause(conn) == no;
    of->refused += wc_conn_resume(conn) == no;
    of->refused += wc_conn_keep(conn, 0) == no;
    of->refused += wc_conn_set_framing(conn, WC_FRAMING_LINE, 0, 0, 8) == no;
    of->refused += wc_conn_queued(conn, &bytes) == no;
    of->refused += wc_conn_state(conn, &number) == no;
    of->refused += wc_conn_set_user(conn, of, back) == no;
    of->refused += wc_conn_user(conn, &pointer) == no;
    of->refused += wc_conn_listener(conn, &ms) == no;
    of->refused += wc_conn_set_idle(conn, 0) == no;
    of->refused += wc_conn_peer(conn, text, sizeof text, &port) == no;
    of->refused += wc_conn_local(conn, text, sizeof text, &port) == no;
    return NULL;
}

static void another_thread_is_refused(void)
{
    struct objects of = {wire_log_new(wire_loop()), 0, 0, 0};
    int fd;
    wire_listen(of.log);
    MUST(wc_timer_start(of.log->loop, 100000, 0, NULL, NULL, NULL, &of.timer));
    fd = wire_client(of.log->port);
    CHECK(wire_run(of.log->loop, wire_opened, of.log), "a connection opens");
    in_thread(call_everything, &of);
    EQUAL(of.refused, 34, "every function of the loop's thread refuses another");
    EQUAL(of.given_back, 4, "the user pointers that came with it are given back");
    SAME(of.log->story, "open ", "nothing has happened to the connection");
    EQUAL(wc_timer_cancel(of.timer), WC_OK, "nor to the timer");
    MUST(close(fd));
    MUST(wc_loop_free(of.log->loop));
    free(of.log);
}

static void *own(void *user)
{
    wc_loop loop = *(wc_loop *)user;
    uint64_t ms;
    int well = wc_loop_now(loop, &ms) == WC_OK;
    well += wc_timer_start(loop, 1, 0, NULL, NULL, NULL, NULL) == WC_OK;
    well += wc_loop_run(loop) == WC_OK;
    well += wc_loop_free(loop) == WC_OK;
    return well == 4 ? user : NULL;
}

static void a_loop_is_handed_over(void)
{
    wc_loop loop = wire_loop();
    pthread_t thread;
    void *well = NULL;
    uint64_t ms;
    EQUAL(wc_loop_detach(loop), WC_OK, "a loop is given up");
    MUST(pthread_create(&thread, NULL, own, &loop) == 0 ? 0 : -1);
    MUST(pthread_join(thread, &well) == 0 ? 0 : -1);
    CHECK(well != NULL, "another thread takes it, runs it and frees it");
    EQUAL(wc_loop_detach(0), WC_E_BADHANDLE, "none cannot be given up");
    EQUAL(wc_loop_now(loop, &ms), WC_E_GONE, "then it is gone here, too");
    loop = wire_loop();
    EQUAL(wc_loop_detach(loop), WC_OK, "a loop is given up");
    EQUAL(wc_loop_now(loop, &ms), WC_OK, "and taken back");
    EQUAL(wc_loop_free(loop), WC_OK, "and freed");
}

/* Each of a few threads posts its number with a count; they must come in order for each. */
#define THREADS 4
#define EACH 500

static struct {
    wc_loop loop;
    int next[THREADS];
    int wrong;
    int ran;
    int dropped;
} posts;

struct poster {
    int number;
    int refused;
};

static void take(wc_loop loop, void *user)
{
    int word = (int)(intptr_t)user;
    posts.wrong += loop != posts.loop || word % 1000 != posts.next[word / 1000]++;
    if (++posts.ran == THREADS * EACH) {
        (void)wc_loop_stop(loop);
    }
}

static void drop(void *user)
{
    (void)user;
    posts.dropped++;
}

static void *post_many(void *user)
{
    struct poster *poster = user;
    int at;
    for (at = 0; at < EACH; at++) {
        void *word = (void *)(intptr_t)(poster->number * 1000 + at);
        poster->refused += wc_loop_post(posts.loop, take, word, drop) != WC_OK;
    }
    return NULL;
}

static void posts_come_in_order(void)
{
    wc_loop_options options;
    struct poster posters[THREADS];
    pthread_t threads[THREADS];
    int at, refused = 0;
    MUST(wc_loop_options_init(&options, sizeof options));
    options.stay = 1;
    MUST(wc_loop_new(&options, &posts.loop));
    for (at = 0; at < THREADS; at++) {
        posters[at].number = at;
        posters[at].refused = 0;
        MUST(pthread_create(&threads[at], NULL, post_many, &posters[at]) == 0 ? 0 : -1);
    }
    EQUAL(wc_loop_run(posts.loop), WC_OK, "a loop that stays waits for jobs");
    for (at = 0; at < THREADS; at++) {
        MUST(pthread_join(threads[at], NULL) == 0 ? 0 : -1);
        refused += posters[at].refused;
    }
    EQUAL(refused, 0, "none was refused");
    EQUAL(posts.ran, THREADS * EACH, "every job ran");
    EQUAL(posts.wrong, 0, "those of one thread in order");
    EQUAL(posts.dropped, 0, "none was dropped");
    EQUAL(wire_stats(posts.loop).posts, THREADS * EACH, "the loop has counted them");
    MUST(wc_loop_free(posts.loop));
}

static void *stop_it(void *user)
{
    return wc_loop_stop(*(wc_loop *)user) == WC_OK ? user : NULL;
}

static void another_thread_stops_it(void)
{
    wc_loop_options options;
    wc_loop loop;
    pthread_t thread;
    MUST(wc_loop_options_init(&options, sizeof options));
    options.stay = 1;
    MUST(wc_loop_new(&options, &loop));
    MUST(pthread_create(&thread, NULL, stop_it, &loop) == 0 ? 0 : -1);
    EQUAL(wc_loop_run(loop), WC_OK, "another thread stops a loop that stays");
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    MUST(wc_loop_free(loop));
}

static void nothing(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
    posts.ran++;
}

static void posts_that_do_not_run(void)
{
    wc_loop loop = wire_loop();
    int word;
    posts.ran = posts.dropped = 0;
    EQUAL(wc_loop_post(loop, NULL, &word, drop), WC_E_INVAL, "a job is a function");
    EQUAL(wc_loop_post(loop, nothing, &word, drop), WC_OK, "a job is posted");
    EQUAL(wc_loop_run(loop), WC_OK, "a queued job keeps a run alive");
    EQUAL(posts.ran, 1, "until it has run");
    MUST(wc_loop_post(loop, nothing, &word, drop));
    MUST(wc_loop_post(loop, nothing, &word, drop));
    EQUAL(wc_loop_free(loop), WC_OK, "a loop ends before its jobs ran");
    EQUAL(posts.ran + posts.dropped, 3, "each was run or dropped");
    EQUAL(wc_loop_post(loop, nothing, &word, drop), WC_E_GONE, "later ones are refused");
    EQUAL(posts.ran + posts.dropped, 3, "and neither run nor dropped");
}

/* POSTS */
static void as_many_posts_as_there_may_be(void)
{
    wc_loop loop = wire_loop();
    long taken = 0;
    posts.ran = posts.dropped = 0;
    while (taken <= 1048576 && wc_loop_post(loop, nothing, NULL, drop) == WC_OK) {
        taken++;
    }
    EQUAL(taken, 1048576, "so many jobs are queued");
    EQUAL(wc_loop_post(loop, nothing, NULL, drop), WC_E_LIMIT, "and none more");
    EQUAL(wc_loop_run(loop), WC_OK, "they run");
    EQUAL(posts.ran, 1048576, "all of them");
    EQUAL(wc_loop_post(loop, nothing, NULL, drop), WC_OK, "then there is room again");
    MUST(wc_loop_free(loop));
}

static void *send_and_close(void *user)
{
    struct wire_log *log = user;
    log->number = wc_conn_send_async(log->conn, "from afar", WC_NTS);
    log->number += wc_conn_close_async(log->conn, WC_CLOSE_FLUSH);
    log->number += wc_conn_send_async(log->conn, "too late", WC_NTS);
    return NULL;
}

static void a_connection_from_another_thread(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    struct wire_reader reader = {-1, {0}, 0, 0, 0, 0, 0};
    wire_listen(log);
    reader.fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "a connection opens");
    EQUAL(wc_conn_close_async(log->conn, 9), WC_E_INVAL, "there is no such way to close");
    EQUAL(wc_conn_send_async(log->conn, NULL, 1), WC_E_INVAL, "null is no byte");
    in_thread(send_and_close, log);
    EQUAL(log->number, WC_OK, "another thread sends and closes");
    CHECK(wire_run(log->loop, wire_has, &reader), "the peer reads to the end");
    SAME(reader.bytes, "from afar", "what was sent before the close");
    MUST(close(reader.fd));
    CHECK(wire_run(log->loop, wire_closed, log), "the connection is over");
    EQUAL(log->why, WC_OK, "as was wanted");
    MUST(wc_loop_free(log->loop));
    in_thread(send_and_close, log);
    EQUAL(log->number, 3 * WC_E_GONE, "with the loop it is gone");
    free(log);
}

int main(void)
{
    another_thread_is_refused();
    a_loop_is_handed_over();
    posts_come_in_order();
    another_thread_stops_it();
    posts_that_do_not_run();
    as_many_posts_as_there_may_be();
    a_connection_from_another_thread();
    return tap_done();
}

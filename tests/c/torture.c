/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every callback, and in it every function: whatever a program does where, each connection opens
 * once, closes once and last, and each user pointer comes back once. By run, and by next and
 * dispatch. */
#include "tap.h"
#include "wire.h"

static const char *const places[] = {"open",    "data",     "too_long", "drain",
                                     "eof",     "idle",     "close",    "l_pause",
                                     "l_resume", "l_close", "timer",    "post",
                                     "free"};

static char large[1 << 20];

/* What happened in one scene. */
static struct {
    struct wire_log *log;
    const char *place;
    void (*verb)(wc_conn conn);
    int reached, wrong, sets, backs, before, after, listener_closed;
    int fds[2];
    wc_conn conns[8];
    int closed[8];
    int count;
    wc_timer timer;
} scene;

static void back(void *user)
{
    (void)user;
    scene.backs++;
}

/* The one place of each scene: does the deed at the first time. */
static void reach(const char *place, wc_conn conn)
{
    if (strcmp(place, scene.place) == 0 && scene.reached++ == 0) {
        scene.verb(conn);
    }
}

static void close_flush(wc_conn conn)
{
    (void)wc_conn_close(conn, WC_CLOSE_FLUSH);
}

static void close_now(wc_conn conn)
{
    (void)wc_conn_close(conn, WC_CLOSE_NOW);
}

static void close_reset(wc_conn conn)
{
    (void)wc_conn_close(conn, WC_CLOSE_RESET);
}

static void close_listener(wc_conn conn)
{
    (void)conn;
    (void)wc_listener_close(scene.log->listener);
}

static void stop(wc_conn conn)
{
    (void)conn;
    (void)wc_loop_stop(scene.log->loop);
}

static void free_the_loop(wc_conn conn)
{
    (void)conn;
    (void)wc_loop_free(scene.log->loop);
}

static void close_and_free(wc_conn conn)
{
    close_now(conn);
    close_listener(conn);
    free_the_loop(conn);
    free_the_loop(conn);
}

static void pause_it(wc_conn conn)
{
    (void)wc_conn_pause(conn);
}

static void pause_and_resume(wc_conn conn)
{
    (void)wc_conn_pause(conn);
    (void)wc_conn_resume(conn);
}

static void send_some(wc_conn conn)
{
    (void)wc_conn_send(conn, "some", 4);
    (void)wc_conn_send_frame(conn, "frame", 5);
}

static void send_much(wc_conn conn)
{
    (void)wc_conn_send(conn, large, sizeof large);
    (void)wc_conn_send_frame(conn, large, 4);
}

static void shut(wc_conn conn)
{
    (void)wc_conn_shutdown(conn);
}

static void send_shut_close(wc_conn conn)
{
    send_some(conn);
    shut(conn);
    close_flush(conn);
    close_reset(conn);
}

static void keep(wc_conn conn)
{
    (void)wc_conn_keep(conn, 0);
    (void)wc_conn_keep(conn, 1);
}

/* Another way to cut, and back: the scene goes on in lines. */
static void set_framing(wc_conn conn)
{
    (void)wc_conn_set_framing(conn, WC_FRAMING_LENGTH, WC_ORDER_BIG, 8, 4);
    (void)wc_conn_set_framing(conn, WC_FRAMING_RAW, WC_ORDER_BIG, 0, 4);
    (void)wc_conn_set_framing(conn, WC_FRAMING_LINE, WC_ORDER_BIG, 0, 4);
}

static void set_user(wc_conn conn)
{
    scene.sets += 2;
    (void)wc_conn_set_user(conn, scene.log, back);
    (void)wc_conn_set_user(conn, scene.log, back);
}

static void set_idle(wc_conn conn)
{
    (void)wc_conn_set_idle(conn, 1);
}

static void ask(wc_conn conn)
{
    size_t bytes;
    int32_t state;
    void *user;
    wc_listener listener;
    char text[WC_ADDRESS_MAX];
    uint16_t port;
    (void)wc_conn_queued(conn, &bytes);
    (void)wc_conn_state(conn, &state);
    (void)wc_conn_user(conn, &user);
    (void)wc_conn_listener(conn, &listener);
    (void)wc_conn_peer(conn, text, sizeof text, &port);
    (void)wc_conn_local(conn, text, sizeof text, &port);
    (void)wc_listener_port(scene.log->listener, &port);
    (void)wc_listener_address(scene.log->listener, text, sizeof text, &port);
}

static void from_afar(wc_conn conn)
{
    (void)wc_conn_send_async(conn, "afar", 4);
    (void)wc_conn_close_async(conn, WC_CLOSE_NOW);
}

static void timers(wc_conn conn)
{
    wc_timer timer = 0;
    (void)conn;
    (void)wc_timer_restart(scene.timer, 0);
    (void)wc_timer_cancel(scene.timer);
    scene.sets += 2;
    (void)wc_timer_start(scene.log->loop, 0, 1, NULL, NULL, back, &timer);
    (void)wc_timer_start(scene.log->loop, 0, 0, NULL, NULL, back, NULL);
    (void)wc_timer_cancel(timer);
}

static void others(wc_conn conn)
{
    wc_listen_options where = wire_listen_options();
    wc_connect_options to;
    wc_listener listener = 0;
    (void)conn;
    MUST(wc_connect_options_init(&to, sizeof to));
    to.host = "127.0.0.1";
    to.port = 9;
    scene.sets += 2;
    (void)wc_listen(scene.log->loop, &where, NULL, NULL, NULL, back, &listener);
    (void)wc_listener_port(listener, &to.port);
    (void)wc_connect(scene.log->loop, &to, NULL, NULL, NULL, back, NULL);
}

static void job(wc_loop loop, void *user)
{
    (void)loop;
    (void)user;
    scene.backs++;
}

static void post(wc_conn conn)
{
    (void)conn;
    scene.sets += wc_loop_post(scene.log->loop, job, NULL, back) == WC_OK;
}

static void nest(wc_conn conn)
{
    wc_loop loop = scene.log->loop;
    wc_event event;
    (void)conn;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    scene.wrong += wc_loop_run(loop) != WC_E_REENTRANT;
    scene.wrong += wc_loop_next(loop, 0, &event) != WC_E_REENTRANT;
    scene.wrong += wc_loop_dispatch(loop) != WC_E_REENTRANT;
    scene.wrong += wc_loop_drain(loop, 0) != WC_E_REENTRANT;
    scene.wrong += wc_loop_detach(loop) != WC_E_REENTRANT;
}

static const struct {
    const char *name;
    void (*verb)(wc_conn conn);
} verbs[] = {
    {"close_flush", close_flush},
    {"close_now", close_now},
    {"close_reset", close_reset},
    {"close_listener", close_listener},
    {"stop", stop},
    {"free_the_loop", free_the_loop},
    {"close_and_free", close_and_free},
    {"pause", pause_it},
    {"pause_and_resume", pause_and_resume},
    {"send_some", send_some},
    {"send_much", send_much},
    {"shutdown", shut},
    {"send_shut_close", send_shut_close},
    {"keep", keep},
    {"set_framing", set_framing},
    {"set_user", set_user},
    {"set_idle", set_idle},
    {"ask", ask},
    {"from_afar", from_afar},
    {"timers", timers},
    {"others", others},
    {"post", post},
    {"nest", nest},
};

/* Keeps the book of each connection, and does what makes the other callbacks come. */
static void act(struct wire_log *log, const char *event, wc_conn conn)
{
    int at = 0;
    while (at < scene.count && scene.conns[at] != conn) {
        at++;
    }
    if (strcmp(event, "open") == 0) {
        scene.wrong += at < scene.count || scene.count == 8;
        scene.conns[scene.count++ & 7] = conn;
        (void)wc_conn_send(conn, large, 100);
    } else {
        scene.wrong += at == scene.count || scene.closed[at];
    }
    if (strncmp(event, "close", 5) == 0) {
        scene.closed[at & 7]++;
        event = "close";
    }
    reach(event, conn);
    if (strcmp(event, "eof") == 0) {
        (void)wc_conn_close(conn, WC_CLOSE_FLUSH);
    }
    (void)log;
}

static void on_pause(wc_listener listener, wc_status why, int32_t os_error, void *user)
{
    (void)listener;
    (void)why;
    (void)os_error;
    reach("l_pause", ((struct wire_log *)user)->conn);
}

static void on_resume(wc_listener listener, void *user)
{
    (void)listener;
    reach("l_resume", ((struct wire_log *)user)->conn);
}

static void on_close(wc_listener listener, wc_status why, void *user)
{
    (void)listener;
    (void)why;
    scene.wrong += scene.listener_closed++;
    reach("l_close", ((struct wire_log *)user)->conn);
}

static void on_timer(wc_timer timer, void *user)
{
    (void)timer;
    reach("timer", ((struct wire_log *)user)->conn);
}

static void on_post(wc_loop loop, void *user)
{
    (void)loop;
    reach("post", ((struct wire_log *)user)->conn);
}

static void on_free(void *user)
{
    struct wire_log *log = user;
    log->freed++;
    reach("free", log->conn);
}

/* The peers' part, each millisecond: they read, and end once a connection was idle. */
static int tick(void *user)
{
    char some[1 << 16];
    int at;
    (void)user;
    for (at = 0; at < 2; at++) {
        while (recv(scene.fds[at], some, sizeof some, 0) > 0) {
        }
    }
    if (strstr(scene.log->story, "idle") != NULL) {
        (void)shutdown(scene.fds[0], SHUT_WR);
        (void)shutdown(scene.fds[1], SHUT_WR);
    }
    if (scene.log->closed == 2) {
        (void)wc_listener_close(scene.log->listener);
    }
    if (scene.listener_closed) {
        return 1;
    }
    return scene.reached > 0 ? ++scene.after > 40 : ++scene.before > 4000;
}

static void play(int pulling)
{
    wc_loop loop = scene.log->loop;
    wc_status status;
    wc_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    if (!pulling) {
        (void)wire_run(loop, tick, NULL);
        (void)wire_run(loop, tick, NULL);
        return;
    }
    while (!tick(NULL)) {
        status = wc_loop_next(loop, 1, &event);
        if (status == WC_OK) {
            status = wc_loop_dispatch(loop);
        }
        if (status < 0) {
            return;
        }
    }
}

static void perform(const char *place, void (*verb)(wc_conn conn), int pulling)
{
    wc_listen_options where = wire_listen_options();
    wc_conn_options how = wire_conn_options();
    wc_conn_callbacks all = wire_callbacks();
    wc_listener_callbacks own;
    int at;
    memset(&scene, 0, sizeof scene);
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    own.on_pause = on_pause;
    own.on_resume = on_resume;
    own.on_close = on_close;
    where.events = &own;
    where.max_connections = 1;
    how.framing = WC_FRAMING_LINE;
    how.max_frame = 4;
    how.write_high = how.write_low = 50;
    how.idle_ms = 4;
    how.linger_ms = 20;
    scene.place = place;
    scene.verb = verb;
    scene.log = wire_log_new(wire_loop());
    scene.log->act = act;
    MUST(wc_listen(scene.log->loop, &where, &how, &all, scene.log, on_free,
                   &scene.log->listener));
    MUST(wc_listener_port(scene.log->listener, &scene.log->port));
    MUST(wc_timer_start(scene.log->loop, 2, 2, on_timer, scene.log, NULL, &scene.timer));
    MUST(wc_loop_post(scene.log->loop, on_post, scene.log, NULL));
    for (at = 0; at < 2; at++) {
        scene.fds[at] = wire_client(scene.log->port);
        wire_send(scene.fds[at], "line\nlonger\nmore\n");
    }
    play(pulling);
    (void)wc_loop_free(scene.log->loop);
    MUST(close(scene.fds[0]));
    MUST(close(scene.fds[1]));
    for (at = 0; at < scene.count; at++) {
        scene.wrong += scene.closed[at] != 1;
    }
    scene.wrong += scene.log->opened != scene.log->closed;
    scene.wrong += scene.log->freed != 1;
    scene.wrong += scene.listener_closed != 1;
    scene.wrong += scene.backs != scene.sets;
    scene.wrong += scene.reached == 0;
    free(scene.log);
}

int main(void)
{
    size_t place, verb;
    int pulling;
    for (place = 0; place < sizeof places / sizeof places[0]; place++) {
        for (pulling = 0; pulling < 2; pulling++) {
            int bad = 0;
            for (verb = 0; verb < sizeof verbs / sizeof verbs[0]; verb++) {
                perform(places[place], verbs[verb].verb, pulling);
                if (scene.wrong > 0) {
                    printf("# in %s: %s (%d wrong, reached %d times, %d of %d came back)\n",
                           places[place], verbs[verb].name, scene.wrong, scene.reached,
                           scene.backs, scene.sets);
                    bad++;
                }
            }
            EQUAL(bad, 0, places[place]);
        }
    }
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Structs that start with their size: of no version, of a later one, null, at an odd address. */
#include "tap.h"
#include "wire.h"

/* A struct as a later version might have it: with more fields behind. */
static union {
    double aligned;
    char bytes[512];
} room;

#define TAIL 32

/* What one kind of struct answers in its place in some call. */
struct kind {
    const char *name;
    size_t size;
    wc_status (*init)(void *into, size_t size);
    wc_status (*use)(const void *from);
    /* Not 0: the call writes it, so what stands behind it is the caller's own. */
    int output;
};

static wc_loop loop;

static wc_status init_loop(void *into, size_t size)
{
    return wc_loop_options_init(into, size);
}

static wc_status use_loop(const void *from)
{
    wc_loop made = 0;
    wc_status answer = wc_loop_new(from, &made);
    if (answer == WC_OK) {
        MUST(wc_loop_free(made));
    }
    return answer;
}

static wc_status listen_with(const void *where, const void *how, const void *calls)
{
    wc_listener made = 0;
    wc_status answer = wc_listen(loop, where, how, calls, NULL, NULL, &made);
    if (answer == WC_OK) {
        MUST(wc_listener_close(made));
        (void)wc_loop_run(loop);
    }
    return answer;
}

static wc_status init_listen(void *into, size_t size)
{
    return wc_listen_options_init(into, size);
}

static wc_status use_listen(const void *from)
{
    return listen_with(from, NULL, NULL);
}

static wc_status init_conn(void *into, size_t size)
{
    return wc_conn_options_init(into, size);
}

static wc_status use_conn(const void *from)
{
    wc_listen_options where = wire_listen_options();
    return listen_with(&where, from, NULL);
}

/* What the program fills itself. */
static wc_status init_itself(void *into, size_t size)
{
    memset(into, 0, size);
    memcpy(into, &size, sizeof size);
    return WC_OK;
}

static wc_status use_callbacks(const void *from)
{
    wc_listen_options where = wire_listen_options();
    return listen_with(&where, NULL, from);
}

static wc_status use_listener_callbacks(const void *from)
{
    wc_listen_options where = wire_listen_options();
    where.events = from;
    return listen_with(&where, NULL, NULL);
}

static wc_status init_connect(void *into, size_t size)
{
    wc_status answer = wc_connect_options_init(into, size);
    if (answer == WC_OK && size >= sizeof(wc_connect_options)) {
        ((wc_connect_options *)into)->host = "127.0.0.1";
        ((wc_connect_options *)into)->port = 9;
    }
    return answer;
}

static wc_status use_connect(const void *from)
{
    wc_conn made = 0;
    wc_status answer = wc_connect(loop, from, NULL, NULL, NULL, NULL, &made);
    if (answer == WC_OK) {
        MUST(wc_conn_close(made, WC_CLOSE_NOW));
        (void)wc_loop_run(loop);
    }
    return answer;
}

static wc_status init_pool(void *into, size_t size)
{
    return wc_pool_options_init(into, size);
}

static wc_status use_pool(const void *from)
{
    wc_pool made = 0;
    wc_status answer = wc_pool_new(loop, from, &made);
    if (answer == WC_OK) {
        MUST(wc_pool_free(made));
    }
    return answer;
}

static wc_status use_pool_stats(const void *from)
{
    wc_pool made = 0;
    wc_status answer;
    MUST(wc_pool_new(loop, NULL, &made));
    answer = wc_pool_get_stats(made, (wc_pool_stats *)from);
    MUST(wc_pool_free(made));
    return answer;
}

static wc_status use_stats(const void *from)
{
    return wc_loop_get_stats(loop, (wc_loop_stats *)from);
}

static wc_status use_event(const void *from)
{
    wc_status answer = wc_loop_next(loop, 0, (wc_event *)from);
    return answer == WC_NONE ? WC_OK : answer;
}

static wc_status init_timer(void *into, size_t size)
{
    return wc_timer_options_init(into, size);
}

static wc_status use_timer(const void *from)
{
    wc_timer made = 0;
    wc_status answer = wc_timer_schedule(loop, from, NULL, NULL, NULL, &made);
    if (answer == WC_OK) {
        MUST(wc_timer_cancel(made));
    }
    return answer;
}

static void set_size(size_t size)
{
    memcpy(room.bytes, &size, sizeof size);
}

static void hold(const struct kind *kind, int may_be_null)
{
    static const size_t wrong[] = {0, 1, 7, (size_t)-1, (size_t)-1 / 2 + 1};
    size_t at;
    printf("# %s\n", kind->name);
    if (kind->init != init_itself) {
        EQUAL(kind->init(NULL, kind->size), WC_E_INVAL, "null cannot be filled");
        EQUAL(kind->init(room.bytes + 1, kind->size), WC_E_INVAL, "nor an odd address");
        EQUAL(kind->init(room.bytes, 0), WC_E_VERSION, "nor one without a size");
        EQUAL(kind->init(room.bytes, kind->size - 1), WC_E_VERSION, "nor one that is too small");
        EQUAL(kind->init(room.bytes, (size_t)-1), WC_E_VERSION, "nor one of an absurd size");
    }
    memset(room.bytes, 0x5a, sizeof room.bytes);
    EQUAL(kind->init(room.bytes, kind->size), WC_OK, "it is filled");
    EQUAL(room.bytes[kind->size], 0x5a, "and nothing behind it");
    EQUAL(kind->use(room.bytes), WC_OK, "it is taken");
    EQUAL(kind->use(NULL), may_be_null ? WC_OK : WC_E_INVAL, "null is the defaults, or refused");
    MUST(kind->init(room.bytes + 8, kind->size));
    memmove(room.bytes + 1, room.bytes + 8, kind->size);
    EQUAL(kind->use(room.bytes + 1), WC_E_INVAL, "at an odd address it is refused");
    MUST(kind->init(room.bytes, kind->size));
    for (at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        set_size(wrong[at]);
        EQUAL(kind->use(room.bytes), WC_E_VERSION, "a size that no version has is refused");
    }
    set_size(kind->size - 1);
    EQUAL(kind->use(room.bytes), WC_E_VERSION, "so is one that is a byte too small");
    memset(room.bytes, 0x5a, sizeof room.bytes);
    EQUAL(kind->init(room.bytes, kind->size + TAIL), WC_OK, "a later version's is filled");
    for (at = 0; at < TAIL && room.bytes[kind->size + at] == 0; at++) {
    }
    EQUAL(at, TAIL, "what is unknown here becomes zero");
    EQUAL(kind->use(room.bytes), WC_OK, "it is taken as long as that is zero");
    room.bytes[kind->size + TAIL - 1] = 1;
    EQUAL(kind->use(room.bytes), kind->output ? WC_OK : WC_E_VERSION,
          "if not, it asks for what is unknown here");
}

static void contradictions(void)
{
    wc_listen_options where = wire_listen_options();
    wc_conn_options how;
    size_t at;
    struct {
        int framing, order;
        uint32_t prefix, budget, reserved;
        size_t frame, high, low, limit;
    } bad[] = {
        {3, 0, 4, 1, 0, 1, 2, 1, 3},  {-1, 0, 4, 1, 0, 1, 2, 1, 3}, {0, 2, 4, 1, 0, 1, 2, 1, 3},
        {2, 0, 0, 1, 0, 1, 2, 1, 3},  {2, 0, 9, 1, 0, 1, 2, 1, 3},  {2, 0, 257, 1, 0, 1, 2, 1, 3},
        {0, 0, 4, 0, 0, 1, 2, 1, 3},  {0, 0, 4, 1, 1, 1, 2, 1, 3},  {0, 0, 4, 1, 0, 0, 2, 1, 3},
        {0, 0, 4, 1, 0, 1, 2, 3, 3},  {0, 0, 4, 1, 0, 1, 4, 1, 3},  {0, 0, 4, 1, 0, 1, 0, 0, 0},
    };
    for (at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        how = wire_conn_options();
        how.framing = bad[at].framing;
        how.prefix_order = bad[at].order;
        how.prefix_bytes = bad[at].prefix;
        how.read_budget = bad[at].budget;
        how.reserved = bad[at].reserved;
        how.max_frame = bad[at].frame;
        how.write_high = bad[at].high;
        how.write_low = bad[at].low;
        how.write_limit = bad[at].limit;
        EQUAL(listen_with(&where, &how, NULL), WC_E_INVAL, "a contradiction is refused");
    }
}

static void defaults_are_the_limits(void)
{
    wc_conn_options how = wire_conn_options();
    wc_connect_options to;
    MUST(wc_connect_options_init(&to, sizeof to));
    EQUAL(how.read_budget, 262144, "READ_BUDGET");
    EQUAL(how.max_frame, 1048576, "FRAME");
    EQUAL(how.write_high, 1048576, "WRITE_HIGH");
    EQUAL(how.write_low, 262144, "WRITE_LOW");
    EQUAL(how.write_limit, 16777216, "WRITE_LIMIT");
    EQUAL(how.idle_ms, 60000, "IDLE_MS");
    EQUAL(how.stall_ms, 30000, "STALL_MS");
    EQUAL(how.linger_ms, 2000, "LINGER_MS");
    EQUAL(how.framing, WC_FRAMING_RAW, "bytes come as they come");
    EQUAL(how.prefix_order, WC_ORDER_BIG, "a length is in network order");
    EQUAL(how.prefix_bytes, 4, "of four bytes");
    EQUAL(to.timeout_ms, 10000, "CONNECT_MS");
    CHECK(to.host == NULL && to.port == 0, "there is no default to connect to");
}

static void count_back(void *user)
{
    ++*(int *)user;
}

/* A handle that cannot be written is a handle lost, so nothing is made for it. */
static void odd_outputs(void)
{
    void *odd = room.bytes + 1;
    const char *argv[] = {"true", NULL};
    wc_listen_options where;
    wc_connect_options there;
    wc_child_options program;
    wc_timer_options when;
    wc_pool pool = 0;
    int back = 0, before = wire_descriptors();
    MUST(wc_listen_options_init(&where, sizeof where));
    MUST(wc_connect_options_init(&there, sizeof there));
    MUST(wc_child_options_init(&program, sizeof program));
    MUST(wc_timer_options_init(&when, sizeof when));
    MUST(wc_pool_new(loop, NULL, &pool));
    there.host = "127.0.0.1";
    there.port = 1;
    program.program = argv[0];
    program.argv = argv;
    when.unix_ms = 1;
    EQUAL(wc_timer_start(loop, 0, 0, NULL, &back, count_back, odd), WC_E_INVAL, "a timer");
    EQUAL(wc_timer_schedule(loop, &when, NULL, &back, count_back, odd), WC_E_INVAL, "an alarm");
    EQUAL(wc_watch_start(loop, 0, 0, NULL, &back, count_back, odd), WC_E_INVAL, "a watcher");
    EQUAL(wc_signal_start(loop, 10, NULL, &back, count_back, odd), WC_E_INVAL, "one of a signal");
    EQUAL(wc_post_new(loop, NULL, &back, count_back, odd), WC_E_INVAL, "a post");
    EQUAL(wc_child_spawn(loop, &program, NULL, &back, count_back, odd), WC_E_INVAL, "a child");
    EQUAL(wc_listen(loop, &where, NULL, NULL, &back, count_back, odd), WC_E_INVAL, "a listener");
    EQUAL(wc_http_listen(loop, &where, NULL, NULL, NULL, &back, count_back, odd), WC_E_INVAL,
          "one of HTTP");
    EQUAL(wc_connect(loop, &there, NULL, NULL, &back, count_back, odd), WC_E_INVAL,
          "a connection");
    EQUAL(wc_pool_submit(pool, count_back, NULL, &back, count_back, odd), WC_E_INVAL, "a job");
    EQUAL(wc_pool_resolve(pool, "localhost", 1, NULL, &back, count_back, odd), WC_E_INVAL,
          "a lookup");
    EQUAL(wc_pool_read(pool, "/", 0, 1, NULL, &back, count_back, odd), WC_E_INVAL, "a reading");
    EQUAL(back, 12, "each user pointer has come back");
    MUST(wc_pool_free(pool));
    EQUAL(wc_loop_step(loop, 0), WC_NONE, "and nothing was made");
    EQUAL(wire_descriptors(), before, "no descriptor is left");
}

int main(void)
{
    static const struct kind kinds[] = {
        {"wc_loop_options", sizeof(wc_loop_options), init_loop, use_loop, 0},
        {"wc_listen_options", sizeof(wc_listen_options), init_listen, use_listen, 0},
        {"wc_conn_options", sizeof(wc_conn_options), init_conn, use_conn, 0},
        {"wc_connect_options", sizeof(wc_connect_options), init_connect, use_connect, 0},
        {"wc_conn_callbacks", sizeof(wc_conn_callbacks), init_itself, use_callbacks, 0},
        {"wc_listener_callbacks", sizeof(wc_listener_callbacks), init_itself,
         use_listener_callbacks, 0},
        {"wc_pool_options", sizeof(wc_pool_options), init_pool, use_pool, 0},
        {"wc_pool_stats", sizeof(wc_pool_stats), init_itself, use_pool_stats, 1},
        {"wc_loop_stats", sizeof(wc_loop_stats), init_itself, use_stats, 1},
        {"wc_timer_options", sizeof(wc_timer_options), init_timer, use_timer, 0},
        {"wc_event", sizeof(wc_event), init_itself, use_event, 0},
    };
    size_t at;
    loop = wire_loop();
    for (at = 0; at < sizeof kinds / sizeof kinds[0]; at++) {
        int may_be_null = kinds[at].use == use_loop || kinds[at].use == use_conn ||
                          kinds[at].use == use_callbacks || kinds[at].use == use_pool ||
                          kinds[at].use == use_listener_callbacks;
        hold(&kinds[at], may_be_null);
    }
    contradictions();
    odd_outputs();
    defaults_are_the_limits();
    MUST(wc_loop_free(loop));
    return tap_done();
}

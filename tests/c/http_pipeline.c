/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pipelining (RFC 9112 section 9.3.2): answers in the order of the requests, whoever gives them and
 * when; a fair share for each connection.
 */
#include <pthread.h>
#include "http_peer.h"
#include "tap.h"

static wc_loop loop;
static int asked;
static char order[4096];

/* How the next answer is given. */
enum how { AT_ONCE, BY_TIMER, BY_POST, BY_THREAD, HOWS, BY_HAND };

static enum how next_how;
static int rotate;

/* What an answer given later needs to know. */
struct later {
    wc_request request;
    char path[32];
    pthread_t thread;
};

static struct later *held;
static struct later threads[64];
static size_t thread_count;

static void answer_now(struct later *later)
{
    must(respond_text(later->request, 200, later->path) == WC_OK, "respond");
    free(later);
}

static void fire(wc_timer timer, void *user)
{
    (void)timer;
    answer_now(user);
}

static void run_post(wc_loop on, void *user)
{
    (void)on;
    answer_now(user);
}

static void *run_thread(void *user)
{
    struct later *later = user;
    wc_header fields[1];
    fields[0] = header("X-From", "thread");
    must(wc_request_respond_async(later->request, 200, fields, 1, later->path, WC_NTS) == WC_OK,
         "wc_request_respond_async");
    return NULL;
}

static void on_request(wc_request request, void *user)
{
    wc_str path;
    enum how how = next_how;
    struct later *later = how == BY_THREAD ? &threads[thread_count++] : malloc(sizeof *later);
    (void)user;
    must(later != NULL && thread_count < 64, "room");
    must(wc_request_path(request, &path) == WC_OK && path.len < 30, "wc_request_path");
    later->request = request;
    (void)snprintf(later->path, sizeof later->path, "%.*s", (int)path.len, path.ptr);
    if (strlen(order) + path.len < sizeof order) {
        strcat(order, later->path);
    }
    asked++;
    if (rotate) {
        next_how = (enum how)((next_how + 1) % HOWS);
    }
    switch (how) {
    case BY_TIMER:
        must(wc_timer_start(loop, 1, 0, fire, later, NULL, NULL) == WC_OK, "wc_timer_start");
        break;
    case BY_POST:
        must(wc_loop_post(loop, run_post, later, NULL) == WC_OK, "wc_loop_post");
        break;
    case BY_THREAD:
        must(pthread_create(&later->thread, NULL, run_thread, later) == 0, "pthread_create");
        break;
    case BY_HAND:
        held = later;
        break;
    default:
        answer_now(later);
    }
}

static wc_http_callbacks callbacks;

static uint16_t begin(enum how how, int rotating)
{
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = on_request;
    next_how = how;
    rotate = rotating;
    asked = 0;
    thread_count = 0;
    order[0] = '\0';
    loop = new_loop();
    return serve(loop, NULL, NULL, &callbacks, NULL);
}

static void end(void)
{
    while (thread_count > 0) {
        must(pthread_join(threads[--thread_count].thread, NULL) == 0, "pthread_join");
    }
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

/* Requests for /<from>, /<from + 1>, ... as one text. */
static char *requests(int from, int count)
{
    char *text = malloc((size_t)count * 64 + 1);
    char *at = text;
    int i;
    must(text != NULL, "memory");
    for (i = from; i < from + count; i++) {
        at += sprintf(at, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i);
    }
    return text;
}

static int in_order(struct peer *peer, int from, int count)
{
    int i;
    for (i = from; i < from + count; i++) {
        struct answer answer;
        char want[32];
        int holds = until_answer(loop, peer, &answer);
        (void)sprintf(want, "/%d", i);
        holds = holds && strcmp(answer.body, want) == 0;
        answer_free(&answer);
        if (!holds) {
            return 0;
        }
    }
    return 1;
}

static void every_way(void)
{
    static const char *const names[] = {"at once", "from a timer", "from a post",
                                        "from another thread"};
    int how;
    for (how = AT_ONCE; how < HOWS; how++) {
        int count = how == BY_THREAD ? 30 : 100;
        struct peer peer = peer_open(begin((enum how)how, 0));
        char *text = requests(0, count);
        peer_say(&peer, text, WC_NTS);
        CHECK(in_order(&peer, 0, count), names[how]);
        free(text);
        peer_close(&peer);
        end();
    }
}

static void all_ways_at_once(void)
{
    struct peer peer = peer_open(begin(AT_ONCE, 1));
    char *text = requests(0, 100);
    peer_say(&peer, text, WC_NTS);
    CHECK(in_order(&peer, 0, 100), "each answer in another way");
    EQUAL(asked, 100, "a hundred requests");
    free(text);
    peer_close(&peer);
    end();
}

static void two_connections(void)
{
    struct peer peers[2];
    uint16_t port = begin(AT_ONCE, 1);
    char *text[2];
    int i;
    peers[0] = peer_open(port);
    peers[1] = peer_open(port);
    text[0] = requests(0, 50);
    text[1] = requests(500, 50);
    for (i = 0; i < 2; i++) {
        peer_say(&peers[i], text[i], WC_NTS);
        (void)peer_send_some(&peers[i]);
    }
    for (i = 0; i < 50; i += 10) {
        CHECK(in_order(&peers[0], i, 10), "ten of the one");
        CHECK(in_order(&peers[1], 500 + i, 10), "ten of the other");
    }
    for (i = 0; i < 2; i++) {
        free(text[i]);
        peer_close(&peers[i]);
    }
    end();
}

/* HTTP_PIPELINE: after sixteen requests of one connection it is the turn of the next one. */
static void a_fair_share(void)
{
    struct peer peers[2];
    uint16_t port = begin(AT_ONCE, 0);
    char *text = requests(1000, 200);
    int share = 0;
    const char *found;
    const char *at;
    peers[0] = peer_open(port);
    peers[1] = peer_open(port);
    loop_some(loop, 0);
    peer_say(&peers[0], text, WC_NTS);
    peer_say(&peers[1], "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", WC_NTS);
    (void)peer_send_some(&peers[0]);
    (void)peer_send_some(&peers[1]);
    EQUAL(peers[0].out_len + peers[1].out_len, 0, "both have sent all of theirs");
    CHECK(in_order(&peers[0], 1000, 200), "two hundred answers");
    EQUAL(until_status(loop, &peers[1]), 200, "and one");
    found = strstr(order, "/x");
    for (at = order; found != NULL && at < found; at++) {
        share += *at == '/';
    }
    CHECK(found != NULL && share <= 16, "the one did not wait for more than a share of the others");
    free(text);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    end();
}

/* Nothing more is decoded, nor read, while an answer is due. */
static void one_at_a_time(void)
{
    struct peer peer = peer_open(begin(BY_HAND, 0));
    char *text = requests(0, 3);
    int i;
    peer_say(&peer, text, WC_NTS);
    for (i = 0; i < 3; i++) {
        CHECK(until_said(loop, &peer), "the loop has nothing more to do");
        EQUAL(asked, i + 1, "than to tell of one request");
        answer_now(held);
        CHECK(in_order(&peer, i, 1), "its answer");
    }
    free(text);
    peer_close(&peer);
    end();
}

/* FIN behind pipelined requests: all are answered, then the connection ends. */
static void end_of_input(void)
{
    int how;
    for (how = AT_ONCE; how <= BY_TIMER; how++) {
        struct peer peer = peer_open(begin((enum how)how, 0));
        char *text = requests(0, 40);
        peer_say(&peer, text, WC_NTS);
        (void)peer_send_some(&peer);
        shutdown(peer.fd, SHUT_WR);
        CHECK(in_order(&peer, 0, 40), "forty answers to a client that has ended");
        EQUAL(until_end(loop, &peer), 1, "then its connection ends");
        free(text);
        peer_close(&peer);
        end();
    }
}

/* Connection: close in the middle: what is behind it is not looked at. */
static void close_in_the_middle(void)
{
    struct peer peer = peer_open(begin(AT_ONCE, 0));
    peer_say(&peer, "GET /0 HTTP/1.1\r\nHost: h\r\n\r\nGET /1 HTTP/1.1\r\nHost: h\r\n"
             "Connection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n\n\n\n", WC_NTS);
    CHECK(in_order(&peer, 0, 2), "two answers");
    shutdown(peer.fd, SHUT_WR);
    EQUAL(until_end(loop, &peer), 1, "the connection ends");
    EQUAL(peer.len - peer.at, 0, "without a third");
    EQUAL(asked, 2, "nor a third request");
    peer_close(&peer);
    end();
}

int main(void)
{
    every_way();
    all_ways_at_once();
    two_connections();
    a_fair_share();
    one_at_a_time();
    end_of_input();
    close_in_the_middle();
    return tap_done();
}

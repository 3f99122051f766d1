/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An HTTP server under test and its clients in one thread: the loop is asked for what is due, then
 * each client sends and receives what it can, and so on until what is waited for is there. Nothing
 * sleeps; every wait has a deadline that only a defect reaches.
 */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "webcore.h"

#define DEADLINE_MS 30000

/* A client: what it still has to send, what it has received, and how its connection ended. */
struct peer {
    int fd;
    const char *out;
    size_t out_len;
    char *in;
    size_t len;
    size_t capacity;
    /* Where the next answer begins. */
    size_t at;
    /* It does not read while this is set. */
    int deaf;
    /* 0: open; 1: the server ended its output; 2: it was reset. */
    int ended;
};

/* One answer; head and raw body are in the peer's memory, a chunked body is put together. */
struct answer {
    int status;
    const char *head;
    size_t head_len;
    char *body;
    size_t body_len;
};

static inline void must(int holds, const char *what)
{
    if (!holds) {
        printf("Bail out! %s: %s\n", what, strerror(errno));
        fflush(stdout);
        exit(99);
    }
}

static inline long now_ms(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_MONOTONIC, &t) == 0, "clock_gettime");
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline wc_loop new_loop(void)
{
    wc_loop loop = 0;
    must(wc_loop_new(NULL, &loop) == WC_OK, "wc_loop_new");
    return loop;
}

/* Listens on any free port of 127.0.0.1 and tells which; null options are the defaults. */
static inline uint16_t serve(wc_loop loop, const wc_conn_options *conn, const wc_http_options *http,
                             const wc_http_callbacks *callbacks, void *user)
{
    wc_listen_options where;
    wc_listener listener = 0;
    uint16_t port = 0;
    must(wc_listen_options_init(&where, sizeof where) == WC_OK, "wc_listen_options_init");
    where.host = "127.0.0.1";
    must(wc_http_listen(loop, &where, conn, http, callbacks, user, NULL, &listener) == WC_OK,
         "wc_http_listen");
    must(wc_listener_port(listener, &port) == WC_OK, "wc_listener_port");
    return port;
}

static inline wc_http_options http_defaults(void)
{
    wc_http_options options;
    must(wc_http_options_init(&options, sizeof options) == WC_OK, "wc_http_options_init");
    return options;
}

static inline struct peer peer_open(uint16_t port)
{
    struct peer peer;
    struct sockaddr_in to;
    int one = 1;
    memset(&peer, 0, sizeof peer);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.fd = socket(AF_INET, SOCK_STREAM, 0);
    must(peer.fd >= 0, "socket");
    must(connect(peer.fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    must(setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0, "TCP_NODELAY");
    must(fcntl(peer.fd, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
    return peer;
}

static inline void peer_close(struct peer *peer)
{
    if (peer->fd >= 0) {
        close(peer->fd);
        peer->fd = -1;
    }
    free(peer->in);
    peer->in = NULL;
    peer->len = peer->capacity = peer->at = 0;
}

/* Ends with a reset in place of the end of input. */
static inline void peer_reset(struct peer *peer)
{
    struct linger now = {1, 0};
    must(setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0, "SO_LINGER");
    peer_close(peer);
}

/* What is to be sent next; the bytes stand until they are sent. */
static inline void peer_say(struct peer *peer, const void *bytes, size_t len)
{
    must(peer->out_len == 0, "everything before was sent");
    peer->out = bytes;
    peer->out_len = len == WC_NTS ? strlen(bytes) : len;
}

static inline int peer_send_some(struct peer *peer)
{
    ssize_t n;
    if (peer->out_len == 0 || peer->ended == 2) {
        return 0;
    }
    n = send(peer->fd, peer->out, peer->out_len, MSG_NOSIGNAL);
    if (n < 0) {
        must(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET, "send");
        if (errno != EAGAIN) {
            peer->out_len = 0;
        }
        return 0;
    }
    peer->out += n;
    peer->out_len -= (size_t)n;
    return 1;
}

static inline int peer_receive_some(struct peer *peer)
{
    ssize_t n;
    if (peer->deaf || peer->ended) {
        return 0;
    }
    if (peer->capacity - peer->len < 65536) {
        peer->capacity = peer->capacity * 2 + 65536;
        peer->in = realloc(peer->in, peer->capacity + 1);
        must(peer->in != NULL, "memory");
        peer->in[peer->len] = '\0';
    }
    n = recv(peer->fd, peer->in + peer->len, 65536, 0);
    if (n > 0) {
        peer->len += (size_t)n;
        peer->in[peer->len] = '\0';
        return 1;
    }
    if (n < 0 && errno == EAGAIN) {
        return 0;
    }
    must(n == 0 || errno == ECONNRESET, "recv");
    peer->ended = n == 0 ? 1 : 2;
    return 1;
}

/* Has the loop do what is due; waits for it at most `ms`. Gives back whether there was anything. */
static inline int loop_some(wc_loop loop, int ms)
{
    wc_event event;
    wc_status status;
    int any = 0;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    while ((status = wc_loop_next(loop, any ? 0 : ms, &event)) == WC_OK) {
        any = 1;
        must(wc_loop_dispatch(loop) == WC_OK, "wc_loop_dispatch");
    }
    must(status == WC_NONE, wc_status_name(status));
    return any;
}

/* One round of everybody. `idle` counts the rounds in which nothing happened. */
static inline void turn_all(wc_loop loop, struct peer *peers, size_t count, int *idle)
{
    size_t i;
    int any = loop_some(loop, *idle > 2 ? 2 : 0);
    for (i = 0; i < count; i++) {
        if (peers[i].fd >= 0) {
            any |= peer_send_some(&peers[i]);
            any |= peer_receive_some(&peers[i]);
        }
    }
    *idle = any ? 0 : *idle + 1;
}

/* Turns until `flag` is set; 0 if the time is up before. */
static inline int until_set(wc_loop loop, struct peer *peers, size_t count, const int *flag)
{
    long end = now_ms() + DEADLINE_MS;
    int idle = 0;
    while (!*flag && now_ms() < end) {
        turn_all(loop, peers, count, &idle);
    }
    return *flag;
}

/* Turns until all that the peer says has been sent and the loop has nothing to do with it. */
static inline int until_said(wc_loop loop, struct peer *peer)
{
    long end = now_ms() + DEADLINE_MS;
    int idle = 0;
    while ((peer->out_len > 0 || idle < 3) && now_ms() < end) {
        turn_all(loop, peer, 1, &idle);
    }
    return peer->out_len == 0;
}

/* Turns until the connection has ended; 0 if it does not. */
static inline int until_end(wc_loop loop, struct peer *peer)
{
    long end = now_ms() + DEADLINE_MS;
    int idle = 0;
    while (!peer->ended && now_ms() < end) {
        turn_all(loop, peer, 1, &idle);
    }
    return peer->ended;
}

/* Turns until the peer has received this many bytes in all. */
static inline int until_bytes(wc_loop loop, struct peer *peer, size_t count)
{
    long end = now_ms() + DEADLINE_MS;
    int idle = 0;
    while (peer->len < count && !peer->ended && now_ms() < end) {
        turn_all(loop, peer, 1, &idle);
    }
    return peer->len >= count;
}

/* Turns until the peer has received this text behind its last answer. */
static inline int until_text(wc_loop loop, struct peer *peer, const char *text)
{
    long end = now_ms() + DEADLINE_MS;
    int idle = 0;
    while (peer->in == NULL || strstr(peer->in + peer->at, text) == NULL) {
        if (peer->ended || now_ms() >= end) {
            return 0;
        }
        turn_all(loop, peer, 1, &idle);
    }
    return 1;
}

/* The value of a field of an answer in `out`; gives back how often it stands there. */
static inline int field_of(const struct answer *answer, const char *name, char *out, size_t size)
{
    const char *line = answer->head;
    const char *end = answer->head + answer->head_len;
    size_t name_len = strlen(name);
    int found = 0;
    out[0] = '\0';
    while (line < end) {
        const char *stop = strstr(line, "\r\n");
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
            const char *value = line + name_len + 1;
            while (*value == ' ') {
                value++;
            }
            must((size_t)(stop - value) < size, "the value fits");
            memcpy(out, value, (size_t)(stop - value));
            out[stop - value] = '\0';
            found++;
        }
        line = stop + 2;
    }
    return found;
}

/* The chunked body at `from`: puts it together and gives its end; null if it is not whole. */
static inline const char *unchunk(const char *from, const char *end, struct answer *answer)
{
    answer->body = malloc((size_t)(end - from) + 1);
    must(answer->body != NULL, "memory");
    while (from < end && memchr(from, '\n', (size_t)(end - from)) != NULL) {
        char *data;
        size_t size = strtoul(from, &data, 16);
        must(data > from && data[0] == '\r' && data[1] == '\n', "a chunk line");
        data += 2;
        if ((size_t)(end - data) < size + 2) {
            break;
        }
        must(memcmp(data + size, "\r\n", 2) == 0, "the end of a chunk");
        if (size == 0) {
            return data + 2;
        }
        memcpy(answer->body + answer->body_len, data, size);
        answer->body_len += size;
        from = data + size + 2;
    }
    free(answer->body);
    answer->body = NULL;
    answer->body_len = 0;
    return NULL;
}

static inline void answer_free(struct answer *answer)
{
    free(answer->body);
    memset(answer, 0, sizeof *answer);
}

/*
 * Takes the next answer from what the peer has received. `to_head`: it is one to HEAD. 1: there it
 * is; 0: it is not whole.
 */
static inline int answer_take(struct peer *peer, int to_head, struct answer *answer)
{
    char value[128];
    const char *begin = peer->in == NULL ? "" : peer->in + peer->at;
    const char *end = peer->in == NULL ? begin : peer->in + peer->len;
    const char *blank = strstr(begin, "\r\n\r\n");
    const char *after;
    memset(answer, 0, sizeof *answer);
    if (blank == NULL) {
        return 0;
    }
    must(strncmp(begin, "HTTP/1.1 ", 9) == 0, "an answer begins with its version");
    answer->status = atoi(begin + 9);
    answer->head = begin;
    answer->head_len = (size_t)(blank - begin) + 2;
    after = blank + 4;
    if (to_head || answer->status < 200 || answer->status == 204 || answer->status == 304) {
        answer->body = calloc(1, 1);
    } else if (field_of(answer, "Transfer-Encoding", value, sizeof value)) {
        after = unchunk(after, end, answer);
        if (after == NULL) {
            return 0;
        }
    } else {
        size_t size = (size_t)(end - after);
        int counted = field_of(answer, "Content-Length", value, sizeof value);
        size_t wanted = counted ? strtoul(value, NULL, 10) : size;
        if (size < wanted || (!counted && !peer->ended)) {
            return 0;
        }
        answer->body = malloc(wanted + 1);
        must(answer->body != NULL, "memory");
        memcpy(answer->body, after, wanted);
        answer->body_len = wanted;
        after += wanted;
    }
    must(answer->body != NULL, "memory");
    answer->body[answer->body_len] = '\0';
    peer->at = (size_t)(after - peer->in);
    return 1;
}

/* Turns until the next answer is whole and takes it; 0 if none comes. */
static inline int until_answer_to(wc_loop loop, struct peer *peer, int to_head,
                                  struct answer *answer)
{
    long end = now_ms() + DEADLINE_MS;
    int idle = 0;
    while (!answer_take(peer, to_head, answer)) {
        if (peer->ended || now_ms() >= end) {
            return 0;
        }
        turn_all(loop, peer, 1, &idle);
    }
    return 1;
}

static inline int until_answer(wc_loop loop, struct peer *peer, struct answer *answer)
{
    return until_answer_to(loop, peer, 0, answer);
}

/* The status of the next answer, whose body is not of interest; 0 if none comes. */
static inline int until_status(wc_loop loop, struct peer *peer)
{
    struct answer answer;
    int status = 0;
    if (until_answer(loop, peer, &answer)) {
        status = answer.status;
    }
    answer_free(&answer);
    return status;
}

static inline int is(wc_str got, const char *want)
{
    return got.len == strlen(want) && memcmp(got.ptr, want, got.len) == 0;
}

static inline wc_header header(const char *name, const char *value)
{
    wc_header made = {name, WC_NTS, value, WC_NTS};
    return made;
}

static inline wc_status respond_text(wc_request request, int32_t status, const char *text)
{
    return wc_request_respond(request, status, NULL, 0, text, WC_NTS);
}

#endif

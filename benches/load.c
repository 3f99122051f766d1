/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The load of the benchmarks: one thread, edge-triggered epoll, the same for every server.
 *
 *     load echo CONNS BYTES DEPTH PORT...      4-byte big-endian length prefix
 *     load http CONNS FIELDS DEPTH PORT...     GET / with up to 10 more header fields
 *
 * It connects CONNS times to each PORT of 127.0.0.1 and verifies every byte of each server, with a
 * line of answer for each, then `ready`. Then it obeys lines of standard input, one answer to each:
 *
 *     run PORT MS         batches of DEPTH on every connection for MS milliseconds
 *     count PORT ROUNDS   exactly ROUNDS batches on every connection
 *     verify PORT         three batches on every connection, each byte compared
 *     quit                (or the end of the input) ends it
 *
 * The answer is `done PORT REQUESTS NANOSECONDS`. Exit status: 0; 1 wrong bytes; 2 usage or set-up;
 * 3 a server hung up or was too slow.
 *
 * It never speaks to anything but loopback, and every count and time is bounded (the enum below).
 *
 * Invariant: between two commands no request is on its way, so whatever CPU a server used during a
 * command belongs to the requests of its answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNS_MAX = 4096,
    BYTES_MAX = 1 << 20,
    DEPTH_MAX = 64,
    FIELDS_MAX = 10,
    TARGETS_MAX = 8,
    BATCHES_MAX = 64 << 20, /* bytes of all batches to one server */
    RUN_MS_MAX = 10000,
    ROUNDS_MAX = 1000000,
    VERIFY_ROUNDS = 3,
    GIVE_UP_S = 20,  /* for one command */
    LIFE_S = 1800,   /* for the process */
    EVENTS = 1024,
    IN_BYTES = 256 << 10,
    ANSWERS_BYTES = 64 << 10, /* answers of one HTTP batch */
    PREFIX = 4
};

enum { WRONG = 1, USAGE = 2, LOST = 3 };

struct conn {
    int fd;
    unsigned rounds;   /* batches still to begin or to end */
    size_t sent, got;  /* of this batch; for HTTP `got` counts whole answers */
    unsigned char *batch;
    size_t have;       /* bytes of an answer that is not whole yet */
    char *answers;
};

struct target {
    unsigned port;
    int epoll;
    struct conn *conns;
};

/* What is sent: fixed by the command line. */
static struct {
    bool http;
    unsigned conns, bytes, depth;
    size_t batch_bytes, want; /* `got` of a whole batch */
} plan;

/* The command that is being obeyed. */
static struct {
    bool verify;
    unsigned busy;
    uint64_t requests, now, stop_at;
} phase;

static struct target targets[TARGETS_MAX];
static unsigned target_count;
static unsigned char in[IN_BYTES];

static _Noreturn __attribute__((format(printf, 2, 3))) void quit(int status, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    fputs("load: ", stderr);
    vfprintf(stderr, form, args);
    fputc('\n', stderr);
    va_end(args);
    exit(status);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned number(const char *text, unsigned low, unsigned high, const char *name)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < low || n > high)
        quit(USAGE, "%s is %u to %u, not `%s`", name, low, high, text);
    return (unsigned)n;
}

/* Payloads differ by connection, round and frame, so that a byte from anywhere else is noticed. */
static void fill_echo(struct conn *conn, unsigned seed)
{
    unsigned char *at = conn->batch;
    for (unsigned frame = 0; frame < plan.depth; frame++) {
        uint32_t prefix = htonl(plan.bytes), x = (seed * 64 + frame) * 2654435761u | 1;
        memcpy(at, &prefix, PREFIX);
        at += PREFIX;
        for (unsigned i = 0; i < plan.bytes; i++) {
            x = x * 1664525 + 1013904223;
            *at++ = (unsigned char)(x >> 24);
        }
    }
}

static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n";
static const char *const FIELDS[FIELDS_MAX] = {
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
    "Accept-Language: en-US,en;q=0.5\r\n",
    "Accept-Encoding: gzip, deflate, br, zstd\r\n",
    "Connection: keep-alive\r\n",
    "Upgrade-Insecure-Requests: 1\r\n",
    "Sec-Fetch-Dest: document\r\n",
    "Sec-Fetch-Mode: navigate\r\n",
    "Sec-Fetch-Site: none\r\n",
    "Priority: u=0, i\r\n",
};

static size_t fill_http(char *at)
{
    char *from = at;
    for (unsigned i = 0; i < plan.depth; i++) {
        at = stpcpy(at, REQUEST);
        for (unsigned field = 0; field < plan.bytes; field++)
            at = stpcpy(at, FIELDS[field]);
        at = stpcpy(at, "\r\n");
    }
    return (size_t)(at - from);
}

/*
 * Sends what is left of the batch. While verifying, the first bytes go one by one and the rest in
 * halves, so that a server sees prefixes, frames and heads that arrive in pieces.
 */
static void give(struct conn *conn)
{
    while (conn->sent < plan.batch_bytes) {
        size_t left = plan.batch_bytes - conn->sent, part = left;
        if (phase.verify && conn->rounds > 1)
            part = conn->sent < PREFIX + 2 ? 1 : (left + 1) / 2;
        ssize_t n = send(conn->fd, conn->batch + conn->sent, part, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            quit(LOST, "send: %s", strerror(errno));
        conn->sent += (size_t)n;
        if (part < left)
            sched_yield();
    }
}

static void begin_batch(struct conn *conn)
{
    if (phase.verify && !plan.http)
        fill_echo(conn, (unsigned)conn->fd * VERIFY_ROUNDS + conn->rounds);
    conn->sent = conn->got = 0;
    give(conn);
}

static void end_batch(struct conn *conn)
{
    if (conn->sent < plan.batch_bytes)
        quit(WRONG, "an answer came before its request was sent");
    phase.requests += plan.depth;
    conn->rounds--;
    if (conn->rounds == 0 || phase.now >= phase.stop_at)
        phase.busy--;
    else
        begin_batch(conn);
}

static void take_echo(struct conn *conn, size_t n)
{
    if (n > plan.batch_bytes - conn->got)
        quit(WRONG, "%zu bytes more than were sent", n - (plan.batch_bytes - conn->got));
    if (phase.verify && memcmp(in, conn->batch + conn->got, n) != 0)
        quit(WRONG, "the echo differs within the %zu bytes after byte %zu", n, conn->got);
    conn->got += n;
}

/* The length of the whole answer at `at`, or 0 if it is not whole. */
static size_t answer_bytes(const char *at, size_t n)
{
    static const char status[] = "HTTP/1.1 200", body[] = "Hello, World!";
    const size_t body_bytes = sizeof body - 1;
    const char *blank = memmem(at, n, "\r\n\r\n", 4);
    if (blank == NULL)
        return 0;
    size_t head = (size_t)(blank - at) + 4;
    if (head < sizeof status || memcmp(at, status, sizeof status - 1) != 0)
        quit(WRONG, "not a 200: %.*s", (int)(head < 60 ? head : 60), at);
    if (n < head + body_bytes)
        return 0;
    if (memcmp(at + head, body, body_bytes) != 0)
        quit(WRONG, "the body is not `%s`", body);
    if (phase.verify) {
        char copy[ANSWERS_BYTES + 1];
        memcpy(copy, at, head);
        copy[head] = '\0';
        const char *length = strcasestr(copy, "\r\nContent-Length:");
        if (length == NULL || strtoul(length + 17, NULL, 10) != body_bytes)
            quit(WRONG, "no `Content-Length: %zu` in: %s", body_bytes, copy);
    }
    return head + body_bytes;
}

static void take_http(struct conn *conn, size_t n)
{
    if (n > ANSWERS_BYTES - conn->have)
        quit(WRONG, "the answers of a batch are above %d bytes", ANSWERS_BYTES);
    memcpy(conn->answers + conn->have, in, n);
    conn->have += n;
    size_t from = 0, one;
    while ((one = answer_bytes(conn->answers + from, conn->have - from)) > 0) {
        from += one;
        conn->got++;
    }
    conn->have -= from;
    memmove(conn->answers, conn->answers + from, conn->have);
    if (conn->got > plan.want || (conn->got == plan.want && conn->have > 0))
        quit(WRONG, "more answers than requests");
}

static void take(struct conn *conn)
{
    size_t room = plan.http ? ANSWERS_BYTES - conn->have : sizeof in;
    for (bool drained = false; !drained;) {
        ssize_t n = recv(conn->fd, in, room, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            quit(LOST, "recv: %s", n == 0 ? "the server hung up" : strerror(errno));
        drained = (size_t)n < room;
        if (plan.http)
            take_http(conn, (size_t)n);
        else
            take_echo(conn, (size_t)n);
        if (conn->got == plan.want)
            end_batch(conn);
    }
}

/* Obeys one command on one target and prints its answer. */
static void obey(struct target *target, bool verify, unsigned rounds, unsigned ms)
{
    static struct epoll_event events[EVENTS];
    uint64_t start = now_ns(), give_up = start + GIVE_UP_S * UINT64_C(1000000000);
    phase.verify = verify;
    phase.requests = 0;
    phase.busy = plan.conns;
    phase.now = start;
    phase.stop_at = ms > 0 ? start + ms * UINT64_C(1000000) : UINT64_MAX;
    for (unsigned i = 0; i < plan.conns; i++) {
        target->conns[i].rounds = rounds;
        begin_batch(&target->conns[i]);
    }
    while (phase.busy > 0) {
        int n = epoll_wait(target->epoll, events, EVENTS, 1000);
        if (n < 0 && errno != EINTR)
            quit(USAGE, "epoll_wait: %s", strerror(errno));
        phase.now = now_ns();
        if (phase.now > give_up)
            quit(LOST, "port %u: %u connections unanswered after %d s", target->port, phase.busy,
                 GIVE_UP_S);
        for (int i = 0; i < n; i++) {
            struct conn *conn = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                give(conn);
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                take(conn);
        }
    }
    printf("done %u %llu %llu\n", target->port, (unsigned long long)phase.requests,
           (unsigned long long)(now_ns() - start));
    fflush(stdout);
}

static void open_conn(struct conn *conn, struct target *target)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target->port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        quit(USAGE, "socket: %s", strerror(errno));
    int on = 1;
    if (connect(conn->fd, (struct sockaddr *)&at, sizeof at) < 0)
        quit(USAGE, "connect to port %u: %s", target->port, strerror(errno));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    event.data.ptr = conn;
    if (setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0
        || fcntl(conn->fd, F_SETFL, O_NONBLOCK) < 0
        || epoll_ctl(target->epoll, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        quit(USAGE, "setting up a connection: %s", strerror(errno));
    conn->batch = malloc(plan.batch_bytes + 1); /* stpcpy ends its text with a zero */
    conn->answers = plan.http ? malloc(ANSWERS_BYTES) : NULL;
    if (conn->batch == NULL || (plan.http && conn->answers == NULL))
        quit(USAGE, "out of memory");
    if (plan.http)
        fill_http((char *)conn->batch);
}

static void open_target(struct target *target, unsigned port)
{
    target->port = port;
    target->epoll = epoll_create1(EPOLL_CLOEXEC);
    target->conns = calloc(plan.conns, sizeof *target->conns);
    if (target->epoll < 0 || target->conns == NULL)
        quit(USAGE, "setting up port %u: %s", port, strerror(errno));
    for (unsigned i = 0; i < plan.conns; i++)
        open_conn(&target->conns[i], target);
}

static void make_plan(char **argv)
{
    plan.http = strcmp(argv[1], "http") == 0;
    if (!plan.http && strcmp(argv[1], "echo") != 0)
        quit(USAGE, "the mode is echo or http, not `%s`", argv[1]);
    plan.conns = number(argv[2], 1, CONNS_MAX, "CONNS");
    plan.bytes = plan.http ? number(argv[3], 0, FIELDS_MAX, "FIELDS")
                           : number(argv[3], 1, BYTES_MAX, "BYTES");
    plan.depth = number(argv[4], 1, DEPTH_MAX, "DEPTH");
    static char scratch[DEPTH_MAX * 1024];
    plan.batch_bytes = plan.http ? fill_http(scratch) : (size_t)plan.depth * (PREFIX + plan.bytes);
    plan.want = plan.http ? plan.depth : plan.batch_bytes;
    if (plan.conns * plan.batch_bytes > BATCHES_MAX)
        quit(USAGE, "CONNS, BYTES and DEPTH together are above %d bytes", BATCHES_MAX);
}

static struct target *find_target(unsigned port)
{
    for (unsigned i = 0; i < target_count; i++)
        if (targets[i].port == port)
            return &targets[i];
    quit(USAGE, "not connected to port %u", port);
}

static void read_commands(void)
{
    char line[80], verb[16], port[16], amount[16];
    while (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "quit\n") != 0) {
        int words = sscanf(line, "%15s %15s %15s", verb, port, amount);
        if (words < 2)
            quit(USAGE, "not a command: %s", line);
        struct target *target = find_target(number(port, 1, 65535, "PORT"));
        if (words == 3 && strcmp(verb, "run") == 0)
            obey(target, false, ROUNDS_MAX, number(amount, 1, RUN_MS_MAX, "MS"));
        else if (words == 3 && strcmp(verb, "count") == 0)
            obey(target, false, number(amount, 1, ROUNDS_MAX, "ROUNDS"), 0);
        else if (words == 2 && strcmp(verb, "verify") == 0)
            obey(target, true, VERIFY_ROUNDS, 0);
        else
            quit(USAGE, "not a command: %s", line);
    }
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 5 + TARGETS_MAX)
        quit(USAGE, "usage: load echo|http CONNS BYTES|FIELDS DEPTH PORT...");
    alarm(LIFE_S);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    make_plan(argv);
    for (int i = 5; i < argc; i++)
        open_target(&targets[target_count++], number(argv[i], 1, 65535, "PORT"));
    for (unsigned i = 0; i < target_count; i++)
        obey(&targets[i], true, VERIFY_ROUNDS, 0);
    puts("ready");
    fflush(stdout);
    read_commands();
    return 0;
}

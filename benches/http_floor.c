/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The floor of the HTTP benchmark: keep-alive requests, each ended by its blank line, each answered
 * with the same 13-byte body. The requests of one read are answered with one write.
 *
 * It is not an HTTP server: it looks at nothing before the blank line, knows no bodies and no Date.
 *
 * Invariant: all answers are equal, so a count of owed bytes says what is still to be sent.
 */
#define _GNU_SOURCE
#include "floor.h"

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!";
#define ANSWER_BYTES (sizeof ANSWER - 1)

enum { IN_BYTES = 4096, OUT_BYTES = 16384 };

struct conn {
    int fd;
    size_t have, owed;
    char in[IN_BYTES];
};

static struct conn *conn_open(int fd)
{
    struct conn *conn = malloc(sizeof *conn);
    if (conn == NULL)
        floor_die("malloc");
    conn->fd = fd;
    conn->have = conn->owed = 0;
    return conn;
}

static void conn_close(struct conn *conn)
{
    close(conn->fd);
    free(conn);
}

/* Writes owed bytes to `out`, beginning inside an answer if its first part is gone already. */
static size_t fill(char *out, size_t owed)
{
    size_t want = owed < OUT_BYTES ? owed : OUT_BYTES, done = 0;
    size_t skip = (ANSWER_BYTES - owed % ANSWER_BYTES) % ANSWER_BYTES;
    while (done < want) {
        size_t n = ANSWER_BYTES - skip;
        if (n > want - done)
            n = want - done;
        memcpy(out + done, &ANSWER[skip], n);
        done += n;
        skip = 0;
    }
    return want;
}

static enum step give(struct conn *conn)
{
    static char out[OUT_BYTES];
    while (conn->owed > 0) {
        size_t want = fill(out, conn->owed);
        ssize_t n = send(conn->fd, out, want, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? STEP_BLOCKED : STEP_CLOSE;
        conn->owed -= (size_t)n;
        if ((size_t)n < want)
            return STEP_BLOCKED;
    }
    return STEP_DONE;
}

/* Owes an answer for each whole head and keeps the rest; false for a head that fills the buffer. */
static bool find_heads(struct conn *conn)
{
    char *from = conn->in, *end = conn->in + conn->have, *blank;
    while ((blank = memmem(from, (size_t)(end - from), "\r\n\r\n", 4)) != NULL) {
        conn->owed += ANSWER_BYTES;
        from = blank + 4;
    }
    conn->have = (size_t)(end - from);
    memmove(conn->in, from, conn->have);
    return conn->have < IN_BYTES;
}

static bool conn_ready(struct conn *conn, uint32_t events)
{
    bool drained = (events & (EPOLLIN | FLOOR_ENDING)) == 0;
    for (;;) {
        enum step step = give(conn);
        if (step != STEP_DONE || drained)
            return step != STEP_CLOSE;
        size_t room = IN_BYTES - conn->have;
        ssize_t n = recv(conn->fd, conn->in + conn->have, room, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        drained = (size_t)n < room && (events & FLOOR_ENDING) == 0;
        conn->have += (size_t)n;
        if (!find_heads(conn))
            return false;
    }
}

int main(int argc, char **argv)
{
    return floor_main(argc, argv);
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The floor of the echo benchmark: frames with a 4-byte big-endian length prefix, sent back as they
 * came. A round trip is one recv(2), one send(2) and a share of one epoll_wait(2).
 *
 * Invariant: a connection reads only while it owes nothing, so its one buffer holds first the whole
 * frames to send back (`whole` bytes, `sent` of them gone), then the beginning of the next frame.
 */
#define _GNU_SOURCE
#include "floor.h"

enum {
    PREFIX = 4,
    FRAME_MAX = 1 << 20,
    /* Sixteen 64-byte frames fit; with the fields before it the stride is no power of two, which
     * would put the same byte of every connection into the same cache set. */
    FIRST_BYTES = 2048
};

struct conn {
    int fd;
    size_t cap, have, whole, sent;
    unsigned char *bytes;
    unsigned char first[FIRST_BYTES];
};

static struct conn *conn_open(int fd)
{
    struct conn *conn = malloc(sizeof *conn);
    if (conn == NULL)
        floor_die("malloc");
    conn->fd = fd;
    conn->cap = FIRST_BYTES;
    conn->have = conn->whole = conn->sent = 0;
    conn->bytes = conn->first;
    return conn;
}

static void conn_close(struct conn *conn)
{
    close(conn->fd);
    if (conn->bytes != conn->first)
        free(conn->bytes);
    free(conn);
}

static size_t frame_bytes(const unsigned char *at)
{
    return PREFIX + ((size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3]);
}

/* Sends the whole frames. A short write means a full socket: EPOLLOUT will say when to go on. */
static enum step give(struct conn *conn)
{
    while (conn->sent < conn->whole) {
        size_t left = conn->whole - conn->sent;
        ssize_t n = send(conn->fd, conn->bytes + conn->sent, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? STEP_BLOCKED : STEP_CLOSE;
        conn->sent += (size_t)n;
        if ((size_t)n < left)
            return STEP_BLOCKED;
    }
    conn->have -= conn->whole;
    memmove(conn->bytes, conn->bytes + conn->whole, conn->have);
    conn->whole = conn->sent = 0;
    return STEP_DONE;
}

/* Room for the frame that has begun and a byte more, so that a read of just this frame is short. */
static void reserve(struct conn *conn)
{
    if (conn->have < PREFIX)
        return;
    size_t need = frame_bytes(conn->bytes), cap = conn->cap;
    if (need < cap)
        return;
    while (cap <= need)
        cap *= 2;
    unsigned char *bytes = realloc(conn->bytes == conn->first ? NULL : conn->bytes, cap);
    if (bytes == NULL)
        floor_die("realloc");
    if (conn->bytes == conn->first)
        memcpy(bytes, conn->first, conn->have);
    conn->bytes = bytes;
    conn->cap = cap;
}

/* Finds the whole frames; false for a frame above the cap. */
static bool find_frames(struct conn *conn)
{
    while (conn->have - conn->whole >= PREFIX) {
        size_t frame = frame_bytes(conn->bytes + conn->whole);
        if (frame > PREFIX + FRAME_MAX)
            return false;
        if (conn->have - conn->whole < frame)
            break;
        conn->whole += frame;
    }
    return true;
}

static bool conn_ready(struct conn *conn, uint32_t events)
{
    bool drained = (events & (EPOLLIN | FLOOR_ENDING)) == 0;
    for (;;) {
        enum step step = conn->whole > 0 ? give(conn) : STEP_DONE;
        if (step != STEP_DONE || drained)
            return step != STEP_CLOSE;
        reserve(conn);
        size_t room = conn->cap - conn->have;
        ssize_t n = recv(conn->fd, conn->bytes + conn->have, room, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        drained = (size_t)n < room && (events & FLOOR_ENDING) == 0;
        conn->have += (size_t)n;
        if (!find_frames(conn))
            return false;
    }
}

int main(int argc, char **argv)
{
    return floor_main(argc, argv);
}

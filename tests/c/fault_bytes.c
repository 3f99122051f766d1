/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reads and writes that are interrupted, stop short, or find nothing more after a part: every byte
 * arrives once, in order, whatever the framing and the size, and nothing waits for ever.
 */
#include "fault.h"
#include "tap.h"
#include "wire.h"

/* A client that sends a text and wants a text, as much at a time as the socket takes. */
struct client {
    int fd;
    const char *out, *want;
    size_t out_len, want_len, sent, got;
    int wrong;
};

static int through(void *user)
{
    struct client *client = user;
    char some[1 << 16];
    ssize_t moved;
    while (client->sent < client->out_len) {
        moved = send(client->fd, client->out + client->sent, client->out_len - client->sent,
                     MSG_NOSIGNAL);
        if (moved < 0) {
            break;
        }
        client->sent += (size_t)moved;
    }
    for (;;) {
        moved = recv(client->fd, some, sizeof some, 0);
        if (moved <= 0) {
            break;
        }
        if ((size_t)moved > client->want_len - client->got ||
            memcmp(some, client->want + client->got, (size_t)moved) != 0) {
            client->wrong = 1;
            return 1;
        }
        client->got += (size_t)moved;
    }
    return client->got == client->want_len;
}

/* A client whose text comes back. */
static void comes_back(const char *name, wc_loop loop, uint16_t port, const char *text, size_t len)
{
    struct client client = {-1, text, text, len, len, 0, 0, 0};
    char counted[128];
    client.fd = wire_client(port);
    CHECK(wire_run(loop, through, &client) && !client.wrong, name);
    EQUAL(client.got, len, "to the last byte");
    (void)snprintf(counted, sizeof counted, "through %u and %u faults", wc_fault_hits("recv"),
                   wc_fault_hits("send"));
    CHECK(wc_fault_hits("recv") > 10 && wc_fault_hits("send") > 3, counted);
    MUST(close(client.fd));
}

static void echo(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "data") == 0 && log->number == WC_FRAMING_RAW) {
        MUST(wc_conn_send(conn, log->data, log->data_len));
    } else if (strcmp(event, "data") == 0) {
        MUST(wc_conn_send_frame(conn, log->data, log->data_len));
    }
}

/* Frames that come to `len` bytes: lines, or lengths of two bytes, or anything. */
static char *frames(int32_t framing, size_t len, size_t frame)
{
    char *text = malloc(len);
    size_t at;
    MUST(text != NULL ? 0 : -1);
    for (at = 0; at < len; at++) {
        size_t place = at % frame;
        text[at] = (char)('a' + (at * 7 + at / frame) % 26);
        if (framing == WC_FRAMING_LINE && place == frame - 1) {
            text[at] = '\n';
        } else if (framing == WC_FRAMING_LENGTH && place < 2) {
            text[at] = (char)((frame - 2) >> (place == 0 ? 8 : 0) & 0xff);
        }
    }
    return text;
}

static void echoes(const char *name, int32_t framing, size_t frame, size_t count, size_t bytes)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_conn_options how = wire_conn_options();
    char *text = frames(framing, frame * count, frame);
    how.framing = framing;
    how.prefix_bytes = framing == WC_FRAMING_LENGTH ? 2 : 4;
    log->number = framing;
    log->act = echo;
    wire_listen_with(log, NULL, &how);
    wc_fault_clear();
    fault_storm("recv", bytes);
    fault_storm("send", bytes);
    comes_back(name, log->loop, log->port, text, frame * count);
    wc_fault_clear();
    MUST(wc_loop_free(log->loop));
    EQUAL(log->closed, 1, "the connection ends with its loop");
    free(text);
    free(log);
}

/* Every read and every write moves one byte. */
static void one_byte_at_a_time(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    char *text = frames(WC_FRAMING_RAW, 2000, 100);
    log->act = echo;
    wire_listen(log);
    wc_fault_clear();
    MUST(wc_fault_set("recv", 0, FAULT_ALWAYS, 0, 1));
    MUST(wc_fault_set("send", 0, FAULT_ALWAYS, 0, 1));
    comes_back("one byte at a time", log->loop, log->port, text, 2000);
    CHECK(wc_fault_hits("recv") >= 2000, "each byte was read alone");
    wc_fault_clear();
    MUST(wc_loop_free(log->loop));
    free(text);
    free(log);
}

#define LARGE (200 << 10)

/* A small text and a large one behind it, which go out in one call where the socket takes both. */
static void say_large(struct wire_log *log, const char *event, wc_conn conn)
{
    const char *text = log->other;
    size_t at;
    if (strcmp(event, "open") == 0) {
        for (at = 0; at < 10; at++) {
            MUST(wc_conn_send(conn, text + at * LARGE, 5));
            MUST(wc_conn_send(conn, text + at * LARGE + 5, LARGE - 5));
        }
    }
}

static void large_writes(size_t bytes)
{
    struct wire_log *log = wire_log_new(wire_loop());
    char *text = frames(WC_FRAMING_RAW, 10 * LARGE, 1000), name[128];
    struct client client = {-1, NULL, NULL, 0, 10 * LARGE, 0, 0, 0};
    client.want = text;
    log->other = text;
    log->act = say_large;
    wire_listen(log);
    wc_fault_clear();
    fault_storm("send", bytes);
    client.fd = wire_client(log->port);
    (void)snprintf(name, sizeof name, "large writes of which %lu bytes go", (unsigned long)bytes);
    CHECK(wire_run(log->loop, through, &client) && !client.wrong, name);
    EQUAL(client.got, 10 * LARGE, "to the last byte");
    CHECK(wc_fault_hits("send") > 10, "through many faults");
    wc_fault_clear();
    MUST(close(client.fd));
    MUST(wc_loop_free(log->loop));
    free(text);
    free(log);
}

int main(void)
{
    echoes("raw bytes come back", WC_FRAMING_RAW, 50, 40, 3);
    echoes("lines come back", WC_FRAMING_LINE, 50, 40, 3);
    echoes("frames come back", WC_FRAMING_LENGTH, 50, 40, 3);
    echoes("much comes back", WC_FRAMING_RAW, 1000, 500, 700);
    echoes("long lines come back", WC_FRAMING_LINE, 20000, 20, 5000);
    echoes("large frames come back", WC_FRAMING_LENGTH, 60000, 10, 9000);
    one_byte_at_a_time();
    large_writes(3);
    large_writes(5);
    large_writes(40000);
    return tap_done();
}

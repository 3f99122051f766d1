/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lines and length-prefixed frames, in and out, whole and byte by byte, up to the cap and above. */
#include "tap.h"
#include "wire.h"

/* Writes what came as "[one][two]", too long ones as "<begin>", and echoes as a frame. */
static void list(struct wire_log *log, const char *event, wc_conn conn)
{
    char *into = log->other;
    size_t used = strlen(into);
    if (strcmp(event, "data") == 0 || strcmp(event, "too_long") == 0) {
        int whole = event[0] == 'd';
        if (used + log->data_len + 3 < 512) {
            (void)sprintf(into + used, whole ? "[%.*s]" : "<%.*s>", (int)log->data_len,
                          log->data_len > 0 ? log->data : "");
        }
        log->step++;
        if (whole) {
            MUST(wc_conn_send_frame(conn, log->data, log->data_len));
        }
    } else if (strcmp(event, "eof") == 0) {
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
}

struct talk {
    struct wire_log *log;
    struct wire_reader reader;
    char pieces[512];
};

static void begin(struct talk *talk, const wc_conn_options *how)
{
    memset(talk, 0, sizeof *talk);
    talk->log = wire_log_new(wire_loop());
    talk->log->act = list;
    talk->log->other = talk->pieces;
    wire_listen_with(talk->log, NULL, how);
    talk->reader.fd = wire_client(talk->log->port);
}

static void end(struct talk *talk)
{
    MUST(close(talk->reader.fd));
    MUST(wc_loop_free(talk->log->loop));
    EQUAL(talk->log->freed, 1, "the user pointer came back once");
    free(talk->log);
}

/* Sends bytes one by one, each in a turn of its own at the other end, then the end of output. */
static void drip(struct talk *talk, const char *bytes, size_t len)
{
    size_t at;
    for (at = 0; at < len; at++) {
        MUST(send(talk->reader.fd, bytes + at, 1, MSG_NOSIGNAL));
        wire_turns(talk->log->loop, 1);
    }
    MUST(shutdown(talk->reader.fd, SHUT_WR));
    CHECK(wire_run(talk->log->loop, wire_has, &talk->reader), "the peer is answered to the end");
}

static void lines_are(const char *sent, const char *pieces, const char *echo, int slowly)
{
    struct talk talk;
    wc_conn_options how = wire_conn_options();
    how.framing = WC_FRAMING_LINE;
    how.max_frame = 5;
    begin(&talk, &how);
    if (slowly) {
        drip(&talk, sent, strlen(sent));
    } else {
        wire_send(talk.reader.fd, sent);
        drip(&talk, "", 0);
    }
    SAME(talk.pieces, pieces, sent);
    SAME(talk.reader.bytes, echo, "and they go back as lines");
    end(&talk);
}

static void lines(void)
{
    static const char *const all[][3] = {
        {"a\nbb\r\n\n\r\nccc\n", "[a][bb][][][ccc]", "a\nbb\n\n\nccc\n"},
        {"12345\n12345\r\n", "[12345][12345]", "12345\n12345\n"},
        {"123456\nok\n", "<12345>[ok]", "ok\n"},
        {"1234567890 and so on\r\nok\n", "<12345>[ok]", "ok\n"},
        {"ok\nrest", "[ok][rest]", "ok\nrest\n"},
        {"ok\nrest\r", "[ok][rest\r]", "ok\nrest\r\n"},
        {"ok\nbeyond", "[ok]<beyon>", "ok\n"},
        {"a\rb\n\r\r\n", "[a\rb][\r]", "a\rb\n\r\n"},
        {"", "", ""},
    };
    size_t at;
    for (at = 0; at < sizeof all / sizeof all[0]; at++) {
        lines_are(all[at][0], all[at][1], all[at][2], 0);
        lines_are(all[at][0], all[at][1], all[at][2], 1);
    }
}

/* The prefix of a frame, most or least significant byte first. */
static size_t prefix(char *into, uint64_t len, uint32_t bytes, int order)
{
    uint32_t at;
    for (at = 0; at < bytes; at++) {
        uint32_t shift = 8 * (order == WC_ORDER_LITTLE ? at : bytes - 1 - at);
        into[at] = (char)(len >> shift & 0xff);
    }
    return bytes;
}

static void lengths(uint32_t bytes, int order)
{
    struct talk talk;
    wc_conn_options how = wire_conn_options();
    static const char *const payloads[] = {"hello", "", "frames"};
    char wire[64];
    size_t used = 0, at;
    how.framing = WC_FRAMING_LENGTH;
    how.prefix_bytes = bytes;
    how.prefix_order = order;
    how.max_frame = 6;
    for (at = 0; at < 3; at++) {
        used += prefix(wire + used, strlen(payloads[at]), bytes, order);
        memcpy(wire + used, payloads[at], strlen(payloads[at]));
        used += strlen(payloads[at]);
    }
    begin(&talk, &how);
    MUST(send(talk.reader.fd, wire, used, MSG_NOSIGNAL));
    drip(&talk, "", 0);
    SAME(talk.pieces, "[hello][][frames]", "frames at once; one has no bytes, one is at the cap");
    CHECK(talk.reader.total == used && memcmp(talk.reader.bytes, wire, used) == 0,
          "they go back as they came");
    end(&talk);
    begin(&talk, &how);
    drip(&talk, wire, used);
    SAME(talk.pieces, "[hello][][frames]", "frames byte by byte");
    CHECK(talk.reader.total == used && memcmp(talk.reader.bytes, wire, used) == 0,
          "they go back as they came");
    EQUAL(talk.log->why, WC_OK, "and end in order");
    end(&talk);
}

/* A peer announces more than the cap: the prefix alone is refused, after what was answered. */
static void above_the_cap(uint64_t announced, uint32_t bytes)
{
    struct talk talk;
    wc_conn_options how = wire_conn_options();
    char wire[64];
    size_t used;
    how.framing = WC_FRAMING_LENGTH;
    how.prefix_bytes = bytes;
    used = prefix(wire, 2, bytes, WC_ORDER_BIG);
    memcpy(wire + used, "ok", 2);
    used += 2;
    used += prefix(wire + used, announced, bytes, WC_ORDER_BIG);
    begin(&talk, &how);
    MUST(send(talk.reader.fd, wire, used, MSG_NOSIGNAL));
    CHECK(wire_run(talk.log->loop, wire_has, &talk.reader), "the connection ends");
    MUST(shutdown(talk.reader.fd, SHUT_WR));
    CHECK(wire_run(talk.log->loop, wire_closed, talk.log), "and is over");
    EQUAL(talk.log->why, WC_E_TOO_LONG, "for a frame above the cap");
    SAME(talk.pieces, "[ok]", "what came before was shown");
    EQUAL(talk.reader.total, bytes + 2, "and its answer went out");
    end(&talk);
}

static void cut_short(const char *sent, size_t len)
{
    struct talk talk;
    wc_conn_options how = wire_conn_options();
    how.framing = WC_FRAMING_LENGTH;
    how.prefix_bytes = 2;
    begin(&talk, &how);
    drip(&talk, sent, len);
    CHECK(wire_run(talk.log->loop, wire_closed, talk.log), "a peer ends within a frame");
    EQUAL(talk.log->why, WC_E_EOF, "which is told");
    SAME(talk.log->story, "open close(WC_E_EOF) ", "as the only thing");
    end(&talk);
}

/* FRAME: as large as the default allows. */
static char large[(1 << 20) + 1];

static int took_all(void *log)
{
    return ((struct wire_log *)log)->received == 1 << 20;
}

static void the_largest_frame(void)
{
    struct talk talk;
    wc_conn_options how = wire_conn_options();
    char wire[4];
    size_t sent = 0;
    how.framing = WC_FRAMING_LENGTH;
    begin(&talk, &how);
    talk.log->act = NULL;
    (void)prefix(wire, 1 << 20, 4, WC_ORDER_BIG);
    MUST(send(talk.reader.fd, wire, 4, MSG_NOSIGNAL));
    while (sent < 1 << 20) {
        ssize_t more = send(talk.reader.fd, large, (1 << 20) - sent, MSG_NOSIGNAL);
        sent += more > 0 ? (size_t)more : 0;
        wire_turns(talk.log->loop, 1);
    }
    CHECK(wire_run(talk.log->loop, took_all, talk.log), "a frame of a mebibyte comes");
    EQUAL(talk.log->largest, 1 << 20, "in one piece");
    end(&talk);
}

static void frames_out(void)
{
    struct talk talk;
    wc_conn_options how = wire_conn_options();
    wc_conn conn;
    how.framing = WC_FRAMING_LENGTH;
    how.prefix_bytes = 1;
    begin(&talk, &how);
    CHECK(wire_run(talk.log->loop, wire_opened, talk.log), "a connection opens");
    conn = talk.log->conn;
    EQUAL(wc_conn_send_frame(conn, large, 256), WC_E_LIMIT, "256 does not fit a byte");
    EQUAL(wc_conn_send_frame(conn, large, 255), WC_OK, "255 does");
    EQUAL(wc_conn_send_frame(conn, NULL, 0), WC_OK, "a frame may have no bytes");
    EQUAL(wc_conn_send_frame(conn, NULL, 1), WC_E_INVAL, "but none from null");
    talk.reader.want = 257;
    CHECK(wire_run(talk.log->loop, wire_has, &talk.reader), "they go out");
    EQUAL(talk.reader.bytes[0] & 0xff, 255, "the first with its length");
    EQUAL(talk.reader.bytes[256], 0, "the second with its own");
    end(&talk);
    how = wire_conn_options();
    how.framing = WC_FRAMING_LENGTH;
    begin(&talk, &how);
    CHECK(wire_run(talk.log->loop, wire_opened, talk.log), "a connection opens");
    EQUAL(wc_conn_send_frame(talk.log->conn, large, sizeof large), WC_E_LIMIT,
          "a frame above the cap is not sent");
    EQUAL(wc_conn_send_frame(talk.log->conn, large, sizeof large - 1) >= 0, 1, "one at the cap is");
    end(&talk);
    how.framing = WC_FRAMING_LINE;
    how.max_frame = 5;
    begin(&talk, &how);
    CHECK(wire_run(talk.log->loop, wire_opened, talk.log), "a connection opens");
    conn = talk.log->conn;
    EQUAL(wc_conn_send_frame(conn, "a\nb", 3), WC_E_INVAL, "a line has no line feed in it");
    EQUAL(wc_conn_send_frame(conn, "sixsix", WC_NTS), WC_E_LIMIT, "nor is it above the cap");
    EQUAL(wc_conn_send_frame(conn, "fives", WC_NTS), WC_OK, "one at the cap is");
    talk.reader.want = 6;
    CHECK(wire_run(talk.log->loop, wire_has, &talk.reader), "it goes out");
    SAME(talk.reader.bytes, "fives\n", "with its line feed, and nothing of what was refused");
    end(&talk);
    how.framing = WC_FRAMING_RAW;
    begin(&talk, &how);
    CHECK(wire_run(talk.log->loop, wire_opened, talk.log), "a connection opens");
    EQUAL(wc_conn_send_frame(talk.log->conn, "as it is", 8), WC_OK, "without a framing");
    talk.reader.want = 8;
    CHECK(wire_run(talk.log->loop, wire_has, &talk.reader), "a frame goes out");
    SAME(talk.reader.bytes, "as it is", "as it is");
    end(&talk);
}

int main(void)
{
    uint32_t bytes;
    lines();
    for (bytes = 1; bytes <= 8; bytes++) {
        lengths(bytes, WC_ORDER_BIG);
        lengths(bytes, WC_ORDER_LITTLE);
    }
    above_the_cap((1 << 20) + 1, 4);
    above_the_cap(0xffffffffu, 4);
    above_the_cap(~(uint64_t)0, 8);
    cut_short("\0", 1);
    cut_short("\0\5four", 6);
    the_largest_frame();
    frames_out();
    return tap_done();
}

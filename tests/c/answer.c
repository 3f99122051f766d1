/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Answers: whole, streamed, from other threads, given up; and what they may not hold. */
#include <pthread.h>
#include "http_peer.h"
#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static wc_loop loop;
static wc_request kept;
static int asked;
static int drained;
static int closed;
static wc_status why_closed;

static void on_request(wc_request request, void *user)
{
    (void)user;
    kept = request;
    asked++;
}

static void on_drain(wc_request request, void *user)
{
    (void)user;
    must(request == kept, "the request that is answered");
    drained++;
}

static void on_close(wc_request request, wc_status why, void *user)
{
    (void)request;
    (void)user;
    closed++;
    why_closed = why;
}

static struct peer begin(const wc_conn_options *options)
{
    wc_http_callbacks callbacks;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_request = on_request;
    callbacks.on_drain = on_drain;
    callbacks.on_close = on_close;
    asked = drained = closed = 0;
    why_closed = WC_OK;
    loop = new_loop();
    return peer_open(serve(loop, options, NULL, &callbacks, NULL));
}

static void end(struct peer *peer)
{
    peer_close(peer);
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static void ask(struct peer *peer, const char *text)
{
    asked = closed = drained = 0;
    peer_say(peer, text, WC_NTS);
    must(until_set(loop, peer, 1, &asked), "a request came");
}

static const char *const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
static const char *const head = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
static const char *const old = "GET / HTTP/1.0\r\n\r\n";
static const char *const old_kept = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

/* The bytes that the peer received, but for the date, are `want`. */
static int received(struct peer *peer, const char *want)
{
    char shown[2048];
    char *date;
    (void)until_said(loop, peer);
    (void)snprintf(shown, sizeof shown, "%s", peer->in + peer->at);
    date = strstr(shown, "\r\nDate: ");
    if (date != NULL) {
        memmove(date, date + 37, strlen(date + 37) + 1);
    }
    peer->at = peer->len;
    if (strcmp(shown, want) != 0) {
        printf("# got %s\n", shown);
    }
    return strcmp(shown, want) == 0;
}

/* One answer, given whole, to one request. */
static void whole_answers(void)
{
    static const struct {
        const char *name;
        const char *const *request;
        int32_t status;
        const char *body;
        const char *bytes;
    } cases[] = {
        {"200", &get, 200, "hi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
        {"no body", &get, 404, "", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
        {"to HEAD", &head, 200, "hi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
        {"204", &get, 204, "hi", "HTTP/1.1 204 No Content\r\n\r\n"},
        {"205", &get, 205, "hi", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"},
        {"304", &get, 304, "hi", "HTTP/1.1 304 Not Modified\r\n\r\n"},
        {"a status without a name", &get, 299, "", "HTTP/1.1 299 Unknown\r\nContent-Length: 0\r\n\r\n"},
        {"the last status", &get, 599, "", "HTTP/1.1 599 Unknown\r\nContent-Length: 0\r\n\r\n"},
        {"to 1.0, kept", &old_kept, 200, "hi",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi"},
        {"to 1.0", &old, 200, "hi",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"},
    };
    struct peer peer = begin(NULL);
    size_t i;
    for (i = 0; i < COUNT(cases); i++) {
        ask(&peer, *cases[i].request);
        EQUAL(respond_text(kept, cases[i].status, cases[i].body), WC_OK, cases[i].name);
        CHECK(received(&peer, cases[i].bytes), "its bytes");
        EQUAL(closed, 1, "the request is over");
        EQUAL(why_closed, WC_OK, "in order");
    }
    end(&peer);
}

static void fields(void)
{
    struct peer peer = begin(NULL);
    wc_header many[40];
    struct answer answer;
    char value[64];
    size_t i;
    ask(&peer, get);
    many[0] = header("X-Copied", "1");
    many[1].name = "X-Lengths: not this";
    many[1].name_len = 9;
    many[1].value = "2, not this";
    many[1].value_len = 1;
    many[2] = header("X-Empty", "");
    many[3] = header("X-Bytes", "\t\xc3\xa9");
    EQUAL(wc_request_respond(kept, 200, many, 4, "body", 2), WC_OK, "four fields");
    CHECK(received(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Copied: 1\r\nX-Lengths: 2\r\n"
                          "X-Empty: \r\nX-Bytes: \t\xc3\xa9\r\n\r\nbo"), "as they were given");
    ask(&peer, get);
    for (i = 0; i < COUNT(many); i++) {
        many[i] = header("X-Many", "v");
    }
    EQUAL(wc_request_respond(kept, 200, many, COUNT(many), NULL, 0), WC_OK, "forty fields");
    CHECK(until_answer(loop, &peer, &answer), "an answer");
    EQUAL(field_of(&answer, "X-Many", value, sizeof value), 40, "with all of them");
    answer_free(&answer);
    end(&peer);
}

/* Each of these is refused, changes nothing, and a good answer follows. */
static void refused_fields(void)
{
    static const struct {
        const char *what;
        const char *name;
        size_t name_len;
        const char *value;
        size_t value_len;
    } cases[] = {
        {"CR LF in a value", "X", 1, "a\r\nSet-Cookie: b", WC_NTS},
        {"LF in a value", "X", 1, "a\nb", WC_NTS},
        {"CR in a value", "X", 1, "a\rb", WC_NTS},
        {"NUL in a value", "X", 1, "a\0b", 3},
        {"DEL in a value", "X", 1, "\x7f", WC_NTS},
        {"CR LF in a name", "X: y\r\nZ", WC_NTS, "a", WC_NTS},
        {"a colon in a name", "X:", WC_NTS, "a", WC_NTS},
        {"a space in a name", "X Y", WC_NTS, "a", WC_NTS},
        {"NUL in a name", "X\0Y", 3, "a", WC_NTS},
        {"a name beyond ASCII", "\xc3\xa9", WC_NTS, "a", WC_NTS},
        {"no name", "", 0, "a", WC_NTS},
        {"Connection", "connection", WC_NTS, "close", WC_NTS},
        {"Content-Length", "CONTENT-LENGTH", WC_NTS, "1", WC_NTS},
        {"Date", "Date", WC_NTS, "now", WC_NTS},
        {"Keep-Alive", "keep-alive", WC_NTS, "max=1", WC_NTS},
        {"Transfer-Encoding", "Transfer-Encoding", WC_NTS, "chunked", WC_NTS},
        {"null for a name", NULL, 1, "a", WC_NTS},
        {"null for a value", "X", 1, NULL, 1},
    };
    struct peer peer = begin(NULL);
    size_t i;
    for (i = 0; i < COUNT(cases); i++) {
        wc_header two[2];
        wc_conn conn = 0;
        size_t queued = 1;
        int holds;
        two[0] = header("X-Good", "1");
        two[1].name = cases[i].name;
        two[1].name_len = cases[i].name_len;
        two[1].value = cases[i].value;
        two[1].value_len = cases[i].value_len;
        ask(&peer, get);
        holds = wc_request_respond(kept, 200, two, 2, "a", 1) == WC_E_INVAL;
        holds = wc_request_begin(kept, 200, two, 2, 1) == WC_E_INVAL && holds;
        holds = wc_request_respond_async(kept, 200, two, 2, "a", 1) == WC_E_INVAL && holds;
        must(wc_request_conn(kept, &conn) == WC_OK, "wc_request_conn");
        holds = wc_conn_queued(conn, &queued) == WC_OK && queued == 0 && holds;
        CHECK(holds, cases[i].what);
        must(respond_text(kept, 200, "") == WC_OK, "respond");
        CHECK(received(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "a good one goes");
    }
    end(&peer);
}

static void refused_arguments(void)
{
    static const int32_t statuses[] = {0, -1, 99, 100, 101, 199, 600, 1000, 65736};
    struct peer peer = begin(NULL);
    wc_conn conn = 0;
    wc_header field;
    size_t i;
    ask(&peer, get);
    must(wc_request_conn(kept, &conn) == WC_OK, "wc_request_conn");
    field = header("X", "y");
    for (i = 0; i < COUNT(statuses); i++) {
        EQUAL(respond_text(kept, statuses[i], ""), WC_E_INVAL, "no status of an answer");
        EQUAL(wc_request_begin(kept, statuses[i], NULL, 0, 0), WC_E_INVAL, "nor of a streamed one");
        EQUAL(wc_request_respond_async(kept, statuses[i], NULL, 0, NULL, 0), WC_E_INVAL,
              "nor of one from another thread");
    }
    EQUAL(wc_request_respond(kept, 200, NULL, 1, NULL, 0), WC_E_INVAL, "null for fields");
    EQUAL(wc_request_respond(kept, 200, NULL, 0, NULL, 1), WC_E_INVAL, "null for a body");
    EQUAL(wc_request_respond(kept, 200, &field, (size_t)-1 / 2, NULL, 0), WC_E_INVAL, "too many");
    EQUAL(wc_request_begin(kept, 200, NULL, 0, -2), WC_E_INVAL, "a negative length");
    EQUAL(wc_request_begin(kept, 200, NULL, 0, INT64_MIN), WC_E_INVAL, "a very negative one");
    EQUAL(wc_request_respond(0, 200, NULL, 0, NULL, 0), WC_E_BADHANDLE, "no handle");
    EQUAL(wc_request_respond(conn, 200, NULL, 0, NULL, 0), WC_E_BADHANDLE, "another handle");
    EQUAL(wc_request_respond_async(conn, 200, NULL, 0, NULL, 0), WC_E_BADHANDLE, "another handle");
    EQUAL(wc_request_begin(conn, 200, NULL, 0, 0), WC_E_BADHANDLE, "another handle");
    EQUAL(wc_request_write(conn, "", 0), WC_E_BADHANDLE, "another handle");
    EQUAL(wc_request_finish(conn), WC_E_BADHANDLE, "another handle");
    EQUAL(wc_request_abort(conn), WC_E_BADHANDLE, "another handle");
    EQUAL(wc_request_write(kept, "", 0), WC_E_STATE, "a piece of no answer");
    EQUAL(wc_request_finish(kept), WC_E_STATE, "the end of no answer");
    must(respond_text(kept, 200, "") == WC_OK, "respond");
    EQUAL(until_status(loop, &peer), 200, "after all of this it is answered");
    EQUAL(wc_request_begin(kept, 200, NULL, 0, 0), WC_E_GONE, "too late");
    EQUAL(wc_request_write(kept, "", 0), WC_E_GONE, "too late");
    EQUAL(wc_request_finish(kept), WC_E_GONE, "too late");
    EQUAL(wc_request_abort(kept), WC_E_GONE, "too late");
    end(&peer);
}

/* Streamed answers, byte for byte; `length` of -1 is WC_LENGTH_UNKNOWN. */
static void streamed_answers(void)
{
    static const struct {
        const char *name;
        const char *const *request;
        int32_t status;
        int64_t length;
        const char *bytes;
        int ends;
    } cases[] = {
        {"a known length", &get, 200, 5, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", 0},
        {"chunks", &get, 200, WC_LENGTH_UNKNOWN, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
         "\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", 0},
        {"a length to HEAD", &head, 200, 5, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0},
        {"chunks to HEAD", &head, 200, WC_LENGTH_UNKNOWN,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0},
        {"204", &get, 204, WC_LENGTH_UNKNOWN, "HTTP/1.1 204 No Content\r\n\r\n", 0},
        {"304", &get, 304, 5, "HTTP/1.1 304 Not Modified\r\n\r\n", 0},
        {"a length to 1.0", &old_kept, 200, 5, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
         "Connection: keep-alive\r\n\r\nabcde", 0},
        {"an unknown length to 1.0", &old_kept, 200, WC_LENGTH_UNKNOWN,
         "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde", 1},
    };
    size_t i;
    for (i = 0; i < COUNT(cases); i++) {
        struct peer peer = begin(NULL);
        ask(&peer, *cases[i].request);
        EQUAL(wc_request_begin(kept, cases[i].status, NULL, 0, cases[i].length), WC_OK,
              cases[i].name);
        EQUAL(wc_request_begin(kept, 200, NULL, 0, 0), WC_E_STATE, "it begins once");
        EQUAL(respond_text(kept, 200, ""), WC_E_STATE, "and is no whole one");
        EQUAL(wc_request_write(kept, "ab", 2), WC_OK, "a piece");
        EQUAL(wc_request_write(kept, "", 0), WC_OK, "nothing");
        EQUAL(wc_request_write(kept, NULL, 0), WC_OK, "still nothing");
        EQUAL(wc_request_write(kept, NULL, 1), WC_E_INVAL, "null for a piece");
        EQUAL(wc_request_write(kept, "cde", WC_NTS), WC_OK, "another piece");
        EQUAL(closed, 0, "it goes on");
        EQUAL(wc_request_finish(kept), WC_OK, "the end");
        EQUAL(wc_request_finish(kept), WC_E_STATE, "is one");
        EQUAL(wc_request_write(kept, "f", 1), WC_E_STATE, "and nothing comes behind it");
        CHECK(received(&peer, cases[i].bytes), "its bytes");
        EQUAL(closed, 1, "the request is over");
        EQUAL(why_closed, WC_OK, "in order");
        EQUAL(peer.ended, cases[i].ends, "so is the connection, where nothing else ends the body");
        end(&peer);
    }
}

static void lengths_are_kept(void)
{
    struct peer peer = begin(NULL);
    ask(&peer, get);
    EQUAL(wc_request_begin(kept, 200, NULL, 0, 3), WC_OK, "three bytes");
    EQUAL(wc_request_write(kept, "abcd", 4), WC_E_LIMIT, "four are too many");
    EQUAL(wc_request_write(kept, "ab", 2), WC_OK, "two are fine");
    EQUAL(wc_request_write(kept, "cd", 2), WC_E_LIMIT, "two more are not");
    EQUAL(wc_request_finish(kept), WC_E_STATE, "one is owed");
    EQUAL(wc_request_write(kept, "c", 1), WC_OK, "here it is");
    EQUAL(wc_request_finish(kept), WC_OK, "the end");
    CHECK(received(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), "its bytes");
    ask(&peer, get);
    EQUAL(wc_request_begin(kept, 200, NULL, 0, 0), WC_OK, "no bytes");
    EQUAL(wc_request_write(kept, "a", 1), WC_E_LIMIT, "one is too many");
    EQUAL(wc_request_finish(kept), WC_OK, "the end");
    CHECK(received(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "its bytes");
    end(&peer);
}

/* Given up: before it began, within each framing. The client can tell that something is missing. */
static void aborted_answers(void)
{
    static const struct {
        const char *name;
        const char *const *request;
        int64_t length;
        const char *bytes;
    } cases[] = {
        {"before its head", &get, -9, ""},
        {"within its length", &get, 9, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"},
        {"within chunks", &get, WC_LENGTH_UNKNOWN,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"},
        {"within what ends with the connection", &old, WC_LENGTH_UNKNOWN, NULL},
    };
    size_t i;
    for (i = 0; i < COUNT(cases); i++) {
        struct peer peer = begin(NULL);
        ask(&peer, *cases[i].request);
        if (cases[i].length != -9) {
            must(wc_request_begin(kept, 200, NULL, 0, cases[i].length) == WC_OK, "begin");
            must(wc_request_write(kept, "ab", 2) == WC_OK, "write");
        }
        EQUAL(wc_request_abort(kept), WC_OK, cases[i].name);
        EQUAL(wc_request_abort(kept), WC_E_STATE, "once");
        EQUAL(wc_request_write(kept, "c", 1), WC_E_STATE, "nothing comes behind it");
        EQUAL(wc_request_finish(kept), WC_E_STATE, "no end either");
        EQUAL(respond_text(kept, 200, ""), WC_E_STATE, "nor an answer");
        EQUAL(until_end(loop, &peer), cases[i].bytes != NULL ? 1 : 2, "the connection ends");
        if (cases[i].bytes != NULL && cases[i].bytes[0] != '\0') {
            CHECK(received(&peer, cases[i].bytes), "behind what was written");
        }
        CHECK(until_set(loop, NULL, 0, &closed), "the request is over");
        EQUAL(why_closed, WC_E_GONE, "and not answered whole");
        end(&peer);
    }
}

static char large[12 << 20];

/* WRITE_HIGH, WRITE_LOW and WRITE_LIMIT, here small ones. */
static void full_and_drained(void)
{
    wc_conn_options options;
    struct peer peer;
    struct answer answer;
    wc_conn conn = 0;
    size_t queued = 0;
    int small = 65536;
    must(wc_conn_options_init(&options, sizeof options) == WC_OK, "options");
    options.write_high = 100000;
    options.write_low = 50000;
    options.write_limit = sizeof large + 10000;
    peer = begin(&options);
    must(setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0, "SO_RCVBUF");
    ask(&peer, get);
    peer.deaf = 1;
    EQUAL(wc_request_begin(kept, 200, NULL, 0, WC_LENGTH_UNKNOWN), WC_OK, "an answer");
    EQUAL(wc_request_write(kept, large, sizeof large), WC_FULL, "more than the socket takes");
    must(wc_request_conn(kept, &conn) == WC_OK, "wc_request_conn");
    loop_some(loop, 0);
    EQUAL(drained, 0, "nobody reads");
    EQUAL(wc_conn_queued(conn, &queued), WC_OK, "it is queued");
    CHECK(queued > 100000 && queued <= sizeof large + 64, "all of it that is not under way");
    EQUAL(wc_request_write(kept, large, sizeof large), WC_E_LIMIT, "as much again is too much");
    EQUAL(wc_request_write(kept, large, 1000), WC_FULL, "a little is not");
    peer.deaf = 0;
    CHECK(until_set(loop, &peer, 1, &drained), "the client reads, and the queue drains");
    EQUAL(wc_conn_queued(conn, &queued), WC_OK, "to its low water");
    CHECK(queued <= 50000, "or below");
    EQUAL(wc_request_write(kept, "end", 3), WC_OK, "there is room again");
    EQUAL(wc_request_finish(kept), WC_OK, "the end");
    CHECK(until_answer(loop, &peer, &answer), "the answer is whole");
    EQUAL(answer.body_len, sizeof large + 1000 + 3, "with all that was accepted");
    answer_free(&answer);
    EQUAL(drained, 1, "on_drain came once");
    ask(&peer, get);
    EQUAL(respond_text(kept, 200, "ok"), WC_OK, "the connection goes on");
    EQUAL(until_status(loop, &peer), 200, "to the next answer");
    end(&peer);
}

/* WRITE_LIMIT for a whole answer: refused whole, and a smaller one goes. */
static void too_large(void)
{
    wc_conn_options options;
    struct peer peer;
    must(wc_conn_options_init(&options, sizeof options) == WC_OK, "options");
    options.write_high = 1000;
    options.write_low = 1000;
    options.write_limit = 2000;
    peer = begin(&options);
    ask(&peer, get);
    EQUAL(wc_request_respond(kept, 200, NULL, 0, large, 2001), WC_E_LIMIT, "too large");
    EQUAL(wc_request_respond(kept, 200, NULL, 0, large, 1500), WC_FULL, "large");
    EQUAL(until_status(loop, &peer), 200, "it goes out");
    end(&peer);
}

/* A client that has reset shows at the second write at the latest, and then in on_close. */
static void nobody_there(void)
{
    struct peer peer = begin(NULL);
    wc_status status;
    ask(&peer, get);
    EQUAL(wc_request_begin(kept, 200, NULL, 0, 300000), WC_OK, "an answer");
    peer_reset(&peer);
    (void)wc_request_write(kept, large, 100000);
    status = wc_request_write(kept, large, 100000);
    CHECK(status == WC_E_RESET || status == WC_E_GONE, "a write tells");
    CHECK(until_set(loop, NULL, 0, &closed), "the request is over");
    EQUAL(why_closed, WC_E_RESET, "by a reset");
    EQUAL(wc_request_write(kept, large, 1), WC_E_GONE, "now each write tells");
    EQUAL(wc_loop_free(loop), WC_OK, "the loop ends");
}

static void *answer_it(void *user)
{
    wc_status *status = user;
    wc_header field = header("X-From", "afar");
    *status = wc_request_respond_async(kept, 201, &field, 1, "from afar", WC_NTS);
    return NULL;
}

static void from_another_thread(void)
{
    struct peer peer = begin(NULL);
    pthread_t thread;
    wc_status status = WC_NONE;
    ask(&peer, get);
    must(pthread_create(&thread, NULL, answer_it, &status) == 0, "pthread_create");
    must(pthread_join(thread, NULL) == 0, "pthread_join");
    EQUAL(status, WC_OK, "from another thread");
    CHECK(received(&peer, "HTTP/1.1 201 Created\r\nContent-Length: 9\r\nX-From: afar\r\n\r\n"
                          "from afar"), "its bytes");
    EQUAL(wc_request_respond_async(kept, 200, NULL, 0, NULL, 1), WC_E_INVAL, "null for a body");
    EQUAL(wc_request_respond_async(0, 200, NULL, 0, NULL, 0), WC_E_BADHANDLE, "no handle");
    EQUAL(wc_request_respond_async(kept, 200, NULL, 0, NULL, 0), WC_OK, "too late is not told");
    ask(&peer, get);
    EQUAL(wc_request_respond_async(kept, 200, NULL, 0, NULL, 0), WC_OK, "from its own thread");
    EQUAL(wc_request_respond_async(kept, 404, NULL, 0, NULL, 0), WC_OK, "and a second one");
    EQUAL(until_status(loop, &peer), 200, "the first counts");
    (void)until_said(loop, &peer);
    EQUAL(peer.len - peer.at, 0, "the second is dropped");
    end(&peer);
    EQUAL(wc_request_respond_async(kept, 200, NULL, 0, NULL, 0), WC_E_GONE, "the loop has ended");
}

int main(void)
{
    whole_answers();
    fields();
    refused_fields();
    refused_arguments();
    streamed_answers();
    lengths_are_kept();
    aborted_answers();
    full_and_drained();
    too_large();
    nobody_there();
    from_another_thread();
    return tap_done();
}

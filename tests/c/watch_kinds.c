/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every kind of descriptor that can be watched, each by levels, by edges and once, and how its end
 * and its errors are told. */
#define _XOPEN_SOURCE 700
#include "watching.h"

#include <sys/stat.h>
#include <termios.h>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

static const char *kind;

/* A check with the kind of descriptor before its name. */
static const char *of(const char *what)
{
    static char text[160];
    (void)snprintf(text, sizeof text, "%s: %s", kind, what);
    return text;
}

static void unblock(int fd)
{
    MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
}

/* Each gives a near end, which is watched, and a far one. */

static void make_pipe(int ends[2])
{
    pipe_of(ends);
}

static void make_fifo(int ends[2])
{
    char name[] = "/tmp/webcore-fifo-XXXXXX";
    int file = mkstemp(name);
    MUST(file);
    MUST(close(file));
    MUST(unlink(name));
    MUST(mkfifo(name, 0600));
    ends[0] = open(name, O_RDONLY | O_NONBLOCK);
    ends[1] = open(name, O_WRONLY | O_NONBLOCK);
    MUST(ends[0]);
    MUST(ends[1]);
    MUST(unlink(name));
}

static void make_pair(int ends[2])
{
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    unblock(ends[0]);
    unblock(ends[1]);
}

static void make_tcp(int ends[2])
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    MUST(listener);
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(bind(listener, (struct sockaddr *)&at, sizeof at));
    MUST(listen(listener, 1));
    MUST(getsockname(listener, (struct sockaddr *)&at, &len));
    ends[1] = wire_client(ntohs(at.sin_port));
    ends[0] = accept(listener, NULL, NULL);
    MUST(ends[0]);
    unblock(ends[0]);
    MUST(close(listener));
}

/* A terminal as its program has it: bytes as they come, no echo. */
static void make_tty(int ends[2])
{
    struct termios how;
    ends[1] = posix_openpt(O_RDWR | O_NOCTTY);
    MUST(ends[1]);
    MUST(grantpt(ends[1]));
    MUST(unlockpt(ends[1]));
    ends[0] = open(ptsname(ends[1]), O_RDWR | O_NOCTTY | O_NONBLOCK);
    MUST(ends[0]);
    unblock(ends[1]);
    MUST(tcgetattr(ends[0], &how));
    how.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    MUST(tcsetattr(ends[0], TCSANOW, &how));
}

/* The same from the side of the terminal itself. */
static void make_terminal(int ends[2])
{
    int other[2];
    make_tty(other);
    ends[0] = other[1];
    ends[1] = other[0];
}

static const struct {
    const char *name;
    void (*make)(int ends[2]);
    int writable;
} kinds[] = {
    {"pipe", make_pipe, 0},         {"FIFO", make_fifo, 0},
    {"socket pair", make_pair, 1},  {"TCP", make_tcp, 1},
    {"tty", make_tty, 1},           {"terminal of a tty", make_terminal, 1},
};

static int was_told_thrice(void *told)
{
    return ((struct told *)told)->count >= 3;
}

static void send_byte(int fd)
{
    MUST(write(fd, "x", 1) == 1 ? 0 : -1);
}

static void by_levels(wc_loop loop, int ends[2], int writable)
{
    struct told told;
    EQUAL(told_start(&told, loop, ends[0], WC_READ), WC_OK, of("it is watched for input"));
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("nothing is told while there is none"));
    send_byte(ends[1]);
    CHECK(wire_run(loop, was_told_thrice, &told), of("input is told until it is read"));
    EQUAL(told.all, WC_READ, of("as input and nothing else"));
    EQUAL(emptied(ends[0]), 1, of("it is the program's to read"));
    told.count = 0;
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("and is told no more"));
    if (writable) {
        MUST(wc_watch_set(told.watch, WC_READ | WC_WRITE));
        CHECK(wire_run(loop, was_told, &told), of("room for output is told"));
        EQUAL(told.last, WC_WRITE, of("as that"));
    }
    MUST(wc_watch_set(told.watch, 0));
    send_byte(ends[1]);
    told.count = 0;
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("a pause is quiet"));
    MUST(wc_watch_set(told.watch, WC_READ));
    CHECK(wire_run(loop, was_told, &told), of("what came in it is told afterwards"));
    EQUAL(emptied(ends[0]), 1, of("it is read"));
    told_stop(&told);
    EQUAL(told.freed, 1, of("the user pointer came back"));
}

static void by_edges(wc_loop loop, int ends[2])
{
    struct told told;
    wc_status started = told_start(&told, loop, ends[0], WC_READ | WC_EDGE);
    if (!backend_has(WC_FEATURE_EDGE)) {
        EQUAL(started, WC_E_BACKEND, of("edges are refused where there are none"));
        EQUAL(told.freed, 1, of("and the user pointer comes back"));
        EQUAL(told_start(&told, loop, ends[0], WC_READ), WC_OK, of("levels are not"));
        EQUAL(wc_watch_set(told.watch, WC_READ | WC_EDGE), WC_E_BACKEND,
              of("nor can they be asked for later"));
        told_stop(&told);
        return;
    }
    EQUAL(started, WC_OK, of("it is watched for edges"));
    send_byte(ends[1]);
    CHECK(wire_run(loop, was_told, &told), of("an arrival is told"));
    wire_turns(loop, 3);
    EQUAL(told.count, 1, of("once, though it is not read"));
    MUST(wc_watch_set(told.watch, WC_READ | WC_EDGE));
    wire_turns(loop, 3);
    EQUAL(told.count, 2, of("once more after the same was asked for again"));
    EQUAL(emptied(ends[0]), 1, of("it is read"));
    told.count = 0;
    send_byte(ends[1]);
    CHECK(wire_run(loop, was_told, &told), of("the next arrival is told"));
    EQUAL(emptied(ends[0]), 1, of("and read"));
    told_stop(&told);
}

static void once(wc_loop loop, int ends[2])
{
    struct told told;
    int round;
    EQUAL(told_start(&told, loop, ends[0], WC_READ | WC_ONCE), WC_OK, of("it is watched once"));
    send_byte(ends[1]);
    for (round = 0; round < 3; round++) {
        told.count = 0;
        CHECK(wire_run(loop, was_told, &told), of("input is told"));
        wire_turns(loop, 3);
        EQUAL(told.count, 1, of("once, though it is not read"));
        MUST(wc_watch_set(told.watch, WC_READ | WC_ONCE));
    }
    EQUAL(emptied(ends[0]), 1, of("it is read"));
    told.count = 0;
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("nothing is told of what was read"));
    told_stop(&told);
}

/* Closes both ends: the far one under the watcher's eyes. */
static void at_the_end(wc_loop loop, int ends[2])
{
    struct told told;
    uint32_t hangup = backend_has(WC_FEATURE_HANGUP) ? WC_HANGUP : 0;
    send_byte(ends[1]);
    EQUAL(told_start(&told, loop, ends[0], WC_READ), WC_OK, of("there is input"));
    CHECK(wire_run(loop, was_told, &told), of("which is told"));
    EQUAL(told.all, WC_READ, of("without an end"));
    MUST(close(ends[1]));
    told.count = 0;
    CHECK(wire_run(loop, was_told_thrice, &told), of("the far end closes, and that is told"));
    EQUAL(told.last & ~(uint32_t)WC_ERROR, WC_READ | hangup, of("as a hang-up, where it can be"));
    CHECK(emptied(ends[0]) <= 1, of("what came before the end is read, where the kernel keeps it"));
    told.count = 0;
    CHECK(wire_run(loop, was_told, &told), of("the end goes on being told"));
    MUST(wc_watch_set(told.watch, 0));
    told.count = 0;
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("but not to a paused watcher"));
    told_stop(&told);
    MUST(close(ends[0]));
}

/* --- errors --- */

static void a_reset_is_an_error(wc_loop loop)
{
    struct told told;
    int ends[2];
    uint32_t trouble = backend_has(WC_FEATURE_HANGUP) ? WC_HANGUP | WC_ERROR : 0;
    kind = "TCP";
    make_tcp(ends);
    MUST(told_start(&told, loop, ends[0], WC_READ));
    wire_reset(ends[1]);
    CHECK(wire_run(loop, was_told, &told), of("a reset is told"));
    EQUAL(told.all, WC_READ | trouble, of("as an error"));
    told_stop(&told);
    CHECK(recv(ends[0], &told, 1, 0) < 0 && errno == ECONNRESET, of("which the next read gives"));
    MUST(close(ends[0]));
}

static void a_pipe_that_nobody_reads(wc_loop loop)
{
    struct told told;
    int ends[2];
    static const char some[256];
    kind = "writing end of a pipe";
    pipe_of(ends);
    while (write(ends[1], some, sizeof some) > 0) {
    }
    EQUAL(told_start(&told, loop, ends[1], WC_WRITE), WC_OK, of("it is watched"));
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("it is full, and nothing is told"));
    MUST(close(ends[0]));
    CHECK(wire_run(loop, was_told, &told), of("its reader goes, and that is told"));
    CHECK(told.last & WC_WRITE, of("as room"));
    EQUAL((told.last & (WC_HANGUP | WC_ERROR)) != 0, backend_has(WC_FEATURE_HANGUP),
          of("and as trouble, where it can be"));
    told_stop(&told);
    MUST(close(ends[1]));
}

static void a_connection_that_is_refused(wc_loop loop)
{
    struct told told;
    struct sockaddr_in to;
    socklen_t len = sizeof to;
    int error = 0, taken = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    uint32_t trouble = backend_has(WC_FEATURE_HANGUP) ? WC_HANGUP | WC_ERROR : 0;
    kind = "connecting socket";
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* A port that is bound and not listened on refuses. */
    MUST(bind(taken, (struct sockaddr *)&to, sizeof to));
    MUST(getsockname(taken, (struct sockaddr *)&to, &len));
    unblock(fd);
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) < 0, of("it is on its way, or refused"));
    EQUAL(told_start(&told, loop, fd, WC_WRITE), WC_OK, of("it is watched"));
    CHECK(wire_run(loop, was_told, &told), of("that is told"));
    EQUAL(told.last, WC_WRITE | trouble, of("as an error"));
    len = sizeof error;
    MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
    CHECK(error == ECONNREFUSED || error == 0, of("whose number SO_ERROR has"));
    told_stop(&told);
    MUST(close(fd));
    MUST(close(taken));
}

/* --- what never waits, and what is no stream --- */

static void always_ready(wc_loop loop, const char *name, const char *path, int flags)
{
    struct told told;
    int fd = open(path, flags);
    kind = name;
    MUST(fd);
    EQUAL(told_start(&told, loop, fd, WC_READ), WC_OK, of("it is watched"));
    CHECK(wire_run(loop, was_told_thrice, &told), of("a read never waits"));
    EQUAL(told.all, WC_READ, of("and only that was asked"));
    MUST(wc_watch_set(told.watch, 0));
    told.count = 0;
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("a pause is quiet"));
    MUST(wc_watch_set(told.watch, WC_READ | WC_WRITE | WC_ONCE));
    wire_turns(loop, 3);
    EQUAL(told.count, 1, of("once is once"));
    EQUAL(told.last, WC_READ | WC_WRITE, of("for both"));
    MUST(wc_watch_set(told.watch, WC_WRITE));
    CHECK(wire_run(loop, was_told_thrice, &told), of("and it can be asked for again"));
    told_stop(&told);
    /* That it never waits may show only when something is asked of it. */
    EQUAL(told_start(&told, loop, fd, 0), WC_OK, of("it is watched for nothing"));
    MUST(wc_watch_set(told.watch, WC_READ));
    CHECK(wire_run(loop, was_told_thrice, &told), of("then for input"));
    EQUAL(told.all, WC_READ, of("which is there"));
    told_stop(&told);
    MUST(close(fd));
}

#ifdef __linux__
static void a_counter(wc_loop loop)
{
    struct told told;
    uint64_t one = 1;
    int fd = eventfd(0, EFD_NONBLOCK);
    kind = "eventfd";
    MUST(fd);
    EQUAL(told_start(&told, loop, fd, WC_READ), WC_OK, of("it is watched"));
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("at 0 it is not readable"));
    MUST(write(fd, &one, sizeof one) == sizeof one ? 0 : -1);
    CHECK(wire_run(loop, was_told, &told), of("above 0 it is"));
    EQUAL(emptied(fd), 8, of("it is read"));
    MUST(wc_watch_set(told.watch, WC_WRITE));
    CHECK(wire_run(loop, was_told, &told), of("it takes more"));
    EQUAL(told.last, WC_WRITE, of("which is told"));
    told_stop(&told);
    MUST(close(fd));
}
#endif

/* A listening socket of the program is readable when somebody waits to be accepted. */
static void a_listener(wc_loop loop)
{
    struct told told;
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int client, fd = socket(AF_INET, SOCK_STREAM, 0);
    kind = "listening socket";
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(bind(fd, (struct sockaddr *)&at, sizeof at));
    MUST(listen(fd, 8));
    MUST(getsockname(fd, (struct sockaddr *)&at, &len));
    EQUAL(told_start(&told, loop, fd, WC_READ), WC_OK, of("it is watched"));
    wire_turns(loop, 3);
    EQUAL(told.count, 0, of("nobody waits"));
    client = wire_client(ntohs(at.sin_port));
    CHECK(wire_run(loop, was_told, &told), of("somebody does, and that is told"));
    EQUAL(told.last, WC_READ, of("as input"));
    told_stop(&told);
    MUST(close(client));
    MUST(close(fd));
}

int main(int argc, char **argv)
{
    wc_loop loop = wire_loop();
    int before = wire_descriptors();
    size_t at;
    (void)argc;
    for (at = 0; at < sizeof kinds / sizeof kinds[0]; at++) {
        int ends[2];
        kind = kinds[at].name;
        kinds[at].make(ends);
        by_levels(loop, ends, kinds[at].writable);
        by_edges(loop, ends);
        once(loop, ends);
        at_the_end(loop, ends);
    }
    a_reset_is_an_error(loop);
    a_pipe_that_nobody_reads(loop);
    a_connection_that_is_refused(loop);
    always_ready(loop, "a file", argv[0], O_RDONLY);
    always_ready(loop, "a directory", "/", O_RDONLY);
    always_ready(loop, "/dev/null", "/dev/null", O_RDWR);
#ifdef __linux__
    a_counter(loop);
#endif
    a_listener(loop);
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

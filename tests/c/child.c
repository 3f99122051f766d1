/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Children: what they are given, how they end, what keeps them from being started, which codes the
 * calls answer. */
#include "child.h"
#include "tap.h"

#include <sys/resource.h>
#include <sys/stat.h>

static void what_it_is_given(wc_loop loop)
{
    static const char *const env[] = {"A=1 2", "B=", NULL};
    struct kid *kid =
        kid_speaker(loop, "printf '%s|' \"$0\" \"$@\" \"$A\" \"${B-unset}\" \"$PWD\"");
    kid->argv[3] = "name";
    kid->argv[4] = "";
    kid->argv[5] = "two words";
    kid->options.env = env;
    kid->options.directory = "/";
    kid_done(kid);
    SAME(kid_said(kid), "name||two words|1 2||/|", "arguments, environment and directory arrive");
    EQUAL(kid->code, 0, "it exits with 0");
    EQUAL(kid->why, WC_OK, "by itself");
    EQUAL(kid->freed, 1, "its user pointer came back");
    EQUAL(kid->log[WC_CHILD_OUT].freed, 1, "as did that of its stream");
    SAME(kid->log[WC_CHILD_OUT].story, "open data eof close(WC_OK) ", "the stream's story");
    SAME(kid->order, "out exit ", "the child's last word is the last");
    free(kid);

    kid = kid_speaker(loop, NULL);
    MUST(setenv("WEBCORE_TEST", "inherited", 1));
    kid->options.program = "printenv";
    kid->argv[0] = "printenv";
    kid->argv[1] = "WEBCORE_TEST";
    kid_done(kid);
    SAME(kid_said(kid), "inherited\n", "without an environment it has the program's");
    free(kid);
}

static void its_descriptors(wc_loop loop)
{
    char path[] = "/tmp/webcore-child-XXXXXX", seen[64] = "";
    int fd = mkstemp(path), ends[2];
    ssize_t got;
    struct kid *kid = kid_plain(loop, "cat; echo error >&2");
    MUST(fd);
    MUST(write(fd, "from the file\n", 14) == 14 ? 0 : -1);
    MUST(pipe(ends));
    kid->stdio[WC_CHILD_IN].kind = WC_STDIO_FILE;
    kid->stdio[WC_CHILD_IN].path = path;
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_FD;
    kid->stdio[WC_CHILD_OUT].fd = ends[1];
    kid->stdio[WC_CHILD_ERR].kind = WC_STDIO_SAME;
    kid_done(kid);
    got = read(ends[0], seen, sizeof seen - 1);
    CHECK(got == 20 && strcmp(seen, "from the file\nerror\n") == 0,
          "a file is read, a descriptor is written, the error goes where the output goes");
    free(kid);

    kid = kid_plain(loop, "echo more");
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_FILE;
    kid->stdio[WC_CHILD_OUT].path = path;
    kid->stdio[WC_CHILD_OUT].append = 1;
    kid_done(kid);
    memset(seen, 0, sizeof seen);
    MUST(pread(fd, seen, sizeof seen - 1, 0));
    SAME(seen, "from the file\nmore\n", "output is appended to a file");
    kid->stdio[WC_CHILD_OUT].append = 0;
    kid->exits = 0;
    kid_done(kid);
    memset(seen, 0, sizeof seen);
    MUST(pread(fd, seen, sizeof seen - 1, 0));
    SAME(seen, "more\n", "or the file is made anew");
    free(kid);
    close(ends[0]);
    close(ends[1]);
    close(fd);
    unlink(path);

    kid = kid_speaker(loop, "[ -e /proc/self/fd/0 ] || echo closed");
    kid->stdio[WC_CHILD_IN].kind = WC_STDIO_CLOSED;
    kid_done(kid);
    SAME(kid_said(kid), "closed\n", "input can be closed");
    free(kid);

    kid = kid_speaker(loop, "wc -c; echo dropped >&2");
    kid->options.input = NULL;
    kid->stdio[WC_CHILD_ERR].kind = WC_STDIO_NULL;
    kid_done(kid);
    CHECK(strtol(kid_said(kid), NULL, 10) == 0 && kid->log[WC_CHILD_OUT].len < 12,
          "input is empty by default, and what is written to null is dropped");
    free(kid);
}

static void how_it_ends(wc_loop loop)
{
    struct kid *kid = kid_done(kid_plain(loop, "exit 7"));
    EQUAL(kid->code, 7, "an exit code arrives");
    EQUAL(kid->signal, 0, "without a signal");
    EQUAL(kid->usage_status, WC_OK, "what it has used is known");
    CHECK(kid->usage.max_rss_bytes > 1 << 16, "and is more than nothing");
    EQUAL(wc_child_pid(kid->child, &kid->code), WC_E_GONE, "its handle is gone");
    free(kid);

    kid = kid_done(kid_plain(loop, "kill -USR1 $$; sleep 600"));
    EQUAL(kid->signal, SIGUSR1, "so does the signal that ended it");
    EQUAL(kid->code, -1, "which leaves no code");
    EQUAL(kid->why, WC_OK, "it ended by itself");
    free(kid);

    kid = kid_speaker(loop, "trap 'echo got it; exit 3' HUP; echo ready; "
                            "while :; do sleep 0.01; done");
    kid->stdio[WC_CHILD_ERR].kind = WC_STDIO_NULL;
    MUST(kid_spawn(kid));
    CHECK(wire_run(loop, kid_has_line, kid), "a child is ready");
    EQUAL(wc_child_kill(kid->child, SIGHUP), WC_OK, "and gets a signal");
    kid_wait(kid);
    EQUAL(kid->code, 3, "which it handles");
    SAME(kid_said(kid), "ready\ngot it\n", "as it says");
    free(kid);
}

/* A spawn that fails gives every user pointer back, and leaves nothing. */
static void refused(struct kid *kid, wc_status status, int os_error, const char *name)
{
    wc_loop_stats before = wire_stats(kid->loop), after;
    int fds = wire_descriptors(), number = 0, which, freed = 0;
    wc_child child = 17;
    EQUAL(wc_child_spawn(kid->loop, &kid->options, kid_on_exit, kid, kid_freed, &child), status,
          name);
    MUST(wc_loop_os_error(kid->loop, &number));
    if (os_error != 0) {
        EQUAL(number, os_error, "with its number");
    }
    for (which = 0; which < 3; which++) {
        freed += kid->log[which].freed;
    }
    EQUAL(kid->freed * 10 + freed, 13, "all four user pointers came back");
    after = wire_stats(kid->loop);
    CHECK(after.connections == before.connections && after.children == before.children &&
              after.accepted == before.accepted && wire_descriptors() == fds && kid_none() &&
              child == 17,
          "nothing is left of it");
    free(kid);
}

static void what_cannot_be_started(wc_loop loop)
{
    char path[] = "/tmp/webcore-child-XXXXXX";
    int fd = mkstemp(path);
    struct kid *kid = kid_new(loop, "");
    MUST(fd);
    MUST(write(fd, "no program", 10) == 10 ? 0 : -1);
    kid->options.program = "/no/such/program";
    refused(kid, WC_E_NOTFOUND, ENOENT, "a program that is not there");
    kid = kid_new(loop, "");
    kid->options.program = "webcore-has-no-such-program";
    refused(kid, WC_E_NOTFOUND, ENOENT, "a name that is not in PATH");
    kid = kid_new(loop, "");
    kid->options.program = path;
    refused(kid, WC_E_ACCESS, EACCES, "a file that may not be run");
    MUST(fchmod(fd, 0700));
    close(fd);
    kid = kid_new(loop, "");
    kid->options.program = path;
    refused(kid, WC_E_OS, ENOEXEC, "a file that is no program");
    unlink(path);
    kid = kid_new(loop, "");
    kid->options.directory = "/no/such/directory";
    refused(kid, WC_E_NOTFOUND, ENOENT, "a directory that is not there");
}

static void options_that_contradict_themselves(wc_loop loop)
{
    static const char *const none[] = {NULL};
    wc_conn_options bad = wire_conn_options();
    struct kid *kid = kid_new(loop, "");
    kid->options.program = NULL;
    refused(kid, WC_E_INVAL, 0, "no program");
    kid = kid_new(loop, "");
    kid->options.program = "";
    refused(kid, WC_E_INVAL, 0, "an empty one");
    kid = kid_new(loop, "");
    kid->options.argv = none;
    refused(kid, WC_E_INVAL, 0, "no argv[0]");
    kid = kid_new(loop, "");
    kid->options.argv = (const char *const *)(const void *)((const char *)none + 1);
    refused(kid, WC_E_INVAL, 0, "an argv at an odd address");
    kid = kid_new(loop, "");
    kid->options.flags = 4;
    refused(kid, WC_E_INVAL, 0, "an unknown flag");
    bad.write_low = bad.write_high + 1;
    kid = kid_new(loop, "");
    kid->stdio[WC_CHILD_ERR].options = &bad;
    refused(kid, WC_E_INVAL, 0, "a stream with options that contradict each other");
    kid = kid_plain(loop, "");
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_SAME;
    EQUAL(kid_spawn(kid), WC_E_INVAL, "an output that is as the output");
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_FILE;
    EQUAL(kid_spawn(kid), WC_E_INVAL, "a file without its name");
    kid->stdio[WC_CHILD_OUT].path = "/no/such/file";
    EQUAL(kid_spawn(kid), WC_E_NOTFOUND, "a file that cannot be made");
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_FD;
    EQUAL(kid_spawn(kid), WC_E_OS, "a descriptor that is not open");
    kid->stdio[WC_CHILD_OUT].kind = 99;
    EQUAL(kid_spawn(kid), WC_E_INVAL, "a kind that is none");
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_NULL;
    kid->stdio[WC_CHILD_OUT].reserved = 1;
    EQUAL(kid_spawn(kid), WC_E_INVAL, "a reserved field that is set");
    EQUAL(kid->freed, 6, "each gave the user pointer back");
    kid->stdio[WC_CHILD_OUT].size = 3;
    EQUAL(kid_spawn(kid), WC_E_VERSION, "a size that no version had");
    EQUAL(wc_child_options_init(&kid->options, 3), WC_E_VERSION, "nor had the options");
    EQUAL(wc_child_stdio_init(NULL, sizeof kid->stdio[0]), WC_E_INVAL, "null is no struct");
    EQUAL(wc_child_spawn(loop, NULL, NULL, NULL, NULL, NULL), WC_E_INVAL, "null is no options");
    free(kid);
}

static void codes(wc_loop loop)
{
    struct kid *kid = kid_started(kid_new(loop, "echo hello; cat"));
    wc_child child = kid->child;
    wc_conn conn = 0;
    int32_t pid = 0;
    int which;
    EQUAL(wc_child_pid(child, &pid), WC_OK, "a child has a process number");
    CHECK(kill(pid, 0) == 0, "which is that of a process");
    EQUAL(wc_child_pid(child, NULL), WC_E_INVAL, "null is refused");
    EQUAL(wc_child_get_usage(child, &kid->usage), WC_E_STATE, "what it uses is not known yet");
    EQUAL(wc_child_kill(child, 0), WC_E_INVAL, "0 is no signal");
    EQUAL(wc_child_kill(child, 4000), WC_E_INVAL, "nor is 4000");
    EQUAL(wc_child_stream(child, 3, &conn), WC_E_INVAL, "there are three streams");
    EQUAL(wc_child_stream(child, -1, &conn), WC_E_INVAL, "from 0 on");
    EQUAL(wc_child_stream(loop, WC_CHILD_IN, &conn), WC_E_BADHANDLE, "a loop is no child");
    EQUAL(wire_stats(loop).children, 1, "the loop counts it");
    EQUAL(wire_stats(loop).connections, 3, "and its streams");
    EQUAL(wc_child_stream(child, WC_CHILD_OUT, &conn), WC_OK, "its output is a stream");
    EQUAL(wc_conn_send(conn, "x", 1), WC_E_STATE, "on which nothing is sent");
    EQUAL(wc_child_stream(child, WC_CHILD_IN, &conn), WC_OK, "its input, too");
    EQUAL(wc_conn_send(conn, "world\n", 6), WC_OK, "which takes bytes");
    EQUAL(wc_conn_shutdown(conn), WC_OK, "and an end");
    kid_wait(kid);
    SAME(kid_said(kid), "hello\nworld\n", "the child has read them and the end");
    for (which = 0; which < 3; which++) {
        EQUAL(kid->log[which].why, WC_OK, "its streams end well");
        EQUAL(kid->log[which].freed, 1, "each once");
    }
    CHECK(strlen(kid->order) == 16 && strcmp(kid->order + 11, "exit ") == 0, "before it ends");
    EQUAL(wc_child_kill(child, SIGTERM), WC_E_GONE, "a child that is over is gone");
    EQUAL(wc_child_stop(child, 0), WC_E_GONE, "for every call");
    EQUAL(wc_child_stream(child, WC_CHILD_IN, &conn), WC_E_GONE, "with its streams");
    EQUAL(wc_child_get_usage(child, &kid->usage), WC_E_GONE, "and its usage");
    EQUAL(wire_stats(loop).children, 0, "the loop has none");
    free(kid);
    kid = kid_started(kid_plain(loop, "exit 0"));
    EQUAL(wc_child_stream(kid->child, WC_CHILD_OUT, &conn), WC_E_STATE, "no stream, no handle");
    kid_wait(kid);
    free(kid);
}

/* The pull face: no callback at all. */
static void pulled(wc_loop loop)
{
    struct kid *kid = kid_speaker(loop, "echo pulled; exit 5");
    wc_event event;
    wc_conn conn = 0;
    char said[16] = "";
    int eof = 0;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    kid->stdio[WC_CHILD_OUT].callbacks = NULL;
    MUST(wc_child_spawn(loop, &kid->options, NULL, kid, kid_freed, &kid->child));
    MUST(wc_child_stream(kid->child, WC_CHILD_OUT, &conn));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    EQUAL(event.kind, WC_EVENT_OPEN, "a stream is open");
    CHECK(event.object == conn && event.parent == kid->child, "and its parent is the child");
    while (wc_loop_next(loop, WIRE_DEADLINE_MS, &event) == WC_OK &&
           event.kind != WC_EVENT_CHILD_EXIT) {
        if (event.kind == WC_EVENT_DATA && event.len < sizeof said) {
            memcpy(said, event.data, event.len);
        }
        eof += event.kind == WC_EVENT_EOF;
    }
    SAME(said, "pulled\n", "what it says is an event");
    EQUAL(eof, 1, "as is its end");
    CHECK(event.object == kid->child && event.user == kid, "and the child's, with its pointer");
    EQUAL(event.detail, 5, "its code");
    EQUAL(event.os_error, 0, "no signal");
    EQUAL(event.status, WC_OK, "and no reason");
    kid->usage.size = sizeof kid->usage;
    EQUAL(wc_child_get_usage(kid->child, &kid->usage), WC_OK, "the handle stands");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "that was the last");
    EQUAL(wc_child_get_usage(kid->child, &kid->usage), WC_E_GONE, "it stands no more");
    EQUAL(kid->freed, 1, "the user pointer came back");
    free(kid);
}

/* Each child's end starts the next one. */
static void start_another(struct kid *kid)
{
    struct kid *next;
    if (kid->log[0].step > 0) {
        next = kid_speaker(kid->loop, "echo next");
        next->act = start_another;
        next->log[0].step = kid->log[0].step - 1;
        kid->log[0].other = kid_started(next);
    }
}

static void in_callbacks(wc_loop loop)
{
    struct kid *kid = kid_speaker(loop, "echo first"), *next;
    int count = 0;
    kid->act = start_another;
    kid->log[0].step = 3;
    kid->log[0].other = NULL;
    MUST(kid_spawn(kid));
    EQUAL(wc_loop_run(loop), WC_OK, "the loop ends with its last child");
    for (; kid != NULL; kid = next, count++) {
        next = kid->log[0].step > 0 ? kid->log[0].other : NULL;
        CHECK(kid->exits == 1 && kid->freed == 1 && kid->log[WC_CHILD_OUT].received > 4,
              "a child was started in the last callback of the one before");
        free(kid);
    }
    EQUAL(count, 4, "four in all");
}

static void limits(wc_loop loop)
{
    char path[] = "/tmp/webcore-limit-XXXXXX";
    int here = !kid_under_valgrind(), fd = mkstemp(path);
    struct kid *kid = kid_speaker(loop, "ulimit -c; ulimit -t; ulimit -v; ulimit -n");
    kid->options.files = here ? 17 : 0;
    kid->options.flags |= WC_CHILD_NO_CORE;
    kid->options.cpu_s = 3;
    kid->options.memory_bytes = (uint64_t)1 << 36;
    kid_done(kid);
    CHECK(strncmp(kid_said(kid), "0\n3\n67108864\n", 13) == 0, "limits are set");
    CHECK(strcmp(kid_said(kid) + 13, "17\n") == 0 || !here, "also that of descriptors");
    free(kid);
    MUST(fd);
    MUST(close(fd));
    kid = kid_plain(loop, "exec head -c 100000 /dev/zero");
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_FILE;
    kid->stdio[WC_CHILD_OUT].path = path;
    kid->options.file_bytes = 4096;
    kid->options.flags |= WC_CHILD_NO_CORE;
    kid_done(kid);
    EQUAL(kid->signal, SIGXFSZ, "and kept");
    unlink(path);
    free(kid);
    kid = kid_plain(loop, "while :; do :; done");
    kid->options.cpu_s = 1;
    kid->options.flags |= WC_CHILD_NO_CORE;
    kid_done(kid);
    EQUAL(kid->signal, SIGXCPU, "also that of CPU time");
    CHECK(kid->usage.user_us + kid->usage.system_us >= 900000, "which it has used");
    free(kid);
}

int main(void)
{
    wc_loop loop = wire_loop();
    what_it_is_given(loop);
    its_descriptors(loop);
    how_it_ends(loop);
    what_cannot_be_started(loop);
    options_that_contradict_themselves(loop);
    codes(loop);
    pulled(loop);
    in_callbacks(loop);
    limits(loop);
    CHECK(kid_none(), "no zombie is left");
    MUST(wc_loop_free(loop));
    return tap_done();
}

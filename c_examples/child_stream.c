/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs a command and shows what it writes, line by line, as it comes.
 *
 *     child_stream SECONDS COMMAND [ARGUMENT...]     SECONDS: how long it may take; 0: for ever
 *
 * A line of its standard output is shown as "out: ...", one of its standard error as "err: ...";
 * its standard input is empty. The exit code is the command's, 128 and the signal that ended it, or
 * 124 if its time was up, as with timeout(1).
 *
 * Written by hand this is fork, three pipes, execve, an error pipe that tells whether that worked,
 * a SIGCHLD handler that interrupts everything, a race between the last output and the end of the
 * process, and a zombie for each thing forgotten. Here the streams are connections like any other,
 * and the end is one callback that comes when all has been said.
 */
#include "example.h"

#define GRACE_MS 2000

struct command {
    wc_loop loop;
    int code;
};

/* One line, without its end; the framing has cut it. A line above 1 MiB comes in on_too_long. */
static void show(const char *label, const char *line, size_t len)
{
    printf("%s: ", label);
    fwrite(line, 1, len, stdout);
    putchar('\n');
    fflush(stdout);
}

static void on_out(wc_conn conn, const char *line, size_t len, void *user)
{
    (void)conn;
    (void)user;
    show("out", line, len);
}

static void on_err(wc_conn conn, const char *line, size_t len, void *user)
{
    (void)conn;
    (void)user;
    show("err", line, len);
}

/*
 * The command is over: it has exited, both streams have ended, and their lines have been shown. No
 * other callback of this child follows, so its state could be freed here.
 */
static void on_exit_of(wc_child child, int32_t code, int32_t signal, wc_status why, void *user)
{
    struct command *command = user;

    (void)child;
    command->code = signal > 0 ? 128 + signal : code;
    if (why == WC_E_TIMEOUT) {
        command->code = 124;
    }
    /* Without this the loop would go on for the signals. */
    (void)failed(wc_loop_stop(command->loop), "wc_loop_stop");
}

/* Both streams: line by line, each to its callback. The structs are copied by wc_child_spawn. */
static wc_status start(unsigned long seconds, char **argv, struct command *command)
{
    static const wc_conn_callbacks on_output = {.size = sizeof on_output, .on_data = on_out,
                                                .on_too_long = on_out};
    static const wc_conn_callbacks on_error = {.size = sizeof on_error, .on_data = on_err,
                                               .on_too_long = on_err};
    wc_conn_options lines;
    wc_child_stdio output, error;
    wc_child_options options;
    wc_status status = wc_conn_options_init(&lines, sizeof lines);

    if (status < 0 || (status = wc_child_stdio_init(&output, sizeof output)) < 0
        || (status = wc_child_options_init(&options, sizeof options)) < 0) {
        return status;
    }
    lines.framing = WC_FRAMING_LINE;
    /* A command may be silent for as long as it runs. */
    lines.idle_ms = 0;
    output.kind = WC_STDIO_STREAM;
    output.options = &lines;
    error = output;
    output.callbacks = &on_output;
    error.callbacks = &on_error;

    options.program = argv[0];
    options.argv = (const char *const *)argv;
    options.output = &output;
    options.error = &error;
    options.wall_ms = (uint32_t)(seconds * 1000);
    options.grace_ms = GRACE_MS;
    return wc_child_spawn(command->loop, &options, on_exit_of, command, NULL, NULL);
}

int main(int argc, char **argv)
{
    struct command command = {0, EXIT_FAILURE};
    unsigned long seconds;

    if (argc < 3 || !parse_number(argv[1], 0, 1000000, &seconds)) {
        fprintf(stderr, "usage: %s SECONDS COMMAND [ARGUMENT...]\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (failed(wc_loop_new(NULL, &command.loop), "wc_loop_new")) {
        return EXIT_FAILURE;
    }
    /* What cannot be started is an error here, with its reason, and not an exit code of 127. */
    if (failed(start(seconds, argv + 2, &command), argv[2])
        || !stop_on_signals(command.loop) || failed(wc_loop_run(command.loop), "wc_loop_run")) {
        (void)failed(wc_loop_free(command.loop), "wc_loop_free");
        return EXIT_FAILURE;
    }
    /*
     * Where a signal has stopped the loop, the command still runs: freeing the loop kills it, with
     * all that it has started, and waits for it.
     */
    if (failed(wc_loop_free(command.loop), "wc_loop_free")) {
        return EXIT_FAILURE;
    }
    return command.code;
}

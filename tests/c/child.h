/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A child under test: a shell script, or a program, with a record of what its streams and its end
 * said, and in which order.
 */
#ifndef CHILD_H
#define CHILD_H

#include "wire.h"

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

struct kid {
    wc_loop loop;
    wc_child child;
    wc_child_options options;
    wc_child_stdio stdio[3];
    wc_conn_callbacks callbacks;
    const char *argv[8];
    /* One for each stream. */
    struct wire_log log[3];
    int exits, freed;
    int32_t code, signal;
    wc_status why;
    wc_child_usage usage;
    wc_status usage_status;
    /* "out err in exit ": in the order of the last words. */
    char order[64];
    /* What the test does in on_exit; may be null. */
    void (*act)(struct kid *kid);
};

static inline void kid_note(struct kid *kid, const char *word)
{
    MUST(strlen(kid->order) + strlen(word) + 2 < sizeof kid->order ? 0 : -1);
    strcat(kid->order, word);
    strcat(kid->order, " ");
}

static inline void kid_on_stream(struct wire_log *log, const char *event, wc_conn conn)
{
    static const char *const names[3] = {"in", "out", "err"};
    struct kid *kid = log->other;
    (void)conn;
    if (strncmp(event, "close", 5) == 0) {
        kid_note(kid, names[log - kid->log]);
    }
}

static inline void kid_on_exit(wc_child child, int32_t code, int32_t number, wc_status why,
                               void *user)
{
    struct kid *kid = user;
    kid->exits++;
    kid->code = code;
    kid->signal = number;
    kid->why = why;
    kid->usage.size = sizeof kid->usage;
    kid->usage_status = wc_child_get_usage(child, &kid->usage);
    kid_note(kid, "exit");
    if (kid->act != NULL) {
        kid->act(kid);
    }
}

static inline void kid_freed(void *user)
{
    ((struct kid *)user)->freed++;
}

/* A stream, recorded in its log. */
static inline void kid_stream(struct kid *kid, int which)
{
    wc_child_stdio *stdio = &kid->stdio[which];
    stdio->kind = WC_STDIO_STREAM;
    stdio->callbacks = &kid->callbacks;
    stdio->user = &kid->log[which];
    stdio->free_user = wire_freed;
}

/* A child that runs a script of the shell; its three descriptors are streams. */
static inline struct kid *kid_new(wc_loop loop, const char *script)
{
    struct kid *kid = calloc(1, sizeof *kid);
    int which;
    MUST(kid != NULL ? 0 : -1);
    kid->loop = loop;
    kid->callbacks = wire_callbacks();
    MUST(wc_child_options_init(&kid->options, sizeof kid->options));
    for (which = 0; which < 3; which++) {
        MUST(wc_child_stdio_init(&kid->stdio[which], sizeof kid->stdio[which]));
        kid->log[which].loop = loop;
        kid->log[which].other = kid;
        kid->log[which].act = kid_on_stream;
        kid_stream(kid, which);
    }
    kid->argv[0] = "sh";
    kid->argv[1] = "-c";
    kid->argv[2] = script;
    kid->options.program = "/bin/sh";
    kid->options.argv = kid->argv;
    kid->options.input = &kid->stdio[WC_CHILD_IN];
    kid->options.output = &kid->stdio[WC_CHILD_OUT];
    kid->options.error = &kid->stdio[WC_CHILD_ERR];
    return kid;
}

/* A child that runs a script, with no stream. */
static inline struct kid *kid_plain(wc_loop loop, const char *script)
{
    struct kid *kid = kid_new(loop, script);
    kid->stdio[WC_CHILD_IN].kind = WC_STDIO_NULL;
    kid->stdio[WC_CHILD_OUT].kind = WC_STDIO_INHERIT;
    kid->stdio[WC_CHILD_ERR].kind = WC_STDIO_INHERIT;
    return kid;
}

/* A child that only speaks: its input is empty, its error goes where its output goes. */
static inline struct kid *kid_speaker(wc_loop loop, const char *script)
{
    struct kid *kid = kid_plain(loop, script);
    kid_stream(kid, WC_CHILD_OUT);
    kid->stdio[WC_CHILD_ERR].kind = WC_STDIO_SAME;
    return kid;
}

static inline wc_status kid_spawn(struct kid *kid)
{
    return wc_child_spawn(kid->loop, &kid->options, kid_on_exit, kid, kid_freed, &kid->child);
}

static inline int kid_over(void *kid)
{
    return ((struct kid *)kid)->exits > 0;
}

/* Runs the loop until the child has said its last word. */
static inline void kid_wait(struct kid *kid)
{
    MUST(wire_run(kid->loop, kid_over, kid) ? 0 : -1);
}

static inline struct kid *kid_started(struct kid *kid)
{
    MUST(kid_spawn(kid));
    return kid;
}

static inline struct kid *kid_done(struct kid *kid)
{
    kid_wait(kid_started(kid));
    return kid;
}

/* What it has written to its standard output, as a text. */
static inline const char *kid_said(struct kid *kid)
{
    struct wire_log *log = &kid->log[WC_CHILD_OUT];
    MUST(log->len < sizeof log->bytes ? 0 : -1);
    log->bytes[log->len] = '\0';
    return log->bytes;
}

/* Whether this process has no child that waits to be reaped, and none that runs. */
static inline int kid_none(void)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
}

/* Whether a process is gone, or dead and only not reaped by its parent, which is not us. */
static inline int kid_is_gone(void *pid)
{
    char path[64], line[512], *end = NULL;
    FILE *stat;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", *(long *)pid);
    stat = fopen(path, "r");
    if (stat == NULL) {
        return kill((pid_t) * (long *)pid, 0) == -1 && errno == ESRCH;
    }
    if (fgets(line, sizeof line, stat) != NULL) {
        end = strrchr(line, ')');
    }
    fclose(stat);
    return end == NULL || end[2] == 'Z' || end[2] == 'X';
}

/* valgrind keeps the limit of descriptors itself, and not as the system does. */
static inline int kid_under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

/* Whether the child has written a whole line. */
static inline int kid_has_line(void *kid)
{
    struct wire_log *log = &((struct kid *)kid)->log[WC_CHILD_OUT];
    return memchr(log->bytes, '\n', log->len) != NULL;
}

#endif

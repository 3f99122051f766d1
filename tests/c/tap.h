/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The Test Anything Protocol in a few lines: one "ok N - name" or "not ok N - name" for each check,
 * and at the end the plan "1..N", so that a test that ends early is noticed.
 */
#ifndef TAP_H
#define TAP_H

#include <stdio.h>
#include <string.h>

static int tap_count = 0;
static int tap_failures = 0;

/* Checks that something holds; gives back whether it does. */
static int tap_check(int holds, const char *name, const char *file, int line)
{
    tap_count++;
    if (!holds) {
        tap_failures++;
        printf("not ");
    }
    printf("ok %d - %s\n", tap_count, name);
    if (!holds) {
        printf("# failed at %s:%d\n", file, line);
    }
    fflush(stdout);
    return holds;
}

/* Checks that two numbers are equal, and shows them if not. */
static int tap_equal(long got, long want, const char *name, const char *file, int line)
{
    int holds = tap_check(got == want, name, file, line);
    if (!holds) {
        printf("# got %ld, want %ld\n", got, want);
    }
    return holds;
}

/* Checks that two texts are equal, and shows them if not. */
static int tap_same(const char *got, const char *want, const char *name, const char *file, int line)
{
    int holds = tap_check(got != NULL && strcmp(got, want) == 0, name, file, line);
    if (!holds) {
        printf("# got \"%s\", want \"%s\"\n", got != NULL ? got : "(null)", want);
    }
    return holds;
}

/* Prints the plan; what main returns. It names the checks, for no test has to use all of them. */
static int tap_done(void)
{
    (void)tap_equal;
    (void)tap_same;
    (void)tap_check;
    printf("1..%d\n", tap_count);
    return tap_failures != 0;
}

#define CHECK(holds, name) ((void)tap_check((holds) != 0, name, __FILE__, __LINE__))
#define EQUAL(got, want, name) \
    ((void)tap_equal((long)(got), (long)(want), name, __FILE__, __LINE__))
#define SAME(got, want, name) ((void)tap_same(got, want, name, __FILE__, __LINE__))

#endif

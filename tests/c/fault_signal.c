/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults where a signal is to be watched: the code, and that everything is as it was before. */
#include <signal.h>

#include "fault.h"
#include "tap.h"
#include "wire.h"

struct seen {
    wc_loop loop;
    unsigned count;
    int freed;
};

static void note(wc_signal signal, int number, uint32_t count, void *user)
{
    struct seen *seen = user;
    (void)signal;
    (void)number;
    seen->count += count;
    MUST(wc_loop_stop(seen->loop));
}

static void give_back(void *user)
{
    ((struct seen *)user)->freed++;
}

static int is_default(int number)
{
    struct sigaction now;
    MUST(sigaction(number, NULL, &now));
    return now.sa_handler == SIG_DFL;
}

/* Watching a second number while a call fails, beside a first one; or a first one, if none. */
static void refuses(wc_loop loop, int beside, const char *call, unsigned after, int os_error,
                    wc_status want)
{
    struct seen first = {0, 0, 0}, second = {0, 0, 0};
    wc_signal one = 0, two = 0;
    int descriptors;
    char name[128];
    first.loop = second.loop = loop;
    if (beside) {
        MUST(wc_signal_start(loop, SIGUSR1, note, &first, NULL, &one));
    }
    descriptors = wire_descriptors();
    (void)snprintf(name, sizeof name, "watching a%s signal without %s (errno %d, the %u.)",
                   beside ? " second" : "", call, os_error, after + 1);
    MUST(wc_fault_set(call, after, 1, os_error, 0));
    EQUAL(wc_signal_start(loop, SIGUSR2, note, &second, give_back, &two), want, name);
    EQUAL(wc_fault_hits(call), 1, "it was for that reason");
    wc_fault_clear();
    CHECK(two == 0 && second.freed == 1, "no handle was written, and the user pointer came back");
    CHECK(is_default(SIGUSR2), "the signal does what it did");
    EQUAL(wire_descriptors(), descriptors, "no descriptor is left or lost");
    if (beside) {
        MUST(raise(SIGUSR1));
        MUST(wc_loop_run(loop));
        EQUAL(first.count, 1, "the first watcher is told as before");
        MUST(wc_signal_stop(one));
    }
    MUST(wc_signal_start(loop, SIGUSR2, note, &second, give_back, &two));
    MUST(raise(SIGUSR2));
    MUST(wc_loop_run(loop));
    EQUAL(second.count, 1, "the next one is watched, and told");
    MUST(wc_signal_stop(two));
    wire_turns(loop, 1);
    EQUAL(wire_stats(loop).signals, 0, "nobody is left");
}

int main(void)
{
    struct fault_backend backend = fault_backend();
    wc_loop loop = wire_loop();
    wire_stack();
    refuses(loop, 0, "signalfd", 0, EMFILE, WC_E_NOFILES);
    refuses(loop, 0, "signalfd", 0, ENFILE, WC_E_NOFILES);
    refuses(loop, 0, "signalfd", 0, ENOMEM, WC_E_NOMEM);
    refuses(loop, 0, "signalfd", 1, ENOMEM, WC_E_NOMEM);
    refuses(loop, 1, "signalfd", 0, ENOMEM, WC_E_NOMEM);
    refuses(loop, 0, "sigaction", 0, EINVAL, WC_E_INVAL);
    refuses(loop, 1, "sigaction", 0, EINVAL, WC_E_INVAL);
    if (backend.change != NULL) {
        refuses(loop, 0, backend.change, 0, ENOMEM, WC_E_NOMEM);
        refuses(loop, 0, backend.change, 0, ENOSPC, WC_E_OS);
    }
    MUST(wc_loop_free(loop));
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals as events: which, how often, to whom, and what is as before when nobody watches. */
#include "tap.h"
#include "wire.h"

#include <signal.h>
#include <sys/wait.h>

/* What a watcher was told. */
struct seen {
    wc_loop loop;
    wc_signal signal;
    int number;
    uint32_t count;
    int told;
    int freed;
    uint32_t want; /* signals before the loop is stopped; 0: it is not */
};

static void note(wc_signal signal, int number, uint32_t count, void *user)
{
    struct seen *seen = user;
    seen->signal = signal;
    seen->number = number;
    seen->count += count;
    seen->told++;
    if (seen->want > 0 && seen->count >= seen->want) {
        MUST(wc_loop_stop(seen->loop));
    }
}

static void give_back(void *user)
{
    ((struct seen *)user)->freed++;
}

static struct seen seen_by(wc_loop loop)
{
    struct seen seen;
    memset(&seen, 0, sizeof seen);
    seen.loop = loop;
    seen.want = 1;
    return seen;
}

static wc_signal watch(struct seen *seen, int number)
{
    wc_signal signal = 0;
    MUST(wc_signal_start(seen->loop, number, note, seen, NULL, &signal));
    return signal;
}

static void block(int how, int number)
{
    sigset_t set;
    MUST(sigemptyset(&set));
    MUST(sigaddset(&set, number));
    MUST(sigprocmask(how, &set, NULL));
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    MUST(sigaction(number, &action, NULL));
}

static int is_blocked(int number)
{
    sigset_t set;
    MUST(sigprocmask(SIG_BLOCK, NULL, &set));
    return sigismember(&set, number);
}

static void each_number(wc_loop loop)
{
    const int numbers[] = {SIGINT,  SIGTERM, SIGHUP,  SIGPIPE, SIGCHLD, SIGQUIT, SIGUSR1,
                           SIGUSR2, SIGALRM, SIGTSTP, SIGCONT, SIGTTIN, SIGABRT, SIGTRAP,
                           SIGURG,  SIGXCPU};
    size_t i, wrong = 0;
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct seen seen = seen_by(loop);
        wc_signal signal = 0;
        MUST(wc_signal_start(loop, numbers[i], note, &seen, give_back, &signal));
        MUST(raise(numbers[i]));
        MUST(wc_loop_run(loop));
        wrong += seen.told != 1 || seen.number != numbers[i] || seen.count != 1;
        wrong += seen.signal != signal || seen.freed != 0;
        MUST(wc_signal_stop(signal));
        wrong += wc_signal_stop(signal) != WC_E_GONE;
        MUST(wc_loop_run(loop));
        wrong += seen.freed != 1;
    }
    EQUAL(wrong, 0, "each signal is told with its number, once, and ends nobody");
}

static void refusals(wc_loop loop)
{
    const int numbers[] = {0,       -1,     SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,
                           SIGFPE,  SIGILL, 127,     128,     1 << 20};
    struct seen seen = seen_by(loop);
    int fds = wire_descriptors();
    size_t i, wrong = 0, count = sizeof numbers / sizeof numbers[0];
    for (i = 0; i < count; i++) {
        wc_signal signal = 7;
        wrong += wc_signal_start(loop, numbers[i], note, &seen, give_back, &signal) != WC_E_INVAL;
        wrong += signal != 7 && signal != 0;
    }
    EQUAL(wrong, 0, "what is no signal, or cannot be put off, is WC_E_INVAL");
    EQUAL(seen.freed, (long)count, "and the user pointer came back each time");
    EQUAL(wire_descriptors(), fds, "nothing is left of it");
    EQUAL(wc_signal_start(0, SIGUSR1, note, NULL, NULL, NULL), WC_E_BADHANDLE, "a loop is needed");
    EQUAL(wc_signal_stop(loop), WC_E_BADHANDLE, "a loop is no watcher");
}

static void everybody_hears(wc_loop loop)
{
    wc_loop other = wire_loop();
    struct seen one = seen_by(loop), two = seen_by(loop), three = seen_by(other);
    wc_signal first = watch(&one, SIGUSR1), second = watch(&two, SIGUSR1);
    MUST(wc_signal_start(other, SIGUSR1, note, &three, give_back, NULL));
    one.want = two.want = 0;
    three.want = 2;
    MUST(raise(SIGUSR1));
    MUST(raise(SIGUSR1));
    EQUAL(wire_stats(loop).signals, 2, "the loop has two watchers");
    wire_turns(loop, 3);
    CHECK(one.count == 2 && two.count == 2, "both are told of both signals");
    MUST(wc_loop_run(other));
    EQUAL(three.count, 2, "and so is that of the other loop");
    MUST(wc_signal_stop(first));
    MUST(raise(SIGUSR1));
    wire_turns(loop, 3);
    CHECK(one.count == 2 && two.count == 3, "one that was stopped is told no more");
    MUST(wc_signal_stop(second));
    MUST(wc_loop_free(other));
    EQUAL(three.freed, 1, "a loop that is freed gives the user pointer back");
}

static void bursts(wc_loop loop)
{
    const union sigval value = {0};
    struct seen seen = seen_by(loop), late = seen_by(loop);
    wc_signal one = watch(&seen, SIGUSR1), two;
    int i;
    for (i = 0; i < 1000; i++) {
        MUST(raise(SIGUSR1));
    }
    two = watch(&late, SIGUSR1);
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 1000, "a thousand signals are counted");
    EQUAL(seen.told, 1, "and told at once");
    EQUAL(late.count, 0, "a watcher is not told of what came before it");
    MUST(wc_signal_stop(one));
    MUST(wc_signal_stop(two));
    seen = seen_by(loop);
    seen.want = 100;
    block(SIG_BLOCK, SIGRTMIN + 1);
    one = watch(&seen, SIGRTMIN + 1);
    for (i = 0; i < 100; i++) {
        MUST(sigqueue(getpid(), SIGRTMIN + 1, value));
    }
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 100, "real-time signals that are blocked are queued, and all are told");
    MUST(wc_signal_stop(one));
    block(SIG_UNBLOCK, SIGRTMIN + 1);
}

static void blocked(wc_loop loop)
{
    struct seen seen = seen_by(loop);
    wc_signal signal;
    sigset_t waiting;
    block(SIG_BLOCK, SIGUSR2);
    MUST(kill(getpid(), SIGUSR2));
    signal = watch(&seen, SIGUSR2);
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 1, "a signal that waited, blocked, before it was watched is told");
    MUST(kill(getpid(), SIGUSR2));
    MUST(kill(getpid(), SIGUSR2));
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 2, "of those that wait as one, one is told");
    MUST(raise(SIGUSR2));
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 3, "one that was sent to the thread is told, too");
    EQUAL(is_blocked(SIGUSR2), 1, "it is still blocked");
    block(SIG_UNBLOCK, SIGUSR2);
    MUST(raise(SIGUSR2));
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 4, "let in by the program, it is told as well");
    block(SIG_BLOCK, SIGUSR2);
    MUST(raise(SIGUSR2));
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 5, "and blocked again after the watcher was started");
    MUST(raise(SIGUSR2));
    MUST(wc_signal_stop(signal));
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 5, "after the watcher is stopped nothing is told");
    MUST(sigpending(&waiting));
    EQUAL(sigismember(&waiting, SIGUSR2), 1, "and what waits is left waiting");
    set_handler(SIGUSR2, SIG_IGN);
    set_handler(SIGUSR2, SIG_DFL);
    block(SIG_UNBLOCK, SIGUSR2);
}

static int own_handler_ran;

static void own_handler(int number)
{
    (void)number;
    own_handler_ran++;
}

/* Whether the number does what `want` says, flags and mask included. */
static int does(int number, const struct sigaction *want)
{
    struct sigaction now;
    MUST(sigaction(number, NULL, &now));
    return now.sa_handler == want->sa_handler &&
           (now.sa_flags & SA_NODEFER) == (want->sa_flags & SA_NODEFER) &&
           sigismember(&now.sa_mask, SIGALRM) == sigismember(&want->sa_mask, SIGALRM);
}

static void dispositions(wc_loop loop)
{
    void (*const handlers[])(int) = {SIG_DFL, SIG_IGN, own_handler};
    const char *const names[] = {"the default", "SIG_IGN", "a handler of the program's"};
    size_t i;
    for (i = 0; i < 3; i++) {
        struct seen one = seen_by(loop), two = seen_by(loop);
        struct sigaction before;
        wc_signal first, second;
        char name[80];
        one.want = two.want = 0;
        memset(&before, 0, sizeof before);
        before.sa_handler = handlers[i];
        before.sa_flags = SA_NODEFER;
        MUST(sigaddset(&before.sa_mask, SIGALRM));
        MUST(sigaction(SIGHUP, &before, NULL));
        first = watch(&one, SIGHUP);
        second = watch(&two, SIGHUP);
        MUST(raise(SIGHUP));
        wire_turns(loop, 3);
        (void)snprintf(name, sizeof name, "%s is not done while the signal is watched", names[i]);
        CHECK(one.count == 1 && two.count == 1 && own_handler_ran == 0, name);
        MUST(wc_signal_stop(first));
        CHECK(!does(SIGHUP, &before), "one watcher is left");
        MUST(wc_signal_stop(second));
        (void)snprintf(name, sizeof name, "%s is back with the end of the last one", names[i]);
        CHECK(does(SIGHUP, &before), name);
    }
    set_handler(SIGHUP, SIG_DFL);
}

static void taken_away(wc_loop loop)
{
    struct seen seen = seen_by(loop);
    struct sigaction own;
    wc_signal signal = watch(&seen, SIGUSR1), again;
    uint64_t turns;
    memset(&own, 0, sizeof own);
    own.sa_handler = own_handler;
    block(SIG_BLOCK, SIGUSR1);
    MUST(sigaction(SIGUSR1, &own, NULL));
    MUST(raise(SIGUSR1));
    turns = wire_stats(loop).turns;
    wire_turns(loop, 20);
    turns = wire_stats(loop).turns - turns;
    CHECK(turns < 60, "a signal that the program has taken away does not keep the loop awake");
    CHECK(seen.told == 0 && own_handler_ran == 0, "it is not told, and not let in");
    block(SIG_UNBLOCK, SIGUSR1);
    EQUAL(own_handler_ran, 1, "it is the program's to let in");
    MUST(wc_signal_stop(signal));
    CHECK(does(SIGUSR1, &own), "what the program has set meanwhile stays");
    signal = watch(&seen, SIGUSR1);
    MUST(sigaction(SIGUSR1, &own, NULL));
    again = watch(&seen, SIGUSR1);
    MUST(raise(SIGUSR1));
    seen.want = 2;
    MUST(wc_loop_run(loop));
    EQUAL(seen.told, 2, "who starts a watcher anew has the signal again, and so have all");
    MUST(wc_signal_stop(signal));
    MUST(wc_signal_stop(again));
    CHECK(does(SIGUSR1, &own), "and the handler is given back");
    set_handler(SIGUSR1, SIG_DFL);
}

static void no_callback(wc_loop loop)
{
    wc_signal signal = 0;
    int ends[2];
    MUST(pipe(ends));
    MUST(close(ends[0]));
    MUST(wc_signal_start(loop, SIGPIPE, NULL, NULL, NULL, &signal));
    CHECK(write(ends[1], "x", 1) == -1 && errno == EPIPE, "a write to nobody is only an error");
    wire_turns(loop, 3);
    MUST(wc_signal_stop(signal));
    MUST(close(ends[1]));
}

static void from_another_process(wc_loop loop)
{
    struct seen seen = seen_by(loop);
    wc_signal usr = watch(&seen, SIGUSR1), chld;
    struct seen child_ended = seen_by(loop);
    int ends[2], status = 0;
    pid_t child;
    MUST(pipe(ends));
    child = fork();
    MUST(child);
    if (child == 0) {
        char byte;
        /* When the parent is about to wait. */
        _exit(read(ends[0], &byte, 1) != 1 || kill(getppid(), SIGUSR1) != 0);
    }
    chld = watch(&child_ended, SIGCHLD);
    child_ended.want = 2;
    MUST(close(ends[0]));
    MUST(write(ends[1], "x", 1));
    MUST(wc_loop_run(loop));
    EQUAL(seen.count, 1, "a signal of another process wakes a loop that waits");
    child_ended.want = 1;
    if (child_ended.count == 0) {
        MUST(wc_loop_run(loop));
    }
    EQUAL(child_ended.count, 1, "and so does the end of a child");
    MUST(waitpid(child, &status, 0));
    EQUAL(status, 0, "which the program waits for itself");
    MUST(wc_signal_stop(usr));
    MUST(wc_signal_stop(chld));
    MUST(close(ends[1]));
}

static void pulled(wc_loop loop)
{
    struct seen seen = seen_by(loop);
    wc_signal signal = watch(&seen, SIGTERM);
    wc_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(raise(SIGTERM));
    MUST(raise(SIGTERM));
    EQUAL(wc_loop_next(loop, WC_FOREVER, &event), WC_OK, "a signal can be pulled");
    EQUAL(event.kind, WC_EVENT_SIGNAL, "it is an event of its own kind");
    CHECK(event.object == signal && event.user == &seen, "of that watcher");
    EQUAL(event.detail, SIGTERM, "with its number");
    EQUAL(event.os_error, 2, "and how often it came");
    MUST(wc_loop_dispatch(loop));
    CHECK(seen.count == 2 && seen.number == SIGTERM, "and it can be dispatched");
    EQUAL(wc_loop_next(loop, 0, &event), WC_STOPPED, "which asked the loop to stop");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "there is nothing more");
    MUST(raise(SIGTERM));
    MUST(wc_loop_next(loop, WC_FOREVER, &event));
    EQUAL(wc_signal_stop(signal), WC_OK, "its watcher ends between pull and dispatch");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "dispatching is no error");
    EQUAL(seen.told, 1, "and nothing is told after the end");
}

static void stop_both(wc_signal signal, int number, uint32_t count, void *user)
{
    struct seen *both = user;
    (void)signal;
    (void)number;
    both[0].told += (int)count;
    MUST(wc_signal_stop(both[0].signal));
    MUST(wc_signal_stop(both[1].signal));
}

static void free_the_loop(wc_signal signal, int number, uint32_t count, void *user)
{
    (void)signal;
    (void)number;
    (void)count;
    MUST(wc_loop_free(((struct seen *)user)->loop));
}

static void in_its_callback(wc_loop loop)
{
    struct seen both[2];
    int fds = wire_descriptors();
    both[0] = both[1] = seen_by(loop);
    MUST(wc_signal_start(loop, SIGUSR1, stop_both, both, give_back, &both[0].signal));
    MUST(wc_signal_start(loop, SIGUSR1, stop_both, both, give_back, &both[1].signal));
    MUST(raise(SIGUSR1));
    EQUAL(wc_loop_run(loop), WC_OK, "the loop ends with its last watcher");
    EQUAL(both[0].told, 1, "one that is stopped when its event is due is not told");
    EQUAL(both[0].freed, 2, "both user pointers came back");
    EQUAL(wire_descriptors(), fds, "and no descriptor is left");
    both[0] = seen_by(wire_loop());
    MUST(wc_signal_start(both[0].loop, SIGUSR1, free_the_loop, both, give_back, NULL));
    MUST(raise(SIGUSR1));
    EQUAL(wc_loop_run(both[0].loop), WC_OK, "a loop may be freed in the callback of a signal");
    EQUAL(both[0].freed, 1, "its user pointer came back");
    EQUAL(wire_descriptors(), fds, "and all descriptors are closed");
    EQUAL(wc_signal_start(both[0].loop, SIGUSR1, note, NULL, NULL, NULL), WC_E_GONE, "it is gone");
}

/* What each number does, and what of it changed since this was asked last. */
static int changed_dispositions(void)
{
    static void (*before[65])(int);
    int number, changed = 0;
    for (number = 1; number < 65; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0) {
            changed += before[number] != now.sa_handler;
            before[number] = now.sa_handler;
        }
    }
    return changed;
}

/* A loop at work that watches no signal. */
static void untouched(void)
{
    wc_loop loop;
    (void)changed_dispositions();
    loop = wire_loop();
    wire_turns(loop, 3);
    EQUAL(changed_dispositions(), 0, "a loop without watchers of signals changes no disposition");
    MUST(wc_loop_free(loop));
}

int main(void)
{
    wc_loop loop;
    wire_stack();
    untouched();
    loop = wire_loop();
    each_number(loop);
    refusals(loop);
    everybody_hears(loop);
    bursts(loop);
    blocked(loop);
    dispositions(loop);
    taken_away(loop);
    no_callback(loop);
    from_another_process(loop);
    pulled(loop);
    in_its_callback(loop);
    MUST(wc_loop_free(loop));
    EQUAL(changed_dispositions(), 0, "in the end every disposition is as it was");
    return tap_done();
}

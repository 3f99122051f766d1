/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals and fork(2): a child's signals do what they did before the parent watched them. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "tap.h"
#include "wire.h"

static wc_loop loop;
static wc_signal usr1;
static int heard;
static int own_handler_ran;

static void hear(wc_signal signal, int number, uint32_t count, void *user)
{
    (void)signal;
    (void)number;
    *(int *)user += (int)count;
    (void)wc_loop_stop(loop);
}

static void own_handler(int number)
{
    (void)number;
    own_handler_ran++;
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    MUST(sigaction(number, &action, NULL));
}

static int does(int number, void (*handler)(int))
{
    struct sigaction now;
    MUST(sigaction(number, NULL, &now));
    return now.sa_handler == handler;
}

/* How a child ended that did this: its exit code, or 100 and the signal that ended it. */
static int in_child(int (*run)(void))
{
    int status = 0;
    pid_t child = fork();
    MUST(child);
    if (child == 0) {
        _exit(run());
    }
    MUST(waitpid(child, &status, 0));
    return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int wrong_dispositions(void)
{
    return !does(SIGUSR1, SIG_DFL) + !does(SIGHUP, SIG_IGN) + !does(SIGTERM, own_handler);
}

static int not_refused(void)
{
    return (wc_signal_start(loop, SIGUSR2, hear, &heard, NULL, NULL) != WC_E_FORKED) +
           (wc_signal_stop(usr1) != WC_E_FORKED);
}

static int die(void)
{
    return raise(SIGUSR1);
}

static int handle(void)
{
    MUST(raise(SIGHUP));
    MUST(raise(SIGTERM));
    return own_handler_ran != 1;
}

static int mask_differs(void)
{
    sigset_t now;
    MUST(sigprocmask(SIG_BLOCK, NULL, &now));
    return !sigismember(&now, SIGALRM) + sigismember(&now, SIGUSR1) + sigismember(&now, SIGTERM);
}

static int own_loop_does_not_hear(void)
{
    int here = 0;
    wc_signal signal = 0;
    loop = wire_loop();
    MUST(wc_signal_start(loop, SIGUSR1, hear, &here, NULL, &signal));
    MUST(raise(SIGUSR1));
    MUST(wc_loop_run(loop));
    MUST(wc_loop_free(loop));
    return (here != 1) + !does(SIGUSR1, SIG_DFL);
}

static int hang_up_a_program(void)
{
    (void)execl("/bin/sh", "sh", "-c", "kill -HUP $$; exit 7", (char *)NULL);
    return 1;
}

static void the_childs_view(void)
{
    EQUAL(in_child(wrong_dispositions), 0, "a child has the dispositions that were there before");
    EQUAL(in_child(mask_differs), 0, "and the mask of the thread that forked");
    EQUAL(in_child(not_refused), 0, "the parent's watchers are not its own");
    EQUAL(in_child(die), 100 + SIGUSR1, "a signal that would end it does");
    EQUAL(in_child(handle), 0, "one that was ignored is, and an own handler runs");
    EQUAL(in_child(hang_up_a_program), 7, "also in the program that it becomes");
    EQUAL(in_child(own_loop_does_not_hear), 0, "a loop of its own hears, and gives back");
    EQUAL(wire_stats(loop).posts, 0, "nothing of that comes to the parent");
    EQUAL(heard, 0, "which is told of nothing");
    MUST(raise(SIGUSR1));
    MUST(wc_loop_run(loop));
    EQUAL(heard, 1, "and hears its own as before");
}

static int over;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int is_over(void)
{
    int now;
    MUST(pthread_mutex_lock(&turn) == 0 ? 0 : -1);
    now = over;
    MUST(pthread_mutex_unlock(&turn) == 0 ? 0 : -1);
    return now;
}

/* Starts and stops watchers all the time. */
static void *start_and_stop(void *user)
{
    wc_loop own = wire_loop();
    (void)user;
    while (!is_over()) {
        wc_signal signal = 0;
        MUST(wc_signal_start(own, SIGUSR2, NULL, NULL, NULL, &signal));
        MUST(raise(SIGUSR2));
        MUST(wc_signal_stop(signal));
        wire_turns(own, 1);
    }
    MUST(wc_loop_free(own));
    return NULL;
}

static int disturbed(void)
{
    return own_loop_does_not_hear() + !does(SIGUSR2, SIG_IGN);
}

static void forked_in_the_middle(void)
{
    pthread_t threads[2];
    int i, wrong = 0;
    /* Raised just before the watcher stops, it may come to what it did before. */
    set_handler(SIGUSR2, SIG_IGN);
    for (i = 0; i < 2; i++) {
        MUST(pthread_create(&threads[i], NULL, start_and_stop, NULL) == 0 ? 0 : -1);
    }
    for (i = 0; i < 50; i++) {
        wrong += in_child(disturbed) != 0;
    }
    MUST(pthread_mutex_lock(&turn) == 0 ? 0 : -1);
    over = 1;
    MUST(pthread_mutex_unlock(&turn) == 0 ? 0 : -1);
    for (i = 0; i < 2; i++) {
        MUST(pthread_join(threads[i], NULL) == 0 ? 0 : -1);
    }
    EQUAL(wrong, 0, "a child that is made while other threads start and stop watchers is well");
}

int main(void)
{
    sigset_t alarm;
    wire_stack();
    MUST(sigemptyset(&alarm));
    MUST(sigaddset(&alarm, SIGALRM));
    MUST(sigprocmask(SIG_BLOCK, &alarm, NULL));
    set_handler(SIGHUP, SIG_IGN);
    set_handler(SIGTERM, own_handler);
    loop = wire_loop();
    MUST(wc_signal_start(loop, SIGUSR1, hear, &heard, NULL, &usr1));
    MUST(wc_signal_start(loop, SIGHUP, hear, &heard, NULL, NULL));
    MUST(wc_signal_start(loop, SIGTERM, hear, &heard, NULL, NULL));
    MUST(wc_signal_start(loop, SIGALRM, hear, &heard, NULL, NULL));
    the_childs_view();
    forked_in_the_middle();
    MUST(wc_loop_free(loop));
    EQUAL(wrong_dispositions(), 0, "in the end the parent has its dispositions back");
    return tap_done();
}

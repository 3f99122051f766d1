/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Posts that are made once: sent from threads and signal handlers, told at least once a send. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "tap.h"
#include "wire.h"

struct counter {
    wc_loop loop;
    wc_post post;
    int told, freed;
    /* Ends the loop when it is told so often. */
    int enough;
    /* Sends itself again until it is told so often. */
    int again;
};

static void on_sent(wc_post post, void *user)
{
    struct counter *counter = user;
    MUST(post == counter->post ? 0 : -1);
    counter->told++;
    if (counter->told < counter->again) {
        MUST(wc_post_send(post));
    }
    if (counter->told == counter->enough) {
        MUST(wc_post_free(post));
    }
}

static void back(void *user)
{
    ((struct counter *)user)->freed++;
}

static struct counter counter_new(wc_loop loop)
{
    struct counter counter;
    memset(&counter, 0, sizeof counter);
    counter.loop = loop;
    return counter;
}

static void make(struct counter *counter)
{
    MUST(wc_post_new(counter->loop, on_sent, counter, back, &counter->post));
}

static void many_sends_may_be_one(void)
{
    wc_loop loop = wire_loop();
    struct counter counter = counter_new(loop);
    int at;
    counter.enough = 1;
    make(&counter);
    EQUAL(wire_stats(loop).post_objects, 1, "the loop counts it");
    for (at = 0; at < 1000; at++) {
        MUST(wc_post_send(counter.post));
    }
    EQUAL(counter.told, 0, "nothing is told from within a send");
    EQUAL(wc_loop_run(loop), WC_OK, "the loop ends with its last post");
    EQUAL(counter.told, 1, "what was sent many times before is told once");
    EQUAL(counter.freed, 1, "its user pointer came back");
    EQUAL(wc_post_send(counter.post), WC_E_GONE, "then it is gone");
    EQUAL(wc_post_free(counter.post), WC_E_GONE, "for all");
    EQUAL(wire_stats(loop).posts, 1, "the loop has counted what it told");
    EQUAL(wire_stats(loop).post_objects, 0, "and counts it no more");
    MUST(wc_loop_free(loop));
}

static void sent_while_it_is_told(void)
{
    wc_loop loop = wire_loop();
    struct counter counter = counter_new(loop);
    counter.again = 50;
    counter.enough = 50;
    make(&counter);
    MUST(wc_post_send(counter.post));
    MUST(wc_loop_run(loop));
    EQUAL(counter.told, 50, "what is sent in its callback is told again");
    MUST(wc_loop_free(loop));
}

static void fire(wc_timer timer, void *user)
{
    (void)timer;
    ((struct counter *)user)->told++;
}

static void leaves_the_turn_to_others(void)
{
    wc_loop loop = wire_loop();
    struct counter counter = counter_new(loop), timer = counter_new(loop);
    counter.again = 1000;
    counter.enough = 1000;
    make(&counter);
    MUST(wc_timer_start(loop, 1, 1, fire, &timer, NULL, &timer.post));
    MUST(wc_post_send(counter.post));
    while (counter.freed == 0 || timer.told == 0) {
        wc_event event;
        memset(&event, 0, sizeof event);
        event.size = sizeof event;
        MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
        MUST(wc_loop_dispatch(loop));
    }
    CHECK(wire_stats(loop).turns >= 1000, "a post that sends itself is told once a turn");
    MUST(wc_loop_free(loop));
}

static struct counter of_handler;

static void handler(int number)
{
    (void)number;
    (void)wc_post_send(of_handler.post);
}

static void from_a_signal_handler(void)
{
    struct sigaction action;
    wc_loop loop = wire_loop();
    int kept;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    MUST(sigaction(SIGUSR1, &action, NULL));
    of_handler = counter_new(loop);
    of_handler.enough = 1;
    make(&of_handler);
    errno = EDOM;
    MUST(raise(SIGUSR1) == 0 ? 0 : -1);
    kept = errno == EDOM;
    CHECK(kept, "a send in a signal handler keeps errno");
    MUST(wc_loop_run(loop));
    EQUAL(of_handler.told, 1, "and is told");
    MUST(wc_loop_free(loop));
    MUST(raise(SIGUSR1) == 0 ? 0 : -1);
    CHECK(1, "one that comes too late does no harm");
}

/* Signals as fast as they come, into a loop that sleeps, wakes and is in the middle of anything. */
#define SIGNALS 2000

static pthread_t loop_thread;
static volatile sig_atomic_t handled;
static int pipe_of_handler[2];

static void count_and_send(int number)
{
    (void)number;
    handled = handled + 1;
    (void)wc_post_send(of_handler.post);
    (void)!write(pipe_of_handler[1], "h", 1);
}

/* Ends when the handler's last count was seen. */
static long seen;

static void see(wc_post post, void *user)
{
    (void)user;
    seen = handled;
    if (seen == SIGNALS) {
        MUST(wc_post_free(post));
    }
}

static void *shower(void *user)
{
    int at;
    for (at = 0; at < SIGNALS; at++) {
        char byte;
        MUST(pthread_kill(loop_thread, SIGUSR1) == 0 ? 0 : -1);
        /* A signal that is pending already would not come twice. */
        MUST(read(pipe_of_handler[0], &byte, 1) == 1 ? 0 : -1);
    }
    return user;
}

static void in_a_shower_of_signals(void)
{
    struct sigaction action;
    wc_loop loop = wire_loop();
    pthread_t thread;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_and_send;
    loop_thread = pthread_self();
    MUST(pipe(pipe_of_handler));
    MUST(wc_post_new(loop, see, NULL, NULL, &of_handler.post));
    MUST(sigaction(SIGUSR1, &action, NULL));
    MUST(pthread_create(&thread, NULL, shower, NULL) == 0 ? 0 : -1);
    EQUAL(wc_loop_run(loop), WC_OK, "a loop under signals");
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    EQUAL(seen, SIGNALS, "sees the last of them");
    MUST(wc_loop_free(loop));
    MUST(close(pipe_of_handler[0]) | close(pipe_of_handler[1]));
}

/* Threads that count and send; what they wrote before their last send must be seen in the end. */
#define THREADS 4
#define EACH 2000

static struct {
    wc_post post;
    pthread_mutex_t lock;
    int sent, seen;
} shared;

static void *send_many(void *user)
{
    int at;
    for (at = 0; at < EACH; at++) {
        MUST(pthread_mutex_lock(&shared.lock) == 0 ? 0 : -1);
        shared.sent++;
        MUST(pthread_mutex_unlock(&shared.lock) == 0 ? 0 : -1);
        MUST(wc_post_send(shared.post));
    }
    return user;
}

static void take(wc_post post, void *user)
{
    (void)user;
    MUST(pthread_mutex_lock(&shared.lock) == 0 ? 0 : -1);
    shared.seen = shared.sent;
    MUST(pthread_mutex_unlock(&shared.lock) == 0 ? 0 : -1);
    if (shared.seen == THREADS * EACH) {
        MUST(wc_post_free(post));
    }
}

static void from_many_threads(void)
{
    wc_loop loop = wire_loop();
    pthread_t threads[THREADS];
    int at;
    MUST(pthread_mutex_init(&shared.lock, NULL) == 0 ? 0 : -1);
    MUST(wc_post_new(loop, take, NULL, NULL, &shared.post));
    for (at = 0; at < THREADS; at++) {
        MUST(pthread_create(&threads[at], NULL, send_many, NULL) == 0 ? 0 : -1);
    }
    EQUAL(wc_loop_run(loop), WC_OK, "the loop is woken as long as there is something new");
    for (at = 0; at < THREADS; at++) {
        MUST(pthread_join(threads[at], NULL) == 0 ? 0 : -1);
    }
    EQUAL(shared.seen, THREADS * EACH, "and sees what was written before the last send");
    MUST(wc_loop_free(loop));
}

static void *send_until_gone(void *user)
{
    wc_status status;
    do {
        status = wc_post_send(((struct counter *)user)->post);
    } while (status == WC_OK);
    return status == WC_E_GONE ? user : NULL;
}

static void freed_under_a_sender(void)
{
    int at, well = 0, given_back = 0;
    for (at = 0; at < 100; at++) {
        wc_loop loop = wire_loop();
        struct counter counter = counter_new(loop), next = counter_new(loop);
        pthread_t thread;
        void *answer = NULL;
        make(&counter);
        MUST(pthread_create(&thread, NULL, send_until_gone, &counter) == 0 ? 0 : -1);
        if (at % 2 == 0) {
            /* Another one in the same place, which nobody sends. */
            MUST(wc_post_free(counter.post));
            make(&next);
        } else {
            MUST(wc_loop_free(loop));
        }
        MUST(pthread_join(thread, &answer) == 0 ? 0 : -1);
        if (at % 2 == 0) {
            wire_turns(loop, 3);
            MUST(wc_loop_free(loop));
        }
        well += answer != NULL && next.told == 0;
        given_back += counter.freed;
    }
    EQUAL(well, 100, "a post or its loop is freed under a sender: it is told so, and nobody else");
    EQUAL(given_back, 100, "each gave its user pointer back");
}

static void freed_before_it_is_told(void)
{
    wc_loop loop = wire_loop();
    struct counter counter = counter_new(loop);
    make(&counter);
    MUST(wc_post_send(counter.post));
    EQUAL(wc_post_free(counter.post), WC_OK, "a post is freed that was sent");
    MUST(wc_loop_run(loop));
    EQUAL(counter.told, 0, "it is not told");
    EQUAL(counter.freed, 1, "its user pointer came back");
    counter = counter_new(loop);
    make(&counter);
    MUST(wc_post_send(counter.post));
    EQUAL(wc_loop_free(loop), WC_OK, "or its loop is");
    EQUAL(counter.told, 0, "it is not told");
    EQUAL(counter.freed, 1, "its user pointer came back");
}

static void in_the_pull_face(void)
{
    wc_loop loop = wire_loop();
    struct counter counter = counter_new(loop);
    wc_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    make(&counter);
    MUST(wc_post_send(counter.post));
    EQUAL(wc_loop_next(loop, WIRE_DEADLINE_MS, &event), WC_OK, "an event is pulled");
    EQUAL(event.kind, WC_EVENT_POST, "a post");
    CHECK(event.object == counter.post && event.user == &counter, "this one");
    EQUAL(counter.told, 0, "nobody was called");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "what is dispatched");
    EQUAL(counter.told, 1, "is told");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "once");
    MUST(wc_post_send(counter.post));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    MUST(wc_post_free(counter.post));
    EQUAL(counter.freed, 0, "one that is freed while it is looked at");
    EQUAL(wc_loop_dispatch(loop), WC_OK, "is dispatched");
    EQUAL(counter.told, 1, "to nobody");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "the next event is asked for");
    EQUAL(counter.freed, 1, "then its user pointer came back");
    MUST(wc_loop_free(loop));
}

/* POST_OBJECTS */
static void as_many_as_there_may_be(void)
{
    wc_loop loop = wire_loop();
    struct counter counters[3];
    wc_post last = 0;
    int at, made = 0;
    for (at = 0; at < 3; at++) {
        counters[at] = counter_new(loop);
    }
    make(&counters[0]);
    for (made = 1; made < 5000 && wc_post_new(loop, NULL, NULL, NULL, &last) == WC_OK; made++) {
    }
    EQUAL(made, 1024, "so many posts");
    EQUAL(wc_post_new(loop, on_sent, &counters[1], back, NULL), WC_E_LIMIT, "and none more");
    EQUAL(counters[1].freed, 1, "its user pointer came back");
    EQUAL(wc_post_send(last), WC_OK, "the last one can be sent, without a callback");
    MUST(wc_post_free(counters[0].post));
    counters[2].enough = 1;
    make(&counters[2]);
    CHECK(counters[2].post != counters[0].post, "one that is freed makes room for another");
    EQUAL(wc_post_send(counters[0].post), WC_E_GONE, "which has a name of its own");
    EQUAL(wc_post_send(counters[2].post), WC_OK, "and can be sent");
    wire_turns(loop, 3);
    EQUAL(counters[2].told, 1, "it is told");
    MUST(wc_loop_free(loop));
}

static void *make_elsewhere(void *user)
{
    struct counter *counter = user;
    counter->told = wc_post_new(counter->loop, on_sent, counter, back, NULL) == WC_E_THREAD &&
                    wc_post_free(counter->post) == WC_E_THREAD;
    return NULL;
}

static void handles(void)
{
    wc_loop loop = wire_loop();
    struct counter counter = counter_new(loop);
    pthread_t thread;
    make(&counter);
    EQUAL(wc_post_send(0), WC_E_BADHANDLE, "none cannot be sent");
    EQUAL(wc_post_send(loop), WC_E_BADHANDLE, "nor can a loop");
    EQUAL(wc_post_send(counter.post + 1), WC_E_GONE, "nor one that was never made");
    EQUAL(wc_post_send(counter.post + ((wc_post)5 << 24)), WC_E_GONE, "nor where none ever was");
    EQUAL(wc_post_send(counter.post + ((wc_post)5000 << 24)), WC_E_GONE, "nor can be");
    EQUAL(wc_post_free(loop), WC_E_BADHANDLE, "a loop is no post");
    MUST(pthread_create(&thread, NULL, make_elsewhere, &counter) == 0 ? 0 : -1);
    MUST(pthread_join(thread, NULL) == 0 ? 0 : -1);
    EQUAL(counter.told, 1, "another thread can make none, and free none");
    EQUAL(counter.freed, 1, "the user pointer that came with it is given back");
    MUST(wc_loop_free(loop));
    EQUAL(wc_post_new(loop, on_sent, &counter, back, NULL), WC_E_GONE, "nor can one be made late");
    EQUAL(wc_post_send(counter.post), WC_E_GONE, "or sent");
}

static void after_fork(void)
{
    wc_loop loop = wire_loop();
    struct counter counter = counter_new(loop);
    int status = 0;
    pid_t child;
    make(&counter);
    child = fork();
    MUST(child);
    if (child == 0) {
        int bad = wc_post_send(counter.post) != WC_E_FORKED;
        bad += wc_post_free(counter.post) != WC_E_FORKED;
        bad += wc_post_new(loop, on_sent, &counter, back, NULL) != WC_E_FORKED;
        _exit(bad + (counter.freed != 1));
    }
    MUST(waitpid(child, &status, 0));
    EQUAL(status, 0, "a child has codes for its parent's posts");
    wire_turns(loop, 2);
    EQUAL(counter.told, 0, "and its parent hears nothing of it");
    MUST(wc_loop_free(loop));
}

int main(void)
{
    many_sends_may_be_one();
    sent_while_it_is_told();
    leaves_the_turn_to_others();
    from_a_signal_handler();
    in_a_shower_of_signals();
    from_many_threads();
    freed_under_a_sender();
    freed_before_it_is_told();
    in_the_pull_face();
    as_many_as_there_may_be();
    handles();
    after_fork();
    return tap_done();
}

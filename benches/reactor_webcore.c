/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* benches/reactor.h on webcore. */
#include "reactor.h"
#include "webcore.h"

static wc_loop loop;
static wc_post post;
static wc_timer *timers;
static wc_watch *watches;

static void must(wc_status status)
{
    if (status < 0) {
        fprintf(stderr, "webcore: %s\n", wc_status_name(status));
        exit(1);
    }
}

static const char *peer_open(const char *backend)
{
    wc_loop_options options;
    must(wc_loop_options_init(&options, sizeof options));
    options.backend = backend;
    options.stay = 1;
    wc_status status = wc_loop_new(&options, &loop);
    return status < 0 ? wc_status_name(status) : NULL;
}

static void peer_close(void)
{
    must(wc_loop_free(loop));
}

static void peer_turn(bool wait)
{
    must(wc_loop_step(loop, wait ? -1 : 0));
}

static void on_fire(wc_timer timer, void *user)
{
    (void)timer;
    (void)user;
    fired();
}

static void timers_room(size_t count)
{
    timers = room_for(count, sizeof *timers);
}

static void timers_end(size_t count)
{
    (void)count;
    free(timers);
}

static void timer_add(size_t at, uint32_t ms, bool anew)
{
    (void)anew;
    must(wc_timer_start(loop, ms, 0, on_fire, NULL, NULL, &timers[at]));
}

static void timer_restart(size_t at, uint32_t ms)
{
    must(wc_timer_restart(timers[at], ms));
}

static void timer_cancel(size_t at)
{
    must(wc_timer_cancel(timers[at]));
}

static void on_sent(wc_post sent, void *user)
{
    (void)sent;
    (void)user;
    woken();
}

static void wake_open(void)
{
    must(wc_post_new(loop, on_sent, NULL, NULL, &post));
}

static void wake_send(void)
{
    must(wc_post_send(post));
}

static void wake_close(void)
{
    must(wc_post_free(post));
}

static void on_job(wc_loop in, void *user)
{
    (void)in;
    (void)user;
    job_ran();
}

static void job_post(void)
{
    must(wc_loop_post(loop, on_job, NULL, NULL));
}

static void on_ready(wc_watch watch, uint32_t ready, void *user)
{
    (void)watch;
    (void)ready;
    pipe_ready((size_t)(uintptr_t)user);
}

static void watches_room(size_t count)
{
    watches = room_for(count, sizeof *watches);
}

static void watches_end(void)
{
    free(watches);
}

static uint32_t bits(int want)
{
    return (want & WANT_READ ? WC_READ : 0) | (want & WANT_WRITE ? WC_WRITE : 0);
}

static const char *watch_start(size_t at, int fd, int want)
{
    void *user = (void *)(uintptr_t)at;
    wc_status status = wc_watch_start(loop, fd, bits(want), on_ready, user, NULL, &watches[at]);
    return status < 0 ? wc_status_name(status) : NULL;
}

static void watch_set(size_t at, int fd, int want)
{
    (void)fd;
    must(wc_watch_set(watches[at], bits(want)));
}

static void watch_stop(size_t at, int fd)
{
    (void)fd;
    must(wc_watch_stop(watches[at]));
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* benches/reactor.h on libev. */
/* Its macros cast between watcher types. */
#pragma GCC diagnostic ignored "-Wstrict-aliasing"
#include "reactor.h"
#include <ev.h>

static struct ev_loop *loop;
static ev_async async;
static ev_timer *timers;
static ev_io *ios;

static const char *peer_open(const char *backend)
{
    bool epoll = strcmp(backend, "epoll") == 0, poll = strcmp(backend, "poll") == 0;
    loop = ev_loop_new(epoll ? EVBACKEND_EPOLL : poll ? EVBACKEND_POLL : EVBACKEND_SELECT);
    return loop == NULL ? "no such backend" : NULL;
}

static void peer_close(void)
{
    ev_loop_destroy(loop);
}

static void peer_turn(bool wait)
{
    (void)ev_run(loop, wait ? EVRUN_ONCE : EVRUN_NOWAIT);
}

static void on_fire(struct ev_loop *in, ev_timer *timer, int events)
{
    (void)in;
    (void)timer;
    (void)events;
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
    ev_timer_init(&timers[at], on_fire, ms / 1000.0, 0.0);
    ev_timer_start(loop, &timers[at]);
}

static void timer_restart(size_t at, uint32_t ms)
{
    timers[at].repeat = ms / 1000.0;
    ev_timer_again(loop, &timers[at]);
}

static void timer_cancel(size_t at)
{
    ev_timer_stop(loop, &timers[at]);
}

static void on_async(struct ev_loop *in, ev_async *unused, int events)
{
    (void)in;
    (void)unused;
    (void)events;
    woken();
}

static void wake_open(void)
{
    ev_async_init(&async, on_async);
    ev_async_start(loop, &async);
}

static void wake_send(void)
{
    ev_async_send(loop, &async);
}

static void wake_close(void)
{
    ev_async_stop(loop, &async);
}

static void job_post(void)
{
    queued_post();
}

static void on_ready(struct ev_loop *in, ev_io *io, int events)
{
    (void)in;
    (void)events;
    pipe_ready((size_t)(io - ios));
}

static void watches_room(size_t count)
{
    ios = room_for(count, sizeof *ios);
}

static void watches_end(void)
{
    free(ios);
}

static int events_of(int want)
{
    return (want & WANT_READ ? EV_READ : 0) | (want & WANT_WRITE ? EV_WRITE : 0);
}

static const char *watch_start(size_t at, int fd, int want)
{
    ev_io_init(&ios[at], on_ready, fd, events_of(want));
    ev_io_start(loop, &ios[at]);
    return NULL;
}

static void watch_set(size_t at, int fd, int want)
{
    ev_io_stop(loop, &ios[at]);
    ev_io_set(&ios[at], fd, events_of(want));
    if (want != 0)
        ev_io_start(loop, &ios[at]);
}

static void watch_stop(size_t at, int fd)
{
    (void)fd;
    ev_io_stop(loop, &ios[at]);
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* benches/reactor.h on libevent. Each event is the program's memory, as event_assign(3) allows. */
#include "reactor.h"
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>

static struct event_base *base;
static struct event wake, *timers, *ios;

static void must(int status)
{
    if (status < 0) {
        fprintf(stderr, "libevent refuses\n");
        exit(1);
    }
}

static const char *peer_open(const char *backend)
{
    const char *const all[] = {"epoll", "poll", "select"};
    /* event_active(3) by another thread needs its locks. */
    must(evthread_use_pthreads());
    struct event_config *config = event_config_new();
    for (size_t at = 0; at < sizeof all / sizeof *all; at++)
        if (strcmp(all[at], backend) != 0)
            must(event_config_avoid_method(config, all[at]));
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base == NULL ? "no such backend" : NULL;
}

static void peer_close(void)
{
    event_base_free(base);
}

static void peer_turn(bool wait)
{
    must(event_base_loop(base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK));
}

static void on_fire(evutil_socket_t fd, short events, void *user)
{
    (void)fd;
    (void)events;
    (void)user;
    fired();
}

static struct timeval of_ms(uint32_t ms)
{
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
    return time;
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

static void timer_restart(size_t at, uint32_t ms)
{
    struct timeval time = of_ms(ms);
    must(evtimer_add(&timers[at], &time));
}

static void timer_add(size_t at, uint32_t ms, bool anew)
{
    if (!anew)
        must(evtimer_assign(&timers[at], base, on_fire, NULL));
    timer_restart(at, ms);
}

static void timer_cancel(size_t at)
{
    must(evtimer_del(&timers[at]));
}

static void on_wake(evutil_socket_t fd, short events, void *user)
{
    (void)fd;
    (void)events;
    (void)user;
    woken();
}

static void wake_open(void)
{
    /* A time far away keeps the loop waiting for the event. */
    struct timeval far = of_ms(3600 * 1000);
    must(event_assign(&wake, base, -1, EV_PERSIST, on_wake, NULL));
    must(event_add(&wake, &far));
}

static void wake_send(void)
{
    event_active(&wake, EV_READ, 0);
}

static void wake_close(void)
{
    must(event_del(&wake));
}

static void job_post(void)
{
    queued_post();
}

static void on_ready(evutil_socket_t fd, short events, void *user)
{
    (void)fd;
    (void)events;
    pipe_ready((size_t)(uintptr_t)user);
}

static void watches_room(size_t count)
{
    ios = room_for(count, sizeof *ios);
}

static void watches_end(void)
{
    free(ios);
}

static const char *watch_start(size_t at, int fd, int want)
{
    short events = (short)(EV_PERSIST | (want & WANT_READ ? EV_READ : 0)
                           | (want & WANT_WRITE ? EV_WRITE : 0));
    must(event_assign(&ios[at], base, fd, events, on_ready, (void *)(uintptr_t)at));
    must(want == 0 ? 0 : event_add(&ios[at], NULL));
    return NULL;
}

static void watch_stop(size_t at, int fd)
{
    (void)fd;
    must(event_del(&ios[at]));
}

static void watch_set(size_t at, int fd, int want)
{
    watch_stop(at, fd);
    (void)watch_start(at, fd, want);
}

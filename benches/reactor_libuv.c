/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* benches/reactor.h on libuv. */
#include "reactor.h"
#include <uv.h>

static uv_loop_t loop;
static uv_async_t async;
static uv_timer_t *timers;
static uv_poll_t *polls;

static void must(int status)
{
    if (status < 0) {
        fprintf(stderr, "libuv: %s\n", uv_strerror(status));
        exit(1);
    }
}

static const char *peer_open(const char *backend)
{
    if (strcmp(backend, "epoll") != 0)
        return "epoll only";
    must(uv_loop_init(&loop));
    return NULL;
}

static void peer_close(void)
{
    must(uv_loop_close(&loop));
}

static void peer_turn(bool wait)
{
    (void)uv_run(&loop, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

static void on_fire(uv_timer_t *timer)
{
    (void)timer;
    fired();
}

static void timers_room(size_t count)
{
    timers = room_for(count, sizeof *timers);
}

static void timers_end(size_t count)
{
    for (size_t at = 0; at < count; at++)
        uv_close((uv_handle_t *)&timers[at], NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    free(timers);
}

static void timer_add(size_t at, uint32_t ms, bool anew)
{
    if (!anew)
        must(uv_timer_init(&loop, &timers[at]));
    must(uv_timer_start(&timers[at], on_fire, ms, 0));
}

static void timer_restart(size_t at, uint32_t ms)
{
    must(uv_timer_start(&timers[at], on_fire, ms, 0));
}

static void timer_cancel(size_t at)
{
    must(uv_timer_stop(&timers[at]));
}

static void on_async(uv_async_t *unused)
{
    (void)unused;
    woken();
}

static void wake_open(void)
{
    must(uv_async_init(&loop, &async, on_async));
}

static void wake_send(void)
{
    must(uv_async_send(&async));
}

static void wake_close(void)
{
    uv_close((uv_handle_t *)&async, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void job_post(void)
{
    queued_post();
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)events;
    must(status);
    pipe_ready((size_t)(poll - polls));
}

static void watches_room(size_t count)
{
    polls = room_for(count, sizeof *polls);
}

static void watches_end(void)
{
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    free(polls);
}

static int events_of(int want)
{
    return (want & WANT_READ ? UV_READABLE : 0) | (want & WANT_WRITE ? UV_WRITABLE : 0);
}

static const char *watch_start(size_t at, int fd, int want)
{
    must(uv_poll_init(&loop, &polls[at], fd));
    must(uv_poll_start(&polls[at], events_of(want), on_ready));
    return NULL;
}

static void watch_set(size_t at, int fd, int want)
{
    (void)fd;
    must(uv_poll_start(&polls[at], events_of(want), on_ready));
}

static void watch_stop(size_t at, int fd)
{
    (void)fd;
    uv_close((uv_handle_t *)&polls[at], NULL);
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * webcore for C++98 and later: a loop that frees itself, and callbacks as virtual methods.
 *
 * Header only; link libwebcore as a C program does. It is a thin coat over webcore.h, not a second
 * library: all statuses are wc_status, all handles the C ones, and every C function can be used
 * beside it.
 *
 * What it guarantees: no exception crosses the C border. A frame of the library has no notion of
 * a C++ exception, and one that passed through it would leave it half-done. Each callback goes
 * through a trampoline that catches everything and then asks the handler's on_failure what to do
 * (by default: answer 500, or end the connection, the watcher, the timer). The loop goes on. Inside
 * on_failure a bare `throw;` brings the exception back, for whoever wants to look at it.
 *
 * What it does not do: it never throws on its own account; functions return a status.
 */
#ifndef WEBCORE_HPP
#define WEBCORE_HPP

#include "webcore_events.hpp"
#include "webcore_handlers.hpp"

namespace webcore {

/* Whether a handler gets each request whole (on_request) or as it comes (on_head and so on). */
enum Bodies { GATHERED, STREAMED };

/*
 * A loop that is freed with this object. It does not own the handlers given to it by reference:
 * declare them before the loop, so that they are still there when its last callbacks run.
 */
class Loop {
public:
    Loop() : handle_(0) {}
    ~Loop() { (void)(close() < 0); }

    /* A constructor could not say why it failed without an exception. */
    wc_status open(const wc_loop_options* options = 0)
    {
        return handle_ != 0 ? WC_E_STATE : wc_loop_new(options, &handle_);
    }

    wc_loop handle() const { return handle_; }

    wc_status run() { return wc_loop_run(handle_); }
    wc_status step(int32_t timeout_ms) { return wc_loop_step(handle_, timeout_ms); }
    wc_status drain(uint32_t deadline_ms) { return wc_loop_drain(handle_, deadline_ms); }

    /* What the destructor does, for those who want to know whether it went well. */
    wc_status close()
    {
        const wc_loop handle = handle_;

        handle_ = 0;
        return handle != 0 ? wc_loop_free(handle) : WC_OK;
    }

    wc_status listen(const wc_listen_options& where, const wc_conn_options* how,
                     ConnHandler& handler, wc_listener* out)
    {
        const wc_conn_callbacks table = conn_table();

        return wc_listen(handle_, &where, how, &table, &handler, 0, out);
    }

    wc_status http_listen(const wc_listen_options& where, const wc_conn_options* how,
                          const wc_http_options* http, Bodies bodies, HttpHandler& handler,
                          wc_listener* out)
    {
        wc_http_callbacks table = wc_http_callbacks();

        table.size = sizeof table;
        if (bodies == GATHERED) {
            table.on_request = &webcore_http_request;
        } else {
            table.on_head = &webcore_http_head;
            table.on_body = &webcore_http_body;
            table.on_end = &webcore_http_end;
        }
        table.on_drain = &webcore_http_drain;
        table.on_close = &webcore_http_close;
        table.on_reject = &webcore_http_reject;
        return wc_http_listen(handle_, &where, how, http, &table, &handler, 0, out);
    }

    /* What follows is there twice: by reference, and by a pointer from new, which is then owned. */

    wc_status watch(int fd, uint32_t bits, WatchHandler& handler, wc_watch* out)
    {
        return wc_watch_start(handle_, fd, bits, &webcore_watch_ready, &handler, 0, out);
    }

    wc_status watch(int fd, uint32_t bits, WatchHandler* handler, wc_watch* out)
    {
        return wc_watch_start(handle_, fd, bits, &webcore_watch_ready, handler,
                              &webcore_watch_free, out);
    }

    wc_status signal(int number, SignalHandler& handler, wc_signal* out)
    {
        return wc_signal_start(handle_, number, &webcore_signal_came, &handler, 0, out);
    }

    wc_status signal(int number, SignalHandler* handler, wc_signal* out)
    {
        return wc_signal_start(handle_, number, &webcore_signal_came, handler,
                               &webcore_signal_free, out);
    }

    wc_status timer(const wc_timer_options& when, TimerHandler& handler, wc_timer* out)
    {
        return wc_timer_schedule(handle_, &when, &webcore_timer_fire, &handler, 0, out);
    }

    wc_status timer(const wc_timer_options& when, TimerHandler* handler, wc_timer* out)
    {
        return wc_timer_schedule(handle_, &when, &webcore_timer_fire, handler,
                                 &webcore_timer_free, out);
    }

    wc_status post(PostHandler& handler, wc_post* out)
    {
        return wc_post_new(handle_, &webcore_post_sent, &handler, 0, out);
    }

    wc_status post(PostHandler* handler, wc_post* out)
    {
        return wc_post_new(handle_, &webcore_post_sent, handler, &webcore_post_free, out);
    }

    /* For streams see ChildStream. */
    wc_status spawn(const wc_child_options& how, ChildHandler& handler, wc_child* out)
    {
        return wc_child_spawn(handle_, &how, &webcore_child_exit, &handler, 0, out);
    }

    wc_status spawn(const wc_child_options& how, ChildHandler* handler, wc_child* out)
    {
        return wc_child_spawn(handle_, &how, &webcore_child_exit, handler, &webcore_child_free,
                              out);
    }

private:
    Loop(const Loop&);
    Loop& operator=(const Loop&);

    wc_loop handle_;
};

/*
 * A connection of the loop as a child's input, output or error: give get() to wc_child_options. It
 * is needed until the child is spawned, its handler until the loop has ended.
 */
class ChildStream {
public:
    explicit ChildStream(ConnHandler& handler, const wc_conn_options* how = 0)
        : stdio_(), table_(conn_table())
    {
        if (wc_child_stdio_init(&stdio_, sizeof stdio_) >= 0) {
            stdio_.kind = WC_STDIO_STREAM;
            stdio_.options = how;
            stdio_.callbacks = &table_;
            stdio_.user = &handler;
        }
    }

    const wc_child_stdio* get() const { return &stdio_; }

private:
    ChildStream(const ChildStream&);
    ChildStream& operator=(const ChildStream&);

    wc_child_stdio stdio_;
    wc_conn_callbacks table_;
};

/* Threads of a loop, freed with this object or with the loop, whichever comes first. */
class Pool {
public:
    Pool() : handle_(0) {}
    ~Pool() { (void)(close() < 0); }

    wc_status open(Loop& loop, const wc_pool_options* options = 0)
    {
        return handle_ != 0 ? WC_E_STATE : wc_pool_new(loop.handle(), options, &handle_);
    }

    wc_pool handle() const { return handle_; }

    wc_status close()
    {
        const wc_pool handle = handle_;

        handle_ = 0;
        return handle != 0 ? wc_pool_free(handle) : WC_OK;
    }

    /* By reference or from new, as the functions of Loop. One handler is for one job at a time. */

    wc_status submit(JobHandler& handler, wc_job* out)
    {
        return submit(&handler, 0, out);
    }

    wc_status submit(JobHandler* handler, wc_job* out)
    {
        return submit(handler, &webcore_job_free, out);
    }

    wc_status resolve(const std::string& host, uint16_t port, JobHandler& handler, wc_job* out)
    {
        return resolve(host, port, &handler, 0, out);
    }

    wc_status resolve(const std::string& host, uint16_t port, JobHandler* handler, wc_job* out)
    {
        return resolve(host, port, handler, &webcore_job_free, out);
    }

    wc_status read(const std::string& path, uint64_t offset, size_t max_bytes,
                   JobHandler& handler, wc_job* out)
    {
        return read(path, offset, max_bytes, &handler, 0, out);
    }

    wc_status read(const std::string& path, uint64_t offset, size_t max_bytes,
                   JobHandler* handler, wc_job* out)
    {
        return read(path, offset, max_bytes, handler, &webcore_job_free, out);
    }

private:
    Pool(const Pool&);
    Pool& operator=(const Pool&);

    /* A NUL would hide what follows it; the empty text is refused. */
    static const char* whole(const std::string& text)
    {
        return text.find('\0') == std::string::npos ? text.c_str() : "";
    }

    wc_status submit(JobHandler* handler, wc_free_fn free_user, wc_job* out)
    {
        handler->set_threw(false);
        return wc_pool_submit(handle_, &webcore_job_work, &webcore_job_done, handler, free_user,
                              out);
    }

    wc_status resolve(const std::string& host, uint16_t port, JobHandler* handler,
                      wc_free_fn free_user, wc_job* out)
    {
        handler->set_threw(false);
        return wc_pool_resolve(handle_, whole(host), port, &webcore_job_done, handler, free_user,
                               out);
    }

    wc_status read(const std::string& path, uint64_t offset, size_t max_bytes,
                   JobHandler* handler, wc_free_fn free_user, wc_job* out)
    {
        handler->set_threw(false);
        return wc_pool_read(handle_, whole(path), offset, max_bytes, &webcore_job_done, handler,
                            free_user, out);
    }

    wc_pool handle_;
};

} /* namespace webcore */

#endif

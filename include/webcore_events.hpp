/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Part of webcore.hpp, which includes it: the handlers of descriptors, signals, timers, posts,
 * children and jobs. Loop and Pool take them, by reference, or by a pointer that comes from new:
 * such a handler is deleted when its object has ended, and also when the call fails.
 *
 * Where a callback throws, on_failure is called while the exception is being handled; by default it
 * ends the object, so that what is broken is not called again.
 */
#ifndef WEBCORE_EVENTS_HPP
#define WEBCORE_EVENTS_HPP

#include "webcore.h"

namespace webcore {

/* Of a watched descriptor: a class of your own for a client, a pipe, a listening socket. */
class WatchHandler {
public:
    WatchHandler() {}
    virtual ~WatchHandler() {}

    /* ready: WC_READ, WC_WRITE, WC_HANGUP, WC_ERROR. */
    virtual void on_ready(wc_watch watch, uint32_t ready) = 0;
    virtual void on_failure(wc_watch watch) { (void)(wc_watch_stop(watch) < 0); }

private:
    WatchHandler(const WatchHandler&);
    WatchHandler& operator=(const WatchHandler&);
};

/* Of a signal; it runs between other callbacks and may do what they may. */
class SignalHandler {
public:
    SignalHandler() {}
    virtual ~SignalHandler() {}

    virtual void on_signal(wc_signal signal, int number, uint32_t count) = 0;
    /* The signal then does again what it did before it was watched. */
    virtual void on_failure(wc_signal signal) { (void)(wc_signal_stop(signal) < 0); }

private:
    SignalHandler(const SignalHandler&);
    SignalHandler& operator=(const SignalHandler&);
};

class TimerHandler {
public:
    TimerHandler() {}
    virtual ~TimerHandler() {}

    virtual void on_timer(wc_timer timer) = 0;
    virtual void on_failure(wc_timer timer) { (void)(wc_timer_cancel(timer) < 0); }

private:
    TimerHandler(const TimerHandler&);
    TimerHandler& operator=(const TimerHandler&);
};

/* Of a post, which other threads and signal handlers send by wc_post_send. */
class PostHandler {
public:
    PostHandler() {}
    virtual ~PostHandler() {}

    virtual void on_sent(wc_post post) = 0;
    virtual void on_failure(wc_post post) { (void)(wc_post_free(post) < 0); }

private:
    PostHandler(const PostHandler&);
    PostHandler& operator=(const PostHandler&);
};

/* Of a child process: it has exited, and its streams have ended. */
class ChildHandler {
public:
    ChildHandler() {}
    virtual ~ChildHandler() {}

    virtual void on_exit(wc_child child, int32_t code, int32_t signal, wc_status why) = 0;
    virtual void on_failure(wc_child) {}

private:
    ChildHandler(const ChildHandler&);
    ChildHandler& operator=(const ChildHandler&);
};

/* Of a job of a pool. */
class JobHandler {
public:
    JobHandler() : threw_(false) {}
    virtual ~JobHandler() {}

    /* Of Pool::submit, on a thread of the pool. */
    virtual void work() {}
    /* On that thread, too, while what work threw is being handled. */
    virtual void on_work_failure() {}
    /* On the loop's thread, once, unless work threw. */
    virtual void on_done(wc_job job, wc_status status, int32_t os_error, const char* data,
                         size_t len) = 0;
    /* On the loop's thread: work threw, and that exception is gone; or on_done just did. */
    virtual void on_failure(wc_job) {}

    /* Used by the functions below; whether work threw. */
    bool threw() const { return threw_; }
    void set_threw(bool threw) { threw_ = threw; }

private:
    JobHandler(const JobHandler&);
    JobHandler& operator=(const JobHandler&);

    bool threw_;
};

/* Called while an exception is being handled; lets no other one out. `end` may be null. */
template <class Handler>
inline void recover(Handler& handler, uint64_t object, wc_status (*end)(uint64_t))
{
    try {
        handler.on_failure(object);
    } catch (...) {
        if (end != 0) {
            (void)(end(object) < 0);
        }
    }
}

/* The trampolines, as those of webcore_handlers.hpp. */
extern "C" {

static inline void webcore_watch_ready(wc_watch watch, uint32_t ready, void* user)
{
    WatchHandler* handler = static_cast<WatchHandler*>(user);

    try {
        handler->on_ready(watch, ready);
    } catch (...) {
        recover(*handler, watch, &wc_watch_stop);
    }
}

static inline void webcore_watch_free(void* user)
{
    delete static_cast<WatchHandler*>(user);
}

static inline void webcore_signal_came(wc_signal signal, int number, uint32_t count, void* user)
{
    SignalHandler* handler = static_cast<SignalHandler*>(user);

    try {
        handler->on_signal(signal, number, count);
    } catch (...) {
        recover(*handler, signal, &wc_signal_stop);
    }
}

static inline void webcore_signal_free(void* user)
{
    delete static_cast<SignalHandler*>(user);
}

static inline void webcore_timer_fire(wc_timer timer, void* user)
{
    TimerHandler* handler = static_cast<TimerHandler*>(user);

    try {
        handler->on_timer(timer);
    } catch (...) {
        recover(*handler, timer, &wc_timer_cancel);
    }
}

static inline void webcore_timer_free(void* user)
{
    delete static_cast<TimerHandler*>(user);
}

static inline void webcore_post_sent(wc_post post, void* user)
{
    PostHandler* handler = static_cast<PostHandler*>(user);

    try {
        handler->on_sent(post);
    } catch (...) {
        recover(*handler, post, &wc_post_free);
    }
}

static inline void webcore_post_free(void* user)
{
    delete static_cast<PostHandler*>(user);
}

static inline void webcore_child_exit(wc_child child, int32_t code, int32_t signal, wc_status why,
                                      void* user)
{
    ChildHandler* handler = static_cast<ChildHandler*>(user);

    try {
        handler->on_exit(child, code, signal, why);
    } catch (...) {
        recover(*handler, child, 0);
    }
}

static inline void webcore_child_free(void* user)
{
    delete static_cast<ChildHandler*>(user);
}

static inline void webcore_job_work(void* user)
{
    JobHandler* handler = static_cast<JobHandler*>(user);

    try {
        handler->work();
    } catch (...) {
        handler->set_threw(true);
        try {
            handler->on_work_failure();
        } catch (...) {
            /* on_failure follows all the same. */
        }
    }
}

static inline void webcore_job_done(wc_job job, wc_status status, int32_t os_error,
                                    const char* data, size_t len, void* user)
{
    JobHandler* handler = static_cast<JobHandler*>(user);

    if (handler->threw()) {
        recover(*handler, job, 0);
        return;
    }
    try {
        handler->on_done(job, status, os_error, data, len);
    } catch (...) {
        recover(*handler, job, 0);
    }
}

static inline void webcore_job_free(void* user)
{
    delete static_cast<JobHandler*>(user);
}

} /* extern "C" */

} /* namespace webcore */

#endif

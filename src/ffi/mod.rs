// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C border: guard, translate, delegate. Is not: a place for behaviour; what a function does is
//! written in the layers above. INVARIANT: no panic, no enum and no bool crosses it.
//!
//! One file per C noun. The order of the modules below is the order of the header's sections, and C
//! wants a type declared before it is used; build.rs reads the order from here.

pub mod types;

pub mod status;

pub mod stats;

pub mod event;

pub mod loop_;

pub mod watchdog;

pub mod trace;

pub mod log;

pub mod watch;

pub mod signal;

pub mod timer;

pub mod post;

pub mod job;

pub mod pool;

pub mod conn_options;

pub mod conn;

pub mod listener;

pub mod connect;

pub mod child_options;

pub mod child;

pub mod http;

pub mod request;

pub mod answer;

pub mod parser;

mod binding;
mod call;
mod core;
#[cfg(feature = "test-hooks")]
mod fault;
mod give;
mod guard;
mod hooks;
mod pulse;
mod run;
mod table;

/// A struct of the C API as Rust lays it out: its name, its size, its fields with their offsets.
#[doc(hidden)]
pub type Layout = (&'static str, usize, &'static [(&'static str, usize)]);

/// Says how Rust lays out the structs of the C API: `layout! { module::name { field, ... } ... }`.
macro_rules! layout {
    ($($module:ident::$name:ident { $($field:ident),* $(,)? })*) => {
        vec![$((
            stringify!($name),
            size_of::<$module::$name>(),
            &[$((stringify!($field), std::mem::offset_of!($module::$name, $field))),*] as &[_],
        )),*]
    };
}

/// Every struct of the header; `tests/header.rs` compares it with what a C compiler says, and fails
/// if one is missing here.
#[doc(hidden)]
pub fn layout() -> Vec<Layout> {
    layout! {
        types::wc_str { ptr, len }
        types::wc_header { name, name_len, value, value_len }
        stats::wc_loop_stats {
            size, turns, events, stale_events, accepted, closed, accept_pauses, bytes_received,
            bytes_sent, requests, timers_fired, posts, posts_dropped, connections, listeners,
            timers, live_requests, watches, signals, children, pools, jobs, post_objects, wakeups,
            late_timers, callbacks, callback_ns, longest_callback_ns, slow_callbacks,
            transitions_dropped, lines_dropped,
        }
        event::wc_event { size, kind, status, os_error, detail, object, parent, data, len, user }
        loop_::wc_loop_options { size, backend, max_connections, stay, measure, slow_ms }
        trace::wc_transition { size, time_ms, object, machine, state, input, next }
        log::wc_log_line {
            size, time_ms, object, text, number, level, status, os_error, reserved,
        }
        timer::wc_timer_options { size, delay_ms, at_ms, unix_ms, repeat_ms, repeat_mode }
        pool::wc_pool_options { size, stack_bytes, threads, queue }
        pool::wc_pool_stats {
            size, submitted, done, cancelled, refused, threads, queued, running, reserved,
        }
        conn_options::wc_conn_options {
            size, framing, prefix_order, prefix_bytes, read_budget, max_frame, write_high,
            write_low, write_limit, idle_ms, stall_ms, linger_ms, reserved,
        }
        conn_options::wc_conn_callbacks {
            size, on_open, on_data, on_too_long, on_drain, on_eof, on_idle, on_close,
        }
        connect::wc_connect_options { size, host, port, reserved, timeout_ms }
        listener::wc_listener_callbacks { size, on_pause, on_resume, on_close }
        listener::wc_listen_options {
            size, host, port, v6_only, backlog, max_connections, accept_budget, events,
        }
        child_options::wc_child_stdio {
            size, kind, fd, path, append, reserved, options, callbacks, user, free_user,
        }
        child_options::wc_child_options {
            size, program, argv, env, directory, input, output, error, flags, wall_ms, grace_ms,
            output_ms, cpu_s, files, memory_bytes, file_bytes,
        }
        child_options::wc_child_usage { size, user_us, system_us, max_rss_bytes }
        http::wc_http_options {
            size, max_request_line, max_field, max_fields, max_head, max_body, head_ms,
            body_grace_ms, body_rate, keep_ms, answer_ms, reserved,
        }
        http::wc_http_callbacks {
            size, on_request, on_head, on_body, on_end, on_drain, on_close, on_reject,
        }
        parser::wc_http_item { size, kind, reserved, data, len }
        parser::wc_http_head {
            size, method, target, minor_version, keep_alive, chunked, expect_continue,
            content_length, header_count,
        }
        parser::wc_http_fault { size, reason, http_status, at }
    }
}

/// Names the constants of the C API with their values: `constants! { module::NAME ... }`.
macro_rules! constants {
    ($($module:ident::$name:ident)*) => {
        [$((stringify!($name), i64::from($module::$name))),*]
    };
}

/// Every numeric constant of the header that is not of the status catalogue; `tests/header.rs`
/// compares it with what a C compiler says, and fails if one is missing here.
#[doc(hidden)]
pub fn constants() -> Vec<(&'static str, i64)> {
    [loop_constants(), object_constants()].concat()
}

/// Those of a loop and of its events.
fn loop_constants() -> Vec<(&'static str, i64)> {
    constants! {
        types::WC_ADDRESS_MAX
        types::WC_FOREVER
        stats::WC_FEATURE_EDGE
        stats::WC_FEATURE_HANGUP
        stats::WC_FEATURE_DESCRIPTOR
        event::WC_EVENT_OPEN
        event::WC_EVENT_DATA
        event::WC_EVENT_TOO_LONG
        event::WC_EVENT_DRAIN
        event::WC_EVENT_EOF
        event::WC_EVENT_IDLE
        event::WC_EVENT_CLOSE
        event::WC_EVENT_TIMER
        event::WC_EVENT_POST
        event::WC_EVENT_PAUSE
        event::WC_EVENT_RESUME
        event::WC_EVENT_LISTENER_CLOSE
        event::WC_EVENT_REQUEST
        event::WC_EVENT_HEAD
        event::WC_EVENT_BODY
        event::WC_EVENT_END
        event::WC_EVENT_REQUEST_DRAIN
        event::WC_EVENT_REQUEST_CLOSE
        event::WC_EVENT_REJECT
        event::WC_EVENT_WATCH
        event::WC_EVENT_CHILD_EXIT
        event::WC_EVENT_SIGNAL
        event::WC_EVENT_JOB
        watchdog::WC_HISTOGRAM_BUCKETS
        watchdog::WC_HISTOGRAM_CALLBACK
        watchdog::WC_HISTOGRAM_TURN
        watchdog::WC_HISTOGRAM_LATENESS
        log::WC_LOG_NONE
        log::WC_LOG_ERROR
        log::WC_LOG_WARN
        log::WC_LOG_INFO
        log::WC_LOG_DEBUG
    }
    .to_vec()
}

/// Those of what lives in a loop, and of the parser.
fn object_constants() -> Vec<(&'static str, i64)> {
    constants! {
        watch::WC_READ
        watch::WC_WRITE
        watch::WC_EDGE
        watch::WC_ONCE
        watch::WC_HANGUP
        watch::WC_ERROR
        watch::WC_ADOPT
        timer::WC_REPEAT_RATE
        timer::WC_REPEAT_DELAY
        conn_options::WC_FRAMING_RAW
        conn_options::WC_FRAMING_LINE
        conn_options::WC_FRAMING_LENGTH
        conn_options::WC_ORDER_BIG
        conn_options::WC_ORDER_LITTLE
        conn_options::WC_CLOSE_FLUSH
        conn_options::WC_CLOSE_NOW
        conn_options::WC_CLOSE_RESET
        conn_options::WC_CONN_CONNECTING
        conn_options::WC_CONN_OPEN
        conn_options::WC_CONN_HALF_OPEN
        conn_options::WC_CONN_FLUSHING
        conn_options::WC_CONN_LINGERING
        conn_options::WC_CONN_CLOSED
        child_options::WC_STDIO_INHERIT
        child_options::WC_STDIO_NULL
        child_options::WC_STDIO_CLOSED
        child_options::WC_STDIO_FILE
        child_options::WC_STDIO_FD
        child_options::WC_STDIO_STREAM
        child_options::WC_STDIO_SAME
        child_options::WC_CHILD_IN
        child_options::WC_CHILD_OUT
        child_options::WC_CHILD_ERR
        child_options::WC_CHILD_GROUP
        child_options::WC_CHILD_NO_CORE
        answer::WC_LENGTH_UNKNOWN
        parser::WC_HTTP_HEAD
        parser::WC_HTTP_BODY
        parser::WC_HTTP_END
    }
    .to_vec()
}

# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C API of webcore as ctypes sees it. Made by generate.py from include/webcore.h: do not edit.

Names are those of the header. Bytes that come with a length are c_void_p, for ctypes.string_at.
"""

from ctypes import (
    CDLL, CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_int, c_int32, c_int64, c_size_t,
    c_uint16, c_uint32, c_uint64, c_void_p,
)

WC_VERSION_MAJOR = 0
WC_VERSION_MINOR = 1
WC_VERSION_PATCH = 0
WC_VERSION = "0.1.0"
WC_NTS = c_size_t(-1).value
WC_ADDRESS_MAX = 64
WC_FOREVER = -1
WC_OK = 0
WC_FULL = 1
WC_NONE = 2
WC_STOPPED = 3
WC_E_INVAL = -1
WC_E_GONE = -2
WC_E_BADHANDLE = -3
WC_E_STATE = -4
WC_E_THREAD = -5
WC_E_FORKED = -6
WC_E_REENTRANT = -7
WC_E_LIMIT = -8
WC_E_VERSION = -9
WC_E_CANCELLED = -10
WC_E_OS = -50
WC_E_BACKEND = -51
WC_E_NOMEM = -52
WC_E_NOFILES = -53
WC_E_ADDRESS = -54
WC_E_INUSE = -55
WC_E_ACCESS = -56
WC_E_CONNECT = -57
WC_E_FREED = -58
WC_E_NOTFOUND = -59
WC_E_AGAIN = -60
WC_E_RESET = -80
WC_E_EOF = -81
WC_E_TOO_LONG = -82
WC_E_IDLE = -83
WC_E_STALL = -84
WC_E_HTTP = -85
WC_E_TIMEOUT = -86
WC_E_PATH = -87
WC_E_PANIC = -99
WC_H_BARE_LF = 1
WC_H_BARE_CR = 2
WC_H_CONTROL = 3
WC_H_EMPTY_LINES = 4
WC_H_METHOD_EMPTY = 5
WC_H_METHOD_BYTE = 6
WC_H_METHOD_LONG = 7
WC_H_TARGET_EMPTY = 8
WC_H_TARGET_BYTE = 9
WC_H_TARGET_FRAGMENT = 10
WC_H_TARGET_FORM = 11
WC_H_TARGET_SCHEME = 12
WC_H_TARGET_AUTHORITY = 13
WC_H_NO_VERSION = 14
WC_H_VERSION_SYNTAX = 15
WC_H_VERSION_MAJOR = 16
WC_H_REQUEST_LINE_LONG = 17
WC_H_FIELD_BLANK = 18
WC_H_FIELD_FOLD = 19
WC_H_FIELD_NO_NAME = 20
WC_H_FIELD_NAME_BLANK = 21
WC_H_FIELD_NAME_BYTE = 22
WC_H_FIELD_NO_COLON = 23
WC_H_FIELD_LONG = 24
WC_H_FIELDS_MANY = 25
WC_H_HEAD_LONG = 26
WC_H_HOST_MISSING = 27
WC_H_HOST_TWICE = 28
WC_H_HOST_EMPTY = 29
WC_H_HOST_SYNTAX = 30
WC_H_HOST_PORT = 31
WC_H_LENGTH_SYNTAX = 32
WC_H_LENGTH_RANGE = 33
WC_H_LENGTH_TWICE = 34
WC_H_CODING_SYNTAX = 35
WC_H_CODING_UNKNOWN = 36
WC_H_CODING_TWICE = 37
WC_H_CODING_NOT_LAST = 38
WC_H_CODING_VERSION = 39
WC_H_CODING_AND_LENGTH = 40
WC_H_EXPECTATION = 41
WC_H_BODY_LONG = 42
WC_H_CHUNK_SIZE_EMPTY = 43
WC_H_CHUNK_SIZE_BYTE = 44
WC_H_CHUNK_SIZE_LONG = 45
WC_H_CHUNK_SIZE_RANGE = 46
WC_H_CHUNK_BLANK = 47
WC_H_CHUNK_EXT_SYNTAX = 48
WC_H_CHUNK_EXT_LINE = 49
WC_H_CHUNK_EXT_TOTAL = 50
WC_H_CHUNK_END = 51
WC_H_TRAILER_FIELDS = 52
WC_H_TRAILER_LONG = 53
WC_H_METHOD_UNKNOWN = 54
WC_H_HEAD_TIME = 55
WC_H_BODY_TIME = 56
WC_H_ANSWER_TIME = 57
WC_H_NO_ROOM = 58
WC_FEATURE_EDGE = 1
WC_FEATURE_HANGUP = 2
WC_FEATURE_DESCRIPTOR = 4
WC_EVENT_OPEN = 1
WC_EVENT_DATA = 2
WC_EVENT_TOO_LONG = 3
WC_EVENT_DRAIN = 4
WC_EVENT_EOF = 5
WC_EVENT_IDLE = 6
WC_EVENT_CLOSE = 7
WC_EVENT_TIMER = 8
WC_EVENT_POST = 9
WC_EVENT_PAUSE = 10
WC_EVENT_RESUME = 11
WC_EVENT_LISTENER_CLOSE = 12
WC_EVENT_REQUEST = 13
WC_EVENT_HEAD = 14
WC_EVENT_BODY = 15
WC_EVENT_END = 16
WC_EVENT_REQUEST_DRAIN = 17
WC_EVENT_REQUEST_CLOSE = 18
WC_EVENT_REJECT = 19
WC_EVENT_WATCH = 20
WC_EVENT_SIGNAL = 21
WC_EVENT_CHILD_EXIT = 22
WC_EVENT_JOB = 23
WC_HISTOGRAM_BUCKETS = 40
WC_HISTOGRAM_CALLBACK = 1
WC_HISTOGRAM_TURN = 2
WC_HISTOGRAM_LATENESS = 3
WC_LOG_NONE = 0
WC_LOG_ERROR = 1
WC_LOG_WARN = 2
WC_LOG_INFO = 3
WC_LOG_DEBUG = 4
WC_READ = 1
WC_WRITE = 2
WC_EDGE = 8
WC_ONCE = 16
WC_ADOPT = 32
WC_HANGUP = 64
WC_ERROR = 128
WC_REPEAT_RATE = 0
WC_REPEAT_DELAY = 1
WC_FRAMING_RAW = 0
WC_FRAMING_LINE = 1
WC_FRAMING_LENGTH = 2
WC_ORDER_BIG = 0
WC_ORDER_LITTLE = 1
WC_CLOSE_FLUSH = 0
WC_CLOSE_NOW = 1
WC_CLOSE_RESET = 2
WC_CONN_CONNECTING = 0
WC_CONN_OPEN = 1
WC_CONN_HALF_OPEN = 2
WC_CONN_FLUSHING = 3
WC_CONN_LINGERING = 4
WC_CONN_CLOSED = 5
WC_STDIO_INHERIT = 0
WC_STDIO_NULL = 1
WC_STDIO_CLOSED = 2
WC_STDIO_FILE = 3
WC_STDIO_FD = 4
WC_STDIO_STREAM = 5
WC_STDIO_SAME = 6
WC_CHILD_IN = 0
WC_CHILD_OUT = 1
WC_CHILD_ERR = 2
WC_CHILD_GROUP = 1
WC_CHILD_NO_CORE = 2
WC_LENGTH_UNKNOWN = -1
WC_HTTP_HEAD = 1
WC_HTTP_BODY = 2
WC_HTTP_END = 3

wc_status = c_int32
wc_loop = c_uint64
wc_watch = c_uint64
wc_signal = c_uint64
wc_child = c_uint64
wc_pool = c_uint64
wc_job = c_uint64
wc_post = c_uint64
wc_timer = c_uint64
wc_listener = c_uint64
wc_conn = c_uint64
wc_request = c_uint64


class wc_str(Structure):
    _fields_ = [
        ("ptr", c_void_p),
        ("len", c_size_t),
    ]


class wc_header(Structure):
    _fields_ = [
        ("name", c_void_p),
        ("name_len", c_size_t),
        ("value", c_void_p),
        ("value_len", c_size_t),
    ]


wc_free_fn = CFUNCTYPE(None, c_void_p)


class wc_loop_stats(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("turns", c_uint64),
        ("events", c_uint64),
        ("stale_events", c_uint64),
        ("accepted", c_uint64),
        ("closed", c_uint64),
        ("accept_pauses", c_uint64),
        ("bytes_received", c_uint64),
        ("bytes_sent", c_uint64),
        ("requests", c_uint64),
        ("timers_fired", c_uint64),
        ("posts", c_uint64),
        ("posts_dropped", c_uint64),
        ("connections", c_uint32),
        ("listeners", c_uint32),
        ("timers", c_uint32),
        ("live_requests", c_uint32),
        ("watches", c_uint32),
        ("signals", c_uint32),
        ("children", c_uint32),
        ("pools", c_uint32),
        ("jobs", c_uint32),
        ("post_objects", c_uint32),
        ("wakeups", c_uint64),
        ("late_timers", c_uint64),
        ("callbacks", c_uint64),
        ("callback_ns", c_uint64),
        ("longest_callback_ns", c_uint64),
        ("slow_callbacks", c_uint64),
        ("transitions_dropped", c_uint64),
        ("lines_dropped", c_uint64),
    ]


class wc_event(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("kind", c_int32),
        ("status", wc_status),
        ("os_error", c_int32),
        ("detail", c_int32),
        ("object", c_uint64),
        ("parent", c_uint64),
        ("data", c_void_p),
        ("len", c_size_t),
        ("user", c_void_p),
    ]


class wc_loop_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("backend", c_char_p),
        ("max_connections", c_uint32),
        ("stay", c_uint32),
        ("measure", c_uint32),
        ("slow_ms", c_uint32),
    ]


wc_post_fn = CFUNCTYPE(None, wc_loop, c_void_p)
wc_slow_fn = CFUNCTYPE(None, wc_loop, c_int32, c_uint64, c_uint32, c_void_p)


class wc_transition(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("time_ms", c_uint64),
        ("object", c_uint64),
        ("machine", c_char_p),
        ("state", c_char_p),
        ("input", c_char_p),
        ("next", c_char_p),
    ]


wc_trace_fn = CFUNCTYPE(None, POINTER(wc_transition), c_void_p)


class wc_log_line(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("time_ms", c_uint64),
        ("object", c_uint64),
        ("text", c_char_p),
        ("number", c_int64),
        ("level", c_int),
        ("status", wc_status),
        ("os_error", c_int32),
        ("reserved", c_int32),
    ]


wc_log_fn = CFUNCTYPE(None, POINTER(wc_log_line), c_void_p)
wc_watch_fn = CFUNCTYPE(None, wc_watch, c_uint32, c_void_p)
wc_signal_fn = CFUNCTYPE(None, wc_signal, c_int, c_uint32, c_void_p)


class wc_timer_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("delay_ms", c_uint64),
        ("at_ms", c_uint64),
        ("unix_ms", c_uint64),
        ("repeat_ms", c_uint32),
        ("repeat_mode", c_int),
    ]


wc_timer_fn = CFUNCTYPE(None, wc_timer, c_void_p)
wc_sent_fn = CFUNCTYPE(None, wc_post, c_void_p)
wc_done_fn = CFUNCTYPE(None, wc_job, wc_status, c_int32, c_void_p, c_size_t, c_void_p)


class wc_pool_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("stack_bytes", c_size_t),
        ("threads", c_uint32),
        ("queue", c_uint32),
    ]


class wc_pool_stats(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("submitted", c_uint64),
        ("done", c_uint64),
        ("cancelled", c_uint64),
        ("refused", c_uint64),
        ("threads", c_uint32),
        ("queued", c_uint32),
        ("running", c_uint32),
        ("reserved", c_uint32),
    ]


wc_work_fn = CFUNCTYPE(None, c_void_p)


class wc_conn_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("framing", c_int32),
        ("prefix_order", c_int32),
        ("prefix_bytes", c_uint32),
        ("read_budget", c_uint32),
        ("max_frame", c_size_t),
        ("write_high", c_size_t),
        ("write_low", c_size_t),
        ("write_limit", c_size_t),
        ("idle_ms", c_uint32),
        ("stall_ms", c_uint32),
        ("linger_ms", c_uint32),
        ("reserved", c_uint32),
    ]


wc_conn_callbacks_on_open = CFUNCTYPE(None, wc_conn, c_void_p)
wc_conn_callbacks_on_data = CFUNCTYPE(None, wc_conn, c_void_p, c_size_t, c_void_p)
wc_conn_callbacks_on_too_long = CFUNCTYPE(None, wc_conn, c_void_p, c_size_t, c_void_p)
wc_conn_callbacks_on_drain = CFUNCTYPE(None, wc_conn, c_void_p)
wc_conn_callbacks_on_eof = CFUNCTYPE(None, wc_conn, c_void_p)
wc_conn_callbacks_on_idle = CFUNCTYPE(None, wc_conn, c_void_p)
wc_conn_callbacks_on_close = CFUNCTYPE(None, wc_conn, wc_status, c_int32, c_void_p)


class wc_conn_callbacks(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("on_open", wc_conn_callbacks_on_open),
        ("on_data", wc_conn_callbacks_on_data),
        ("on_too_long", wc_conn_callbacks_on_too_long),
        ("on_drain", wc_conn_callbacks_on_drain),
        ("on_eof", wc_conn_callbacks_on_eof),
        ("on_idle", wc_conn_callbacks_on_idle),
        ("on_close", wc_conn_callbacks_on_close),
    ]


wc_listener_callbacks_on_pause = CFUNCTYPE(None, wc_listener, wc_status, c_int32, c_void_p)
wc_listener_callbacks_on_resume = CFUNCTYPE(None, wc_listener, c_void_p)
wc_listener_callbacks_on_close = CFUNCTYPE(None, wc_listener, wc_status, c_void_p)


class wc_listener_callbacks(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("on_pause", wc_listener_callbacks_on_pause),
        ("on_resume", wc_listener_callbacks_on_resume),
        ("on_close", wc_listener_callbacks_on_close),
    ]


class wc_listen_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("host", c_char_p),
        ("port", c_uint16),
        ("v6_only", c_uint16),
        ("backlog", c_int32),
        ("max_connections", c_uint32),
        ("accept_budget", c_uint32),
        ("events", POINTER(wc_listener_callbacks)),
    ]


class wc_connect_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("host", c_char_p),
        ("port", c_uint16),
        ("reserved", c_uint16),
        ("timeout_ms", c_uint32),
    ]


class wc_child_stdio(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("kind", c_int32),
        ("fd", c_int32),
        ("path", c_char_p),
        ("append", c_uint32),
        ("reserved", c_uint32),
        ("options", POINTER(wc_conn_options)),
        ("callbacks", POINTER(wc_conn_callbacks)),
        ("user", c_void_p),
        ("free_user", wc_free_fn),
    ]


class wc_child_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("program", c_char_p),
        ("argv", POINTER(c_char_p)),
        ("env", POINTER(c_char_p)),
        ("directory", c_char_p),
        ("input", POINTER(wc_child_stdio)),
        ("output", POINTER(wc_child_stdio)),
        ("error", POINTER(wc_child_stdio)),
        ("flags", c_uint32),
        ("wall_ms", c_uint32),
        ("grace_ms", c_uint32),
        ("output_ms", c_uint32),
        ("cpu_s", c_uint32),
        ("files", c_uint32),
        ("memory_bytes", c_uint64),
        ("file_bytes", c_uint64),
    ]


wc_exit_fn = CFUNCTYPE(None, wc_child, c_int32, c_int32, wc_status, c_void_p)


class wc_child_usage(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("user_us", c_uint64),
        ("system_us", c_uint64),
        ("max_rss_bytes", c_uint64),
    ]


class wc_http_options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("max_request_line", c_uint32),
        ("max_field", c_uint32),
        ("max_fields", c_uint32),
        ("max_head", c_uint32),
        ("max_body", c_uint64),
        ("head_ms", c_uint32),
        ("body_grace_ms", c_uint32),
        ("body_rate", c_uint32),
        ("keep_ms", c_uint32),
        ("answer_ms", c_uint32),
        ("reserved", c_uint32),
    ]


wc_http_callbacks_on_request = CFUNCTYPE(None, wc_request, c_void_p)
wc_http_callbacks_on_head = CFUNCTYPE(None, wc_request, c_void_p)
wc_http_callbacks_on_body = CFUNCTYPE(None, wc_request, c_void_p, c_size_t, c_void_p)
wc_http_callbacks_on_end = CFUNCTYPE(None, wc_request, c_void_p)
wc_http_callbacks_on_drain = CFUNCTYPE(None, wc_request, c_void_p)
wc_http_callbacks_on_close = CFUNCTYPE(None, wc_request, wc_status, c_void_p)
wc_http_callbacks_on_reject = CFUNCTYPE(None, wc_conn, c_int32, c_int32, c_void_p)


class wc_http_callbacks(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("on_request", wc_http_callbacks_on_request),
        ("on_head", wc_http_callbacks_on_head),
        ("on_body", wc_http_callbacks_on_body),
        ("on_end", wc_http_callbacks_on_end),
        ("on_drain", wc_http_callbacks_on_drain),
        ("on_close", wc_http_callbacks_on_close),
        ("on_reject", wc_http_callbacks_on_reject),
    ]


class wc_http_parser(Structure):
    """Opaque."""


class wc_http_item(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("kind", c_int32),
        ("reserved", c_int32),
        ("data", c_void_p),
        ("len", c_size_t),
    ]


class wc_http_head(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("method", wc_str),
        ("target", wc_str),
        ("minor_version", c_int32),
        ("keep_alive", c_int32),
        ("chunked", c_int32),
        ("expect_continue", c_int32),
        ("content_length", c_int64),
        ("header_count", c_size_t),
    ]


class wc_http_fault(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("reason", c_int32),
        ("http_status", c_int32),
        ("at", c_size_t),
    ]


PROTOTYPES = [
    ("wc_version", c_char_p, []),
    ("wc_status_name", c_char_p, [wc_status]),
    ("wc_status_text", c_char_p, [wc_status]),
    ("wc_backend_count", c_size_t, []),
    ("wc_backend_name", c_char_p, [c_size_t]),
    ("wc_backend_features", wc_status, [c_size_t, POINTER(c_uint32)]),
    ("wc_loop_now", wc_status, [wc_loop, POINTER(c_uint64)]),
    ("wc_loop_now_fresh", wc_status, [wc_loop, POINTER(c_uint64)]),
    ("wc_loop_backend", wc_status, [wc_loop, POINTER(wc_str)]),
    ("wc_loop_os_error", wc_status, [wc_loop, POINTER(c_int32)]),
    ("wc_loop_get_stats", wc_status, [wc_loop, POINTER(wc_loop_stats)]),
    ("wc_event_name", c_char_p, [c_int32]),
    ("wc_loop_options_init", wc_status, [POINTER(wc_loop_options), c_size_t]),
    ("wc_loop_new", wc_status, [POINTER(wc_loop_options), POINTER(wc_loop)]),
    ("wc_loop_run", wc_status, [wc_loop]),
    ("wc_loop_next", wc_status, [wc_loop, c_int32, POINTER(wc_event)]),
    ("wc_loop_dispatch", wc_status, [wc_loop]),
    ("wc_loop_prepare", wc_status, [wc_loop, POINTER(c_int), POINTER(c_int32)]),
    ("wc_loop_step", wc_status, [wc_loop, c_int32]),
    ("wc_loop_stop", wc_status, [wc_loop]),
    ("wc_loop_drain", wc_status, [wc_loop, c_uint32]),
    ("wc_loop_free", wc_status, [wc_loop]),
    ("wc_loop_detach", wc_status, [wc_loop]),
    ("wc_loop_post", wc_status, [wc_loop, wc_post_fn, c_void_p, wc_free_fn]),
    ("wc_loop_set_watchdog", wc_status, [wc_loop, c_uint32, wc_slow_fn, c_void_p, wc_free_fn]),
    ("wc_loop_busy", wc_status, [wc_loop, POINTER(c_int32), POINTER(c_uint64), POINTER(c_uint64)]),
    ("wc_loop_get_histogram", wc_status, [wc_loop, c_int, POINTER(c_uint64), c_size_t]),
    ("wc_loop_set_trace", wc_status, [wc_loop, wc_trace_fn, c_void_p, wc_free_fn]),
    ("wc_loop_set_log", wc_status, [wc_loop, c_int, wc_log_fn, c_void_p, wc_free_fn]),
    ("wc_watch_start", wc_status,
     [wc_loop, c_int, c_uint32, wc_watch_fn, c_void_p, wc_free_fn, POINTER(wc_watch)]),
    ("wc_watch_set", wc_status, [wc_watch, c_uint32]),
    ("wc_watch_stop", wc_status, [wc_watch]),
    ("wc_watch_release", wc_status, [wc_watch, POINTER(c_int)]),
    ("wc_watch_fd", wc_status, [wc_watch, POINTER(c_int)]),
    ("wc_signal_start", wc_status,
     [wc_loop, c_int, wc_signal_fn, c_void_p, wc_free_fn, POINTER(wc_signal)]),
    ("wc_signal_stop", wc_status, [wc_signal]),
    ("wc_timer_options_init", wc_status, [POINTER(wc_timer_options), c_size_t]),
    ("wc_timer_start", wc_status,
     [wc_loop, c_uint32, c_uint32, wc_timer_fn, c_void_p, wc_free_fn, POINTER(wc_timer)]),
    ("wc_timer_schedule", wc_status,
     [wc_loop, POINTER(wc_timer_options), wc_timer_fn, c_void_p, wc_free_fn, POINTER(wc_timer)]),
    ("wc_timer_restart", wc_status, [wc_timer, c_uint32]),
    ("wc_timer_cancel", wc_status, [wc_timer]),
    ("wc_timer_due", wc_status, [wc_timer, POINTER(c_uint64)]),
    ("wc_post_new", wc_status, [wc_loop, wc_sent_fn, c_void_p, wc_free_fn, POINTER(wc_post)]),
    ("wc_post_send", wc_status, [wc_post]),
    ("wc_post_free", wc_status, [wc_post]),
    ("wc_job_cancel", wc_status, [wc_job]),
    ("wc_job_address", wc_status, [wc_job, c_size_t, POINTER(c_char), c_size_t, POINTER(c_uint16)]),
    ("wc_pool_options_init", wc_status, [POINTER(wc_pool_options), c_size_t]),
    ("wc_pool_new", wc_status, [wc_loop, POINTER(wc_pool_options), POINTER(wc_pool)]),
    ("wc_pool_free", wc_status, [wc_pool]),
    ("wc_pool_get_stats", wc_status, [wc_pool, POINTER(wc_pool_stats)]),
    ("wc_pool_submit", wc_status,
     [wc_pool, wc_work_fn, wc_done_fn, c_void_p, wc_free_fn, POINTER(wc_job)]),
    ("wc_pool_resolve", wc_status,
     [wc_pool, c_char_p, c_uint16, wc_done_fn, c_void_p, wc_free_fn, POINTER(wc_job)]),
    ("wc_pool_read", wc_status,
     [wc_pool, c_char_p, c_uint64, c_size_t, wc_done_fn, c_void_p, wc_free_fn, POINTER(wc_job)]),
    ("wc_conn_options_init", wc_status, [POINTER(wc_conn_options), c_size_t]),
    ("wc_conn_send", wc_status, [wc_conn, c_void_p, c_size_t]),
    ("wc_conn_send_frame", wc_status, [wc_conn, c_void_p, c_size_t]),
    ("wc_conn_send_async", wc_status, [wc_conn, c_void_p, c_size_t]),
    ("wc_conn_shutdown", wc_status, [wc_conn]),
    ("wc_conn_close", wc_status, [wc_conn, c_int32]),
    ("wc_conn_close_async", wc_status, [wc_conn, c_int32]),
    ("wc_conn_pause", wc_status, [wc_conn]),
    ("wc_conn_resume", wc_status, [wc_conn]),
    ("wc_conn_keep", wc_status, [wc_conn, c_size_t]),
    ("wc_conn_set_framing", wc_status, [wc_conn, c_int32, c_int32, c_uint32, c_size_t]),
    ("wc_conn_queued", wc_status, [wc_conn, POINTER(c_size_t)]),
    ("wc_conn_state", wc_status, [wc_conn, POINTER(c_int32)]),
    ("wc_state_name", c_char_p, [c_int32]),
    ("wc_conn_set_user", wc_status, [wc_conn, c_void_p, wc_free_fn]),
    ("wc_conn_user", wc_status, [wc_conn, POINTER(c_void_p)]),
    ("wc_conn_listener", wc_status, [wc_conn, POINTER(wc_listener)]),
    ("wc_conn_set_idle", wc_status, [wc_conn, c_uint32]),
    ("wc_conn_peer", wc_status, [wc_conn, POINTER(c_char), c_size_t, POINTER(c_uint16)]),
    ("wc_conn_local", wc_status, [wc_conn, POINTER(c_char), c_size_t, POINTER(c_uint16)]),
    ("wc_listen_options_init", wc_status, [POINTER(wc_listen_options), c_size_t]),
    ("wc_listen", wc_status,
     [wc_loop, POINTER(wc_listen_options), POINTER(wc_conn_options), POINTER(wc_conn_callbacks),
      c_void_p, wc_free_fn, POINTER(wc_listener)]),
    ("wc_listener_port", wc_status, [wc_listener, POINTER(c_uint16)]),
    ("wc_listener_address", wc_status, [wc_listener, POINTER(c_char), c_size_t, POINTER(c_uint16)]),
    ("wc_listener_close", wc_status, [wc_listener]),
    ("wc_listener_pause", wc_status, [wc_listener]),
    ("wc_listener_resume", wc_status, [wc_listener]),
    ("wc_connect_options_init", wc_status, [POINTER(wc_connect_options), c_size_t]),
    ("wc_connect", wc_status,
     [wc_loop, POINTER(wc_connect_options), POINTER(wc_conn_options), POINTER(wc_conn_callbacks),
      c_void_p, wc_free_fn, POINTER(wc_conn)]),
    ("wc_child_options_init", wc_status, [POINTER(wc_child_options), c_size_t]),
    ("wc_child_stdio_init", wc_status, [POINTER(wc_child_stdio), c_size_t]),
    ("wc_child_spawn", wc_status,
     [wc_loop, POINTER(wc_child_options), wc_exit_fn, c_void_p, wc_free_fn, POINTER(wc_child)]),
    ("wc_child_kill", wc_status, [wc_child, c_int32]),
    ("wc_child_stop", wc_status, [wc_child, c_uint32]),
    ("wc_child_pid", wc_status, [wc_child, POINTER(c_int32)]),
    ("wc_child_stream", wc_status, [wc_child, c_int32, POINTER(wc_conn)]),
    ("wc_child_get_usage", wc_status, [wc_child, POINTER(wc_child_usage)]),
    ("wc_http_options_init", wc_status, [POINTER(wc_http_options), c_size_t]),
    ("wc_http_listen", wc_status,
     [wc_loop, POINTER(wc_listen_options), POINTER(wc_conn_options), POINTER(wc_http_options),
      POINTER(wc_http_callbacks), c_void_p, wc_free_fn, POINTER(wc_listener)]),
    ("wc_request_method", wc_status, [wc_request, POINTER(wc_str)]),
    ("wc_request_target", wc_status, [wc_request, POINTER(wc_str)]),
    ("wc_request_path", wc_status, [wc_request, POINTER(wc_str)]),
    ("wc_request_query", wc_status, [wc_request, POINTER(wc_str)]),
    ("wc_request_version", wc_status, [wc_request, POINTER(c_int32)]),
    ("wc_request_header", wc_status, [wc_request, c_void_p, c_size_t, POINTER(wc_str)]),
    ("wc_request_header_count", wc_status, [wc_request, POINTER(c_size_t)]),
    ("wc_request_header_at", wc_status, [wc_request, c_size_t, POINTER(wc_str), POINTER(wc_str)]),
    ("wc_request_body", wc_status, [wc_request, POINTER(wc_str)]),
    ("wc_request_conn", wc_status, [wc_request, POINTER(wc_conn)]),
    ("wc_request_set_user", wc_status, [wc_request, c_void_p, wc_free_fn]),
    ("wc_request_user", wc_status, [wc_request, POINTER(c_void_p)]),
    ("wc_request_respond", wc_status,
     [wc_request, c_int32, POINTER(wc_header), c_size_t, c_void_p, c_size_t]),
    ("wc_request_respond_async", wc_status,
     [wc_request, c_int32, POINTER(wc_header), c_size_t, c_void_p, c_size_t]),
    ("wc_request_begin", wc_status, [wc_request, c_int32, POINTER(wc_header), c_size_t, c_int64]),
    ("wc_request_write", wc_status, [wc_request, c_void_p, c_size_t]),
    ("wc_request_finish", wc_status, [wc_request]),
    ("wc_request_abort", wc_status, [wc_request]),
    ("wc_http_parser_new", wc_status, [POINTER(wc_http_options), POINTER(POINTER(wc_http_parser))]),
    ("wc_http_parser_free", None, [POINTER(wc_http_parser)]),
    ("wc_http_parser_next", wc_status,
     [POINTER(wc_http_parser), c_void_p, c_size_t, c_int32, POINTER(c_size_t),
      POINTER(wc_http_item)]),
    ("wc_http_parser_head", wc_status, [POINTER(wc_http_parser), POINTER(wc_http_head)]),
    ("wc_http_parser_header_at", wc_status,
     [POINTER(wc_http_parser), c_size_t, POINTER(wc_str), POINTER(wc_str)]),
    ("wc_http_parser_fault", wc_status, [POINTER(wc_http_parser), POINTER(wc_http_fault)]),
    ("wc_http_reason_name", c_char_p, [c_int32]),
    ("wc_http_reason_text", c_char_p, [c_int32]),
]


def declare(library: CDLL) -> None:
    """Gives every function of the library its types; AttributeError if it lacks one."""
    for name, result, parameters in PROTOTYPES:
        function = getattr(library, name)
        function.restype = result
        function.argtypes = parameters

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* webcore.h: the C API of webcore. Generated from src/ffi; `make header` writes it anew. */
#ifndef WEBCORE_H
#define WEBCORE_H

#include <stddef.h>
#include <stdint.h>

#ifndef WC_API
#  if defined(_WIN32) && !defined(WC_STATIC)
#    define WC_API __declspec(dllimport)
#  elif defined(__GNUC__) && __GNUC__ >= 4
#    define WC_API __attribute__((visibility("default")))
#  else
#    define WC_API
#  endif
#endif
#ifndef WC_MUST_USE
#  if defined(__GNUC__) && __GNUC__ >= 4
#    define WC_MUST_USE __attribute__((warn_unused_result))
#  else
#    define WC_MUST_USE
#  endif
#endif
#ifndef WC_DEPRECATED
#  if defined(__GNUC__) && (__GNUC__ > 4 || (__GNUC__ == 4 && __GNUC_MINOR__ >= 5))
#    define WC_DEPRECATED(why) __attribute__((deprecated(why)))
#  else
#    define WC_DEPRECATED(why)
#  endif
#endif

#ifdef __cplusplus
extern "C" {
#endif
/** The version of this header; wc_version() is that of the library. */
#define WC_VERSION_MAJOR 0
#define WC_VERSION_MINOR 1
#define WC_VERSION_PATCH 0
#define WC_VERSION "0.1.0"

/** As a length that is handed in: up to the NUL. */
#define WC_NTS ((size_t)-1)

/* ---- types ---- */

/**
 * The size of a text that is big enough for every IP address with its zone and the NUL.
 */
#define WC_ADDRESS_MAX 64

/** As a timeout: without end. */
#define WC_FOREVER (-1)

/**
 * An outcome: 0 is WC_OK, a positive number is information, a negative one is an error WC_E_...
 */
typedef int32_t wc_status;

/**
 * An event loop. Handles are names, not pointers: 0 is none, and a handle that has outlived its
 * object is answered with WC_E_GONE, never with undefined behaviour.
 */
typedef uint64_t wc_loop;

/** A watcher of a descriptor; 0 is none. */
typedef uint64_t wc_watch;

/** A watcher of a signal; 0 is none. */
typedef uint64_t wc_signal;

/** A child process; 0 is none. */
typedef uint64_t wc_child;

/** A pool of threads; 0 is none. */
typedef uint64_t wc_pool;

/** A job of a pool; 0 is none. */
typedef uint64_t wc_job;

/** A post that is sent from any thread; 0 is none. */
typedef uint64_t wc_post;

/** A timer of a loop; 0 is none. */
typedef uint64_t wc_timer;

/** A listening socket; 0 is none. */
typedef uint64_t wc_listener;

/** A connection; 0 is none. */
typedef uint64_t wc_conn;

/** An HTTP request that waits for its answer; 0 is none. */
typedef uint64_t wc_request;

/**
 * Bytes that the library lends. There is no promise of a NUL behind them. Each function that hands
 * one out says how long the bytes stand.
 */
typedef struct wc_str {
    /** The first byte; null only if len is 0. */
    const char *ptr;
    /** How many bytes. */
    size_t len;
} wc_str;

/** One header field that the caller hands in; a length may be WC_NTS. */
typedef struct wc_header {
    /** The name's first byte. */
    const char *name;
    /** How many bytes the name has. */
    size_t name_len;
    /** The value's first byte. */
    const char *value;
    /** How many bytes the value has. */
    size_t value_len;
} wc_header;

/**
 * Gives the user's data back to the user: called exactly once, after the last callback that gets
 * the same user pointer, also when the call that took the pointer failed. May be null.
 */
typedef void (*wc_free_fn)(void *user);

/* ---- status ---- */

/** It was done. */
#define WC_OK 0

/**
 * Accepted, but the output queue is above its high water: exactly one on_drain follows.
 */
#define WC_FULL 1

/** Nothing to report: the time is up, or more input is needed. */
#define WC_NONE 2

/** wc_loop_stop was called: the loop hands out nothing more until it is asked again. */
#define WC_STOPPED 3

/** An argument is not acceptable: null, out of range, or contradicting another. */
#define WC_E_INVAL (-1)

/** The object of this handle has ended. */
#define WC_E_GONE (-2)

/** This is no handle, or a handle of another kind of object. */
#define WC_E_BADHANDLE (-3)

/** The object is not in a state in which this can be done. */
#define WC_E_STATE (-4)

/** The loop belongs to another thread. */
#define WC_E_THREAD (-5)

/** The loop was made before fork(2), by the parent process. */
#define WC_E_FORKED (-6)

/** The loop is running already, further up on this very stack. */
#define WC_E_REENTRANT (-7)

/** A named limit is reached; nothing was accepted. */
#define WC_E_LIMIT (-8)

/**
 * The struct comes from another version: its size is unknown, or fields unknown here are
 * set.
 */
#define WC_E_VERSION (-9)

/** The program took it back before it was done. */
#define WC_E_CANCELLED (-10)

/** The operating system refused; wc_loop_os_error has its number. */
#define WC_E_OS (-50)

/** There is no such backend on this machine, or it cannot do it. */
#define WC_E_BACKEND (-51)

/** Out of memory. */
#define WC_E_NOMEM (-52)

/** Out of file descriptors, in this process or in the system. */
#define WC_E_NOFILES (-53)

/** The address is not one: it cannot be read, or is not of this machine. */
#define WC_E_ADDRESS (-54)

/** The address is in use, or the descriptor is watched already. */
#define WC_E_INUSE (-55)

/** The operating system denies the permission. */
#define WC_E_ACCESS (-56)

/** The connection could not be made: refused or unreachable. */
#define WC_E_CONNECT (-57)

/** The loop that owned the object was freed. */
#define WC_E_FREED (-58)

/** There is no file, program or host of that name. */
#define WC_E_NOTFOUND (-59)

/**
 * The system has no room for it now, or a name server did not answer: another try may do
 * better.
 */
#define WC_E_AGAIN (-60)

/** The peer reset the connection. */
#define WC_E_RESET (-80)

/** The peer ended its input in the middle of a message. */
#define WC_E_EOF (-81)

/** The peer sent a frame above the cap. */
#define WC_E_TOO_LONG (-82)

/** Nothing came from the peer for the idle time. */
#define WC_E_IDLE (-83)

/** The peer took nothing of the queued output for the stall time. */
#define WC_E_STALL (-84)

/** The peer broke HTTP; the reason code says how. */
#define WC_E_HTTP (-85)

/** A deadline passed. */
#define WC_E_TIMEOUT (-86)

/** The request target cannot be decoded to a path below the root. */
#define WC_E_PATH (-87)

/** A defect in the library; the loop is poisoned and can only be freed. */
#define WC_E_PANIC (-99)

/** A line ends in LF without CR. */
#define WC_H_BARE_LF 1

/** A CR is not followed by LF. */
#define WC_H_BARE_CR 2

/** A control byte stands outside a body. */
#define WC_H_CONTROL 3

/** Too many empty lines stand before the request line. */
#define WC_H_EMPTY_LINES 4

/** The request line begins with a space. */
#define WC_H_METHOD_EMPTY 5

/** The method holds a byte that no token may hold. */
#define WC_H_METHOD_BYTE 6

/** The method is too long. */
#define WC_H_METHOD_LONG 7

/** Two spaces follow the method. */
#define WC_H_TARGET_EMPTY 8

/** The request target holds a byte that is not ASCII. */
#define WC_H_TARGET_BYTE 9

/** The request target holds a fragment. */
#define WC_H_TARGET_FRAGMENT 10

/** The request target has no form that its method allows. */
#define WC_H_TARGET_FORM 11

/** The scheme of the request target is neither http nor https. */
#define WC_H_TARGET_SCHEME 12

/** The authority in the request target is not a host and port. */
#define WC_H_TARGET_AUTHORITY 13

/** The request line ends before the version, as in HTTP/0.9. */
#define WC_H_NO_VERSION 14

/** The request line does not end in a version and nothing else. */
#define WC_H_VERSION_SYNTAX 15

/** The major version is not 1. */
#define WC_H_VERSION_MAJOR 16

/** The request line is too long. */
#define WC_H_REQUEST_LINE_LONG 17

/** White space stands before the first field. */
#define WC_H_FIELD_BLANK 18

/** A field goes on in the next line (obs-fold). */
#define WC_H_FIELD_FOLD 19

/** A field line begins with its colon. */
#define WC_H_FIELD_NO_NAME 20

/** White space stands between a field name and its colon. */
#define WC_H_FIELD_NAME_BLANK 21

/** A field name holds a byte that no token may hold. */
#define WC_H_FIELD_NAME_BYTE 22

/** A field line has no colon. */
#define WC_H_FIELD_NO_COLON 23

/** A field line is too long. */
#define WC_H_FIELD_LONG 24

/** The head has too many fields. */
#define WC_H_FIELDS_MANY 25

/** The head is too long. */
#define WC_H_HEAD_LONG 26

/** An HTTP/1.1 request has no Host. */
#define WC_H_HOST_MISSING 27

/** The request has more than one Host. */
#define WC_H_HOST_TWICE 28

/** Host names no host. */
#define WC_H_HOST_EMPTY 29

/** Host is neither a name nor an address literal. */
#define WC_H_HOST_SYNTAX 30

/** The port in Host is not a number up to 65535. */
#define WC_H_HOST_PORT 31

/** Content-Length is not made of digits only. */
#define WC_H_LENGTH_SYNTAX 32

/** Content-Length is above 2^63-1. */
#define WC_H_LENGTH_RANGE 33

/** The request has more than one Content-Length. */
#define WC_H_LENGTH_TWICE 34

/** Transfer-Encoding is not a list of codings. */
#define WC_H_CODING_SYNTAX 35

/** Transfer-Encoding names a coding besides chunked. */
#define WC_H_CODING_UNKNOWN 36

/** The request has more than one Transfer-Encoding, or chunked twice. */
#define WC_H_CODING_TWICE 37

/** The last coding is not chunked, so the body has no end. */
#define WC_H_CODING_NOT_LAST 38

/** An HTTP/1.0 request has Transfer-Encoding. */
#define WC_H_CODING_VERSION 39

/** The request has Transfer-Encoding and Content-Length. */
#define WC_H_CODING_AND_LENGTH 40

/** Expect asks for something else than 100-continue. */
#define WC_H_EXPECTATION 41

/** The body is too long. */
#define WC_H_BODY_LONG 42

/** A chunk has no size. */
#define WC_H_CHUNK_SIZE_EMPTY 43

/** A chunk size holds something else than hexadecimal digits. */
#define WC_H_CHUNK_SIZE_BYTE 44

/** A chunk size has too many digits. */
#define WC_H_CHUNK_SIZE_LONG 45

/** A chunk size is above 2^63-1. */
#define WC_H_CHUNK_SIZE_RANGE 46

/** White space in a chunk line is not followed by an extension. */
#define WC_H_CHUNK_BLANK 47

/** A chunk extension is not a name with perhaps a value. */
#define WC_H_CHUNK_EXT_SYNTAX 48

/** The extensions of one chunk are too long. */
#define WC_H_CHUNK_EXT_LINE 49

/** The chunk extensions of a message are too long. */
#define WC_H_CHUNK_EXT_TOTAL 50

/** A chunk does not end where its size says. */
#define WC_H_CHUNK_END 51

/** The message has too many trailer fields. */
#define WC_H_TRAILER_FIELDS 52

/** The trailers are too long. */
#define WC_H_TRAILER_LONG 53

/** The server does not know the method. */
#define WC_H_METHOD_UNKNOWN 54

/** The head took too long. */
#define WC_H_HEAD_TIME 55

/** The body came too slowly. */
#define WC_H_BODY_TIME 56

/** The handler did not begin its answer in time. */
#define WC_H_ANSWER_TIME 57

/** The server has too many requests. */
#define WC_H_NO_ROOM 58

/**
 * The version of the library that is loaded, such as "0.1.0". Compare it with WC_VERSION, the
 * version of the header that the program was compiled with.
 *
 * [any thread]
 *
 * Returns: a NUL-terminated text that stands as long as the library is loaded; never null.
 */
WC_API
const char *wc_version(void);

/**
 * The name of a status, such as "WC_E_GONE".
 *
 * [any thread]
 *
 * @param status  any number
 *
 * Returns: a NUL-terminated text that stands as long as the library is loaded; never null.
 * For a number that is no status it is "WC_E_UNKNOWN".
 */
WC_API
const char *wc_status_name(wc_status status);

/**
 * One English sentence that says what a status means, for logs and for people.
 *
 * [any thread]
 *
 * @param status  any number
 *
 * Returns: a NUL-terminated text that stands as long as the library is loaded; never null.
 * For a number that is no status it says so.
 */
WC_API
const char *wc_status_text(wc_status status);

/* ---- stats ---- */

/** The backend can tell each arrival once: WC_EDGE has an effect. */
#define WC_FEATURE_EDGE 1

/**
 * The backend tells hang-ups and errors as such, to who neither reads nor writes, too. Without it
 * the next read or write tells: a connection that is paused hears of a reset when it goes on.
 */
#define WC_FEATURE_HANGUP 2

/** The backend has a descriptor that another loop can wait on. */
#define WC_FEATURE_DESCRIPTOR 4

/** What a loop has counted since it was made. Set size before the call. */
typedef struct wc_loop_stats {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** Waits for the kernel. */
    uint64_t turns;
    /** Kernel events taken. */
    uint64_t events;
    /** Of these, events for objects that were gone already. */
    uint64_t stale_events;
    /** Connections accepted or made. */
    uint64_t accepted;
    /** Connections ended. */
    uint64_t closed;
    /** Times that a listener paused. */
    uint64_t accept_pauses;
    /** Bytes received. */
    uint64_t bytes_received;
    /** Bytes sent. */
    uint64_t bytes_sent;
    /** HTTP requests begun. */
    uint64_t requests;
    /** Times that a timer fired. */
    uint64_t timers_fired;
    /** Jobs of other threads taken, and times that a wc_post was told. */
    uint64_t posts;
    /**
     * Of what other threads sent on connections and answered to requests, what could not go out:
     * the connection had ended, or its output, or HTTP was spoken on it, or the request was over.
     */
    uint64_t posts_dropped;
    /** Connections now. */
    uint32_t connections;
    /** Open listeners now. */
    uint32_t listeners;
    /** Timers now. */
    uint32_t timers;
    /** HTTP requests now. */
    uint32_t live_requests;
    /** Watchers of descriptors that live. */
    uint32_t watches;
    /** Watchers of signals that live. */
    uint32_t signals;
    /** Children that live. */
    uint32_t children;
    /** Pools of threads now. */
    uint32_t pools;
    /** Jobs of pools now. */
    uint32_t jobs;
    /** Posts made by wc_post_new now. */
    uint32_t post_objects;
    /** Waits that another thread or a signal handler ended. */
    uint64_t wakeups;
    /** Of timers_fired, those later than LATE_MS (docs/LIMITS.md) after their time. */
    uint64_t late_timers;
    /**
     * Callbacks, hooks and free_user functions called; 0 unless the loop measures or has a
     * watchdog, as the three below.
     */
    uint64_t callbacks;
    /** Nanoseconds in them. */
    uint64_t callback_ns;
    /** Nanoseconds in the longest of them. */
    uint64_t longest_callback_ns;
    /** Of callbacks, those that took slow_ms or longer. */
    uint64_t slow_callbacks;
    /** Transitions that the trace hook was not told, because too many were kept. */
    uint64_t transitions_dropped;
    /** Lines that the log hook was not told, for the same reason. */
    uint64_t lines_dropped;
} wc_loop_stats;

/**
 * How many backends this machine has.
 *
 * [any thread]
 *
 * Returns: at least 1.
 */
WC_API size_t wc_backend_count(void);

/**
 * The name of a backend, the preferred one first: "epoll", "kqueue", "poll", "select". Man pages:
 * epoll(7), kqueue(2), poll(2), select(2).
 *
 * [any thread]
 *
 * @param index  less than wc_backend_count()
 *
 * Returns: a text that stands as long as the library is loaded; null past the end.
 */
WC_API
const char *wc_backend_name(size_t index);

/**
 * What a backend can do that others cannot.
 *
 * [any thread]
 *
 * @param index  less than wc_backend_count()
 * @param bits   where a sum of WC_FEATURE_... is written
 *
 * Returns: WC_OK; WC_E_INVAL past the end, or for a null pointer.
 */
WC_API wc_status wc_backend_features(size_t index, uint32_t *bits);

/**
 * The time of the loop: that of the wait that returned last, in ms since the loop was made.
 *
 * [loop thread]
 *
 * @param loop_  the loop
 * @param ms     where it is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_now(wc_loop loop_,
                      uint64_t *ms);

/**
 * The time of the loop as it is now: the clock is read. What is due is decided by wc_loop_now all
 * the same.
 *
 * [loop thread]
 *
 * @param loop_  the loop
 * @param ms     where it is written, in ms since the loop was made
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_now_fresh(wc_loop loop_,
                            uint64_t *ms);

/**
 * The name of the loop's backend.
 *
 * [loop thread]
 *
 * @param loop_  the loop
 * @param name   where it is written; it stands as long as the library is loaded
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_backend(wc_loop loop_,
                          wc_str *name);

/**
 * The operating system's number (errno) of the last refusal in this loop; for logs.
 *
 * [loop thread]
 *
 * @param loop_   the loop
 * @param number  where it is written; 0 if there was none
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_os_error(wc_loop loop_,
                           int32_t *number);

/**
 * What the loop has counted.
 *
 * [loop thread]
 *
 * @param loop_  the loop
 * @param out    the counters, its size set by the caller
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_loop_get_stats(wc_loop loop_,
                            wc_loop_stats *out);

/* ---- event ---- */

/**
 * A connection is open. parent: its listener; the child that it is a stream of; or 0 if it was
 * made by wc_connect.
 */
#define WC_EVENT_OPEN 1

/**
 * Bytes came, or a line without its end, or a frame without its length: data and len.
 */
#define WC_EVENT_DATA 2

/**
 * A line is longer than max_frame: data and len are its start; the rest is skipped.
 */
#define WC_EVENT_TOO_LONG 3

/** The output queue fell to its low water after a WC_FULL. */
#define WC_EVENT_DRAIN 4

/**
 * The peer ended its input. Output can still be sent; close the connection when done.
 */
#define WC_EVENT_EOF 5

/**
 * Nothing came from the peer for the idle time. A new period has begun; close the connection, or
 * not.
 */
#define WC_EVENT_IDLE 6

/** A connection is over: status and os_error say why. Its last event. */
#define WC_EVENT_CLOSE 7

/** A timer fired. */
#define WC_EVENT_TIMER 8

/**
 * A job of another thread: wc_loop_dispatch runs it; if it is not run, its drop function is. Or a
 * post was sent: object is its handle then, else 0.
 */
#define WC_EVENT_POST 9

/**
 * A listener stopped accepting: status is WC_E_NOFILES, WC_E_NOMEM, WC_E_LIMIT or WC_E_OS.
 */
#define WC_EVENT_PAUSE 10

/** A listener accepts again. */
#define WC_EVENT_RESUME 11

/** A listener is over. Its last event. */
#define WC_EVENT_LISTENER_CLOSE 12

/**
 * A whole HTTP request came, with its body gathered. parent: its connection, as in all below.
 */
#define WC_EVENT_REQUEST 13

/** The head of an HTTP request came; its body follows in pieces. */
#define WC_EVENT_HEAD 14

/** A piece of a request's body: data and len. */
#define WC_EVENT_BODY 15

/** The end of a request's body. */
#define WC_EVENT_END 16

/**
 * The output queue of a request's connection fell to its low water after a WC_FULL.
 */
#define WC_EVENT_REQUEST_DRAIN 17

/** A request is over: status is WC_OK if it was answered whole. Its last event. */
#define WC_EVENT_REQUEST_CLOSE 18

/**
 * What a peer sent was refused, and answered by the library. object: the connection, which is
 * being closed; status: the reason, WC_H_...; os_error: the HTTP status of the answer.
 */
#define WC_EVENT_REJECT 19

/** A watched descriptor is ready. detail: for what, WC_READ and the like. */
#define WC_EVENT_WATCH 20

/**
 * A signal came. detail: its number; os_error: how often, since this was told last.
 */
#define WC_EVENT_SIGNAL 21

/**
 * A child has exited and its output has ended. detail: what it gave to exit(3), or -1; os_error:
 * the signal that ended it, or 0; status: WC_OK if it ended by itself. Its last event, after those
 * of its streams.
 */
#define WC_EVENT_CHILD_EXIT 22

/**
 * A job of a pool is done: status and os_error say how, data and len are what was read. parent:
 * its pool. Its only event.
 */
#define WC_EVENT_JOB 23

/** One event of the pull face. Set size to sizeof(wc_event) before the first call. */
typedef struct wc_event {
    /** Bytes of this struct as the caller knows it; set by the caller. */
    size_t size;
    /** What happened: WC_EVENT_... */
    int32_t kind;
    /** Why something ended or paused; else WC_OK. */
    wc_status status;
    /** The operating system's number for that, or 0; for logs. */
    int32_t os_error;
    /** More of what happened, where the kind says so, else 0. */
    int32_t detail;
    /** The handle of what it happened to; 0 for a job of wc_loop_post. */
    uint64_t object;
    /** The handle of what that belongs to, where the kind says so, else 0. */
    uint64_t parent;
    /** The bytes, or null. They stand until the next wc_loop_next on this loop. */
    const char *data;
    /** How many bytes. */
    size_t len;
    /** The user pointer that a callback would get. */
    void *user;
} wc_event;

/**
 * The name of a kind of event, such as "WC_EVENT_TIMER".
 *
 * [any thread]
 *
 * @param kind  any number
 *
 * Returns: a NUL-terminated text that stands as long as the library is loaded; never null. For a
 * number that is no kind it is "unknown", for 0 "none".
 */
WC_API
const char *wc_event_name(int32_t kind);

/* ---- loop ---- */

/**
 * How a loop is made. Fill it with wc_loop_options_init, then change what you want.
 */
typedef struct wc_loop_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /**
     * The backend by its exact name, "auto" for the preferred one of this machine, or null: the
     * one that the environment variable WEBCORE_BACKEND names, else the preferred one.
     */
    const char *backend;
    /**
     * Most connections at a time, streams of children among them; 0: the default of
     * docs/LIMITS.md, which is less where the process may have few descriptors.
     */
    uint32_t max_connections;
    /**
     * Not 0: wc_loop_run goes on waiting though nothing is alive that could make an event, for
     * jobs that other threads will post.
     */
    uint32_t stay;
    /**
     * Not 0: the loop measures itself: histograms (wc_loop_get_histogram) and the time in
     * callbacks (wc_loop_get_stats). Costs two looks at the clock for each callback and one for
     * each turn.
     */
    uint32_t measure;
    /**
     * Callbacks that take so many ms or longer are counted and said to the log hook, and
     * wc_loop_busy names the one that runs; 0: none. wc_loop_set_watchdog can change it.
     */
    uint32_t slow_ms;
} wc_loop_options;

/** A job that runs on the loop's thread. */
typedef void (*wc_post_fn)(wc_loop loop_, void *user);

/**
 * Fills loop options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_loop_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_loop_options_init(wc_loop_options *options, size_t size);

/**
 * Makes a loop. It belongs to the calling thread: calls from others answer WC_E_THREAD, but for
 * the ones marked [any thread]. Free it with wc_loop_free.
 *
 * [any thread]
 *
 * @param options  how, or null for the defaults; copied
 * @param out      where the handle is written
 *
 * Returns: WC_OK; WC_E_INVAL for a null out; WC_E_VERSION; WC_E_BACKEND if there is no backend of
 * that name; WC_E_LIMIT if too many loops are alive; WC_E_NOFILES, WC_E_NOMEM or WC_E_OS if the
 * system refuses. See epoll_create(2), eventfd(2).
 */
WC_API
wc_status wc_loop_new(const wc_loop_options *options,
                      wc_loop *out);

/**
 * Runs the loop: waits, and calls back for what happens. It returns when wc_loop_stop is called,
 * and, unless the option stay is set, when nothing is alive any more that could make an event: no
 * listener, no connection, no timer, no watcher of a descriptor or a signal, no post of
 * wc_post_new, no job, no child.
 *
 * [loop thread] Not from a callback of the same loop.
 *
 * @param loop_  the loop
 *
 * Returns: WC_OK; WC_E_REENTRANT from a callback; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD,
 * WC_E_FORKED; WC_E_OS, WC_E_NOMEM if the system refuses to wait; WC_E_PANIC.
 */
WC_API
wc_status wc_loop_run(wc_loop loop_);

/**
 * Waits for the next event and hands it out instead of calling back. What the library does by
 * itself where a callback is null (closing after the end of input or the idle time) is the
 * program's to do, or wc_loop_dispatch's.
 *
 * [loop thread] Not from a callback of the same loop.
 *
 * @param loop_       the loop
 * @param timeout_ms  how long to wait at the longest; 0: not at all; WC_FOREVER: without end
 * @param out         the event, its size set; data in it stands until the next call
 *
 * Returns: WC_OK with an event; WC_NONE if the time is up, or if nothing is alive that could make
 * an event; WC_STOPPED after wc_loop_stop, once; WC_E_INVAL, WC_E_VERSION, and as wc_loop_run.
 */
WC_API
wc_status wc_loop_next(wc_loop loop_,
                       int32_t timeout_ms,
                       wc_event *out);

/**
 * Calls back for the event that wc_loop_next handed out last, as wc_loop_run would have; so a
 * program can handle some kinds of events itself and leave the rest to callbacks. For a second
 * call on the same event the callback is called again.
 *
 * [loop thread] Not from a callback of the same loop.
 *
 * @param loop_  the loop
 *
 * Returns: WC_OK; WC_E_REENTRANT, and as wc_loop_run.
 */
WC_API
wc_status wc_loop_dispatch(wc_loop loop_);

/**
 * Makes the loop ready to be waited for elsewhere: it is told what to wait on and for how long,
 * and the kernel what to look for. Wait then with poll(2), select(2) or a loop of another library
 * until the descriptor is readable or the time is up, and call wc_loop_step, which may find that
 * there is nothing. A call on anything of the loop may change what was answered: prepare again
 * before each wait.
 *
 * [loop thread] Not from a callback of the same loop.
 *
 * @param loop_       the loop
 * @param fd          where the descriptor is written; it is the loop's: wait for it, and do
 *                    nothing else with it
 * @param timeout_ms  where the time is written; 0: there is work now; -1: without end
 *
 * Returns: WC_OK; WC_E_BACKEND where the backend has no such descriptor: see WC_FEATURE_DESCRIPTOR
 * (the option backend "auto" takes one that has, whatever WEBCORE_BACKEND says);
 * WC_E_INVAL for null; WC_E_REENTRANT from a callback; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD,
 * WC_E_FORKED; WC_E_OS, WC_E_NOMEM if the system refuses; WC_E_PANIC. See epoll(7), kqueue(2).
 */
WC_API
wc_status wc_loop_prepare(wc_loop loop_,
                          int *fd,
                          int32_t *timeout_ms);

/**
 * Works one turn: waits until something happens, once, and calls back for all that did. For what
 * is there already it calls back without waiting. With 0 it does that and returns.
 *
 * [loop thread] Not from a callback of the same loop.
 *
 * @param loop_       the loop
 * @param timeout_ms  how long to wait at the longest; 0: not at all; WC_FOREVER: without end
 *
 * Returns: WC_OK, also if nothing happened; WC_NONE if nothing is alive any more that could make
 * an event, as ends wc_loop_run; WC_STOPPED after wc_loop_stop, once; and as wc_loop_run.
 */
WC_API
wc_status wc_loop_step(wc_loop loop_,
                       int32_t timeout_ms);

/**
 * Asks the loop to stop: wc_loop_run returns after the callback at hand, wc_loop_next answers
 * WC_STOPPED. Nothing is closed. If the loop is not running, the next run stops at once.
 *
 * [any thread] Also from a signal handler: it is async-signal-safe (signal-safety(7)).
 *
 * @param loop_  the loop
 *
 * Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_FORKED.
 */
WC_API
wc_status wc_loop_stop(wc_loop loop_);

/**
 * Ends what is open in order: closes the listeners, sends what is queued, lets requests that are
 * being answered end, calling back as wc_loop_run does, until no connection is left or the time is
 * up. What is then still open is left open: wc_loop_free ends it. The streams of children are
 * connections, too, and are closed; their processes are neither stopped nor waited for: where they
 * are to end in order, wc_child_stop them and run the loop until each on_exit has come, first.
 *
 * [loop thread] Not from a callback of the same loop.
 *
 * @param loop_        the loop
 * @param deadline_ms  how long at the longest
 *
 * Returns: WC_OK if all has ended; WC_NONE if the time is up; and as wc_loop_run.
 */
WC_API
wc_status wc_loop_drain(wc_loop loop_,
                        uint32_t deadline_ms);

/**
 * Frees a loop. Whatever lives in it ends: each object gets its last callback, with WC_E_FREED,
 * and each user pointer goes back, before this returns. Called from a callback of the loop, it is
 * done when wc_loop_run returns, which it does after that callback. Children that run are killed,
 * each with its group: SIGKILL, without a grace time.
 *
 * [loop thread]
 *
 * @param loop_  the loop; its handle and those of all its objects answer WC_E_GONE from then on
 *
 * Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED. A loop that answers
 * WC_E_PANIC can still be freed; its objects then end without a word.
 */
WC_API
wc_status wc_loop_free(wc_loop loop_);

/**
 * Gives the loop up, so that another thread can have it: the next thread that uses it owns it.
 *
 * [loop thread] Not from a callback of the same loop.
 *
 * @param loop_  the loop
 *
 * Returns: WC_OK; WC_E_REENTRANT; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_detach(wc_loop loop_);

/**
 * Has the loop's thread run a job. Jobs run in the order in which they were posted.
 *
 * [any thread] Not from a signal handler.
 *
 * @param loop_  the loop
 * @param run    the job
 * @param user   goes to the job; it is the job's from then on
 * @param drop   called with user instead of run, if the loop ends before the job ran, or the
 *               program pulled the event and did not dispatch it; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for a null run; WC_E_LIMIT if too many are queued; WC_E_BADHANDLE,
 * WC_E_GONE, WC_E_FORKED. With an error user stays the caller's: neither run nor drop is called.
 */
WC_API
wc_status wc_loop_post(wc_loop loop_,
                       wc_post_fn run,
                       void *user,
                       wc_free_fn drop);

/* ---- watchdog ---- */

/** Buckets of a histogram. */
#define WC_HISTOGRAM_BUCKETS 40

/** How long callbacks took. */
#define WC_HISTOGRAM_CALLBACK 1

/** How long turns took: from the end of a wait to the beginning of the next one. */
#define WC_HISTOGRAM_TURN 2

/**
 * How late timers were: between their time and their firing; alarms are not in it.
 */
#define WC_HISTOGRAM_LATENESS 3

/**
 * A callback took as long as slow_ms, or longer. kind: WC_EVENT_..., or 0 for a free_user
 * function; object: the handle that it was called with, or 0; ms: how long.
 */
typedef void (*wc_slow_fn)(wc_loop loop_,
                           int32_t kind,
                           uint64_t object,
                           uint32_t ms,
                           void *user);

/**
 * Has callbacks watched: each that takes `slow_ms` or longer is counted, said to the log hook, and
 * told to `on_slow` before the next callback; and wc_loop_busy names the one that runs. Costs two
 * looks at the clock for each callback. A hook that takes so long is counted, and told to none. In
 * the pull face what is watched is the time from one wc_loop_next to the next. A second call
 * replaces what the first one set.
 *
 * [loop thread]
 *
 * @param loop_      the loop
 * @param slow_ms    how long is long; 0: no watchdog
 * @param on_slow    the hook; may be null
 * @param user       goes to the hook
 * @param free_user  called once with user when the hook was replaced, or when the loop has ended;
 *                   also if this call fails, before it returns; may be null
 *
 * Returns: WC_OK; WC_E_LIMIT if too many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_set_watchdog(wc_loop loop_,
                               uint32_t slow_ms,
                               wc_slow_fn on_slow,
                               void *user,
                               wc_free_fn free_user);

/**
 * What callback a loop is in, and since when: for a thread that watches over loops. The loop tells
 * only with a watchdog (wc_loop_set_watchdog, or the options slow_ms and measure).
 *
 * [any thread]
 *
 * @param loop_   the loop
 * @param kind    where the kind of its event is written, WC_EVENT_...; 0 for a free_user function
 *                or a hook; may be null
 * @param object  where the handle is written that it was called with, or 0; may be null
 * @param ms      where it is written how long it has run so far; may be null
 *
 * Returns: WC_OK with a callback; WC_NONE if the loop is in none; WC_E_STATE if it does not tell;
 * WC_E_BADHANDLE, WC_E_GONE, WC_E_FORKED.
 */
WC_API
wc_status wc_loop_busy(wc_loop loop_,
                       int32_t *kind,
                       uint64_t *object,
                       uint64_t *ms);

/**
 * A histogram of a loop that was made with the option measure. Bucket i counts what took 2^i
 * nanoseconds up to less than 2^(i+1), the first one also what took nothing, the last one also all
 * that took longer.
 *
 * [loop thread]
 *
 * @param loop_   the loop
 * @param which   WC_HISTOGRAM_...
 * @param counts  where WC_HISTOGRAM_BUCKETS counts are written
 * @param room    how many counts have room there
 *
 * Returns: WC_OK; WC_E_INVAL for another histogram, null counts, or too little room; WC_E_STATE if
 * the loop does not measure; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_get_histogram(wc_loop loop_,
                                int which,
                                uint64_t *counts,
                                size_t room);

/* ---- trace ---- */

/**
 * A change of state. The texts are the names in docs/STATES.md; they stand as long as the library
 * is loaded, the struct until the hook returns.
 */
typedef struct wc_transition {
    /** Bytes of this struct as the library knows it. */
    size_t size;
    /** The time of the loop, in ms. */
    uint64_t time_ms;
    /** Whose state changed. */
    uint64_t object;
    /** The machine: "connection", "listener", "child" or "end of a child". */
    const char *machine;
    /** The state that it was in. */
    const char *state;
    /** What happened to it. */
    const char *input;
    /** The state that it is in. */
    const char *next;
} wc_transition;

/** A machine has changed its state. */
typedef void (*wc_trace_fn)(const struct wc_transition *transition, void *user);

/**
 * Has each change of state of the loop's connections, listeners and children told to a hook:
 * between two callbacks, in the order in which they happened, at the latest before the loop waits;
 * what an event has changed is told after its callback. Between two callbacks at most TRACES
 * (docs/LIMITS.md) are kept; more are counted in the loop's stats. What happened before this call
 * is not told. Without a hook nothing is kept. A second call replaces what the first one set.
 *
 * [loop thread]
 *
 * @param loop_          the loop
 * @param on_transition  the hook; null: none. It may call whatever a callback may.
 * @param user           goes to the hook
 * @param free_user      called once with user when the hook was replaced, or when the loop has
 *                       ended; also if this call fails, before it returns; may be null
 *
 * Returns: WC_OK; WC_E_LIMIT if too many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_set_trace(wc_loop loop_,
                            wc_trace_fn on_transition,
                            void *user,
                            wc_free_fn free_user);

/* ---- log ---- */

/** No line. */
#define WC_LOG_NONE 0

/** The loop cannot go on. */
#define WC_LOG_ERROR 1

/**
 * Somebody is not served, or later than he should be: a listener that pauses, a callback that took
 * long, a descriptor that the kernel refuses to watch.
 */
#define WC_LOG_WARN 2

/** Worth knowing once: a listener that accepts again, a wall clock that was set. */
#define WC_LOG_INFO 3

/** For who looks for a defect: an event for an object that is gone. */
#define WC_LOG_DEBUG 4

/**
 * A line of a loop's log. The text stands as long as the library is loaded, the struct until the
 * hook returns.
 */
typedef struct wc_log_line {
    /** Bytes of this struct as the library knows it. */
    size_t size;
    /** The time of the loop, in ms. */
    uint64_t time_ms;
    /** The handle of what it is about, or 0. */
    uint64_t object;
    /** What happened, in English, NUL-terminated. */
    const char *text;
    /** A number that the text speaks of, or 0. */
    int64_t number;
    /** How much it matters: WC_LOG_... */
    int level;
    /** Why, or WC_OK. */
    wc_status status;
    /** The operating system's number for that, or 0. */
    int32_t os_error;
    /** Reserved; 0. */
    int32_t reserved;
} wc_log_line;

/** The library has something to say. */
typedef void (*wc_log_fn)(const struct wc_log_line *line, void *user);

/**
 * Has what the library would want to say told to a hook, before the next callback. Between two
 * callbacks at most LOGS lines (docs/LIMITS.md) are kept; more are counted in the loop's stats.
 * Without a hook nothing is kept, and nothing is ever printed. A second call replaces what the
 * first one set.
 *
 * [loop thread]
 *
 * @param loop_      the loop
 * @param level      lines of this level and of those that matter more: WC_LOG_...; WC_LOG_NONE: no
 *                   hook
 * @param on_line    the hook; null: none. It may call whatever a callback may.
 * @param user       goes to the hook
 * @param free_user  called once with user when the hook was replaced, or when the loop has ended;
 *                   also if this call fails, before it returns; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for another level; WC_E_LIMIT if too many user pointers wait to go
 * back; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_loop_set_log(wc_loop loop_,
                          int level,
                          wc_log_fn on_line,
                          void *user,
                          wc_free_fn free_user);

/* ---- watch ---- */

/**
 * A read will not wait: there is input, its end, an error, or a connection to accept.
 */
#define WC_READ 1

/** A write will not wait: there is room, or an error. */
#define WC_WRITE 2

/**
 * Tell each arrival once, where the backend can: read or write then until that would wait.
 */
#define WC_EDGE 8

/** Tell one event and then nothing until wc_watch_set is called again. */
#define WC_ONCE 16

/** The library closes the descriptor when the watcher ends. */
#define WC_ADOPT 32

/**
 * Told only, where the backend can (WC_FEATURE_HANGUP): the peer has ended its output, or both
 * directions are down. There may still be input to read.
 */
#define WC_HANGUP 64

/**
 * Told only, where the backend can: an error is pending, which the next read or write gives.
 */
#define WC_ERROR 128

/**
 * A watched descriptor is ready for what is in `ready`: WC_READ, WC_WRITE, WC_HANGUP, WC_ERROR. An
 * end or an error shows as the readiness that was asked for, too.
 */
typedef void (*wc_watch_fn)(wc_watch watch, uint32_t ready, void *user);

/**
 * Watches a descriptor: a socket, a pipe, a terminal, a FIFO, whatever can be waited for. What is
 * on disk is always ready, on every backend: each turn of the loop tells it. The descriptor should
 * be non-blocking; end the watcher before it is closed. Level-triggered unless WC_EDGE is given.
 *
 * [loop thread]
 *
 * @param loop_      the loop
 * @param fd         the descriptor; it stays the program's, unless WC_ADOPT is given: then it is
 *                   the library's from here on if this succeeds
 * @param bits       WC_READ, WC_WRITE, both or none, with WC_EDGE, WC_ONCE, WC_ADOPT
 * @param on_ready   the callback; may be null for a program that pulls events
 * @param user       goes to the callback
 * @param free_user  called once with user when the watcher has ended; also if this call fails,
 *                   before it returns; may be null
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for other bits; WC_E_BACKEND if WC_EDGE is not to be had (see
 * wc_backend_features); WC_E_INUSE if this loop watches the descriptor already; WC_E_NOFILES for
 * one that select(2) cannot hold; WC_E_OS if it is not open; WC_E_NOMEM; WC_E_LIMIT; WC_E_STATE
 * while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 * See epoll_ctl(2), kevent(2).
 */
WC_API
wc_status wc_watch_start(wc_loop loop_,
                         int fd,
                         uint32_t bits,
                         wc_watch_fn on_ready,
                         void *user,
                         wc_free_fn free_user,
                         wc_watch *out);

/**
 * Asks for something else from now on, or once more after WC_ONCE; also in the watcher's own
 * callback. What the kernel had told before and the program was not told yet is forgotten, and
 * told again if it still holds.
 *
 * [loop thread]
 *
 * @param watch  the watcher
 * @param bits   WC_READ, WC_WRITE, WC_EDGE, WC_ONCE; 0 pauses it
 *
 * Returns: WC_OK; WC_E_INVAL for other bits; WC_E_BACKEND; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD,
 * WC_E_FORKED, WC_E_PANIC. What the system refuses later is told as WC_ERROR.
 */
WC_API
wc_status wc_watch_set(wc_watch watch,
                       uint32_t bits);

/**
 * Ends a watcher: nothing more is told, also not what has happened already. The loop has forgotten
 * the descriptor before this returns; one that was adopted is closed. The user pointer goes back
 * before the next callback.
 *
 * [loop thread]
 *
 * @param watch  the watcher
 *
 * Returns: WC_OK; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_watch_stop(wc_watch watch);

/**
 * Ends a watcher, as wc_watch_stop does, and gives its descriptor to the program, open, also if it
 * was adopted.
 *
 * [loop thread]
 *
 * @param watch  the watcher
 * @param fd     where the descriptor is written
 *
 * Returns: WC_OK; WC_E_INVAL for a null fd; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_watch_release(wc_watch watch,
                           int *fd);

/**
 * The descriptor of a watcher.
 *
 * [loop thread]
 *
 * @param watch  the watcher
 * @param fd     where the descriptor is written; it stays where it was. -1 if the program closed
 *               it and its number went to a connection of this loop
 *
 * Returns: WC_OK; WC_E_INVAL for a null fd; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_watch_fd(wc_watch watch,
                      int *fd);

/* ---- signal ---- */

/**
 * A signal came, count times since this was called last. It is no signal handler: it runs on the
 * loop's thread, between other callbacks, and may call what they may call.
 */
typedef void (*wc_signal_fn)(wc_signal signal, int number, uint32_t count, void *user);

/**
 * Has a signal told as an event: of the process, or of the loop's thread. Several watchers, in
 * one loop or in several, are each told. Until the last of them ends the library handles the
 * signal; what it did before is then put back, unless the program has set something else
 * meanwhile. What it did before is not done in the meantime: SIGINT that is watched does not end
 * the process, and a handler of the program's does not run. A signal that the loop's thread
 * blocks is told all the same, and stays blocked. In a child of fork(2) each signal does what it
 * did before it was watched.
 *
 * A signal of the lower numbers that comes again before it was taken is one (signal(7)): count is
 * what the system delivered. A watcher keeps wc_loop_run from returning, as a timer does.
 *
 * [loop thread]
 *
 * @param loop_      the loop
 * @param number     SIGINT and the like
 * @param on_signal  the callback; may be null for a program that pulls events, or that wants a
 *                   signal (SIGPIPE) to do nothing
 * @param user       goes to the callback
 * @param free_user  called once with user when the watcher has ended; also if this call fails,
 *                   before it returns; may be null
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for what is no signal or cannot be put off: SIGKILL, SIGSTOP, SIGILL,
 * SIGBUS, SIGFPE, SIGSEGV; WC_E_NOFILES, WC_E_NOMEM or WC_E_OS if the system refuses; WC_E_LIMIT;
 * WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC. See sigaction(2), signalfd(2).
 */
WC_API
wc_status wc_signal_start(wc_loop loop_,
                          int number,
                          wc_signal_fn on_signal,
                          void *user,
                          wc_free_fn free_user,
                          wc_signal *out);

/**
 * Ends a watcher of a signal: nothing more is told, also not what came already. If it was the last
 * one of its number, the signal does again what it did before. The user pointer goes back before
 * the next callback.
 *
 * [loop thread]
 *
 * @param signal  the watcher
 *
 * Returns: WC_OK; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_signal_stop(wc_signal signal);

/* ---- timer ---- */

/**
 * Later firings keep their rate: each is a multiple of repeat_ms after the first; what was missed
 * is skipped.
 */
#define WC_REPEAT_RATE 0

/**
 * Later firings come repeat_ms after the callback of the one before has returned; in the pull
 * face, after the next event was asked for.
 */
#define WC_REPEAT_DELAY 1

/**
 * When a timer fires. Fill it with wc_timer_options_init, then change what you want. At most one
 * of the three times is not 0; without any the timer fires at once.
 */
typedef struct wc_timer_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** Ms from now. */
    uint64_t delay_ms;
    /** A time of the loop, as wc_loop_now gives it, in ms. */
    uint64_t at_ms;
    /** A date: ms since 1970-01-01 00:00 UTC by the wall clock, wherever that is set. */
    uint64_t unix_ms;
    /** Ms between later firings; 0: none. */
    uint32_t repeat_ms;
    /** How those are counted: WC_REPEAT_...; of an alarm WC_REPEAT_RATE. */
    int repeat_mode;
} wc_timer_options;

/** A timer fired. */
typedef void (*wc_timer_fn)(wc_timer timer, void *user);

/**
 * Fills timer options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_timer_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_timer_options_init(wc_timer_options *options, size_t size);

/**
 * Starts a timer. It fires at or after its time, never before; timers of the same millisecond fire
 * in the order in which they were started. A timer that does not repeat ends after it has fired,
 * unless its callback restarts it.
 *
 * [loop thread]
 *
 * @param loop_      the loop
 * @param delay_ms   ms from now until it fires
 * @param repeat_ms  ms between later firings, at a fixed rate (what was missed is skipped); 0:
 *                   none
 * @param on_fire    the callback; may be null for a program that pulls events
 * @param user       goes to the callback
 * @param free_user  called once with user when the timer has ended; also if this call fails,
 *                   before it returns; may be null
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for a misaligned out; WC_E_LIMIT; WC_E_STATE while the loop is being
 * freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_timer_start(wc_loop loop_,
                         uint32_t delay_ms,
                         uint32_t repeat_ms,
                         wc_timer_fn on_fire,
                         void *user,
                         wc_free_fn free_user,
                         wc_timer *out);

/**
 * Starts a timer, as wc_timer_start does, with all that can be said of it: a time of the loop or a
 * date instead of a delay, a fixed rate or a fixed delay.
 *
 * A timer that is due at a date is an alarm. It fires once the wall clock shows that date or a
 * later one, never before, also when the clock is set back meanwhile; when it is set forward the
 * alarm is prompt: at once on Linux (timerfd_create(2)), within ALARM_LOOK_MS (docs/LIMITS.md)
 * elsewhere. An alarm that repeats keeps to its dates, skips those that are past, and after a
 * clock was set back comes no later than a period from then.
 *
 * [loop thread]
 *
 * @param loop_      the loop
 * @param options    when and how often; copied
 * @param on_fire    the callback; may be null for a program that pulls events
 * @param user       goes to the callback
 * @param free_user  called once with user when the timer has ended; also if this call fails,
 *                   before it returns; may be null
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for null options, for more than one of delay_ms, at_ms and unix_ms,
 * for a mode that there is not, for a fixed delay of an alarm; WC_E_VERSION; WC_E_LIMIT;
 * WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_timer_schedule(wc_loop loop_,
                            const wc_timer_options *options,
                            wc_timer_fn on_fire,
                            void *user,
                            wc_free_fn free_user,
                            wc_timer *out);

/**
 * Sets a timer to fire anew, `delay_ms` from now; its repetition goes on from there. An alarm
 * counts them by the wall clock. Costs the same whatever the number of timers, but for alarms.
 *
 * [loop thread]
 *
 * @param timer     the timer; also one that is just firing
 * @param delay_ms  ms from now
 *
 * Returns: WC_OK; WC_E_GONE for one that has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_timer_restart(wc_timer timer,
                           uint32_t delay_ms);

/**
 * Ends a timer. It does not fire any more; its user pointer goes back before the next event.
 *
 * [loop thread]
 *
 * @param timer  the timer
 *
 * Returns: WC_OK; WC_E_GONE for one that has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_timer_cancel(wc_timer timer);

/**
 * When a timer fires next.
 *
 * [loop thread]
 *
 * @param timer  the timer
 * @param ms     where it is written: in ms of the loop's time, as wc_loop_now; of an alarm in ms
 *               since 1970-01-01 00:00 UTC
 *
 * Returns: WC_OK; WC_NONE within the callback of a timer that is not set again: one without
 * repetition, or with a fixed delay, which begins when the callback returns; WC_E_INVAL for a null
 * ms; WC_E_GONE for one that has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_timer_due(wc_timer timer,
                       uint64_t *ms);

/* ---- post ---- */

/** A post was sent, once or more often, since this was last called. */
typedef void (*wc_sent_fn)(wc_post post, void *user);

/**
 * Makes a post: a callback that any thread and any signal handler can have the loop make, by
 * wc_post_send. It keeps the loop running until it is freed, as a timer or a listener does.
 *
 * [loop thread]
 *
 * @param loop_      the loop
 * @param on_sent    the callback; may be null for a program that pulls events
 * @param user       goes to the callback
 * @param free_user  called once with user when the post has ended; also if this call fails, before
 *                   it returns; may be null
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for a misaligned out; WC_E_LIMIT if too many are alive; WC_E_STATE
 * while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_post_new(wc_loop loop_,
                      wc_sent_fn on_sent,
                      void *user,
                      wc_free_fn free_user,
                      wc_post *out);

/**
 * Has the loop call back. The callback begins after this at least once, and sees what was written
 * before; what is sent several times before it begins may be one call.
 *
 * [any thread] Also from a signal handler: it is async-signal-safe (signal-safety(7)).
 *
 * @param post  the post
 *
 * Returns: WC_OK; WC_E_GONE if it was freed, or its loop; WC_E_BADHANDLE, WC_E_FORKED.
 */
WC_API
wc_status wc_post_send(wc_post post);

/**
 * Ends a post. It is not told any more, also if it was sent; its user pointer goes back before the
 * next callback.
 *
 * [loop thread]
 *
 * @param post  the post
 *
 * Returns: WC_OK; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_post_free(wc_post post);

/* ---- job ---- */

/**
 * A job is done. Its only callback, on the loop's thread, never from within the call that
 * submitted or cancelled it. status: WC_OK, or why not; os_error: the system's number for that, or
 * 0; data and len: what wc_pool_read has read, else null and 0; they stand until it returns.
 */
typedef void (*wc_done_fn)(wc_job job,
                           wc_status status,
                           int32_t os_error,
                           const char *data,
                           size_t len,
                           void *user);

/**
 * Takes a job back that no thread has begun: it is done with WC_E_CANCELLED.
 *
 * [loop thread]
 *
 * @param job  the job
 *
 * Returns: WC_OK; WC_E_STATE if it runs, or is done and is to be told; WC_E_GONE once that was
 * told; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_job_cancel(wc_job job);

/**
 * An address that wc_pool_resolve has found: ask for 0, 1 and so on until the answer is WC_NONE.
 *
 * [loop thread] From on_done on until it returns; in the pull face, until the next event is asked
 * for.
 *
 * @param job       the job
 * @param index     which one, from 0; the system prefers the lower ones
 * @param text      where the address is written, with its NUL; an address of a link has the number
 *                  of its interface behind a '%'
 * @param capacity  bytes of room there; WC_ADDRESS_MAX is enough
 * @param port      where the port is written that was given; may be null
 *
 * Returns: WC_OK; WC_NONE if there are no more, or the job failed; WC_E_INVAL if the text does not
 * fit; WC_E_STATE if the job is not done, or is none of wc_pool_resolve; WC_E_BADHANDLE,
 * WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_job_address(wc_job job,
                         size_t index,
                         char *text,
                         size_t capacity,
                         uint16_t *port);

/* ---- pool ---- */

/**
 * How a pool is made. Fill it with wc_pool_options_init, then change what you want.
 */
typedef struct wc_pool_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** Bytes of a thread's stack, at the least. */
    size_t stack_bytes;
    /** How many threads; at least 1. */
    uint32_t threads;
    /** Jobs that the pool takes beside one for each thread; 0: none waits. */
    uint32_t queue;
} wc_pool_options;

/**
 * What a pool has counted since it was made, and how it stands. Set size before the call.
 */
typedef struct wc_pool_stats {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** Jobs taken in. */
    uint64_t submitted;
    /** Jobs that ran to their end, or needed no thread. */
    uint64_t done;
    /** Jobs cancelled. */
    uint64_t cancelled;
    /** Jobs refused because the pool was full. */
    uint64_t refused;
    /** Its threads. */
    uint32_t threads;
    /** Jobs that wait for a thread now. */
    uint32_t queued;
    /** Jobs that run now. */
    uint32_t running;
    /** Reserved; 0. */
    uint32_t reserved;
} wc_pool_stats;

/**
 * What a job does, on a thread of its pool, at the same time as the loop and other jobs. It may
 * call what is [any thread], and nothing else of the library. An exception of C++ that leaves it
 * ends the process by std::terminate; it may not be left by longjmp or pthread_exit.
 */
typedef void (*wc_work_fn)(void *user);

/**
 * Fills pool options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_pool_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_pool_options_init(wc_pool_options *options, size_t size);

/**
 * Makes a pool of threads, all of them at once. It belongs to its loop and ends with it. Signals
 * are blocked in its threads, but for those that a thread raises by what it does itself, such as
 * SIGSEGV. A pool whose jobs wait for long, such as for names of hosts, should not be the one that
 * others wait for: make one for each. A pool without jobs keeps no loop running.
 *
 * [loop thread]
 *
 * @param loop_    the loop
 * @param options  how; null: the defaults; copied
 * @param out      where the handle is written
 *
 * Returns: WC_OK; WC_E_INVAL for a null out or no thread; WC_E_VERSION; WC_E_LIMIT for more pools,
 * more threads, or a smaller or larger stack than docs/LIMITS.md says; WC_E_AGAIN or WC_E_NOMEM if
 * the system cannot make so many threads, and none is left then; WC_E_STATE while the loop is
 * being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See
 * pthread_create(3).
 */
WC_API
wc_status wc_pool_new(wc_loop loop_,
                      const wc_pool_options *options,
                      wc_pool *out);

/**
 * Frees a pool. Jobs that wait are done with WC_E_CANCELLED; those that run are not waited for:
 * each is told when it is done, and keeps the loop running until then. wc_loop_free does wait for
 * them.
 *
 * [loop thread]
 *
 * @param pool  the pool; its handle answers WC_E_GONE from then on
 *
 * Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_pool_free(wc_pool pool);

/**
 * What a pool has counted, and how it stands.
 *
 * [loop thread]
 *
 * @param pool  the pool
 * @param out   the counters, its size set by the caller
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_pool_get_stats(wc_pool pool,
                            wc_pool_stats *out);

/**
 * Has a pool do something. Jobs of one pool begin in the order in which they were submitted; with
 * one thread they also end in it.
 *
 * [loop thread]
 *
 * @param pool       the pool
 * @param work       is called with user on a thread of the pool
 * @param on_done    is called on the loop's thread when work has returned, with WC_OK, or with
 *                   WC_E_CANCELLED or WC_E_FREED if it was never called; may be null
 * @param user       goes to both
 * @param free_user  called once with user, on the loop's thread, after on_done; also if this call
 *                   fails, before it returns; may be null
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for a null work; WC_E_LIMIT if the pool is full; WC_E_BADHANDLE,
 * WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_pool_submit(wc_pool pool,
                         wc_work_fn work,
                         wc_done_fn on_done,
                         void *user,
                         wc_free_fn free_user,
                         wc_job *out);

/**
 * Has a pool ask for the addresses of a host, IPv4 and IPv6, which wc_job_address then gives in
 * the order in which the system prefers them. A numeric address is taken as it is, and "localhost"
 * and what ends with ".localhost" is 127.0.0.1 and then ::1: nobody is asked for these, and no
 * thread is needed. Others take as long as the system's resolver tries. The status is
 * WC_E_NOTFOUND if there is no such host or it has no address, WC_E_AGAIN if the name servers did
 * not answer, WC_E_OS or another one if the system refused; os_error is the number of
 * getaddrinfo(3) for it, for gai_strerror(3), or errno where that number is EAI_SYSTEM.
 *
 * [loop thread]
 *
 * @param pool       the pool
 * @param host       the host as the name system knows it; copied
 * @param port       is given back with each address
 * @param on_done    as for wc_pool_submit
 * @param user       goes to on_done
 * @param free_user  as for wc_pool_submit
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for a host that is null or empty; WC_E_LIMIT if the pool is full or
 * the host longer than a name can be; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_pool_resolve(wc_pool pool,
                          const char *host,
                          uint16_t port,
                          wc_done_fn on_done,
                          void *user,
                          wc_free_fn free_user,
                          wc_job *out);

/**
 * Has a pool read a file; on_done gets its bytes. Fewer than max_bytes are given only where the
 * file ends; none where offset is its end or behind it. The status is WC_E_NOTFOUND, WC_E_ACCESS,
 * WC_E_NOFILES or WC_E_NOMEM as the system says; WC_E_INVAL for what is no file on disk: a
 * directory (os_error EISDIR), or a FIFO, a socket or a device (ESPIPE), which is not opened; else
 * WC_E_OS.
 *
 * [loop thread]
 *
 * @param pool       the pool
 * @param path       the file; copied
 * @param offset     the first byte to read, from the file's start
 * @param max_bytes  how many at most
 * @param on_done    as for wc_pool_submit; the bytes are lent until it returns
 * @param user       goes to on_done
 * @param free_user  as for wc_pool_submit
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for a path that is null or empty; WC_E_LIMIT if the pool is full or
 * max_bytes more than docs/LIMITS.md says; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC. See open(2), pread(2).
 */
WC_API
wc_status wc_pool_read(wc_pool pool,
                       const char *path,
                       uint64_t offset,
                       size_t max_bytes,
                       wc_done_fn on_done,
                       void *user,
                       wc_free_fn free_user,
                       wc_job *out);

/* ---- conn_options ---- */

/** Input comes as it comes. */
#define WC_FRAMING_RAW 0

/** Input comes line by line; lines end in LF or CRLF. */
#define WC_FRAMING_LINE 1

/** Input comes frame by frame, each behind its length. */
#define WC_FRAMING_LENGTH 2

/** A length has its most significant byte first: network order. */
#define WC_ORDER_BIG 0

/** A length has its least significant byte first. */
#define WC_ORDER_LITTLE 1

/**
 * Close in order: send what is queued, end our output, wait a moment for the peer's end.
 */
#define WC_CLOSE_FLUSH 0

/** Close at once; what is queued is lost. */
#define WC_CLOSE_NOW 1

/** Close at once, with a reset to the peer. */
#define WC_CLOSE_RESET 2

/** Outbound, not made yet. */
#define WC_CONN_CONNECTING 0

/** Both directions are open. */
#define WC_CONN_OPEN 1

/** The peer has ended its input. */
#define WC_CONN_HALF_OPEN 2

/** Input is over; what is queued is being sent. */
#define WC_CONN_FLUSHING 3

/** All is sent; the peer's end is awaited. */
#define WC_CONN_LINGERING 4

/** It is over. */
#define WC_CONN_CLOSED 5

/**
 * What connections have in common. Fill it with wc_conn_options_init, then change what you want.
 */
typedef struct wc_conn_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** How input is cut: WC_FRAMING_... */
    int32_t framing;
    /** For WC_FRAMING_LENGTH: WC_ORDER_... */
    int32_t prefix_order;
    /** For WC_FRAMING_LENGTH: bytes of the length, 1 to 8. */
    uint32_t prefix_bytes;
    /** Bytes read from one connection in one turn at the most. */
    uint32_t read_budget;
    /** Longest line or frame, in bytes, without its end or length. */
    size_t max_frame;
    /** Queued output above which a write answers WC_FULL, in bytes. */
    size_t write_high;
    /** Queued output at which on_drain follows a WC_FULL, in bytes. */
    size_t write_low;
    /** Queued output that a write may not pass, in bytes. */
    size_t write_limit;
    /** ms without a byte from the peer until on_idle; 0: for ever. */
    uint32_t idle_ms;
    /**
     * ms in which the peer takes nothing of the queued output until the end with WC_E_STALL; 0:
     * for ever.
     */
    uint32_t stall_ms;
    /** ms to wait for the peer's end after ours; 0: not at all. */
    uint32_t linger_ms;
    /** Reserved; 0. */
    uint32_t reserved;
} wc_conn_options;

/**
 * The callbacks of connections; each may be null. Data stands until the callback returns.
 * Callbacks come on the loop's thread, never from within a call of the program, and on_close is
 * the last one.
 */
typedef struct wc_conn_callbacks {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** The connection is open. */
    void (*on_open)(wc_conn conn, void *user);
    /**
     * Bytes came; with a framing, one line without its end, or one frame without its length.
     */
    void (*on_data)(wc_conn conn, const char *data, size_t len, void *user);
    /**
     * A line is longer than max_frame: its first max_frame bytes; the rest of it is skipped.
     */
    void (*on_too_long)(wc_conn conn, const char *data, size_t len, void *user);
    /**
     * The output queue fell to its low water: once after each WC_FULL, unless the connection ends
     * before.
     */
    void (*on_drain)(wc_conn conn, void *user);
    /**
     * The peer ended its input; output can still be sent. Where it is null, the connection is
     * closed with WC_CLOSE_FLUSH.
     */
    void (*on_eof)(wc_conn conn, void *user);
    /**
     * Nothing came from the peer for the idle time; a new period begins. Where it is null, the
     * connection ends with WC_E_IDLE.
     */
    void (*on_idle)(wc_conn conn, void *user);
    /**
     * The connection is over: WC_OK if the program closed it or both ends ended in order. Its
     * handle answers WC_E_GONE once this returns. os_error is the system's number, or 0; for logs.
     */
    void (*on_close)(wc_conn conn, wc_status why, int32_t os_error, void *user);
} wc_conn_callbacks;

/**
 * Fills connection options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_conn_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_conn_options_init(wc_conn_options *options, size_t size);

/* ---- conn ---- */

/**
 * Queues bytes for the peer. What is queued in callbacks of one connection goes out in one piece
 * when they are over. Nothing is accepted in part.
 *
 * [loop thread] For other threads there is wc_conn_send_async.
 *
 * @param conn  the connection
 * @param data  the bytes; copied
 * @param len   how many, or WC_NTS for a NUL-terminated text
 *
 * Returns: WC_OK; WC_FULL: accepted, and above write_high, so exactly one on_drain follows, unless
 * the connection is closed or breaks before;
 * WC_E_LIMIT: refused whole, for it would pass write_limit; WC_E_STATE: the program has ended its
 * output, or HTTP is spoken on the connection; WC_E_RESET: the peer is gone, on_close will say so;
 * WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See send(2).
 */
WC_API
wc_status wc_conn_send(wc_conn conn,
                       const void *data,
                       size_t len);

/**
 * Queues one frame for the peer: with WC_FRAMING_LENGTH its length goes before it, with
 * WC_FRAMING_LINE a line feed behind it.
 *
 * [loop thread]
 *
 * @param conn  the connection
 * @param data  the payload; copied
 * @param len   how many bytes, or WC_NTS for a NUL-terminated text
 *
 * Returns: as wc_conn_send; WC_E_LIMIT also for a payload above max_frame or one whose length does
 * not fit the prefix; WC_E_INVAL also for a line with a line feed in it.
 */
WC_API
wc_status wc_conn_send_frame(wc_conn conn,
                             const void *data,
                             size_t len);

/**
 * Has the loop's thread queue bytes for the peer. If the connection has ended by then they are
 * dropped; its on_close has said so. So are they where wc_conn_send would answer WC_E_STATE by
 * then. Bytes that would pass write_limit end the connection with WC_E_LIMIT. What is dropped is
 * counted: posts_dropped of wc_loop_get_stats.
 *
 * [any thread] Not from a signal handler.
 *
 * @param conn  the connection
 * @param data  the bytes; copied
 * @param len   how many, or WC_NTS for a NUL-terminated text
 *
 * Returns: WC_OK; WC_E_LIMIT if too many jobs or bytes are queued; WC_E_INVAL; WC_E_BADHANDLE;
 * WC_E_GONE if its loop has ended; WC_E_FORKED.
 */
WC_API
wc_status wc_conn_send_async(wc_conn conn,
                             const void *data,
                             size_t len);

/**
 * Ends our output once what is queued is sent; the peer reads an end of input, and its own output
 * can still come. See shutdown(2).
 *
 * [loop thread]
 *
 * @param conn  the connection
 *
 * Returns: WC_OK; WC_E_STATE if it has ended already, or HTTP is spoken on it; WC_E_RESET;
 * WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_shutdown(wc_conn conn);

/**
 * Closes a connection. on_close follows later, never from within this call; no other callback of
 * the connection comes before it, also no on_drain that is owed.
 *
 * [loop thread] For other threads there is wc_conn_close_async.
 *
 * @param conn  the connection
 * @param how   WC_CLOSE_FLUSH, WC_CLOSE_NOW or WC_CLOSE_RESET
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_GONE if it is closed already; WC_E_BADHANDLE, WC_E_THREAD,
 * WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_close(wc_conn conn,
                        int32_t how);

/**
 * Has the loop's thread close a connection.
 *
 * [any thread] Not from a signal handler.
 *
 * @param conn  the connection
 * @param how   WC_CLOSE_FLUSH, WC_CLOSE_NOW or WC_CLOSE_RESET
 *
 * Returns: WC_OK; WC_E_LIMIT; WC_E_INVAL; WC_E_BADHANDLE; WC_E_GONE if its loop has ended;
 * WC_E_FORKED.
 */
WC_API
wc_status wc_conn_close_async(wc_conn conn,
                              int32_t how);

/**
 * Reads no more from the peer, and shows no more of what was read. The peer's own system stops it
 * when the buffers between are full. The idle time does not run.
 *
 * [loop thread]
 *
 * @param conn  the connection
 *
 * Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_pause(wc_conn conn);

/**
 * Reads again after wc_conn_pause; first comes what was read already.
 *
 * [loop thread]
 *
 * @param conn  the connection
 *
 * Returns: WC_OK, also if it was not paused; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_conn_resume(wc_conn conn);

/**
 * Keeps the end of what on_data shows: it is shown again, with what comes next behind it. For
 * programs that cut their input themselves.
 *
 * [loop thread] In on_data, or on the event WC_EVENT_DATA, of this connection.
 *
 * @param conn   the connection
 * @param count  bytes to keep, at most the len of the data
 *
 * Returns: WC_OK; WC_E_STATE if no raw data of this connection is shown, or less of it;
 * WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_keep(wc_conn conn,
                       size_t count);

/**
 * Cuts the input of a connection another way, from the bytes on that were not shown yet; so a
 * protocol can begin with lines and go on with frames.
 *
 * [loop thread]
 *
 * @param conn          the connection
 * @param framing       WC_FRAMING_...
 * @param prefix_order  for WC_FRAMING_LENGTH: WC_ORDER_...
 * @param prefix_bytes  for WC_FRAMING_LENGTH: bytes of the length, 1 to 8
 * @param max_frame     longest line or frame, in bytes
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_STATE if HTTP is spoken on it; WC_E_BADHANDLE, WC_E_GONE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_set_framing(wc_conn conn,
                              int32_t framing,
                              int32_t prefix_order,
                              uint32_t prefix_bytes,
                              size_t max_frame);

/**
 * How many bytes are queued for the peer.
 *
 * [loop thread]
 *
 * @param conn   the connection
 * @param bytes  where the number is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_queued(wc_conn conn,
                         size_t *bytes);

/**
 * Where a connection stands: WC_CONN_... The states are drawn in docs/STATES.md.
 *
 * [loop thread]
 *
 * @param conn   the connection
 * @param state  where the number is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_state(wc_conn conn,
                        int32_t *state);

/**
 * The name of a connection's state, such as "HalfOpen".
 *
 * [any thread]
 *
 * @param state  a number that wc_conn_state gave
 *
 * Returns: a text that stands as long as the library is loaded; never null.
 */
WC_API const char *wc_state_name(int32_t state);

/**
 * Gives a connection a user pointer of its own, which its callbacks get from now on.
 *
 * [loop thread]
 *
 * @param conn       the connection
 * @param user       the pointer; one set before goes back before the next event
 * @param free_user  called once with user after on_close, or when another is set; also if this
 *                   call fails, before it returns; may be null
 *
 * Returns: WC_OK; WC_E_STATE where HTTP is spoken: there wc_request_set_user is; WC_E_LIMIT if too
 * many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_conn_set_user(wc_conn conn,
                           void *user,
                           wc_free_fn free_user);

/**
 * The user pointer that the callbacks of a connection get.
 *
 * [loop thread]
 *
 * @param conn  the connection
 * @param user  where the pointer is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_user(wc_conn conn,
                       void **user);

/**
 * The listener that a connection came from.
 *
 * [loop thread]
 *
 * @param conn      the connection
 * @param listener  where the handle is written; 0 for a connection of wc_connect
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_conn_listener(wc_conn conn,
                           wc_listener *listener);

/**
 * Sets another idle time for one connection; a new period begins.
 *
 * [loop thread]
 *
 * @param conn  the connection
 * @param ms    the idle time; 0: none
 *
 * Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API wc_status wc_conn_set_idle(wc_conn conn, uint32_t ms);

/**
 * The address of the peer.
 *
 * [loop thread]
 *
 * @param conn      the connection
 * @param text      where the IP address is written as text, with a NUL
 * @param capacity  bytes of text; WC_ADDRESS_MAX is enough for every address
 * @param port      where the port is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL if the text does not fit; WC_E_RESET or WC_E_OS if the system does
 * not know it any more; WC_E_ADDRESS for a stream of a child, which has none; WC_E_BADHANDLE,
 * WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See getpeername(2).
 */
WC_API
wc_status wc_conn_peer(wc_conn conn,
                       char *text,
                       size_t capacity,
                       uint16_t *port);

/**
 * Our own address of a connection.
 *
 * [loop thread]
 *
 * @param conn      the connection
 * @param text      where the IP address is written as text, with a NUL
 * @param capacity  bytes of text; WC_ADDRESS_MAX is enough for every address
 * @param port      where the port is written; may be null
 *
 * Returns: as wc_conn_peer. See getsockname(2).
 */
WC_API wc_status wc_conn_local(wc_conn conn, char *text, size_t capacity, uint16_t *port);

/* ---- listener ---- */

/** The callbacks of a listener; each may be null. */
typedef struct wc_listener_callbacks {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /**
     * It stopped accepting: out of descriptors (WC_E_NOFILES) or memory (WC_E_NOMEM), which is
     * tried again after 5 to 1000 ms, or at its limit of connections (WC_E_LIMIT), until one of
     * them ends. Peers wait in the backlog meanwhile. os_error is the system's number, or 0; for
     * logs.
     */
    void (*on_pause)(wc_listener listener, wc_status why, int32_t os_error, void *user);
    /** It accepts again. */
    void (*on_resume)(wc_listener listener, void *user);
    /** It is over. Its connections go on, with the same user pointer. */
    void (*on_close)(wc_listener listener, wc_status why, void *user);
} wc_listener_callbacks;

/**
 * Where and how to listen. Fill it with wc_listen_options_init, then change what you want.
 */
typedef struct wc_listen_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /**
     * An IPv4 or IPv6 address as text, or "localhost" for 127.0.0.1; null: every address of this
     * machine, IPv4 and IPv6 with one socket.
     */
    const char *host;
    /** The port; 0: any free one, which wc_listener_port tells. */
    uint16_t port;
    /** Not 0: an IPv6 address takes no IPv4 peers. */
    uint16_t v6_only;
    /**
     * Connections that the system holds until they are accepted; it may clamp the number.
     */
    int32_t backlog;
    /** Most connections of this listener at a time; 0: the loop's. */
    uint32_t max_connections;
    /** Connections accepted in one turn at the most. */
    uint32_t accept_budget;
    /** Callbacks of the listener itself; copied; may be null. */
    const wc_listener_callbacks *events;
} wc_listen_options;

/**
 * Fills listen options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_listen_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_listen_options_init(wc_listen_options *options, size_t size);

/**
 * Listens for TCP connections. SO_REUSEADDR is set, so a restarted server gets its port at once;
 * sockets are non-blocking and close-on-exec, and send without delay (TCP_NODELAY).
 *
 * [loop thread]
 *
 * @param loop_         the loop
 * @param options       where; copied
 * @param conn_options  how its connections are; null: the defaults; copied
 * @param callbacks     of its connections; copied; null: none, for a program that pulls events
 * @param user          goes to the callbacks of the listener and of its connections
 * @param free_user     called once with user when the listener and all of its connections are
 *                      gone; also if this call fails, before it returns; may be null
 * @param out           where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_ADDRESS; WC_E_INUSE; WC_E_ACCESS; WC_E_LIMIT;
 * WC_E_NOFILES, WC_E_NOMEM, WC_E_OS; WC_E_STATE while the loop is being freed; WC_E_BADHANDLE,
 * WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See bind(2), listen(2).
 */
WC_API
wc_status wc_listen(wc_loop loop_,
                    const wc_listen_options *options,
                    const wc_conn_options *conn_options,
                    const wc_conn_callbacks *callbacks,
                    void *user,
                    wc_free_fn free_user,
                    wc_listener *out);

/**
 * The port that a listener really has.
 *
 * [loop thread]
 *
 * @param listener  the listener
 * @param port      where it is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_listener_port(wc_listener listener,
                           uint16_t *port);

/**
 * The address that a listener really has.
 *
 * [loop thread]
 *
 * @param listener  the listener
 * @param text      where the IP address is written as text, with a NUL
 * @param capacity  bytes of text; WC_ADDRESS_MAX is enough for every address
 * @param port      where the port is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL if the text does not fit; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD,
 * WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_listener_address(wc_listener listener,
                              char *text,
                              size_t capacity,
                              uint16_t *port);

/**
 * Closes a listener. Its port is free before the next event; on_close follows; its connections go
 * on.
 *
 * [loop thread]
 *
 * @param listener  the listener
 *
 * Returns: WC_OK; WC_E_GONE if it is closed already; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_listener_close(wc_listener listener);

/**
 * Accepts nothing more until wc_listener_resume; its connections go on. Peers wait in the backlog
 * meanwhile: the system still takes them in, as far as that goes. on_pause and on_resume do not
 * follow: they tell of shortages.
 *
 * [loop thread]
 *
 * @param listener  the listener
 *
 * Returns: WC_OK, also if it is paused already; WC_E_GONE if it is closed; WC_E_BADHANDLE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_listener_pause(wc_listener listener);

/**
 * Accepts again after wc_listener_pause, first those that have waited.
 *
 * [loop thread]
 *
 * @param listener  the listener
 *
 * Returns: WC_OK, also if the program has not paused it; WC_E_GONE if it is closed; WC_E_NOFILES,
 * WC_E_NOMEM, WC_E_OS if the system refuses, and it stays paused; WC_E_BADHANDLE, WC_E_THREAD,
 * WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_listener_resume(wc_listener listener);

/* ---- connect ---- */

/**
 * Where to connect to. Fill it with wc_connect_options_init, then change what you want.
 */
typedef struct wc_connect_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** An IPv4 or IPv6 address as text, or "localhost" for 127.0.0.1. */
    const char *host;
    /** The port. */
    uint16_t port;
    /** Reserved; 0. */
    uint16_t reserved;
    /**
     * ms for the connection to be made, else it ends with WC_E_TIMEOUT; 0: as long as the system
     * tries.
     */
    uint32_t timeout_ms;
} wc_connect_options;

/**
 * Fills connect options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_connect_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_connect_options_init(wc_connect_options *options, size_t size);

/**
 * Makes an outbound TCP connection. It begins as WC_CONN_CONNECTING; on_open comes when it is
 * made, on_close with WC_E_CONNECT or WC_E_TIMEOUT when it is not. Output can be queued at once.
 *
 * [loop thread]
 *
 * @param loop_         the loop
 * @param options       where to; copied
 * @param conn_options  how; null: the defaults; copied
 * @param callbacks     copied; null: none, for a program that pulls events
 * @param user          goes to the callbacks
 * @param free_user     called once with user after on_close; also if this call fails, before it
 *                      returns; may be null
 * @param out           where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_ADDRESS for a host that is no address;
 * WC_E_LIMIT; WC_E_CONNECT, WC_E_NOFILES, WC_E_NOMEM, WC_E_OS if the system refuses at once;
 * WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC. See connect(2).
 */
WC_API
wc_status wc_connect(wc_loop loop_,
                     const wc_connect_options *options,
                     const wc_conn_options *conn_options,
                     const wc_conn_callbacks *callbacks,
                     void *user,
                     wc_free_fn free_user,
                     wc_conn *out);

/* ---- child_options ---- */

/** The program's own descriptor, as it is. */
#define WC_STDIO_INHERIT 0

/** /dev/null: input that is empty, output that is dropped. */
#define WC_STDIO_NULL 1

/** Not open. */
#define WC_STDIO_CLOSED 2

/**
 * The file at `path`, opened by the program: read, or made anew, or with `append` written at its
 * end.
 */
#define WC_STDIO_FILE 3

/** A copy of the descriptor `fd`, which stays the program's. */
#define WC_STDIO_FD 4

/**
 * A connection of the loop: what is sent on it the child reads, what the child writes is its data.
 */
#define WC_STDIO_STREAM 5

/** For the error: where the output goes. */
#define WC_STDIO_SAME 6

/** The child's standard input. */
#define WC_CHILD_IN 0

/** The child's standard output. */
#define WC_CHILD_OUT 1

/** The child's standard error. */
#define WC_CHILD_ERR 2

/**
 * The child leads a process group of its own, which is signalled as a whole. Set by
 * wc_child_options_init.
 */
#define WC_CHILD_GROUP 1

/** The child leaves no file of its memory when it crashes. */
#define WC_CHILD_NO_CORE 2

/**
 * One of a child's standard descriptors. Fill it with wc_child_stdio_init, then change what you
 * want.
 */
typedef struct wc_child_stdio {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** What it is: WC_STDIO_... */
    int32_t kind;
    /** For WC_STDIO_FD. */
    int32_t fd;
    /** For WC_STDIO_FILE; relative to the program's working directory. */
    const char *path;
    /** For WC_STDIO_FILE as output or error: not 0 writes at the file's end. */
    uint32_t append;
    /** Reserved; 0. */
    uint32_t reserved;
    /**
     * For WC_STDIO_STREAM: null for the defaults of connections, but without idle_ms and stall_ms:
     * a child may think as long as wall_ms lets it.
     */
    const wc_conn_options *options;
    /** For WC_STDIO_STREAM: copied; null for a program that pulls events. */
    const wc_conn_callbacks *callbacks;
    /** For WC_STDIO_STREAM: goes to the callbacks. */
    void *user;
    /**
     * For WC_STDIO_STREAM: called once with user after on_close; also if wc_child_spawn fails,
     * before it returns; may be null.
     */
    wc_free_fn free_user;
} wc_child_stdio;

/**
 * How a child is started. Fill it with wc_child_options_init, then change what you want.
 */
typedef struct wc_child_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /**
     * What runs: a path, if it has a slash, relative to `directory`; else a name that is looked
     * for in the program's PATH.
     */
    const char *program;
    /**
     * Its arguments from argv[0] on, with a null behind the last; null: `program` alone.
     */
    const char *const *argv;
    /**
     * Its environment, "NAME=value" each, with a null behind the last; null: the program's own.
     */
    const char *const *env;
    /** Its working directory; null: the program's own. */
    const char *directory;
    /** Its standard input; null: WC_STDIO_NULL. */
    const wc_child_stdio *input;
    /** Its standard output; null: WC_STDIO_INHERIT. */
    const wc_child_stdio *output;
    /** Its standard error; null: WC_STDIO_INHERIT. */
    const wc_child_stdio *error;
    /** WC_CHILD_GROUP, WC_CHILD_NO_CORE. */
    uint32_t flags;
    /** ms until it is ended with WC_E_TIMEOUT; 0: it may run for ever. */
    uint32_t wall_ms;
    /** ms between SIGTERM and SIGKILL when wall_ms has passed; 0: SIGKILL at once. */
    uint32_t grace_ms;
    /**
     * ms after its exit in which somebody else may hold its output open; then its streams end with
     * WC_E_TIMEOUT. Time in which they are paused does not count. 0: for ever.
     */
    uint32_t output_ms;
    /**
     * Limit of CPU seconds, as are those below never above the program's own; 0: that. See
     * setrlimit(2).
     */
    uint32_t cpu_s;
    /** Limit of descriptors. */
    uint32_t files;
    /** Limit of memory, in bytes of address space. */
    uint64_t memory_bytes;
    /** Limit of a file that it writes, in bytes. */
    uint64_t file_bytes;
} wc_child_options;

/**
 * A child has exited and its output has ended, in either order, and on_close of its streams has
 * been called. code: what it gave to exit(3), or -1; signal: what ended it, or 0; why: WC_OK if it
 * ended by itself, WC_E_TIMEOUT if wall_ms had passed, WC_E_CANCELLED after wc_child_stop,
 * WC_E_FREED with its loop, WC_E_OS if how it ended is not known, because the program ignores
 * SIGCHLD or has waited for the child itself. Its handle answers WC_E_GONE once this returns.
 */
typedef void (*wc_exit_fn)(wc_child child,
                           int32_t code,
                           int32_t signal,
                           wc_status why,
                           void *user);

/**
 * What a child has used of the machine, with those of its own children that it waited for. Set
 * size before the call.
 */
typedef struct wc_child_usage {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** CPU time in its own code, in microseconds. */
    uint64_t user_us;
    /** CPU time in the system, in microseconds. */
    uint64_t system_us;
    /** The largest resident memory, in bytes. */
    uint64_t max_rss_bytes;
} wc_child_usage;

/**
 * Fills child options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_child_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_child_options_init(wc_child_options *options, size_t size);

/**
 * Fills one of a child's standard descriptors with the defaults: WC_STDIO_INHERIT.
 *
 * [any thread]
 *
 * @param stdio  the struct to fill
 * @param size   its size: sizeof(wc_child_stdio)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_child_stdio_init(wc_child_stdio *stdio, size_t size);

/* ---- child ---- */

/**
 * Starts a child process. When this returns WC_OK the program runs: what keeps it from being
 * started, in the child too, is an error of this call. The child has its three standard
 * descriptors and no other, whatever the program has open; its signals are neither blocked nor
 * ignored. Its end is told once, by on_exit, and leaves no zombie; the program must not wait for
 * it itself.
 *
 * [loop thread] It waits for the exec, which takes as long as the disk does.
 *
 * @param loop_      the loop
 * @param options    what runs, and how; copied, with all that it points to
 * @param on_exit    the callback; may be null for a program that pulls events
 * @param user       goes to the callback
 * @param free_user  called once with user after on_exit; also if this call fails, before it
 *                   returns; may be null
 * @param out        where the handle is written; may be null
 *
 * Returns: WC_OK; WC_E_INVAL for what contradicts itself or is missing; WC_E_VERSION;
 * WC_E_NOTFOUND if there is no such program, directory or file; WC_E_ACCESS if it may not be run
 * or opened; WC_E_LIMIT if too many children or connections are alive; WC_E_AGAIN for too many
 * processes; WC_E_NOFILES; WC_E_NOMEM; WC_E_OS for the rest (ENOEXEC for what is no program: see
 * wc_loop_os_error); WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See fork(2), execve(2).
 */
WC_API
wc_status wc_child_spawn(wc_loop loop_,
                         const wc_child_options *options,
                         wc_exit_fn on_exit,
                         void *user,
                         wc_free_fn free_user,
                         wc_child *out);

/**
 * Sends a signal to a child, or with WC_CHILD_GROUP to all of its group. What the child does of it
 * is its affair; to end it for certain there is wc_child_stop.
 *
 * [loop thread]
 *
 * @param child   the child
 * @param number  the signal: SIGHUP, ...
 *
 * Returns: WC_OK; WC_E_INVAL for a number that is no signal; WC_E_STATE if it has exited, or the
 * program has waited for it itself; WC_E_ACCESS if it may not be signalled; WC_E_GONE,
 * WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See kill(2).
 */
WC_API
wc_status wc_child_kill(wc_child child,
                        int32_t number);

/**
 * Ends a child, with its group: SIGTERM now, SIGKILL when the grace time is over. Whatever is left
 * of the group when the child itself has ended and its output, too, is killed. on_exit follows,
 * with WC_E_CANCELLED unless the child has exited before; where somebody outside of the group
 * holds its output open, that is after output_ms. Of several calls the shortest grace counts.
 *
 * [loop thread]
 *
 * @param child     the child
 * @param grace_ms  ms until SIGKILL; 0: SIGKILL at once
 *
 * Returns: WC_OK; WC_E_STATE if it is over and its last word not said yet; WC_E_GONE;
 * WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_child_stop(wc_child child,
                        uint32_t grace_ms);

/**
 * The process number of a child. Until on_exit is called it is no other process's.
 *
 * [loop thread]
 *
 * @param child  the child
 * @param pid    where the number is written
 *
 * Returns: WC_OK; WC_E_INVAL for a null pid; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
 * WC_E_PANIC.
 */
WC_API
wc_status wc_child_pid(wc_child child,
                       int32_t *pid);

/**
 * The connection that is one of a child's standard descriptors. All that can be done with a
 * connection can be done with it; nothing can be sent on an output. It ends when the child closes
 * its end, with WC_E_RESET if the child has left bytes unread.
 *
 * [loop thread]
 *
 * @param child  the child
 * @param which  WC_CHILD_IN, WC_CHILD_OUT or WC_CHILD_ERR
 * @param conn   where the handle is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_STATE if it is no stream; WC_E_GONE if the stream or the child
 * has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_child_stream(wc_child child,
                          int32_t which,
                          wc_conn *conn);

/**
 * What a child has used: known when on_exit is called, or its event is pulled.
 *
 * [loop thread]
 *
 * @param child  the child
 * @param out    where it is written, its size set by the caller
 *
 * Returns: WC_OK; WC_E_STATE if the child is not over, or how it ended is not known; WC_E_INVAL;
 * WC_E_VERSION; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See getrusage(2).
 */
WC_API
wc_status wc_child_get_usage(wc_child child,
                             wc_child_usage *out);

/* ---- http ---- */

/**
 * Limits and deadlines of an HTTP server, or of a parser. Fill it with wc_http_options_init, then
 * change what you want. Times of 0 are "none".
 */
typedef struct wc_http_options {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** Bytes of a request line; longer is answered with 414. */
    uint32_t max_request_line;
    /** Bytes of one field line; longer is answered with 431. */
    uint32_t max_field;
    /** Fields of a head; more are answered with 431. */
    uint32_t max_fields;
    /** Bytes of a head; longer is answered with 431. */
    uint32_t max_head;
    /**
     * Bytes of a body; longer is answered with 413. The largest number that an int64_t holds means
     * any.
     */
    uint64_t max_body;
    /** ms for the whole head, from its first byte; then 408. */
    uint32_t head_ms;
    /** ms of a body before its lowest rate is asked for. */
    uint32_t body_grace_ms;
    /** Lowest rate of a body in bytes per second; slower is answered with 408; 0: any. */
    uint32_t body_rate;
    /** ms between two requests of a connection; then it is closed. */
    uint32_t keep_ms;
    /** ms for the program to begin its answer once the request is whole; then 503. */
    uint32_t answer_ms;
    /** Reserved; 0. */
    uint32_t reserved;
} wc_http_options;

/**
 * The callbacks of HTTP requests; each may be null. Set either on_request, and a request is told
 * when it is whole, or on_head, on_body and on_end, and it is told as it comes. What accessors and
 * callbacks lend stands until the callback returns.
 */
typedef struct wc_http_callbacks {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** A whole request came; wc_request_body lends its body. Answer it now or later. */
    void (*on_request)(wc_request request, void *user);
    /**
     * The head of a request came. Where the client waits for 100 (Continue), it is sent when this
     * returns, unless the request is answered by then.
     */
    void (*on_head)(wc_request request, void *user);
    /** A piece of its body came. */
    void (*on_body)(wc_request request, const char *data, size_t len, void *user);
    /** Its body came to its end; also where there is none. */
    void (*on_end)(wc_request request, void *user);
    /**
     * The output queue fell to its low water while an answer is streamed: once after each WC_FULL.
     */
    void (*on_drain)(wc_request request, void *user);
    /**
     * The request is over: WC_OK if it was answered whole, else why not. Its handle answers
     * WC_E_GONE once this returns.
     */
    void (*on_close)(wc_request request, wc_status why, void *user);
    /**
     * What a peer sent was refused: the reason, WC_H_..., and the HTTP status that the library
     * answered. The connection is being closed.
     */
    void (*on_reject)(wc_conn conn, int32_t reason, int32_t http_status, void *user);
} wc_http_callbacks;

/**
 * Fills HTTP options with the defaults.
 *
 * [any thread]
 *
 * @param options  the struct to fill
 * @param size     its size: sizeof(wc_http_options)
 *
 * Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
 */
WC_API wc_status wc_http_options_init(wc_http_options *options, size_t size);

/**
 * Listens for HTTP/1.1 (RFC 9112). What breaks the protocol is answered by the library, strictly:
 * docs/ERRORS.md lists the reasons. Requests of a connection are served one after the other, and
 * answers that are given at once to requests that came together go out together.
 *
 * [loop thread]
 *
 * @param loop_         the loop
 * @param options       where; copied
 * @param conn_options  how its connections are; null: the defaults; copied; framing has to be
 *                      raw; idle_ms is not used, keep_ms is
 * @param http_options  limits and deadlines; null: the defaults; copied
 * @param callbacks     of its requests; copied; null: a program that pulls events, whole requests
 * @param user          goes to the callbacks of the listener and of its requests
 * @param free_user     called once with user when the listener and all of its connections are
 *                      gone; also if this call fails, before it returns; may be null
 * @param out           where the handle is written; may be null
 *
 * Returns: as wc_listen; WC_E_INVAL also for both on_request and on_head.
 */
WC_API
wc_status wc_http_listen(wc_loop loop_,
                         const wc_listen_options *options,
                         const wc_conn_options *conn_options,
                         const wc_http_options *http_options,
                         const wc_http_callbacks *callbacks,
                         void *user,
                         wc_free_fn free_user,
                         wc_listener *out);

/* ---- request ---- */

/**
 * The method, such as "GET".
 *
 * [loop thread]
 *
 * @param request  the request
 * @param out      where the text is written; it stands until the callback returns or the next
 *                 wc_loop_next
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_method(wc_request request,
                            wc_str *out);

/**
 * The request target as it came (RFC 9112 section 3.2).
 *
 * [loop thread]
 *
 * @param request  the request
 * @param out      where the text is written; it stands until the callback returns or the next
 *                 wc_loop_next
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_target(wc_request request,
                            wc_str *out);

/**
 * The path, percent-decoded once and without dot segments: it begins with '/' and never leads
 * above the root. It may hold any byte but NUL.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param out      where the text is written; it stands until the callback returns or the next
 *                 wc_loop_next
 *
 * Returns: WC_OK; WC_E_PATH if the target has no such path, which is best answered with 400;
 * WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See RFC 3986
 * section 5.2.4.
 */
WC_API
wc_status wc_request_path(wc_request request,
                          wc_str *out);

/**
 * What stands behind '?' in the target, as it came.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param out      where the text is written, empty if there is none; it stands until the callback
 *                 returns or the next wc_loop_next
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_query(wc_request request,
                           wc_str *out);

/**
 * The minor version of HTTP that the request is to be answered in: 0 or 1.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param minor    where the number is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_version(wc_request request,
                             int32_t *minor);

/**
 * The value of the first header field of a name; upper and lower case are the same.
 *
 * [loop thread]
 *
 * @param request   the request
 * @param name      the name
 * @param name_len  its bytes, or WC_NTS for a NUL-terminated text
 * @param out       where the value is written, empty if there is none; it stands until the
 *                  callback returns or the next wc_loop_next
 *
 * Returns: WC_OK; WC_NONE if there is no such field; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_header(wc_request request,
                            const char *name,
                            size_t name_len,
                            wc_str *out);

/**
 * How many header fields there are.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param count    where the number is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_header_count(wc_request request,
                                  size_t *count);

/**
 * A header field by its place, in the order in which they came.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param index    less than the count
 * @param name     where the name is written, as it came
 * @param value    where the value is written, without white space around it; both stand until the
 *                 callback returns or the next wc_loop_next
 *
 * Returns: WC_OK; WC_E_INVAL, also for an index past the end; WC_E_BADHANDLE, WC_E_GONE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_header_at(wc_request request,
                               size_t index,
                               wc_str *name,
                               wc_str *value);

/**
 * The body, where it is gathered: from on_request on, as long as the request lives.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param out      where the bytes are written, empty if there is no body or it is streamed; they
 *                 stand until the callback returns or the next wc_loop_next
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_body(wc_request request,
                          wc_str *out);

/**
 * The connection of a request: for its addresses, and to pause and resume its body.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param conn     where the handle is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_conn(wc_request request,
                          wc_conn *conn);

/**
 * Gives a request a user pointer of its own, which its callbacks get from now on.
 *
 * [loop thread]
 *
 * @param request    the request
 * @param user       the pointer; one set before goes back before the next event
 * @param free_user  called once with user after on_close, or when another is set; also if this
 *                   call fails, before it returns; may be null
 *
 * Returns: WC_OK; WC_E_LIMIT if too many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_set_user(wc_request request,
                              void *user,
                              wc_free_fn free_user);

/**
 * The user pointer that the callbacks of a request get.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param user     where the pointer is written
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_user(wc_request request,
                          void **user);

/* ---- answer ---- */

/** As the length of a streamed answer: it is not known before its end. */
#define WC_LENGTH_UNKNOWN (-1)

/**
 * Answers a request whole. Date, Content-Length and Connection are the library's; to HEAD, 204 and
 * 304 the body is left out. Can be called before the body of the request has come; what then comes
 * of it is dropped, up to a limit, else the connection ends.
 *
 * [loop thread] For other threads there is wc_request_respond_async.
 *
 * @param request  the request
 * @param status   200 to 599
 * @param headers  header fields; copied; may be null if count is 0; Connection, Content-Length,
 *                 Date, Keep-Alive and Transfer-Encoding are refused, as are names and values
 *                 that hold what HTTP does not allow there
 * @param count    how many
 * @param body     the body; copied
 * @param len      its bytes, or WC_NTS for a NUL-terminated text
 *
 * Returns: WC_OK; WC_FULL: accepted, and the output queue is above its high water; WC_E_INVAL;
 * WC_E_STATE if it is answered already; WC_E_LIMIT: refused whole, for it would pass write_limit;
 * WC_E_RESET; WC_E_GONE once the request is over, as when its client has gone; WC_E_BADHANDLE,
 * WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. With an error nothing was written. See RFC 9110 section
 * 15.
 */
WC_API
wc_status wc_request_respond(wc_request request,
                             int32_t status,
                             const wc_header *headers,
                             size_t count,
                             const void *body,
                             size_t len);

/**
 * Has the loop's thread answer a request whole. If the request is over by then the answer is
 * dropped; its on_close has said so. An answer that would pass write_limit ends the connection
 * with WC_E_LIMIT.
 *
 * [any thread] Not from a signal handler.
 *
 * @param request  the request
 * @param status   200 to 599
 * @param headers  header fields, as for wc_request_respond; copied
 * @param count    how many
 * @param body     the body; copied
 * @param len      its bytes, or WC_NTS for a NUL-terminated text
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_LIMIT if too many jobs or bytes are queued; WC_E_BADHANDLE;
 * WC_E_GONE if its loop has ended; WC_E_FORKED.
 */
WC_API
wc_status wc_request_respond_async(wc_request request,
                                   int32_t status,
                                   const wc_header *headers,
                                   size_t count,
                                   const void *body,
                                   size_t len);

/**
 * Begins an answer that is written piece by piece with wc_request_write and ended with
 * wc_request_finish.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param status   200 to 599
 * @param headers  header fields, as for wc_request_respond; copied
 * @param count    how many
 * @param length   bytes of the whole body, or WC_LENGTH_UNKNOWN: then it is sent in chunks, or,
 *                 to a client of HTTP/1.0, up to the end of the connection
 *
 * Returns: as wc_request_respond.
 */
WC_API
wc_status wc_request_begin(wc_request request,
                           int32_t status,
                           const wc_header *headers,
                           size_t count,
                           int64_t length);

/**
 * Writes a piece of the body of an answer that was begun. To HEAD, 204 and 304 it is accepted and
 * left out.
 *
 * [loop thread]
 *
 * @param request  the request
 * @param data     the piece; copied
 * @param len      its bytes, or WC_NTS for a NUL-terminated text
 *
 * Returns: WC_OK; WC_FULL: accepted, and above write_high, so exactly one on_drain follows,
 * unless the answer is finished before; WC_E_LIMIT: refused whole, for it would pass write_limit
 * or the length that was told; WC_E_STATE if the answer has not begun or has ended; WC_E_INVAL;
 * WC_E_RESET; WC_E_GONE, WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_write(wc_request request,
                           const void *data,
                           size_t len);

/**
 * Ends an answer that was begun.
 *
 * [loop thread]
 *
 * @param request  the request
 *
 * Returns: WC_OK or WC_FULL; WC_E_STATE if it has not begun, has ended, or owes bytes of the
 * length that was told; WC_E_LIMIT; WC_E_RESET; WC_E_GONE, WC_E_BADHANDLE, WC_E_THREAD,
 * WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_finish(wc_request request);

/**
 * Gives an answer up: what was written goes out, then the connection ends, which shows the client
 * that something is missing; where the end of the connection was to be the end of the answer, as
 * to HTTP/1.0 without a length, it is reset instead, and what is queued is lost. on_close follows.
 *
 * [loop thread]
 *
 * @param request  the request
 *
 * Returns: WC_OK; WC_E_STATE if the answer has ended; WC_E_GONE, WC_E_BADHANDLE, WC_E_THREAD,
 * WC_E_FORKED, WC_E_PANIC.
 */
WC_API
wc_status wc_request_abort(wc_request request);

/* ---- parser ---- */

/** A head is complete: wc_http_parser_head lends it. */
#define WC_HTTP_HEAD 1

/** A piece of a body, without its framing: data and len. */
#define WC_HTTP_BODY 2

/** A message is complete; the next one may follow. */
#define WC_HTTP_END 3

/** A parser of HTTP/1.1 requests. */
typedef struct wc_http_parser wc_http_parser;

/** What the parser found. Set size before the call. */
typedef struct wc_http_item {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** WC_HTTP_HEAD, WC_HTTP_BODY or WC_HTTP_END. */
    int32_t kind;
    /** Reserved; 0. */
    int32_t reserved;
    /** The piece of a body, in the caller's bytes, or null. */
    const char *data;
    /** Its bytes. */
    size_t len;
} wc_http_item;

/** The head of a request. Set size before the call. */
typedef struct wc_http_head {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** The method, in the caller's bytes. */
    wc_str method;
    /** The request target as it came, in the caller's bytes. */
    wc_str target;
    /** The minor version as it is to be understood: 0 or 1. */
    int32_t minor_version;
    /** Not 0: another request may follow on the connection. */
    int32_t keep_alive;
    /** Not 0: the body is chunked. */
    int32_t chunked;
    /** Not 0: the client may wait for 100 (Continue). */
    int32_t expect_continue;
    /** Content-Length, or -1 where there is none. */
    int64_t content_length;
    /** How many header fields there are. */
    size_t header_count;
} wc_http_head;

/** How the peer broke HTTP. Set size before the call. */
typedef struct wc_http_fault {
    /** Bytes of this struct as the caller knows it. */
    size_t size;
    /** WC_H_..., or 0 where the peer's end came in the middle of a message. */
    int32_t reason;
    /** The HTTP status to answer with, or 0 where there is nobody to answer to. */
    int32_t http_status;
    /** Where, in the bytes that were shown. */
    size_t at;
} wc_http_fault;

/**
 * Makes a parser of requests. It belongs to whoever uses it: one thread at a time.
 *
 * [any thread]
 *
 * @param options  limits; deadlines in it are not used; null: the defaults; copied
 * @param out      where the parser is written; free it with wc_http_parser_free
 *
 * Returns: WC_OK; WC_E_INVAL; WC_E_VERSION.
 */
WC_API
wc_status wc_http_parser_new(const wc_http_options *options,
                             wc_http_parser **out);

/**
 * Frees a parser.
 *
 * [any thread]
 *
 * @param parser  the parser, not used any more; null does nothing
 */
WC_API void wc_http_parser_free(wc_http_parser *parser);

/**
 * Finds the next item. The parser keeps no bytes: show it all that it has not used, again and with
 * more behind them. It does not scan again what it has scanned. After a head without keep_alive
 * the bytes that follow its message are not to be shown as another request.
 *
 * [any thread]
 *
 * @param parser  the parser
 * @param data    all bytes not used so far
 * @param len     how many
 * @param eof     not 0: none will follow
 * @param used    where the number of bytes is written that are to be dropped, once the item is
 *                dealt with
 * @param item    where the item is written, its size set
 *
 * Returns: WC_OK with an item; WC_NONE: more bytes are needed; WC_E_HTTP: the peer broke HTTP, see
 * wc_http_parser_fault; WC_E_EOF: the end came in the middle of a message; both for ever.
 * WC_E_INVAL; WC_E_VERSION; WC_E_PANIC.
 */
WC_API
wc_status wc_http_parser_next(wc_http_parser *parser,
                              const char *data,
                              size_t len,
                              int32_t eof,
                              size_t *used,
                              wc_http_item *item);

/**
 * The head that was found last. It points into the bytes that were shown then.
 *
 * [any thread]
 *
 * @param parser  the parser, after WC_HTTP_HEAD, while the bytes shown then stand
 * @param out     where the head is written, its size set
 *
 * Returns: WC_OK; WC_E_STATE if no head was found yet; WC_E_INVAL; WC_E_VERSION; WC_E_PANIC.
 */
WC_API
wc_status wc_http_parser_head(const wc_http_parser *parser,
                              wc_http_head *out);

/**
 * A header field of the head that was found last.
 *
 * [any thread]
 *
 * @param parser  the parser, after WC_HTTP_HEAD, while the bytes shown then stand
 * @param index   less than header_count
 * @param name    where the name is written, as it came
 * @param value   where the value is written, without white space around it
 *
 * Returns: WC_OK; WC_E_STATE if no head was found yet; WC_E_INVAL, also for an index past the end;
 * WC_E_PANIC.
 */
WC_API
wc_status wc_http_parser_header_at(const wc_http_parser *parser,
                                   size_t index,
                                   wc_str *name,
                                   wc_str *value);

/**
 * How the peer broke HTTP, after WC_E_HTTP or WC_E_EOF.
 *
 * [any thread]
 *
 * @param parser  the parser
 * @param out     where the fault is written, its size set
 *
 * Returns: WC_OK; WC_E_STATE if there is none; WC_E_INVAL; WC_E_VERSION; WC_E_PANIC.
 */
WC_API
wc_status wc_http_parser_fault(const wc_http_parser *parser,
                               wc_http_fault *out);

/**
 * The name of a reason, such as "WC_H_BARE_LF".
 *
 * [any thread]
 *
 * @param reason  any number
 *
 * Returns: a text that stands as long as the library is loaded; never null.
 */
WC_API const char *wc_http_reason_name(int32_t reason);

/**
 * One sentence that says what a reason means.
 *
 * [any thread]
 *
 * @param reason  any number
 *
 * Returns: a text that stands as long as the library is loaded; never null.
 */
WC_API const char *wc_http_reason_text(int32_t reason);
#ifdef __cplusplus
}
#endif
#endif /* WEBCORE_H */

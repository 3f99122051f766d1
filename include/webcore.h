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
 * An event loop. Handles are names, not pointers: 0 is none, and a handle that has outlived its object
 * is answered with WC_E_GONE, never with undefined behaviour.
 */
typedef uint64_t wc_loop;

/** A timer of a loop; 0 is none. */
typedef uint64_t wc_timer;

/** A listening socket; 0 is none. */
typedef uint64_t wc_listener;

/** A connection; 0 is none. */
typedef uint64_t wc_conn;

/** An HTTP request that waits for its answer; 0 is none. */
typedef uint64_t wc_request;

/**
 * Bytes that the library lends. There is no promise of a NUL behind them. Each function that hands one
 * out says how long the bytes stand.
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
 * Gives the user's data back to the user: called exactly once, after the last callback that gets the
 * same user pointer, also when the call that took the pointer failed. May be null.
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

/** The operating system refused; wc_loop_os_error has its number. */
#define WC_E_OS (-50)

/** There is no backend of that name on this machine. */
#define WC_E_BACKEND (-51)

/** Out of memory. */
#define WC_E_NOMEM (-52)

/** Out of file descriptors, in this process or in the system. */
#define WC_E_NOFILES (-53)

/** The address is not one: it cannot be read, or is not of this machine. */
#define WC_E_ADDRESS (-54)

/** The address is in use. */
#define WC_E_INUSE (-55)

/** The operating system denies the permission. */
#define WC_E_ACCESS (-56)

/** The connection could not be made: refused or unreachable. */
#define WC_E_CONNECT (-57)

/** The loop that owned the object was freed. */
#define WC_E_FREED (-58)

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

/**
 * The version of the library that is loaded, such as "0.1.0". Compare it with WC_VERSION, the version
 * of the header that the program was compiled with.
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
#ifdef __cplusplus
}
#endif
#endif /* WEBCORE_H */

// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every limit and default, by name. docs/LIMITS.md is generated from this list.

/// One line of docs/LIMITS.md.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The Rust constant.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// What the value counts.
    pub unit: &'static str,
    /// What happens when it is reached.
    pub text: &'static str,
}

macro_rules! limits {
    ($($name:ident: $ty:ty = $value:expr, $unit:literal, $text:literal;)*) => {
        $(#[doc = $text] pub const $name: $ty = $value;)*
        /// Every limit, in order.
        pub const LIMITS: &[Limit] = &[$(Limit {
            name: stringify!($name), value: $value as u64, unit: $unit, text: $text,
        },)*];
    };
}

limits! {
    LOOPS: usize = 1024, "loops", "Loops alive at a time in one process; one more is WC_E_LIMIT.";
    SLOTS: usize = (1 << 24) - 1, "objects", "Objects of one kind alive at a time in one loop; one more is WC_E_LIMIT.";
    CONNECTIONS: u32 = 10_000, "connections", "Connections of a loop, or RLIMIT_NOFILE less 64 if that is smaller; the listeners pause.";
    BACKLOG: i32 = 2048, "connections", "listen(2) backlog; the kernel clamps it.";
    ACCEPT_BUDGET: u32 = 64, "connections", "Accepted by one listener in one turn; the rest waits for the next turn.";
    READ_BUDGET: usize = 256 << 10, "bytes", "Read from one connection in one turn; the rest waits for the next turn.";
    HOT_BUFFER: usize = 64 << 10, "bytes", "The loop's one receive buffer; a larger frame is read in place.";
    WRITE_HIGH: usize = 1 << 20, "bytes", "Queued output above which a write answers WC_FULL.";
    WRITE_LOW: usize = 256 << 10, "bytes", "Queued output at which on_drain follows a WC_FULL.";
    WRITE_LIMIT: usize = 16 << 20, "bytes", "Queued output that a write may not pass: WC_E_LIMIT, refused whole.";
    FRAME: usize = 1 << 20, "bytes", "Longest line or frame; a longer line is on_too_long, a longer frame ends the connection.";
    IDLE_MS: u32 = 60_000, "ms", "Without a byte from the peer: on_idle, else the end with WC_E_IDLE.";
    STALL_MS: u32 = 30_000, "ms", "Output queued and nothing of it taken: the end with WC_E_STALL.";
    LINGER_MS: u32 = 2_000, "ms", "Waiting for the peer's end after our own; then the connection is closed.";
    LINGER_BYTES: usize = 256 << 10, "bytes", "Discarded while lingering; then the connection is closed.";
    CONNECT_MS: u32 = 10_000, "ms", "For an outbound connection to be made; then WC_E_TIMEOUT.";
    ACCEPT_RETRY_MIN_MS: u64 = 5, "ms", "First pause of a listener that ran out of descriptors or memory; it doubles.";
    ACCEPT_RETRY_MAX_MS: u64 = 1_000, "ms", "Longest pause of such a listener.";
    ALARM_LOOK_MS: u64 = 1_000, "ms", "Between two looks at the wall clock where the system does not tell that it was set; an alarm is late by no more after that.";
    LATE_MS: u64 = 10, "ms", "A timer that fires later than this after its time counts as late.";
    RELEASES: usize = 1 << 20, "user pointers", "To be given back when the callback at hand returns; above it what takes another one is WC_E_LIMIT: what starts timers and watchers, what sets user pointers and hooks.";
    TRACES: usize = 512, "transitions", "Kept for the trace hook until the program is called next; more are counted, not told.";
    LOGS: usize = 256, "lines", "Kept for the log hook until the program is called next; more are counted, not told.";
    POSTS: usize = 1 << 20, "posts", "Jobs queued by other threads; one more is WC_E_LIMIT.";
    POST_BYTES: usize = 64 << 20, "bytes", "Bytes queued by other threads for connections and requests; more is WC_E_LIMIT.";
    POST_OBJECTS: usize = 1024, "posts", "Of wc_post_new alive at a time in one loop; one more is WC_E_LIMIT.";
    BATCH: usize = 1024, "events", "Kernel events taken by one wait; the rest comes with the next.";
    CHILDREN: u32 = 1024, "children", "Children of a loop alive at a time; one more is WC_E_LIMIT.";
    CHILD_GRACE_MS: u32 = 2_000, "ms", "Between SIGTERM and SIGKILL to a child whose time is up.";
    CHILD_OUTPUT_MS: u32 = 2_000, "ms", "After a child's exit for its output to end; then its streams end with WC_E_TIMEOUT.";
    CHILD_LOOK_MS: u32 = 20, "ms", "Between two looks whether a child has ended, where no descriptor tells it.";
    CHILD_REAP_MS: u32 = 5_000, "ms", "For a killed child to end when its loop is freed; then it is left behind.";
    POOL_BYTES: usize = 16 << 20, "bytes", "Free buffers kept by a loop for reuse; more is given back to the allocator.";

    POOLS: usize = 16, "pools", "Thread pools alive at a time in one loop; one more is WC_E_LIMIT.";
    POOL_THREADS: u32 = 4, "threads", "Threads of a pool.";
    POOL_THREADS_MAX: u32 = 256, "threads", "Most threads of a pool; more is WC_E_LIMIT.";
    POOL_QUEUE: u32 = 1024, "jobs", "Jobs of a pool beside one for each thread; one more is WC_E_LIMIT.";
    POOL_STACK: usize = 1 << 20, "bytes", "Stack of a pool's thread.";
    POOL_STACK_MIN: usize = 64 << 10, "bytes", "Smallest stack of a pool's thread; less is WC_E_LIMIT.";
    POOL_STACK_MAX: usize = 1 << 30, "bytes", "Largest stack of a pool's thread; more is WC_E_LIMIT.";
    HOST_NAME: usize = 253, "bytes", "Name of a host that is asked for; longer is WC_E_LIMIT.";
    READ_FILE: usize = 64 << 20, "bytes", "Bytes of a file read by one job; more is WC_E_LIMIT.";

    HTTP_REQUEST_LINE: usize = 8 << 10, "bytes", "Request line; longer is 414.";
    HTTP_FIELD: usize = 8 << 10, "bytes", "One field line; longer is 431.";
    HTTP_FIELDS: usize = 100, "fields", "Fields of a head; more is 431.";
    HTTP_HEAD: usize = 32 << 10, "bytes", "Head in all; longer is 431.";
    HTTP_METHOD: usize = 32, "bytes", "Method; longer is 400.";
    HTTP_EMPTY_LINES: usize = 8, "lines", "Empty lines before a request line; more is 400.";
    HTTP_BODY: u64 = 1 << 20, "bytes", "Body; longer is 413.";
    HTTP_CHUNK_DIGITS: usize = 16, "digits", "Hexadecimal digits of a chunk size; more is 400.";
    HTTP_CHUNK_EXT_LINE: usize = 256, "bytes", "Extensions of one chunk; more is 413.";
    HTTP_CHUNK_EXT: usize = 16 << 10, "bytes", "Chunk extensions of a message; more is 413.";
    HTTP_TRAILER_FIELDS: usize = 64, "fields", "Trailer fields; more is 431.";
    HTTP_TRAILER: usize = 8 << 10, "bytes", "Trailers in all; longer is 431.";
    HTTP_HEAD_MS: u32 = 10_000, "ms", "For the whole head, from its first byte; then 408.";
    HTTP_BODY_GRACE_MS: u32 = 5_000, "ms", "Before the lowest body rate is asked for.";
    HTTP_BODY_RATE: u32 = 1 << 10, "bytes/s", "Lowest rate of a body after the grace; slower is 408.";
    HTTP_KEEP_MS: u32 = 60_000, "ms", "Between two requests of a connection; then it is closed.";
    HTTP_ANSWER_MS: u32 = 60_000, "ms", "For the handler to begin its answer; then 503.";
    HTTP_PIPELINE: u32 = 16, "requests", "Served on one connection in one turn; the rest waits for the next turn.";
    HTTP_DISCARD: u64 = 64 << 10, "bytes", "Body dropped after an early answer to keep the connection; more closes it.";
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of what tells an alarm its date: the clock is looked at instead, and the alarm rings. */
#include "fault.h"
#include "tap.h"
#include "wire.h"

struct bell {
    uint64_t date_ms;
    int rung, early, more;
    int lines;
    wc_status why;
};

static uint64_t wall_ms(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_REALTIME, &now));
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void ring(wc_timer timer, void *user)
{
    struct bell *bell = user;
    bell->rung++;
    bell->early += wall_ms() < bell->date_ms;
    bell->date_ms += 10;
    if (bell->rung == bell->more) {
        MUST(wc_timer_cancel(timer));
    }
}

static void hear(const wc_log_line *line, void *user)
{
    struct bell *bell = user;
    bell->lines += strstr(line->text, "the wall clock is looked at") != NULL;
    bell->why = line->status;
}

static struct bell rings_though(const char *call, int os_error, unsigned times)
{
    struct bell bell;
    wc_timer_options when;
    int before = wire_descriptors();
    wc_loop loop = wire_loop();
    memset(&bell, 0, sizeof bell);
    bell.more = 3;
    MUST(wc_loop_set_log(loop, WC_LOG_INFO, hear, &bell, NULL));
    MUST(wc_timer_options_init(&when, sizeof when));
    when.unix_ms = bell.date_ms = wall_ms() + 20;
    when.repeat_ms = 10;
    MUST(wc_timer_schedule(loop, &when, ring, &bell, NULL, NULL));
    MUST(wc_fault_set(call, 0, times, os_error, 0));
    EQUAL(wc_loop_run(loop), WC_OK, call);
    EQUAL(bell.rung, 3, "the alarm rings all the same");
    EQUAL(bell.early, 0, "and not before its date");
    CHECK(wc_fault_hits(call) > 0 || wc_fault_asked(call) == 0, "though this was refused");
    wc_fault_clear();
    MUST(wc_loop_free(loop));
    EQUAL(wire_descriptors(), before, "no descriptor is left");
    return bell;
}

int main(void)
{
    struct fault_backend backend = fault_backend();
    struct bell bell = rings_though("timerfd_create", EMFILE, FAULT_ALWAYS);
    EQUAL(bell.lines, 1, "the log says once what is done instead");
    CHECK(bell.why == WC_E_NOFILES || bell.why == WC_E_OS, "and why");
    bell = rings_though("timerfd_settime", EINVAL, 1);
    EQUAL(bell.lines, 1, "the log says so of one that cannot be set, too");
#ifdef __linux__
    /* How it says that the clock was set since it was last asked. */
    bell = rings_though("timerfd_settime", ECANCELED, 1);
    EQUAL(bell.lines, 0, "a clock that was set does not end what tells of it");
#endif
    if (backend.change != NULL) {
        bell = rings_though(backend.change, ENOMEM, 1);
        EQUAL(bell.lines, 1, "one that cannot be watched is none");
    }
    /* It rings on until it is read. */
    (void)rings_though("read", EINTR, 1);
    return tap_done();
}

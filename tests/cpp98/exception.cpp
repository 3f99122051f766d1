/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An exception that a callback throws goes through wc_loop_run to its caller, and the loop is as
 * good as before: the library's frames between them are unwound, no state is left half way.
 */
#include <stdexcept>
#include <string>

#include "../c/tap.h"
#include "webcore.h"

namespace {

struct Script {
    int fired;
    int freed;
};

extern "C" {

static void thrower(wc_timer, void *user)
{
    static_cast<Script *>(user)->fired++;
    throw std::runtime_error("from the callback");
}

static void stopper(wc_timer, void *user)
{
    static_cast<Script *>(user)->fired += 10;
}

static void count_free(void *user)
{
    static_cast<Script *>(user)->freed++;
}

static void free_and_throw(void *user)
{
    count_free(user);
    throw std::runtime_error("from the last callback");
}

}

std::string run(wc_loop loop)
{
    try {
        return wc_status_name(wc_loop_run(loop));
    } catch (const std::exception &error) {
        return error.what();
    }
}

}

int main()
{
    wc_loop loop = 0;
    Script script = { 0, 0 };
    CHECK(wc_loop_new(0, &loop) == WC_OK, "a loop");
    CHECK(wc_timer_start(loop, 0, 0, thrower, &script, count_free, 0) == WC_OK, "a timer throws");
    CHECK(wc_timer_start(loop, 1, 0, stopper, &script, count_free, 0) == WC_OK, "one does not");
    CHECK(run(loop) == "from the callback", "the exception arrives at the caller of wc_loop_run");
    CHECK(script.fired == 1, "thrown once");
    CHECK(run(loop) == "WC_OK", "the loop runs on, and is not thought to be running still");
    CHECK(script.fired == 11 && script.freed == 2, "both timers ended, each freed once");
    CHECK(wc_timer_start(loop, 0, 0, thrower, &script, count_free, 0) == WC_OK, "once more");
    wc_event event;
    event.size = sizeof event;
    CHECK(wc_loop_next(loop, WC_FOREVER, &event) == WC_OK, "pulled");
    bool thrown = false;
    try {
        CHECK(wc_loop_dispatch(loop) == WC_OK, "not reached");
    } catch (const std::exception &) {
        thrown = true;
    }
    CHECK(thrown, "wc_loop_dispatch lets it through as well");
    CHECK(wc_timer_start(loop, 9000, 0, 0, &script, free_and_throw, 0) == WC_OK, "one that ends");
    CHECK(wc_timer_start(loop, 9000, 0, 0, &script, count_free, 0) == WC_OK, "with the loop");
    thrown = false;
    try {
        CHECK(wc_loop_free(loop) == WC_OK, "not reached");
    } catch (const std::exception &) {
        thrown = true;
    }
    CHECK(thrown, "wc_loop_free lets it through, too");
    CHECK(wc_loop_free(loop) == WC_OK, "and goes on where it was when it is called again");
    CHECK(script.freed == 5 && wc_loop_stop(loop) == WC_E_GONE, "all ended, each freed once");
    return tap_done();
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Versions, and the names and texts of statuses. */
#include "tap.h"
#include "webcore.h"

int main(void)
{
    SAME(wc_version(), WC_VERSION, "the library is the one of the header");
    SAME(wc_status_name(WC_OK), "WC_OK", "OK has its name");
    SAME(wc_status_name(WC_FULL), "WC_FULL", "information has its name");
    SAME(wc_status_name(WC_E_GONE), "WC_E_GONE", "an error has its name");
    SAME(wc_status_text(WC_E_NOMEM), "Out of memory.", "an error has its sentence");
    SAME(wc_status_name(12345), "WC_E_UNKNOWN", "a number that is no status is unknown");
    SAME(wc_status_text(-12345), "No status has this number.", "and its text says so");
    CHECK(wc_status_name(WC_E_PANIC) == wc_status_name(WC_E_PANIC), "texts are static");
    EQUAL(WC_OK, 0, "OK is zero");
    CHECK(WC_FULL > 0 && WC_NONE > 0 && WC_STOPPED > 0, "information is positive");
    CHECK(WC_E_INVAL < 0 && WC_E_PANIC < 0, "an error is negative");
    EQUAL(1 - WC_E_INVAL, 2, "a negative constant stands in parentheses");
    CHECK(WC_NTS + 1 == 0, "WC_NTS is the largest size");
    return tap_done();
}

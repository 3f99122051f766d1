/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The header in C++98: types, constants and functions as a C++ program uses them. */
#include <string>

#include "../c/tap.h"
#include "webcore.h"

namespace {

std::string name_of(wc_status status)
{
    return wc_status_name(status);
}

std::string text_of(const wc_str &view)
{
    return std::string(view.ptr, view.len);
}

}

int main()
{
    CHECK(name_of(WC_E_GONE) == "WC_E_GONE", "a status has its name");
    CHECK(std::string(wc_version()) == WC_VERSION, "the library is the one of the header");
    wc_str view = { "abc", 2 };
    CHECK(text_of(view) == "ab", "a view is a pointer and a length");
    wc_free_fn none = 0;
    CHECK(none == 0, "a function may be absent");
    return tap_done();
}

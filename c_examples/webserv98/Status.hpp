// SPDX-License-Identifier: MIT OR Apache-2.0
// A failed wc_status as an exception, for code that cannot do anything about it where it happens.
// It is thrown inside handlers only; the trampolines of webcore.hpp do not let it out.
#ifndef WEBSERV98_STATUS_HPP
#define WEBSERV98_STATUS_HPP

#include "webcore.h"

#include <stdexcept>
#include <string>

class StatusError : public std::runtime_error {
public:
    StatusError(wc_status status, const std::string& what)
        : std::runtime_error(what + ": " + wc_status_name(status)), status_(status)
    {
    }

    // Nobody is there to be told of it, and it is nobody's mistake: clients leave as they like.
    // Gone: the library knew already. Reset: it learned it from this very call.
    bool client_has_left() const { return status_ == WC_E_GONE || status_ == WC_E_RESET; }

private:
    wc_status status_;
};

inline wc_status must(wc_status status, const char* what)
{
    if (status < 0) {
        throw StatusError(status, what);
    }
    return status;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
// Gathers the body of one request and gives it back. A body above the cap is refused as soon as
// that is known, which with a Content-Length is before its first byte.
#ifndef WEBSERV98_ECHOANSWER_HPP
#define WEBSERV98_ECHOANSWER_HPP

#include "Pages.hpp"
#include "webcore.hpp"

#include <string>

class EchoAnswer : public webcore::HttpHandler {
public:
    enum { MAX_BODY = 1048576 };

    explicit EchoAnswer(const Pages& pages);

    // Refuses a body by its announced length, before a byte of it is asked for.
    void start(webcore::Request request);

    virtual void on_body(webcore::Request request, const char* data, size_t len);
    virtual void on_end(webcore::Request request);
    virtual void on_failure(webcore::Request request);

private:
    void refuse(webcore::Request request);

    const Pages& pages_;
    std::string body_;
    bool refused_;
};

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
// Which request is served by what. All listeners share the one site.
#ifndef WEBSERV98_SITE_HPP
#define WEBSERV98_SITE_HPP

#include "DocumentRoot.hpp"
#include "Pages.hpp"
#include "webcore.hpp"

#include <string>

class Site : public webcore::HttpHandler {
public:
    explicit Site(const DocumentRoot& root);

    virtual void on_head(webcore::Request request);
    virtual void on_failure(webcore::Request request);

private:
    void hello(webcore::Request request);
    void time_of_day(webcore::Request request);
    void echo(webcore::Request request);
    void file(webcore::Request request, const std::string& path, bool is_head);
    void send(webcore::Request request, File& file, bool is_head);
    void redirect(webcore::Request request, const std::string& path);
    void refuse_method(webcore::Request request, const char* allow);

    const DocumentRoot& root_;
    const Pages pages_;
};

#endif

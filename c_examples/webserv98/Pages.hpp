// SPDX-License-Identifier: MIT OR Apache-2.0
// The pages that say why there is no other page. A file ROOT/404.html replaces the page for 404,
// and so on; they are read once, at the start, so that an error needs no file to be told.
#ifndef WEBSERV98_PAGES_HPP
#define WEBSERV98_PAGES_HPP

#include "DocumentRoot.hpp"
#include "webcore.hpp"

#include <map>
#include <string>

class Pages {
public:
    explicit Pages(const DocumentRoot& root);

    // Answers with the page for an error status. `headers` may carry an Allow.
    wc_status answer(webcore::Request request, int status,
                     webcore::Headers headers = webcore::Headers()) const;

private:
    std::map<int, std::string> pages_;
};

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
// Text from one language into another: what a client sent never goes into HTML or a header field
// as it came.
#ifndef WEBSERV98_TEXT_HPP
#define WEBSERV98_TEXT_HPP

#include <time.h>

#include <string>

// So that no name can bring markup of its own: <b> becomes &lt;b&gt;.
std::string escape_html(const std::string& text);

// A page with that title; `body` is markup already.
std::string html_page(const std::string& title, const std::string& body);

// A path for a Location field: every byte that is not plain is percent-encoded, and the path
// begins with exactly one '/', because a browser takes "//elsewhere/" for another host.
std::string encode_path(const std::string& path);

// The decoded value of a form field in a query (a=1&name=x); false if it is not there or broken.
bool query_value(const std::string& query, const std::string& name, std::string& out);

// "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale is.
std::string http_date(time_t when);

std::string number(long value);

#endif

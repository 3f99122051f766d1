// SPDX-License-Identifier: MIT OR Apache-2.0
#include "EchoAnswer.hpp"
#include "Status.hpp"

#include <stdlib.h>

EchoAnswer::EchoAnswer(const Pages& pages) : pages_(pages), body_(), refused_(false) {}

void EchoAnswer::start(webcore::Request request)
{
    std::string length;

    // The library has checked that it is a number; strtoul gives the largest one if it overflows.
    if (request.header("Content-Length", length) == WC_OK
        && strtoul(length.c_str(), 0, 10) > static_cast<unsigned long>(MAX_BODY)) {
        refuse(request);
    }
}

void EchoAnswer::on_body(webcore::Request request, const char* data, size_t len)
{
    if (refused_) {
        return;
    }
    // Not body_.size() + len > MAX_BODY: a sum can overflow, a difference of checked values cannot.
    if (len > MAX_BODY - body_.size()) {
        refuse(request);
        return;
    }
    body_.append(data, len);
}

void EchoAnswer::on_end(webcore::Request request)
{
    webcore::Headers headers;

    if (refused_) {
        return;
    }
    // Never the type that the client named: its HTML would run with the rights of this site.
    headers.add("Content-Type", "text/plain; charset=utf-8");
    headers.add("X-Content-Type-Options", "nosniff");
    must(request.respond(200, headers, body_), "respond");
}

void EchoAnswer::on_failure(webcore::Request request)
{
    if (pages_.answer(request, 500) < 0) {
        (void)(request.abort() < 0);
    }
}

void EchoAnswer::refuse(webcore::Request request)
{
    refused_ = true;
    std::string().swap(body_);
    must(pages_.answer(request, 413), "respond");
}

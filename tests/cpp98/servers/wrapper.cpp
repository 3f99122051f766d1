// SPDX-License-Identifier: MIT OR Apache-2.0
// A server for the tests of webcore.hpp: a line echo and an HTTP server whose handlers throw when
// they are asked to. What is thrown is no std::exception, because catching only those is the
// mistake that the trampolines must not make.
#include "example.h"

#include "webcore.hpp"

namespace {

struct Thrown {};

class Lines : public webcore::ConnHandler {
public:
    virtual void on_data(wc_conn conn, const char* data, size_t len)
    {
        const std::string line(data, len);

        if (line == "throw" || wc_conn_send_frame(conn, data, len) < 0) {
            throw Thrown();
        }
    }
};

class Requests : public webcore::HttpHandler {
public:
    Requests() : rejected_() {}

    virtual void on_request(webcore::Request request)
    {
        std::string path;
        std::string body("fine");

        if (request.path(path) < 0 || path == "/throw") {
            throw Thrown();
        }
        if (path == "/throw-late") {
            if (request.begin(200, webcore::Headers(), 100) >= 0) {
                (void)(request.write("half", 4) < 0);
            }
            throw Thrown();
        }
        if (path == "/body" && request.body(body) < 0) {
            throw Thrown();
        }
        if (path == "/rejected") {
            body = rejected_;
        }
        if (request.respond(200, webcore::Headers(), body) < 0) {
            throw Thrown();
        }
    }

    virtual void on_reject(wc_conn, int32_t reason, int32_t http_status)
    {
        rejected_ += wc_http_reason_name(reason);
        rejected_ += http_status == 400 ? " 400\n" : " another status\n";
        throw Thrown();
    }

private:
    std::string rejected_;
};

bool listen_on(webcore::Loop& loop, Lines& lines, Requests& requests)
{
    wc_listen_options where;
    wc_conn_options how;
    wc_listener listener;

    if (failed(wc_listen_options_init(&where, sizeof where), "listen options")
        || failed(wc_conn_options_init(&how, sizeof how), "connection options")) {
        return false;
    }
    where.host = "127.0.0.1";
    how.framing = WC_FRAMING_LINE;
    if (failed(loop.listen(where, &how, lines, &listener), "listen") || !announce(listener)) {
        return false;
    }
    return !failed(loop.http_listen(where, 0, 0, webcore::GATHERED, requests, &listener), "http")
           && announce(listener);
}

} // namespace

int main()
{
    Lines lines;
    Requests requests;
    webcore::Loop loop;

    if (failed(loop.open(), "wc_loop_new") || loop.open() != WC_E_STATE
        || !stop_on_signals(loop.handle()) || !listen_on(loop, lines, requests)
        || failed(loop.run(), "wc_loop_run")
        || failed(loop.drain(EXAMPLE_DRAIN_MS), "wc_loop_drain")) {
        return EXIT_FAILURE;
    }
    return failed(loop.close(), "wc_loop_free") ? EXIT_FAILURE : EXIT_SUCCESS;
}

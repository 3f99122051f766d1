// SPDX-License-Identifier: MIT OR Apache-2.0
// A Webserv in C++98: several listeners, files, one handler route, error pages.
//
//     webserv98 [PORT [ROOT]]      default: 8080 ./www
//
// It listens on 127.0.0.1 at PORT and at PORT + 1; if that second port is taken, at any free one
// instead, and says so. PORT 0 takes any two free ones. What is where:
//
//     Config        the command line
//     Site          which request is served by what
//     DocumentRoot  from a path to an open file, with no way out of the root
//     FileAnswer    a large file, slice by slice         EchoAnswer  POST /echo
//     Pages         error pages       Mime  file types   Text        escaping, dates
//
// All of it runs in one thread and no step waits for a client, so there is no lock anywhere.
#include "../example.h"

#include "Config.hpp"
#include "DocumentRoot.hpp"
#include "Site.hpp"
#include "webcore.hpp"

#include <exception>

namespace {

wc_status listen_on(webcore::Loop& loop, Site& site, uint16_t port, wc_listener& listener)
{
    wc_listen_options where;
    wc_conn_options how;
    wc_http_options http;
    wc_status status = wc_listen_options_init(&where, sizeof where);

    if (status >= 0) {
        status = wc_conn_options_init(&how, sizeof how);
    }
    if (status >= 0) {
        status = wc_http_options_init(&http, sizeof http);
    }
    if (status < 0) {
        return status;
    }
    // This machine only. Whoever wants to be seen by others should have to say so.
    where.host = "127.0.0.1";
    where.port = port;
    // What one slow download may hold in memory; the file itself may be of any size.
    how.write_high = 262144;
    how.write_low = 65536;
    // The site has its own limit and its own 413 page; bodies that nobody wants are not kept.
    http.max_body = static_cast<uint64_t>(-1) >> 1;
    return loop.http_listen(where, &how, &http, webcore::STREAMED, site, &listener);
}

bool listen_twice(webcore::Loop& loop, Site& site, uint16_t port)
{
    const uint16_t second_port = static_cast<uint16_t>(port == 0 ? 0 : port + 1);
    wc_listener first;
    wc_listener second;
    wc_status status;

    status = listen_on(loop, site, port, first);
    if (status == WC_E_INUSE) {
        // Never another one in silence: whoever typed this port opens this port.
        fprintf(stderr, "port %u is taken: end what listens there, or choose another port\n",
                static_cast<unsigned>(port));
        return false;
    }
    if (failed(status, "the first listener")) {
        return false;
    }
    // After port 65535 comes 0, which is any free one as well.
    status = listen_on(loop, site, second_port, second);
    if (status == WC_E_INUSE) {
        fprintf(stderr, "port %u is taken, the second listener takes another\n",
                static_cast<unsigned>(second_port));
        status = listen_on(loop, site, 0, second);
    }
    return !failed(status, "the second listener") && announce(first) && announce(second);
}

int serve(const Config& config)
{
    DocumentRoot root;

    if (!root.open(config.root)) {
        perror(config.root.c_str());
        return EXIT_FAILURE;
    }
    // The order matters: the loop is destroyed first, while the site is still there to hear of the
    // ends of the last requests.
    Site site(root);
    webcore::Loop loop;

    if (failed(loop.open(), "wc_loop_new") || !stop_on_signals(loop.handle())
        || !listen_twice(loop, site, config.port)) {
        return EXIT_FAILURE;
    }
    bool bad = failed(loop.run(), "wc_loop_run") != 0;

    if (failed(loop.drain(EXAMPLE_DRAIN_MS), "wc_loop_drain")) {
        bad = true;
    }
    if (failed(loop.close(), "wc_loop_free")) {
        bad = true;
    }
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv)
{
    Config config;

    try {
        return config.read(argc, argv) ? serve(config) : EXIT_FAILURE;
    } catch (const std::exception& error) {
        fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}

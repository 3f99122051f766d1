// SPDX-License-Identifier: MIT OR Apache-2.0
#include "Site.hpp"

#include "EchoAnswer.hpp"
#include "FileAnswer.hpp"
#include "Mime.hpp"
#include "Status.hpp"
#include "Text.hpp"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <exception>

namespace {

// Up to here a file is read at once and answered with one call; above, it is streamed.
const off_t SMALL_FILE = 65536;

std::string read_all(const File& file)
{
    std::string text(static_cast<size_t>(file.size), '\0');
    size_t have = 0;

    while (have < text.size()) {
        const ssize_t got = pread(file.descriptor.get(), &text[have], text.size() - have,
                                  static_cast<off_t>(have));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw std::runtime_error("a file cannot be read");
        }
        if (got == 0) {
            text.resize(have); // it has become shorter since it was opened
        }
        have += static_cast<size_t>(got);
    }
    return text;
}

} // namespace

Site::Site(const DocumentRoot& root) : root_(root), pages_(root) {}

// STREAMED: told of each request as soon as its head is complete, before any body. That is the
// moment to refuse a body that is too large, or to choose who takes it.
void Site::on_head(webcore::Request request)
{
    std::string method;
    std::string path;
    const wc_status known = request.path(path);

    must(request.method(method), "method");
    if (known == WC_E_PATH) {
        must(pages_.answer(request, 400), "respond");
        return;
    }
    must(known, "path");
    // HEAD is GET without the body: it takes the same ways, and the library leaves the body out.
    const bool is_head = method == "HEAD";
    const bool is_get = method == "GET" || is_head;

    if (path == "/echo") {
        if (method == "POST") {
            echo(request);
        } else {
            refuse_method(request, "POST");
        }
    } else if (!is_get) {
        refuse_method(request, "GET, HEAD");
    } else if (path == "/hello") {
        hello(request);
    } else if (path == "/time") {
        time_of_day(request);
    } else if (path == "/broken") {
        throw std::runtime_error("/broken was asked for");
    } else {
        file(request, path, is_head);
    }
}

// Called inside a catch block, so the exception can be looked at once more. The client is told
// that something failed, the log what: what failed is not the client's to know.
void Site::on_failure(webcore::Request request)
{
    try {
        throw;
    } catch (const StatusError& error) {
        if (!error.client_has_left()) {
            fprintf(stderr, "%s\n", error.what());
        }
    } catch (const std::exception& error) {
        fprintf(stderr, "%s\n", error.what());
    } catch (...) {
        fprintf(stderr, "an exception of no known type\n");
    }
    if (pages_.answer(request, 500) < 0) {
        // Its answer had begun already; half an answer must not look like a whole one.
        (void)(request.abort() < 0);
    }
}

void Site::hello(webcore::Request request)
{
    std::string query;
    std::string name;
    webcore::Headers headers;

    must(request.query(query), "query");
    if (!query_value(query, "name", name) || name.empty()) {
        name = "World";
    }
    headers.add("Content-Type", "text/html; charset=utf-8");
    must(request.respond(200, headers,
                         html_page("Hello", "<p>Hello, " + escape_html(name) + "!</p>\n")),
         "respond");
}

void Site::time_of_day(webcore::Request request)
{
    webcore::Headers headers;

    headers.add("Content-Type", "text/plain; charset=utf-8");
    headers.add("Cache-Control", "no-store");
    must(request.respond(200, headers, http_date(time(0)) + "\n"), "respond");
}

void Site::echo(webcore::Request request)
{
    EchoAnswer* const answer = new EchoAnswer(pages_);

    // From here on the request's callbacks go to the answer, and it is deleted after the last.
    must(request.hand_over(answer), "hand_over");
    answer->start(request);
}

void Site::file(webcore::Request request, const std::string& path, bool is_head)
{
    File found;

    switch (root_.find(path, found)) {
    case DocumentRoot::FILE_FOUND:
        send(request, found, is_head);
        break;
    case DocumentRoot::DIRECTORY_WITHOUT_SLASH:
        redirect(request, path);
        break;
    case DocumentRoot::MISSING:
        must(pages_.answer(request, 404), "respond");
        break;
    case DocumentRoot::FORBIDDEN:
        must(pages_.answer(request, 403), "respond");
        break;
    case DocumentRoot::FAILED:
        throw std::runtime_error("a file cannot be opened");
    }
}

void Site::send(webcore::Request request, File& file, bool is_head)
{
    webcore::Headers headers;

    headers.add("Content-Type", mime_type(file.name));
    headers.add("Last-Modified", http_date(file.modified));
    // The type is what we say it is; a browser that sniffs would run an upload as a script.
    headers.add("X-Content-Type-Options", "nosniff");
    if (file.size <= SMALL_FILE) {
        must(request.respond(200, headers, read_all(file)), "respond");
    } else if (is_head) {
        // The length of the file, and no reason to read it.
        must(request.begin(200, headers, file.size), "begin");
        must(request.finish(), "finish");
    } else {
        FileAnswer* const answer = new FileAnswer(file);

        must(request.hand_over(answer), "hand_over");
        answer->start(request, headers);
    }
}

// Without the slash at the end, a link "picture.svg" in the index would lead one level too high.
void Site::redirect(webcore::Request request, const std::string& path)
{
    std::string query;
    webcore::Headers headers;

    must(request.query(query), "query");
    // Made from the decoded path and encoded anew: no byte of the client gets into a header field
    // as it came.
    headers.add("Location", encode_path(path) + "/" + (query.empty() ? "" : "?" + query));
    headers.add("Content-Type", "text/plain; charset=utf-8");
    must(request.respond(301, headers, "It has moved by one slash.\n"), "respond");
}

void Site::refuse_method(webcore::Request request, const char* allow)
{
    must(pages_.answer(request, 405, webcore::Headers().add("Allow", allow)), "respond");
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Part of webcore.hpp, which includes it: requests, and the handlers of requests and connections.
 */
#ifndef WEBCORE_HANDLERS_HPP
#define WEBCORE_HANDLERS_HPP

#include "webcore.h"

#include <string>
#include <utility>
#include <vector>

namespace webcore {

class HttpHandler;

/* The header fields of an answer, in order. Values are copied, so temporaries are welcome. */
class Headers {
public:
    Headers& add(const std::string& name, const std::string& value)
    {
        fields_.push_back(std::make_pair(name, value));
        return *this;
    }

    /* The form that the C functions take; it points into this object. */
    std::vector<wc_header> view() const
    {
        std::vector<wc_header> out(fields_.size());

        for (size_t i = 0; i < fields_.size(); ++i) {
            out[i].name = fields_[i].first.data();
            out[i].name_len = fields_[i].first.size();
            out[i].value = fields_[i].second.data();
            out[i].value_len = fields_[i].second.size();
        }
        return out;
    }

private:
    std::vector<std::pair<std::string, std::string> > fields_;
};

/*
 * A request: a handle with methods, copied as cheaply as an integer. It does not own the request,
 * which lives until it is answered or its client has gone; then every method says WC_E_GONE.
 */
class Request {
public:
    explicit Request(wc_request handle) : handle_(handle) {}

    wc_request handle() const { return handle_; }

    /* Each writes `out` only on success. */
    wc_status method(std::string& out) const { return take(&wc_request_method, out); }
    wc_status target(std::string& out) const { return take(&wc_request_target, out); }
    wc_status path(std::string& out) const { return take(&wc_request_path, out); }
    wc_status query(std::string& out) const { return take(&wc_request_query, out); }
    wc_status body(std::string& out) const { return take(&wc_request_body, out); }

    /* The first field of that name; WC_NONE if there is none. */
    wc_status header(const std::string& name, std::string& out) const
    {
        wc_str text;
        const wc_status status = wc_request_header(handle_, name.data(), name.size(), &text);

        if (status == WC_OK) {
            out.assign(text.ptr, text.len);
        }
        return status;
    }

    /* The whole answer at once. */
    wc_status respond(int status, const Headers& headers, const std::string& body) const
    {
        const std::vector<wc_header> view = headers.view();

        return wc_request_respond(handle_, status, view.empty() ? 0 : &view[0], view.size(),
                                  body.data(), body.size());
    }

    /* The answer in pieces: begin, write until WC_FULL, go on in on_drain, finish. */
    wc_status begin(int status, const Headers& headers, int64_t length) const
    {
        const std::vector<wc_header> view = headers.view();

        return wc_request_begin(handle_, status, view.empty() ? 0 : &view[0], view.size(), length);
    }

    wc_status write(const void* data, size_t len) const
    {
        return wc_request_write(handle_, data, len);
    }

    wc_status finish() const { return wc_request_finish(handle_); }
    wc_status abort() const { return wc_request_abort(handle_); }

    /*
     * From now on the callbacks of this request go to `next` alone. It must come from new; it is
     * deleted after its on_close, and also when this call fails.
     */
    inline wc_status hand_over(HttpHandler* next) const;

private:
    wc_status take(wc_status (*get)(wc_request, wc_str*), std::string& out) const
    {
        wc_str text;
        const wc_status status = get(handle_, &text);

        if (status == WC_OK) {
            out.assign(text.ptr, text.len);
        }
        return status;
    }

    wc_request handle_;
};

/*
 * Serves requests. A listener's handler is told of all of them; one that took over a request by
 * Request::hand_over only of that one.
 */
class HttpHandler {
public:
    HttpHandler() {}
    virtual ~HttpHandler() {}

    /* GATHERED: the whole request. */
    virtual void on_request(Request) {}
    /* STREAMED: the head, pieces of the body, the end of the body. */
    virtual void on_head(Request) {}
    virtual void on_body(Request, const char*, size_t) {}
    virtual void on_end(Request) {}
    /* A write said WC_FULL; now there is room again. */
    virtual void on_drain(Request) {}
    /* Once and last; WC_OK: the answer was sent whole. */
    virtual void on_close(Request, wc_status) {}
    /*
     * To a listener's handler: what a client sent was refused before it became a request, or while
     * its body came. The library has answered; reason is WC_H_..., status the answer's.
     */
    virtual void on_reject(wc_conn, int32_t, int32_t) {}

    /*
     * One of the above threw, but for on_reject: there the connection is being closed already.
     * Where an answer has begun, nothing but its end is left to give.
     */
    virtual void on_failure(Request request)
    {
        if (request.respond(500, Headers(), "") < 0) {
            (void)request.abort();
        }
    }

private:
    HttpHandler(const HttpHandler&);
    HttpHandler& operator=(const HttpHandler&);
};

/* Serves connections: bytes, lines or frames, as wc_conn_options says. */
class ConnHandler {
public:
    ConnHandler() {}
    virtual ~ConnHandler() {}

    virtual void on_open(wc_conn) {}
    virtual void on_data(wc_conn, const char*, size_t) {}
    virtual void on_too_long(wc_conn, const char*, size_t) {}
    virtual void on_drain(wc_conn) {}
    virtual void on_eof(wc_conn conn) { (void)(wc_conn_close(conn, WC_CLOSE_FLUSH) < 0); }
    virtual void on_idle(wc_conn conn) { (void)(wc_conn_close(conn, WC_CLOSE_FLUSH) < 0); }
    virtual void on_close(wc_conn, wc_status, int32_t) {}

    /* One of the above threw. */
    virtual void on_failure(wc_conn conn) { (void)(wc_conn_close(conn, WC_CLOSE_NOW) < 0); }

private:
    ConnHandler(const ConnHandler&);
    ConnHandler& operator=(const ConnHandler&);
};

/* Called while an exception is being handled; must not let another one out. */
inline void recover(HttpHandler& handler, wc_request request)
{
    try {
        handler.on_failure(Request(request));
    } catch (...) {
        (void)(wc_request_abort(request) < 0);
    }
}

inline void recover(ConnHandler& handler, wc_conn conn)
{
    try {
        handler.on_failure(conn);
    } catch (...) {
        (void)(wc_conn_close(conn, WC_CLOSE_NOW) < 0);
    }
}

/*
 * The trampolines. extern "C", because a C library calls them and strictly a C++ function has
 * another type. The user pointer is always made from a plain HttpHandler* or ConnHandler*: a void*
 * made from a derived class and cast to its base would be wrong as soon as there are two bases.
 */
extern "C" {

static inline void webcore_http_request(wc_request request, void* user)
{
    HttpHandler* handler = static_cast<HttpHandler*>(user);

    try {
        handler->on_request(Request(request));
    } catch (...) {
        recover(*handler, request);
    }
}

static inline void webcore_http_head(wc_request request, void* user)
{
    HttpHandler* handler = static_cast<HttpHandler*>(user);

    try {
        handler->on_head(Request(request));
    } catch (...) {
        recover(*handler, request);
    }
}

static inline void webcore_http_body(wc_request request, const char* data, size_t len, void* user)
{
    HttpHandler* handler = static_cast<HttpHandler*>(user);

    try {
        handler->on_body(Request(request), data, len);
    } catch (...) {
        recover(*handler, request);
    }
}

static inline void webcore_http_end(wc_request request, void* user)
{
    HttpHandler* handler = static_cast<HttpHandler*>(user);

    try {
        handler->on_end(Request(request));
    } catch (...) {
        recover(*handler, request);
    }
}

static inline void webcore_http_drain(wc_request request, void* user)
{
    HttpHandler* handler = static_cast<HttpHandler*>(user);

    try {
        handler->on_drain(Request(request));
    } catch (...) {
        recover(*handler, request);
    }
}

static inline void webcore_http_close(wc_request request, wc_status why, void* user)
{
    HttpHandler* handler = static_cast<HttpHandler*>(user);

    try {
        handler->on_close(Request(request), why);
    } catch (...) {
        recover(*handler, request);
    }
}

static inline void webcore_http_reject(wc_conn conn, int32_t reason, int32_t http_status,
                                       void* user)
{
    try {
        static_cast<HttpHandler*>(user)->on_reject(conn, reason, http_status);
    } catch (...) {
        /* There is no request to fail, and the connection is being closed. */
    }
}

/* Destructors must not throw; one that does anyway ends the program here, as C++ has it. */
static inline void webcore_http_free(void* user)
{
    delete static_cast<HttpHandler*>(user);
}

static inline void webcore_conn_open(wc_conn conn, void* user)
{
    ConnHandler* handler = static_cast<ConnHandler*>(user);

    try {
        handler->on_open(conn);
    } catch (...) {
        recover(*handler, conn);
    }
}

static inline void webcore_conn_data(wc_conn conn, const char* data, size_t len, void* user)
{
    ConnHandler* handler = static_cast<ConnHandler*>(user);

    try {
        handler->on_data(conn, data, len);
    } catch (...) {
        recover(*handler, conn);
    }
}

static inline void webcore_conn_too_long(wc_conn conn, const char* data, size_t len, void* user)
{
    ConnHandler* handler = static_cast<ConnHandler*>(user);

    try {
        handler->on_too_long(conn, data, len);
    } catch (...) {
        recover(*handler, conn);
    }
}

static inline void webcore_conn_drain(wc_conn conn, void* user)
{
    ConnHandler* handler = static_cast<ConnHandler*>(user);

    try {
        handler->on_drain(conn);
    } catch (...) {
        recover(*handler, conn);
    }
}

static inline void webcore_conn_eof(wc_conn conn, void* user)
{
    ConnHandler* handler = static_cast<ConnHandler*>(user);

    try {
        handler->on_eof(conn);
    } catch (...) {
        recover(*handler, conn);
    }
}

static inline void webcore_conn_idle(wc_conn conn, void* user)
{
    ConnHandler* handler = static_cast<ConnHandler*>(user);

    try {
        handler->on_idle(conn);
    } catch (...) {
        recover(*handler, conn);
    }
}

static inline void webcore_conn_close(wc_conn conn, wc_status why, int32_t os_error, void* user)
{
    ConnHandler* handler = static_cast<ConnHandler*>(user);

    try {
        handler->on_close(conn, why, os_error);
    } catch (...) {
        recover(*handler, conn);
    }
}

} /* extern "C" */

/* The callbacks of a ConnHandler. */
inline wc_conn_callbacks conn_table()
{
    wc_conn_callbacks table = wc_conn_callbacks();

    table.size = sizeof table;
    table.on_open = &webcore_conn_open;
    table.on_data = &webcore_conn_data;
    table.on_too_long = &webcore_conn_too_long;
    table.on_drain = &webcore_conn_drain;
    table.on_eof = &webcore_conn_eof;
    table.on_idle = &webcore_conn_idle;
    table.on_close = &webcore_conn_close;
    return table;
}

inline wc_status Request::hand_over(HttpHandler* next) const
{
    return wc_request_set_user(handle_, next, &webcore_http_free);
}

} /* namespace webcore */

#endif

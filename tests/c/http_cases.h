/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is HTTP/1.1 and what is not, byte for byte: the parser reads these cases at every cut, and
 * the server over sockets. The comments name sections of RFC 9112 and RFC 9110 (S).
 */
#ifndef HTTP_CASES_H
#define HTTP_CASES_H

#include <stddef.h>
#include "webcore.h"

/*
 * A good input. `found` has "METHOD target minor body;" for each of its requests; `keep` is whether
 * the connection goes on after the last one.
 */
struct good_case {
    const char *name;
    const char *input;
    size_t len;
    const char *found;
    int keep;
};

/* A bad input: the reason and the status of the answer. */
struct bad_case {
    const char *name;
    const char *input;
    size_t len;
    int reason;
    int status;
};

#define GOOD(name, input, found, keep) {name, input, sizeof(input) - 1, found, keep}
#define BAD(name, input, reason, status) {name, input, sizeof(input) - 1, reason, status}

#define H "Host: h\r\n"
#define GET(fields) "GET / HTTP/1.1\r\n" H fields "\r\n"
#define POST(fields, body) "POST / HTTP/1.1\r\n" H fields "\r\n" body
#define CHUNKED(body) POST("Transfer-Encoding: chunked\r\n", body)

static const struct good_case good_cases[] = {
    /* Lines, S 2.2 */
    GOOD("the smallest request of 1.1", GET(""), "GET / 1 ;", 1),
    GOOD("eight empty lines come before a request line",
         "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" GET(""), "GET / 1 ;", 1),
    GOOD("an empty line behind a body belongs to the next request",
         POST("Content-Length: 1\r\n", "x") "\r\n" GET(""), "POST / 1 x;GET / 1 ;", 1),
    /* Request line, S 3 */
    GOOD("every method that is known", "GET /1 HTTP/1.1\r\n" H "\r\nPOST /2 HTTP/1.1\r\n" H
         "\r\nPUT /3 HTTP/1.1\r\n" H "\r\nDELETE /4 HTTP/1.1\r\n" H "\r\nPATCH /5 HTTP/1.1\r\n" H
         "\r\nOPTIONS /6 HTTP/1.1\r\n" H "\r\n",
         "GET /1 1 ;POST /2 1 ;PUT /3 1 ;DELETE /4 1 ;PATCH /5 1 ;OPTIONS /6 1 ;", 1),
    GOOD("bytes that browsers send in targets", "GET /a|\"{}^`\\<>?b HTTP/1.1\r\n" H "\r\n",
         "GET /a|\"{}^`\\<>?b 1 ;", 1),
    GOOD("a target in absolute form", "GET http://h:80/a?b HTTP/1.1\r\n" H "\r\n",
         "GET http://h:80/a?b 1 ;", 1),
    GOOD("a target in absolute form without a path", "GET HTTPS://h HTTP/1.1\r\n" H "\r\n",
         "GET HTTPS://h 1 ;", 1),
    GOOD("a target in asterisk form", "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * 1 ;", 1),
    /* Version, S 2.3 */
    GOOD("a higher minor version is understood as 1",
         "GET / HTTP/1.9\r\n" H "\r\n", "GET / 1 ;", 1),
    GOOD("1.0 without Host ends the connection", "GET / HTTP/1.0\r\n\r\n", "GET / 0 ;", 0),
    GOOD("1.0 with keep-alive goes on", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
         "GET / 0 ;", 1),
    /* Host, S 3.2 */
    GOOD("a host with a port", "GET / HTTP/1.1\r\nHost: a.b-c_d:65535\r\n\r\n", "GET / 1 ;", 1),
    GOOD("a host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "GET / 1 ;", 1),
    GOOD("a host that is an address of version 6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
         "GET / 1 ;", 1),
    GOOD("a host with a percent-encoding", "GET / HTTP/1.1\r\nHost: a%20b\r\n\r\n", "GET / 1 ;", 1),
    /* Fields, S 5 */
    GOOD("white space around a value", POST("Content-Length:\t 1 \t\r\n", "x"), "POST / 1 x;", 1),
    GOOD("a value of bytes above 127", GET("X: \xc3\xa9\xff\r\n"), "GET / 1 ;", 1),
    GOOD("an empty value", GET("X:\r\nY: \r\n"), "GET / 1 ;", 1),
    GOOD("a name of all the marks of a token", GET("!#$%&'*+-.^_`|~09aZ: x\r\n"), "GET / 1 ;", 1),
    GOOD("an underscore is not a hyphen", GET("Content_Length: 5\r\nTransfer_Encoding: x\r\n"),
         "GET / 1 ;", 1),
    /* Content-Length, S 6.2 */
    GOOD("a length with leading zeros",
         POST("content-LENGTH: 0003\r\n", "abc"), "POST / 1 abc;", 1),
    GOOD("a length of zero", POST("Content-Length: 0\r\n", ""), "POST / 1 ;", 1),
    GOOD("a body that looks like a request",
         POST("Content-Length: 18\r\n", "GET /x HTTP/1.1\r\n\r"),
         "POST / 1 GET /x HTTP/1.1\r\n\r;", 1),
    /* Chunks, S 7.1 */
    GOOD("chunks in upper and lower case",
         CHUNKED("A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n"),
         "POST / 1 0123456789abcdefghij;", 1),
    GOOD("an empty chunked body", POST("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"),
         "POST / 1 ;", 1),
    GOOD("a size of sixteen digits", CHUNKED("0000000000000001\r\nx\r\n0\r\n\r\n"),
         "POST / 1 x;", 1),
    GOOD("extensions of every kind",
         CHUNKED("1;a\r\nx\r\n1 ;a=b;c=\"d e\\\"\"\r\ny\r\n1;a = \"\"\r\nz\r\n0;last\r\n\r\n"),
         "POST / 1 xyz;", 1),
    GOOD("trailers are not fields", CHUNKED("1\r\nx\r\n0\r\nContent-Length: 9\r\nT: u\r\n\r\n")
         GET(""), "POST / 1 x;GET / 1 ;", 1),
    GOOD("data that looks like a chunk", CHUNKED("5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
         "POST / 1 0\r\n\r\n;", 1),
    /* Connection, S 9.3 */
    GOOD("close in a list in capitals", GET("Connection: foo, CLOSE\r\n"), "GET / 1 ;", 0),
    GOOD("close in the second of two fields",
         GET("Connection: keep-alive\r\nConnection: close\r\n"), "GET / 1 ;", 0),
    GOOD("close wins in 1.0, too", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
         "GET / 0 ;", 0),
    GOOD("an unknown upgrade is ignored", GET("Connection: upgrade\r\nUpgrade: h2c\r\n"),
         "GET / 1 ;", 1),
    /* RFC 9110 section 10.1.1 */
    GOOD("an expectation of a request without a body", GET("Expect: 100-Continue\r\n"),
         "GET / 1 ;", 1),
};

static const struct bad_case bad_cases[] = {
    /* Lines, S 2.2 */
    BAD("a bare LF behind the request line", "GET / HTTP/1.1\n" H "\r\n", WC_H_BARE_LF, 400),
    BAD("a bare LF behind a field", "GET / HTTP/1.1\r\nHost: h\n\r\n", WC_H_BARE_LF, 400),
    BAD("a bare LF as the empty line", "GET / HTTP/1.1\r\n" H "\n", WC_H_BARE_LF, 400),
    BAD("a bare LF before a request", "\n" GET(""), WC_H_BARE_LF, 400),
    BAD("a bare CR in a field", GET("X: a\rb\r\n"), WC_H_BARE_CR, 400),
    BAD("a NUL in the method", "G\0T / HTTP/1.1\r\n" H "\r\n", WC_H_CONTROL, 400),
    BAD("a NUL in the target", "GET /\0 HTTP/1.1\r\n" H "\r\n", WC_H_CONTROL, 400),
    BAD("a NUL in a name", GET("X\0: y\r\n"), WC_H_CONTROL, 400),
    BAD("a NUL in a value", GET("X: y\0\r\n"), WC_H_CONTROL, 400),
    BAD("a DEL in a value", GET("X: \x7f\r\n"), WC_H_CONTROL, 400),
    BAD("a control byte in the target", "GET /\x01 HTTP/1.1\r\n" H "\r\n", WC_H_CONTROL, 400),
    BAD("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", WC_H_CONTROL, 400),
    BAD("nine empty lines", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", WC_H_EMPTY_LINES, 400),
    /* Request line, S 3 */
    BAD("a space before the method", " GET / HTTP/1.1\r\n" H "\r\n", WC_H_METHOD_EMPTY, 400),
    BAD("a method that is no token", "GE(T / HTTP/1.1\r\n" H "\r\n", WC_H_METHOD_BYTE, 400),
    BAD("a method of 33 bytes", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1\r\n" H "\r\n",
        WC_H_METHOD_LONG, 400),
    BAD("two spaces behind the method", "GET  / HTTP/1.1\r\n" H "\r\n", WC_H_TARGET_EMPTY, 400),
    BAD("a tab behind the method", "GET\t/ HTTP/1.1\r\n" H "\r\n", WC_H_CONTROL, 400),
    BAD("two spaces behind the target", "GET /  HTTP/1.1\r\n" H "\r\n", WC_H_VERSION_SYNTAX, 400),
    BAD("a space behind the version", "GET / HTTP/1.1 \r\n" H "\r\n", WC_H_VERSION_SYNTAX, 400),
    BAD("a target beyond ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", WC_H_TARGET_BYTE, 400),
    BAD("a fragment", "GET /#a HTTP/1.1\r\n" H "\r\n", WC_H_TARGET_FRAGMENT, 400),
    BAD("an asterisk for another method", "GET * HTTP/1.1\r\n" H "\r\n", WC_H_TARGET_FORM, 400),
    BAD("a target without its slash", "GET a HTTP/1.1\r\n" H "\r\n", WC_H_TARGET_FORM, 400),
    BAD("an authority for another method", "GET h:80 HTTP/1.1\r\n" H "\r\n", WC_H_TARGET_FORM, 400),
    BAD("a scheme of another protocol", "GET ftp://h/ HTTP/1.1\r\n" H "\r\n",
        WC_H_TARGET_SCHEME, 400),
    BAD("a user in the target", "GET http://u@h/ HTTP/1.1\r\n" H "\r\n",
        WC_H_TARGET_AUTHORITY, 400),
    BAD("no host in an absolute target", "GET http:///a HTTP/1.1\r\n" H "\r\n",
        WC_H_TARGET_AUTHORITY, 400),
    BAD("CONNECT without a port", "CONNECT h HTTP/1.1\r\n" H "\r\n", WC_H_TARGET_AUTHORITY, 400),
    /* Version, S 2.3 */
    BAD("HTTP/0.9", "GET /\r\n", WC_H_NO_VERSION, 400),
    BAD("a method alone", "GET\r\n", WC_H_NO_VERSION, 400),
    BAD("a version in lower case", "GET / http/1.1\r\n" H "\r\n", WC_H_VERSION_SYNTAX, 400),
    BAD("a minor version of two digits", "GET / HTTP/1.10\r\n" H "\r\n", WC_H_VERSION_SYNTAX, 400),
    BAD("a version without its minor", "GET / HTTP/1\r\n" H "\r\n", WC_H_VERSION_SYNTAX, 400),
    BAD("HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", WC_H_VERSION_MAJOR, 505),
    BAD("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", WC_H_TARGET_FORM, 400),
    /* Host, S 3.2 */
    BAD("1.1 without Host", "GET / HTTP/1.1\r\n\r\n", WC_H_HOST_MISSING, 400),
    BAD("an absolute target without Host", "GET http://h/ HTTP/1.1\r\n\r\n",
        WC_H_HOST_MISSING, 400),
    BAD("two equal Hosts", GET("Host: h\r\n"), WC_H_HOST_TWICE, 400),
    BAD("two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", WC_H_HOST_TWICE, 400),
    BAD("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", WC_H_HOST_EMPTY, 400),
    BAD("a port without a host", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", WC_H_HOST_EMPTY, 400),
    BAD("a path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", WC_H_HOST_SYNTAX, 400),
    BAD("a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", WC_H_HOST_SYNTAX, 400),
    BAD("a broken address of version 6", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        WC_H_HOST_SYNTAX, 400),
    BAD("a port above 65535", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", WC_H_HOST_PORT, 400),
    BAD("a port that is no number", "GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", WC_H_HOST_PORT, 400),
    /* Fields, S 5 */
    BAD("white space before the first field",
        "GET / HTTP/1.1\r\n " H "\r\n", WC_H_FIELD_BLANK, 400),
    BAD("a folded field", GET("X: a\r\n b\r\n"), WC_H_FIELD_FOLD, 400),
    BAD("a field folded by a tab", GET("X: a\r\n\tb\r\n"), WC_H_FIELD_FOLD, 400),
    BAD("a field without a name", GET(": a\r\n"), WC_H_FIELD_NO_NAME, 400),
    BAD("a space before the colon", GET("X : a\r\n"), WC_H_FIELD_NAME_BLANK, 400),
    BAD("a tab before the colon", GET("X\t: a\r\n"), WC_H_FIELD_NAME_BLANK, 400),
    BAD("a name that is no token", GET("X(y): a\r\n"), WC_H_FIELD_NAME_BYTE, 400),
    BAD("a name beyond ASCII", GET("\xc3\xa9: a\r\n"), WC_H_FIELD_NAME_BYTE, 400),
    BAD("a field without a colon", GET("X\r\n"), WC_H_FIELD_NO_COLON, 400),
    /* Content-Length, S 6.2 */
    BAD("a length with a sign", POST("Content-Length: +5\r\n", "hello"), WC_H_LENGTH_SYNTAX, 400),
    BAD("a negative length", POST("Content-Length: -1\r\n", ""), WC_H_LENGTH_SYNTAX, 400),
    BAD("an empty length", POST("Content-Length:\r\n", ""), WC_H_LENGTH_SYNTAX, 400),
    BAD("a list of equal lengths", POST("Content-Length: 5, 5\r\n", "hello"),
        WC_H_LENGTH_SYNTAX, 400),
    BAD("a hexadecimal length", POST("Content-Length: 0x5\r\n", "hello"), WC_H_LENGTH_SYNTAX, 400),
    BAD("a length of 2^63", POST("Content-Length: 9223372036854775808\r\n", ""),
        WC_H_LENGTH_RANGE, 400),
    BAD("two equal lengths", POST("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
        WC_H_LENGTH_TWICE, 400),
    BAD("the longest length there is", POST("Content-Length: 9223372036854775807\r\n", ""),
        WC_H_BODY_LONG, 413),
    /* Transfer-Encoding, S 6.1 */
    BAD("a coding besides chunked", POST("Transfer-Encoding: gzip, chunked\r\n", ""),
        WC_H_CODING_UNKNOWN, 501),
    BAD("chunked is not the last", POST("Transfer-Encoding: chunked, gzip\r\n", ""),
        WC_H_CODING_NOT_LAST, 400),
    BAD("identity", POST("Transfer-Encoding: identity\r\n", ""), WC_H_CODING_NOT_LAST, 400),
    BAD("an empty coding", POST("Transfer-Encoding:\r\n", ""), WC_H_CODING_NOT_LAST, 400),
    BAD("chunked twice", POST("Transfer-Encoding: chunked, chunked\r\n", ""),
        WC_H_CODING_TWICE, 400),
    BAD("two codings in two fields",
        POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
        WC_H_CODING_TWICE, 400),
    BAD("a coding that is no token", POST("Transfer-Encoding: chu nked\r\n", ""),
        WC_H_CODING_SYNTAX, 400),
    BAD("a vertical tab behind chunked", POST("Transfer-Encoding: chunked\x0b\r\n", ""),
        WC_H_CONTROL, 400),
    BAD("a coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        WC_H_CODING_VERSION, 400),
    BAD("a coding before a length",
        POST("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        WC_H_CODING_AND_LENGTH, 400),
    BAD("a length before a coding",
        POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        WC_H_CODING_AND_LENGTH, 400),
    /* RFC 9110 section 10.1.1 */
    BAD("an unknown expectation", GET("Expect: more\r\n"), WC_H_EXPECTATION, 417),
    BAD("an expectation besides 100-continue",
        POST("Expect: 100-continue, more\r\nContent-Length: 1\r\n", "x"), WC_H_EXPECTATION, 417),
    /* Chunks, S 7.1; the size in the second case would be 2^64 if it wrapped */
    BAD("a chunk without a size", CHUNKED("\r\n"), WC_H_CHUNK_SIZE_EMPTY, 400),
    BAD("a size of seventeen digits", CHUNKED("10000000000000000\r\n"), WC_H_CHUNK_SIZE_LONG, 400),
    BAD("a size that is not hexadecimal", CHUNKED("0x5\r\nhello\r\n"), WC_H_CHUNK_SIZE_BYTE, 400),
    BAD("a size with a sign", CHUNKED("+5\r\nhello\r\n"), WC_H_CHUNK_SIZE_BYTE, 400),
    BAD("a size of 2^63", CHUNKED("8000000000000000\r\n"), WC_H_CHUNK_SIZE_RANGE, 400),
    BAD("a blank behind a size", CHUNKED("5 \r\nhello\r\n"), WC_H_CHUNK_BLANK, 400),
    BAD("an extension without a name", CHUNKED("5;\r\nhello\r\n"), WC_H_CHUNK_EXT_SYNTAX, 400),
    BAD("a bare LF behind an extension", CHUNKED("5;a\nhello\r\n"), WC_H_BARE_LF, 400),
    BAD("a bare LF in a quoted extension", CHUNKED("5;a=\"\n\"\r\nhello\r\n"), WC_H_BARE_LF, 400),
    BAD("a bare LF behind a size", CHUNKED("5\nhello\r\n"), WC_H_BARE_LF, 400),
    BAD("data longer than its size", CHUNKED("5\r\nhello!\r\n"), WC_H_CHUNK_END, 400),
    BAD("a bare LF behind data", CHUNKED("5\r\nhello\n0\r\n\r\n"), WC_H_BARE_LF, 400),
    BAD("a bare CR behind data", CHUNKED("5\r\nhello\r0\r\n\r\n"), WC_H_BARE_CR, 400),
    BAD("a folded trailer", CHUNKED("0\r\nX: a\r\n b\r\n\r\n"), WC_H_FIELD_FOLD, 400),
    BAD("a request where trailers would be", CHUNKED("0\r\nGET / HTTP/1.1\r\n\r\n"),
        WC_H_FIELD_NAME_BLANK, 400),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parser alone: items, cuts, faults, ends of input, arguments. */
#include <stdlib.h>
#include "http_cases.h"
#include "tap.h"
#include "webcore.h"

/* What a parser made of an input: the requests as in a good case, and how it ended. */
struct reading {
    char found[512];
    size_t len;
    wc_status status;
    wc_http_fault fault;
    int keep;
};

static void note(struct reading *reading, const char *text, size_t len)
{
    if (reading->len + len < sizeof reading->found) {
        memcpy(reading->found + reading->len, text, len);
        reading->len += len;
        reading->found[reading->len] = '\0';
    }
}

static void note_head(struct reading *reading, const wc_http_parser *parser)
{
    wc_http_head head;
    head.size = sizeof head;
    if (wc_http_parser_head(parser, &head) == WC_OK) {
        note(reading, head.method.ptr, head.method.len);
        note(reading, " ", 1);
        note(reading, head.target.ptr, head.target.len);
        note(reading, head.minor_version ? " 1 " : " 0 ", 3);
        reading->keep = head.keep_alive;
    }
}

/*
 * Shows the parser `len` bytes, the first `cut` of them before the rest (`step` more at a time), in
 * memory of exactly their size, so that a look beyond them is noticed.
 */
static void read_input(struct reading *reading, const char *input, size_t len, size_t cut,
                       size_t step, int eof)
{
    wc_http_parser *parser = NULL;
    wc_http_item item;
    size_t at = 0;
    size_t shown = cut;
    memset(reading, 0, sizeof *reading);
    item.size = sizeof item;
    reading->status = wc_http_parser_new(NULL, &parser);
    while (reading->status == WC_OK || reading->status == WC_NONE) {
        size_t used = 0;
        char *bytes = malloc(shown - at + 1);
        if (bytes == NULL) {
            abort();
        }
        memcpy(bytes, input + at, shown - at);
        reading->status = wc_http_parser_next(parser, shown > at ? bytes : NULL, shown - at,
                                              eof && shown == len, &used, &item);
        if (reading->status == WC_OK && item.kind == WC_HTTP_HEAD) {
            note_head(reading, parser);
        } else if (reading->status == WC_OK && item.kind == WC_HTTP_BODY) {
            note(reading, item.data, item.len);
        } else if (reading->status == WC_OK) {
            note(reading, ";", 1);
        }
        free(bytes);
        at += used;
        if (reading->status == WC_NONE) {
            if (shown == len) {
                break;
            }
            shown = shown + step < len ? shown + step : len;
        }
    }
    reading->fault.size = sizeof reading->fault;
    if (reading->status < 0
        && wc_http_parser_fault(parser, &reading->fault) == WC_OK) {
        reading->fault.at += at;
    }
    wc_http_parser_free(parser);
}

static int reads_as(const struct reading *reading, const struct good_case *good, wc_status status)
{
    return reading->status == status && strcmp(reading->found, good->found) == 0
           && reading->keep == good->keep;
}

static void good_inputs(void)
{
    size_t i;
    for (i = 0; i < COUNT(good_cases); i++) {
        const struct good_case *good = &good_cases[i];
        struct reading reading;
        size_t cut;
        int holds = 1;
        for (cut = 0; cut <= good->len; cut++) {
            read_input(&reading, good->input, good->len, cut, good->len, 0);
            holds = holds && reads_as(&reading, good, WC_NONE);
        }
        read_input(&reading, good->input, good->len, 0, 1, 0);
        holds = holds && reads_as(&reading, good, WC_NONE);
        read_input(&reading, good->input, good->len, good->len, 1, 1);
        holds = holds && reads_as(&reading, good, WC_NONE);
        CHECK(holds, good->name);
    }
}

static int refused(const struct reading *reading, const struct bad_case *bad)
{
    return reading->status == WC_E_HTTP && reading->fault.reason == bad->reason
           && reading->fault.http_status == bad->status && reading->fault.at <= bad->len;
}

static void bad_inputs(void)
{
    size_t i;
    for (i = 0; i < COUNT(bad_cases); i++) {
        const struct bad_case *bad = &bad_cases[i];
        struct reading whole;
        struct reading reading;
        size_t cut;
        int holds;
        read_input(&whole, bad->input, bad->len, bad->len, 1, 0);
        holds = refused(&whole, bad);
        for (cut = 0; cut < bad->len; cut++) {
            read_input(&reading, bad->input, bad->len, cut, bad->len, 0);
            holds = holds && refused(&reading, bad) && reading.fault.at == whole.fault.at;
        }
        read_input(&reading, bad->input, bad->len, 0, 1, 0);
        holds = holds && refused(&reading, bad) && reading.fault.at == whole.fault.at;
        CHECK(holds, bad->name);
    }
}

static void places(void)
{
    static const struct {
        const char *input;
        size_t at;
    } cases[] = {
        {"GET / HTTP/1.1\n", 14},
        {"GE(T / HTTP/1.1\r\n", 2},
        {"GET / HTTP/2.0\r\n", 11},
        {GET("X : y\r\n"), 26},
        {GET("") "GET /# HTTP/1.1\r\n", 32},
        {POST("Content-Length: 1x\r\n", ""), 42},
        {CHUNKED("1\r\nxy"), 60},
    };
    size_t i;
    for (i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        size_t len = strlen(cases[i].input);
        read_input(&reading, cases[i].input, len, len, 1, 0);
        EQUAL(reading.fault.at, cases[i].at, "a fault says where");
    }
}

/* The end of input is good between two messages and nowhere else. */
static void ends(void)
{
    static const char input[] = GET("") CHUNKED("3;x\r\nabc\r\n0\r\nT: u\r\n\r\n");
    size_t first = sizeof GET("") - 1;
    size_t len;
    int holds = 1;
    struct reading reading;
    for (len = 0; len < sizeof input; len++) {
        int between = len == 0 || len == first || len == sizeof input - 1;
        read_input(&reading, input, len, len, 1, 1);
        holds = holds && reading.status == (between ? WC_NONE : WC_E_EOF);
        holds = holds && (between || reading.fault.reason == 0);
        holds = holds && (between || reading.fault.http_status == 0);
        holds = holds && (between || reading.fault.at == len);
    }
    CHECK(holds, "an end in the middle of a message is WC_E_EOF, and no fault to answer");
}

static void head_fields(void)
{
    static const char input[] =
        "PUT /a?b HTTP/1.1\r\nHost: h\r\nA:  1 \r\na: \r\nExpect: 100-continue\r\n"
        "Content-Length: 7\r\n\r\n";
    wc_http_parser *parser = NULL;
    wc_http_item item;
    wc_http_head head;
    wc_str name, value;
    size_t used;
    item.size = sizeof item;
    head.size = sizeof head;
    EQUAL(wc_http_parser_new(NULL, &parser), WC_OK, "a parser");
    EQUAL(wc_http_parser_head(parser, &head), WC_E_STATE, "no head yet");
    EQUAL(wc_http_parser_header_at(parser, 0, &name, &value), WC_E_STATE, "no field yet");
    EQUAL(wc_http_parser_next(parser, input, sizeof input - 1, 0, &used, &item), WC_OK, "a head");
    EQUAL(item.kind, WC_HTTP_HEAD, "it is a head");
    EQUAL(item.reserved, 0, "what is reserved is 0");
    CHECK(item.data == NULL && item.len == 0, "a head has no data");
    EQUAL(used, sizeof input - 1, "all of it is used");
    EQUAL(wc_http_parser_head(parser, &head), WC_OK, "it is lent");
    CHECK(head.method.ptr == input && head.method.len == 3, "out of the caller's bytes");
    CHECK(head.target.ptr == input + 4 && head.target.len == 4, "the target as it came");
    EQUAL(head.minor_version, 1, "the minor version");
    EQUAL(head.keep_alive, 1, "kept alive");
    EQUAL(head.chunked, 0, "not chunked");
    EQUAL(head.expect_continue, 1, "waits for 100");
    EQUAL(head.content_length, 7, "the length");
    EQUAL(head.header_count, 5, "five fields");
    EQUAL(wc_http_parser_header_at(parser, 1, &name, &value), WC_OK, "the second");
    CHECK(name.len == 1 && name.ptr[0] == 'A', "its name as it came");
    CHECK(value.len == 1 && value.ptr[0] == '1', "its value without white space");
    EQUAL(wc_http_parser_header_at(parser, 2, &name, &value), WC_OK, "the third");
    CHECK(name.ptr[0] == 'a' && value.len == 0, "an empty value");
    EQUAL(wc_http_parser_header_at(parser, 5, &name, &value), WC_E_INVAL, "past the end");
    EQUAL(wc_http_parser_header_at(parser, 0, NULL, &value), WC_E_INVAL, "null for the name");
    EQUAL(wc_http_parser_header_at(parser, 0, &name, NULL), WC_E_INVAL, "null for the value");
    EQUAL(wc_http_parser_next(parser, "GET /long-target-behind", 7, 0, &used, &item), WC_OK,
          "a body");
    EQUAL(item.kind, WC_HTTP_BODY, "a piece of the body");
    EQUAL(wc_http_parser_next(parser, "", 0, 0, &used, &item), WC_OK, "the end");
    EQUAL(item.kind, WC_HTTP_END, "it is the end");
    EQUAL(wc_http_parser_next(parser, "OPTIONS /another/target HT", 26, 0, &used, &item), WC_NONE,
          "a part of the next head");
    EQUAL(wc_http_parser_head(parser, &head), WC_E_STATE, "the head before is not lent any more");
    EQUAL(wc_http_parser_header_at(parser, 0, &name, &value), WC_E_STATE, "nor are its fields");
    wc_http_parser_free(parser);
}

static void limits_of_its_own(void)
{
    wc_http_options options;
    wc_http_parser *parser = NULL;
    wc_http_item item;
    wc_http_fault fault;
    size_t used;
    static const char input[] = POST("Content-Length: 4\r\n", "");
    item.size = sizeof item;
    fault.size = sizeof fault;
    EQUAL(wc_http_options_init(&options, sizeof options), WC_OK, "options");
    options.max_body = 3;
    EQUAL(wc_http_parser_new(&options, &parser), WC_OK, "a parser with limits");
    EQUAL(wc_http_parser_fault(parser, &fault), WC_E_STATE, "no fault yet");
    EQUAL(wc_http_parser_next(parser, input, sizeof input - 1, 0, &used, &item), WC_E_HTTP,
          "a body above its limit");
    EQUAL(wc_http_parser_fault(parser, &fault), WC_OK, "there is a fault");
    EQUAL(fault.reason, WC_H_BODY_LONG, "its reason");
    EQUAL(fault.http_status, 413, "its status");
    EQUAL(wc_http_parser_next(parser, "", 0, 0, &used, &item), WC_E_HTTP, "for ever");
    EQUAL(wc_http_parser_next(parser, GET(""), 27, 0, &used, &item), WC_E_HTTP, "whatever comes");
    wc_http_parser_free(parser);
}

static void arguments(void)
{
    wc_http_parser *parser = NULL;
    wc_http_options options;
    wc_http_item item;
    wc_http_head head;
    wc_http_fault fault;
    size_t used;
    item.size = sizeof item;
    EQUAL(wc_http_parser_new(NULL, NULL), WC_E_INVAL, "null for the parser");
    EQUAL(wc_http_options_init(&options, sizeof options), WC_OK, "options");
    options.size = sizeof options - 1;
    EQUAL(wc_http_parser_new(&options, &parser), WC_E_VERSION, "options of no version");
    options.size = sizeof options;
    options.reserved = 1;
    EQUAL(wc_http_parser_new(&options, &parser), WC_E_INVAL, "what is reserved is set");
    CHECK(parser == NULL, "no parser was made");
    EQUAL(wc_http_parser_new(NULL, &parser), WC_OK, "a parser");
    EQUAL(wc_http_parser_next(NULL, "", 0, 0, &used, &item), WC_E_INVAL, "no parser");
    EQUAL(wc_http_parser_next(parser, NULL, 1, 0, &used, &item), WC_E_INVAL, "null for bytes");
    EQUAL(wc_http_parser_next(parser, NULL, 0, 0, &used, &item), WC_NONE, "null for no bytes");
    EQUAL(wc_http_parser_next(parser, "", 0, 0, NULL, &item), WC_E_INVAL, "null for used");
    EQUAL(wc_http_parser_next(parser, "", 0, 0, &used, NULL), WC_E_INVAL, "null for the item");
    item.size = sizeof item - 1;
    EQUAL(wc_http_parser_next(parser, "", 0, 0, &used, &item), WC_E_VERSION, "a small item");
    EQUAL(wc_http_parser_head(NULL, &head), WC_E_INVAL, "a head of no parser");
    EQUAL(wc_http_parser_header_at(NULL, 0, NULL, NULL), WC_E_INVAL, "a field of no parser");
    EQUAL(wc_http_parser_fault(NULL, &fault), WC_E_INVAL, "a fault of no parser");
    item.size = sizeof item;
    EQUAL(wc_http_parser_next(parser, GET(""), 27, 0, &used, &item), WC_OK, "a head");
    EQUAL(wc_http_parser_head(parser, NULL), WC_E_INVAL, "null for the head");
    head.size = sizeof head - 1;
    EQUAL(wc_http_parser_head(parser, &head), WC_E_VERSION, "a small head");
    EQUAL(wc_http_parser_next(parser, "", 0, 0, &used, &item), WC_OK, "its end");
    EQUAL(wc_http_parser_next(parser, "\n", 1, 0, &used, &item), WC_E_HTTP, "a bare LF");
    EQUAL(wc_http_parser_fault(parser, NULL), WC_E_INVAL, "null for the fault");
    fault.size = 1;
    EQUAL(wc_http_parser_fault(parser, &fault), WC_E_VERSION, "a small fault");
    wc_http_parser_free(parser);
    wc_http_parser_free(NULL);
    CHECK(1, "freeing null does nothing");
}

/* A program compiled with a later header: what is known is written, the rest is left alone. */
static void larger_structs(void)
{
    struct {
        wc_http_item known;
        char later[16];
    } item;
    wc_http_parser *parser = NULL;
    size_t used;
    memset(&item, 'x', sizeof item);
    item.known.size = sizeof item;
    EQUAL(wc_http_parser_new(NULL, &parser), WC_OK, "a parser");
    memset(item.later, 0, sizeof item.later);
    EQUAL(wc_http_parser_next(parser, GET(""), 27, 0, &used, &item.known), WC_OK, "a larger item");
    EQUAL(item.known.size, sizeof item, "keeps its size");
    EQUAL(item.known.kind, WC_HTTP_HEAD, "has what is known");
    wc_http_parser_free(parser);
}

static void reasons(void)
{
    int reason;
    int holds = 1;
    SAME(wc_http_reason_name(WC_H_BARE_LF), "WC_H_BARE_LF", "the first reason");
    SAME(wc_http_reason_text(WC_H_BARE_LF), "A line ends in LF without CR.", "and its sentence");
    SAME(wc_http_reason_name(WC_H_NO_ROOM), "WC_H_NO_ROOM", "the last reason");
    SAME(wc_http_reason_name(0), "WC_H_UNKNOWN", "0 is no reason");
    SAME(wc_http_reason_name(-7), "WC_H_UNKNOWN", "nor is a status");
    SAME(wc_http_reason_text(12345), "No reason has this number.", "its text says so");
    for (reason = WC_H_BARE_LF; reason <= WC_H_NO_ROOM; reason++) {
        holds = holds && strncmp(wc_http_reason_name(reason), "WC_H_", 5) == 0;
        holds = holds && strcmp(wc_http_reason_name(reason), "WC_H_UNKNOWN") != 0;
        holds = holds && strlen(wc_http_reason_text(reason)) > 10;
    }
    CHECK(holds, "every reason between has a name and a sentence");
}

int main(void)
{
    good_inputs();
    bad_inputs();
    places();
    ends();
    head_fields();
    limits_of_its_own();
    arguments();
    larger_structs();
    reasons();
    return tap_done();
}

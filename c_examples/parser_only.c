/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The HTTP/1.1 parser alone: no loop, no socket, the bytes are ours.
 *
 *     printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' | parser_only
 *     parser_only sample      (also without an argument, when standard input is a terminal)
 *
 * Prints each part of each request as it is found, or why the bytes are no HTTP: the name of the
 * reason, where, and the status that a server answers with. Exit code: 0 if all was HTTP, else 1.
 *
 * The parser keeps no bytes. It is shown all that was not used so far and says with `used` how
 * many of them will not be needed again. What it hands out points into our buffer, so the buffer
 * is not moved between wc_http_parser_next and the reading of what it found. Moving the rest to
 * the front once per read, not once per item, is what keeps this linear.
 */
#include "example.h"

/* A head may have 32 KiB; body bytes are handed out as they come. Twice that is always enough. */
#define CAPACITY 65536

/* Bytes of the sample that are shown at a time: few, to prove that any cut will do. */
#define SAMPLE_STEP 7

static const char sample[] =
    "GET /index.html?lang=en HTTP/1.1\r\n"
    "Host: example.com\r\n"
    "Accept: text/html\r\n"
    "\r\n"
    "POST /upload HTTP/1.1\r\n"
    "Host: example.com\r\n"
    "Transfer-Encoding: chunked\r\n"
    "\r\n"
    "5\r\nHello\r\n"
    "8\r\n, World!\r\n"
    "0\r\n\r\n";

struct input {
    int use_sample;
    size_t sample_at;
    char bytes[CAPACITY];
    size_t from;  /* the first byte that was not used yet */
    size_t until; /* behind the last byte that we have */
    size_t dropped; /* bytes of the stream that are no longer in the buffer */
    int ended;
};

/* Brings more bytes, or notes the end. 0 on an error of the input, or when nothing more fits. */
static int fill(struct input *in)
{
    size_t left = in->until - in->from;
    ssize_t got;

    memmove(in->bytes, in->bytes + in->from, left);
    in->dropped += in->from;
    in->from = 0;
    in->until = left;
    if (left == CAPACITY) {
        fprintf(stderr, "the parser wants more than it was promised to need\n");
        return 0;
    }
    if (in->use_sample) {
        size_t rest = sizeof sample - 1 - in->sample_at;
        size_t step = rest < SAMPLE_STEP ? rest : SAMPLE_STEP;

        memcpy(in->bytes + left, sample + in->sample_at, step);
        in->sample_at += step;
        got = (ssize_t)step;
    } else {
        do {
            got = read(STDIN_FILENO, in->bytes + left, CAPACITY - left);
        } while (got < 0 && errno == EINTR);
    }
    if (got < 0) {
        perror("standard input");
        return 0;
    }
    in->ended = got == 0;
    in->until += (size_t)got;
    return 1;
}

/* Prints bytes so that one line stays one line, and a terminal is told nothing. */
static void print_bytes(const char *data, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)data[i];

        if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
            putchar(byte);
        } else {
            printf("\\x%02x", (unsigned)byte);
        }
    }
}

static void print_line(const char *label, const char *data, size_t len)
{
    printf("%s ", label);
    print_bytes(data, len);
    putchar('\n');
}

static int print_head(const wc_http_parser *parser)
{
    wc_http_head head;
    size_t i;

    memset(&head, 0, sizeof head);
    head.size = sizeof head;
    if (failed(wc_http_parser_head(parser, &head), "wc_http_parser_head")) {
        return 0;
    }
    print_line("method", head.method.ptr, head.method.len);
    print_line("target", head.target.ptr, head.target.len);
    printf("version 1.%d\n", (int)head.minor_version);
    for (i = 0; i < head.header_count; i++) {
        wc_str name;
        wc_str value;

        if (failed(wc_http_parser_header_at(parser, i, &name, &value),
                   "wc_http_parser_header_at")) {
            return 0;
        }
        printf("header ");
        print_bytes(name.ptr, name.len);
        print_line(":", value.ptr, value.len);
    }
    return 1;
}

static void print_fault(const wc_http_parser *parser, const struct input *in)
{
    wc_http_fault fault;

    memset(&fault, 0, sizeof fault);
    fault.size = sizeof fault;
    if (failed(wc_http_parser_fault(parser, &fault), "wc_http_parser_fault")) {
        return;
    }
    /* fault.at counts in the bytes that were shown; people want to know where in the stream. */
    printf("fault %s at %lu, answer %d: %s\n", wc_http_reason_name(fault.reason),
           (unsigned long)(in->dropped + in->from + fault.at), (int)fault.http_status,
           wc_http_reason_text(fault.reason));
}

static int print_item(const wc_http_parser *parser, const wc_http_item *item)
{
    switch (item->kind) {
    case WC_HTTP_HEAD:
        return print_head(parser);
    case WC_HTTP_BODY:
        print_line("body", item->data, item->len);
        return 1;
    default:
        printf("end\n");
        return 1;
    }
}

/* The heart: show, act on the answer, drop what was used. */
static int parse(wc_http_parser *parser, struct input *in)
{
    for (;;) {
        wc_http_item item;
        wc_status status;
        size_t used = 0;

        memset(&item, 0, sizeof item);
        item.size = sizeof item;
        status = wc_http_parser_next(parser, in->bytes + in->from, in->until - in->from,
                                     in->ended, &used, &item);
        if (status == WC_OK) {
            if (!print_item(parser, &item)) {
                return 0;
            }
            in->from += used;
        } else if (status == WC_NONE) {
            in->from += used;
            if (in->ended) {
                return 1;
            }
            if (!fill(in)) {
                return 0;
            }
        } else if (status == WC_E_HTTP) {
            print_fault(parser, in);
            return 0;
        } else {
            (void)failed(status, "wc_http_parser_next");
            if (status == WC_E_EOF) {
                printf("cut short\n");
            }
            return 0;
        }
    }
}

int main(int argc, char **argv)
{
    static struct input in;
    wc_http_parser *parser;
    int good;

    (void)argv;
    in.use_sample = argc > 1 || isatty(STDIN_FILENO);
    if (failed(wc_http_parser_new(NULL, &parser), "wc_http_parser_new")) {
        return EXIT_FAILURE;
    }
    good = parse(parser, &in);
    wc_http_parser_free(parser);
    if (fflush(stdout) != 0) {
        perror("standard output");
        return EXIT_FAILURE;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

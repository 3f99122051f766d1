/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files read by a pool: from an offset, up to a cap, to the end; and what is no file to read. */
#include <sys/stat.h>
#include <sys/un.h>

#include "tap.h"
#include "wire.h"

static char place[256], path[512];

static struct {
    int told, freed;
    wc_status status;
    int os_error;
    size_t len;
    char bytes[1 << 20];
} got;

static void note(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                 void *user)
{
    (void)job;
    (void)user;
    got.told++;
    got.status = status;
    got.os_error = os_error;
    got.len = len;
    if (len > 0 && len <= sizeof got.bytes) {
        memcpy(got.bytes, data, len);
    }
}

static void back(void *user)
{
    (void)user;
    got.freed++;
}

/* Has the name in the directory of this test, and reads it. */
static wc_status read_at(wc_loop loop, wc_pool pool, const char *name, uint64_t offset, size_t max)
{
    wc_status status;
    memset(&got, 0, sizeof got);
    (void)snprintf(path, sizeof path, "%s/%s", place, name);
    status = wc_pool_read(pool, path, offset, max, note, &got, back, NULL);
    /* The name is copied: what the program does with its own is nobody's business. */
    path[0] = '\0';
    MUST(wc_loop_run(loop));
    return status;
}

static const char *in_place(const char *name)
{
    (void)snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

#define SIZE 700000

static char byte_at(size_t at)
{
    return (char)(at * 7 + at / 251);
}

static void write_file(void)
{
    FILE *file = fopen(in_place("file"), "wb");
    size_t at;
    MUST(file != NULL ? 0 : -1);
    for (at = 0; at < SIZE; at++) {
        MUST(fputc(byte_at(at), file) == EOF ? -1 : 0);
    }
    MUST(fclose(file));
    file = fopen(in_place("empty"), "wb");
    MUST(file != NULL ? 0 : -1);
    MUST(fclose(file));
}

static int is_part_from(size_t offset)
{
    size_t at;
    for (at = 0; at < got.len && got.bytes[at] == byte_at(offset + at); at++) {
    }
    return at == got.len;
}

static void files(wc_loop loop, wc_pool pool)
{
    static const struct {
        uint64_t offset;
        size_t max, len;
    } parts[] = {
        {0, SIZE, SIZE},       {0, SIZE + 1, SIZE},      {0, 67108864, SIZE}, {0, 1, 1},
        {5, 300000, 300000},   {SIZE - 3, 10, 3},        {SIZE, 10, 0},       {SIZE + 1, 10, 0},
        {UINT64_MAX, 10, 0},   {INT64_MAX, 10, 0},       {7, 0, 0},
    };
    size_t at;
    for (at = 0; at < sizeof parts / sizeof parts[0]; at++) {
        EQUAL(read_at(loop, pool, "file", parts[at].offset, parts[at].max), WC_OK,
              "a part of a file is asked for");
        EQUAL(got.status, WC_OK, "and read");
        EQUAL(got.len, parts[at].len, "up to the cap or the end");
        CHECK(is_part_from((size_t)parts[at].offset), "byte for byte");
        EQUAL(got.told + got.freed, 2, "told once, given back once");
    }
    EQUAL(read_at(loop, pool, "empty", 0, 10), WC_OK, "a file without bytes");
    CHECK(got.status == WC_OK && got.len == 0, "has none");
}

static void no_files(wc_loop loop, wc_pool pool)
{
    static const struct {
        const char *name;
        wc_status status;
        int os_error;
    } names[] = {
        {"none", WC_E_NOTFOUND, ENOENT},     {"file/below", WC_E_NOTFOUND, ENOTDIR},
        {".", WC_E_INVAL, EISDIR},           {"fifo", WC_E_INVAL, ESPIPE},
        {"socket", WC_E_INVAL, ESPIPE},      {"to_zero", WC_E_INVAL, ESPIPE},
        {"to_fifo", WC_E_INVAL, ESPIPE},     {"to_itself", WC_E_OS, ELOOP},
    };
    struct sockaddr_un where;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t at;
    memset(&where, 0, sizeof where);
    where.sun_family = AF_UNIX;
    MUST(fd);
    MUST(strlen(in_place("socket")) < sizeof where.sun_path ? 0 : -1);
    strcpy(where.sun_path, path);
    MUST(bind(fd, (struct sockaddr *)&where, sizeof where));
    MUST(mkfifo(in_place("fifo"), 0600));
    MUST(symlink("/dev/zero", in_place("to_zero")));
    MUST(symlink("fifo", in_place("to_fifo")));
    MUST(symlink("to_itself", in_place("to_itself")));
    for (at = 0; at < sizeof names / sizeof names[0]; at++) {
        EQUAL(read_at(loop, pool, names[at].name, 0, 10), WC_OK, names[at].name);
        EQUAL(got.status, names[at].status, "is told why not");
        EQUAL(got.os_error, names[at].os_error, "with the system's number");
        EQUAL(got.len, 0, "and no bytes");
        EQUAL(got.told + got.freed, 2, "told once, given back once");
    }
    MUST(close(fd));
}

static void refused_at_once(wc_loop loop, wc_pool pool)
{
    memset(&got, 0, sizeof got);
    EQUAL(wc_pool_read(pool, NULL, 0, 1, note, &got, back, NULL), WC_E_INVAL, "null");
    EQUAL(wc_pool_read(pool, "", 0, 1, note, &got, back, NULL), WC_E_INVAL, "no name");
    EQUAL(wc_pool_read(pool, "/", 0, 67108865, note, &got, back, NULL), WC_E_LIMIT, "READ_FILE");
    EQUAL(got.freed, 3, "each gives the user pointer back");
    MUST(wc_loop_run(loop));
    EQUAL(got.told, 0, "and is told no more");
}

/* The bytes of the pull face stand until the next event is asked for. */
static void pulled(wc_loop loop, wc_pool pool)
{
    wc_event event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(wc_pool_read(pool, in_place("file"), 3, 4, NULL, NULL, NULL, NULL));
    EQUAL(wc_loop_next(loop, WIRE_DEADLINE_MS, &event), WC_OK, "an event is pulled");
    CHECK(event.kind == WC_EVENT_JOB && event.len == 4, "with bytes");
    CHECK(event.data[0] == byte_at(3) && event.data[3] == byte_at(6), "that are there");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "and then no more");
}

int main(void)
{
    static const char *const names[] = {"file", "empty", "fifo", "socket", "to_zero", "to_fifo",
                                        "to_itself"};
    const char *tmp = getenv("TMPDIR");
    wc_loop loop = wire_loop();
    wc_pool pool = 0;
    size_t at;
    (void)snprintf(place, sizeof place, "%s/webcore.XXXXXX", tmp != NULL ? tmp : "/tmp");
    MUST(mkdtemp(place) != NULL ? 0 : -1);
    write_file();
    MUST(wc_pool_new(loop, NULL, &pool));
    files(loop, pool);
    no_files(loop, pool);
    refused_at_once(loop, pool);
    pulled(loop, pool);
    MUST(wc_loop_free(loop));
    for (at = 0; at < sizeof names / sizeof names[0]; at++) {
        MUST(unlink(in_place(names[at])));
    }
    MUST(rmdir(place));
    return tap_done();
}

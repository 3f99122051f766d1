/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Jobs: the addresses of hosts, with nobody asked where nobody has to be, and taking a job back. */
#include "tap.h"
#include "wire.h"

/* A lookup, and what it found: "192.0.2.1:80 [::1]:80 " as text. */
struct lookup {
    wc_job job;
    int told, freed;
    wc_status status, late;
    int os_error;
    char found[1024];
};

static void note(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                 void *user)
{
    struct lookup *lookup = user;
    char text[WC_ADDRESS_MAX];
    uint16_t port = 0;
    size_t at;
    lookup->told++;
    lookup->job = job;
    lookup->status = status;
    lookup->os_error = os_error;
    MUST(data == NULL && len == 0 ? 0 : -1);
    for (at = 0; wc_job_address(job, at, text, sizeof text, &port) == WC_OK; at++) {
        size_t used = strlen(lookup->found);
        (void)snprintf(lookup->found + used, sizeof lookup->found - used, "%s %u, ", text,
                       (unsigned)port);
    }
    lookup->late = wc_job_address(job, at, text, sizeof text, NULL);
}

static void back(void *user)
{
    ((struct lookup *)user)->freed++;
}

static wc_pool pool_of(wc_loop loop)
{
    wc_pool_options options;
    wc_pool pool = 0;
    MUST(wc_pool_options_init(&options, sizeof options));
    options.threads = 1;
    options.queue = 3;
    MUST(wc_pool_new(loop, &options, &pool));
    return pool;
}

/* Holds up the only thread of a pool until a byte comes. */
static void hold(void *user)
{
    char byte;
    MUST(read(*(int *)user, &byte, 1));
}

static void nobody_is_asked(void)
{
    static const struct {
        const char *host;
        const char *found;
    } hosts[] = {
        {"192.0.2.1", "192.0.2.1 80, "},
        {"2001:db8::7", "2001:db8::7 80, "},
        {"::ffff:192.0.2.1", "192.0.2.1 80, "},
        {"localhost", "127.0.0.1 80, ::1 80, "},
        {"LOCALHOST.", "127.0.0.1 80, ::1 80, "},
        {"www.localhost", "127.0.0.1 80, ::1 80, "},
    };
    wc_loop loop = wire_loop();
    wc_pool pool = pool_of(loop);
    /* It stands until the loop is freed: the last one comes back with the next event. */
    struct lookup lookup;
    int ends[2];
    size_t at;
    memset(&lookup, 0, sizeof lookup);
    MUST(pipe(ends));
    MUST(wc_pool_submit(pool, hold, NULL, &ends[0], NULL, NULL));
    for (at = 0; at < sizeof hosts / sizeof hosts[0]; at++) {
        wc_event event;
        lookup.told = 0;
        lookup.found[0] = '\0';
        memset(&event, 0, sizeof event);
        event.size = sizeof event;
        EQUAL(wc_pool_resolve(pool, hosts[at].host, 80, note, &lookup, back, &lookup.job), WC_OK,
              "a number, or this machine");
        EQUAL(lookup.told, 0, "is not told from within that call");
        EQUAL(wc_job_cancel(lookup.job), WC_E_STATE, "nor can it be taken back");
        MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
        MUST(wc_loop_dispatch(loop));
        SAME(lookup.found, hosts[at].found, "but though no thread is free");
        EQUAL(lookup.status, WC_OK, "it is known");
        EQUAL(lookup.late, WC_NONE, "and there are no more addresses");
    }
    MUST(write(ends[1], "e", 1));
    MUST(wc_loop_free(loop));
    EQUAL(lookup.freed, (long)(sizeof hosts / sizeof hosts[0]), "each user pointer came back");
    MUST(close(ends[0]) | close(ends[1]));
}

/* Short forms and names of this machine are the system's to know; no other machine is asked. */
static void the_system_is_asked(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_of(loop);
    struct lookup lookup;
    memset(&lookup, 0, sizeof lookup);
    EQUAL(wc_pool_resolve(pool, "127.1", 65535, note, &lookup, back, NULL), WC_OK,
          "what only the system knows");
    EQUAL(wc_loop_run(loop), WC_OK, "is asked for by a thread");
    EQUAL(lookup.status, WC_OK, "and found");
    SAME(lookup.found, "127.0.0.1 65535, ", "with the port that was given");
    EQUAL(lookup.freed, 1, "the user pointer came back");
    memset(&lookup, 0, sizeof lookup);
    MUST(wc_pool_resolve(pool, "fe80::1%1", 80, note, &lookup, back, NULL));
    MUST(wc_loop_run(loop));
    SAME(lookup.found, "fe80::1%1 80, ", "an address of a link keeps its interface");
    memset(&lookup, 0, sizeof lookup);
    /* A colon is in no name, so no name server is asked for it. */
    EQUAL(wc_pool_resolve(pool, "no:such:host", 80, note, &lookup, back, NULL), WC_OK,
          "what is neither name nor address");
    MUST(wc_loop_run(loop));
    EQUAL(lookup.status, WC_E_NOTFOUND, "is not found");
    CHECK(lookup.os_error != 0, "for a reason that gai_strerror(3) has a text for");
    SAME(lookup.found, "", "so it has no address");
    EQUAL(lookup.late, WC_NONE, "not even a first one");
    MUST(wc_loop_free(loop));
}

static void bad_hosts(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_of(loop);
    struct lookup lookup;
    char name[256];
    memset(&lookup, 0, sizeof lookup);
    EQUAL(wc_pool_resolve(pool, NULL, 1, note, &lookup, back, NULL), WC_E_INVAL, "null");
    EQUAL(wc_pool_resolve(pool, "", 1, note, &lookup, back, NULL), WC_E_INVAL, "no name");
    memset(name, ':', 254);
    name[254] = '\0';
    EQUAL(wc_pool_resolve(pool, name, 1, note, &lookup, back, NULL), WC_E_LIMIT, "HOST_NAME");
    EQUAL(lookup.freed, 3, "each gives the user pointer back");
    name[253] = '\0';
    EQUAL(wc_pool_resolve(pool, name, 1, note, &lookup, back, NULL), WC_OK, "one byte less");
    MUST(wc_loop_run(loop));
    EQUAL(lookup.status, WC_E_NOTFOUND, "may be asked for");
    MUST(wc_loop_free(loop));
}

static void only_a_lookup_has_addresses(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_of(loop);
    wc_job job = 0;
    wc_event event;
    char text[WC_ADDRESS_MAX];
    uint16_t port = 7;
    int ends[2];
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    MUST(pipe(ends));
    MUST(wc_pool_submit(pool, hold, NULL, &ends[0], NULL, &job));
    EQUAL(wc_job_address(job, 0, text, sizeof text, NULL), WC_E_STATE, "a job that is not done");
    MUST(write(ends[1], "e", 1));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    EQUAL(wc_job_address(job, 0, text, sizeof text, NULL), WC_E_STATE, "or was no lookup");
    MUST(wc_pool_resolve(pool, "192.0.2.1", 80, NULL, NULL, NULL, &job));
    MUST(wc_loop_next(loop, WIRE_DEADLINE_MS, &event));
    CHECK(event.object == job && event.len == 0, "a lookup is pulled");
    EQUAL(wc_job_address(job, 0, text, 9, &port), WC_E_INVAL, "a text without room for its NUL");
    EQUAL(wc_job_address(job, 0, NULL, 99, &port), WC_E_INVAL, "or without any");
    EQUAL(port, 7, "nothing is written then");
    EQUAL(wc_job_address(job, 0, text, 10, &port), WC_OK, "one that is just long enough");
    SAME(text, "192.0.2.1", "is written");
    EQUAL(port, 80, "with the port");
    EQUAL(wc_job_address(job, 1, text, sizeof text, &port), WC_NONE, "there is one");
    EQUAL(wc_job_address(job, (size_t)-1, text, sizeof text, &port), WC_NONE, "and no other");
    EQUAL(wc_loop_next(loop, 0, &event), WC_NONE, "the next event is asked for");
    EQUAL(wc_job_address(job, 0, text, sizeof text, &port), WC_E_GONE, "then it is gone");
    MUST(wc_loop_free(loop));
    MUST(close(ends[0]) | close(ends[1]));
}

static void taken_back(void)
{
    wc_loop loop = wire_loop();
    wc_pool pool = pool_of(loop);
    struct lookup lookups[3];
    int ends[2], at;
    memset(lookups, 0, sizeof lookups);
    MUST(pipe(ends));
    MUST(wc_pool_submit(pool, hold, NULL, &ends[0], NULL, NULL));
    for (at = 0; at < 3; at++) {
        MUST(wc_pool_resolve(pool, "127.1", 80, note, &lookups[at], back, &lookups[at].job));
    }
    EQUAL(wc_job_cancel(lookups[1].job), WC_OK, "one that waits is taken back");
    EQUAL(wc_job_cancel(lookups[1].job), WC_E_STATE, "once");
    EQUAL(lookups[1].told, 0, "it is not told from within that call");
    MUST(write(ends[1], "e", 1));
    MUST(wc_loop_run(loop));
    EQUAL(lookups[1].status, WC_E_CANCELLED, "it is told as cancelled");
    SAME(lookups[1].found, "", "with no address");
    EQUAL(lookups[1].freed, 1, "its user pointer came back");
    SAME(lookups[0].found, "127.0.0.1 80, ", "the one before it is found");
    SAME(lookups[2].found, "127.0.0.1 80, ", "and the one behind it");
    EQUAL(wc_job_cancel(lookups[1].job), WC_E_GONE, "then it is gone");
    MUST(wc_loop_free(loop));
    MUST(close(ends[0]) | close(ends[1]));
}

/* A lookup that asks for the next one as soon as it is told, as long as no timer has fired. */
struct circle {
    wc_pool pool;
    int told, fired;
};

static void again(wc_job job, wc_status status, int32_t os_error, const char *data, size_t len,
                  void *user)
{
    struct circle *circle = user;
    (void)job;
    (void)status;
    (void)os_error;
    (void)data;
    (void)len;
    if (++circle->told < 100000 && !circle->fired) {
        MUST(wc_pool_resolve(circle->pool, "127.0.0.1", 1, again, user, NULL, NULL));
    }
}

static void fire(wc_timer timer, void *user)
{
    struct circle *circle = user;
    (void)timer;
    circle->fired = 1;
}

static void a_circle_of_jobs_starves_nobody(void)
{
    struct circle circle = {0, 0, 0};
    wc_loop loop = wire_loop();
    circle.pool = pool_of(loop);
    MUST(wc_pool_resolve(circle.pool, "127.0.0.1", 1, again, &circle, NULL, NULL));
    MUST(wc_timer_start(loop, 1, 0, fire, &circle, NULL, NULL));
    MUST(wc_loop_run(loop));
    CHECK(circle.fired && circle.told < 100000,
          "a timer fires though each job that is told makes one that is done at once");
    MUST(wc_loop_free(loop));
}

int main(void)
{
    nobody_is_asked();
    the_system_is_asked();
    bad_hosts();
    only_a_lookup_has_addresses();
    taken_back();
    a_circle_of_jobs_starves_nobody();
    return tap_done();
}

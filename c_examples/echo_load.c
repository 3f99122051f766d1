/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The load client of echo_length.
 *
 *     echo_load HOST PORT CONNS MSG_BYTES ROUNDS [DEPTH]
 *
 * Each of CONNS connections makes ROUNDS round trips of MSG_BYTES bytes (0 to 1048576), with up
 * to DEPTH messages under way (default 1). Every byte that comes back is compared with what went:
 * a load client that only counts bytes gives a fast wrong server the better figures. While it
 * runs, a line a second on standard error says how far it is. At the end, on standard output:
 *
 *     messages 64000 in 1.234 s
 *     throughput 51863.2 messages/s 50.6 MiB/s
 *     rtt_us p50 12.3 p90 20.1 p99 40.0 max 120.9
 *
 * MiB/s counts the payload in one direction. Exit code 1 after a wrong byte, a lost connection or
 * an argument that is refused.
 *
 * With depth above 1 the time of a round trip includes waiting behind one's own messages: more
 * depth buys throughput and pays with latency.
 */
#include "example.h"

#include <sys/resource.h>
#include <time.h>

#define MAX_MESSAGE 1048576u
#define MAX_CONNS 100000u
#define MAX_ROUNDS 1000000000u
#define MAX_DEPTH 1024u

/*
 * Round-trip times, in ns, in buckets whose width grows with the value: 64 to each power of two,
 * so a percentile is right within 1.6 %, in the same 30 KiB after a second and after a week.
 * A list of all samples would grow with the load and disturb what it measures.
 */
#define SUB_BITS 6u
#define SUB (1u << SUB_BITS)
#define BUCKETS ((64u - SUB_BITS + 1u) * SUB)

struct histogram {
    uint64_t count[BUCKETS];
    uint64_t total;
    uint64_t max;
};

struct client;

struct link {
    struct client *client;
    uint32_t number;
    uint32_t sent;     /* rounds sent */
    uint32_t received; /* rounds that came back whole and right */
    int full;          /* WC_FULL was answered and on_drain has not come yet */
    uint64_t *started; /* when the messages under way were sent: round modulo depth */
};

struct client {
    wc_loop loop;
    wc_timer progress;
    const char *host;
    uint16_t port;
    uint32_t conns;
    uint32_t rounds;
    uint32_t depth;
    size_t bytes;
    unsigned char *message; /* one is enough: what goes and what is expected is made when needed */
    struct link *links;
    uint64_t *started;
    uint32_t open;
    int broken;
    uint64_t begun;
    uint64_t ended;
    struct histogram rtt;
};

/* CLOCK_MONOTONIC: the other clock jumps when somebody sets the time. */
static uint64_t now_ns(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) {
        perror("clock_gettime");
        exit(EXIT_FAILURE);
    }
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint32_t bucket_of(uint64_t value)
{
    uint32_t shift = 0;

    while ((value >> shift) >= 2u * SUB) {
        shift++;
    }
    return shift * SUB + (uint32_t)(value >> shift);
}

/* The highest value that falls into a bucket. */
static uint64_t top_of(uint32_t bucket)
{
    uint32_t shift = bucket < 2u * SUB ? 0 : bucket / SUB - 1u;
    uint64_t base = bucket - shift * SUB;

    return ((base + 1u) << shift) - 1u;
}

static void record(struct histogram *h, uint64_t value)
{
    h->count[bucket_of(value)]++;
    h->total++;
    if (value > h->max) {
        h->max = value;
    }
}

static double percentile_us(const struct histogram *h, uint32_t percent)
{
    uint64_t wanted = (h->total * percent + 99u) / 100u;
    uint64_t seen = 0;
    uint32_t i;

    for (i = 0; i < BUCKETS; i++) {
        seen += h->count[i];
        if (seen >= wanted) {
            uint64_t top = top_of(i);
            return (double)(top < h->max ? top : h->max) / 1000.0;
        }
    }
    return (double)h->max / 1000.0;
}

/*
 * The content of one message, a function of connection, round and offset: an echo of somebody
 * else's message, of an older round, or with a byte moved is found out.
 */
static void fill(unsigned char *out, size_t len, uint32_t number, uint32_t round)
{
    uint64_t state = ((uint64_t)number << 32 | round) + 0x9e3779b9u;
    uint64_t word = 0;
    size_t at;

    for (at = 0; at < len; at++) {
        if (at % 8 == 0) {
            word = state + at;
            word = (word ^ (word >> 31)) * ((uint64_t)0x9e3779b9u << 32 | 0x7f4a7c15u);
            word ^= word >> 29;
        }
        out[at] = (unsigned char)(word >> (at % 8 * 8));
    }
}

/* Stops everything: figures of a run with one error in it mean nothing. */
static void give_up(struct client *client)
{
    client->broken = 1;
    (void)failed(wc_loop_stop(client->loop), "wc_loop_stop");
}

/* Keeps DEPTH messages under way. */
static void send_more(struct link *link, wc_conn conn)
{
    struct client *client = link->client;

    while (!link->full && link->sent < client->rounds
           && link->sent - link->received < client->depth) {
        wc_status status;

        fill(client->message, client->bytes, link->number, link->sent);
        link->started[link->sent % client->depth] = now_ns();
        link->sent++;
        status = wc_conn_send_frame(conn, client->message, client->bytes);
        /* Accepted, but more would only queue up here; on_drain goes on. */
        link->full = status == WC_FULL;
        if (failed(status, "wc_conn_send_frame")) {
            give_up(client);
            return;
        }
    }
}

static void on_open(wc_conn conn, void *user)
{
    send_more(user, conn);
}

static void on_drain(wc_conn conn, void *user)
{
    struct link *link = user;

    link->full = 0;
    send_more(link, conn);
}

static void on_data(wc_conn conn, const char *data, size_t len, void *user)
{
    struct link *link = user;
    struct client *client = link->client;
    uint64_t arrived = now_ns();

    if (link->received == link->sent) {
        fprintf(stderr, "connection %lu: an answer to nothing\n", (unsigned long)link->number);
        give_up(client);
        return;
    }
    fill(client->message, client->bytes, link->number, link->received);
    if (len != client->bytes || (len > 0 && memcmp(data, client->message, len) != 0)) {
        fprintf(stderr, "connection %lu, round %lu: what came back is not what went\n",
                (unsigned long)link->number, (unsigned long)link->received);
        give_up(client);
        return;
    }
    record(&client->rtt, arrived - link->started[link->received % client->depth]);
    link->received++;
    if (link->received == client->rounds) {
        (void)failed(wc_conn_close(conn, WC_CLOSE_FLUSH), "wc_conn_close");
        return;
    }
    send_more(link, conn);
}

static void on_close(wc_conn conn, wc_status why, int32_t os_error, void *user)
{
    struct link *link = user;
    struct client *client = link->client;

    (void)conn;
    client->open--;
    if (link->received < client->rounds && !client->broken) {
        fprintf(stderr, "connection %lu lost in round %lu: %s: %s%s%s\n",
                (unsigned long)link->number, (unsigned long)link->received, wc_status_name(why),
                wc_status_text(why), os_error != 0 ? " " : "",
                os_error != 0 ? strerror(os_error) : "");
        give_up(client);
    }
    if (client->open == 0 && !client->broken) {
        /* The repeating timer is all that is still alive; without it the loop has done its work. */
        client->ended = now_ns();
        (void)failed(wc_timer_cancel(client->progress), "wc_timer_cancel");
    }
}

static const wc_conn_callbacks callbacks = {
    .size = sizeof callbacks,
    .on_open = on_open,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_close = on_close,
};

static void on_second(wc_timer timer, void *user)
{
    const struct client *client = user;
    uint64_t all = (uint64_t)client->conns * client->rounds;

    (void)timer;
    fprintf(stderr, "%.0f s: %lu of %lu messages, %lu connections\n",
            (double)(now_ns() - client->begun) / 1e9, (unsigned long)client->rtt.total,
            (unsigned long)all, (unsigned long)client->open);
}

static wc_status connect_all(struct client *client)
{
    wc_connect_options where;
    wc_conn_options how;
    uint32_t i;
    wc_status status = wc_connect_options_init(&where, sizeof where);

    if (status < 0) {
        return status;
    }
    where.host = client->host;
    where.port = client->port;
    status = wc_conn_options_init(&how, sizeof how);
    if (status < 0) {
        return status;
    }
    how.framing = WC_FRAMING_LENGTH;
    how.prefix_bytes = 4;
    how.prefix_order = WC_ORDER_BIG;
    how.max_frame = MAX_MESSAGE;
    for (i = 0; i < client->conns; i++) {
        struct link *link = &client->links[i];
        wc_conn conn;

        link->client = client;
        link->number = i;
        link->started = client->started + (size_t)i * client->depth;
        status = wc_connect(client->loop, &where, &how, &callbacks, link, NULL, &conn);
        if (status < 0) {
            return status;
        }
        client->open++;
    }
    return WC_OK;
}

static wc_status run(struct client *client)
{
    wc_loop_options options;
    wc_status status = wc_loop_options_init(&options, sizeof options);

    if (status < 0) {
        return status;
    }
    options.max_connections = client->conns;
    status = wc_loop_new(&options, &client->loop);
    if (status < 0) {
        return status;
    }
    client->begun = now_ns();
    status = wc_timer_start(client->loop, 1000, 1000, on_second, client, NULL, &client->progress);
    if (status >= 0) {
        status = connect_all(client);
    }
    if (status >= 0) {
        status = wc_loop_run(client->loop);
    }
    /* Also after an error: connections that are still alive get their on_close here. */
    client->broken |= status < 0;
    if (failed(wc_loop_free(client->loop), "wc_loop_free")) {
        client->broken = 1;
    }
    return status;
}

static int parse_arguments(int argc, char **argv, struct client *client)
{
    unsigned long port = 0;
    unsigned long conns = 0;
    unsigned long bytes = 0;
    unsigned long rounds = 0;
    unsigned long depth = 1;

    if (argc < 6 || argc > 7 || !parse_number(argv[2], 1, 65535, &port)
        || !parse_number(argv[3], 1, MAX_CONNS, &conns)
        || !parse_number(argv[4], 0, MAX_MESSAGE, &bytes)
        || !parse_number(argv[5], 1, MAX_ROUNDS, &rounds)
        || (argc > 6 && !parse_number(argv[6], 1, MAX_DEPTH, &depth))) {
        fprintf(stderr,
                "usage: %s HOST PORT CONNS(1-%u) MSG_BYTES(0-%u) ROUNDS(1-%u) [DEPTH(1-%u)]\n",
                argv[0], MAX_CONNS, MAX_MESSAGE, MAX_ROUNDS, MAX_DEPTH);
        return 0;
    }
    client->host = argv[1];
    client->port = (uint16_t)port;
    client->conns = (uint32_t)conns;
    client->bytes = bytes;
    client->rounds = (uint32_t)rounds;
    client->depth = (uint32_t)(depth < rounds ? depth : rounds);
    return 1;
}

/* The soft limit of open files is 1024 on most systems, the hard one much higher. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            perror("setrlimit");
        }
    }
}

static int report(const struct client *client)
{
    double seconds = (double)(client->ended - client->begun) / 1e9;
    double per_second = (double)client->rtt.total / seconds;

    printf("messages %lu in %.3f s\n", (unsigned long)client->rtt.total, seconds);
    printf("throughput %.1f messages/s %.1f MiB/s\n", per_second,
           per_second * (double)client->bytes / 1048576.0);
    printf("rtt_us p50 %.1f p90 %.1f p99 %.1f max %.1f\n", percentile_us(&client->rtt, 50),
           percentile_us(&client->rtt, 90), percentile_us(&client->rtt, 99),
           (double)client->rtt.max / 1000.0);
    if (fflush(stdout) != 0) {
        perror("standard output");
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    static struct client client;
    int good;

    if (!parse_arguments(argc, argv, &client)) {
        return EXIT_FAILURE;
    }
    raise_file_limit();
    client.links = calloc(client.conns, sizeof *client.links);
    client.started = calloc((size_t)client.conns * client.depth, sizeof *client.started);
    client.message = malloc(client.bytes + 1);
    if (client.links == NULL || client.started == NULL || client.message == NULL) {
        fprintf(stderr, "out of memory\n");
        good = 0;
    } else {
        good = !failed(run(&client), "run") && !client.broken && report(&client);
    }
    free(client.links);
    free(client.started);
    free(client.message);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

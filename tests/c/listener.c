/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Listeners: addresses, refusals, limits of connections, closing. Descriptors: descriptors.c. */
#include <sys/wait.h>

#include "tap.h"
#include "wire.h"

static void nothing_is_refused_silently(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_conn_options how = wire_conn_options();
    wc_listener out = 0;
    wc_loop loop = log->loop;
    EQUAL(wc_listen_options_init(NULL, sizeof where), WC_E_INVAL, "null options are refused");
    EQUAL(wc_listen(loop, NULL, NULL, NULL, log, wire_freed, &out), WC_E_INVAL,
          "a listener needs options");
    EQUAL(log->freed, 1, "a refused listener gives the user pointer back");
    where.host = "localhorst";
    EQUAL(wc_listen(loop, &where, NULL, NULL, log, wire_freed, &out), WC_E_ADDRESS,
          "a host is an address, not a name");
    where.host = "127.0.0.1\xff";
    EQUAL(wc_listen(loop, &where, NULL, NULL, log, wire_freed, &out), WC_E_INVAL,
          "nor bytes that are no text");
    where.host = "192.0.2.1";
    EQUAL(wc_listen(loop, &where, NULL, NULL, log, wire_freed, &out), WC_E_ADDRESS,
          "nor an address of another machine");
    where.host = "127.0.0.1";
    where.backlog = 0;
    EQUAL(wc_listen(loop, &where, NULL, NULL, log, wire_freed, &out), WC_E_INVAL,
          "a backlog of nothing is refused");
    where.backlog = 1;
    where.accept_budget = 0;
    EQUAL(wc_listen(loop, &where, NULL, NULL, log, wire_freed, &out), WC_E_INVAL,
          "so is a budget of nothing");
    where.accept_budget = 1;
    how.write_low = how.write_high + 1;
    EQUAL(wc_listen(loop, &where, &how, NULL, log, wire_freed, &out), WC_E_INVAL,
          "so are marks that contradict each other");
    EQUAL(log->freed, 7, "each time the user pointer came back");
    EQUAL(out, 0, "and no handle was written");
    EQUAL(wire_stats(loop).listeners, 0, "and nothing is left");
    MUST(wc_loop_free(loop));
    free(log);
}

static void in_use(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_listener second = 0;
    int32_t number = 0;
    wire_listen(log);
    where.port = log->port;
    EQUAL(wc_listen(log->loop, &where, NULL, NULL, NULL, NULL, &second), WC_E_INUSE,
          "a port that is taken is in use");
    EQUAL(wc_loop_os_error(log->loop, &number), WC_OK, "the loop knows the system's number");
    EQUAL(number, EADDRINUSE, "which says the same");
    EQUAL(wc_listener_close(log->listener), WC_OK, "the first one is closed");
    EQUAL(wc_listener_close(log->listener), WC_E_GONE, "once");
    wire_turns(log->loop, 2);
    EQUAL(wc_listen(log->loop, &where, NULL, NULL, NULL, NULL, &second), WC_OK,
          "then its port is free");
    EQUAL(log->freed, 1, "and its user pointer came back");
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* An ordinary user in a child of its own; elsewhere low ports may be everyone's. */
static void a_port_that_is_not_ours(void)
{
    FILE *lowest = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
    int first = 0, status = 0;
    pid_t child;
    if (lowest == NULL || fscanf(lowest, "%d", &first) != 1) {
        first = 0;
    }
    if (lowest != NULL) {
        (void)fclose(lowest);
    }
    if (first <= 81) {
        CHECK(1, "a privileged port is refused # SKIP every port is everyone's here");
        return;
    }
    child = fork();
    MUST(child);
    if (child == 0) {
        wc_listen_options where = wire_listen_options();
        wc_loop loop;
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(0);
        }
        loop = wire_loop();
        where.port = 81;
        _exit(wc_listen(loop, &where, NULL, NULL, NULL, NULL, NULL) == WC_E_ACCESS ? 0 : 1);
    }
    MUST(waitpid(child, &status, 0));
    EQUAL(status, 0, "a privileged port is refused");
}

static int connect_to(const char *host, int family, uint16_t port)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    int fd = socket(family, SOCK_STREAM, 0), failed;
    if (fd < 0) {
        return -1;
    }
    memset(&six, 0, sizeof six);
    memset(&four, 0, sizeof four);
    six.sin6_family = AF_INET6;
    six.sin6_port = four.sin_port = htons(port);
    four.sin_family = AF_INET;
    if (family == AF_INET) {
        MUST(inet_pton(AF_INET, host, &four.sin_addr));
        failed = connect(fd, (struct sockaddr *)&four, sizeof four);
    } else {
        MUST(inet_pton(AF_INET6, host, &six.sin6_addr));
        failed = connect(fd, (struct sockaddr *)&six, sizeof six);
    }
    if (failed) {
        MUST(close(fd));
        return -1;
    }
    return fd;
}

/* Who the peer of a fresh connection is, and we to it. */
static void both_addresses(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        char *text = log->other;
        char little[3] = "";
        uint16_t port = 0;
        wc_listener from = 0;
        MUST(wc_conn_peer(conn, text, WC_ADDRESS_MAX, &port));
        log->number = port;
        MUST(wc_conn_local(conn, text + WC_ADDRESS_MAX, WC_ADDRESS_MAX, &port));
        log->step += port == log->port;
        log->step += wc_conn_peer(conn, little, sizeof little, NULL) == WC_E_INVAL;
        log->step += wc_conn_local(conn, NULL, WC_ADDRESS_MAX, NULL) == WC_E_INVAL;
        log->step += wc_conn_listener(conn, &from) == WC_OK && from == log->listener;
        log->step += wc_conn_listener(conn, NULL) == WC_E_INVAL;
    }
}

static void talk_to(const char *host, int v6_only, const char *dial, int family, const char *peer)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    char shown[2 * WC_ADDRESS_MAX] = "";
    int fd;
    where.host = host;
    where.v6_only = (uint16_t)v6_only;
    log->act = both_addresses;
    log->other = shown;
    wire_listen_with(log, &where, NULL);
    fd = connect_to(dial, family, log->port);
    if (peer == NULL) {
        EQUAL(fd, -1, "an IPv4 peer finds no IPv6-only listener");
    } else {
        CHECK(wire_run(log->loop, wire_opened, log), dial);
        SAME(shown, peer, "the peer's address");
        SAME(shown + WC_ADDRESS_MAX, peer, "and ours, on the loopback");
        CHECK(log->number > 0, "the peer has a port");
        EQUAL(log->step, 5, "what does not fit is refused; listener and port are known");
        MUST(close(fd));
    }
    MUST(wc_loop_free(log->loop));
    free(log);
}

static int has_ipv6(void)
{
    wc_loop loop = wire_loop();
    wc_listen_options where = wire_listen_options();
    wc_status answer;
    where.host = "::1";
    answer = wc_listen(loop, &where, NULL, NULL, NULL, NULL, NULL);
    MUST(wc_loop_free(loop));
    return answer == WC_OK;
}

static void addresses(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    char text[WC_ADDRESS_MAX] = "";
    uint16_t port = 0;
    wire_listen(log);
    EQUAL(wc_listener_address(log->listener, text, sizeof text, &port), WC_OK, "its address");
    SAME(text, "127.0.0.1", "as text");
    CHECK(port != 0 && port == log->port, "and the port that it really has");
    EQUAL(wc_listener_address(log->listener, text, 9, &port), WC_E_INVAL,
          "nine bytes lack room for the NUL");
    EQUAL(wc_listener_address(log->listener, text, 10, NULL), WC_OK, "ten have it");
    EQUAL(wc_listener_address(log->listener, NULL, 10, NULL), WC_E_INVAL, "null has none");
    EQUAL(wc_listener_port(log->listener, NULL), WC_E_INVAL, "a null port is refused");
    MUST(wc_listener_close(log->listener));
    EQUAL(wc_listener_port(log->listener, &port), WC_E_GONE, "a closed one has no port");
    EQUAL(wc_listener_address(log->listener, text, sizeof text, NULL), WC_E_GONE, "nor address");
    MUST(wc_loop_free(log->loop));
    free(log);
    talk_to("127.0.0.1", 0, "127.0.0.1", AF_INET, "127.0.0.1");
    talk_to("localhost", 0, "127.0.0.1", AF_INET, "127.0.0.1");
    talk_to(NULL, 0, "127.0.0.1", AF_INET, "127.0.0.1");
    if (has_ipv6()) {
        talk_to("::1", 0, "::1", AF_INET6, "::1");
        talk_to(NULL, 0, "::1", AF_INET6, "::1");
        talk_to("::", 0, "127.0.0.1", AF_INET, "127.0.0.1");
        talk_to("::", 1, "127.0.0.1", AF_INET, NULL);
    } else {
        CHECK(1, "IPv6 # SKIP there is none here");
    }
}

/* Its own callbacks. */
static char gate[128];

static void on_pause(wc_listener listener, wc_status why, int32_t os_error, void *user)
{
    (void)listener;
    (void)os_error;
    (void)user;
    strcat(strcat(strcat(gate, "pause("), wc_status_name(why)), ") ");
}

static void on_resume(wc_listener listener, void *user)
{
    (void)listener;
    (void)user;
    strcat(gate, "resume ");
}

static int close_again;

static void on_listener_close(wc_listener listener, wc_status why, void *user)
{
    (void)user;
    strcat(strcat(strcat(gate, "close("), wc_status_name(why)), ") ");
    close_again = wc_listener_close(listener);
}

static wc_listener_callbacks events(void)
{
    wc_listener_callbacks all;
    memset(&all, 0, sizeof all);
    all.size = sizeof all;
    all.on_pause = on_pause;
    all.on_resume = on_resume;
    all.on_close = on_listener_close;
    gate[0] = '\0';
    return all;
}

static int three_opened(void *log)
{
    return ((struct wire_log *)log)->opened == 3;
}

static int paused(void *log)
{
    (void)log;
    return strstr(gate, "pause") != NULL;
}

static void its_limit(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_listener_callbacks own = events();
    int fds[3];
    where.max_connections = 2;
    where.events = &own;
    wire_listen_with(log, &where, NULL);
    fds[0] = wire_client(log->port);
    fds[1] = wire_client(log->port);
    fds[2] = wire_client(log->port);
    CHECK(wire_run(log->loop, paused, log), "three peers, two connections allowed");
    EQUAL(log->opened, 2, "two are taken");
    wire_turns(log->loop, 5);
    EQUAL(wire_stats(log->loop).accept_pauses, 1, "the listener pauses once");
    SAME(gate, "pause(WC_E_LIMIT) ", "and says why");
    MUST(wc_conn_close(log->conn, WC_CLOSE_NOW));
    CHECK(wire_run(log->loop, three_opened, log), "one ends, the third is taken");
    CHECK(strncmp(gate, "pause(WC_E_LIMIT) resume ", 25) == 0, "the listener said so");
    MUST(close(fds[0]));
    MUST(close(fds[1]));
    MUST(close(fds[2]));
    MUST(wc_loop_free(log->loop));
    EQUAL(log->freed, 1, "the user pointer came back once");
    free(log);
}

static void close_the_listener(struct wire_log *log, const char *event, wc_conn conn)
{
    if (strcmp(event, "open") == 0) {
        log->step = wc_listener_close(log->listener);
    } else if (strcmp(event, "data") == 0) {
        MUST(wc_conn_close(conn, WC_CLOSE_FLUSH));
    }
}

static void its_connections_live_on(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    wc_listener_callbacks own = events();
    int fd;
    void *user = NULL;
    where.events = &own;
    log->act = close_the_listener;
    wire_listen_with(log, &where, NULL);
    fd = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "a listener is closed by its connection");
    EQUAL(log->step, WC_OK, "which is accepted");
    wire_turns(log->loop, 3);
    SAME(gate, "close(WC_OK) ", "it said its last word");
    EQUAL(close_again, WC_E_GONE, "in which it cannot be closed again");
    EQUAL(connect_to("127.0.0.1", AF_INET, log->port), -1, "nobody can connect any more");
    EQUAL(log->freed, 0, "the user pointer is still that of the connection");
    EQUAL(wc_conn_user(log->conn, &user), WC_OK, "which can be asked for");
    CHECK(user == log, "and is the same");
    EQUAL(wc_conn_user(log->conn, NULL), WC_E_INVAL, "a null output is refused");
    wire_send(fd, "end");
    EQUAL(wc_loop_run(log->loop), WC_OK, "the loop runs until the connection ends");
    SAME(log->story, "open data close(WC_OK) ", "its callbacks went on");
    EQUAL(log->freed, 1, "then the user pointer came back");
    MUST(close(fd));
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* ACCEPT_BUDGET: the turn in which the n-th connection opened. */
static uint64_t opened_in[70];

static void note_turn(struct wire_log *log, const char *event, wc_conn conn)
{
    (void)conn;
    if (strcmp(event, "open") == 0) {
        opened_in[log->opened - 1] = wire_stats(log->loop).turns;
    }
}

static int all_seventy(void *log)
{
    return ((struct wire_log *)log)->opened == 70;
}

static void its_budget(uint32_t budget)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    int at, fds[70], most = 0, same = 0;
    where.accept_budget = budget;
    log->act = note_turn;
    wire_listen_with(log, &where, NULL);
    for (at = 0; at < 70; at++) {
        fds[at] = wire_client(log->port);
    }
    CHECK(wire_run(log->loop, all_seventy, log), "seventy peers are taken");
    for (at = 0; at < 70; at++) {
        same = at > 0 && opened_in[at] == opened_in[at - 1] ? same + 1 : 1;
        most = same > most ? same : most;
        MUST(close(fds[at]));
    }
    EQUAL(most, budget, "in one turn as many as its budget");
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* --- paused by the program --- */

static void held(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    int fds[2];
    char byte;
    wire_listen(log);
    EQUAL(wc_listener_resume(log->listener), WC_OK, "a listener that is not paused goes on");
    EQUAL(wc_listener_pause(log->listener), WC_OK, "one is paused");
    EQUAL(wc_listener_pause(log->listener), WC_OK, "twice is once");
    fds[0] = wire_client(log->port);
    wire_turns(log->loop, 5);
    EQUAL(log->opened, 0, "the system takes a client in, the listener does not");
    EQUAL(wire_stats(log->loop).listeners, 1, "it is still there");
    EQUAL(wc_listener_resume(log->listener), WC_OK, "it goes on");
    CHECK(wire_run(log->loop, wire_opened, log), "with the one that has waited");
    MUST(wc_listener_pause(log->listener));
    wire_send(fds[0], "x");
    CHECK(wire_run(log->loop, wire_got_data, log), "connections go on while it is paused");
    fds[1] = wire_client(log->port);
    EQUAL(wc_listener_close(log->listener), WC_OK, "it is closed while it is paused");
    EQUAL(wc_listener_pause(log->listener), WC_E_GONE, "then it cannot be paused");
    EQUAL(wc_listener_resume(log->listener), WC_E_GONE, "nor go on");
    wire_turns(log->loop, 2);
    MUST(fcntl(fds[1], F_SETFL, 0));
    CHECK(recv(fds[1], &byte, 1, 0) <= 0, "whoever waits then is turned away");
    EQUAL(log->opened, 1, "and was never a connection");
    MUST(close(fds[0]));
    MUST(close(fds[1]));
    MUST(wc_loop_free(log->loop));
    free(log);
}

/* Paused by the program while it waits for a connection to end: the end does not open it. */
static void held_while_full(void)
{
    struct wire_log *log = wire_log_new(wire_loop());
    wc_listen_options where = wire_listen_options();
    int fds[2];
    where.max_connections = 1;
    wire_listen_with(log, &where, NULL);
    fds[0] = wire_client(log->port);
    fds[1] = wire_client(log->port);
    CHECK(wire_run(log->loop, wire_opened, log), "one of two is taken");
    wire_turns(log->loop, 2);
    MUST(wc_listener_pause(log->listener));
    MUST(wc_conn_close(log->conn, WC_CLOSE_NOW));
    CHECK(wire_run(log->loop, wire_closed, log), "it ends");
    wire_turns(log->loop, 5);
    EQUAL(log->opened, 1, "a paused listener takes no other");
    MUST(wc_listener_resume(log->listener));
    log->opened = 0;
    CHECK(wire_run(log->loop, wire_opened, log), "until it goes on");
    MUST(close(fds[0]));
    MUST(close(fds[1]));
    MUST(wc_loop_free(log->loop));
    free(log);
}

int main(void)
{
    wc_listen_options where = wire_listen_options();
    nothing_is_refused_silently();
    in_use();
    a_port_that_is_not_ours();
    addresses();
    its_limit();
    its_connections_live_on();
    EQUAL(where.accept_budget, 64, "ACCEPT_BUDGET is the default");
    EQUAL(where.backlog, 2048, "so is BACKLOG");
    its_budget(64);
    its_budget(3);
    held();
    held_while_full();
    return tap_done();
}

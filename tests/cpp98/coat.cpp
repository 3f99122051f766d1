/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The coat on descriptors, signals, timers, posts, children and jobs: who is called, who is deleted
 * and when, and what becomes of an exception.
 */
#include <csignal>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include "../c/tap.h"
#include "webcore.hpp"

namespace {

/* What handlers have to say; each of them counts its death here. */
struct Told {
    std::string text;
    int deleted;

    Told() : deleted(0) {}
};

/* A handler of anything: says its name, or throws it. */
class Teller {
public:
    Teller(Told& told, const char* name, bool throws) : told(told), name(name), throws(throws) {}
    ~Teller() { told.deleted++; }

    void tell()
    {
        told.text += name;
        if (throws) {
            throw std::runtime_error("thrown ");
        }
    }

    void look_at_it()
    {
        try {
            throw;
        } catch (const std::exception& error) {
            told.text += error.what();
        }
    }

    Told& told;

private:
    Teller(const Teller&);
    Teller& operator=(const Teller&);

    const char* name;
    bool throws;
};

class Watch : public webcore::WatchHandler {
public:
    Watch(Told& told, bool throws = false) : teller(told, "ready ", throws) {}

    virtual void on_ready(wc_watch watch, uint32_t ready)
    {
        teller.told.text += ready == WC_READ ? "read " : "other ";
        teller.tell();
        (void)wc_watch_stop(watch);
    }

private:
    Teller teller;
};

/* Its on_failure throws, too. */
class Signal : public webcore::SignalHandler {
public:
    Signal(Told& told, bool throws = false) : teller(told, "signal ", throws) {}

    virtual void on_signal(wc_signal signal, int number, uint32_t count)
    {
        teller.told.text += number == SIGUSR1 && count == 1 ? "usr1 " : "other ";
        teller.tell();
        (void)wc_signal_stop(signal);
    }

    virtual void on_failure(wc_signal)
    {
        teller.look_at_it();
        throw 1;
    }

private:
    Teller teller;
};

class Timer : public webcore::TimerHandler {
public:
    Timer(Told& told, bool throws = false) : teller(told, "timer ", throws) {}

    virtual void on_timer(wc_timer) { teller.tell(); }

private:
    Teller teller;
};

class Post : public webcore::PostHandler {
public:
    Post(Told& told, bool throws = false) : teller(told, "post ", throws) {}

    virtual void on_sent(wc_post post)
    {
        teller.tell();
        (void)wc_post_free(post);
    }

private:
    Teller teller;
};

class Child : public webcore::ChildHandler {
public:
    Child(Told& told, bool throws = false) : teller(told, "exit ", throws) {}

    virtual void on_exit(wc_child, int32_t code, int32_t, wc_status why)
    {
        teller.told.text += code == 3 && why == WC_OK ? "three " : "other ";
        teller.tell();
    }

    virtual void on_failure(wc_child) { teller.look_at_it(); }

private:
    Teller teller;
};

/* What a child writes. */
class Output : public webcore::ConnHandler {
public:
    virtual void on_data(wc_conn, const char* data, size_t len) { text.append(data, len); }

    std::string text;
};

class Job : public webcore::JobHandler {
public:
    Job(Told& told, bool throws = false) : posted(0), teller(told, "done ", throws) {}

    virtual void on_done(wc_job job, wc_status status, int32_t, const char* data, size_t len)
    {
        char address[WC_ADDRESS_MAX];

        teller.told.text += wc_status_name(status);
        teller.told.text += ' ';
        teller.told.text.append(data, len);
        if (wc_job_address(job, 0, address, sizeof address, 0) == WC_OK) {
            teller.told.text += std::string(address) + ' ';
        }
        teller.tell();
    }

    virtual void on_failure(wc_job) { teller.told.text += threw() ? "work " : "failed "; }

    virtual void work()
    {
        if (posted != 0) {
            (void)wc_post_send(posted);
        }
    }

    wc_post posted;

protected:
    Teller teller;
};

/* On a thread of the pool an exception can be looked at, too. */
class Broken : public Job {
public:
    explicit Broken(Told& told) : Job(told) {}

    virtual void work() { throw std::runtime_error("thrown "); }
    virtual void on_work_failure()
    {
        teller.look_at_it();
        throw 1;
    }
};

int pipe_with_a_byte(int ends[2])
{
    return pipe(ends) == 0 && write(ends[1], "x", 1) == 1;
}

void descriptors(webcore::Loop& loop)
{
    Told told;
    Watch ours(told);
    int ends[2];

    CHECK(pipe_with_a_byte(ends), "a pipe with a byte in it");
    CHECK(loop.watch(ends[0], WC_READ, ours, 0) == WC_OK, "a watcher by reference");
    CHECK(loop.run() == WC_OK, "the loop runs until it ends");
    CHECK(told.text == "read ready " && told.deleted == 0, "its handler stays the program's");
    told.text.clear();
    CHECK(loop.watch(ends[0], WC_READ, new Watch(told, true), 0) == WC_OK, "one that is owned");
    CHECK(loop.watch(ends[0], WC_READ, new Watch(told), 0) == WC_E_INUSE, "a second one");
    CHECK(told.deleted == 1, "is deleted at once");
    CHECK(loop.run() == WC_OK, "it throws, and is ended by that alone");
    CHECK(told.text == "read ready " && told.deleted == 2, "and deleted");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

void signals_and_timers(webcore::Loop& loop)
{
    Told told;
    Signal ours(told, true);
    wc_timer_options when;
    Timer tick(told);

    CHECK(loop.signal(SIGUSR1, ours, 0) == WC_OK, "a signal by reference");
    CHECK(raise(SIGUSR1) == 0 && loop.run() == WC_OK, "its handler throws, on_failure again");
    CHECK(told.text == "usr1 signal thrown ", "and it is ended by that");
    CHECK(loop.signal(SIGUSR1, new Signal(told), 0) == WC_OK, "one that is owned");
    CHECK(raise(SIGUSR1) == 0 && loop.run() == WC_OK && told.deleted == 1, "is deleted");
    CHECK(loop.signal(SIGKILL, new Signal(told), 0) == WC_E_INVAL, "one that cannot be");
    CHECK(told.deleted == 2, "is deleted, too");
    told.text.clear();
    CHECK(wc_timer_options_init(&when, sizeof when) == WC_OK, "a timer");
    CHECK(loop.timer(when, tick, 0) == WC_OK && loop.step(WC_FOREVER) >= 0, "fires in a step");
    CHECK(told.text == "timer ", "once");
    when.repeat_ms = 1;
    CHECK(loop.timer(when, new Timer(told, true), 0) == WC_OK, "one that repeats and throws");
    CHECK(loop.run() == WC_OK && told.text == "timer timer ", "fires no more");
    CHECK(told.deleted == 3, "and is deleted");
}

void children(webcore::Loop& loop)
{
    const char* const argv[] = { "sh", "-c", "echo said; exit 3", 0 };
    Told told;
    Child ours(told);
    Output output;
    webcore::ChildStream stream(output);
    wc_child_options how;

    CHECK(wc_child_options_init(&how, sizeof how) == WC_OK, "a child");
    how.program = "sh";
    how.argv = argv;
    how.output = stream.get();
    CHECK(loop.spawn(how, ours, 0) == WC_OK && loop.run() == WC_OK, "with its output as a stream");
    CHECK(told.text == "three exit " && output.text == "said\n", "says what it did");
    CHECK(loop.spawn(how, new Child(told, true), 0) == WC_OK && loop.run() == WC_OK, "once more");
    CHECK(told.text == "three exit three exit thrown ", "what its handler throws is told");
    CHECK(told.deleted == 1, "and it is deleted");
    how.program = "/no such program";
    CHECK(loop.spawn(how, new Child(told), 0) == WC_E_NOTFOUND && told.deleted == 2, "or refused");
}

void jobs(webcore::Loop& loop)
{
    Told told, posts;
    Job ours(told);
    webcore::Pool pool;
    wc_post sent = 0;

    CHECK(pool.submit(ours, 0) == WC_E_BADHANDLE, "a pool that is not open takes nothing");
    CHECK(pool.open(loop) == WC_OK && pool.open(loop) == WC_E_STATE, "a pool is opened once");
    CHECK(loop.post(new Post(posts, true), &sent) == WC_OK, "a post");
    ours.posted = sent;
    CHECK(pool.submit(ours, 0) == WC_OK && loop.run() == WC_OK, "is sent by a job");
    CHECK(told.text == "WC_OK done " && posts.text == "post ", "both are told");
    CHECK(posts.deleted == 1 && wc_post_send(sent) == WC_E_GONE, "a post that throws ends");
    told.text.clear();
    CHECK(pool.submit(new Broken(told), 0) == WC_OK && loop.run() == WC_OK, "work throws");
    CHECK(told.text == "thrown work " && told.deleted == 1, "which is told twice");
    told.text.clear();
    CHECK(pool.submit(new Job(told, true), 0) == WC_OK && loop.run() == WC_OK, "on_done throws");
    CHECK(told.text == "WC_OK done failed " && told.deleted == 2, "which is told once");
    told.text.clear();
    CHECK(pool.resolve("127.0.0.1", 80, ours, 0) == WC_OK && loop.run() == WC_OK, "an address");
    CHECK(told.text == "WC_OK 127.0.0.1 done ", "is found");
    told.text.clear();
    CHECK(pool.read("/dev/null", 0, 1, ours, 0) == WC_OK && loop.run() == WC_OK, "a file");
    CHECK(told.text == "WC_E_INVAL done ", "that is none is not read");
    CHECK(pool.read(std::string("/\0x", 3), 0, 1, new Job(told), 0) == WC_E_INVAL, "nor a NUL");
    CHECK(pool.resolve("", 0, new Job(told), 0) == WC_E_INVAL && told.deleted == 4, "in a name");
    CHECK(pool.close() == WC_OK && pool.close() == WC_OK, "a pool is closed");
}

void what_is_left(void)
{
    Told told;
    wc_timer_options when;
    webcore::Loop loop;

    CHECK(wc_timer_options_init(&when, sizeof when) == WC_OK && loop.open() == WC_OK, "a loop");
    when.delay_ms = 60000;
    CHECK(loop.timer(when, new Timer(told), 0) == WC_OK, "with a timer");
    CHECK(loop.post(new Post(told), 0) == WC_OK, "and a post");
    CHECK(loop.signal(SIGUSR1, new Signal(told), 0) == WC_OK, "and a signal");
    CHECK(loop.close() == WC_OK && told.deleted == 3, "takes its handlers along");
    CHECK(told.text.empty(), "and none was called");
}

}

int main()
{
    webcore::Loop loop;

    CHECK(loop.open() == WC_OK, "a loop");
    descriptors(loop);
    signals_and_timers(loop);
    children(loop);
    jobs(loop);
    what_is_left();
    return tap_done();
}

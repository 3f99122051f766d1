/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two watchers are ready in one batch, and the first that is called does a deed to itself or to the
 * other: what is told afterwards is what was asked for then. By levels, by edges and once, by run
 * and by next and dispatch. */
#include "watching.h"

/* What happened in one scene. */
static struct {
    wc_loop loop;
    struct told one, two, third;
    int pipes[3][2];
    int done, stale, freed_too_early;
    struct told *first;
} scene;

/* Marks of a watcher, in `step`: it has ended, and nothing may be told to it. */
#define ENDED 1

static void end(struct told *told)
{
    MUST(wc_watch_stop(told->watch));
    told->step = ENDED;
}

static void nothing(struct told *self, struct told *other)
{
    (void)self;
    (void)other;
}

static void pause_self(struct told *self, struct told *other)
{
    (void)other;
    MUST(wc_watch_set(self->watch, 0));
}

static void pause_other(struct told *self, struct told *other)
{
    pause_self(other, self);
}

static void pause_and_go_on(struct told *self, struct told *other)
{
    (void)self;
    MUST(wc_watch_set(other->watch, 0));
    MUST(wc_watch_set(other->watch, WC_READ));
}

static void once_self(struct told *self, struct told *other)
{
    (void)other;
    MUST(wc_watch_set(self->watch, WC_READ | WC_ONCE));
}

static void once_other(struct told *self, struct told *other)
{
    once_self(other, self);
}

/* The reading end of a pipe never has room for output. */
static void ask_for_room(struct told *self, struct told *other)
{
    (void)self;
    MUST(wc_watch_set(other->watch, WC_WRITE));
}

static void stop_self(struct told *self, struct told *other)
{
    (void)other;
    end(self);
}

static void stop_other(struct told *self, struct told *other)
{
    stop_self(other, self);
}

static void stop_both(struct told *self, struct told *other)
{
    end(self);
    end(other);
}

static void release_self(struct told *self, struct told *other)
{
    int fd = -1;
    (void)other;
    MUST(wc_watch_release(self->watch, &fd));
    self->step = ENDED;
    MUST(fd == self->fd ? 0 : -1);
}

static void release_other(struct told *self, struct told *other)
{
    release_self(other, self);
}

/* The number names another pipe from now on, in which there is nothing. */
static void reuse(struct told *told)
{
    MUST(dup2(scene.pipes[2][0], told->fd));
    MUST(fcntl(told->fd, F_SETFL, O_NONBLOCK));
}

static void reuse_self(struct told *self, struct told *other)
{
    (void)other;
    end(self);
    MUST(close(self->fd));
    reuse(self);
    MUST(told_start(&scene.third, scene.loop, self->fd, WC_READ));
}

static void reuse_other(struct told *self, struct told *other)
{
    reuse_self(other, self);
}

static void watch_anew(struct told *self, struct told *other)
{
    (void)self;
    end(other);
    MUST(told_start(&scene.third, scene.loop, other->fd, WC_READ));
}

/* What no program should do; it harms nobody but itself. */
static void close_behind_its_back(struct told *self, struct told *other)
{
    (void)self;
    MUST(close(other->fd));
    reuse(other);
}

static void stop_the_loop(struct told *self, struct told *other)
{
    (void)self;
    (void)other;
    MUST(wc_loop_stop(scene.loop));
}

static void free_the_loop(struct told *self, struct told *other)
{
    self->step = other->step = ENDED;
    MUST(wc_loop_free(scene.loop));
}

static void stop_and_free(struct told *self, struct told *other)
{
    stop_both(self, other);
    MUST(wc_loop_free(scene.loop));
}

static void run_inside(struct told *self, struct told *other)
{
    wc_event event;
    int fd;
    int32_t ms;
    (void)self;
    (void)other;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    scene.stale += wc_loop_run(scene.loop) != WC_E_REENTRANT;
    scene.stale += wc_loop_next(scene.loop, 0, &event) != WC_E_REENTRANT;
    scene.stale += wc_loop_step(scene.loop, 0) != WC_E_REENTRANT;
    scene.stale += wc_loop_prepare(scene.loop, &fd, &ms) != WC_E_REENTRANT;
}

/* A deed, and whether by levels the doer and the other are told again: 0 not at all, 1 once, 2
 * again and again, -1 nobody can say. */
static const struct deed {
    const char *name;
    void (*act)(struct told *self, struct told *other);
    int self, other;
} deeds[] = {
    {"nothing", nothing, 2, 2},
    {"pauses itself", pause_self, 0, 2},
    {"pauses the other", pause_other, 2, 0},
    {"pauses the other and lets it go on", pause_and_go_on, 2, 2},
    {"asks for itself once more", once_self, 1, 2},
    {"asks for the other once", once_other, 2, 1},
    {"asks the other for room", ask_for_room, 2, 0},
    {"stops itself", stop_self, 0, 2},
    {"stops the other", stop_other, 2, 0},
    {"stops both", stop_both, 0, 0},
    {"releases itself", release_self, 0, 2},
    {"releases the other", release_other, 2, 0},
    {"has its number used again", reuse_self, 0, 2},
    {"has the other's number used again", reuse_other, 2, 0},
    {"watches the other's descriptor anew", watch_anew, 2, 0},
    {"closes the other's descriptor", close_behind_its_back, 2, -1},
    {"stops the loop", stop_the_loop, 2, 2},
    {"frees the loop", free_the_loop, 0, 0},
    {"stops both and frees the loop", stop_and_free, 0, 0},
    {"runs the loop inside", run_inside, 2, 2},
};

static const struct deed *deed;

static void act(struct told *told)
{
    scene.stale += told->step == ENDED;
    scene.freed_too_early += told->freed;
    if (!scene.done++) {
        scene.first = told;
        deed->act(told, told->other);
        scene.one.count = scene.two.count = 0;
    }
}

static void work(int pull)
{
    int left = 12;
    wc_event event;
    if (!pull) {
        wire_turns(scene.loop, 3);
        wire_turns(scene.loop, 3);
        return;
    }
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    while (left-- > 0) {
        wc_status status = wc_loop_next(scene.loop, 0, &event);
        if (status == WC_OK) {
            (void)wc_loop_dispatch(scene.loop);
        } else if (status < 0) {
            return;
        }
    }
}

static int as_foreseen(int want, int count)
{
    return want < 0 || (want < 2 ? count == want : count >= 2);
}

static void play(uint32_t how, const char *by, int pull)
{
    char name[160];
    int at, before = wire_descriptors();
    memset(&scene, 0, sizeof scene);
    scene.loop = wire_loop();
    full_pipe(scene.pipes[0]);
    full_pipe(scene.pipes[1]);
    pipe_of(scene.pipes[2]);
    MUST(told_start(&scene.one, scene.loop, scene.pipes[0][0], WC_READ | how));
    MUST(told_start(&scene.two, scene.loop, scene.pipes[1][0], WC_READ | how));
    scene.one.other = &scene.two;
    scene.two.other = &scene.one;
    scene.one.act = scene.two.act = act;
    work(pull);
    (void)snprintf(name, sizeof name, "%s, %s: one %s", by, pull ? "pulled" : "called", deed->name);
    CHECK(scene.done > 0, name);
    EQUAL(scene.stale, 0, "nothing is told to one that has ended");
    EQUAL(scene.freed_too_early, 0, "or whose user pointer is back");
    if (how == 0 && scene.first != NULL) {
        CHECK(as_foreseen(deed->self, scene.first->count), "itself hears what it asked for");
        CHECK(as_foreseen(deed->other, scene.first->other->count), "and so does the other");
        EQUAL(scene.third.count > 0, deed->act == watch_anew,
              "a new watcher is told what its descriptor has, not what its number had");
    }
    (void)wc_loop_free(scene.loop);
    EQUAL(scene.one.freed + scene.two.freed, 2, "both user pointers come back once");
    EQUAL(scene.third.freed, scene.third.watch != 0, "and that of the third, if there was one");
    for (at = 0; at < 3; at++) {
        close_both(scene.pipes[at]);
    }
    EQUAL(wire_descriptors(), before, "no descriptor is left");
}

int main(void)
{
    size_t at;
    int pull;
    for (at = 0; at < sizeof deeds / sizeof deeds[0]; at++) {
        deed = &deeds[at];
        for (pull = 0; pull < 2; pull++) {
            play(0, "by levels", pull);
            play(WC_ONCE, "once", pull);
            if (backend_has(WC_FEATURE_EDGE)) {
                play(WC_EDGE, "by edges", pull);
            }
        }
    }
    return tap_done();
}

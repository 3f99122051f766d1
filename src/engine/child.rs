// SPDX-License-Identifier: MIT OR Apache-2.0
//! Children: processes that the loop started, their streams and their end. Is not: the starting or
//! reaping itself, which is in `sys`. INVARIANTS: the last notice of a child comes after those of
//! its streams; a child is reaped when it is over and not before, so that until then its number and
//! its group's are nobody else's.

mod end;

use super::log::Level;
use super::notice::{How, Notice};
use super::trace::Step;
use super::{Loop, refusal};
use crate::base::slab::Slab;
use crate::base::time::Millis;
use crate::base::{Handle, Kind, Machine, Status, limits};
use crate::net::life::Life;
use crate::net::link::Link;
use crate::net::policy::Policy;
use crate::net::{NEVER, Owner};
use crate::reactor::{Interest, Token};
use crate::source::child::{Course, Ending, News, Push};
use crate::source::wheel::TimerId;
use crate::sys::exit::{self, Found, Outcome, Pid, Usage};
use crate::sys::spawn::{self, Program, Stdio};
use std::collections::HashMap;
use std::rc::Rc;

/// One of a child's standard descriptors.
pub enum Plan {
    /// What the system gives it.
    Given(Stdio),
    /// A connection of the loop.
    Stream(Policy, Owner),
}

/// How a child is started and how long it may take; times of 0 are without a limit.
pub struct Spawn {
    /// What runs.
    pub program: Program,
    /// Its standard input, output and error.
    pub stdio: [Plan; 3],
    /// From its start until it is asked to end.
    pub wall_ms: u32,
    /// Between SIGTERM and SIGKILL once `wall_ms` has passed; 0: SIGKILL at once.
    pub grace_ms: u32,
    /// From its exit until its output is cut.
    pub output_ms: u32,
    /// Its owner's words.
    pub owner: Owner,
}

/// Which of the streams is the child's input.
const INPUT: usize = 0;

/// A child.
struct Child {
    pid: Pid,
    group: bool,
    owner: Owner,
    course: Course,
    ending: Ending,
    /// What tells its end, until it has.
    exit: Option<exit::End>,
    /// Its streams; none where it has something else.
    streams: [Handle; 3],
    /// Which of them are not over.
    open: [bool; 3],
    wall: Millis,
    kill: Millis,
    cut: Millis,
    /// When to look whether it has ended, where no descriptor tells it.
    look: Millis,
    /// When it is not waited for any longer.
    forget: Millis,
    grace_ms: u32,
    output_ms: u32,
    timer: Option<TimerId>,
    why: Status,
    /// True exactly when it is nobody's child any more.
    reaped: bool,
    outcome: Option<Outcome>,
    /// True exactly when its last notice is said.
    said: bool,
}

impl Child {
    fn new(pid: Pid, spawn: &Spawn, streams: [Handle; 3]) -> Child {
        let open = streams.map(|stream| stream != Handle::NONE);
        let reads = open.iter().skip(INPUT + 1).any(|open| *open);
        Child {
            pid,
            group: spawn.program.group,
            owner: spawn.owner,
            course: if reads { Course::Running } else { Course::Drained },
            ending: Ending::Unasked,
            exit: None,
            streams,
            open,
            wall: NEVER,
            kill: NEVER,
            cut: NEVER,
            look: NEVER,
            forget: NEVER,
            grace_ms: spawn.grace_ms,
            output_ms: spawn.output_ms,
            timer: None,
            why: Status::OK,
            reaped: false,
            outcome: None,
            said: false,
        }
    }

    /// Keeps the reason of its end, unless it has one.
    fn blame(&mut self, why: Status) {
        if self.why == Status::OK {
            self.why = why;
        }
    }

    fn outputs(&self) -> impl Iterator<Item = Handle> {
        (INPUT + 1..3).filter(|at| self.open[*at]).map(|at| self.streams[at])
    }

    fn deadline(&self) -> Millis {
        [self.wall, self.kill, self.cut, self.look, self.forget].into_iter().min().unwrap_or(NEVER)
    }
}

/// All children of a loop.
pub(super) struct Children {
    slab: Slab<Child>,
    by_stream: HashMap<Handle, Handle>,
}

impl Children {
    pub fn new(number: u16, floor: u32) -> Children {
        Children { slab: Slab::new(Kind::Child, number, floor), by_stream: HashMap::new() }
    }

    pub fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    pub fn highest(&self) -> u32 {
        self.slab.highest()
    }

    pub fn handles(&self) -> Vec<Handle> {
        self.slab.handles()
    }

    /// A child whose last word is not said.
    fn live(&mut self, handle: Handle) -> Result<&mut Child, Status> {
        let child = self.slab.find(handle)?;
        if child.said { Err(Status::GONE) } else { Ok(child) }
    }
}

impl Loop {
    /// Starts a child. What keeps it from becoming its program is the error; nothing is left then.
    pub fn spawn(&mut self, mut spawn: Spawn) -> Result<Handle, Status> {
        if self.ending {
            return Err(Status::STATE);
        }
        if self.children.len() >= limits::CHILDREN as usize {
            return Err(Status::LIMIT);
        }
        self.children.slab.expect_room()?;
        let mut streams = [Handle::NONE; 3];
        let made = self.start(&mut spawn, &mut streams);
        let handle = made.inspect_err(|_| self.forget_streams(&streams))?;
        for (at, stream) in streams.into_iter().enumerate().filter(|(_, s)| *s != Handle::NONE) {
            self.children.by_stream.insert(stream, handle);
            if at != INPUT {
                // Nothing is sent to an output: its end is the end of the connection.
                let _ = self.shutdown(stream);
            }
        }
        self.tell_exit(handle);
        let wall = self.after(spawn.wall_ms);
        self.children.live(handle)?.wall = wall;
        self.arm_child(handle);
        Ok(handle)
    }

    /// Makes the streams, whose handles stand in `streams` also if this fails, and the process.
    fn start(&mut self, spawn: &mut Spawn, streams: &mut [Handle; 3]) -> Result<Handle, Status> {
        let mut stdio = [Stdio::Inherit, Stdio::Inherit, Stdio::Inherit];
        for at in 0..3 {
            let plan = std::mem::replace(&mut spawn.stdio[at], Plan::Given(Stdio::Inherit));
            stdio[at] = match plan {
                Plan::Given(stdio) => stdio,
                Plan::Stream(policy, owner) => {
                    policy.check()?;
                    let (ours, theirs) = spawn::pair().map_err(|e| self.refused(&e))?;
                    let link = Link::Socket(ours);
                    streams[at] = self.adopt(link, Rc::new(policy), owner, Life::Open)?;
                    Stdio::Copy(theirs)
                }
            };
        }
        let pid = spawn::spawn(&spawn.program, stdio).map_err(|e| self.refused(&e))?;
        let child = Child::new(pid, spawn, *streams);
        Ok(self.children.slab.insert(child).expect("there is room"))
    }

    /// The streams of a child that was not started: nobody knows of them.
    fn forget_streams(&mut self, streams: &[Handle; 3]) {
        for stream in streams {
            if self.forget_conn(*stream) {
                self.stats.accepted -= 1;
            }
        }
    }

    /// The moment `ms` from now; never for 0.
    fn after(&mut self, ms: u32) -> Millis {
        if ms == 0 { NEVER } else { self.clock.now().after(ms.into()) }
    }

    /// Has the kernel tell the end of a child; where it cannot, it is looked for again and
    /// again.
    fn tell_exit(&mut self, handle: Handle) {
        let Ok(child) = self.children.live(handle) else { return };
        let told = exit::End::of(child.pid).and_then(|end| {
            let (name, token) = (end.name(), Token(handle.0));
            self.take_number(name);
            self.selector.update(name, token, Interest::NONE, Interest::READ).map(|()| end)
        });
        match (told, self.children.live(handle)) {
            (Ok(end), Ok(child)) => child.exit = Some(end),
            (Err(error), _) => {
                let text = c"the kernel does not tell the end of a child";
                self.say(Level::Warn, text, handle, refusal(&error), 0);
                self.look_later(handle);
            }
            (Ok(_), Err(_)) => {}
        }
    }

    fn look_later(&mut self, handle: Handle) {
        let at = self.after(limits::CHILD_LOOK_MS);
        if let Ok(child) = self.children.live(handle) {
            child.look = at;
        }
    }

    /// The kernel says that a child has ended.
    pub(super) fn mark_child(&mut self, handle: Handle) {
        match self.children.slab.get(handle) {
            Some(child) if !child.course.has_exited() => self.look_at(handle),
            _ => self.stats.stale_events += 1,
        }
        self.arm_child(handle);
    }

    /// Looks whether a child has ended.
    fn look_at(&mut self, handle: Handle) {
        let Ok(child) = self.children.live(handle) else { return };
        child.look = NEVER;
        let found = exit::look(child.pid);
        self.release_exit(handle);
        match found {
            // One that is traced is told to its tracer first.
            Found::Running => self.look_later(handle),
            Found::Ended | Found::Lost => self.child_exited(handle),
        }
    }

    /// Lets go of what tells the end of a child.
    fn release_exit(&mut self, handle: Handle) {
        if let Some(end) = self.children.live(handle).ok().and_then(|child| child.exit.take()) {
            // A descriptor that the selector does not know any more is what is wanted here.
            let (name, token) = (end.name(), Token(handle.0));
            let _ = self.selector.update(name, token, Interest::READ, Interest::NONE);
        }
    }

    fn child_exited(&mut self, handle: Handle) {
        self.release_exit(handle);
        let now = self.stamp();
        let Ok(child) = self.children.live(handle) else { return };
        (child.wall, child.look, child.forget) = (NEVER, NEVER, NEVER);
        self.hear_of_child(handle, News::Exit);
        let Ok(child) = self.children.live(handle) else { return };
        if child.course == Course::Exited && child.output_ms > 0 {
            child.cut = now.plus(child.output_ms.into());
        }
        self.settle_child(handle);
    }

    /// A connection has ended, and may have been the stream of a child.
    pub(super) fn stream_over(&mut self, stream: Handle) {
        let Some(handle) = self.children.by_stream.remove(&stream) else { return };
        let Ok(child) = self.children.live(handle) else { return };
        let Some(at) = child.streams.iter().position(|each| *each == stream) else { return };
        child.open[at] = false;
        if at != INPUT && child.outputs().next().is_none() {
            child.cut = NEVER;
            self.hear_of_child(handle, News::OutputEnd);
        }
        self.settle_child(handle);
    }

    /// The only place that changes the course of a child.
    fn hear_of_child(&mut self, handle: Handle, news: News) {
        let Ok(child) = self.children.live(handle) else { return };
        let before = child.course;
        child.course = before.next(news).expect("each is heard once");
        let step = Step::Child(before, news, child.course);
        self.trace(handle, step);
    }

    /// A child that is over is reaped, and its last word is said once its input is over, too.
    fn settle_child(&mut self, handle: Handle) {
        let Ok(child) = self.children.live(handle) else { return };
        if child.course != Course::Over {
            return;
        }
        if !child.reaped {
            if child.ending != Ending::Unasked {
                // What it has left behind in its group was to end with it.
                self.push_child(handle, Push::Kill);
            }
            let Ok(child) = self.children.live(handle) else { return };
            child.outcome = exit::reap(child.pid);
            child.reaped = true;
            child.kill = NEVER;
            if child.outcome.is_none() {
                child.blame(Status::OS);
            }
        }
        let Ok(child) = self.children.live(handle) else { return };
        if child.open[INPUT] {
            let stream = child.streams[INPUT];
            // What it has not taken is lost, and is said to be.
            let _ = match self.queued(stream) {
                Ok(0) => self.close(stream, How::Now),
                _ => self.fail(stream, Status::RESET),
            };
            return;
        }
        child.said = true;
        let (code, signal) = child.outcome.map_or((-1, 0), |o| (o.code, o.signal));
        let why = child.why;
        if let Some(timer) = child.timer.take() {
            self.wheel.remove(timer);
        }
        self.notices.push_back(Notice::ChildExit { child: handle, code, signal, why });
    }

    /// The program is through with the last word of a child: it is gone.
    pub fn bury_child(&mut self, handle: Handle) {
        self.children.slab.remove(handle);
    }

    /// A child's owner, as long as it is not buried.
    pub fn child_owner(&self, handle: Handle) -> Option<Owner> {
        self.children.slab.get(handle).map(|child| child.owner)
    }

    /// The system's number of a child, which may be somebody else's once it is over.
    pub fn child_pid(&mut self, handle: Handle) -> Result<i32, Status> {
        Ok(self.children.slab.find(handle)?.pid.number())
    }

    /// What a child has used; known with its last word.
    pub fn child_usage(&mut self, handle: Handle) -> Result<Usage, Status> {
        self.children.slab.find(handle)?.outcome.map(|o| o.usage).ok_or(Status::STATE)
    }

    /// A stream of a child, by the number of the descriptor that it is in the child.
    pub fn child_stream(&mut self, handle: Handle, which: usize) -> Result<Handle, Status> {
        let child = self.children.slab.find(handle)?;
        let stream = *child.streams.get(which).ok_or(Status::INVAL)?;
        if stream == Handle::NONE {
            return Err(Status::STATE);
        }
        self.life(stream).map(|_| stream)
    }

    /// The child that a connection is a stream of.
    pub fn stream_child(&self, stream: Handle) -> Option<Handle> {
        self.children.by_stream.get(&stream).copied()
    }

    /// Whether a connection is what a child writes: it ends when that does.
    pub fn is_output(&self, stream: Handle) -> bool {
        let child = self.stream_child(stream).and_then(|child| self.children.slab.get(child));
        child.is_some_and(|child| child.streams[INPUT] != stream)
    }
}

#[cfg(test)]
mod tests;

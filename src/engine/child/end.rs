// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ending a child: signals, deadlines, output that somebody else holds open. Is not: hearing that
//! it has ended. INVARIANT: a child that was reaped is sent no signal.

use super::super::log::Level;
use super::super::trace::Step;
use crate::base::{Handle, Machine, Status, limits};
use crate::engine::Loop;
use crate::engine::child::Child;
use crate::net::NEVER;
use crate::source::child::Push;
use crate::sys::exit::{self, Found};

impl Loop {
    /// Sends a signal to what is left of a child. That nothing is left is as good as success.
    pub(super) fn push_child(&mut self, handle: Handle, push: Push) {
        let Ok(child) = self.children.live(handle) else { return };
        let before = child.ending;
        child.ending = before.next(push).expect("every input is taken");
        let after = child.ending;
        if !child.reaped {
            let number = match push {
                Push::Terminate => exit::TERMINATE,
                Push::Kill => exit::KILL,
            };
            // One that may not be signalled is waited for like one that takes its time.
            let _ = exit::signal(child.pid, child.group, number);
        }
        if before != after {
            self.trace(handle, Step::ChildEnd(before, push, after));
        }
    }

    /// What is due of a child.
    pub(in crate::engine) fn expire_child(&mut self, handle: Handle) {
        let now = self.now.floor();
        let Ok(child) = self.children.live(handle) else { return };
        if child.wall <= now {
            child.wall = NEVER;
            child.blame(Status::TIMEOUT);
            let grace_ms = child.grace_ms;
            self.end_child(handle, grace_ms);
        }
        let Ok(child) = self.children.live(handle) else { return };
        if child.kill <= now {
            child.kill = NEVER;
            self.push_child(handle, Push::Kill);
        }
        if self.children.live(handle).is_ok_and(|child| child.cut <= now) {
            self.cut_output(handle);
        }
        if self.children.live(handle).is_ok_and(|child| child.look <= now) {
            self.look_at(handle);
        }
        if self.children.live(handle).is_ok_and(|child| child.forget <= now) {
            self.child_exited(handle);
        }
        self.arm_child(handle);
    }

    /// Ends the streams of a child's output that somebody holds open. One that the program has
    /// paused is its own affair until it reads on.
    fn cut_output(&mut self, handle: Handle) {
        let now = self.stamp();
        let Ok(child) = self.children.live(handle) else { return };
        child.cut = NEVER;
        let (output_ms, outputs) = (child.output_ms, child.outputs().collect::<Vec<_>>());
        for stream in outputs {
            if self.is_paused(stream) {
                if let Ok(child) = self.children.live(handle) {
                    child.cut = now.plus(output_ms.into());
                }
            } else {
                let text = c"the output of a child is held open by somebody else";
                self.say(Level::Warn, text, stream, (Status::TIMEOUT, 0), 0);
                // One that has ended meanwhile needs no cutting.
                let _ = self.fail(stream, Status::TIMEOUT);
            }
        }
    }

    /// Has the wheel ask for a child when something is due of it.
    pub(super) fn arm_child(&mut self, handle: Handle) {
        let Ok(child) = self.children.live(handle) else { return };
        let (at, timer) = (child.deadline(), child.timer);
        let timer = match (at, timer) {
            (NEVER, None) => return,
            (NEVER, Some(timer)) => {
                self.wheel.remove(timer);
                None
            }
            (at, timer) => Some(self.arm_node(timer, at, handle)),
        };
        if let Ok(child) = self.children.live(handle) {
            child.timer = timer;
        }
    }

    /// Asks a child to end, within a grace time.
    fn end_child(&mut self, handle: Handle, grace_ms: u32) {
        let kill = self.after(grace_ms);
        let Ok(child) = self.children.live(handle) else { return };
        let push = if grace_ms == 0 { Push::Kill } else { Push::Terminate };
        child.kill = if grace_ms == 0 { NEVER } else { child.kill.min(kill) };
        self.push_child(handle, push);
        self.arm_child(handle);
    }

    /// A child that is not over, and whether it has exited; which is looked at, for the kernel may
    /// not have told it yet.
    fn unfinished(&mut self, handle: Handle) -> Result<(&mut Child, bool), Status> {
        let child = self.children.slab.find(handle)?;
        if child.reaped || child.said {
            return Err(Status::STATE);
        }
        let exited = child.course.has_exited() || exit::look(child.pid) != Found::Running;
        Ok((child, exited))
    }

    /// Asks a child, with its group, to end: SIGTERM, and SIGKILL after a grace time, or at once
    /// where that is 0.
    pub fn stop_child(&mut self, handle: Handle, grace_ms: u32) -> Result<(), Status> {
        let (child, exited) = self.unfinished(handle)?;
        if !exited {
            child.blame(Status::CANCELLED);
        }
        self.end_child(handle, grace_ms);
        Ok(())
    }

    /// Sends a signal to a child, or to its group.
    pub fn kill_child(&mut self, handle: Handle, number: i32) -> Result<(), Status> {
        let (child, exited) = self.unfinished(handle)?;
        if exited && !child.group {
            return Err(Status::STATE);
        }
        exit::signal(child.pid, child.group, number).map_err(|e| match e.raw_os_error() {
            Some(exit::NO_SIGNAL) => Status::INVAL,
            Some(exit::NOBODY) => Status::STATE,
            _ => self.refused(&e),
        })
    }

    /// Ends a child because its loop is freed. It is not waited for longer than CHILD_REAP_MS.
    pub(in crate::engine) fn free_child(&mut self, handle: Handle, why: Status) {
        let forget = self.after(limits::CHILD_REAP_MS);
        let Ok(child) = self.children.live(handle) else { return };
        child.blame(why);
        if !child.course.has_exited() {
            child.forget = forget;
        }
        self.end_child(handle, 0);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! The life of a child process as two pure machines: what has ended of it, and how it was asked to
//! end. Is not: processes, signals, streams, time. INVARIANT: a child is over exactly when it has
//! exited and its output has ended, in whichever order.

use crate::base::Machine;

/// What has ended of a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// It runs, and its output is open.
    Running,
    /// It has exited; somebody holds its output open still.
    Exited,
    /// Its output has ended, or there is none that the loop reads; it runs on.
    Drained,
    /// It has exited and its output has ended.
    Over,
}

/// What is heard of a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// The process has exited.
    Exit,
    /// The last stream of its output is over.
    OutputEnd,
}

impl Machine for Course {
    type Input = News;
    const NAME: &'static str = "child";
    const STATES: &'static [Course] =
        &[Course::Running, Course::Exited, Course::Drained, Course::Over];
    const INPUTS: &'static [News] = &[News::Exit, News::OutputEnd];

    fn next(self, input: News) -> Option<Course> {
        Some(match (self, input) {
            (Course::Running, News::Exit) => Course::Exited,
            (Course::Running, News::OutputEnd) => Course::Drained,
            (Course::Exited, News::OutputEnd) | (Course::Drained, News::Exit) => Course::Over,
            (Course::Exited | Course::Over, News::Exit) => return None,
            (Course::Drained | Course::Over, News::OutputEnd) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Course::Running => "it runs, and its output is open",
            Course::Exited => "it has exited; its output is held open still, bounded",
            Course::Drained => "its output has ended, or the loop reads none; it runs on",
            Course::Over => "it has exited and its output has ended",
        }
    }
}

impl Course {
    /// Whether the process has exited.
    pub fn has_exited(self) -> bool {
        matches!(self, Course::Exited | Course::Over)
    }
}

/// How a child was asked to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Not at all.
    Unasked,
    /// By SIGTERM, with a grace time.
    Terminating,
    /// By SIGKILL.
    Killed,
}

/// What is asked of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Push {
    /// To end within a grace time.
    Terminate,
    /// To end now: at once, or because the grace is over.
    Kill,
}

impl Machine for Ending {
    type Input = Push;
    const NAME: &'static str = "end of a child";
    const STATES: &'static [Ending] = &[Ending::Unasked, Ending::Terminating, Ending::Killed];
    const INPUTS: &'static [Push] = &[Push::Terminate, Push::Kill];

    fn next(self, input: Push) -> Option<Ending> {
        Some(match (self, input) {
            (_, Push::Kill) | (Ending::Killed, Push::Terminate) => Ending::Killed,
            (Ending::Unasked | Ending::Terminating, Push::Terminate) => Ending::Terminating,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Ending::Unasked => "nobody has asked it to end",
            Ending::Terminating => "it was sent SIGTERM and has a grace time",
            Ending::Killed => "it was sent SIGKILL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_and_end_of_output_in_either_order_are_the_end() {
        for order in [[News::Exit, News::OutputEnd], [News::OutputEnd, News::Exit]] {
            let between = Course::Running.next(order[0]).unwrap();
            assert_ne!(between, Course::Over);
            assert_eq!(between.has_exited(), order[0] == News::Exit);
            assert_eq!(between.next(order[1]), Some(Course::Over));
            assert_eq!(between.next(order[0]), None, "neither comes twice");
        }
    }

    #[test]
    fn nothing_is_milder_after_a_kill() {
        assert_eq!(Ending::Unasked.next(Push::Terminate), Some(Ending::Terminating));
        for ending in Ending::STATES {
            assert_eq!(ending.next(Push::Kill), Some(Ending::Killed));
        }
        assert_eq!(Ending::Killed.next(Push::Terminate), Some(Ending::Killed));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers of the program that are due at a date. They follow the wall clock wherever it is set. Is
//! not: a clock. INVARIANTS: none fires before its date by the clock at that moment; one that
//! repeats and has fired is never further away than its period, so that a clock that was set back
//! does not silence it.
//!
//! Where the system tells of a clock that is set (`sys::alarm`), a descriptor rings then and at the
//! earliest date. Elsewhere a node in the wheel has the clock looked at: at the date as it is
//! reckoned now, and at the latest after `ALARM_LOOK_MS`.

use super::log::Level;
use super::notice::Notice;
use super::timer::{Due, UserTimer};
use super::{Loop, refusal};
use crate::base::limits::ALARM_LOOK_MS;
use crate::base::time::Wall;
use crate::base::{Handle, Status};
use crate::net::Owner;
use crate::reactor::{Interest, Token};
use crate::source::wheel::TimerId;
use crate::sys::{self, Fd, fd::AsFd};
use std::collections::{BTreeMap, VecDeque};

/// The token of the alarm's descriptor, and its word in the wheel; no handle is 1.
pub(super) const ALARM: Token = Token(1);

/// What says when to look at the clock.
enum Bell {
    /// A descriptor is asked for with the first alarm.
    Untried,
    /// The descriptor.
    Kernel(sys::alarm::Alarm),
    /// The node in the wheel.
    Looks,
}

/// All alarms of a loop.
pub(super) struct Alarms {
    /// By date and then by birth.
    set: BTreeMap<(Wall, u64), Handle>,
    /// Those whose date had come when the clock was looked at, with their births.
    due: VecDeque<(u64, Handle)>,
    births: u64,
    bell: Bell,
    /// The date that the bell is set to.
    told: Option<Wall>,
    node: Option<TimerId>,
    /// How far the wall clock was ahead of the loop's when it was last looked at, in ms.
    ahead: i64,
    /// True exactly when the clock is to be looked at.
    look: bool,
}

impl Alarms {
    /// None; without `kernel` no descriptor is asked for.
    pub fn new(kernel: bool) -> Alarms {
        Alarms {
            set: BTreeMap::new(),
            due: VecDeque::new(),
            births: 0,
            bell: if kernel { Bell::Untried } else { Bell::Looks },
            told: None,
            node: None,
            ahead: i64::MIN,
            look: false,
        }
    }

    /// Whether some are to be told that no wait has to bring.
    pub fn has_work(&self) -> bool {
        self.look || !self.due.is_empty()
    }

    /// Sets an alarm; gives its birth, by which it is known.
    pub fn insert(&mut self, at: Wall, alarm: Handle) -> u64 {
        self.births += 1;
        self.set.insert((at, self.births), alarm);
        self.births
    }

    /// Ends an alarm. One whose date had come is known by its birth as one that is not meant any
    /// more.
    pub fn remove(&mut self, at: Wall, birth: u64) {
        self.set.remove(&(at, birth));
    }

    /// Another handle for an alarm that was just set.
    pub fn name(&mut self, at: Wall, birth: u64, alarm: Handle) {
        self.set.insert((at, birth), alarm);
    }
}

impl Loop {
    /// The date by the wall clock, now.
    pub fn wall(&self) -> Wall {
        self.clock.wall()
    }

    /// Sets the bell to the earliest date, if that is another one than before.
    pub(super) fn tell_alarms(&mut self) {
        let earliest = self.alarms.set.first_key_value().map(|((at, _), _)| *at);
        if earliest == self.alarms.told {
            return;
        }
        if matches!(self.alarms.bell, Bell::Untried) {
            self.alarms.bell = self.hang_bell();
        }
        if let Bell::Kernel(alarm) = &self.alarms.bell {
            match alarm.set(earliest) {
                Ok(false) => {
                    self.alarms.told = earliest;
                    return;
                }
                Ok(true) => return self.look_soon(),
                Err(error) => self.take_bell_down(&error),
            }
        }
        let node = self.alarms.node.take();
        self.alarms.told = earliest;
        if let Some(at) = earliest {
            let away = at.0.saturating_sub(self.clock.wall().0).min(ALARM_LOOK_MS);
            let look_at = self.clock.now().after(away);
            self.alarms.node = Some(self.arm_node(node, look_at, Handle(ALARM.0)));
        } else if let Some(node) = node {
            self.wheel.remove(node);
        }
    }

    /// A bell in the kernel, if there is one to be had.
    fn hang_bell(&mut self) -> Bell {
        let hung = sys::alarm::Alarm::new().and_then(|alarm| {
            let fd = Fd::of(&alarm.as_fd());
            self.take_number(fd);
            self.selector.update(fd, ALARM, Interest::NONE, Interest::READ).map(|()| alarm)
        });
        match hung {
            Ok(alarm) => Bell::Kernel(alarm),
            Err(error) => {
                self.say_that_it_looks(&error);
                Bell::Looks
            }
        }
    }

    fn say_that_it_looks(&mut self, error: &std::io::Error) {
        let text = c"the wall clock is looked at each second: nothing tells of its being set";
        self.say(Level::Info, text, Handle::NONE, refusal(error), 0);
    }

    fn take_bell_down(&mut self, error: &std::io::Error) {
        self.say_that_it_looks(error);
        if let Bell::Kernel(alarm) = std::mem::replace(&mut self.alarms.bell, Bell::Looks) {
            let fd = Fd::of(&alarm.as_fd());
            let _ = self.selector.update(fd, ALARM, Interest::READ, Interest::NONE);
        }
    }

    /// The descriptor rang: at its date, or because the clock was set.
    pub(super) fn alarm_rang(&mut self) {
        if let Bell::Kernel(alarm) = &self.alarms.bell {
            alarm.clear();
        }
        self.look_soon();
    }

    /// The clock is to be looked at, and the bell to be set anew.
    pub(super) fn look_soon(&mut self) {
        self.alarms.look = true;
        self.alarms.told = None;
    }

    /// The next alarm whose date has come.
    pub(super) fn next_alarm(&mut self) -> Option<Notice> {
        if std::mem::take(&mut self.alarms.look) {
            self.look_at_clock();
        }
        while let Some((birth, handle)) = self.alarms.due.pop_front() {
            let wall = self.clock.wall();
            let Some(timer) = self.timers.get_mut(handle) else { continue };
            match timer.due {
                Due::Date(at, same) if same == birth && timer.scheduled => {
                    if at > wall {
                        // The clock was set back since it was looked at.
                        self.alarms.set.insert((at, birth), handle);
                        self.look_soon();
                        continue;
                    }
                    return Some(self.ring(handle, at, wall));
                }
                _ => {}
            }
        }
        None
    }

    /// An alarm fires; one that repeats is set to its next date that is not past.
    fn ring(&mut self, handle: Handle, at: Wall, wall: Wall) -> Notice {
        let timer = self.timers.get_mut(handle).expect("next_alarm found it");
        timer.has_fired = true;
        if timer.repeat_ms > 0 {
            let period = u64::from(timer.repeat_ms);
            let missed = (wall.0 - at.0) / period;
            let next = Wall(at.0.saturating_add((missed + 1) * period));
            timer.due = Due::Date(next, self.alarms.insert(next, handle));
        } else {
            timer.scheduled = false;
            self.fired = Some(handle);
        }
        self.stats.timers_fired += 1;
        Notice::Timer(handle)
    }

    /// Finds out whose date has come. Those that a callback sets from here on are for the next
    /// look, or one that is always past would hold the turn for ever.
    fn look_at_clock(&mut self) {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let ahead = wall.0 as i64 - now.floor().0 as i64;
        let jump = ahead.saturating_sub(std::mem::replace(&mut self.alarms.ahead, ahead));
        // Both are rounded down: a difference of one is no jump.
        if jump < -1 {
            self.bring_near(wall);
        }
        if jump.abs() > ALARM_LOOK_MS as i64 && jump < i64::MAX {
            let text = c"the wall clock was set: by so many ms";
            self.say(Level::Info, text, Handle::NONE, (Status::OK, 0), jump);
        }
        let later = self.alarms.set.split_off(&(Wall(wall.0.saturating_add(1)), 0));
        let due = std::mem::replace(&mut self.alarms.set, later);
        self.alarms.due.extend(due.into_iter().map(|((_, birth), handle)| (birth, handle)));
    }

    /// The clock was set back: what repeats comes no later than a period from now, on the dates of
    /// its rhythm.
    fn bring_near(&mut self, wall: Wall) {
        for ((at, birth), handle) in std::mem::take(&mut self.alarms.set) {
            let Some(timer) = self.timers.get_mut(handle) else { continue };
            let period = u64::from(timer.repeat_ms);
            let away = at.0.saturating_sub(wall.0);
            let near = if timer.has_fired && period > 0 && away > period {
                Wall(at.0 - (away - 1) / period * period)
            } else {
                at
            };
            timer.due = Due::Date(near, birth);
            self.alarms.set.insert((near, birth), handle);
        }
    }

    /// Makes an alarm, without a name yet.
    pub(super) fn new_alarm(&mut self, at: Wall, repeat_ms: u32, owner: Owner) -> UserTimer {
        let birth = self.alarms.insert(at, Handle::NONE);
        UserTimer {
            due: Due::Date(at, birth),
            repeat_ms,
            from_end: false,
            owner,
            scheduled: true,
            has_fired: false,
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! The model of watchers: each is told, once in a turn, what it asks for at that moment and nothing
//! that was never true; what is true and asked for is told; what has ended is told nothing.

use crate::sim::Dice;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use webcore::base::{Handle, Status};
use webcore::engine::{Loop, Ready};
use webcore::net::Owner;
use webcore::reactor::Interest;
use webcore::sys::Fd;

/// Watchers of a story at a time.
const MOST: usize = 5;

struct Watch {
    handle: Handle,
    word: u64,
    near: UnixStream,
    /// The other end; none once it has gone.
    far: Option<UnixStream>,
    /// Bytes that the near end has not read.
    unread: usize,
    interest: Interest,
    /// It was told once and did not ask again.
    spent: bool,
    /// It was told in this turn.
    told: bool,
    /// It must be told in this turn, unless something happens to it before its time.
    due: bool,
    /// It was set in this turn: what the kernel said before is forgotten.
    fresh: bool,
}

impl Watch {
    /// What is true of it now, as far as it asks.
    fn is_ready(&self) -> bool {
        let input = self.unread > 0 || self.far.is_none();
        let asks = |what| self.interest.contains(what);
        !self.spent
            && !self.interest.is_none()
            && (asks(Interest::READ) && input || asks(Interest::WRITE) || self.far.is_none())
    }
}

/// All watchers of a loop.
#[derive(Default)]
pub struct Watches {
    live: Vec<Watch>,
    ended: Vec<Handle>,
    words: u64,
}

fn interest(dice: &mut Dice) -> Interest {
    let what = dice.of(&[
        Interest::NONE,
        Interest::READ,
        Interest::READ,
        Interest::WRITE,
        Interest::READ | Interest::WRITE,
    ]);
    if dice.once_in(3) { what | Interest::ONCE } else { what }
}

impl Watches {
    pub fn act(&mut self, engine: &mut Loop, dice: &mut Dice) {
        if self.live.is_empty() || (self.live.len() < MOST && dice.once_in(4)) {
            return self.start(engine, dice);
        }
        let at = dice.below(self.live.len());
        match dice.below(8) {
            0 | 1 => {
                let watch = &mut self.live[at];
                if let Some(far) = &mut watch.far {
                    far.write_all(b"x").unwrap();
                    watch.unread += 1;
                }
            }
            2 | 3 => {
                let watch = &mut self.live[at];
                let mut bytes = vec![0; watch.unread];
                watch.near.read_exact(&mut bytes).unwrap();
                watch.unread = 0;
            }
            4 if dice.once_in(3) => self.live[at].far = None,
            5 if dice.once_in(2) => self.stop(at, engine),
            _ => {
                let watch = &mut self.live[at];
                watch.interest = interest(dice);
                engine.set_watch(watch.handle, watch.interest).unwrap();
                (watch.spent, watch.due, watch.fresh) = (false, false, true);
            }
        }
    }

    fn start(&mut self, engine: &mut Loop, dice: &mut Dice) {
        let (near, far) = UnixStream::pair().unwrap();
        let interest = interest(dice);
        self.words += 1;
        let owner = Owner { word: self.words, ..Owner::default() };
        let handle = engine.start_watch(Fd::of(&near), interest, owner).unwrap();
        let again = engine.start_watch(Fd::of(&near), interest, owner);
        assert_eq!(again, Err(Status::INUSE));
        let (word, far) = (self.words, Some(far));
        self.live.push(Watch {
            handle,
            word,
            near,
            far,
            unread: 0,
            interest,
            spent: false,
            told: false,
            due: false,
            fresh: true,
        });
    }

    fn stop(&mut self, at: usize, engine: &mut Loop) {
        let watch = self.live.swap_remove(at);
        let (owner, adopted) = engine.stop_watch(watch.handle).unwrap();
        assert_eq!((owner.word, adopted.is_none()), (watch.word, true));
        assert_eq!(engine.stop_watch(watch.handle).err(), Some(Status::GONE));
        self.ended.push(watch.handle);
    }

    pub fn begin_turn(&mut self) {
        for watch in &mut self.live {
            (watch.told, watch.fresh) = (false, false);
            watch.due = watch.is_ready();
        }
    }

    pub fn told(&mut self, handle: Handle, ready: Ready) {
        assert!(!self.ended.contains(&handle), "told to one that has ended");
        let watch = self.live.iter_mut().find(|watch| watch.handle == handle).expect("a watcher");
        assert!(!std::mem::replace(&mut watch.told, true), "twice in a turn");
        assert!(!watch.fresh, "told what was said before it was set");
        assert!(
            !watch.spent && !watch.interest.is_none(),
            "{ready:?} to one that asks for nothing"
        );
        let pairs = [(Ready::READ, Interest::READ), (Ready::WRITE, Interest::WRITE)];
        for (bit, asked) in pairs {
            assert!(!ready.contains(bit) || watch.interest.contains(asked), "{ready:?} unasked");
        }
        assert!(
            !ready.contains(Ready::HANGUP) || watch.far.is_none(),
            "{ready:?}: nobody has gone"
        );
        assert!(!ready.contains(Ready::ERROR), "{ready:?}: there was no error");
        watch.spent = watch.interest.contains(Interest::ONCE);
    }

    /// What holds when everything of a turn is said.
    pub fn check_settled(&mut self) {
        for watch in &mut self.live {
            assert!(!watch.due || watch.told, "missed: {:?}", watch.interest);
            watch.due = false;
        }
    }

    pub fn stop_all(&mut self, engine: &mut Loop) {
        while !self.live.is_empty() {
            self.stop(0, engine);
        }
    }
}

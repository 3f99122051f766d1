// SPDX-License-Identifier: MIT OR Apache-2.0
//! Posts that are made once and sent from anywhere: each a named bell of the door. Is not: a queue;
//! what is sent twice before it is told is told once. INVARIANT: a post is told only while it
//! lives.

use super::Loop;
use super::notice::Notice;
use crate::base::slab::Slab;
use crate::base::{Handle, Kind, Status, limits};
use crate::net::Owner;
use std::collections::VecDeque;

/// All posts of a loop.
pub(super) struct PostObjects {
    slab: Slab<Owner>,
    number: u16,
    /// Slots and generations of those that were sent and are to be told.
    sent: VecDeque<(u32, u32)>,
}

impl PostObjects {
    pub fn new(number: u16, floor: u32) -> PostObjects {
        PostObjects { slab: Slab::new(Kind::Post, number, floor), number, sent: VecDeque::new() }
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

    pub fn has_work(&self) -> bool {
        !self.sent.is_empty()
    }
}

impl Loop {
    /// Makes a post.
    pub fn new_post(&mut self, owner: Owner) -> Result<Handle, Status> {
        if self.ending {
            return Err(Status::STATE);
        }
        let handle = self.post_objects.slab.insert(owner)?;
        if handle.slot() as usize >= limits::POST_OBJECTS {
            self.post_objects.slab.remove(handle);
            return Err(Status::LIMIT);
        }
        self.door.bells().hang(handle.slot(), handle.generation());
        Ok(handle)
    }

    /// Ends a post, also one that was sent and not told. Gives back the owner's words.
    pub fn free_post(&mut self, handle: Handle) -> Result<Owner, Status> {
        self.post_objects.slab.find(handle)?;
        let owner = self.post_objects.slab.remove(handle).expect("find found it");
        self.door.bells().unhang(handle.slot());
        Ok(owner)
    }

    /// Ends all posts; their owners' words come back in notices.
    pub(super) fn end_posts(&mut self) {
        for handle in self.post_objects.slab.handles() {
            if let Ok(owner) = self.free_post(handle) {
                self.notices.push_back(Notice::Ended(owner));
            }
        }
    }

    /// A post's owner.
    pub fn post_owner(&self, handle: Handle) -> Option<Owner> {
        self.post_objects.slab.get(handle).copied()
    }

    /// Takes what came through the door.
    pub(super) fn drain_door(&mut self) {
        self.door.drain(&mut self.posts, &mut self.post_objects.sent);
    }

    /// The next post that was sent and lives.
    pub(super) fn next_sent(&mut self) -> Option<Notice> {
        while let Some((slot, generation)) = self.post_objects.sent.pop_front() {
            let handle = Handle::new(Kind::Post, self.post_objects.number, slot, generation);
            if self.post_objects.slab.get(handle).is_some() {
                self.stats.posts += 1;
                return Some(Notice::Sent(handle));
            }
        }
        None
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes in order: appended at the end, taken from the front, without moving what stays.

/// A byte queue over one buffer. INVARIANT: `head <= bytes.len()`; both are 0 when it is empty.
#[derive(Default, Debug)]
pub struct Bytes {
    bytes: Vec<u8>,
    head: usize,
}

impl Bytes {
    /// An empty queue over a (reused) buffer.
    pub fn over(mut buffer: Vec<u8>) -> Bytes {
        buffer.clear();
        Bytes { bytes: buffer, head: 0 }
    }

    /// What is queued.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    /// How much is queued.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == self.head
    }

    /// Whether it holds no memory at all.
    pub fn is_unallocated(&self) -> bool {
        self.bytes.capacity() == 0
    }

    /// How much fits without taking memory.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Takes memory for exactly `more` bytes, where the caller sees to it that it does so rarely.
    pub fn reserve_exact(&mut self, more: usize) {
        self.make_room(more);
        self.bytes.reserve_exact(more);
    }

    /// Appends.
    pub fn push(&mut self, more: &[u8]) {
        self.make_room(more.len());
        self.bytes.extend_from_slice(more);
    }

    /// Appends by writing to the buffer directly; `write` must only append, `room` is what it may
    /// need.
    pub fn push_with<R>(&mut self, room: usize, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        self.make_room(room);
        let before = self.bytes.len();
        let result = write(&mut self.bytes);
        assert!(self.bytes.len() >= before, "a writer only appends");
        result
    }

    /// Drops `count` bytes from the front.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.len());
        self.head += count;
        if self.is_empty() {
            self.bytes.clear();
            self.head = 0;
        }
    }

    /// Gives the buffer back for reuse; what was queued is gone.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// Moves what is queued to the front if `more` would not fit behind it otherwise. Each byte is
    /// moved at most once per time that the free front is larger than what moves, so appending
    /// stays linear.
    fn make_room(&mut self, more: usize) {
        if self.head > 0
            && self.bytes.capacity() - self.bytes.len() < more
            && self.head >= self.len()
        {
            self.bytes.drain(..self.head);
            self.head = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_the_order_they_went_in() {
        let mut q = Bytes::default();
        q.push(b"hello ");
        q.push(b"world");
        q.consume(3);
        assert_eq!(q.as_slice(), b"lo world");
        q.push(b"!");
        q.consume(9);
        assert!(q.is_empty());
        assert_eq!(q.push_with(2, |b| b.extend_from_slice(b"ab")), ());
        assert_eq!(q.as_slice(), b"ab");
    }

    #[test]
    fn a_long_life_does_not_grow_the_buffer() {
        let mut q = Bytes::default();
        for _ in 0..10_000 {
            q.push(&[7; 100]);
            q.consume(if q.len() > 150 { 150 } else { 50 });
        }
        assert!(q.into_buffer().capacity() < 4096);
    }
}

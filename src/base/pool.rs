// SPDX-License-Identifier: MIT OR Apache-2.0
//! Free buffers of a loop, kept for the next connection that has to store something.

use super::limits::POOL_BYTES;

/// Buffers below this size are not worth keeping apart from the allocator.
const WORTH: usize = 512;

/// Buffers from this size on are for those who ask for large ones.
const LARGE: usize = 128 << 10;

/// Free buffers, small and large ones, bounded in all by `POOL_BYTES`.
#[derive(Default)]
pub struct Pool {
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
    bytes: usize,
}

impl Pool {
    /// An empty buffer: a kept one of the kind asked for, or a new one that has no memory yet.
    pub fn take(&mut self, large: bool) -> Vec<u8> {
        let shelf = if large { &mut self.large } else { &mut self.small };
        let buffer = shelf.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    /// Keeps the buffer for reuse, or frees it when enough is kept.
    pub fn give(&mut self, mut buffer: Vec<u8>) {
        let size = buffer.capacity();
        if size >= WORTH && self.bytes + size <= POOL_BYTES {
            buffer.clear();
            self.bytes += size;
            let shelf = if size >= LARGE { &mut self.large } else { &mut self.small };
            shelf.push(buffer);
        }
    }

    /// Bytes kept.
    pub fn kept(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let mut pool = Pool::default();
        for _ in 0..100 {
            pool.give(Vec::with_capacity(1 << 20));
        }
        assert_eq!(pool.kept(), POOL_BYTES);
        assert_eq!(pool.take(false).capacity(), 0);
        assert!(pool.take(true).capacity() >= 1 << 20);
        assert_eq!(pool.kept(), POOL_BYTES - (1 << 20));
        pool.give(vec![1; WORTH - 1]);
        assert_eq!(pool.kept(), POOL_BYTES - (1 << 20));
    }
}

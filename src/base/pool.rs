// SPDX-License-Identifier: MIT OR Apache-2.0
//! Free buffers of a loop, kept for the next connection that has to store something.

use super::limits::POOL_BYTES;

/// Buffers below this size are not worth keeping apart from the allocator.
const WORTH: usize = 512;

/// Free buffers, bounded in all by `POOL_BYTES`.
#[derive(Default)]
pub struct Pool {
    free: Vec<Vec<u8>>,
    bytes: usize,
}

impl Pool {
    /// An empty buffer: a kept one, or a new one that has no memory yet.
    pub fn take(&mut self) -> Vec<u8> {
        let buffer = self.free.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    /// Keeps the buffer for reuse, or frees it when enough is kept.
    pub fn give(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() >= WORTH && self.bytes + buffer.capacity() <= POOL_BYTES {
            buffer.clear();
            self.bytes += buffer.capacity();
            self.free.push(buffer);
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
        assert!(pool.take().capacity() >= 1 << 20);
        assert_eq!(pool.kept(), POOL_BYTES - (1 << 20));
        pool.give(vec![1; WORTH - 1]);
        assert_eq!(pool.kept(), POOL_BYTES - (1 << 20));
    }
}

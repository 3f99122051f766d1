// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the requests of one listener have in common.

use crate::base::{Status, limits};
use crate::codec::http1::Limits;

/// Limits and deadlines; times of 0 are "none".
#[derive(Clone, Debug)]
pub struct Service {
    /// Limits of the parser.
    pub limits: Limits,
    /// Head and body are told as they come; else a request is told when it is whole.
    pub streaming: bool,
    /// For the whole head, from its first byte, in ms.
    pub head_ms: u32,
    /// Before the lowest body rate is asked for, in ms.
    pub body_grace_ms: u32,
    /// Lowest rate of a body, in bytes per second.
    pub body_rate: u32,
    /// Between two requests, in ms.
    pub keep_ms: u32,
    /// For the answer to begin once the request is whole, in ms.
    pub answer_ms: u32,
}

impl Default for Service {
    fn default() -> Service {
        Service {
            limits: Limits::default(),
            streaming: false,
            head_ms: limits::HTTP_HEAD_MS,
            body_grace_ms: limits::HTTP_BODY_GRACE_MS,
            body_rate: limits::HTTP_BODY_RATE,
            keep_ms: limits::HTTP_KEEP_MS,
            answer_ms: limits::HTTP_ANSWER_MS,
        }
    }
}

impl Service {
    /// `INVAL` where nothing could ever be accepted.
    pub fn check(&self) -> Result<(), Status> {
        let l = &self.limits;
        let useful = l.request_line > 0 && l.field > 0 && l.head > 0;
        if useful { Ok(()) } else { Err(Status::INVAL) }
    }
}

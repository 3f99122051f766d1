// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reactor layer.

#![forbid(unsafe_code)]

// SPDX-License-Identifier: MIT OR Apache-2.0
//! The net layer.

#![forbid(unsafe_code)]

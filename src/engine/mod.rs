// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine layer.

#![forbid(unsafe_code)]

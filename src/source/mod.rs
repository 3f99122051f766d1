// SPDX-License-Identifier: MIT OR Apache-2.0
//! The source layer.

#![forbid(unsafe_code)]

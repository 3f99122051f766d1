// SPDX-License-Identifier: MIT OR Apache-2.0
//! The http layer.

#![forbid(unsafe_code)]

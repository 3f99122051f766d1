// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP/1.1 without I/O.

// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP servers in C: options and callbacks.
#![allow(non_camel_case_types)]

use super::call::{DataFn, EndFn, PlainFn};

/// The callbacks of HTTP requests.
#[derive(Clone, Copy)]
pub struct wc_http_callbacks {
    pub on_request: Option<PlainFn>,
    pub on_head: Option<PlainFn>,
    pub on_body: Option<DataFn>,
    pub on_end: Option<PlainFn>,
    pub on_drain: Option<PlainFn>,
    pub on_close: Option<EndFn>,
}

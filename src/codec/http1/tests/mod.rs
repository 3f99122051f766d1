// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests as text and what they mean: input, expected items. One file per part of the rules.

mod body;
mod exchange;
mod reasons;
mod requests;
mod smuggling;
mod write;

use super::{Item, Limits, Message, Reason};
use crate::codec::{Decode, Fault, Step};

/// What a whole input decodes to, as text: one line per item, the fault's reason at the end.
fn decode(input: &[u8]) -> Vec<String> {
    decode_with(Limits::default(), input)
}

fn decode_with(limits: Limits, input: &[u8]) -> Vec<String> {
    let mut message = Message::new(limits);
    let mut shown = input;
    let mut lines = Vec::new();
    loop {
        let used = match message.decode(shown, false) {
            Step::Item { used, item } => {
                lines.push(line(&message, item));
                used
            }
            Step::NeedMore { .. } => return lines,
            Step::Fail(fault) => {
                assert_eq!(message.decode(shown, true), Step::Fail(fault), "it stays failed");
                lines.push(Reason(fault.reason).name().to_string());
                return lines;
            }
        };
        shown = &shown[used..];
    }
}

fn line(message: &Message, item: Item<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match item {
        Item::Head(bytes) => {
            let head = message.head();
            format!("{} {}", text(head.method.of(bytes)), text(head.target.of(bytes)))
        }
        Item::Body(bytes) => format!("body {}", text(bytes)),
        Item::Trailers(bytes) => {
            let field = |(name, value): &(super::Span, super::Span)| {
                format!(" {}={}", text(name.of(bytes)), text(value.of(bytes)))
            };
            format!("trailers{}", message.trailers().iter().map(field).collect::<String>())
        }
        Item::End => "end".to_string(),
    }
}

/// The fault that an input ends in.
fn fault_of(input: &[u8]) -> Option<Fault> {
    fault_with(Limits::default(), input)
}

fn fault_with(limits: Limits, input: &[u8]) -> Option<Fault> {
    let mut message = Message::new(limits);
    let mut shown = input;
    loop {
        match message.decode(shown, false) {
            Step::Item { used, .. } => shown = &shown[used..],
            Step::NeedMore { .. } => return None,
            Step::Fail(fault) => return Some(fault),
        }
    }
}

/// A request with a good request line and Host, and these lines behind them.
fn request_with(lines: &str) -> Vec<u8> {
    format!("POST /p HTTP/1.1\r\nHost: h\r\n{lines}").into_bytes()
}

/// A chunked request with this body.
fn chunked_with(body: &str) -> Vec<u8> {
    request_with(&format!("Transfer-Encoding: chunked\r\n\r\n{body}"))
}

/// Decodes one head and hands it over with its bytes.
fn with_head<T>(input: &[u8], look: impl Fn(&super::Head, &[u8]) -> T) -> T {
    let mut message = Message::default();
    match message.decode(input, false) {
        Step::Item { item: Item::Head(bytes), .. } => look(message.head(), bytes),
        other => panic!("no head but {other:?} in {}", String::from_utf8_lossy(input)),
    }
}

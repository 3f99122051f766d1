// SPDX-License-Identifier: MIT OR Apache-2.0
//! Heads that are accepted, and what is understood of them; each test names its rule.

use super::{decode, request_with, with_head};
use crate::codec::http1::target::Form;
use crate::codec::http1::{Limits, Message, Method};
use crate::codec::{Decode, Step};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_browsers_request_is_understood_whole() {
    let input = b"GET /a/b?c=d HTTP/1.1\r\n\
        Host: example.org:8080\r\n\
        User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
        Accept:*/*\r\n\
        X-Empty:\r\n\
        Cookie: \t a=1; b=caf\xc3\xa9\t \r\n\
        \r\nrest";
    with_head(input, |head, bytes| {
        assert_eq!(bytes.len(), input.len() - 4);
        assert_eq!((head.known, text(head.method.of(bytes))), (Method::Get, "GET"));
        assert_eq!((head.form, text(head.target.of(bytes))), (Form::Origin, "/a/b?c=d"));
        assert_eq!((head.minor, head.keep_alive, head.expect_continue), (1, true, false));
        assert_eq!((head.length, head.chunked, head.has_body()), (None, false, false));
        assert_eq!(text(head.host.unwrap().of(bytes)), "example.org:8080");
        let fields: Vec<_> =
            head.fields.iter().map(|(n, v)| (text(n.of(bytes)), text(v.of(bytes)))).collect();
        assert_eq!(
            fields,
            [
                ("Host", "example.org:8080"),
                ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
                ("Accept", "*/*"),
                ("X-Empty", ""),
                ("Cookie", "a=1; b=caf\u{e9}"),
            ]
        );
        assert_eq!(head.field(bytes, b"COOKIE").map(text), Some("a=1; b=caf\u{e9}"));
        assert_eq!(head.field(bytes, b"cookies"), None);
    });
}

#[test]
fn rule_1_a_value_may_hold_tabs_and_bytes_above_ascii() {
    with_head(b"GET / HTTP/1.1\r\nHost: h\r\nX: a\tb\x80\xff\r\n\r\n", |head, bytes| {
        assert_eq!(head.field(bytes, b"x"), Some(&b"a\tb\x80\xff"[..]));
    });
}

#[test]
fn rule_2_up_to_eight_empty_lines_may_come_before_a_request() {
    let request = b"GET / HTTP/1.0\r\n\r\n";
    let eight = [&b"\r\n".repeat(8)[..], request].concat();
    assert_eq!(decode(&eight), ["GET /", "end"]);
    with_head(&eight, |head, bytes| assert_eq!(text(head.method.of(bytes)), "GET"));
    let between = [&request[..], b"\r\n", request].concat();
    assert_eq!(decode(&between), ["GET /", "end", "GET /", "end"]);
}

#[test]
fn rule_3_any_token_is_a_method_and_case_matters() {
    for method in ["GET", "get", "M-SEARCH", "!#$%&'*+-.^_`|~09", &"A".repeat(32)] {
        let input = format!("{method} / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(decode(input.as_bytes()), [format!("{method} /"), "end".into()]);
    }
    with_head(b"get / HTTP/1.1\r\nHost: h\r\n\r\n", |head, _| {
        assert_eq!(head.known, Method::Other)
    });
}

#[test]
fn rule_4_the_four_forms_of_a_target() {
    for (line, form, host) in [
        ("GET /a|\"{}^`\\<>~ HTTP/1.1", Form::Origin, "h"),
        ("GET http://other:81/p?q HTTP/1.1", Form::Absolute, "other:81"),
        ("GET HTTPS://[::1] HTTP/1.1", Form::Absolute, "[::1]"),
        ("OPTIONS * HTTP/1.1", Form::Asterisk, "h"),
        ("CONNECT other:443 HTTP/1.1", Form::Authority, "other:443"),
    ] {
        let input = format!("{line}\r\nHost: h\r\n\r\n");
        with_head(input.as_bytes(), |head, bytes| {
            assert_eq!((head.form, text(head.host.unwrap().of(bytes))), (form, host), "{line}");
        });
    }
}

#[test]
fn rule_5_minor_versions_above_1_are_1() {
    for (version, minor) in [("1.0", 0), ("1.1", 1), ("1.2", 1), ("1.9", 1)] {
        let input = format!("GET / HTTP/{version}\r\nHost: h\r\n\r\n");
        with_head(input.as_bytes(), |head, _| assert_eq!(head.minor, minor));
    }
}

#[test]
fn rule_6_http_1_0_needs_no_host() {
    with_head(b"GET / HTTP/1.0\r\n\r\n", |head, _| assert_eq!(head.host, None));
    with_head(b"GET http://h/ HTTP/1.0\r\n\r\n", |head, bytes| {
        assert_eq!(text(head.host.unwrap().of(bytes)), "h");
    });
}

#[test]
fn rule_7_names_are_compared_without_case_and_an_underscore_is_no_hyphen() {
    let input = b"GET / HTTP/1.1\r\nhOST: h\r\nCONTENT-length: 0\r\ncontent_length: 5\r\n\r\n";
    with_head(input, |head, _| assert_eq!(head.length, Some(0)));
}

#[test]
fn rule_8_a_length_may_have_leading_zeros_and_reaches_2_to_the_63() {
    let unlimited = Limits { body: u64::MAX, ..Limits::default() };
    for (digits, length) in
        [("0", 0), ("0005", 5), ("\t7 ", 7), ("9223372036854775807", i64::MAX as u64)]
    {
        let input = request_with(&format!("Content-Length: {digits}\r\n\r\n"));
        let mut message = Message::new(unlimited);
        assert!(matches!(message.decode(&input, false), Step::Item { .. }));
        assert_eq!(message.head().length, Some(length));
    }
}

#[test]
fn rule_9_chunked_in_any_case() {
    for value in ["chunked", "Chunked", "CHUNKED", "\tchunked "] {
        let input = request_with(&format!("Transfer-Encoding: {value}\r\n\r\n"));
        with_head(&input, |head, _| assert!(head.chunked && head.has_body()));
    }
}

#[test]
fn rule_11_who_keeps_the_connection() {
    for (version, connection, keep) in [
        ("1.1", "", true),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: CLOSE\r\n", false),
        ("1.1", "Connection: foo,\t close ,bar\r\n", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.1", "Connection: close, keep-alive\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: Keep-Alive, close\r\n", false),
        ("1.0", "Connection: x\r\nConnection: keep-alive\r\n", true),
    ] {
        let input = format!("GET / HTTP/{version}\r\nHost: h\r\n{connection}\r\n");
        with_head(input.as_bytes(), |head, _| assert_eq!(head.keep_alive, keep, "{input}"));
    }
}

#[test]
fn rule_13_the_expectation_is_for_1_1_only() {
    for (version, value, expected) in [
        ("1.1", "100-continue", true),
        ("1.1", "100-Continue", true),
        ("1.1", "", false),
        ("1.0", "100-continue", false),
    ] {
        let input = format!("PUT / HTTP/{version}\r\nHost: h\r\nExpect: {value}\r\n\r\n");
        with_head(input.as_bytes(), |head, _| assert_eq!(head.expect_continue, expected));
    }
}

#[test]
fn rule_14_an_upgrade_is_ignored() {
    let input = request_with("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n");
    with_head(&input, |head, _| assert!(head.keep_alive));
}

#[test]
fn rule_16_requests_follow_each_other() {
    let input = b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n\
        POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\
        POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\
        GET /4 HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(
        decode(input),
        [
            "GET /1",
            "end",
            "POST /2",
            "body hello",
            "end",
            "POST /3",
            "body hi",
            "end",
            "GET /4",
            "end"
        ]
    );
}

#[test]
fn nothing_of_a_request_is_left_for_the_next_one() {
    let first = b"CONNECT a:1 HTTP/1.0\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";
    let second = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut message = Message::default();
    assert!(message.is_idle());
    assert_eq!(message.decode(&first[..1], false), Step::NeedMore { used: 0, want: 0 });
    assert!(!message.is_idle());
    assert!(matches!(message.decode(first, false), Step::Item { .. }));
    assert!(matches!(message.decode(b"", false), Step::Item { .. }));
    assert!(message.is_idle());
    assert!(matches!(message.decode(second, false), Step::Item { .. }));
    with_head(second, |fresh, _| assert_eq!(message.head(), fresh));
}

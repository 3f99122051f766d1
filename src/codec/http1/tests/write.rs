// SPDX-License-Identifier: MIT OR Apache-2.0
//! Answers as bytes.

use crate::base::Status;
use crate::codec::http1::date::imf_fixdate;
use crate::codec::http1::exchange::{Framing, Persistence, Plan};
use crate::codec::http1::write::{
    LAST_CHUNK, chunk, chunk_size, decimal, head, is_owned, page, phrase,
};

const PLAN: Plan =
    Plan { framing: Framing::Length(13), persistence: Persistence::Implied, body: true };

fn written(status: u16, plan: Plan, fields: &[(&str, &str)]) -> Result<String, Status> {
    let mut out = b"before".to_vec();
    let fields = fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
    let result = head(&mut out, status, &plan, &imf_fixdate(784_111_777), fields);
    let text = String::from_utf8(out).unwrap();
    let text = text.strip_prefix("before").unwrap().to_string();
    assert!(result.is_ok() || text.is_empty(), "a refused head leaves nothing behind");
    result.map(|()| text)
}

#[test]
fn a_head_is_written_with_its_date_framing_and_fields() {
    assert_eq!(
        written(200, PLAN, &[("Content-Type", "text/plain"), ("X-Empty", "")]).unwrap(),
        "HTTP/1.1 200 OK\r\n\
         Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Length: 13\r\n\
         Content-Type: text/plain\r\n\
         X-Empty: \r\n\
         \r\n"
    );
}

#[test]
fn framing_and_persistence_are_said_as_planned() {
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    for (framing, persistence, lines) in [
        (Framing::Chunked, Persistence::Implied, "Transfer-Encoding: chunked\r\n"),
        (Framing::Nothing, Persistence::KeepAlive, "Connection: keep-alive\r\n"),
        (Framing::Close, Persistence::Close, "Connection: close\r\n"),
        (
            Framing::Length(u64::MAX),
            Persistence::Implied,
            "Content-Length: 18446744073709551615\r\n",
        ),
    ] {
        let plan = Plan { framing, persistence, body: true };
        let expected = format!("HTTP/1.1 404 Not Found\r\n{date}{lines}\r\n");
        assert_eq!(written(404, plan, &[]).unwrap(), expected);
    }
}

#[test]
fn a_status_without_a_name_gets_a_neutral_phrase() {
    assert!(written(299, PLAN, &[]).unwrap().starts_with("HTTP/1.1 299 Unknown\r\n"));
    assert_eq!(phrase(418), "Unknown");
    for status in [0, 99, 1000, u16::MAX] {
        assert_eq!(written(status, PLAN, &[]), Err(Status::INVAL));
    }
}

#[test]
fn fields_that_would_break_the_answer_are_refused() {
    for (name, value) in [
        ("", "x"),
        ("X Y", "x"),
        ("X:", "x"),
        ("X\r\nY", "x"),
        ("X\u{e9}", "x"),
        ("X", "a\r\nSet-Cookie: b"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X", "\x7f"),
        ("Content-Length", "1"),
        ("content-length", "1"),
        ("TRANSFER-ENCODING", "chunked"),
        ("connection", "close"),
        ("Keep-Alive", "timeout=5"),
        ("Date", "today"),
    ] {
        let fields = [("A", "b"), (name, value)];
        assert_eq!(written(200, PLAN, &fields), Err(Status::INVAL), "{name:?}: {value:?}");
    }
    assert!(written(200, PLAN, &[("X", "caf\u{e9}\t!")]).is_ok());
    assert!(!is_owned(b"Server") && !is_owned(b"Set-Cookie") && !is_owned(b"User-Agent"));
}

#[test]
fn chunks_and_numbers() {
    let mut out = Vec::new();
    chunk(&mut out, b"");
    chunk(&mut out, b"hello");
    chunk(&mut out, &[b'x'; 26]);
    out.extend_from_slice(LAST_CHUNK);
    assert_eq!(out, format!("5\r\nhello\r\n1a\r\n{}\r\n0\r\n\r\n", "x".repeat(26)).into_bytes());

    for (number, dec, hex) in [(0, "0", "0\r\n"), (10, "10", "a\r\n"), (255, "255", "ff\r\n")] {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        decimal(&mut a, number);
        chunk_size(&mut b, number);
        assert_eq!((a.as_slice(), b.as_slice()), (dec.as_bytes(), hex.as_bytes()));
    }
    out.clear();
    chunk_size(&mut out, u64::MAX);
    assert_eq!(out, b"ffffffffffffffff\r\n");
}

#[test]
fn a_page_says_the_status() {
    let text = String::from_utf8(page(404)).unwrap();
    assert!(
        text.contains("<title>404 Not Found</title>") && text.contains("<h1>404 Not Found</h1>")
    );
}

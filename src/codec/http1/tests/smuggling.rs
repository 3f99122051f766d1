// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests that two parsers have been known to read differently. Each is refused, and nothing
//! behind it is decoded.

use super::{chunked_with, fault_of, request_with};
use crate::codec::http1::Reason;

#[track_caller]
fn refused(input: &[u8], reason: Reason) {
    let fault = fault_of(input).map(|f| (Reason(f.reason), f.http));
    let shown = String::from_utf8_lossy(input);
    assert_eq!(fault, Some((reason, reason.http())), "{shown:?}");
}

#[test]
fn length_and_coding_together() {
    let fields = ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"];
    refused(&request_with(&[fields[0], fields[1], "\r\n"].concat()), Reason::CODING_AND_LENGTH);
    refused(&request_with(&[fields[1], fields[0], "\r\n"].concat()), Reason::CODING_AND_LENGTH);
}

#[test]
fn codings_that_are_not_exactly_chunked() {
    for (value, reason) in [
        ("", Reason::CODING_NOT_LAST),
        (",", Reason::CODING_NOT_LAST),
        ("identity", Reason::CODING_NOT_LAST),
        ("gzip", Reason::CODING_NOT_LAST),
        ("chunked, gzip", Reason::CODING_NOT_LAST),
        ("xchunked", Reason::CODING_NOT_LAST),
        ("gzip, chunked", Reason::CODING_UNKNOWN),
        ("gzip;q=\"1\", chunked", Reason::CODING_UNKNOWN),
        ("chunked, chunked", Reason::CODING_TWICE),
        ("chunked, gzip, chunked", Reason::CODING_TWICE),
        (",chunked", Reason::CODING_SYNTAX),
        ("chunked,", Reason::CODING_SYNTAX),
        ("chunked;a=b", Reason::CODING_SYNTAX),
        ("gzip;, chunked", Reason::CODING_SYNTAX),
        ("gzip;=b, chunked", Reason::CODING_SYNTAX),
        ("\"chunked\"", Reason::CODING_SYNTAX),
        ("chunked foo", Reason::CODING_SYNTAX),
        ("chu nked", Reason::CODING_SYNTAX),
        ("chunked\x0b", Reason::CONTROL),
        ("\x00chunked", Reason::CONTROL),
    ] {
        refused(&request_with(&format!("Transfer-Encoding: {value}\r\n\r\n")), reason);
    }
    let twice = "Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n";
    refused(&request_with(twice), Reason::CODING_TWICE);
    refused(
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Reason::CODING_VERSION,
    );
}

#[test]
fn names_that_only_look_like_a_coding_are_refused_or_other_fields() {
    for name in ["Transfer-Encoding ", "Transfer-Encoding\t"] {
        refused(&request_with(&format!("{name}: chunked\r\n\r\n")), Reason::FIELD_NAME_BLANK);
    }
    refused(&request_with("Transfer-Encoding\x0b: chunked\r\n\r\n"), Reason::CONTROL);
    refused(&request_with("Transfer\u{2010}Encoding: chunked\r\n\r\n"), Reason::FIELD_NAME_BYTE);
    refused(&request_with("X: y\r\n Transfer-Encoding: chunked\r\n\r\n"), Reason::FIELD_FOLD);
    refused(&request_with("X: y\rTransfer-Encoding: chunked\r\n\r\n"), Reason::BARE_CR);
    refused(&request_with("X: y\nTransfer-Encoding: chunked\r\n\r\n"), Reason::BARE_LF);
    refused(&request_with("Transfer-Encoding:\r\n chunked\r\n\r\n"), Reason::CODING_NOT_LAST);
    assert_eq!(fault_of(&request_with("Transfer_Encoding: gzip\r\n\r\n")), None);
}

#[test]
fn lengths_that_are_not_digits() {
    for value in ["", "+5", "-5", "5, 5", "5,", "0x5", "5 5", "5.0", "1e3", "five", "\u{665}"] {
        refused(&request_with(&format!("Content-Length: {value}\r\n\r\n")), Reason::LENGTH_SYNTAX);
    }
    for value in ["9223372036854775808", "18446744073709551617", "99999999999999999999999999"] {
        refused(&request_with(&format!("Content-Length: {value}\r\n\r\n")), Reason::LENGTH_RANGE);
    }
    let twice = "Content-Length: 5\r\nContent-Length: 5\r\n\r\n";
    refused(&request_with(twice), Reason::LENGTH_TWICE);
}

#[test]
fn a_bare_lf_wherever_a_line_could_end() {
    let good = "\r\nGET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
        1;a=b\r\nx\r\n0\r\nT: u\r\n\r\n";
    assert_eq!(fault_of(good.as_bytes()), None);
    for (at, _) in good.match_indices("\r\n") {
        let mut bad = good.as_bytes().to_vec();
        bad.remove(at);
        let fault = fault_of(&bad).expect("a bare LF is refused");
        assert_eq!((Reason(fault.reason), fault.http), (Reason::BARE_LF, 400), "CR gone at {at}");
    }
}

#[test]
fn a_bare_cr_wherever_a_line_could_end() {
    let good = "\r\nGET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
        1;a=b\r\nx\r\n0\r\nT: u\r\n\r\n!";
    for (at, _) in good.match_indices("\r\n") {
        let mut bad = good.as_bytes().to_vec();
        bad.remove(at + 1);
        let fault = fault_of(&bad).expect("a bare CR is refused");
        assert_eq!((Reason(fault.reason), fault.http), (Reason::BARE_CR, 400), "LF gone at {at}");
    }
}

#[test]
fn every_control_byte_in_every_part_of_a_head() {
    for control in (0..0x20u8).chain([0x7F]).filter(|b| !b"\t\r\n".contains(b)) {
        let places = ["G@T / HTTP/1.1\r\n", "GET /@ HTTP/1.1\r\n", "GET / HTTP@1.1\r\n"];
        let fields = ["X@: y\r\n", "X:@\r\n", "X: a@b\r\n", "X: a@\r\n"];
        let heads = places.iter().map(|p| p.to_string());
        let heads = heads.chain(fields.iter().map(|f| format!("GET / HTTP/1.1\r\n{f}")));
        for head in heads {
            let input = head.replace('@', &(control as char).to_string());
            refused(input.as_bytes(), Reason::CONTROL);
        }
    }
}

#[test]
fn chunk_lines_that_hide_something() {
    for (body, reason) in [
        ("10000000000000000\r\n", Reason::CHUNK_SIZE_LONG),
        ("00000000000000005\r\nhello", Reason::CHUNK_SIZE_LONG),
        ("8000000000000000\r\n", Reason::CHUNK_SIZE_RANGE),
        ("ffffffffffffffff\r\n", Reason::CHUNK_SIZE_RANGE),
        ("0x5\r\nhello", Reason::CHUNK_SIZE_BYTE),
        ("+5\r\nhello", Reason::CHUNK_SIZE_BYTE),
        ("-1\r\n", Reason::CHUNK_SIZE_BYTE),
        ("5_0\r\n", Reason::CHUNK_SIZE_BYTE),
        (" 5\r\nhello", Reason::CHUNK_SIZE_EMPTY),
        ("\r\n", Reason::CHUNK_SIZE_EMPTY),
        ("5 \r\nhello", Reason::CHUNK_BLANK),
        ("5 5\r\nhello", Reason::CHUNK_BLANK),
        ("5;a \r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;\r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;a=\r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;a=\"\r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;a=\"b\"c\r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;a=b=c\r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;a\\\"\r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;a=b\nhello", Reason::BARE_LF),
        ("5;a=\"b\nc\"\r\nhello", Reason::BARE_LF),
        ("5;a=\"b\\\nc\"\r\nhello", Reason::BARE_LF),
        ("5;a=\"b\rc\"\r\nhello", Reason::CHUNK_EXT_SYNTAX),
        ("5;a=b\x00\r\nhello", Reason::CONTROL),
        ("5;a=\"b\x7f\"\r\nhello", Reason::CONTROL),
        ("5;a=\"b\\\x01\"\r\nhello", Reason::CONTROL),
        ("5\x00\r\nhello", Reason::CONTROL),
        ("5\r\nhelloX\r\n", Reason::CHUNK_END),
        ("5\r\nhello5\r\n", Reason::CHUNK_END),
        ("5\r\nhello\n0\r\n\r\n", Reason::BARE_LF),
        ("5\r\nhello\rX", Reason::BARE_CR),
        ("0\r\nGET / HTTP/1.1\r\n\r\n", Reason::FIELD_NAME_BLANK),
        ("0\r\n X: y\r\n\r\n", Reason::FIELD_BLANK),
        ("0\r\nX: y\r\n z\r\n\r\n", Reason::FIELD_FOLD),
    ] {
        refused(&chunked_with(body), reason);
    }
}

#[test]
fn a_fault_says_where() {
    let input = request_with("X: a\x00b\r\n\r\n");
    let at = input.iter().position(|b| *b == 0).unwrap();
    assert_eq!(fault_of(&input).unwrap().at, at);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! The request target: its four forms (RFC 9112 3.2), its parts, and its path as names of a tree.
//! Is not: a mapping to files. Invariant: a decoded path begins with '/', has no NUL and no dot
//! segment.
//!
//! The path is decoded exactly once (%252e is the name %2e), and dot segments are resolved after
//! that; a path that would leave the root is refused. An encoded slash is refused too: no file name
//! can hold it, and whoever guards paths in front of this server would read another path than it
//! does.

use super::{Method, Reason, host};
use crate::base::Status;

/// The form of a request target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// `/path?query`
    #[default]
    Origin,
    /// `http://authority/path?query`
    Absolute,
    /// `host:port`, for CONNECT only.
    Authority,
    /// `*`, for OPTIONS only.
    Asterisk,
}

/// The parts of a request target, as they came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts<'a> {
    /// The form.
    pub form: Form,
    /// Host and port, in the absolute form and the authority form.
    pub authority: Option<&'a [u8]>,
    /// The path: at least `/`, or `*`; empty in the authority form.
    pub path: &'a [u8],
    /// What stands behind `?`.
    pub query: Option<&'a [u8]>,
}

/// Takes a target apart, or says why the method may not have it. Its bytes are of the target class.
#[inline]
pub fn split(method: Method, target: &[u8]) -> Result<Parts<'_>, Reason> {
    if method != Method::Connect && target.first() == Some(&b'/') {
        let (path, query) = split_query(target);
        return Ok(Parts { form: Form::Origin, authority: None, path, query });
    }
    split_other(method, target)
}

fn split_other(method: Method, target: &[u8]) -> Result<Parts<'_>, Reason> {
    match (method, target) {
        (Method::Connect, _) => {
            host::check_with_port(target).map_err(|_| Reason::TARGET_AUTHORITY)?;
            let (form, authority) = (Form::Authority, Some(target));
            Ok(Parts { form, authority, path: b"", query: None })
        }
        (Method::Options, b"*") => {
            Ok(Parts { form: Form::Asterisk, authority: None, path: b"*", query: None })
        }
        _ => split_absolute(target),
    }
}

fn split_absolute(target: &[u8]) -> Result<Parts<'_>, Reason> {
    let colon = target.windows(3).position(|w| w == b"://").ok_or(Reason::TARGET_FORM)?;
    let scheme = &target[..colon];
    if !scheme.first().is_some_and(u8::is_ascii_alphabetic) {
        return Err(Reason::TARGET_FORM);
    }
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return Err(Reason::TARGET_SCHEME);
    }
    let rest = &target[colon + 3..];
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    host::check(authority).map_err(|_| Reason::TARGET_AUTHORITY)?;
    let (path, query) = split_query(rest);
    let path = if path.is_empty() { b"/" } else { path };
    Ok(Parts { form: Form::Absolute, authority: Some(authority), path, query })
}

#[inline]
fn split_query(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', target) {
        Some(mark) => (&target[..mark], Some(&target[mark + 1..])),
        None => (target, None),
    }
}

/// Appends the path, decoded and without dot segments, to `out`; on failure `out` is as it was.
/// Empty segments stay, as RFC 3986 has it.
pub fn decode_path(path: &[u8], out: &mut Vec<u8>) -> Result<(), Status> {
    let root = out.len();
    if path.first() != Some(&b'/') {
        return Err(Status::PATH);
    }
    let mut segments = path[1..].split(|b| *b == b'/').peekable();
    while let Some(segment) = segments.next() {
        let begin = out.len();
        out.push(b'/');
        let resolved = decode_segment(segment, out).and_then(|()| match &out[begin + 1..] {
            b"." => Ok(Some(begin)),
            b".." => parent(&out[root..begin]).map(|len| Some(root + len)),
            _ => Ok(None),
        });
        match resolved {
            Ok(None) => {}
            Ok(Some(keep)) => out.truncate(keep),
            Err(status) => {
                out.truncate(root);
                return Err(status);
            }
        }
        if segments.peek().is_none() && matches!(resolved, Ok(Some(_))) {
            out.push(b'/');
        }
    }
    debug_assert_eq!(out.get(root), Some(&b'/'));
    Ok(())
}

/// The length of the path without its last segment.
fn parent(path: &[u8]) -> Result<usize, Status> {
    path.iter().rposition(|b| *b == b'/').ok_or(Status::PATH)
}

fn decode_segment(segment: &[u8], out: &mut Vec<u8>) -> Result<(), Status> {
    let mut rest = segment;
    while let [byte, tail @ ..] = rest {
        let (byte, tail) = match (*byte, tail) {
            (b'%', [high, low, tail @ ..]) => (hex(*high)? << 4 | hex(*low)?, tail),
            (b'%', _) => return Err(Status::PATH),
            (byte, tail) => (byte, tail),
        };
        if matches!(byte, 0 | b'/') {
            return Err(Status::PATH);
        }
        out.push(byte);
        rest = tail;
    }
    Ok(())
}

fn hex(digit: u8) -> Result<u8, Status> {
    (digit as char).to_digit(16).map(|value| value as u8).ok_or(Status::PATH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(path: &str) -> Result<String, Status> {
        let mut out = b"kept".to_vec();
        let result = decode_path(path.as_bytes(), &mut out);
        let text = String::from_utf8_lossy(out.strip_prefix(b"kept").unwrap()).into_owned();
        assert!(result.is_ok() || text.is_empty(), "a refused path leaves nothing behind");
        result.map(|()| text)
    }

    #[test]
    fn a_path_is_decoded_once_and_then_resolved() {
        for (path, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("/a%20b", "/a b"),
            ("/%252e%252e/x", "/%2e%2e/x"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a//b", "/a//b"),
            ("/a//../b", "/a/b"),
            ("/...", "/..."),
            ("/..a/.b", "/..a/.b"),
            ("/caf%C3%A9", "/caf\u{e9}"),
            ("/a+b", "/a+b"),
        ] {
            assert_eq!(decoded(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn a_path_never_leaves_the_root_nor_hides_a_byte() {
        for path in [
            "/..",
            "/../x",
            "/a/../..",
            "/%2e%2e",
            "/a/../../b",
            "/%00",
            "/a%00b",
            "/%",
            "/%4",
            "/%zz",
            "/%+1",
            "/a%2fb",
            "/..%2F..%2Fetc/passwd",
            "",
            "*",
            "a",
        ] {
            assert_eq!(decoded(path), Err(Status::PATH), "{path}");
        }
    }

    #[test]
    fn the_four_forms() {
        let parts = split(Method::Get, b"/a?b?c").unwrap();
        assert_eq!((parts.form, parts.path), (Form::Origin, &b"/a"[..]));
        assert_eq!((parts.authority, parts.query), (None, Some(&b"b?c"[..])));

        let parts = split(Method::Get, b"HTTPS://h:1/a?").unwrap();
        assert_eq!((parts.form, parts.path), (Form::Absolute, &b"/a"[..]));
        assert_eq!((parts.authority, parts.query), (Some(&b"h:1"[..]), Some(&b""[..])));
        assert_eq!(split(Method::Get, b"http://h?q").unwrap().path, b"/");

        let parts = split(Method::Connect, b"h:443").unwrap();
        assert_eq!((parts.form, parts.authority), (Form::Authority, Some(&b"h:443"[..])));
        assert_eq!(split(Method::Options, b"*").unwrap().form, Form::Asterisk);
    }

    #[test]
    fn what_no_method_may_ask_for() {
        for (method, target, reason) in [
            (Method::Get, "*", Reason::TARGET_FORM),
            (Method::Get, "a", Reason::TARGET_FORM),
            (Method::Get, "h:443", Reason::TARGET_FORM),
            (Method::Get, "?q", Reason::TARGET_FORM),
            (Method::Get, "://h/", Reason::TARGET_FORM),
            (Method::Get, "ftp://h/", Reason::TARGET_SCHEME),
            (Method::Get, "http:///", Reason::TARGET_AUTHORITY),
            (Method::Get, "http://u@h/", Reason::TARGET_AUTHORITY),
            (Method::Get, "http://h:x/", Reason::TARGET_AUTHORITY),
            (Method::Connect, "/", Reason::TARGET_AUTHORITY),
            (Method::Connect, "h", Reason::TARGET_AUTHORITY),
        ] {
            assert_eq!(split(method, target.as_bytes()), Err(reason), "{target}");
        }
    }
}

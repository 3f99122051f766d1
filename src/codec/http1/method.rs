// SPDX-License-Identifier: MIT OR Apache-2.0
//! The methods that the library itself has to tell apart, or that an application may allow by name.
//! Is not: the set of methods that the parser accepts; any token is one.

/// A method of RFC 9110 or 5789.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Method {
    /// GET
    Get,
    /// HEAD: answered like GET, without the body.
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// CONNECT: the only one whose target is an authority.
    Connect,
    /// OPTIONS: the only one whose target may be `*`.
    Options,
    /// TRACE
    Trace,
    /// PATCH
    Patch,
    /// Any other token, to be answered with 501 unless the application knows it.
    #[default]
    Other,
}

impl Method {
    /// The method of this name; names are case-sensitive.
    #[inline]
    pub fn of(name: &[u8]) -> Method {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"CONNECT" => Method::Connect,
            b"OPTIONS" => Method::Options,
            b"TRACE" => Method::Trace,
            b"PATCH" => Method::Patch,
            _ => Method::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_case_sensitive_and_unknown_ones_are_other() {
        assert_eq!(Method::of(b"HEAD"), Method::Head);
        assert_eq!(Method::of(b"head"), Method::Other);
        assert_eq!(Method::of(b"PROPFIND"), Method::Other);
        assert_eq!(Method::of(b""), Method::Other);
    }
}

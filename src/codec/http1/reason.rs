// SPDX-License-Identifier: MIT OR Apache-2.0
//! The catalogue of reasons: each way in which a peer can break HTTP/1.1, with the status to
//! answer. Constants of the header, names and texts are made from it. build.rs reads this very
//! file, so it uses nothing else.
//!
//! Numbers are for ever: append, never renumber; a retired number stays as a comment.

/// How a peer broke HTTP; 0 is no reason at all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason(pub i32);

/// One line of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct ReasonEntry {
    /// The number that crosses the C border.
    pub code: i32,
    /// The name of its constant in C, for example `WC_H_BARE_LF`.
    pub name: &'static str,
    /// The HTTP status to answer with.
    pub http: u16,
    /// One sentence for people.
    pub text: &'static str,
}

macro_rules! reasons {
    ($($rust:ident = $code:literal, $name:literal, $http:literal, $text:literal;)*) => {
        impl Reason {
            $(#[doc = $text] pub const $rust: Reason = Reason($code);)*
        }
        /// Every reason, in the order of the catalogue.
        pub const REASONS: &[ReasonEntry] = &[$(ReasonEntry {
            code: $code, name: $name, http: $http, text: $text,
        },)*];
    };
}

reasons! {
    BARE_LF = 1, "WC_H_BARE_LF", 400, "A line ends in LF without CR.";
    BARE_CR = 2, "WC_H_BARE_CR", 400, "A CR is not followed by LF.";
    CONTROL = 3, "WC_H_CONTROL", 400, "A control byte stands outside a body.";
    EMPTY_LINES = 4, "WC_H_EMPTY_LINES", 400, "Too many empty lines stand before the request line.";

    METHOD_EMPTY = 5, "WC_H_METHOD_EMPTY", 400, "The request line begins with a space.";
    METHOD_BYTE = 6, "WC_H_METHOD_BYTE", 400, "The method holds a byte that no token may hold.";
    METHOD_LONG = 7, "WC_H_METHOD_LONG", 400, "The method is too long.";
    TARGET_EMPTY = 8, "WC_H_TARGET_EMPTY", 400, "Two spaces follow the method.";
    TARGET_BYTE = 9, "WC_H_TARGET_BYTE", 400, "The request target holds a byte that is not ASCII.";
    TARGET_FRAGMENT = 10, "WC_H_TARGET_FRAGMENT", 400, "The request target holds a fragment.";
    TARGET_FORM = 11, "WC_H_TARGET_FORM", 400, "The request target has no form that its method allows.";
    TARGET_SCHEME = 12, "WC_H_TARGET_SCHEME", 400, "The scheme of the request target is neither http nor https.";
    TARGET_AUTHORITY = 13, "WC_H_TARGET_AUTHORITY", 400, "The authority in the request target is not a host and port.";
    NO_VERSION = 14, "WC_H_NO_VERSION", 400, "The request line ends before the version, as in HTTP/0.9.";
    VERSION_SYNTAX = 15, "WC_H_VERSION_SYNTAX", 400, "The request line does not end in a version and nothing else.";
    VERSION_MAJOR = 16, "WC_H_VERSION_MAJOR", 505, "The major version is not 1.";
    REQUEST_LINE_LONG = 17, "WC_H_REQUEST_LINE_LONG", 414, "The request line is too long.";

    FIELD_BLANK = 18, "WC_H_FIELD_BLANK", 400, "White space stands before the first field.";
    FIELD_FOLD = 19, "WC_H_FIELD_FOLD", 400, "A field goes on in the next line (obs-fold).";
    FIELD_NO_NAME = 20, "WC_H_FIELD_NO_NAME", 400, "A field line begins with its colon.";
    FIELD_NAME_BLANK = 21, "WC_H_FIELD_NAME_BLANK", 400, "White space stands between a field name and its colon.";
    FIELD_NAME_BYTE = 22, "WC_H_FIELD_NAME_BYTE", 400, "A field name holds a byte that no token may hold.";
    FIELD_NO_COLON = 23, "WC_H_FIELD_NO_COLON", 400, "A field line has no colon.";
    FIELD_LONG = 24, "WC_H_FIELD_LONG", 431, "A field line is too long.";
    FIELDS_MANY = 25, "WC_H_FIELDS_MANY", 431, "The head has too many fields.";
    HEAD_LONG = 26, "WC_H_HEAD_LONG", 431, "The head is too long.";

    HOST_MISSING = 27, "WC_H_HOST_MISSING", 400, "An HTTP/1.1 request has no Host.";
    HOST_TWICE = 28, "WC_H_HOST_TWICE", 400, "The request has more than one Host.";
    HOST_EMPTY = 29, "WC_H_HOST_EMPTY", 400, "Host names no host.";
    HOST_SYNTAX = 30, "WC_H_HOST_SYNTAX", 400, "Host is neither a name nor an address literal.";
    HOST_PORT = 31, "WC_H_HOST_PORT", 400, "The port in Host is not a number up to 65535.";

    LENGTH_SYNTAX = 32, "WC_H_LENGTH_SYNTAX", 400, "Content-Length is not made of digits only.";
    LENGTH_RANGE = 33, "WC_H_LENGTH_RANGE", 400, "Content-Length is above 2^63-1.";
    LENGTH_TWICE = 34, "WC_H_LENGTH_TWICE", 400, "The request has more than one Content-Length.";
    CODING_SYNTAX = 35, "WC_H_CODING_SYNTAX", 400, "Transfer-Encoding is not a list of codings.";
    CODING_UNKNOWN = 36, "WC_H_CODING_UNKNOWN", 501, "Transfer-Encoding names a coding besides chunked.";
    CODING_TWICE = 37, "WC_H_CODING_TWICE", 400, "The request has more than one Transfer-Encoding, or chunked twice.";
    CODING_NOT_LAST = 38, "WC_H_CODING_NOT_LAST", 400, "The last coding is not chunked, so the body has no end.";
    CODING_VERSION = 39, "WC_H_CODING_VERSION", 400, "An HTTP/1.0 request has Transfer-Encoding.";
    CODING_AND_LENGTH = 40, "WC_H_CODING_AND_LENGTH", 400, "The request has Transfer-Encoding and Content-Length.";
    EXPECTATION = 41, "WC_H_EXPECTATION", 417, "Expect asks for something else than 100-continue.";
    BODY_LONG = 42, "WC_H_BODY_LONG", 413, "The body is too long.";

    CHUNK_SIZE_EMPTY = 43, "WC_H_CHUNK_SIZE_EMPTY", 400, "A chunk has no size.";
    CHUNK_SIZE_BYTE = 44, "WC_H_CHUNK_SIZE_BYTE", 400, "A chunk size holds something else than hexadecimal digits.";
    CHUNK_SIZE_LONG = 45, "WC_H_CHUNK_SIZE_LONG", 400, "A chunk size has too many digits.";
    CHUNK_SIZE_RANGE = 46, "WC_H_CHUNK_SIZE_RANGE", 400, "A chunk size is above 2^63-1.";
    CHUNK_BLANK = 47, "WC_H_CHUNK_BLANK", 400, "White space in a chunk line is not followed by an extension.";
    CHUNK_EXT_SYNTAX = 48, "WC_H_CHUNK_EXT_SYNTAX", 400, "A chunk extension is not a name with perhaps a value.";
    CHUNK_EXT_LINE = 49, "WC_H_CHUNK_EXT_LINE", 413, "The extensions of one chunk are too long.";
    CHUNK_EXT_TOTAL = 50, "WC_H_CHUNK_EXT_TOTAL", 413, "The chunk extensions of a message are too long.";
    CHUNK_END = 51, "WC_H_CHUNK_END", 400, "A chunk does not end where its size says.";
    TRAILER_FIELDS = 52, "WC_H_TRAILER_FIELDS", 431, "The message has too many trailer fields.";
    TRAILER_LONG = 53, "WC_H_TRAILER_LONG", 431, "The trailers are too long.";
}

impl Reason {
    /// The catalogue's line for this reason, if it is a known one.
    pub fn entry(self) -> Option<&'static ReasonEntry> {
        REASONS.iter().find(|e| e.code == self.0)
    }

    /// The name of the constant, or `WC_H_UNKNOWN` for a number that is not in the catalogue.
    pub fn name(self) -> &'static str {
        self.entry().map_or("WC_H_UNKNOWN", |e| e.name)
    }

    /// One sentence for people.
    pub fn text(self) -> &'static str {
        self.entry().map_or("No reason has this number.", |e| e.text)
    }

    /// The HTTP status to answer with; 400 for a number that is not in the catalogue.
    pub fn http(self) -> u16 {
        self.entry().map_or(400, |e| e.http)
    }
}

impl std::fmt::Debug for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

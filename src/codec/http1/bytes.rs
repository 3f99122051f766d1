// SPDX-License-Identifier: MIT OR Apache-2.0
//! Byte classes of RFC 9110 and 3986, and the scans over them. Is not: a parser; it knows no lines.
//! Invariant: a scan answers an index between `from` and `stop`, and every byte before it is of the
//! class.

use super::Reason;

/// tchar: what methods, field names and other tokens are made of.
pub const TOKEN: u8 = 1;
/// What field values are made of: HTAB, SP, VCHAR, obs-text.
pub const VALUE: u8 = 2;
/// What request targets are made of: visible ASCII without `#`.
pub const TARGET: u8 = 4;
/// What a reg-name is made of besides percent-encodings: unreserved and sub-delims.
pub const NAME: u8 = 8;
/// DIGIT.
pub const DIGIT: u8 = 16;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let alnum = b.is_ascii_alphanumeric();
        let mut class = 0;
        if alnum
            || matches!(b, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|')
            || b == b'~'
        {
            class |= TOKEN;
        }
        if matches!(b, b'\t' | b' '..=b'~' | 0x80..) {
            class |= VALUE;
        }
        if b.is_ascii_graphic() && b != b'#' {
            class |= TARGET;
        }
        if alnum || matches!(b, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b',' | b';' | b'=')
        {
            class |= NAME;
        }
        if b.is_ascii_digit() {
            class |= DIGIT;
        }
        table[byte] = class;
        byte += 1;
    }
    table
}

/// Whether the byte is of the class.
#[inline]
pub fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

/// Whether all bytes are of the class.
pub fn all(bytes: &[u8], class: u8) -> bool {
    bytes.iter().all(|b| is(*b, class))
}

/// Where the token that may begin at `from` ends.
#[inline]
pub fn token_end(input: &[u8], from: usize, stop: usize) -> usize {
    input[from..stop].iter().position(|b| !is(*b, TOKEN)).map_or(stop, |n| from + n)
}

/// Where the run of field-value bytes from `from` ends.
#[inline]
pub fn value_end(input: &[u8], from: usize, stop: usize) -> usize {
    run_end(input, from, stop, VALUE, |word| below_space(word) | equal(word, 0x7F))
}

/// Where the run of request-target bytes from `from` ends.
#[inline]
pub fn target_end(input: &[u8], from: usize, stop: usize) -> usize {
    run_end(input, from, stop, TARGET, |word| {
        below_space(word) | equal(word, b' ') | equal(word, b'#') | equal(word, 0x7F) | word & HIGH
    })
}

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// The high bit of every byte under 0x20. A borrow can mark more bytes, but only behind a true one.
#[inline]
fn below_space(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGH
}

/// The high bit of every byte that equals `byte`, under the same reservation.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * byte as u64);
    zero.wrapping_sub(ONES) & !zero & HIGH
}

/// Eight bytes at a time; `suspect` marks, exactly for the first one, the bytes that may end the
/// run.
#[inline]
fn run_end(
    input: &[u8],
    from: usize,
    stop: usize,
    class: u8,
    suspect: impl Fn(u64) -> u64,
) -> usize {
    let bytes = &input[from..stop];
    let mut at = 0;
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let marks = suspect(u64::from_le_bytes(*word));
        if marks == 0 {
            at += 8;
            continue;
        }
        at += marks.trailing_zeros() as usize / 8;
        if !is(bytes[at], class) {
            return from + at;
        }
        at += 1;
    }
    bytes[at..].iter().position(|b| !is(*b, class)).map_or(stop, |n| from + at + n)
}

/// Without SP and HTAB at both ends.
#[inline]
pub fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Why a byte is refused where `other` says what the place is for.
pub fn stray(byte: u8, other: Reason) -> Reason {
    match byte {
        b'\n' => Reason::BARE_LF,
        b'\r' => other,
        0..=0x1F | 0x7F => Reason::CONTROL,
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_the_first_byte_outside_its_class_wherever_it_stands() {
        for class in [VALUE, TARGET] {
            let inside: Vec<u8> = (0..=255).filter(|b| is(*b, class)).collect();
            for byte in 0..=255u8 {
                for place in 0..20 {
                    let mut bytes: Vec<u8> =
                        inside.iter().cycle().skip(place).take(29).copied().collect();
                    bytes[place] = byte;
                    let scan = if class == VALUE { value_end } else { target_end };
                    let expected = if is(byte, class) { bytes.len() } else { place };
                    assert_eq!(scan(&bytes, 0, 29), expected, "byte {byte:#x} at {place}");
                }
            }
        }
    }

    #[test]
    fn the_classes_are_those_of_the_grammars() {
        assert!(all(b"!#$%&'*+-.^_`|~09azAZ", TOKEN));
        assert!(b"()<>@,;:\\\"/[]?={} \t\x7f\x80".iter().all(|b| !is(*b, TOKEN)));
        assert!(all(b"\t aZ~\x80\xff", VALUE) && !all(b"\n", VALUE) && !all(b"\x7f", VALUE));
        assert!(all(b"!\"$|{}^`\\<>~", TARGET) && !all(b"#", TARGET) && !all(b"\x80", TARGET));
        assert!(all(b"-._~!$&'()*+,;=", NAME) && !all(b":", NAME) && !all(b"%", NAME));
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim(b" \t "), b"");
    }
}

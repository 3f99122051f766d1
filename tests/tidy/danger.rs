// SPDX-License-Identifier: MIT OR Apache-2.0
//! `unsafe` is written in src/sys and src/ffi only, and each block says who guarantees what.

use super::text::{Layers, split, tokens};

/// The mark of the sentence.
const MARK: &str = "SAFETY:";

/// Every `unsafe` in a wrong place or without its sentence.
pub fn check(path: &str, source: &str) -> Vec<String> {
    let layers = split(source);
    let tokens = tokens(&layers.code);
    let allowed = path.starts_with("src/sys/") || path.starts_with("src/ffi/");
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, t)| t.text == "unsafe") {
        let next = tokens.get(at + 1).map_or("", |t| t.text.as_str());
        if !allowed {
            out.push(format!("{path}:{}: unsafe outside src/sys and src/ffi", token.line));
        } else if matches!(next, "{" | "impl") && !has_sentence(&layers, token.line) {
            out.push(format!("{path}:{}: unsafe without a // {MARK} sentence", token.line));
        }
    }
    out
}

/// Whether a sentence stands on this line, or above the statement that the line belongs to.
fn has_sentence(layers: &Layers, line: usize) -> bool {
    let code: Vec<&str> = layers.code.lines().map(str::trim).collect();
    let comments: Vec<&str> = layers.comments.lines().map(str::trim).collect();
    if comments[line - 1].contains(MARK) {
        return true;
    }
    for at in (0..line - 1).rev() {
        let (code, comment) = (code[at], comments[at]);
        let ended = code.ends_with([';', '{', '}', ',']) && !code.starts_with("#[");
        if ended || (code.is_empty() && comment.is_empty()) {
            return false;
        }
        if comment.contains(MARK) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_outside_its_two_rooms_is_found() {
        let source = "fn f() { unsafe { g() } }";
        assert_eq!(
            check("src/net/x.rs", source),
            ["src/net/x.rs:1: unsafe outside src/sys and src/ffi"]
        );
        assert!(check("src/net/x.rs", "#![forbid(unsafe_code)] // unsafe").is_empty());
    }

    #[test]
    fn a_block_without_its_sentence_is_found() {
        for source in [
            "fn f() {\n    unsafe { g() }\n}",
            "// SAFETY: of another\nlet a = 1;\nlet b = unsafe { g() };",
            "// SAFETY: too far\n\nunsafe impl Send for X {}",
            "// safe enough\nlet b = unsafe { g() };",
        ] {
            assert_eq!(check("src/sys/x.rs", source).len(), 1, "{source}");
        }
    }

    #[test]
    fn a_block_with_its_sentence_passes() {
        for source in [
            "// SAFETY: the caller holds it,\n// and so do we.\nlet b = unsafe { g() };",
            "// SAFETY: it is ours.\n#[allow(x)]\nlet b =\n    unsafe { g() };",
            "// SAFETY: no thread sees it.\nunsafe impl Send for X {}",
            "unsafe { g() } // SAFETY: it is ours.",
            "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn f() {}",
        ] {
            assert!(check("src/sys/x.rs", source).is_empty(), "{source}");
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! The licence line, and words that have no place in a finished file.

use super::text::{has_word, is_word, split, tokens};

const LICENCE: &str = "SPDX-License-Identifier: MIT OR Apache-2.0";

/// Words of unfinished work. Written in two parts, so that this file may be checked too.
const LEFTOVERS: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("for ", "now"),
    concat!("to", "do!"),
    concat!("unimplemented", "!"),
];

/// Macros that print or stop: a library does neither.
const PRINTS: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];

/// A file that does not begin with its licence.
pub fn licence(path: &str, source: &str) -> Vec<String> {
    let mut lines = source.lines();
    let first = lines.next().unwrap_or_default();
    let first = if first.starts_with("#!") { lines.next().unwrap_or_default() } else { first };
    if first.contains(LICENCE) {
        return Vec::new();
    }
    vec![format!("{path}:1: the first line must be a comment with {LICENCE}")]
}

/// Every word of unfinished work.
pub fn leftovers(path: &str, source: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (number, line) in (1..).zip(source.lines()) {
        for word in LEFTOVERS {
            let found =
                if word.ends_with('!') { line.contains(word) } else { has_word(line, word) };
            if found {
                out.push(format!("{path}:{number}: {word:?}: finish it, or write an issue"));
            }
        }
    }
    out
}

/// Every place where the library prints.
pub fn prints(path: &str, source: &str) -> Vec<String> {
    let tokens = tokens(&split(source).code);
    let printing = |pair: &[super::text::Token]| {
        let name = pair[0].text.as_str();
        (PRINTS.contains(&name) && pair[1].text == "!")
            .then(|| format!("{path}:{}: {name}!: the library prints nothing", pair[0].line))
    };
    tokens.windows(2).filter_map(printing).collect()
}

/// Every pictograph.
pub fn emoji(path: &str, source: &str) -> Vec<String> {
    let pictograph = |c: char| {
        let ranges = [0x2600..=0x27BF, 0x2B50..=0x2B55, 0xFE0F..=0xFE0F, 0x1F000..=0x1FAFF];
        ranges.iter().any(|range| range.contains(&u32::from(c)))
    };
    let found = |(number, line): (usize, &str)| {
        let c = line.chars().find(|c| pictograph(*c))?;
        Some(format!("{path}:{number}: the pictograph U+{:04X}", u32::from(c)))
    };
    (1..).zip(source.lines()).filter_map(found).collect()
}

/// Every comment that is code, where that can be told cheaply.
pub fn commented_code(path: &str, source: &str) -> Vec<String> {
    let text = |line: &str| -> Option<String> {
        let line = line.trim();
        let inner = if path.ends_with(".py") || path.ends_with(".sh") {
            line.strip_prefix("# ")?
        } else if let Some(rest) = line.strip_prefix("// ") {
            rest
        } else {
            line.strip_prefix("/* ")?.strip_suffix("*/")?
        };
        Some(inner.trim().to_owned())
    };
    let found = |(number, line): (usize, &str)| {
        is_code(&text(line)?).then(|| format!("{path}:{number}: code in a comment: delete it"))
    };
    (1..).zip(source.lines()).filter_map(found).collect()
}

/// Whether a comment reads as code rather than as a sentence.
fn is_code(text: &str) -> bool {
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    let head = text.split('(').next().unwrap_or_default();
    let call = head != text && head.chars().all(|c| is_word(c) || ".:!".contains(c));
    let target = text.split(" = ").next().unwrap_or_default();
    let assigned = target != text && target.chars().all(|c| is_word(c) || ".[]*".contains(c));
    if matches!(text, "}" | "};" | "});" | "})") {
        return true;
    }
    match text.chars().next_back() {
        Some(';') => {
            let keywords = ["let ", "use ", "pub ", "return ", "#[", "int ", "char ", "static "];
            call || assigned || starts(&keywords)
        }
        Some('{') => {
            let keywords = ["if ", "for ", "while ", "match ", "loop ", "else ", "impl ", "fn "];
            call || starts(&keywords) || starts(&["pub ", "struct ", "enum ", "unsafe "])
        }
        Some(':') => starts(&["def ", "class ", "elif "]),
        Some(')') => text.starts_with("assert ") || (assigned && call),
        _ => text.starts_with("import ") || text.starts_with("#include "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_licence_is_found() {
        assert!(licence("a.rs", &format!("// {LICENCE}\n")).is_empty());
        assert!(licence("a.sh", &format!("#!/bin/sh\n# {LICENCE}\n")).is_empty());
        assert_eq!(licence("a.rs", &format!("\n// {LICENCE}\n")).len(), 1);
        assert_eq!(licence("a.rs", "").len(), 1);
    }

    #[test]
    fn unfinished_work_is_found() {
        for word in LEFTOVERS {
            let found = leftovers("a.rs", &format!("fine\n// {word}(later)"));
            assert_eq!(found.len(), 1, "{word}");
            assert!(found[0].starts_with("a.rs:2: "), "{}", found[0]);
        }
        assert!(leftovers("a.rs", "// mkstemp takes XXXXXX\n// there is for nowhere").is_empty());
    }

    #[test]
    fn a_library_that_prints_is_found() {
        for name in PRINTS {
            let found = prints("src/a.rs", &format!("fn f() {{\n    {name}!(\"x\");\n}}"));
            assert_eq!(found, [format!("src/a.rs:2: {name}!: the library prints nothing")]);
        }
        assert!(prints("src/a.rs", "// println!(\"x\")\nfn print() {}").is_empty());
    }

    #[test]
    fn a_pictograph_is_found() {
        assert_eq!(emoji("a.md", "fine\n\u{1F680}"), ["a.md:2: the pictograph U+1F680"]);
        assert_eq!(emoji("a.md", "\u{2713}").len(), 1);
        assert!(emoji("a.md", "1 → 2 … × ≥ §").is_empty());
    }

    #[test]
    fn code_in_a_comment_is_found() {
        for (path, line) in [
            ("a.rs", "    // let x = 1;"),
            ("a.rs", "// self.queue.push(x);"),
            ("a.rs", "// if x > 1 {"),
            ("a.rs", "// }"),
            ("a.c", "/* wc_loop_stop(loop); */"),
            ("a.c", "    // x = 1;"),
            ("a.py", "# def f(x):"),
            ("a.py", "# import os"),
        ] {
            assert_eq!(commented_code(path, line).len(), 1, "{line}");
        }
        for line in [
            "// The peer closes first; see close(2);",
            "/// let x = 1;",
            "// if it is closed, nothing follows",
            "/* returns 0 */",
            "/* ---- conn ---- */",
        ] {
            assert!(commented_code("a.rs", line).is_empty(), "{line}");
        }
    }
}

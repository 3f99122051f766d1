// SPDX-License-Identifier: MIT OR Apache-2.0
//! A file that passes 500 lines or a function that passes 70 wants to become two; a line ends by
//! column 100.

use super::text::{Token, split, tokens};

pub const FILE_LINES: usize = 500;
pub const FUNCTION_LINES: usize = 70;
pub const COLUMNS: usize = 100;

/// A file, or a function in it, that is too long.
pub fn lengths(path: &str, source: &str) -> Vec<String> {
    let count = source.lines().count();
    let mut out = Vec::new();
    if count > FILE_LINES {
        out.push(format!("{path}:{count}: a file of more than {FILE_LINES} lines"));
    }
    let tokens = tokens(&split(source).code);
    for at in 0..tokens.len() {
        let named = tokens.get(at + 1).is_some_and(|t| t.text != "(");
        if tokens[at].text == "fn" && named {
            let (name, line) = (&tokens[at + 1].text, tokens[at].line);
            let lines = last_line(&tokens[at..]).map_or(0, |last| last - line + 1);
            if lines > FUNCTION_LINES {
                out.push(format!("{path}:{line}: {name} has {lines} of {FUNCTION_LINES} lines"));
            }
        }
    }
    out
}

/// The line on which a function's body ends; none if it has no body.
fn last_line(tokens: &[Token]) -> Option<usize> {
    let (mut braces, mut others) = (0, 0);
    for token in tokens {
        match token.text.as_str() {
            "(" | "[" => others += 1,
            ")" | "]" => others -= 1,
            ";" if braces == 0 && others == 0 => return None,
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                if braces == 0 {
                    return Some(token.line);
                }
            }
            _ => {}
        }
    }
    None
}

/// Every line that is too wide. As in rustfmt, a string literal may pass the edge: it cannot be
/// broken.
pub fn columns(path: &str, source: &str) -> Vec<String> {
    let too_wide = |(number, line): (usize, &str)| {
        let count = line.chars().count();
        let inside: String = line.chars().take(COLUMNS).collect();
        let in_string = inside.replace("\\\"", "").matches('"').count() % 2 == 1;
        (count > COLUMNS && !in_string)
            .then(|| format!("{path}:{number}: {count} of {COLUMNS} columns"))
    };
    (1..).zip(source.lines()).filter_map(too_wide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        assert!(lengths("a.rs", &"\n".repeat(500)).is_empty());
        assert_eq!(lengths("a.rs", &"\n".repeat(501)), ["a.rs:501: a file of more than 500 lines"]);
    }

    #[test]
    fn a_long_function_is_found() {
        let function = |inner| format!("\nfn f(x: [u8; 2]) {{{}}}\nfn g();\n", "\n".repeat(inner));
        assert!(lengths("a.rs", &function(69)).is_empty());
        assert_eq!(lengths("a.rs", &function(70)), ["a.rs:2: f has 71 of 70 lines"]);
    }

    #[test]
    fn a_wide_line_is_found() {
        assert!(columns("a.rs", &"x".repeat(100)).is_empty());
        assert_eq!(columns("a.rs", &("\n".to_owned() + &"x".repeat(101))).len(), 1);
        assert_eq!(columns("a.c", &format!("f(\"\"); {}", "x".repeat(101))).len(), 1);
        assert!(columns("a.rs", &format!("    \"{}\"", "x".repeat(101))).is_empty());
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! docs/CONTRACT.md names its tests: every promise has some, every file that is named is there, and
//! every test that is named is in its file.

use super::text::is_word;

/// The promises.
const PROMISES: std::ops::RangeInclusive<u32> = 1..=12;

/// Where tests are. What is named elsewhere in backquotes is no test.
const PLACES: [&str; 4] = ["src/", "tests/", "benches/", "bindings/"];

/// Every promise without a test, and every test that is not where the document says. `read` gives
/// the text of a file, if it is there.
pub fn check(document: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut out = Vec::new();
    let mut without: Vec<u32> = PROMISES.collect();
    let mut section = None;
    for (number, line) in (1..).zip(document.lines()) {
        if line.starts_with('#') {
            section = promise(line);
        }
        for name in named(line) {
            without.retain(|promise| Some(*promise) != section);
            let (file, test) = name.split_once("::").map_or((name, None), |(f, t)| (f, Some(t)));
            match (read(file), test) {
                (None, _) => out.push(format!("docs/CONTRACT.md:{number}: there is no {file}")),
                (Some(text), Some(test)) if !defines(&text, test) => {
                    out.push(format!("docs/CONTRACT.md:{number}: {file} has no test {test}"));
                }
                _ => {}
            }
        }
    }
    out.extend(without.iter().map(|n| format!("docs/CONTRACT.md:1: H{n} names no test")));
    out
}

/// The number in a heading such as `### H3: one last word`.
fn promise(heading: &str) -> Option<u32> {
    heading.strip_prefix("### H")?.split(':').next()?.parse().ok()
}

/// The files and tests that a line names.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|text| PLACES.iter().any(|place| text.starts_with(place)))
}

/// Whether a text has a function of that name, in Rust, Python or C.
fn defines(text: &str, name: &str) -> bool {
    let called = format!("{name}(");
    text.lines().any(|line| {
        let line = line.trim_start();
        let begins = ["fn ", "def ", "static void ", "static int "];
        begins.iter().any(|word| line.strip_prefix(word).is_some_and(|l| l.starts_with(&called)))
    }) && name.chars().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> String {
        PROMISES.map(|n| format!("### H{n}: x\n\n`tests/a.rs::it_holds`, `wc_x`\n")).collect()
    }

    fn read(path: &str) -> Option<String> {
        (path == "tests/a.rs").then(|| "#[test]\n    fn it_holds() {}\n".to_owned())
    }

    #[test]
    fn a_promise_without_a_test_is_found() {
        assert!(check(&whole(), &read).is_empty());
        let without = whole().replace("### H7: x\n\n`tests/a.rs::it_holds`", "### H7: x\n\n");
        assert_eq!(check(&without, &read), ["docs/CONTRACT.md:1: H7 names no test"]);
        let other = whole().replace("### H12", "## Twelve");
        assert_eq!(check(&other, &read), ["docs/CONTRACT.md:1: H12 names no test"]);
    }

    #[test]
    fn a_test_that_is_not_there_is_found() {
        let moved = whole().replacen("tests/a.rs", "tests/b.rs", 1);
        assert_eq!(check(&moved, &read), ["docs/CONTRACT.md:3: there is no tests/b.rs"]);
        let renamed = whole().replacen("it_holds", "it_hold", 1);
        assert_eq!(check(&renamed, &read), ["docs/CONTRACT.md:3: tests/a.rs has no test it_hold"]);
    }

    #[test]
    fn a_test_is_a_function_not_a_mention() {
        assert!(defines("    def test_x(a):\n", "test_x") && defines("fn r1_x() {", "r1_x"));
        assert!(defines("static void nested(wc_loop loop)\n", "nested"));
        assert!(!defines("    call(test_x)\n// fn test_x()", "test_x"));
        assert!(!defines("fn test_xy() {}", "test_x"));
    }
}

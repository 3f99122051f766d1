// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every limit is reached by a test, and the test names it: what bounds something and was never
//! reached is a hope. The names are looked for in tests/, in the tests of the bindings and in the
//! unit tests of src/.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use support::{read, root};
use webcore::base::limits::LIMITS;

/// Endings of files that are tests.
const TESTS: [&str; 6] = ["rs", "c", "h", "cpp", "hpp", "py"];

/// Every file below a directory.
fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut out = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            out.extend(walk(&path));
        } else {
            out.push(path);
        }
    }
    out
}

/// The part of a source that is test: all of it in a directory of tests or a file of that name,
/// else what stands behind `#[cfg(test)]`.
fn test_part(path: &Path, text: String) -> String {
    let is_tests = |part: &OsStr| part == "tests" || part == "tests.rs";
    if path.components().any(|part| is_tests(part.as_os_str())) {
        return text;
    }
    text.split_once("#[cfg(test)]").map_or(String::new(), |(_, tests)| tests.to_owned())
}

/// Whether a text has this word, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// The names that no text has.
fn missing<'a>(names: impl Iterator<Item = &'a str>, texts: &[String]) -> Vec<&'a str> {
    names.filter(|name| !texts.iter().any(|text| has_word(text, name))).collect()
}

#[test]
fn every_limit_is_named_by_a_test_that_reaches_it() {
    let places = ["tests", "bindings/python/tests", "src"];
    let texts: Vec<String> = places
        .iter()
        .flat_map(|place| walk(&root().join(place)))
        // The names that this file makes its own check fail with are no tests of limits.
        .filter(|path| !path.ends_with(file!()))
        .filter(|path| TESTS.iter().any(|end| path.extension().is_some_and(|e| e == *end)))
        .map(|path| test_part(&path, read(&path)))
        .collect();
    let missing = missing(LIMITS.iter().map(|limit| limit.name), &texts);
    assert!(
        missing.is_empty(),
        "{} limits that no test names:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn a_limit_without_a_test_is_noticed() {
    let texts = ["reaches POSTS, and one more".to_owned(), "HTTP_HEAD_MS".to_owned()];
    let names = ["POSTS", "HTTP_HEAD", "HTTP_HEAD_MS", "POST"];
    assert_eq!(missing(names.into_iter(), &texts), ["HTTP_HEAD", "POST"]);
    let unit = "const POSTS: usize = 1;\n#[cfg(test)]\nmod tests { HTTP_HEAD }".to_owned();
    assert_eq!(
        test_part(Path::new("src/base/x.rs"), unit.clone()).trim(),
        "mod tests { HTTP_HEAD }"
    );
    for path in ["src/codec/tests/x.rs", "src/codec/x/tests.rs"] {
        assert_eq!(test_part(Path::new(path), unit.clone()), unit);
    }
}

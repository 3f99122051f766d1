// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of the house, held by a test: if it is worth saying in a review, it is worth a check.
//! Each check is a function from text to findings, and proves on small texts that it can fail.

mod support;

#[path = "tidy/danger.rs"]
mod danger;
#[path = "tidy/descriptors.rs"]
mod descriptors;
#[path = "tidy/faults.rs"]
mod faults;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/promises.rs"]
mod promises;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/size.rs"]
mod size;
#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/words.rs"]
mod words;

use std::fs;
use std::path::Path;
use support::{header, read, root};

/// Directories that hold nothing of ours: what tools wrote.
const NOT_OURS: [&str; 6] =
    ["target", "build", ".git", "__pycache__", ".pytest_cache", ".hypothesis"];

/// Endings of files that are programs.
const CODE: [&str; 7] = ["rs", "c", "h", "cpp", "hpp", "py", "sh"];

/// A file of ours: its path from the top, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is(&self, endings: &[&str]) -> bool {
        let ending = self.path.rsplit_once('.').map_or("", |(_, ending)| ending);
        endings.contains(&ending)
    }

    fn is_code(&self) -> bool {
        self.is(&CODE) || self.path == ".ci/run"
    }

    fn is_library(&self) -> bool {
        self.path.starts_with("src/") && self.is(&["rs"])
    }
}

/// Every text file of ours.
fn files() -> Vec<File> {
    let mut out = Vec::new();
    walk(root(), &mut out);
    let readers = files_of_a_reader();
    out.retain(|file| !readers.contains(&file.path));
    assert!(out.iter().any(|file| file.path == "src/lib.rs"), "the project was found");
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

/// What .gitignore names at the top of the clone: a reader of the guides typed it, and a project
/// that then failed its own tests would blame the reader.
fn files_of_a_reader() -> Vec<String> {
    let lines = read(&root().join(".gitignore"));
    let names = lines.lines().filter_map(|line| line.strip_prefix('/'));
    names.filter(|name| !name.ends_with('/')).map(str::to_owned).collect()
}

fn walk(dir: &Path, out: &mut Vec<File>) {
    for entry in fs::read_dir(dir).expect("the project can be read").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            walk(&path, out);
        } else if let (true, Ok(text)) = (path.is_file(), fs::read_to_string(&path)) {
            let path = path.strip_prefix(root()).expect("it lies below").display().to_string();
            out.push(File { path, text });
        }
    }
}

/// Runs a check on the files that are asked for; fails with everything it found.
fn check(wanted: impl Fn(&File) -> bool, check: impl Fn(&str, &str) -> Vec<String>) {
    let files = files();
    let checked: Vec<&File> = files.iter().filter(|file| wanted(file)).collect();
    assert!(!checked.is_empty(), "no file to check");
    report(checked.iter().flat_map(|file| check(&file.path, &file.text)));
}

fn report(findings: impl IntoIterator<Item = String>) {
    let findings: Vec<String> = findings.into_iter().collect();
    assert!(findings.is_empty(), "{} findings\n{}\n", findings.len(), findings.join("\n"));
}

#[test]
fn what_a_reader_types_in_is_ignored() {
    let ignored = files_of_a_reader();
    let mut typed = 0;
    for guide in [
        "README",
        "docs/guide/c",
        "docs/guide/cpp98",
        "docs/guide/from-kqueue",
        "docs/guide/python",
    ] {
        let document = format!("{guide}.md");
        for line in read(&root().join(&document)).lines() {
            let Some(name) = line.strip_prefix("<!-- file: ").and_then(|s| s.strip_suffix(" -->"))
            else {
                continue;
            };
            typed += 1;
            assert!(ignored.iter().any(|each| each == name), "{document}: {name} is not ignored");
        }
    }
    assert!(typed > 0, "the documents show files to type in");
}

#[test]
fn imports_point_up() {
    let order = layers::order(&read(&root().join("src/lib.rs")));
    assert!(order.len() > 2, "src/lib.rs lists the layers: {order:?}");
    assert_eq!(order.first().map(String::as_str), Some("base"), "src/lib.rs is in layer order");
    assert_eq!(order.last().map(String::as_str), Some("ffi"), "src/lib.rs is in layer order");
    check(File::is_library, |path, text| layers::check(&order, path, text));
}

#[test]
fn a_descriptor_is_known_by_its_name_above_the_reactor() {
    check(File::is_library, descriptors::check);
}

#[test]
fn unsafe_is_in_its_rooms_and_has_its_sentence() {
    check(File::is_library, danger::check);
}

#[test]
fn every_system_call_can_be_struck_by_a_fault() {
    let known = faults::known(&read(&root().join("src/sys/fault.rs")));
    assert!(known.len() > 10, "src/sys/fault.rs lists the calls: {known:?}");
    let files = files();
    let of_sys = files.iter().filter(|file| file.path.starts_with("src/sys/"));
    let found: Vec<_> = of_sys.map(|file| faults::look(&file.path, &file.text)).collect();
    report(faults::check(&known, &found));
}

#[test]
fn files_and_functions_are_short() {
    check(|file| file.is_library() || file.path == "build.rs", size::lengths);
}

#[test]
fn lines_end_by_column_100() {
    check(File::is_code, size::columns);
}

#[test]
fn every_file_begins_with_its_licence() {
    check(File::is_code, words::licence);
}

#[test]
fn nothing_is_left_unfinished() {
    check(File::is_code, words::leftovers);
}

#[test]
fn the_library_prints_nothing() {
    check(File::is_library, words::prints);
}

#[test]
fn there_are_no_pictographs() {
    check(|file| file.is_code() || file.is(&["md", "toml", "html", "css"]), words::emoji);
}

#[test]
fn no_code_is_commented_out() {
    check(File::is_code, words::commented_code);
}

#[test]
fn every_noun_has_its_five_rooms() {
    let header = header::items(&read(&root().join("include/webcore.h")));
    let exists = |path: &str| root().join(path).exists();
    report(rooms::NOUNS.iter().flat_map(|noun| rooms::check(noun, &header, &exists)));
}

#[test]
fn every_promise_has_its_tests() {
    let contract = read(&root().join("docs/CONTRACT.md"));
    report(promises::check(&contract, &|path| fs::read_to_string(root().join(path)).ok()));
}

#[test]
fn every_c_function_is_documented() {
    report(functions().iter().flat_map(rooms::documented));
}

#[test]
fn every_c_function_is_described() {
    let page = |item: &header::Item| {
        let path = root().join(format!("docs/api/{}.md", item.section));
        rooms::described(item, &fs::read_to_string(path).unwrap_or_default())
    };
    report(functions().iter().filter_map(page));
}

#[test]
fn every_c_function_is_tested() {
    let places =
        ["tests/c/", "tests/cpp98/", "tests/python/", "bindings/python/tests/", "c_examples/"];
    let of_tests = |file: &File| places.iter().any(|place| file.path.starts_with(place));
    let texts: Vec<String> = files().into_iter().filter(of_tests).map(|file| file.text).collect();
    report(functions().iter().filter_map(|item| rooms::tested(item, &texts)));
}

/// The functions of the committed header.
fn functions() -> Vec<header::Item> {
    let items = header::items(&read(&root().join("include/webcore.h")));
    let functions: Vec<_> = items.into_iter().filter(header::Item::is_function).collect();
    assert!(!functions.is_empty(), "include/webcore.h has functions");
    functions
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! What several tests of the house share: where things are, and files that are generated and kept.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod header;
pub mod machines;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The top of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The header as this very build generated it.
pub fn generated_header() -> String {
    read(&Path::new(env!("OUT_DIR")).join("webcore.h"))
}

/// A text file that must be there.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Holds a committed file equal to what is generated now; with WC_BLESS=1 it writes the file
/// instead.
pub fn assert_fresh(path: &str, fresh: &str) {
    let file = root().join(path);
    if env::var_os("WC_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().expect("it lies below the root")).expect("writable");
        if fs::read_to_string(&file).ok().as_deref() != Some(fresh) {
            fs::write(&file, fresh).expect("writable");
        }
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if let Some((line, kept, fresh)) = first_difference(&kept, fresh) {
        panic!(
            "{path}:{line} is not what is generated now (`make header docs` writes it anew)\n  \
             kept:      {kept}\n  generated: {fresh}"
        );
    }
}

/// The first line in which two texts differ.
pub fn first_difference<'a>(a: &'a str, b: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut left, mut right) = (a.split('\n'), b.split('\n'));
    for line in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (x, y) if x != y => return Some((line, x.unwrap_or("(end)"), y.unwrap_or("(end)"))),
            _ => {}
        }
    }
    None
}

/// The library's file of that name which belongs to this test: beside it or one level up.
pub fn library(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let deps = test.parent().expect("it lies in a directory");
    let places = [deps.join(name), deps.join("..").join(name)];
    let found = places.iter().filter(|path| path.exists());
    let newest = found.max_by_key(|path| fs::metadata(path).and_then(|m| m.modified()).ok());
    newest.unwrap_or_else(|| panic!("no {name} in {} or above it", deps.display())).clone()
}

/// An empty directory of that name for the files of one test.
pub fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the target directory is writable");
    path
}

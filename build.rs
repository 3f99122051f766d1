// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes the header of the C API to OUT_DIR and gives the shared library its name. Is not: the
//! place where the header in include/ is written; `make header` copies it there and tests/header.rs
//! holds the two equal. INVARIANT: the header has one section per file of src/ffi, in the order of
//! its mod.rs.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[allow(dead_code, reason = "the library uses the rest of this file")]
#[path = "src/codec/http1/reason.rs"]
mod reason;
#[allow(dead_code, reason = "the library uses the rest of this file")]
#[path = "src/base/status.rs"]
mod status;

/// The number of the binary interface: it changes when a program that was linked before would
/// break.
const ABI: u32 = 0;

/// The longest line of a generated comment.
const COLUMNS: usize = 90;

fn main() {
    let catalogues = ["src/base/status.rs", "src/codec/http1/reason.rs"];
    for path in ["build.rs", "cbindgen.toml", "src/ffi"].iter().chain(&catalogues) {
        println!("cargo::rerun-if-changed={path}");
    }
    name_the_library();
    say_where_kqueue_is();
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("webcore.h"), header()).expect("OUT_DIR is writable");
}

/// A program that was linked with the library asks for it by this name when it starts.
fn name_the_library() {
    match env::var("CARGO_CFG_TARGET_OS").expect("cargo sets it").as_str() {
        "macos" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libwebcore.dylib");
        }
        "linux" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwebcore.so.{ABI}");
        }
        _ => {}
    }
}

/// The condition `kqueue` is true where the kernel has it, and where tests bring a stand-in.
fn say_where_kqueue_is() {
    println!("cargo::rustc-check-cfg=cfg(kqueue)");
    let hooks = env::var_os("CARGO_FEATURE_TEST_HOOKS").is_some();
    let has = match env::var("CARGO_CFG_TARGET_OS").expect("cargo sets it").as_str() {
        "macos" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => true,
        os => os == "linux" && hooks,
    };
    if has {
        println!("cargo::rustc-cfg=kqueue");
    }
}

/// The whole header.
fn header() -> String {
    let mut config = cbindgen::Config::from_file("cbindgen.toml").expect("cbindgen.toml is valid");
    let frame = |part: &mut Option<String>| part.take().expect("cbindgen.toml has the frame");
    let (prologue, version) = (frame(&mut config.header), frame(&mut config.after_includes));
    let trailer = frame(&mut config.trailer);
    let mut out = format!("{}\n{}", prologue.trim(), with_version(&version));
    for module in modules() {
        let path = format!("src/ffi/{module}.rs");
        let body = section(&path, &config);
        let constants = if module == "status" { catalogues() } else { String::new() };
        if !body.is_empty() || !constants.is_empty() {
            let noun = module.trim_end_matches('_');
            let _ = write!(out, "\n/* ---- {noun} ---- */\n\n{constants}{body}");
        }
    }
    out + &trailer
}

/// The files of src/ffi in the order of its mod.rs, but for those that are in some builds only.
fn modules() -> Vec<String> {
    let map = fs::read_to_string("src/ffi/mod.rs").expect("src/ffi/mod.rs is there");
    let name = |line: &str| {
        let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        line.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
    };
    let lines = std::iter::once("").chain(map.lines());
    let always = lines.zip(map.lines()).filter(|(above, _)| !above.starts_with("#[cfg("));
    always.filter_map(|(_, line)| name(line)).collect()
}

fn with_version(text: &str) -> String {
    ["MAJOR", "MINOR", "PATCH"]
        .iter()
        .fold(text.to_owned(), |text, part| {
            let value = env::var(format!("CARGO_PKG_VERSION_{part}")).expect("cargo sets it");
            text.replace(&format!("@{part}@"), &value)
        })
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
}

/// What one file of src/ffi gives to C: constants, types, functions.
fn section(path: &str, config: &cbindgen::Config) -> String {
    let source = fs::read_to_string(path).expect("src/ffi/mod.rs names it");
    refuse_comment_marks(path, &source);
    let mut config = config.clone();
    config.export.include = types(&source);
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(path)
        .generate()
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).expect("cbindgen writes UTF-8");
    let body: Vec<String> = without_safety(text.trim()).map(polished).collect();
    if body.is_empty() { String::new() } else { short_comments(&body) }
}

/// Leaves out the sections that tell Rust's readers what an unsafe function asks of its caller; in
/// C the parameters have told it.
fn without_safety(text: &str) -> impl Iterator<Item = &str> {
    let mut kept: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim() == "* # Safety" {
            inside = true;
            kept.pop();
        }
        inside &= line.trim() != "*/";
        if !inside {
            kept.push(line);
        }
    }
    kept.into_iter()
}

/// A comment of one line on one line.
fn short_comments(lines: &[String]) -> String {
    let mut out = String::new();
    let mut rest = lines;
    while let [first, behind @ ..] = rest {
        let text = match behind {
            [text, end, ..] if first.trim() == "/**" && end.trim() == "*/" => text.trim(),
            _ => "",
        };
        if let (Some(text), true) = (text.strip_prefix("* "), text.len() + 9 <= COLUMNS) {
            let indent = &first[..first.len() - first.trim_start().len()];
            let _ = writeln!(out, "{indent}/** {text} */");
            rest = &behind[2..];
        } else {
            let _ = writeln!(out, "{first}");
            rest = behind;
        }
    }
    out
}

/// The types that a file declares. cbindgen leaves out those that no function of the same file
/// uses.
fn types(source: &str) -> Vec<String> {
    let name = |line: &str| {
        let rest = line.strip_prefix("pub struct ").or(line.strip_prefix("pub type "))?;
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric())?;
        rest.starts_with("wc_").then(|| rest[..end].to_owned())
    };
    source.lines().filter_map(name).collect()
}

/// cbindgen copies documentation as it is: a mark in it would end the C comment, or warn in it.
fn refuse_comment_marks(path: &str, source: &str) {
    for (number, line) in source.lines().enumerate() {
        let line = line.trim_start();
        let marked = line.contains("*/") || line.contains("/*");
        assert!(
            !(line.starts_with("///") && marked),
            "{path}:{}: a comment mark in documentation that becomes a C comment",
            number + 1
        );
    }
}

/// A line as the header has it: types by their own names, negative constants in parentheses.
fn polished(line: &str) -> String {
    let declares = line.starts_with("typedef ");
    let line = line.trim_end();
    with_parentheses(&if declares { line.to_owned() } else { line.replace("struct wc_", "wc_") })
}

/// A negative constant in parentheses, so that `1 WC_X` is an error and `-WC_X` is not `--1`.
fn with_parentheses(line: &str) -> String {
    let value = line.strip_prefix("#define ").and_then(|rest| rest.split_once(' '));
    match value {
        Some((name, value)) if value.starts_with('-') => format!("#define {name} ({value})"),
        _ => line.to_owned(),
    }
}

/// The constants of the two catalogues: statuses, and reasons why a request was refused.
fn catalogues() -> String {
    let statuses = status::CATALOGUE.iter().map(|e| constant(e.name, e.code, e.text));
    let reasons = reason::REASONS.iter().map(|e| constant(e.name, e.code, e.text));
    statuses.chain(reasons).collect()
}

/// One documented constant.
fn constant(name: &str, code: i32, text: &str) -> String {
    let comment = if text.len() + 7 <= COLUMNS {
        format!("/** {text} */\n")
    } else {
        format!("/**\n{} */\n", wrapped(text))
    };
    comment + &with_parentheses(&format!("#define {name} {code}")) + "\n\n"
}

/// The text as the lines of a comment.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::from(" *")];
    for word in text.split(' ') {
        if lines[lines.len() - 1].len() + 1 + word.len() > COLUMNS {
            lines.push(String::from(" *"));
        }
        let last = lines.len() - 1;
        let _ = write!(lines[last], " {word}");
    }
    lines.join("\n") + "\n"
}

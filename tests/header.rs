// SPDX-License-Identifier: MIT OR Apache-2.0
//! H10, the header is law: it is the one that the code generates, every C and C++ compiler takes
//! it, it names exactly what the library exports, and a C compiler lays it out as Rust does.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::header::{Item, What, items};
use support::{assert_fresh, generated_header, library, read, root, scratch};

const C: [&str; 5] = ["c89", "c99", "c11", "c17", "c2x"];
const CXX: [&str; 6] = ["c++98", "c++11", "c++14", "c++17", "c++20", "c++23"];
const STRICT: [&str; 7] = [
    "-pedantic-errors",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wundef",
    "-Werror",
];

/// A program in the common part of C89 and C++98 that calls the library.
const PROGRAM: &str = r#"
#include "webcore.h"
#include <stdio.h>
#include <string.h>
int main(void)
{
    wc_str empty;
    empty.ptr = NULL;
    empty.len = 0;
    if (strcmp(wc_version(), WC_VERSION) != 0 || empty.len == WC_NTS)
        return 1;
    if (strcmp(wc_status_name(WC_E_GONE), "WC_E_GONE") != 0)
        return 2;
    printf("%s %s\n", wc_status_name(WC_OK), wc_status_name(12345));
    return 0;
}
"#;

fn run(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Err(format!("{shown}: {}\n{out}{err}", output.status))
    }
}

/// A compiler in one of its dialects.
struct Dialect {
    compiler: &'static str,
    standard: &'static str,
    suffix: &'static str,
}

impl Dialect {
    fn command(&self) -> Command {
        let mut command = Command::new(self.compiler);
        command.arg(format!("-std={}", self.standard)).args(STRICT);
        if self.suffix == "c" {
            command.arg("-Wstrict-prototypes");
        }
        command.arg("-I").arg(env!("OUT_DIR"));
        command
    }

    fn check(&self, dir: &Path, name: &str, source: &str) -> Result<String, String> {
        let file = dir.join(format!("{name}.{}", self.suffix));
        fs::write(&file, source).expect("the scratch directory is writable");
        run(self.command().arg("-fsyntax-only").arg(file))
    }
}

/// The dialects that this machine knows, and for each of the others why not.
fn dialects(dir: &Path) -> (Vec<Dialect>, Vec<String>) {
    let (mut known, mut skipped) = (Vec::new(), Vec::new());
    let sets = [("gcc", "g++"), ("clang", "clang++")];
    for (c, cxx) in sets {
        let c = C.iter().map(|standard| (c, *standard, "c"));
        let cxx = CXX.iter().map(|standard| (cxx, *standard, "cpp"));
        for (compiler, standard, suffix) in c.chain(cxx) {
            let dialect = Dialect { compiler, standard, suffix };
            match dialect.check(dir, "empty", "int main(void) { return 0; }\n") {
                Ok(_) => known.push(dialect),
                Err(why) => {
                    let why = why.lines().find(|l| l.contains("error:")).unwrap_or(&why).to_owned();
                    skipped.push(format!("{compiler} -std={standard}: {why}"));
                }
            }
        }
    }
    (known, skipped)
}

#[test]
fn the_committed_header_is_the_generated_one() {
    assert_fresh("include/webcore.h", &generated_header());
}

#[test]
fn every_dialect_of_c_and_cxx_takes_it_alone_twice_and_in_a_program() {
    let dir = scratch("header-dialects");
    let (known, skipped) = dialects(&dir);
    let mut report = format!("header: {} dialects, {} skipped\n", known.len(), skipped.len());
    skipped.iter().for_each(|why| report += &format!("  skipped: {why}\n"));
    std::io::stderr().write_all(report.as_bytes()).expect("stderr is open");
    for (compiler, standard) in [("gcc", "c89"), ("gcc", "c2x"), ("g++", "c++98"), ("g++", "c++20")]
    {
        let runs = known.iter().any(|d| d.compiler == compiler && d.standard == standard);
        assert!(runs, "{compiler} -std={standard} must be there: {skipped:#?}");
    }
    let alone = "#include \"webcore.h\"\nextern int used;\nint used = WC_OK;\n";
    let twice = format!("#include \"webcore.h\"\n{alone}");
    for dialect in &known {
        for (name, source) in [("alone", alone), ("twice", &twice), ("program", PROGRAM)] {
            if let Err(why) = dialect.check(&dir, name, source) {
                panic!("{} -std={}, {name}: {why}", dialect.compiler, dialect.standard);
            }
        }
    }
}

#[test]
fn the_dialect_check_sees_what_c89_forbids() {
    let dir = scratch("header-forbidden");
    let c89 = Dialect { compiler: "gcc", standard: "c89", suffix: "c" };
    let forbidden = [
        "enum e { A, };\n",
        "// a line comment\nint x;\n",
        "#if UNDEFINED_MACRO\n#endif\nint x;\n",
        "int f();\n",
        "#define WC_X 5000000000\nextern long long x;\n",
    ];
    for source in forbidden {
        assert!(c89.check(&dir, "forbidden", source).is_err(), "accepted: {source}");
    }
}

/// A directory with the shared library under the names that the linker and the loader ask for.
fn linked_library(name: &str) -> PathBuf {
    let dir = scratch(name);
    for link in ["libwebcore.so", "libwebcore.so.0"] {
        let target = library("libwebcore.so");
        std::os::unix::fs::symlink(target, dir.join(link)).expect("writable");
    }
    dir
}

/// Compiles a program, links it and runs it; gives what it printed.
fn link_and_run(
    dialect: &Dialect,
    dir: &Path,
    source: &str,
    link: &[String],
) -> Result<String, String> {
    let name = format!("{}-{}", dialect.compiler, dialect.standard);
    let file = dir.join(format!("{name}.{}", dialect.suffix));
    let program = dir.join(&name);
    fs::write(&file, source).expect("the scratch directory is writable");
    run(dialect.command().arg(&file).arg("-o").arg(&program).args(link))?;
    run(&mut Command::new(&program))
}

#[test]
fn a_program_links_and_runs_with_the_shared_library() {
    let dir = linked_library("header-shared");
    let path = dir.display().to_string();
    let link = [format!("-L{path}"), "-lwebcore".to_owned(), format!("-Wl,-rpath,{path}")];
    for (compiler, standard, suffix) in [("gcc", "c89", "c"), ("g++", "c++98", "cpp")] {
        let dialect = Dialect { compiler, standard, suffix };
        let printed = link_and_run(&dialect, &dir, PROGRAM, &link).expect("it links and runs");
        assert_eq!(printed, "WC_OK WC_E_UNKNOWN\n");
    }
}

#[test]
fn a_program_links_and_runs_with_the_static_library() {
    let dir = scratch("header-static");
    let pc = read(&root().join("tools/webcore.pc.in"));
    let libs = pc.lines().find_map(|line| line.strip_prefix("Libs.private: ")).expect("it has it");
    let mut link = vec![library("libwebcore.a").display().to_string()];
    link.extend(libs.split(' ').map(str::to_owned));
    for (compiler, standard, suffix) in [("gcc", "c89", "c"), ("g++", "c++98", "cpp")] {
        let dialect = Dialect { compiler, standard, suffix };
        let printed = link_and_run(&dialect, &dir, PROGRAM, &link).expect("it links and runs");
        assert_eq!(printed, "WC_OK WC_E_UNKNOWN\n");
    }
}

#[test]
fn the_library_exports_exactly_the_functions_of_the_header() {
    let listing = run(Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(library("libwebcore.so")))
    .expect("nm reads the library");
    let exported: BTreeSet<&str> =
        listing.lines().filter_map(|line| line.split(' ').next()).collect();
    let declared = items(&generated_header());
    let declared: BTreeSet<&str> =
        declared.iter().filter(|i| i.is_function()).map(|i| i.name.as_str()).collect();
    assert!(declared.contains("wc_version"), "the header's functions were found: {declared:?}");
    let of_tests = fault_functions();
    let of_tests = |name: &&&str| cfg!(feature = "test-hooks") && of_tests.contains(**name);
    let hidden: Vec<_> = exported.difference(&declared).filter(|name| !of_tests(name)).collect();
    let missing: Vec<_> = declared.difference(&exported).collect();
    assert!(hidden.is_empty(), "exported, but not in the header: {hidden:?}");
    assert!(missing.is_empty(), "in the header, but not exported: {missing:?}");
    let list = declared.iter().fold(String::new(), |list, name| list + name + "\n");
    assert_fresh("tests/golden/symbols.txt", &list);
}

/// What the library for tests exports besides.
fn fault_functions() -> BTreeSet<String> {
    let header = read(&root().join("tests/c/fault.h"));
    let name = |line: &str| Some(line.split_once(" wc_fault_")?.1.split_once('(')?.0.to_owned());
    let names: BTreeSet<_> =
        header.lines().filter_map(name).map(|name| format!("wc_fault_{name}")).collect();
    assert!(names.contains("wc_fault_set"), "the header's functions were found: {names:?}");
    names
}

#[test]
fn the_shared_library_is_known_by_its_soname() {
    let dynamic = run(Command::new("readelf").arg("-d").arg(library("libwebcore.so")))
        .expect("readelf reads the library");
    let soname = dynamic.lines().find(|line| line.contains("(SONAME)")).expect("it has one");
    assert!(soname.contains("[libwebcore.so.0]"), "{soname}");
}

/// A program that prints every constant, struct size and offset of the header.
fn measuring_program(header: &[Item]) -> String {
    let mut body = String::new();
    for item in header {
        let name = &item.name;
        match &item.what {
            What::Constant(value) if !value.starts_with('"') => {
                let _ = writeln!(body, "    printf(\"{name} %ld\\n\", (long){name});");
            }
            What::Struct(fields) => {
                let size = format!("(long)sizeof({name})");
                let _ = writeln!(body, "    printf(\"{name} %ld\\n\", {size});");
                for field in fields {
                    let offset = format!("(long)offsetof({name}, {field})");
                    let _ = writeln!(body, "    printf(\"{name}.{field} %ld\\n\", {offset});");
                }
            }
            _ => {}
        }
    }
    let includes = "#include \"webcore.h\"\n#include <stdio.h>\n";
    format!("{includes}int main(void)\n{{\n{body}    return 0;\n}}\n")
}

/// What Rust says to the same questions.
fn measured_by_rust() -> BTreeMap<String, i64> {
    let number = |text: &str| text.parse::<i64>().expect("a version has numbers");
    let mut said = BTreeMap::from([
        ("WC_VERSION_MAJOR".to_owned(), number(env!("CARGO_PKG_VERSION_MAJOR"))),
        ("WC_VERSION_MINOR".to_owned(), number(env!("CARGO_PKG_VERSION_MINOR"))),
        ("WC_VERSION_PATCH".to_owned(), number(env!("CARGO_PKG_VERSION_PATCH"))),
        ("WC_NTS".to_owned(), -1),
    ]);
    let catalogue = webcore::base::status::CATALOGUE;
    said.extend(catalogue.iter().map(|e| (e.name.to_owned(), i64::from(e.code))));
    let reasons = webcore::codec::http1::reason::REASONS;
    said.extend(reasons.iter().map(|e| (e.name.to_owned(), i64::from(e.code))));
    said.extend(webcore::ffi::constants().iter().map(|(name, value)| (name.to_string(), *value)));
    let signed = |value: usize| i64::try_from(value).expect("structs are small");
    for (name, size, fields) in webcore::ffi::layout() {
        said.insert(name.to_owned(), signed(size));
        said.extend(fields.iter().map(|(field, at)| (format!("{name}.{field}"), signed(*at))));
    }
    said
}

#[test]
fn a_c_compiler_says_the_same_of_constants_sizes_and_offsets() {
    let dir = scratch("header-measured");
    let c89 = Dialect { compiler: "gcc", standard: "c89", suffix: "c" };
    let program = measuring_program(&items(&generated_header()));
    let printed = link_and_run(&c89, &dir, &program, &[]).expect("it compiles and runs");
    let by_c: BTreeMap<String, i64> = printed
        .lines()
        .map(|line| line.split_once(' ').expect("a name and a number"))
        .map(|(name, number)| (name.to_owned(), number.parse().expect("a number")))
        .collect();
    let by_rust = measured_by_rust();
    for (name, value) in &by_c {
        let known = by_rust.get(name).unwrap_or_else(|| {
            panic!("{name} is in the header, but not in ffi::layout() or ffi::constants()")
        });
        assert_eq!(value, known, "{name}: C says {value}, Rust says {known}");
    }
    for name in by_rust.keys() {
        assert!(by_c.contains_key(name), "Rust knows {name}, the header does not");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = format!("#define WC_VERSION \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(generated_header().contains(&version));
}

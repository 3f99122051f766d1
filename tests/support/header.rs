// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads include/webcore.h: its sections, and in them every constant, type, struct and function
//! with its documentation. It knows the form that build.rs writes, not C.

/// What a declaration declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// `#define NAME VALUE`
    Constant(String),
    /// A typedef that is no struct, or a struct whose fields are hidden.
    Type,
    /// A struct with these fields.
    Struct(Vec<String>),
    /// A function.
    Function,
}

/// One declaration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    pub what: What,
    pub name: String,
    /// The comment above it, without its marks.
    pub doc: String,
    /// The declaration in C.
    pub code: String,
    pub section: String,
    pub line: usize,
}

impl Item {
    /// Whether it is a function.
    pub fn is_function(&self) -> bool {
        self.what == What::Function
    }
}

/// Every declaration of the header, in its order.
pub fn items(text: &str) -> Vec<Item> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    let (mut section, mut doc, mut at) = (String::new(), String::new(), 0);
    while at < lines.len() {
        let (line, start) = (lines[at], at);
        at += 1;
        if let Some(name) = line.strip_prefix("/* ---- ") {
            section = name.trim_end_matches(" ---- */").to_owned();
        } else if line.starts_with("/**") {
            while !lines[at - 1].contains("*/") {
                at += 1;
            }
            doc = comment(&lines[start..at]);
        } else if let Some(define) = line.strip_prefix("#define WC_") {
            if let Some((name, value)) = define.split_once(' ') {
                let what = What::Constant(value.to_owned());
                let (name, code) = (format!("WC_{name}"), line.to_owned());
                let section = section.clone();
                out.push(Item { what, name, doc: doc.clone(), code, section, line: start + 1 });
            }
        } else if line.starts_with("typedef ") || line.starts_with("WC_API") {
            let end = if line.ends_with('{') { "}" } else { "" };
            while !(lines[at - 1].starts_with(end) && lines[at - 1].ends_with(';')) {
                at += 1;
            }
            let (what, name) = declaration(&lines[start..at]);
            let code = lines[start..at].join("\n");
            let code = code.trim_start_matches("WC_API").trim().to_owned();
            let (doc, section) = (std::mem::take(&mut doc), section.clone());
            out.push(Item { what, name, doc, code, section, line: start + 1 });
        } else if line.is_empty() {
            doc.clear();
        }
    }
    out
}

/// The text of a comment.
fn comment(lines: &[&str]) -> String {
    let strip = |line: &&str| {
        let line = line.trim().trim_start_matches("/**").trim_end_matches("*/");
        line.trim_start_matches('*').trim().to_owned()
    };
    lines.iter().map(strip).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// What these lines declare, and its name.
fn declaration(lines: &[&str]) -> (What, String) {
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    if first.ends_with('{') {
        let name = last.trim_start_matches("} ").trim_end_matches(';').to_owned();
        return (What::Struct(fields(&lines[1..lines.len() - 1])), name);
    }
    let flat = lines.join(" ").replace("WC_API", "");
    if flat.trim_start().starts_with("typedef ") {
        return (What::Type, declared_name(&flat));
    }
    let head = flat.split('(').next().expect("a function has parentheses");
    (What::Function, last_word(head))
}

/// The names of a struct's fields.
fn fields(lines: &[&str]) -> Vec<String> {
    let mut code = String::new();
    let mut in_comment = false;
    for line in lines {
        in_comment |= line.trim_start().starts_with("/*");
        if !in_comment {
            code.push_str(line.trim());
            code.push(' ');
        }
        in_comment &= !line.contains("*/");
    }
    code.split(';').filter(|field| !field.trim().is_empty()).map(declared_name).collect()
}

/// The name in `int x`, `const char *x`, or `void (*x)(int y)`.
fn declared_name(declaration: &str) -> String {
    let declaration = declaration.trim().trim_end_matches(';');
    match declaration.split_once("(*") {
        Some((_, rest)) => rest.split(')').next().unwrap_or_default().to_owned(),
        None => last_word(declaration),
    }
}

fn last_word(text: &str) -> String {
    let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let text = text.trim_end_matches(|c| !word(c));
    text.rsplit(|c| !word(c)).next().unwrap_or_default().to_owned()
}

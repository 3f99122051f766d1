// SPDX-License-Identifier: MIT OR Apache-2.0
//! One noun, five rooms; and each C function documented, described and tested.

use super::support::header::Item;
use super::text::has_word;

/// The nouns of the C API. Each has src/ffi/<noun>.rs, a section in the header, docs/api/<noun>.md
/// and tests/c/<noun>.c; the fifth room is its module in the layer that does the work.
pub const NOUNS: [&str; 13] = [
    "loop", "watch", "signal", "timer", "post", "pool", "job", "listener", "conn", "child", "http",
    "request", "parser",
];

/// Where a function may be called from, said in its documentation.
pub const THREADS: [&str; 4] = ["[any thread]", "[loop thread]", "[callback]", "[before run]"];

/// Every room that a noun lacks.
pub fn check(noun: &str, header: &[Item], exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    let code = [format!("src/ffi/{noun}.rs"), format!("src/ffi/{noun}_.rs")];
    if !code.iter().any(|path| exists(path)) {
        out.push(format!("{}:1: the noun {noun} has no such room", code[0]));
    }
    for path in [format!("docs/api/{noun}.md"), format!("tests/c/{noun}.c")] {
        if !exists(&path) {
            out.push(format!("{path}:1: the noun {noun} has no such room"));
        }
    }
    if !header.iter().any(|item| item.section == noun) {
        out.push(format!("include/webcore.h:1: the noun {noun} has no section"));
    }
    out
}

/// A function without documentation or without its thread tag.
pub fn documented(item: &Item) -> Vec<String> {
    let place = format!("include/webcore.h:{}: {}", item.line, item.name);
    let mut out = Vec::new();
    if item.doc.trim().is_empty() {
        out.push(format!("{place} is not documented"));
    } else if !THREADS.iter().any(|tag| item.doc.contains(tag)) {
        out.push(format!("{place} does not say who may call it: one of {THREADS:?}"));
    }
    out
}

/// A function that no test and no example names.
pub fn tested(item: &Item, texts: &[String]) -> Option<String> {
    let place = format!("include/webcore.h:{}: {}", item.line, item.name);
    let named = texts.iter().any(|text| has_word(text, &item.name));
    (!named).then(|| format!("{place} is in no test of C or Python and in no example"))
}

/// A function that its page in docs/api does not describe.
pub fn described(item: &Item, page: &str) -> Option<String> {
    let place = format!("docs/api/{}.md:1: {}", item.section, item.name);
    let heading = format!("### {}", item.name);
    let there = page.lines().any(|line| line == heading);
    (!there).then(|| format!("{place} is not described (`make docs` writes it)"))
}

#[cfg(test)]
mod tests {
    use super::super::support::header::{What, items};
    use super::*;

    const HEADER: &str = "\
/* ---- conn ---- */

/**
 * Sends.
 *
 * [loop thread]
 */
WC_API
wc_status wc_conn_send(wc_conn conn,
                       const void *data);

WC_API
int wc_bare(void);

/** Closes. */
WC_API
void wc_close(void);
";

    #[test]
    fn the_header_is_read() {
        let found = items(HEADER);
        let names: Vec<_> = found.iter().map(|i| (i.name.as_str(), i.line)).collect();
        assert_eq!(names, [("wc_conn_send", 8), ("wc_bare", 12), ("wc_close", 16)]);
        assert!(found.iter().all(|i| i.what == What::Function && i.section == "conn"));
        assert_eq!(found[0].doc, "Sends.\n\n[loop thread]");
        assert_eq!(found[1].doc, "");
    }

    #[test]
    fn a_function_without_documentation_or_thread_is_found() {
        let found = items(HEADER);
        assert!(documented(&found[0]).is_empty());
        assert_eq!(documented(&found[1]), ["include/webcore.h:12: wc_bare is not documented"]);
        assert!(documented(&found[2])[0].contains("does not say who may call it"));
    }

    #[test]
    fn a_function_without_a_test_is_found() {
        let send = &items(HEADER)[0];
        assert_eq!(tested(send, &["ok(wc_conn_send(c, 0) == 0)".to_owned()]), None);
        assert!(tested(send, &["wc_conn_send_async(c)".to_owned()]).is_some());
    }

    #[test]
    fn a_function_without_a_description_is_found() {
        let send = &items(HEADER)[0];
        assert_eq!(described(send, "# conn\n\n### wc_conn_send\n"), None);
        assert!(described(send, "see wc_conn_send").is_some());
    }

    #[test]
    fn a_noun_without_its_rooms_is_found() {
        let header = items(HEADER);
        let all = |_: &str| true;
        assert!(check("conn", &header, &all).is_empty());
        assert_eq!(check("timer", &header, &all).len(), 1);
        assert_eq!(check("conn", &header, &|path| path != "tests/c/conn.c").len(), 1);
        assert_eq!(check("conn", &header, &|path| !path.starts_with("docs/")).len(), 1);
        assert_eq!(check("conn", &header, &|path| !path.starts_with("src/")).len(), 1);
        assert!(check("conn", &header, &|path| path != "src/ffi/conn.rs").is_empty());
    }
}

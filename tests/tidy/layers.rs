// SPDX-License-Identifier: MIT OR Apache-2.0
//! Imports point up: a file names its own layer or one above it in src/lib.rs, never one below.

use super::text::{Token, split, tokens};

/// The layers in the order of src/lib.rs.
pub fn order(lib: &str) -> Vec<String> {
    let code = split(lib).code;
    let name = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    code.lines().filter_map(name).collect()
}

/// The layer of a file below src/.
fn layer_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("src/")?;
    rest.split_once('/').map(|(layer, _)| layer)
}

/// Every place where a file names a layer below its own.
pub fn check(order: &[String], path: &str, source: &str) -> Vec<String> {
    let rank = |name: &str| order.iter().position(|layer| layer == name);
    let Some(own) = layer_of(path) else { return Vec::new() };
    let Some(own_rank) = rank(own) else {
        return vec![format!("{path}:1: src/lib.rs has no layer {own}")];
    };
    let below = |token: &Token| {
        (rank(&token.text)? > own_rank).then(|| {
            let (line, named) = (token.line, &token.text);
            format!("{path}:{line}: {own} names {named}, which is below it in src/lib.rs")
        })
    };
    from_root(&tokens(&split(source).code)).iter().filter_map(below).collect()
}

/// The names that follow `crate::` or a chain of `super::`, also those of a group in braces.
fn from_root(tokens: &[Token]) -> Vec<Token> {
    let mut out = Vec::new();
    let text = |at: usize| tokens.get(at).map_or("", |t: &Token| t.text.as_str());
    for at in 0..tokens.len() {
        let starts = matches!(text(at), "crate" | "super") && text(at + 1) == "::";
        if !starts || text(at + 2) == "super" {
            continue;
        }
        if text(at + 2) == "{" {
            out.extend(group(&tokens[at + 3..]));
        } else {
            out.extend(tokens.get(at + 2).cloned());
        }
    }
    out
}

/// The first name of each member of a group whose brace is open.
fn group(tokens: &[Token]) -> Vec<Token> {
    let (mut depth, mut first, mut out) = (1, true, Vec::new());
    for token in tokens {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => first = true,
            _ if first => {
                out.push(token.clone());
                first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, source: &str) -> usize {
        let order = order("/// One.\npub mod base;\n\npub mod codec;\npub mod net;\n");
        assert_eq!(order, ["base", "codec", "net"]);
        check(&order, path, source).len()
    }

    #[test]
    fn a_name_from_below_is_found() {
        assert_eq!(found("src/codec/line.rs", "use crate::net::Conn;"), 1);
        assert_eq!(found("src/codec/line.rs", "use crate::{base::Status, net::{Conn, Life}};"), 1);
        assert_eq!(
            found("src/base/slab.rs", "fn f() { crate::codec::g(); super::super::net::h() }"),
            2
        );
        assert_eq!(found("src/base/mod.rs", "use super::net;"), 1);
        assert_eq!(found("src/odd/mod.rs", ""), 1);
    }

    #[test]
    fn a_name_from_above_is_allowed() {
        assert_eq!(found("src/codec/line.rs", "use crate::{base::Status, codec::Step};"), 0);
        assert_eq!(found("src/base/slab.rs", "// crate::net\nuse super::handle::net_x;"), 0);
        assert_eq!(found("src/lib.rs", "use crate::net;"), 0);
    }

    #[test]
    fn the_message_has_file_and_line() {
        let order = ["base".to_owned(), "net".to_owned()];
        let expected = "src/base/x.rs:2: base names net, which is below it in src/lib.rs";
        assert_eq!(check(&order, "src/base/x.rs", "\nuse crate::net;"), [expected]);
    }
}

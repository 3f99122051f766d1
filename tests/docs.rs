// SPDX-License-Identifier: MIT OR Apache-2.0
//! Documents that are made from the code, each held equal to what is made now: docs/ERRORS.md,
//! LIMITS.md, STATES.md and api/*.md. `make docs` writes them anew.

mod support;

use std::fmt::Write as _;
use support::header::{Item, What, items};
use support::machines::machines;
use support::{assert_fresh, generated_header};
use webcore::base::limits::LIMITS;
use webcore::base::status::{Blame, CATALOGUE, Status};
use webcore::codec::http1::reason::REASONS;

/// Says on every page where it comes from.
const ORIGIN: &str = "Generated; `make docs` writes it anew.";

#[test]
fn errors_are_documented() {
    let blames = [
        (Blame::Nobody, "Nobody: it went well, or it is information"),
        (Blame::You, "You: an argument, a handle or a moment was wrong"),
        (Blame::World, "The world: the operating system or the machine"),
        (Blame::Peer, "The peer: the other end of the connection"),
        (Blame::Us, "Us: a defect of the library"),
    ];
    let mut page = format!(
        "# Status codes\n\n{ORIGIN}\n\nNumbers are for ever. Negative ones are errors, in four \
         blocks by who has to act. `wc_status_name` and `wc_status_text` give name and sentence.\n"
    );
    for (blame, title) in blames {
        let _ = write!(page, "\n## {title}\n\n| number | name | meaning |\n|---|---|---|\n");
        for entry in CATALOGUE.iter().filter(|entry| Status(entry.code).blame() == blame) {
            let _ = writeln!(page, "| {} | `{}` | {} |", entry.code, entry.name, entry.text);
        }
    }
    page.push_str(
        "\n## Reasons: how the peer broke HTTP\n\nThey say more of a `WC_E_HTTP`; the library has \
         answered with the HTTP status.\n\n\
         | number | name | HTTP status | meaning |\n|---|---|---|---|\n",
    );
    for entry in REASONS {
        let (code, name, http) = (entry.code, entry.name, entry.http);
        let _ = writeln!(page, "| {code} | `{name}` | {http} | {} |", entry.text);
    }
    assert_fresh("docs/ERRORS.md", &page);
}

#[test]
fn limits_are_documented() {
    let mut page = format!(
        "# Limits and defaults\n\n{ORIGIN}\n\nEvery queue, buffer, table and wait has one, by \
         name, in src/base/limits.rs.\n\n\
         | name | value | unit | what it bounds, and what happens there |\n\
         |---|---|---|---|\n"
    );
    for limit in LIMITS {
        let (name, value) = (limit.name, grouped(limit.value));
        let _ = writeln!(page, "| `{name}` | {value} | {} | {} |", limit.unit, limit.text);
    }
    assert_fresh("docs/LIMITS.md", &page);
}

#[test]
fn states_are_documented() {
    let mut page = format!(
        "# State machines\n\n{ORIGIN} Each table is made by running the machine over all its \
         states and inputs.\n\nIn a table `.` means that the state stays, and `!` that the input \
         cannot come there: it would be a defect.\n"
    );
    for machine in machines() {
        let _ = write!(page, "\n{}", machine.picture);
    }
    assert_fresh("docs/STATES.md", &page);
}

#[test]
fn the_c_api_is_documented() {
    let items = items(&generated_header());
    let mut sections: Vec<&str> = items.iter().map(|item| item.section.as_str()).collect();
    sections.retain(|section| !section.is_empty());
    sections.dedup();
    for section in sections {
        let of_section: Vec<&Item> = items.iter().filter(|item| item.section == section).collect();
        assert_fresh(&format!("docs/api/{section}.md"), &api_page(section, &of_section));
    }
}

/// The page of one section of the header.
fn api_page(section: &str, items: &[&Item]) -> String {
    let mut page = format!("# {section}\n\n{ORIGIN} The source is include/webcore.h.\n");
    let mut part = |title: &str, wanted: &dyn Fn(&What) -> bool| {
        let chosen: Vec<_> = items.iter().filter(|item| wanted(&item.what)).collect();
        if !chosen.is_empty() {
            let _ = write!(page, "\n## {title}\n");
        }
        for item in chosen {
            let doc = prose(&item.doc);
            let _ = write!(page, "\n### {}\n\n```c\n{}\n```\n\n{doc}\n", item.name, item.code);
        }
    };
    part("Functions", &|what| *what == What::Function);
    part("Types", &|what| matches!(what, What::Type | What::Struct(_)));
    let constants = items.iter().filter_map(|item| match &item.what {
        What::Constant(value) => Some((item, value)),
        _ => None,
    });
    let rows = constants.fold(String::new(), |rows, (item, value)| {
        let doc = item.doc.replace('\n', " ");
        rows + &format!("| `{}` | `{value}` | {doc} |\n", item.name)
    });
    if !rows.is_empty() {
        let _ = write!(page, "\n## Constants\n\n| name | value | meaning |\n|---|---|---|\n{rows}");
    }
    page
}

/// A comment as Markdown: parameters become a list, thread tags stand out.
fn prose(doc: &str) -> String {
    let line = |line: &str| {
        if let Some((name, text)) = line.strip_prefix("@param ").and_then(|l| l.split_once(' ')) {
            format!("- `{name}`: {}", text.trim())
        } else if line.starts_with('[') && line.ends_with(']') {
            format!("**{line}**")
        } else {
            line.to_owned()
        }
    };
    doc.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[test]
fn a_stale_document_is_noticed() {
    assert_eq!(support::first_difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(support::first_difference("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
    assert_eq!(support::first_difference("a\n", "a\nb\n"), Some((2, "", "b")));
    assert_eq!(grouped(1_048_576), "1 048 576");
}

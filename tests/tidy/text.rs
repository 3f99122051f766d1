// SPDX-License-Identifier: MIT OR Apache-2.0
//! Enough of the Rust language for the checks: which characters are code, which are comment, and
//! the code's tokens. Strings keep their quotes and lose their content, so no check is fooled by
//! one.

/// A source in two layers of the same shape: where one has text, the other has spaces.
pub struct Layers {
    pub code: String,
    pub comments: String,
}

/// One identifier or punctuation mark of the code; `::` is one token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// Reads a source into its layers.
pub fn split(source: &str) -> Layers {
    let mut reader =
        Reader { text: source.chars().collect(), at: 0, code: vec![], comments: vec![] };
    while reader.at < reader.text.len() {
        reader.step();
    }
    Layers { code: reader.code.iter().collect(), comments: reader.comments.iter().collect() }
}

struct Reader {
    text: Vec<char>,
    at: usize,
    code: Vec<char>,
    comments: Vec<char>,
}

/// Where a character goes.
#[derive(Clone, Copy)]
enum To {
    Code,
    Comment,
    Neither,
}

impl Reader {
    fn peek(&self, ahead: usize) -> char {
        self.text.get(self.at + ahead).copied().unwrap_or('\n')
    }

    fn take(&mut self, count: usize, to: To) {
        for _ in 0..count {
            let Some(&c) = self.text.get(self.at) else { return };
            let blank = if c == '\n' { '\n' } else { ' ' };
            self.code.push(if matches!(to, To::Code) { c } else { blank });
            self.comments.push(if matches!(to, To::Comment) { c } else { blank });
            self.at += 1;
        }
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.text.len() && self.peek(0) != '\n' {
                    self.take(1, To::Comment);
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('r', '"' | '#') if self.raw_hashes().is_some() => self.raw_string(),
            ('\'', '\\') => {
                self.take(3, To::Neither);
                while self.at < self.text.len() && self.peek(0) != '\'' {
                    self.take(1, To::Neither);
                }
                self.take(1, To::Neither);
            }
            ('\'', _) if self.peek(2) == '\'' => self.take(3, To::Neither),
            _ => self.take(1, To::Code),
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.take(1, To::Comment);
                    continue;
                }
            }
            self.take(2, To::Comment);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.take(1, To::Code);
        while self.at < self.text.len() && self.peek(0) != '"' {
            let count = if self.peek(0) == '\\' { 2 } else { 1 };
            self.take(count, To::Neither);
        }
        self.take(1, To::Code);
    }

    /// The number of `#` if a raw string begins here.
    fn raw_hashes(&self) -> Option<usize> {
        let before = self.code.last().copied().unwrap_or(' ');
        let hashes = (1..).take_while(|i| self.peek(*i) == '#').count();
        let prefix = matches!(before, 'b' | 'c') || !is_word(before);
        (prefix && self.peek(1 + hashes) == '"').then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_hashes().expect("the caller has seen it");
        self.take(hashes + 2, To::Code);
        let closes = |r: &Reader| r.peek(0) == '"' && (1..=hashes).all(|i| r.peek(i) == '#');
        while self.at < self.text.len() && !closes(self) {
            self.take(1, To::Neither);
        }
        self.take(hashes + 1, To::Code);
    }
}

/// Whether it is part of an identifier.
pub fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The tokens of a code layer.
pub fn tokens(code: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut previous = ' ';
        for c in text.chars() {
            let joins = (is_word(c) && is_word(previous)) || (c == ':' && previous == ':');
            match out.last_mut() {
                Some(last) if joins && last.text != "::" => last.text.push(c),
                _ if !c.is_whitespace() => out.push(Token { text: c.to_string(), line }),
                _ => {}
            }
            previous = c;
        }
    }
    out
}

/// Whether a text holds this word, not as a part of a longer one.
pub fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_word);
        let after = text[at + word.len()..].chars().next().is_some_and(is_word);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_not_code() {
        let source = "a(\"un\\\"x\"); // unsafe\nb(r#\"\"q\"#); /* /* */ x */ ('c', '\\'')";
        let layers = split(source);
        let (code, comments) = (layers.code.lines(), layers.comments.lines());
        assert_eq!(
            code.map(str::trim_end).collect::<Vec<_>>(),
            ["a(\"     \");", "b(r#\"  \"#);               (   ,     )"]
        );
        assert_eq!(comments.map(str::trim).collect::<Vec<_>>(), ["// unsafe", "/* /* */ x */"]);
    }

    #[test]
    fn a_lifetime_opens_no_string() {
        assert_eq!(split("fn f<'a>(x: &'a str) {}").code, "fn f<'a>(x: &'a str) {}");
    }

    #[test]
    fn tokens_know_their_line() {
        let words: Vec<_> = tokens("a::b\n{ c_1 }").into_iter().map(|t| (t.text, t.line)).collect();
        let expected = [("a", 1), ("::", 1), ("b", 1), ("{", 2), ("c_1", 2), ("}", 2)];
        assert_eq!(words, expected.map(|(text, line)| (text.to_owned(), line)));
    }
}

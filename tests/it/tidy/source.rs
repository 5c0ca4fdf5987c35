//! Just enough of a reader of Rust: what a file names, and on which line.

use std::collections::BTreeMap;

/// A path as written, `use` trees taken apart and names that a `use` brought in made whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub line: usize,
    pub segments: Vec<String>,
    /// How many modules of this file stand around it.
    pub depth: usize,
    /// It stands in a `use`.
    pub imported: bool,
}

/// The source with comments, the insides of strings and `#[cfg(test)]` items blanked; every byte
/// that stays is where it was.
pub fn code_of(source: &str) -> String {
    without_tests(&masked(source))
}

/// Blanks comments and the insides of strings and characters.
fn masked(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => find(bytes, at, b"\n"),
            b'/' if bytes[at..].starts_with(b"/*") => end_of_block_comment(bytes, at),
            b'r' | b'b' | b'c' if !is_word(at.checked_sub(1).map_or(b' ', |before| bytes[before])) => {
                let Some(end) = end_of_raw(bytes, at) else {
                    at += 1;
                    continue;
                };
                end
            }
            b'"' => end_of_quoted(bytes, at),
            b'\'' => end_of_char(bytes, at),
            _ => at + 1,
        };
        if end > at + 1 {
            for byte in &mut out[at + 1..end.min(bytes.len()) - usize::from(bytes[at] == b'"')] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            if bytes[at] == b'/' {
                out[at] = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).unwrap()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    let found = bytes[from..].windows(what.len()).position(|window| window == what);
    found.map_or(bytes.len(), |found| from + found)
}

fn end_of_block_comment(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut at) = (1, at + 2);
    while at < bytes.len() && depth > 0 {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    at
}

/// The end of `r"…"`, `br#"…"#` and the like, if one starts here.
fn end_of_raw(bytes: &[u8], at: usize) -> Option<usize> {
    let mut after = at;
    while after < bytes.len() && matches!(bytes[after], b'b' | b'c') {
        after += 1;
    }
    if bytes.get(after) != Some(&b'r') {
        return None;
    }
    let hashes = bytes[after + 1..].iter().take_while(|byte| **byte == b'#').count();
    let quote = after + 1 + hashes;
    if bytes.get(quote) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    Some((find(bytes, quote + 1, &close) + close.len()).min(bytes.len()))
}

fn end_of_quoted(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The end of a character literal; of a lifetime, just its quote.
fn end_of_char(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'\\') => (find(bytes, at + 3, b"'") + 1).min(bytes.len()),
        Some(_) => {
            let close = bytes.iter().skip(at + 2).take(4).position(|byte| *byte == b'\'');
            let text = close.and_then(|close| std::str::from_utf8(&bytes[at + 1..at + 2 + close]).ok());
            match (close, text) {
                (Some(close), Some(text)) if text.chars().count() == 1 => at + 3 + close,
                _ => at + 1,
            }
        }
        None => at + 1,
    }
}

/// Blanks every item behind `#[cfg(test)]`.
fn without_tests(masked: &str) -> String {
    let mut out = masked.to_owned().into_bytes();
    let mut from = 0;
    while let Some(found) = masked[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = end_of_item(masked.as_bytes(), start + "#[cfg(test)]".len());
        for byte in &mut out[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    String::from_utf8(out).unwrap()
}

/// Behind the `;` or the closing brace of the item that starts here.
fn end_of_item(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

/// Modules of their own file that are compiled only for tests: `#[cfg(test)] mod name;`.
pub fn test_modules(source: &str) -> Vec<String> {
    let masked = masked(source);
    masked
        .split("#[cfg(test)]")
        .skip(1)
        .filter_map(|after| {
            let name = after.trim_start().strip_prefix("mod ")?;
            let name = name.split_once(';')?.0.trim();
            name.bytes().all(is_word).then(|| name.to_owned())
        })
        .collect()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Colons,
    Other(char),
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let (mut tokens, mut line) = (Vec::new(), 1);
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        if length > 0 {
            tokens.push((line, Token::Word(rest[..length].to_owned())));
            rest = &rest[length..];
        } else if let Some(after) = rest.strip_prefix("::") {
            tokens.push((line, Token::Colons));
            rest = after;
        } else {
            line += usize::from(first == '\n');
            if !first.is_whitespace() {
                tokens.push((line, Token::Other(first)));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}

/// Every path that the code names.
pub fn mentions(code: &str) -> Vec<Mention> {
    let tokens = tokens(code);
    let mut mentions = Vec::new();
    let mut modules: Vec<usize> = Vec::new();
    let mut braces = 0;
    let mut at = 0;
    while at < tokens.len() {
        let (line, token) = &tokens[at];
        let mut length = 1;
        match token {
            Token::Word(word) if word == "use" => {
                let end =
                    at + tokens[at..].iter().take_while(|(_, token)| *token != Token::Other(';')).count();
                let mut paths = Vec::new();
                use_tree(&tokens[at + 1..end], &[], &mut paths);
                mentions.extend(paths.into_iter().map(|(line, segments)| Mention {
                    line,
                    segments,
                    depth: modules.len(),
                    imported: true,
                }));
                length = end - at;
            }
            Token::Word(word) => {
                if word == "mod" && matches!(tokens.get(at + 2), Some((_, Token::Other('{')))) {
                    modules.push(braces);
                }
                let mut segments = vec![word.clone()];
                while let (Some((_, Token::Colons)), Some((_, Token::Word(next)))) =
                    (tokens.get(at + length), tokens.get(at + length + 1))
                {
                    segments.push(next.clone());
                    length += 2;
                }
                if tokens.get(at + length) == Some(&(*line, Token::Other('!'))) {
                    let last = segments.last_mut().unwrap();
                    last.push('!');
                }
                mentions.push(Mention { line: *line, segments, depth: modules.len(), imported: false });
            }
            Token::Other('{') => braces += 1,
            Token::Other('}') => {
                braces = braces.saturating_sub(1);
                if modules.last() == Some(&braces) {
                    modules.pop();
                }
            }
            Token::Colons | Token::Other(_) => {}
        }
        at += length;
    }
    with_whole_names(mentions)
}

/// Takes a `use` tree apart: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn use_tree(tree: &[(usize, Token)], before: &[String], paths: &mut Vec<(usize, Vec<String>)>) {
    let mut path = before.to_vec();
    let mut line = tree.first().map_or(0, |(line, _)| *line);
    let mut at = 0;
    while at < tree.len() {
        match &tree[at] {
            (here, Token::Word(word)) if word == "as" => {
                line = *here;
                at += 1;
            }
            (here, Token::Word(word)) => {
                line = *here;
                if word != "self" || path.is_empty() {
                    path.push(word.clone());
                }
            }
            (_, Token::Other('{')) => {
                let inside = &tree[at + 1..];
                let mut depth = 1;
                let mut start = 0;
                for (index, (_, token)) in inside.iter().enumerate() {
                    match token {
                        Token::Other('{') => depth += 1,
                        Token::Other('}') => depth -= 1,
                        Token::Word(_) | Token::Colons | Token::Other(_) => {}
                    }
                    if depth == 0 || (depth == 1 && *token == Token::Other(',')) {
                        if index > start {
                            use_tree(&inside[start..index], &path, paths);
                        }
                        start = index + 1;
                    }
                    if depth == 0 {
                        break;
                    }
                }
                return;
            }
            (_, Token::Colons | Token::Other(_)) => {}
        }
        at += 1;
    }
    paths.push((line, path));
}

/// After `use std::io;`, `io::stdout` means `std::io::stdout`.
fn with_whole_names(mut mentions: Vec<Mention>) -> Vec<Mention> {
    let names: BTreeMap<String, Vec<String>> = mentions
        .iter()
        .filter(|mention| mention.imported && mention.segments.len() > 1)
        .filter_map(|mention| Some((mention.segments.last()?.clone(), mention.segments.clone())))
        .collect();
    for mention in mentions.iter_mut().filter(|mention| !mention.imported) {
        if let Some(whole) = mention.segments.first().and_then(|first| names.get(first)) {
            mention.segments.splice(..1, whole.iter().cloned());
        }
    }
    mentions
}

//! Parses JSON in one pass, strictly by RFC 8259.

use std::borrow::Cow;

use super::{JsonMembers, JsonNode, JsonText};

/// The nesting limit, the same as the default of `serde_json`.
const MAX_DEPTH: usize = 128;

/// The number of members up to which comparing all names is cheaper than sorting them.
const FEW: usize = 16;

/// Parses a body, which must be one JSON object.
///
/// The error contains the problem, the line and the column. For a repeated name in an object with
/// more than [`FEW`] members, they point to the end of the object.
pub(crate) fn object(text: &str) -> Result<JsonMembers<'_>, String> {
    let mut parser = Parser { text, at: 0 };
    parser.object().map_err(|what| {
        let read = &text.as_bytes()[..parser.at];
        let line = read.split(|byte| *byte == b'\n').count();
        let column = read.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        format!("{what} (line {line}, column {column})")
    })
}

const NOT_JSON: &str = "it is not JSON";
const REPEATED: &str = "a member is named twice";

struct Parser<'a> {
    text: &'a str,
    /// The offset of the next byte; after an error, the offset of the fault.
    at: usize,
}

impl<'a> Parser<'a> {
    fn object(&mut self) -> Result<JsonMembers<'a>, &'static str> {
        self.skip_blanks();
        let start = self.at;
        let node = self.value(0)?;
        self.skip_blanks();
        match node {
            _ if self.at < self.text.len() => Err(NOT_JSON),
            JsonNode::Object(members) => Ok(members),
            _ => {
                self.at = start;
                Err("it is not a JSON object")
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<JsonNode<'a>, &'static str> {
        Ok(match self.peek() {
            Some(b'{') => JsonNode::Object(self.members(depth)?),
            Some(b'[') => JsonNode::Array(self.items(depth)?),
            Some(b'"') => JsonNode::Text(self.string()?),
            Some(b't') => self.literal("true", JsonNode::Bool(true))?,
            Some(b'f') => self.literal("false", JsonNode::Bool(false))?,
            Some(b'n') => self.literal("null", JsonNode::Null)?,
            _ => JsonNode::Number(self.number()?),
        })
    }

    fn members(&mut self, depth: usize) -> Result<JsonMembers<'a>, &'static str> {
        self.enter(depth)?;
        let mut members = Vec::with_capacity(8);
        if !self.consume(b'}') {
            loop {
                let place = self.at;
                let name = self.string()?;
                if members.len() < FEW && is_among(&members, &name) {
                    self.at = place;
                    return Err(REPEATED);
                }
                self.skip_blanks();
                self.expect(b':')?;
                self.skip_blanks();
                members.push((name, self.value(depth + 1)?));
                if self.next_ends(b'}')? {
                    break;
                }
            }
        }
        if members.len() > FEW && has_repeated(&members) {
            return Err(REPEATED);
        }
        Ok(JsonMembers(members))
    }

    fn items(&mut self, depth: usize) -> Result<Vec<JsonNode<'a>>, &'static str> {
        self.enter(depth)?;
        let mut items = Vec::new();
        if !self.consume(b']') {
            loop {
                items.push(self.value(depth + 1)?);
                if self.next_ends(b']')? {
                    break;
                }
            }
        }
        Ok(items)
    }

    /// Consumes the opening bracket and the whitespace after it.
    fn enter(&mut self, depth: usize) -> Result<(), &'static str> {
        if depth >= MAX_DEPTH {
            return Err("it is nested too deeply");
        }
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    /// Consumes `byte` if it is next. Returns whether it was.
    fn consume(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Consumes the closing bracket, or a comma and the whitespace after it. Returns true for the
    /// bracket.
    fn next_ends(&mut self, close: u8) -> Result<bool, &'static str> {
        self.skip_blanks();
        if self.consume(close) {
            return Ok(true);
        }
        self.expect(b',')?;
        self.skip_blanks();
        Ok(false)
    }

    #[inline]
    fn string(&mut self) -> Result<JsonText<'a>, &'static str> {
        self.expect(b'"')?;
        let plain = self.plain();
        if self.consume(b'"') {
            return Ok(JsonText::Exact(Cow::Borrowed(plain)));
        }
        self.escaped(plain)
    }

    /// Reads the rest of a string whose beginning has no escape.
    #[cold]
    fn escaped(&mut self, plain: &str) -> Result<JsonText<'a>, &'static str> {
        let mut bytes = plain.as_bytes().to_vec();
        while !self.consume(b'"') {
            self.escape(&mut bytes)?;
            bytes.extend_from_slice(self.plain().as_bytes());
        }
        Ok(match String::from_utf8(bytes) {
            Ok(text) => JsonText::Exact(Cow::Owned(text)),
            Err(error) => JsonText::Surrogates(error.into_bytes()),
        })
    }

    /// Consumes text up to the next quote, backslash, control character or the end.
    fn plain(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let end = plain_length(rest.as_bytes());
        self.at += end;
        &rest[..end]
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        self.expect(b'\\')?;
        let byte = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode(out),
            _ => return Err(NOT_JSON),
        };
        self.at += 1;
        out.push(byte);
        Ok(())
    }

    /// Reads a UTF-16 code unit, and the low surrogate of a pair if it follows.
    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let unit = self.code_unit()?;
        let before = self.at;
        if (0xd800..0xdc00).contains(&unit) && self.text[before..].starts_with("\\u") {
            self.at += 1;
            let second = self.code_unit()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
                push_char(out, code);
                return Ok(());
            }
            self.at = before;
        }
        push_char(out, unit);
        Ok(())
    }

    /// Reads `u` and four hex digits.
    fn code_unit(&mut self) -> Result<u32, &'static str> {
        self.at += 1;
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(NOT_JSON)?;
        let mut unit = 0;
        for digit in digits {
            unit = unit * 16 + char::from(*digit).to_digit(16).ok_or(NOT_JSON)?;
        }
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<&'a str, &'static str> {
        let start = self.at;
        self.consume(b'-');
        if !self.consume(b'0') {
            self.digits()?;
        }
        if self.consume(b'.') {
            self.digits()?;
        }
        if self.consume(b'e') || self.consume(b'E') {
            let _ = self.consume(b'+') || self.consume(b'-');
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// Consumes one or more digits.
    fn digits(&mut self) -> Result<(), &'static str> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(NOT_JSON) } else { Ok(()) }
    }

    fn literal(&mut self, literal: &str, node: JsonNode<'a>) -> Result<JsonNode<'a>, &'static str> {
        if !self.text[self.at..].starts_with(literal) {
            return Err(NOT_JSON);
        }
        self.at += literal.len();
        Ok(node)
    }

    #[inline]
    fn skip_blanks(&mut self) {
        // Compact JSON has none.
        while self.peek().is_some_and(|byte| byte <= b' ' && b" \t\n\r".contains(&byte)) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.consume(byte) { Ok(()) } else { Err(NOT_JSON) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Returns the number of bytes before the first quote, backslash or control character.
///
/// It reads words of eight bytes. For each byte `b` of a word, `b - n` borrows into the high bit if
/// `b < n`. A borrow affects only later bytes, so the first match is exact.
fn plain_length(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word;
        let equal = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
        let found = (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGH;
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    words.len() * 8 + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Appends a code point in WTF-8, which is UTF-8 that can also encode surrogates.
fn push_char(out: &mut Vec<u8>, code: u32) {
    if let Some(char) = char::from_u32(code) {
        out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let [_, _, high, low] = code.to_be_bytes();
        let six = |bits: u8| 0x80 | (bits & 0x3f);
        out.extend_from_slice(&[0xe0 | (high >> 4), six((high << 2) | (low >> 6)), six(low)]);
    }
}

fn is_among(members: &[(JsonText<'_>, JsonNode<'_>)], name: &JsonText<'_>) -> bool {
    members.iter().any(|(other, _)| other.as_bytes() == name.as_bytes())
}

fn has_repeated(members: &[(JsonText<'_>, JsonNode<'_>)]) -> bool {
    let mut names: Vec<_> = members.iter().map(|(name, _)| name.as_bytes()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

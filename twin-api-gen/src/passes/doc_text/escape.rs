//! Escapes text as Markdown, so that it renders as the same text.
//!
//! The only Markdown that it keeps is a name in backticks, such as `limit`. Descriptions come from
//! others, and a code fence in one would be a program that `cargo test` runs.

/// Characters that have a meaning anywhere in a line: in `CommonMark`, or in rustdoc's tables,
/// footnotes and strike-through.
const ANYWHERE: &[char] = &['\\', '`', '*', '[', ']', '<', '>', '&', '|', '~'];

/// Escapes `text`. In the result, no line is indented, every line ends with `\n`, and there are no
/// control characters and no characters that change the direction of reading.
pub(crate) fn escape(text: &str) -> String {
    let lines = text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let mut output: Vec<String> = Vec::new();
    for line in lines {
        let line = escape_line(line);
        let blank_again = line.is_empty() && output.last().is_none_or(String::is_empty);
        if !blank_again {
            output.push(line);
        }
    }
    while output.last().is_some_and(String::is_empty) {
        output.pop();
    }
    output.join("\n")
}

/// Returns `text` as a code span. Text that could end the span, or has several lines, is escaped
/// instead.
pub(crate) fn code(text: &str) -> String {
    let plain = !text.is_empty() && text.trim() == text && !text.contains('`');
    if plain && text.chars().all(visible) { format!("`{text}`") } else { escape(text) }
}

fn escape_line(line: &str) -> String {
    let visible: String =
        line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| visible(*c)).collect();
    let line = visible.trim();
    let mut output = String::with_capacity(line.len() + 8);
    let mut previous = ' ';
    let mut characters = line.char_indices().peekable();
    let mut code_until = 0;
    while let Some((index, character)) = characters.next() {
        if previous != '`' && index >= code_until {
            code_until = index + code_span(&line[index..]);
        }
        if index < code_until {
            output.push(character);
            previous = character;
            continue;
        }
        let next = characters.peek().map_or(' ', |(_, next)| *next);
        if ANYWHERE.contains(&character)
            || (character == '_' && !(previous.is_alphanumeric() && next.is_alphanumeric()))
            || starts_block(line, index, character)
        {
            output.push('\\');
        }
        output.push(character);
        previous = character;
    }
    output
}

/// Returns the length of the name in backticks at the start of `text`, or zero if there is none.
fn code_span(text: &str) -> usize {
    let Some((name, rest)) = text.strip_prefix('`').and_then(|text| text.split_once('`')) else {
        return 0;
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-./=:{}".contains(c);
    let plain = !name.is_empty() && name.chars().all(is_name) && !rest.starts_with('`');
    if plain { name.len() + 2 } else { 0 }
}

/// Returns whether the character would begin a heading, a list, a rule or the underline of a heading.
fn starts_block(line: &str, index: usize, character: char) -> bool {
    match character {
        '#' | '=' | '-' | '+' => index == 0,
        '.' | ')' => index > 0 && line[..index].bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// Returns whether a character is neither a control character nor one that changes the order in which
/// text is displayed (Unicode TR 36).
pub(super) fn visible(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::{code, escape};

    #[test]
    fn escapes_text_that_could_end_a_code_span() {
        let cases = [
            ("/v1/agents/{agent_id}", "`/v1/agents/{agent_id}`"),
            ("a` <b>", "a\\` \\<b\\>"),
            ("a\n\n    b()", "a\n\nb()"),
            ("\u{202e}a", "a"),
            (" a", "a"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected, "{text:?}");
        }
    }

    #[test]
    fn escaped_text_renders_as_text() {
        let cases = [
            ("plain agent_id, 3.5 and a-b", "plain agent_id, 3.5 and a-b"),
            ("```rust\npanic!()\n```", "\\`\\`\\`rust\npanic!()\n\\`\\`\\`"),
            ("    indented code", "indented code"),
            ("\tindented code", "indented code"),
            ("<script>x</script>", "\\<script\\>x\\</script\\>"),
            ("[a](b) ![c](d) [e]: f", "\\[a\\](b) !\\[c\\](d) \\[e\\]: f"),
            (
                "# no heading\n===\n---\n- item\n1. one\n2) two",
                "\\# no heading\n\\===\n\\---\n\\- item\n1\\. one\n2\\) two",
            ),
            ("_a_ and __b__", "\\_a\\_ and \\_\\_b\\_\\_"),
            ("a\r\nb\rc\u{2028}d", "a\n\nb\nc\nd"),
            ("\u{202e}evil\u{0}\u{7f}", "evil"),
            ("a\n\n\n\nb\n\n", "a\n\nb"),
            ("back\\slash &amp; |x| ~~y~~", "back\\\\slash \\&amp; \\|x\\| \\~\\~y\\~\\~"),
            ("`limit`, `/v1/{a}` and `a b`", "`limit`, `/v1/{a}` and \\`a b\\`"),
            ("``a`` `b`` ```c`", "\\`\\`a\\`\\` \\`b\\`\\` \\`\\`\\`c\\`"),
            ("`a` ``` `", "`a` \\`\\`\\` \\`"),
            ("*/ //! /**", "\\*/ //! /\\*\\*"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(escape(text), expected, "{text:?}");
        }
    }
}

//! Whatever a description holds, it stays text: no code, no HTML, no link, no doctest.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;
use syn::visit::Visit;
use twin_api_gen::{Input, OPENAPI, Runtime, generate};

/// Each would be something else than text in a doc comment, or in Rust.
const HOSTILE: &[&str] = &[
    "```rust\npanic!(\"a doctest ran\")\n```",
    "~~~\ncode\n~~~",
    "    indented code",
    "\tindented code",
    "text\n\n        deep indented code",
    "<script>alert(1)</script>",
    "<details>\n<summary>x</summary>",
    "</div></body>",
    "<https://evil.example/>",
    "[click](https://evil.example/ \"t\") and ![img](https://evil.example/x.png)",
    "[label]\n\n[label]: https://evil.example/",
    "# Errors\n\nheading",
    "Title\n=====",
    "Title\n-----",
    "*/ fn evil() {} /*",
    "\"] fn evil() {} #[doc = \"",
    "//! inner",
    "a\rb\r\nc\u{2028}d\u{2029}e\u{85}f",
    "\u{202e}reversed\u{202c} \u{2066}isolated\u{2069}",
    "\u{0}\u{1b}[31mred\u{7f}",
    "| a | b |\n|---|---|\n| c | d |",
    "- [ ] task\n- item\n1. one",
    "&lt;b&gt; &#60;b&#62;",
    "fn struct impl r#\"raw\"# 'a b'x'",
    "`unclosed and ``` more",
    "\\` \\\\` \\<b>",
    "> quote\n>> deeper",
    "***bold*** __bold__ ~~gone~~ [^1]\n\n[^1]: note",
];

/// The vendored document with `text` in place of every title, summary and description.
fn with_text(text: &str) -> String {
    let mut document: Value = serde_json::from_str(OPENAPI).expect("openapi.json is JSON");
    replace(&mut document, text, true);
    document.to_string()
}

/// Property names are not keywords: below `properties`, names are left alone.
fn replace(value: &mut Value, text: &str, keywords: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, text, true)),
        Value::Object(members) => {
            for (name, member) in members {
                let is_text = matches!(name.as_str(), "title" | "summary" | "description");
                if keywords && is_text && member.is_string() {
                    *member = text.into();
                } else if !matches!(name.as_str(), "example" | "examples") {
                    let names = matches!(name.as_str(), "properties" | "schemas" | "paths");
                    replace(member, text, !names);
                }
            }
        }
        _ => {}
    }
}

/// The doc texts of a file, each item's lines joined.
#[derive(Default)]
struct Docs {
    texts: Vec<String>,
    current: Vec<String>,
}

impl<'ast> Visit<'ast> for Docs {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let syn::Expr::Lit(literal) = &pair.value
            && let syn::Lit::Str(text) = &literal.lit
        {
            self.current.push(text.value());
        }
    }

    fn visit_ident(&mut self, _: &'ast syn::Ident) {
        self.flush();
    }
}

impl Docs {
    fn flush(&mut self) {
        if !self.current.is_empty() {
            self.texts.push(self.current.drain(..).collect::<Vec<_>>().join("\n"));
        }
    }
}

/// What a doc text renders to besides text, if it is nothing of our own.
fn not_text(doc: &str) -> Option<String> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    Parser::new_ext(doc, options).find_map(|event| match &event {
        Event::Start(Tag::Paragraph) => None,
        // `# Errors` of send, and links into the client, are ours.
        Event::Start(Tag::Heading { .. }) if doc.contains("\n # Errors\n") => None,
        Event::Start(Tag::Link { dest_url, .. })
            if !dest_url.contains("evil") && dest_url.contains("::") =>
        {
            None
        }
        Event::Start(_)
        | Event::Html(_)
        | Event::InlineHtml(_)
        | Event::FootnoteReference(_)
        | Event::Rule
        | Event::TaskListMarker(_) => Some(format!("{event:?}")),
        _ => None,
    })
}

#[test]
fn no_description_is_more_than_text() {
    for text in HOSTILE {
        let document = with_text(text);
        let mut input = Input::vendored();
        input.openapi = document.as_bytes();
        let source = generate(input).unwrap_or_else(|error| panic!("{text:?}: {error}")).source;
        let tree = syn::parse_file(&source).expect("the source parses");
        let mut docs = Docs::default();
        docs.visit_file(&tree);
        docs.flush();
        assert!(docs.texts.len() > 500, "only {} doc texts", docs.texts.len());
        assert!(!source.contains("fn evil() {}\n"), "{text:?} became code");
        for doc in &docs.texts {
            assert_eq!(not_text(doc), None, "{text:?} as {doc:?}");
        }
        let controls = source.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(controls, None, "{text:?}");
        assert!(!source.contains(['\u{202e}', '\u{2066}']), "{text:?} turns the text around");
    }
}

#[test]
fn keywords_and_odd_names_become_identifiers() {
    let document = serde_json::json!({
        "openapi": "3.1.0", "info": {"title": "fn", "version": "1"},
        "paths": {"/x/{type}": {"get": {
            "operationId": "match",
            "parameters": [
                {"name": "type", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "async", "in": "query", "schema": {"type": "string"}},
            ],
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {
                "type": "object", "properties": {
                    "fn": {"type": "string"}, "self": {"type": "string"}, "1st": {"type": "integer"},
                    "$dollar": {"type": "boolean"}, "with space": {"type": "string"},
                    "type": {"type": "string", "enum": ["fn", "Self", "self?", "", "1", "+1"]},
                },
            }}}}},
        }}},
    })
    .to_string();
    let mut input = Input::vendored();
    input.openapi = document.as_bytes();
    input.overlay = None;
    input.runtime = Runtime::StandAlone;
    match generate(input) {
        Ok(generated) => drop(syn::parse_file(&generated.source).expect("it parses")),
        // Values that collide in Rust are a clear error.
        Err(error) => assert!(error.pointer().is_some(), "{error}"),
    }
}

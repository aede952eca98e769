//! Text of a document stays text in Rust: it forms no code, HTML, link or doctest.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};
use serde_json::Value;
use syn::visit::Visit;
use twin_api_gen::{Runtime, generate};

use crate::{contract_client, contract_document, vendored};

/// Texts with a special meaning in a doc comment or in Rust.
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

/// Returns the contract with `text` as every title, summary and description.
fn with_text(text: &str) -> String {
    let mut document = contract_document();
    replace(&mut document, text, true);
    document.to_string()
}

/// Replaces the texts in `value`. Below `properties` a name is not a keyword, so it is not
/// replaced.
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

/// Collects the doc texts of a file, with the lines of each item joined.
#[derive(Default)]
struct DocTexts {
    texts: Vec<String>,
    current: Vec<String>,
}

impl<'ast> Visit<'ast> for DocTexts {
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

impl DocTexts {
    fn flush(&mut self) {
        if !self.current.is_empty() {
            self.texts.push(self.current.drain(..).collect::<Vec<_>>().join("\n"));
        }
    }
}

const HEADINGS: [&str; 3] = ["\n # Errors\n", "\n # Examples\n", "\n # Refusals\n"];

/// Whether the program in a doc is one function that only calls the client and prints.
fn is_harmless(doc: &str) -> bool {
    let Some((_, program)) = doc.split_once("```no_run\n") else { return false };
    let Some((program, rest)) = program.split_once("\n ```") else { return false };
    let lines = program.lines().map(|line| line.trim().trim_start_matches("# "));
    let tree = syn::parse_file(&lines.collect::<Vec<_>>().join("\n"));
    let mut used = UsedNames::default();
    used.visit_file(&tree.expect("a program parses"));
    used.functions == ["example"]
        && used.macros.iter().all(|name| ["println", "vec"].contains(&name.as_str()))
        && !rest.contains("```")
}

/// The names of the functions and macros in a program.
#[derive(Default)]
struct UsedNames {
    functions: Vec<String>,
    macros: Vec<String>,
}

impl<'ast> Visit<'ast> for UsedNames {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.functions.push(function.sig.ident.to_string());
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macros.push(call.path.segments.last().expect("a path").ident.to_string());
    }
}

/// Returns the first Markdown event of a doc text that is not text, except those of the generator.
fn first_markup(doc: &str) -> Option<String> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    Parser::new_ext(doc, options).find_map(|event| match &event {
        Event::Start(Tag::Paragraph) => None,
        // The generator writes these headings, links into the client and to twin-ext, and programs.
        Event::Start(Tag::Heading { .. })
            if HEADINGS.iter().any(|heading| doc.contains(heading)) =>
        {
            None
        }
        Event::Start(Tag::Link { dest_url, .. })
            if (dest_url.contains("::") && !dest_url.contains('/'))
                || dest_url.starts_with("https://docs.rs/twin-ext/") =>
        {
            None
        }
        Event::Start(Tag::List(None) | Tag::Item)
            if doc.contains("\n Required:\n") || doc.contains("\n # Refusals\n") =>
        {
            None
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind)))
            if &**kind == "no_run" && is_harmless(doc) =>
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

/// Asserts that all descriptions stay text. Returns the number of doc texts.
fn assert_only_text(source: &str, text: &str) -> usize {
    let tree = syn::parse_file(source).expect("the source parses");
    let mut docs = DocTexts::default();
    docs.visit_file(&tree);
    docs.flush();
    for doc in &docs.texts {
        assert_eq!(first_markup(doc), None, "{text:?} as {doc:?}");
    }
    assert!(!source.contains("fn evil() {}\n"), "{text:?} became code");
    let controls = source.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(controls, None, "{text:?}");
    docs.texts.len()
}

#[test]
fn hostile_descriptions_stay_text() {
    for text in HOSTILE {
        let document = with_text(text);
        let mut input = vendored();
        input.openapi = document.as_bytes();
        let source = generate(input).unwrap_or_else(|error| panic!("{text:?}: {error}")).source;
        let texts = assert_only_text(&source, text);
        assert!(texts > 500, "only {texts} doc texts");
        assert!(
            !source.contains(['\u{202e}', '\u{2066}']),
            "{text:?} has a bidirectional control character"
        );
    }
}

/// Builds a document with a tagged union. Its alternatives become variants whose fields have docs.
fn tagged_union(text: &str) -> String {
    let alternative = |tag: &str| {
        serde_json::json!({
            "type": "object", "required": ["kind"], "description": text,
            "properties": {
                "kind": {"const": tag, "description": text},
                "size": {"type": "integer", "description": text},
            },
        })
    };
    serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {
            "description": "d", "content": {"application/json": {"schema": {
                "oneOf": [alternative("cat"), alternative("dog")],
            }}},
        }}}}},
    })
    .to_string()
}

#[test]
fn hostile_descriptions_of_variant_fields_stay_text() {
    let trailing_blanks = ["a \n b \n", "trailing ", "\n\n x"];
    for text in HOSTILE.iter().chain(&trailing_blanks) {
        let document = tagged_union(text);
        let mut input = vendored();
        input.openapi = document.as_bytes();
        input.known = None;
        input.overlay = None;
        input.runtime = Runtime::StandAlone;
        let source = generate(input).unwrap_or_else(|error| panic!("{text:?}: {error}")).source;
        assert_only_text(&source, text);
        assert!(!source.contains("/**"), "{text:?} is in a block comment");
    }
}

/// Texts that begin like a doc comment of the generator and continue with markup.
const FORGED_DOCS: &[&str] = &[
    "A value that this version of the client does not know.\n\n```\npanic!()\n```\n<script>",
    "The value `\n\n    panic!()\n<b>",
    "`Thing`\n\n```\npanic!()\n```",
    "#[twin_written]\n```\npanic!()\n```",
    "a` <script>alert(2)</script>",
];

#[test]
fn forged_docs_begin_like_docs_of_the_generator() {
    let source = contract_client().source;
    for start in ["A value that this version of the client does not know", "The value `"] {
        assert!(source.contains(start), "the generator writes no doc {start:?}");
        assert!(FORGED_DOCS.iter().any(|doc| doc.starts_with(start)), "{start}");
    }
}

#[test]
fn hostile_names_and_values_stay_text() {
    let mut generated = 0;
    for text in HOSTILE.iter().chain(FORGED_DOCS) {
        let document = serde_json::json!({
            "openapi": "3.1.0", "info": {"title": text, "version": text, "description": text},
            "paths": {"/things": {"get": {
                "operationId": "list_things", "tags": [text], "summary": text,
                "parameters": [{"name": text, "in": "query", "schema": {"type": "string"}}],
                "responses": {"200": {"description": text, "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Thing"},
                }}}},
            }}},
            "components": {"schemas": {
                "Thing": {"type": "object", "description": text, "properties": {
                    *text: {"type": "string"},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                }},
                "Kind": {"type": "string", "description": text, "enum": [text, "a"]},
            }},
        })
        .to_string();
        let mut input = vendored();
        input.openapi = document.as_bytes();
        input.known = None;
        input.overlay = None;
        input.runtime = Runtime::StandAlone;
        match generate(input) {
            Ok(client) => {
                assert_only_text(&client.source, text);
                generated += 1;
            }
            Err(error) => assert!(error.pointer().is_some(), "{text:?}: {error}"),
        }
    }
    assert!(generated > 20, "only {generated} generate");
}

#[test]
fn keywords_and_unusual_names_become_identifiers() {
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
    let mut input = vendored();
    input.openapi = document.as_bytes();
    input.known = None;
    input.overlay = None;
    input.runtime = Runtime::StandAlone;
    let source = generate(input).expect("the document generates").source;
    let tree = syn::parse_file(&source).expect("the source parses");
    assert!(!tree.items.is_empty());
    for name in
        ["pub fn match_(", "pub fn type_<", "pub fn async_<", "pub fn_:", "pub self_:", "pub x1st:"]
    {
        assert!(source.contains(name), "{name} is not in the source");
    }
}

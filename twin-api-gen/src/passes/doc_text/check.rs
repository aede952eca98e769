//! Checks that every doc comment of the output renders as plain text, except for the Markdown that the
//! generator itself writes.
//!
//! This is a second line of defence: if other code has not escaped text of the document, it is escaped
//! here. The check uses only the output, not the document.

use std::collections::HashSet;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use syn::Attribute;
use syn::visit_mut::VisitMut;

use super::escape::escape;
use super::extension::ROOT;
use super::operation::OPERATION;
use super::{WRITTEN, doc_of, set_doc};

/// The headings that the generator writes.
const HEADINGS: [&str; 4] = ["Errors", "Panics", "Examples", "Refusals"];

/// Escapes every doc comment that renders as anything but plain text, and writes each line as one
/// attribute.
///
/// The docs of operations may also contain lists, links to twin-ext, and `programs`. Docs that another
/// pass has written may contain links to twin-ext.
pub(super) fn apply(tree: &mut syn::File, programs: Vec<String>) {
    DocCheck { programs: programs.into_iter().collect() }.visit_file_mut(tree);
}

struct DocCheck {
    programs: HashSet<String>,
}

impl VisitMut for DocCheck {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let is_written = take(attributes, WRITTEN);
        let programs = take(attributes, OPERATION).then_some(&self.programs);
        let may_link = is_written || programs.is_some();
        let doc = doc_of(attributes);
        if doc.is_empty() {
            return;
        }
        // Removes the blank that follows `///`.
        let lines: Vec<&str> =
            doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
        let text = lines.join("\n");
        let is_normalized = || {
            let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
            docs.count() == lines.len()
                && doc.lines().zip(&lines).all(|(written, line)| match *line {
                    "" => written.is_empty(),
                    line => written.strip_prefix(' ') == Some(line),
                })
        };
        if is_text(&text, programs, may_link) {
            if !is_normalized() {
                set_doc(attributes, &lines);
            }
        } else {
            set_doc(attributes, &[escape(&text)]);
        }
    }
}

/// Removes the marks called `name`. Returns whether there was one.
fn take(attributes: &mut Vec<Attribute>, name: &str) -> bool {
    let before = attributes.len();
    attributes.retain(|attribute| !attribute.path().is_ident(name));
    attributes.len() < before
}

/// Returns whether a doc consists of text, code spans, our headings and links to Rust paths. With
/// `programs`, it may also have lists, and code blocks that equal one of the programs. With `links`, it
/// may also have links to twin-ext.
fn is_text(doc: &str, programs: Option<&HashSet<String>>, links: bool) -> bool {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    let mut in_heading = false;
    let mut block: Option<String> = None;
    Parser::new_ext(doc, options).all(|event| match event {
        Event::Start(Tag::Heading { .. }) => {
            in_heading = true;
            true
        }
        Event::Text(text) if in_heading => {
            in_heading = false;
            HEADINGS.contains(&&*text)
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) => {
            block = Some(String::new());
            programs.is_some() && &*kind == "no_run"
        }
        Event::End(TagEnd::CodeBlock) => {
            let code = block.take().unwrap_or_default();
            programs.is_some_and(|programs| programs.contains(code.trim_end_matches('\n')))
        }
        Event::Text(text) => {
            if let Some(block) = &mut block {
                block.push_str(&text);
            }
            true
        }
        Event::Start(Tag::List(None) | Tag::Item) => programs.is_some(),
        Event::Start(Tag::Paragraph) | Event::SoftBreak | Event::Code(_) | Event::End(_) => true,
        Event::Start(Tag::Link { dest_url, .. }) => {
            is_path(&dest_url) || (links && is_ours(&dest_url))
        }
        _ => false,
    })
}

/// Returns whether a link leads to the documentation of twin-ext.
fn is_ours(link: &str) -> bool {
    link.starts_with(ROOT)
}

/// Returns whether a link is a Rust path, which rustdoc resolves, and not a URL.
fn is_path(link: &str) -> bool {
    link.contains("::") && link.chars().all(|c| c.is_alphanumeric() || matches!(c, ':' | '_'))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn checked(mut tree: syn::File) -> String {
        apply(&mut tree, vec!["fn ours() {}".to_owned()]);
        prettyplease::unparse(&tree)
    }

    #[test]
    fn keeps_docs_that_the_generator_writes() {
        let written: syn::File = parse_quote! {
            /// Sends `GET /a`, see [`Client::a`](super::Client::a).
            ///
            /// # Errors
            /// The service refused it.
            fn send() {}
        };
        assert_eq!(checked(written.clone()), prettyplease::unparse(&written));
    }

    #[test]
    fn only_docs_of_operations_keep_programs_and_lists() {
        let doc = "- a\n\n```no_run\nfn ours() {}\n```\n\n[`x`](https://docs.rs/twin-ext/latest/twin_ext/x)";
        let source = checked(parse_quote! {
            #[doc = #doc]
            #[twin_operation]
            fn a() {}
        });
        let kept = "/// - a\n///\n/// ```no_run\n/// fn ours() {}\n/// ```\n///\n/// [`x`]";
        assert!(source.starts_with(kept) && !source.contains("twin_operation"), "{source}");
        for other in [
            doc.replace("ours", "theirs"),
            doc.replace("no_run", ""),
            doc.replace("/x", "/../x").replace("docs.rs", "evil.example"),
        ] {
            let source = checked(parse_quote! {
                #[doc = #other]
                #[twin_operation]
                fn a() {}
            });
            assert!(source.starts_with("/// \\- a"), "{source}");
        }
    }

    #[test]
    fn escapes_other_markdown_on_every_item() {
        let hostile = [
            "```\npanic!()\n```",
            "a\n\n    panic!()",
            "<b>x</b>",
            "[x](https://example.org)",
            "<https://example.org>",
            "![x](super::y)",
            "- a list",
            "```no_run\nfn ours() {}\n```",
            "[`twin-ext`](https://docs.rs/twin-ext/latest/twin_ext/index.html)",
            "> a quote",
            "a\n\n# heading",
            "|a|\n|-|\n|b|",
            "a[^1]\n\n[^1]: b",
            "[a]\n\n[a]: https://example.org",
            "*a* ",
        ];
        for text in hostile {
            let tree: syn::File = parse_quote! {
                #[doc = #text]
                mod a {
                    #[doc = #text]
                    enum B {
                        #[doc = #text]
                        C {
                            #[doc = #text]
                            d: u8,
                        },
                    }
                    #[doc = #text]
                    const E: u8 = 0;
                    impl B {
                        #[doc = #text]
                        fn f() {}
                    }
                }
            };
            let source = checked(tree);
            let escaped =
                escape(text).lines().map(|line| format!("/// {line}")).collect::<Vec<_>>();
            let lines = source.lines().filter(|line| line.trim() == escaped[0]).count();
            let times = escaped.iter().filter(|line| **line == escaped[0]).count();
            assert_eq!(lines, 6 * times, "{text:?}: {source}");
            assert!(!source.contains("/**"), "{source}");
        }
    }
}

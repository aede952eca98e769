//! Every doc text of the output renders to text, and to what the generator itself writes.
//!
//! It is the last line: what the writers of docs forget is escaped here, whatever it stands
//! on. It knows nothing of the document.

use pulldown_cmark::{Event, Options, Parser, Tag};
use syn::Attribute;
use syn::visit_mut::VisitMut;

use super::escape::escape;
use super::{WRITTEN, doc_of, set_doc};

/// Headings of our own.
const HEADINGS: [&str; 3] = ["Errors", "Panics", "Examples"];

/// Escapes every doc text that renders to anything else, and writes each in single lines.
pub(super) fn apply(tree: &mut syn::File) {
    Check.visit_file_mut(tree);
}

struct Check;

impl VisitMut for Check {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !attribute.path().is_ident(WRITTEN));
        let doc = doc_of(attributes);
        if doc.is_empty() {
            return;
        }
        // The blank that `///` is written with.
        let lines: Vec<&str> =
            doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
        let text = lines.join("\n");
        let is_written_so = || {
            let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
            docs.count() == lines.len()
                && doc.lines().zip(&lines).all(|(written, line)| match *line {
                    "" => written.is_empty(),
                    line => written.strip_prefix(' ') == Some(line),
                })
        };
        if is_text(&text) {
            if !is_written_so() {
                set_doc(attributes, &lines);
            }
        } else {
            set_doc(attributes, &[escape(&text)]);
        }
    }
}

/// Whether a doc is text, code spans, our headings and links into the client.
fn is_text(doc: &str) -> bool {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    let mut in_heading = false;
    Parser::new_ext(doc, options).all(|event| match event {
        Event::Start(Tag::Heading { .. }) => {
            in_heading = true;
            true
        }
        Event::Text(text) if in_heading => {
            in_heading = false;
            HEADINGS.contains(&&*text)
        }
        Event::Start(Tag::Paragraph)
        | Event::SoftBreak
        | Event::Code(_)
        | Event::Text(_)
        | Event::End(_) => true,
        Event::Start(Tag::Link { dest_url, .. }) => is_path(&dest_url),
        _ => false,
    })
}

/// A path of Rust, which leaves the crate for nowhere.
fn is_path(link: &str) -> bool {
    link.contains("::") && link.chars().all(|c| c.is_alphanumeric() || matches!(c, ':' | '_'))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn checked(mut tree: syn::File) -> String {
        apply(&mut tree);
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
    fn anything_else_is_escaped_wherever_it_stands() {
        let hostile = [
            "```\npanic!()\n```",
            "a\n\n    panic!()",
            "<b>x</b>",
            "[x](https://example.org)",
            "<https://example.org>",
            "![x](super::y)",
            "- a list",
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

//! Renders the page as HTML.
//!
//! The data of the page may be hostile, so all data passes through [`escape`].

// Writing to a `String` cannot fail.
use std::fmt::Write as _;

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::view::{Cell, PageFact, PageView, Table};

const INDEX: &str = include_str!("index.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The static parts of the page.
pub(super) struct Template {
    /// The HTML before the facts, before the links, before the tables, and after the tables.
    parts: [String; 4],
    /// The value of `Content-Security-Policy`, which allows only this script, this style and requests
    /// to this origin.
    pub(super) policy: HeaderValue,
}

impl Template {
    pub(super) fn new() -> Self {
        // Browsers normalise line ends to \n before they hash a script.
        let [index, style, script] = [INDEX, STYLE, SCRIPT].map(|text| text.replace('\r', ""));
        let html = index.replacen("{style}", &style, 1).replacen("{script}", &script, 1);
        let mut rest = html.as_str();
        let before = ["{facts}", "{links}", "{tables}"].map(|mark| {
            let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
            rest = after;
            before.to_owned()
        });
        let [facts, links, tables] = before;
        Self { parts: [facts, links, tables, rest.to_owned()], policy: policy(&style, &script) }
    }

    pub(super) fn render(&self, view: &PageView) -> String {
        let [start, links, tables, end] = &self.parts;
        let mut html = start.clone();
        view.facts.iter().for_each(|shown| fact(shown, &mut html));
        html.push_str(links);
        view.tables.iter().for_each(|shown| link(shown, &mut html));
        html.push_str(tables);
        view.tables.iter().for_each(|shown| table(shown, &mut html));
        html.push_str(end);
        html
    }
}

fn policy(style: &str, script: &str) -> HeaderValue {
    let [style, script] =
        [style, script].map(|text| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    // The policy is ASCII; the fallback would block everything.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn fact(fact: &PageFact, html: &mut String) {
    html.push_str("<div><dt>");
    escape(fact.name, html);
    html.push_str("</dt><dd>");
    content(&fact.cell, html);
    html.push_str("</dd></div>");
}

fn link(table: &Table, html: &mut String) {
    let Table { id, caption, total, .. } = table;
    let attribute = hidden(table);
    let _ = write!(html, "<li{attribute}><a href=\"#{id}\">{caption} <b>{total}</b></a></li>");
}

fn table(table: &Table, html: &mut String) {
    let Table { id, caption, note, .. } = table;
    let attribute = hidden(table);
    let _ = write!(
        html,
        "<section id=\"{id}\"{attribute}><div role=\"region\" tabindex=\"0\" \
         aria-label=\"{caption}\"><table><caption><h2>{caption}</h2> <span>"
    );
    escape(note, html);
    html.push_str("</span></caption><thead><tr>");
    for column in table.columns {
        let (style, name) = (column.style.name(), column.name);
        let _ = write!(html, "<th scope=\"col\" class=\"{style}\">{name}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    table.rows.iter().for_each(|cells| row(table, cells, html));
    html.push_str("</tbody></table></div>");
    if let Some(empty) = table.empty {
        let attribute = if table.rows.is_empty() { "" } else { " hidden" };
        let _ = write!(html, "<p class=\"empty\"{attribute}>{empty}</p>");
    }
    html.push_str("</section>");
}

/// Returns the attribute that hides a table without rows, if the table has no text for that case.
fn hidden(table: &Table) -> &'static str {
    if table.is_hidden() { " hidden" } else { "" }
}

fn row(table: &Table, cells: &[Cell], html: &mut String) {
    html.push_str("<tr>");
    for (place, (cell, column)) in cells.iter().zip(table.columns).enumerate() {
        let (start, end) =
            if place == 0 { ("<th scope=\"row\"", "</th>") } else { ("<td", "</td>") };
        let (style, name) = (column.style.name(), column.name);
        let _ = write!(html, "{start} class=\"{style}\" data-label=\"{name}\">");
        content(cell, html);
        html.push_str(end);
    }
    html.push_str("</tr>");
}

fn content(cell: &Cell, html: &mut String) {
    if let Some(details) = &cell.details {
        html.push_str("<details><summary>");
        escape(&cell.text, html);
        html.push_str("</summary><pre>");
        escape(details, html);
        html.push_str("</pre></details>");
        return;
    }
    let _ = write!(html, "<span class=\"{}\">", cell.tone.name());
    escape(&cell.text, html);
    html.push_str("</span>");
}

/// Escapes `text` so that it cannot become markup.
fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_html_in_text() {
        let mut html = String::new();

        escape(r#"</td><img src='x' onerror="a&b">"#, &mut html);

        assert_eq!(html, "&lt;/td&gt;&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;");
    }

    /// An end tag or a placeholder in the script would change it, and its hash would not match.
    #[test]
    fn embeds_script_and_style_and_fills_every_placeholder() {
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("<!--") && !STYLE.contains("</"));
        let template = Template::new();
        assert!(template.parts.iter().all(|part| !part.is_empty()));
        let html = template.parts.concat();
        assert!(["{style}", "{script}"].iter().all(|mark| !html.contains(mark)), "{html}");
        assert_eq!(html.matches("<script").count(), 1);
        assert_eq!(html.matches("<style").count(), 1);
    }
}

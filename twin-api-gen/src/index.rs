//! Writes the index of all operations, a page of the guide of twin-ext.
//!
//! rustdoc resolves the links of the page, so the build of the documentation fails if a linked item
//! no longer exists.

use std::fmt::Write as _;

use crate::passes::GeneratedOperation;
use crate::passes::doc_text::{escape, extension};

const HEAD: &str = "\
<!-- Written by `cargo xtask regen`. Do not edit. -->

# Index of the operations

Each operation is a function of [`Client`](twin_api::Client). It returns a
[builder](twin_api::builder): set the parameters, then `send().await`. The documentation of each
function shows the required parameters, the known refusals and a program. That program imports
`twin_api`: with this crate, import `twin_ext::twin_api` instead. The last column links to what this
crate adds.
";

/// Writes the index, by tag in the order of the document.
pub(crate) fn write(operations: &[GeneratedOperation]) -> String {
    let mut page = HEAD.to_owned();
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations {
        if !tags.contains(&tag(operation)) {
            tags.push(tag(operation));
        }
    }
    for section in tags {
        // Writing to a String does not fail.
        let _ = write!(
            page,
            "\n## {}\n\n| operation | request | in this crate |\n|---|---|---|\n",
            escape::escape(section)
        );
        for operation in operations.iter().filter(|operation| tag(operation) == section) {
            page.push_str(&row(operation));
        }
    }
    page
}

fn tag(operation: &GeneratedOperation) -> &str {
    operation.object["tags"][0].as_str().unwrap_or("Others")
}

fn row(operation: &GeneratedOperation) -> String {
    let function = &operation.function;
    let request = format!("{} {}", operation.method.to_uppercase(), operation.path);
    let links: Vec<String> =
        extension::extensions(operation).map(extension::Extension::local_link).collect();
    format!(
        "| [`{function}`](twin_api::Client::{function}) | {} | {} |\n",
        // A `|` in a path would end the cell of the table.
        escape::code(&request).replace('|', ""),
        links.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn operation(function: &str, tag: &Value) -> GeneratedOperation {
        GeneratedOperation {
            method: "get".to_owned(),
            path: "/a|b".to_owned(),
            object: json!({"tags": [tag]}),
            parameters: Vec::new(),
            builder: "Builder".to_owned(),
            function: function.to_owned(),
        }
    }

    #[test]
    fn lists_each_operation_once_below_its_tag() {
        let operations = [
            operation("list_agents", &json!("A <b>")),
            operation("unknown", &Value::Null),
            operation("get_agent", &json!("A <b>")),
        ];
        let page = write(&operations);
        let rows: Vec<&str> = page.lines().filter(|line| !line.starts_with("|-")).collect();
        let place = |text: &str| rows.iter().position(|row| row.contains(text));
        assert!(place("## A \\<b\\>") < place("list_agents"));
        assert!(place("list_agents") < place("get_agent"));
        assert!(place("get_agent") < place("## Others"));
        assert!(page.contains("| `GET /ab` | [`Paginate"));
        assert!(page.trim_end().ends_with("| `GET /ab` |  |"));
    }
}

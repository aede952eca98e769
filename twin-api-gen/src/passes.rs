//! Changes progenitor's output with an ordered list of passes over the syntax tree.
//!
//! Each pass checks that it finds the code it was written for. If a new version of progenitor
//! generates other code, the pass fails with its name, before a user's program does. A correction
//! that can be expressed in JSON belongs in the overlay or in `lower`.

mod bounds;
mod builder_message;
mod client_feature;
mod constructor;
pub(crate) mod doc_text;
mod ergonomics;
mod integer;
mod items;
mod literal;
mod native_type;
mod nulls;
mod open_enum;
mod optional_response;
mod path_identifier;
mod secret;
mod send;
mod tree;
mod union;
mod version_header;
mod wire;

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use serde_json::Value;

pub(crate) use tree::{
    Builder, GeneratedOperation, MentionedTypes, builders_by_name, generic_argument, ident_of,
    items_of, last_segment, operations, serde_has, serde_rename, trait_of,
};

use crate::{Error, Runtime, Stage};

/// The input of a pass besides the tree.
pub(crate) struct PassContext<'a> {
    /// The lowered document.
    pub(crate) document: &'a Value,
    /// The effective document, which still has examples and refusals.
    pub(crate) effective: &'a Value,
    /// The runtime that the source is generated for.
    pub(crate) runtime: Runtime,
    /// The operations of the document, with their names in the tree.
    pub(crate) operations: Vec<GeneratedOperation>,
    /// The index of each operation in `operations`, by its builder.
    by_builder: BTreeMap<String, usize>,
}

impl<'a> PassContext<'a> {
    fn new(
        (document, effective): (&'a Value, &'a Value),
        runtime: Runtime,
        operations: Vec<GeneratedOperation>,
    ) -> Self {
        let builders = operations.iter().map(|operation| operation.builder.clone());
        let by_builder = builders.zip(0..).collect();
        Self { document, effective, runtime, operations, by_builder }
    }

    /// Returns the operation of a builder. A builder without one is an error.
    fn operation(&self, builder: &str) -> Result<&GeneratedOperation, String> {
        let operation = self.by_builder.get(builder).and_then(|index| self.operations.get(*index));
        operation.ok_or_else(|| format!("builder::{builder} has no operation"))
    }
}

/// A tree after all passes, with its operations.
pub(crate) struct Passed {
    pub(crate) tree: syn::File,
    pub(crate) operations: Vec<GeneratedOperation>,
}

struct Pass {
    name: &'static str,
    apply: fn(&mut syn::File, &PassContext<'_>) -> Result<(), String>,
}

/// The passes, in order. Passes that expect progenitor's own code come first. `literal` rewrites
/// setters after `bounds` has extended them, and `secret` expects the code that `send` writes.
/// `doc_text` is last, because it documents the result. Add a new pass before `doc_text`.
const PASSES: &[Pass] = &[
    Pass { name: "constructor", apply: constructor::apply },
    Pass { name: "version-header", apply: version_header::apply },
    Pass { name: "wire", apply: wire::apply },
    Pass { name: "optional-response", apply: optional_response::apply },
    Pass { name: "path-identifier", apply: path_identifier::apply },
    Pass { name: "bounds", apply: bounds::apply },
    Pass { name: "open-enum", apply: open_enum::apply },
    Pass { name: "union", apply: union::apply },
    Pass { name: "literal", apply: literal::apply },
    Pass { name: "nulls", apply: nulls::apply },
    Pass { name: "integer", apply: integer::apply },
    Pass { name: "native-type", apply: native_type::apply },
    Pass { name: "send", apply: send::apply },
    Pass { name: "secret", apply: secret::apply },
    Pass { name: "client-feature", apply: client_feature::apply },
    Pass { name: "ergonomics", apply: ergonomics::apply },
    Pass { name: "builder-message", apply: builder_message::apply },
    Pass { name: "doc-text", apply: doc_text::apply },
];

/// Parses progenitor's tokens and runs every pass over the tree.
pub(crate) fn run(
    tokens: TokenStream,
    documents: (&Value, &Value),
    runtime: Runtime,
) -> Result<Passed, Error> {
    let items = items::parse(tokens).map_err(|error| {
        Error::new(Stage::Passes, format!("progenitor's output does not parse: {error}"))
    })?;
    let mut tree = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items };
    let operations = operations(&tree, documents.0).map_err(|cause| failed("index", &cause))?;
    let context = PassContext::new(documents, runtime, operations);
    for pass in PASSES {
        (pass.apply)(&mut tree, &context).map_err(|cause| failed(pass.name, &cause))?;
    }
    Ok(Passed { tree, operations: context.operations })
}

fn failed(pass: &str, cause: &str) -> Error {
    Error::new(Stage::Passes, format!("pass {pass}: {cause}")).help(
        "progenitor generates other code than this pass expects; \
         read its release notes and update twin-api-gen/src/passes",
    )
}

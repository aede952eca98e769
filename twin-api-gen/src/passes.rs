//! What progenitor's output must be changed in, as an ordered list of passes over the
//! syntax tree.
//!
//! Each pass knows what it comes for and refuses when that is not there: a new progenitor
//! that writes another shape fails here, with a name, and not in somebody's program. A
//! fact that JSON can say belongs in the overlay or in `lower`, not here.

mod bounds;
mod client_feature;
mod constructor;
mod doc_text;
mod integer;
mod literal;
mod native_type;
mod nulls;
mod open_enum;
mod path_identifier;
mod secret;
mod send;
mod tree;
mod union;
mod version_header;
mod wire;

use proc_macro2::TokenStream;
use serde_json::Value;

pub(crate) use tree::{
    Mentions, Operation, argument_of, as_fn, as_inherent_impl, ident_of, items_of, last_segment,
    letters, operations, serde_has, serde_rename, trait_of,
};

use crate::{Error, Runtime, Stage};

/// What a pass may look at besides the tree.
pub(crate) struct Context<'a> {
    /// The lowered document.
    pub(crate) document: &'a Value,
    /// Where the source will live.
    pub(crate) runtime: Runtime,
    /// The document's operations, as the tree names them.
    pub(crate) operations: Vec<Operation>,
}

/// A tree that every pass has run over, and the operations in it.
pub(crate) struct Passed {
    pub(crate) tree: syn::File,
    pub(crate) operations: Vec<Operation>,
}

struct Pass {
    name: &'static str,
    apply: fn(&mut syn::File, &Context<'_>) -> Result<(), String>,
}

/// The passes in their order. Those that look for progenitor's own shapes come first;
/// `literal` rewrites the setters that `bounds` adds to; `secret` looks for what `send`
/// wrote; `doc_text` is last, because it speaks of everything that the others left. A new pass goes before `doc_text`.
const PASSES: &[Pass] = &[
    Pass { name: "constructor", apply: constructor::apply },
    Pass { name: "version-header", apply: version_header::apply },
    Pass { name: "wire", apply: wire::apply },
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
    Pass { name: "doc-text", apply: doc_text::apply },
];

/// Parses progenitor's tokens and runs every pass over the tree.
pub(crate) fn run(
    tokens: TokenStream,
    document: &Value,
    runtime: Runtime,
) -> Result<Passed, Error> {
    let mut tree: syn::File = syn::parse2(tokens).map_err(|error| {
        Error::new(Stage::Passes, format!("progenitor's output does not parse: {error}"))
    })?;
    let operations = operations(&tree, document).map_err(|cause| failed("index", &cause))?;
    let context = Context { document, runtime, operations };
    for pass in PASSES {
        (pass.apply)(&mut tree, &context).map_err(|cause| failed(pass.name, &cause))?;
    }
    Ok(Passed { tree, operations: context.operations })
}

fn failed(pass: &str, cause: &str) -> Error {
    Error::new(Stage::Passes, format!("pass {pass}: {cause}")).help(
        "progenitor writes another shape than this pass was made for; \
         look at its release notes and mend twin-api-gen/src/passes",
    )
}

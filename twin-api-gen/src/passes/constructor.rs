//! Removes `Client::new`.
//!
//! It panics on errors, and its `reqwest::Client` follows redirects with the key. In `twin-api`,
//! `connect` and `new_with_client` replace it. Stand-alone output keeps it, because it has no
//! `connect`.

use super::PassContext;
use super::tree::inherent_impls_mut;
use crate::Runtime;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    if context.runtime == Runtime::StandAlone {
        return Ok(());
    }
    let mut removed = 0;
    for (name, item) in inherent_impls_mut(&mut tree.items) {
        if name == "Client" {
            let before = item.items.len();
            item.items.retain(
                |item| !matches!(item, syn::ImplItem::Fn(function) if function.sig.ident == "new"),
            );
            removed += before - item.items.len();
        }
    }
    match removed {
        1 => Ok(()),
        count => Err(format!("expected one Client::new, found {count}")),
    }
}

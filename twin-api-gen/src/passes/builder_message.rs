//! Rewords the errors of builders: which setter was not called, and which value has the wrong type.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprLit, ExprMethodCall, Item, Lit, LitStr};

use super::PassContext;
use super::tree::items_of_mut;

pub(super) fn apply(tree: &mut syn::File, context: &PassContext<'_>) -> Result<(), String> {
    let mut operations = MessageWriter::default();
    operations.write(&mut tree.items);
    let is_required = |parameter: &serde_json::Value| parameter["required"] == true;
    let required = context.operations.iter().flat_map(|operation| &operation.parameters);
    if operations.unset < required.filter(|parameter| is_required(parameter)).count() {
        return Err(
            "a required parameter has no message for the case that it is not set".to_owned()
        );
    }
    if let Ok(types) = items_of_mut(&mut tree.items, "types") {
        MessageWriter::default().write(types);
    }
    Ok(())
}

#[derive(Default)]
struct MessageWriter {
    /// The number of messages about values that are not set.
    unset: usize,
}

impl MessageWriter {
    /// Rewords the messages in the module `builder`, if there is one.
    fn write(&mut self, items: &mut [Item]) {
        for item in items_of_mut(items, "builder").into_iter().flatten() {
            self.visit_item_mut(item);
        }
    }
}

impl VisitMut for MessageWriter {
    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        visit_mut::visit_expr_method_call_mut(self, call);
        if call.method != "to_string" {
            return;
        }
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &mut *call.receiver else { return };
        let old = text.value();
        if let Some(name) = unset(&old) {
            self.unset += 1;
            *text = LitStr::new(&format!("{name} is not set; call .{name}(...)"), text.span());
        } else if let Some(message) = conversion(&old) {
            *text = LitStr::new(&message, text.span());
        }
    }
}

/// Returns the name in a message of progenitor or typify about a value that is not set.
fn unset(text: &str) -> Option<&str> {
    text.strip_suffix(" was not initialized")
        .or_else(|| text.strip_prefix("no value supplied for "))
}

/// Rewords a message about a value that has the wrong type.
fn conversion(text: &str) -> Option<String> {
    let conversion = text.strip_prefix("conversion to `")?.strip_suffix(" failed")?;
    let (target, name) = conversion.split_once("` for ")?;
    // The type is printed as tokens, with its whole path.
    let target = target.replace(' ', "");
    let target = if target.contains('<') { &target } else { target.rsplit("::").next()? };
    Some(format!("the value for {name} cannot be converted to {target}"))
}

#[cfg(test)]
mod tests {
    use super::{conversion, unset};

    #[test]
    fn recognises_messages_of_progenitor_and_typify() {
        assert_eq!(unset("agent_id was not initialized"), Some("agent_id"));
        assert_eq!(unset("no value supplied for run_mode"), Some("run_mode"));
        assert_eq!(unset("value"), None);
        for (old, new) in [
            (
                "conversion to `:: std :: string :: String` for key_id failed",
                "the value for key_id cannot be converted to String",
            ),
            (
                "conversion to `Vec < i64 >` for ids failed",
                "the value for ids cannot be converted to Vec<i64>",
            ),
        ] {
            assert_eq!(conversion(old).as_deref(), Some(new));
        }
        assert_eq!(conversion("value"), None);
    }
}

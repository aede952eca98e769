//! Gives webhooks their own tag and operationIds.
//!
//! Other generators also generate code for webhooks from the effective document. Without a separate
//! tag, that code would overwrite the operations with the same tag.

use serde_json::{Value, json};

use crate::METHODS;
use crate::known::Known;
use crate::names::snake;

pub(crate) fn name(document: &mut Value, known: &Known) {
    let Some(tag) = &known.webhook_tag else { return };
    let Some(webhooks) = document.get_mut("webhooks").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, item) in webhooks {
        let many = METHODS.iter().filter(|method| item.get(**method).is_some()).count() > 1;
        for method in METHODS {
            let Some(Value::Object(operation)) = item.get_mut(method) else { continue };
            let method = if many { format!("_{method}") } else { String::new() };
            operation.insert(
                "operationId".to_owned(),
                json!(format!("receive_{}{method}", snake(name))),
            );
            operation.insert("tags".to_owned(), json!([tag]));
        }
    }
}

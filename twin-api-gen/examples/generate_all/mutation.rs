//! Changes a random place of a JSON document, to imitate broken and odd documents.

use serde_json::{Value, json};

/// Changes one place of `document`; `below(end)` chooses a number below `end`.
pub(crate) fn mutate(document: &mut Value, below: &mut dyn FnMut(usize) -> usize) {
    let size = count(document);
    let mut at = below(size);
    let change = below(7);
    let replacement = replacement(document, below);
    visit(document, &mut at, &mut |value| apply(value, change, &replacement));
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Calls `change` with the value that is number `at` in the order of the document.
fn visit(value: &mut Value, at: &mut usize, change: &mut dyn FnMut(&mut Value)) -> bool {
    if *at == 0 {
        change(value);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| visit(item, at, change)),
        Value::Object(members) => members.values_mut().any(|member| visit(member, at, change)),
        _ => false,
    }
}

/// Returns an odd value, or a value from elsewhere in the document.
fn replacement(document: &Value, below: &mut dyn FnMut(usize) -> usize) -> Value {
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("#/components/schemas/Nowhere"),
        json!([]),
        json!({}),
        json!({"$ref": "#/components/schemas/Nowhere"}),
        json!({"$ref": "#"}),
    ];
    let choice = below(odd.len() + 2);
    if let Some(value) = odd.into_iter().nth(choice) {
        return value;
    }
    let mut found = Value::Null;
    let mut at = below(count(document));
    visit(&mut document.clone(), &mut at, &mut |value| found = value.clone());
    // Repeated copies of a large part would make the document grow without end.
    if count(&found) > 200 { Value::Null } else { found }
}

fn apply(value: &mut Value, change: usize, replacement: &Value) {
    match (change, value) {
        (0, Value::Object(members)) => {
            let first = members.keys().next().cloned();
            first.and_then(|name| members.remove(&name));
        }
        (1, Value::Object(members)) => {
            let first = members.keys().next().cloned();
            if let Some(value) = first.and_then(|name| members.remove(&name)) {
                members.insert("type".to_owned(), value);
            }
        }
        (2, Value::Object(members)) => {
            for keyword in ["allOf", "oneOf", "items", "$ref"] {
                members.entry(keyword).or_insert_with(|| replacement.clone());
            }
        }
        (3, Value::Array(items)) => items.reverse(),
        (4, Value::Array(items)) => items.push(replacement.clone()),
        (5, Value::String(text)) => text.push_str("\u{202e}```\n<b>"),
        (_, value) => *value = replacement.clone(),
    }
}

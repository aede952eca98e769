//! Moves schemas from `$defs` and `definitions` to `components`, and updates the references.
//!
//! A reference may be the full pointer, or `#/$defs/Name` from within the schema that has the
//! `$defs`. Some generators write the second form, although it formally means the document's root.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::reference::to_component;
use crate::pointer::child;
use crate::schemas;

const KEYWORDS: [&str; 2] = ["$defs", "definitions"];

pub(super) fn hoist(document: &mut Value) {
    if document["components"].is_null() {
        document["components"] = json!({});
    }
    if document["components"]["schemas"].is_null() {
        document["components"]["schemas"] = json!({});
    }
    let mut hoist =
        DefinitionHoister { names: BTreeMap::new(), moved: Map::new(), taken: Vec::new() };
    let schemas = document["components"]["schemas"].as_object();
    hoist.taken = schemas.into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let roots = roots(document);
    for pointer in roots {
        if let Some(schema) = document.pointer_mut(&pointer) {
            hoist.schema(schema, &pointer);
        }
    }
    if hoist.moved.is_empty() {
        return;
    }
    let DefinitionHoister { names, moved, .. } = hoist;
    if let Some(Value::Object(schemas)) = document["components"].get_mut("schemas") {
        schemas.extend(moved);
    }
    schemas::each_reference_mut(document, &mut |reference| {
        let pointer = reference.strip_prefix('#').and_then(|pointer| names.get(pointer));
        if let Some(name) = pointer {
            *reference = to_component(name);
        }
    });
}

/// Returns the pointers of all schemas that are not nested in another schema.
fn roots(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![(String::new(), document)];
    while let Some((pointer, value)) = todo.pop() {
        match value {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                todo.extend(items.map(|(index, item)| (child(&pointer, index), item)));
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let at = child(&pointer, name);
                    match name.as_str() {
                        "schema" => found.push(at),
                        "schemas" if pointer == "/components" => {
                            let names = member.as_object().into_iter().flatten();
                            found.extend(names.map(|(name, _)| child(&at, name)));
                        }
                        "example" | "examples" => {}
                        _ => todo.push((at, member)),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Moves definitions to components.
struct DefinitionHoister {
    /// The new component name of each definition, by its original pointer.
    names: BTreeMap<String, String>,
    moved: Map<String, Value>,
    /// The component names that are in use.
    taken: Vec<String>,
}

impl DefinitionHoister {
    fn schema(&mut self, schema: &mut Value, pointer: &str) {
        let Some(members) = schema.as_object_mut() else { return };
        let mut local = BTreeMap::new();
        let mut definitions = Vec::new();
        for keyword in KEYWORDS {
            let Some(Value::Object(found)) = members.remove(keyword) else { continue };
            for (name, definition) in found {
                let component = self.free_name(&name);
                let at = child(&child(pointer, keyword), &name);
                self.names.insert(at.clone(), component.clone());
                local.insert(child(&child("#", keyword), &name), component.clone());
                definitions.push((component, at, definition));
            }
        }
        if local.is_empty() {
            return self.nested(schema, pointer);
        }
        localize(schema, &local);
        self.nested(schema, pointer);
        for (component, at, mut definition) in definitions {
            localize(&mut definition, &local);
            self.schema(&mut definition, &at);
            self.moved.insert(component, definition);
        }
    }

    fn nested(&mut self, schema: &mut Value, pointer: &str) {
        match schema {
            Value::Object(members) => {
                for (name, member) in members {
                    if !matches!(
                        name.as_str(),
                        "example" | "examples" | "default" | "enum" | "const"
                    ) {
                        self.schema_or_list(member, &child(pointer, name));
                    }
                }
            }
            Value::Array(_) => self.schema_or_list(schema, pointer),
            _ => {}
        }
    }

    fn schema_or_list(&mut self, value: &mut Value, pointer: &str) {
        match value {
            Value::Object(_) => self.schema(value, pointer),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.schema_or_list(item, &child(pointer, index));
                }
            }
            _ => {}
        }
    }

    fn free_name(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut count = 2;
        while self.taken.contains(&free) {
            free = format!("{name}{count}");
            count += 1;
        }
        self.taken.push(free.clone());
        free
    }
}

/// Replaces local references by references to the components.
fn localize(schema: &mut Value, local: &BTreeMap<String, String>) {
    schemas::each_nested_mut(schema, &mut |schema| {
        schemas::each_own_reference_mut(schema, &mut |reference| {
            if let Some(name) = local.get(reference.as_str()) {
                *reference = to_component(name);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::reference::resolve;

    /// The references without a target.
    fn dangling(document: &mut Value) -> Vec<String> {
        let copy = document.clone();
        let mut found = Vec::new();
        schemas::each_reference_mut(document, &mut |reference| {
            if resolve(&copy, reference).is_none() {
                found.push(reference.clone());
            }
        });
        found
    }

    #[test]
    fn definitions_become_components_and_references_follow() {
        let mut document = json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {
                "$ref": "#/$defs/Page",
                "$defs": {"Page": {"items": {"$ref": "#/$defs/Run"}}, "Run": {"type": "object"}},
            }}}}}}}},
            "components": {"schemas": {
                "Run": {"properties": {"name": {"$ref": "#/components/schemas/Run/$defs/Name"}},
                    "$defs": {"Name": {"type": "string"}}},
            }},
        });
        hoist(&mut document);
        let schema = &document["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        assert_eq!(schema, &json!({"$ref": "#/components/schemas/Page"}));
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Name", "Page", "Run", "Run2"]);
        assert_eq!(schemas["Page"], json!({"items": {"$ref": "#/components/schemas/Run2"}}));
        assert_eq!(dangling(&mut document), Vec::<String>::new());
    }
}

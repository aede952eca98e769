//! Rewrites an OpenAPI document into an equivalent one; a seed selects the changes.
//!
//! Requests, responses and descriptions stay the same. The names of schemas, path parameters and
//! operations change, as do tags, order, and the form of schemas, nulls and shared parts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const SCHEMAS: &str = "#/components/schemas/";

pub(super) struct Reworder {
    state: u64,
    /// New component schemas.
    new: Map<String, Value>,
    count: usize,
}

impl Reworder {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed, new: Map::new(), count: 0 }
    }

    /// Returns the reworded document as JSON text, with members in random order.
    pub(super) fn reword(&mut self, document: &mut Value) -> String {
        let schemas = document["components"]["schemas"].clone();
        self.inline(&mut document["paths"], &schemas, 0);
        self.inline(&mut document["webhooks"], &schemas, 0);
        self.inline(&mut document["components"]["schemas"], &schemas, 0);
        self.rewrite(document);
        let new = std::mem::take(&mut self.new);
        if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
            schemas.extend(new);
        }
        self.rename_schemas(document);
        self.paths(document);
        self.share(document);
        if self.one_in(4) {
            self.move_prefix(document);
        }
        self.json_in_random_order(document)
    }

    /// Returns the next number of the `SplitMix64` generator.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }

    /// Replaces some references by their schemas. Keywords beside a reference are kept.
    fn inline(&mut self, value: &mut Value, schemas: &Value, depth: usize) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|it| self.inline(it, schemas, depth)),
            Value::Object(members) => {
                let name = members.get("$ref").and_then(Value::as_str);
                let target = name.and_then(|name| schemas.get(name.strip_prefix(SCHEMAS)?));
                if let Some(target) = target.filter(|_| depth < 6 && self.one_in(3)) {
                    let mut target = target.clone();
                    self.inline(&mut target, schemas, depth + 1);
                    members.remove("$ref");
                    *value = self.merge_keywords(members.clone(), target);
                    return;
                }
                for (name, member) in members {
                    if !name.starts_with("example") {
                        self.inline(member, schemas, depth);
                    }
                }
            }
            _ => {}
        }
    }

    fn merge_keywords(&mut self, around: Map<String, Value>, target: Value) -> Value {
        if around.is_empty() {
            return target;
        }
        let mut place = Value::Object(around);
        if self.one_in(2) {
            place["allOf"] = json!([target]);
            return place;
        }
        // Keywords beside the reference override those of the schema.
        let mut whole = target;
        for (name, value) in place.as_object().into_iter().flatten() {
            whole[name] = value.clone();
        }
        whole
    }

    /// Rewrites schemas: `allOf`, null, aliases, and the order of unordered lists.
    fn rewrite(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item)),
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    if !name.starts_with("example") {
                        self.rewrite(member);
                    }
                }
                if let Some(Value::Array(required)) = members.get_mut("required") {
                    self.shuffle(required);
                }
                if members.contains_key("oneOf") {
                    self.null(members);
                }
                if members.contains_key("properties") && self.one_in(4) {
                    self.split(members);
                }
                if members
                    .get("$ref")
                    .and_then(Value::as_str)
                    .is_some_and(|it| it.starts_with(SCHEMAS))
                    && self.one_in(5)
                {
                    self.alias(members);
                }
            }
            _ => {}
        }
    }

    /// Writes a nullable schema in one of four forms.
    fn null(&mut self, schema: &mut Map<String, Value>) {
        let Some(Value::Array(branches)) = schema.remove("oneOf") else { return };
        let other = branches.iter().find(|branch| branch["type"] != "null").cloned();
        let other = other.unwrap_or_default();
        match self.below(4) {
            0 => drop(schema.insert("anyOf".to_owned(), json!([{"type": "null"}, other]))),
            1 => drop(schema.insert("oneOf".to_owned(), json!([{"type": "null"}, other]))),
            2 => {
                schema.insert("allOf".to_owned(), json!([other]));
                schema.insert("nullable".to_owned(), json!(true));
            }
            _ if other["type"].is_string() => {
                let mut inner = other;
                inner["type"] = json!([inner["type"], "null"]);
                for (name, value) in inner.as_object().into_iter().flatten() {
                    schema.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            _ => {
                schema.insert("anyOf".to_owned(), json!([other, {"type": "null"}]));
            }
        }
    }

    /// Splits an object schema into branches of `allOf`.
    fn split(&mut self, schema: &mut Map<String, Value>) {
        let Some(Value::Object(properties)) = schema.remove("properties") else { return };
        let required = schema.remove("required");
        let (mut one, mut two) = (Map::new(), Map::new());
        for (name, member) in properties {
            let half = if self.one_in(2) { &mut one } else { &mut two };
            half.insert(name, member);
        }
        let mut branches = vec![json!({"type": "object", "properties": one})];
        let mut second = json!({"type": "object", "properties": two});
        if let Some(required) = required {
            second["required"] = required;
        }
        if self.one_in(2) {
            let name = self.fresh();
            self.new.insert(name.clone(), second);
            second = json!({ "$ref": format!("{SCHEMAS}{name}") });
        }
        branches.push(second);
        self.shuffle(&mut branches);
        schema.remove("type");
        let before = schema.remove("allOf");
        let before = before.as_ref().and_then(Value::as_array).into_iter().flatten().cloned();
        let branches: Vec<Value> = before.chain(branches).collect();
        schema.insert("allOf".to_owned(), json!(branches));
    }

    /// Moves a reference into a component, or into a definition inside the schema.
    fn alias(&mut self, members: &mut Map<String, Value>) {
        let name = self.fresh();
        let target = json!({ "$ref": members.get("$ref") });
        if self.one_in(2) {
            self.new.insert(name.clone(), target);
            members.insert("$ref".to_owned(), json!(format!("{SCHEMAS}{name}")));
        } else {
            members.insert("$defs".to_owned(), json!({ name.as_str(): target }));
            members.insert("$ref".to_owned(), json!(format!("#/$defs/{name}")));
        }
    }

    fn fresh(&mut self) -> String {
        self.count += 1;
        format!("{}{}", ["Part", "Inner", "part_", "v1.Dto"][self.below(4)], self.count)
    }

    /// Renames every schema to the name of another schema or to a new name.
    fn rename_schemas(&mut self, document: &mut Value) {
        let Value::Object(schemas) = document["components"]["schemas"].take() else { return };
        let old: Vec<String> = schemas.keys().cloned().collect();
        let mut new = old.clone();
        match self.below(3) {
            0 => self.shuffle(&mut new),
            1 => new.iter_mut().for_each(|name| name.push_str("Dto")),
            _ => {}
        }
        let names: BTreeMap<&String, String> = old.iter().zip(new).collect();
        let renamed: Map<String, Value> =
            schemas.iter().map(|(name, schema)| (names[name].clone(), schema.clone())).collect();
        document["components"]["schemas"] = Value::Object(renamed);
        rename_references(document, &names);
    }

    fn paths(&mut self, document: &mut Value) {
        let Value::Object(paths) = document["paths"].take() else { return };
        let ids = self.below(3);
        let mut renamed = Map::new();
        for (index, (path, mut item)) in paths.into_iter().enumerate() {
            let mut new = path.clone();
            for name in ["agent_id", "run_id", "webhook_id", "workspace_id", "key_id"] {
                if path.contains(&format!("{{{name}}}")) && self.one_in(2) {
                    let other = format!("{}{index}", ["id", "theId", "x_"][self.below(3)]) + name;
                    new = new.replace(&format!("{{{name}}}"), &format!("{{{other}}}"));
                    rename_parameter(&mut item, name, &other);
                }
            }
            for method in METHODS {
                let Some(operation) = item.get_mut(method) else { continue };
                self.operation(operation, ids, &format!("op{index}_{method}"));
            }
            if self.one_in(8) {
                new.push('/');
            }
            renamed.insert(new, item);
        }
        document["paths"] = Value::Object(renamed);
        if let Some(tags) = document["tags"].as_array_mut() {
            self.shuffle(tags);
        }
    }

    fn operation(&mut self, operation: &mut Value, ids: usize, id: &str) {
        match ids {
            0 => drop(operation.as_object_mut().and_then(|it| it.remove("operationId"))),
            1 => operation["operationId"] = json!(id),
            _ => {}
        }
        match self.below(4) {
            0 => operation["tags"] = json!(["default"]),
            1 => drop(operation.as_object_mut().and_then(|it| it.remove("tags"))),
            _ => {}
        }
        if let Some(parameters) = operation["parameters"].as_array_mut() {
            self.shuffle(parameters);
        } else if let Some(operation) = operation.as_object_mut() {
            operation.remove("parameters"); // Indexing has inserted null.
        }
    }

    /// Moves parameters, bodies and responses into components, and back out of them.
    fn share(&mut self, document: &mut Value) {
        let mut shared: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        let responses = document["components"]["responses"].clone();
        let Some(paths) = document["paths"].as_object_mut() else { return };
        for item in paths.values_mut() {
            for method in METHODS {
                let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else {
                    continue;
                };
                for parameter in list(operation.get_mut("parameters")) {
                    self.move_out(parameter, "parameters", &mut shared);
                }
                if let Some(body) = operation.get_mut("requestBody") {
                    self.move_out(body, "requestBodies", &mut shared);
                }
                for (_, response) in object(operation.get_mut("responses")) {
                    let name = response["$ref"].as_str().and_then(|it| it.rsplit('/').next());
                    match name.and_then(|name| responses.get(name)) {
                        Some(whole) if self.one_in(2) => *response = whole.clone(),
                        Some(_) => {}
                        None => self.move_out(response, "responses", &mut shared),
                    }
                }
            }
            self.move_out(item, "pathItems", &mut shared);
        }
        for (kind, parts) in shared {
            for (name, part) in parts {
                document["components"][kind][name] = part;
            }
        }
    }

    fn move_out(
        &mut self,
        part: &mut Value,
        kind: &'static str,
        shared: &mut BTreeMap<&'static str, Map<String, Value>>,
    ) {
        if part.get("$ref").is_none() && self.one_in(5) {
            let name = self.fresh();
            let reference = json!({ "$ref": format!("#/components/{kind}/{name}") });
            shared.entry(kind).or_default().insert(name, std::mem::replace(part, reference));
        }
    }

    /// Moves `/v1` from the paths into `servers`.
    fn move_prefix(&mut self, document: &mut Value) {
        let Value::Object(paths) = document["paths"].take() else { return };
        let moved = paths.into_iter().map(|(path, mut item)| {
            if let Some(rest) = path.strip_prefix("/v1/") {
                return (format!("/{rest}"), item);
            }
            item["servers"] = json!([{"url": "https://build.twin.so"}]);
            (path, item)
        });
        document["paths"] = moved.collect();
        let version = json!({"version": {"default": "v1"}});
        document["servers"] = match self.below(3) {
            0 => json!([{"url": "https://build.twin.so/v1"}]),
            1 => json!([{"url": "/v1/"}]),
            _ => json!([{"url": "https://build.twin.so/{version}", "variables": version}]),
        };
    }

    /// Returns JSON text with members in random order.
    fn json_in_random_order(&mut self, value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let mut parts: Vec<String> = members
                    .iter()
                    .map(|(name, value)| {
                        format!(
                            "{}:{}",
                            Value::from(name.as_str()),
                            self.json_in_random_order(value)
                        )
                    })
                    .collect();
                self.shuffle(&mut parts);
                format!("{{{}}}", parts.join(","))
            }
            Value::Array(items) => {
                let parts: Vec<String> =
                    items.iter().map(|item| self.json_in_random_order(item)).collect();
                format!("[{}]", parts.join(","))
            }
            scalar => scalar.to_string(),
        }
    }
}

fn list(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

fn object(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

fn rename_references(value: &mut Value, names: &BTreeMap<&String, String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename_references(item, names)),
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                let name = reference.strip_prefix(SCHEMAS).map(ToOwned::to_owned);
                if let Some(new) = name.and_then(|name| names.get(&name)) {
                    *reference = format!("{SCHEMAS}{new}");
                }
            }
            members.values_mut().for_each(|member| rename_references(member, names));
        }
        _ => {}
    }
}

fn rename_parameter(item: &mut Value, from: &str, to: &str) {
    for (_, operation) in object(Some(item)) {
        for parameter in list(operation.get_mut("parameters")) {
            if parameter["name"] == from && parameter["in"] == "path" {
                parameter["name"] = json!(to);
            }
        }
    }
}

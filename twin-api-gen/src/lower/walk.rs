//! Visits the schemas of a document. All schema rules use this traversal.
//!
//! It follows the structure of OpenAPI and the keywords that contain schemas, so that data
//! (examples, defaults, enums, extensions) and property names are never mistaken for keywords. It
//! does not follow references, and skips callbacks and webhooks, which the client does not send.

use serde_json::{Map, Value};

use crate::METHODS;
use crate::pointer::{escape, push_escaped};
use crate::schemas::{Container, container};

/// Whether a schema is part of a request, of a response, or of a component schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartOf {
    /// A component schema, which requests and responses may use.
    Component,
    /// A parameter or a request body.
    Request,
    /// A response or one of its headers.
    Response,
}

/// The location of a schema in the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaLocation<'a> {
    /// The URI-fragment JSON pointer of the schema.
    pub(super) pointer: &'a str,
    /// The part of the API that contains the schema.
    pub(super) part_of: PartOf,
    /// What directly contains the schema.
    pub(super) position: SchemaPosition,
}

/// What directly contains a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SchemaPosition {
    /// `components/schemas`: the schema is a component.
    Component,
    /// A parameter, header or media type.
    Root,
    /// Another schema.
    Nested,
}

/// Calls `visit` for every schema, inner schemas first, so that `visit` may replace the schema.
pub(super) fn each_schema(
    document: &mut Value,
    visit: &mut dyn FnMut(&mut Value, SchemaLocation<'_>),
) {
    let mut walker = Walker { pointer: "#".to_owned(), part_of: PartOf::Component, visit };
    walker.document(document);
}

/// A visitor of operations, called with the pointer of each.
type VisitOperation<'v> = dyn FnMut(&mut Map<String, Value>, &str) + 'v;

/// Calls `visit` for every operation of a document with its pointer.
pub(super) fn each_operation(document: &mut Value, visit: &mut VisitOperation<'_>) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                visit(operation, &format!("#/paths/{}/{method}", escape(path)));
            }
        }
    }
}

/// The traversal: the current location, and the visitor.
struct Walker<'v> {
    pointer: String,
    part_of: PartOf,
    visit: &'v mut dyn FnMut(&mut Value, SchemaLocation<'_>),
}

type WalkFn<'v> = fn(&mut Walker<'v>, &mut Value);

impl<'v> Walker<'v> {
    fn document(&mut self, document: &mut Value) {
        self.within(document, "components", |walker, components| {
            walker.within(components, "schemas", |walker, schemas| {
                walker.each(schemas, Walker::component);
            });
            walker.within(components, "parameters", |walker, all| {
                walker.each(all, Walker::parameter);
            });
            walker.within(components, "headers", |walker, all| walker.each(all, Walker::header));
            walker.within(components, "requestBodies", |walker, all| {
                walker.each(all, Walker::request_body);
            });
            walker
                .within(components, "responses", |walker, all| walker.each(all, Walker::response));
        });
        self.within(document, "paths", |walker, paths| {
            walker.each_but_extensions(paths, Walker::path_item);
        });
    }

    fn path_item(&mut self, item: &mut Value) {
        self.within(item, "parameters", |walker, all| walker.each(all, Walker::parameter));
        for method in METHODS {
            self.within(item, method, Walker::operation);
        }
    }

    fn operation(&mut self, operation: &mut Value) {
        self.within(operation, "parameters", |walker, all| walker.each(all, Walker::parameter));
        self.within(operation, "requestBody", Walker::request_body);
        self.within(operation, "responses", |walker, all| {
            walker.each_but_extensions(all, Walker::response);
        });
    }

    fn parameter(&mut self, parameter: &mut Value) {
        self.in_part(PartOf::Request, parameter, Walker::schema_or_content);
    }

    fn header(&mut self, header: &mut Value) {
        self.in_part(PartOf::Response, header, Walker::schema_or_content);
    }

    fn request_body(&mut self, body: &mut Value) {
        self.in_part(PartOf::Request, body, Walker::schema_or_content);
    }

    fn response(&mut self, response: &mut Value) {
        self.in_part(PartOf::Response, response, Walker::schema_or_content);
        self.within(response, "headers", |walker, all| walker.each(all, Walker::header));
    }

    fn schema_or_content(&mut self, value: &mut Value) {
        self.within(value, "schema", Walker::root);
        self.within(value, "content", |walker, content| {
            walker.each(content, |walker, media| walker.within(media, "schema", Walker::root));
        });
    }

    fn component(&mut self, schema: &mut Value) {
        self.inside(schema);
        self.call(schema, SchemaPosition::Component);
    }

    fn root(&mut self, schema: &mut Value) {
        self.inside(schema);
        self.call(schema, SchemaPosition::Root);
    }

    fn schema(&mut self, schema: &mut Value) {
        self.inside(schema);
        self.call(schema, SchemaPosition::Nested);
    }

    fn inside(&mut self, schema: &mut Value) {
        let Value::Object(members) = schema else { return };
        for (keyword, value) in members {
            let step: WalkFn<'v> = match (container(keyword), &*value) {
                // Before 2020-12, `items` could be a tuple.
                (Container::Map, Value::Object(_))
                | (Container::List | Container::Single, Value::Array(_)) => {
                    |walker, schemas| walker.each(schemas, Walker::schema)
                }
                (Container::Single, _) => Walker::schema,
                _ => continue,
            };
            self.at(keyword, value, step);
        }
    }

    fn call(&mut self, schema: &mut Value, position: SchemaPosition) {
        let place = SchemaLocation { pointer: &self.pointer, part_of: self.part_of, position };
        (self.visit)(schema, place);
    }

    fn in_part(&mut self, part_of: PartOf, value: &mut Value, step: WalkFn<'v>) {
        let before = std::mem::replace(&mut self.part_of, part_of);
        step(self, value);
        self.part_of = before;
    }

    /// Steps into a member, if it exists.
    fn within(&mut self, value: &mut Value, key: &str, step: WalkFn<'v>) {
        if let Some(member) = value.as_object_mut().and_then(|members| members.get_mut(key)) {
            self.at(key, member, step);
        }
    }

    /// Steps into every member or item.
    fn each(&mut self, value: &mut Value, step: WalkFn<'v>) {
        match value {
            Value::Object(members) => {
                members.iter_mut().for_each(|(key, member)| self.at(key, member, step));
            }
            Value::Array(items) => items
                .iter_mut()
                .enumerate()
                .for_each(|(index, item)| self.at(&index.to_string(), item, step)),
            _ => {}
        }
    }

    /// Steps into every member of an object except extensions.
    fn each_but_extensions(&mut self, value: &mut Value, step: WalkFn<'v>) {
        let members = value.as_object_mut().into_iter().flatten();
        members
            .filter(|(key, _)| !key.starts_with("x-"))
            .for_each(|(key, member)| self.at(key, member, step));
    }

    fn at(&mut self, key: &str, value: &mut Value, step: WalkFn<'v>) {
        let length = self.pointer.len();
        self.pointer.push('/');
        push_escaped(&mut self.pointer, key);
        step(self, value);
        self.pointer.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(mut document: Value) -> Vec<String> {
        let mut found = Vec::new();
        each_schema(&mut document, &mut |_, place| {
            found.push(place.pointer.to_owned());
        });
        found.sort();
        found
    }

    #[test]
    fn skips_data_and_property_names() {
        let schema = json!({
            "type": "object",
            "properties": {
                "type": {"type": "string"}, "enum": {}, "const": {}, "nullable": {}, "$ref": {},
                "properties": {"items": {}}, "x-y": {},
            },
            "example": {"items": {"type": 7}},
            "default": {"properties": {"a": {}}},
            "enum": [{"not": {}}],
            "const": {"oneOf": [{}]},
            "x-schema": {"items": {}},
        });
        let found = pointers(json!({"components": {"schemas": {"A": schema}}}));
        let inside = |rest: &str| format!("#/components/schemas/A{rest}");
        assert_eq!(
            found,
            [
                inside(""),
                inside("/properties/$ref"),
                inside("/properties/const"),
                inside("/properties/enum"),
                inside("/properties/nullable"),
                inside("/properties/properties"),
                inside("/properties/properties/items"),
                inside("/properties/type"),
                inside("/properties/x-y"),
            ]
        );
    }

    #[test]
    fn visits_schemas_in_every_part_of_openapi() {
        let media = json!({"a/b": {"schema": {}, "example": {"schema": {}}}});
        let found = pointers(json!({
            "components": {
                "parameters": {"P": {"schema": {}}}, "requestBodies": {"B": {"content": media}},
                "headers": {"H": {"schema": {}}}, "responses": {"R": {"content": media}},
                "examples": {"E": {"schema": {}}},
            },
            "paths": {"x-no": {"get": {"parameters": [{"schema": {}}]}}, "/a": {
                "parameters": [{"schema": {}}],
                "get": {
                    "parameters": [{"content": media}],
                    "requestBody": {"content": media},
                    "responses": {"200": {"headers": {"H": {"schema": {}}}, "content": media}},
                    "callbacks": {"c": {"/x": {"get": {"parameters": [{"schema": {}}]}}}},
                },
            }},
            "webhooks": {"w": {"post": {"requestBody": {"content": media}}}},
        }));
        assert_eq!(
            found,
            [
                "#/components/headers/H/schema",
                "#/components/parameters/P/schema",
                "#/components/requestBodies/B/content/a~1b/schema",
                "#/components/responses/R/content/a~1b/schema",
                "#/paths/~1a/get/parameters/0/content/a~1b/schema",
                "#/paths/~1a/get/requestBody/content/a~1b/schema",
                "#/paths/~1a/get/responses/200/content/a~1b/schema",
                "#/paths/~1a/get/responses/200/headers/H/schema",
                "#/paths/~1a/parameters/0/schema",
            ]
        );
    }

    #[test]
    fn visits_nested_schemas_first() {
        let mut document = json!({"components": {"schemas": {"A": {"items": {"not": {}}}}}});
        let mut found = Vec::new();
        each_schema(&mut document, &mut |_, place| {
            found.push((place.pointer.len(), place.position));
        });
        let inner = SchemaPosition::Nested;
        assert_eq!(found, [(32, inner), (28, inner), (22, SchemaPosition::Component)]);
    }
}

//! Rewrites unions with a tag to the form that typify generates as a tagged enum.
//!
//! The tag is a required property that has one distinct value in each alternative, or the property
//! that the `discriminator` names. Alternatives are copied into the union, because typify looks for
//! tags only in inline schemas. A union without a tag stays untagged: serde tries the alternatives in
//! order and uses the first that matches.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Context;
use super::composition::warn_if_alike;
use super::enumeration::CONST;
use super::inheritance::BASE;
use super::schema::{Object, SCHEMAS, alias, behind, ref_name, ref_to};
use crate::error::Error;
use crate::limits::MAX_TAG_CANDIDATES;
use crate::limits::MAX_TAGGED_ALTERNATIVES;
use crate::names::variants;
use crate::pointer::escape;
use crate::schemas::each_nested;

/// On a union: the member that identifies the alternative, and its values in order.
pub(crate) const TAG: &str = "x-twin-tag";

pub(super) fn apply(context: &mut Context) -> Result<(), Error> {
    let schemas = context.schemas().into_owned();
    let mut tagged = Vec::new();
    for (name, schema) in &schemas {
        let Value::Object(members) = schema else { continue };
        let pointer = format!("{SCHEMAS}{}", escape(name));
        if let Some((tag, union)) = tagged_form(members, &schemas) {
            context.budget.spend(&union, &pointer)?;
            context.report.note(&pointer, format!("`{tag}` identifies the alternative"));
            tagged.push((name.clone(), union));
        } else if let Some((tag, union)) = numbered_form(members, &schemas) {
            context.report.note(&pointer, format!("`{tag}` identifies the alternative"));
            tagged.push((name.clone(), union));
        } else if let Some(base) = members.get(BASE).and_then(Value::as_str) {
            context
                .report
                .loss(&pointer, format!("the subtypes have no common tag: only `{base}` is read"));
            tagged.push((name.clone(), json!({"allOf": [ref_to(base)]})));
        } else if let Some(Value::Array(alternatives)) = members.get("oneOf") {
            warn_if_alike(&mut context.report, alternatives, &schemas, &pointer);
        }
    }
    if !tagged.is_empty() {
        context.put_schemas(tagged);
        drop_orphans(context, &schemas);
    }
    context.each_schema_object(|report, members, place| {
        members.remove(BASE);
        members.remove(CONST);
        if members.remove("discriminator").is_some() {
            report.count(
                "a discriminator without a union of tagged objects is not used",
                place.pointer,
            );
        }
    });
    Ok(())
}

/// Returns the name of the tag and the union with inline alternatives, if the union has a tag.
fn tagged_form(members: &Object, schemas: &Object) -> Option<(String, Value)> {
    let keyword = ["oneOf", "anyOf"].into_iter().find(|keyword| members.contains_key(*keyword))?;
    let alternatives = members.get(keyword)?.as_array()?;
    let objects: Option<Vec<&Object>> =
        alternatives.iter().map(|alternative| plain_object(behind(schemas, alternative))).collect();
    let objects =
        objects.filter(|objects| (2..=MAX_TAGGED_ALTERNATIVES).contains(&objects.len()))?;
    let discriminator = members.get("discriminator");
    let named = discriminator.and_then(|it| it.get("propertyName")).and_then(Value::as_str);
    let required = objects[0].get("required").and_then(Value::as_array).into_iter().flatten();
    let constant_first = |name: &&str| constant(objects[0], name, schemas).is_some();
    let required = required.filter_map(Value::as_str).filter(constant_first);
    let candidates = named.into_iter().chain(required.take(MAX_TAG_CANDIDATES));
    for tag in candidates {
        let values: Option<Vec<String>> = alternatives
            .iter()
            .zip(&objects)
            .map(|(alternative, object)| {
                constant(object, tag, schemas).or_else(|| {
                    let mapping = discriminator.filter(|_| named == Some(tag))?;
                    mapped(mapping.get("mapping"), alias(alternative)?)
                })
            })
            .collect();
        let Some(values) = values else { continue };
        let distinct = values.iter().collect::<BTreeSet<_>>().len() == values.len();
        if !distinct || variants(values.iter().map(String::as_str)).is_none() {
            continue;
        }
        let inline =
            objects.iter().zip(&values).map(|(object, value)| with_tag(object, tag, value));
        let mut union = members.clone();
        union.remove("discriminator");
        union.remove(BASE);
        union.remove(keyword);
        union.insert("oneOf".to_owned(), inline.collect());
        return Some((tag.to_owned(), Value::Object(union)));
    }
    None
}

/// Returns the name of a numeric or boolean tag, and the union with [`TAG`], if it has such a tag.
///
/// serde supports only string tags, so a pass generates the code that reads this one.
fn numbered_form(members: &Object, schemas: &Object) -> Option<(String, Value)> {
    let keyword = ["oneOf", "anyOf"].into_iter().find(|keyword| members.contains_key(*keyword))?;
    let alternatives = members.get(keyword)?.as_array()?;
    if !(2..=MAX_TAGGED_ALTERNATIVES).contains(&alternatives.len()) {
        return None;
    }
    let objects: Option<Vec<&Object>> = alternatives
        .iter()
        .map(|alternative| behind(schemas, alternative)["properties"].as_object())
        .collect();
    let objects = objects?;
    let only = |object: &Object, name: &str| {
        let schema = object.get(name)?;
        schema.get(CONST).or_else(|| behind(schemas, schema).get(CONST)).cloned()
    };
    let tag = objects[0].keys().find(|name| {
        let values: Option<Vec<Value>> = objects.iter().map(|object| only(object, name)).collect();
        values.is_some_and(|values| {
            values.iter().map(Value::to_string).collect::<BTreeSet<_>>().len() == values.len()
        })
    })?;
    let values: Vec<Value> = objects.iter().filter_map(|object| only(object, tag)).collect();
    let mut union = members.clone();
    union.remove("discriminator");
    let alternatives = union.remove(keyword)?;
    union.insert("oneOf".to_owned(), alternatives);
    union.insert(TAG.to_owned(), json!({"name": tag, "values": values}));
    Some((tag.clone(), Value::Object(union)))
}

/// Returns an object schema whose additional properties have no schema.
fn plain_object(schema: &Value) -> Option<&Object> {
    let members = schema.as_object()?;
    let open = matches!(members.get("additionalProperties"), None | Some(Value::Bool(_)));
    (open && members.get("properties")?.is_object()).then_some(members)
}

/// Returns the only value of the tag in an alternative.
fn constant(object: &Object, tag: &str, schemas: &Object) -> Option<String> {
    let required = object.get("required")?.as_array()?;
    let property =
        object.get("properties")?.get(tag).filter(|_| required.iter().any(|name| name == tag))?;
    match behind(schemas, property).get("enum")?.as_array()?.as_slice() {
        [only] => only.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Returns the only value that a discriminator maps to a component, or the component's name if
/// there is none.
fn mapped(mapping: Option<&Value>, name: &str) -> Option<String> {
    let leads_here = |target: &Value| {
        target.as_str().is_some_and(|target| target.rsplit('/').next() == Some(name))
    };
    let mapping = mapping.and_then(Value::as_object).into_iter().flatten();
    let mut values =
        mapping.filter(|(_, target)| leads_here(target)).map(|(value, _)| value.clone());
    match (values.next(), values.next()) {
        (None, _) => Some(name.to_owned()),
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) => None,
    }
}

fn with_tag(object: &Object, tag: &str, value: &str) -> Value {
    let mut object = object.clone();
    object.remove("additionalProperties");
    object.remove("discriminator");
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        // typify names the functions for defaults after type and property, so the names would
        // collide.
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            property.remove("default");
        }
        properties.insert(tag.to_owned(), json!({"type": "string", "enum": [value]}));
    }
    let required = object.entry("required").or_insert_with(|| json!([]));
    if let Value::Array(names) = required
        && !names.iter().any(|name| name == tag)
    {
        names.push(json!(tag));
    }
    // typify expects every required name in `properties`.
    let names = object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for name in names.iter().filter_map(Value::as_str) {
            properties.entry(name).or_insert_with(|| json!({}));
        }
    }
    Value::Object(object)
}

/// Removes components that earlier rules created and that became unused.
fn drop_orphans(context: &mut Context, before: &Object) {
    loop {
        let used = used(&context.document);
        let orphans: BTreeSet<String> = before
            .keys()
            .filter(|name| !context.declared.contains(*name) && !used.contains(*name))
            .filter(|name| context.components("schemas").is_some_and(|all| all.contains_key(*name)))
            .cloned()
            .collect();
        if orphans.is_empty() {
            return;
        }
        let mut schemas = context.take_schemas();
        schemas.retain(|name, _| !orphans.contains(name));
        context.put_schemas(schemas);
    }
}

fn used(document: &Value) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut note = |schema: &Value| used.extend(ref_name(schema).map(str::to_owned));
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    schemas.into_iter().flatten().for_each(|(_, schema)| each_nested(schema, &mut note));
    let mut copy = document["paths"].clone();
    let mut alone = json!({"paths": copy.take()});
    super::walk::each_schema(&mut alone, &mut |schema, _| note(schema));
    used
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_schemas};

    fn name(name: &str) -> Value {
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn one(value: &str) -> Value {
        json!({"type": "string", "enum": [value]})
    }

    fn tagged(value: &str, property: &str) -> Value {
        json!({"type": "object", "properties": {"kind": one(value), property: {}}, "required": ["kind"]})
    }

    #[test]
    fn finds_the_tag_of_a_union() {
        let both = json!({"Cat": tagged("cat", "purrs"), "Dog": tagged("dog", "barks")});
        let with = |pet: Value, both: &Value| {
            let mut schemas = both.clone();
            schemas["Pet"] = pet;
            with_schemas(schemas)
        };
        let plain = json!({
            "Cat": {"type": "object", "properties": {"purrs": {"type": "string", "default": "x"}}},
            "Dog": {"type": "object", "properties": {"kind": {"type": "string"}}},
        });
        let alternatives = json!([name("Cat"), name("Dog")]);
        check_documents(
            "tagged-unions",
            &[
                (
                    with(json!({"anyOf": alternatives}), &both),
                    with(json!({"oneOf": [tagged("cat", "purrs"), tagged("dog", "barks")]}), &both),
                    &["note: `kind` identifies"],
                ),
                (
                    with(
                        json!({"oneOf": alternatives, "discriminator": {"propertyName": "kind", "mapping": {"d": "#/x/Dog"}}}),
                        &plain,
                    ),
                    with(
                        json!({"oneOf": [
                            {"type": "object", "properties": {"kind": one("Cat"), "purrs": {"type": "string"}}, "required": ["kind"]},
                            {"type": "object", "properties": {"kind": one("d")}, "required": ["kind"]},
                        ]}),
                        &plain,
                    ),
                    &["note: `kind` identifies"],
                ),
                (
                    with(
                        json!({"oneOf": [name("Cat"), {"type": "string"}], "discriminator": {"propertyName": "kind"}}),
                        &plain,
                    ),
                    with(json!({"oneOf": [name("Cat"), {"type": "string"}]}), &plain),
                    &["note: is not used"],
                ),
                (
                    with(json!({"oneOf": alternatives}), &plain),
                    with(json!({"oneOf": alternatives}), &plain),
                    &["loss: alternative 1 may be read as alternative 0"],
                ),
            ],
        );
    }
}

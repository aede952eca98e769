//! Mutates every example body of the documents, one value at a time, and asserts that each
//! mutation is reported at its place.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::document::step;
use super::examples::{
    DescribedObject, ExampleBody, OperationExamples, described_objects, resolved, response, types,
};
use super::{BufferedResponse, Contract, Mismatch, Profile, Side, not_found, places};

/// A body with one wrong value, and the place of the expected mismatch.
struct Mutation {
    body: Value,
    instance: String,
    /// The end of the pointer to the rule.
    rule: &'static str,
}

#[test]
fn accepts_every_example_of_the_documents() {
    for profile in Profile::ALL {
        let (contract, mut seen) = (Contract::of(profile), 0);
        for examples in OperationExamples::all(contract) {
            let request = examples.request();
            for (status, example) in examples.responses() {
                assert_eq!(check(&examples, &request, &response(status, example.as_ref())), []);
                seen += 1;
            }
            for example in examples.bodies() {
                let request = examples.request_with(&example.body.to_string());
                assert_eq!(check(&examples, &request, &examples.success()), []);
                seen += 1;
            }
        }
        assert!(seen > 200, "only {seen} exchanges were seen");
    }
}

#[test]
fn reports_every_mutation_of_response_bodies() {
    for profile in Profile::ALL {
        let (contract, mut seen) = (Contract::of(profile), 0);
        for examples in OperationExamples::all(contract) {
            let request = examples.request();
            for (status, example) in examples.responses() {
                // Only JSON bodies are mutated.
                let Some(example) =
                    example.filter(|example| example.content_type.ends_with("json"))
                else {
                    continue;
                };
                for mutation in mutations(contract, &example) {
                    let example = ExampleBody { body: mutation.body.clone(), ..example.clone() };
                    let found = check(&examples, &request, &response(status, Some(&example)));
                    assert_reported(contract, &found, Side::Response, &mutation);
                    seen += 1;
                }
            }
        }
        assert!(seen > 1000, "only {seen} responses were mutated");
    }
}

#[test]
fn reports_every_mutation_of_accepted_request_bodies() {
    for profile in Profile::ALL {
        let (contract, mut seen) = (Contract::of(profile), 0);
        for examples in OperationExamples::all(contract) {
            for example in examples.bodies() {
                for mutation in mutations(contract, &example) {
                    let request = examples.request_with(&mutation.body.to_string());
                    let found = check(&examples, &request, &examples.success());
                    assert_reported(contract, &found, Side::Request, &mutation);
                    assert_eq!(check(&examples, &request, &not_found()), []);
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "only {seen} requests were mutated");
    }
}

#[test]
fn accepts_unlisted_members_of_problem_details() {
    for profile in Profile::ALL {
        for examples in OperationExamples::all(Contract::of(profile)) {
            let body = json!({
                "type": "about:blank", "title": "Gone", "status": 410, "detail": "gone",
                "trace": {"id": [1, 2, 3]},
            });
            let response = super::problem(410, &body);
            assert_eq!(check(&examples, &examples.request(), &response), []);
        }
    }
}

fn check(
    examples: &OperationExamples<'_>,
    request: &super::RecordedRequest,
    response: &BufferedResponse,
) -> Vec<Mismatch> {
    let operation = examples.operation;
    examples.contract.check(&operation.method, &operation.template, request, response)
}

/// Asserts that the mutation is reported at its place and nowhere else. One mutation can break two
/// rules: a value of the wrong type is also not in an enum.
#[track_caller]
fn assert_reported(contract: &Contract, found: &[Mismatch], side: Side, mutation: &Mutation) {
    let places = places(contract, found);
    let pointer = places.first().map(|(_, pointer, _)| pointer.as_str()).unwrap_or_default();
    assert!(
        !pointer.is_empty() && pointer.ends_with(mutation.rule),
        "{}: {found:#?}",
        mutation.body
    );
    for (found_side, _, instance) in &places {
        assert_eq!((*found_side, instance), (side, &mutation.instance), "{}", mutation.body);
    }
}

/// Returns all mutations of a body.
fn mutations(contract: &Contract, example: &ExampleBody) -> Vec<Mutation> {
    let root = contract.document.root();
    let schema = contract.document.at(&example.schema).unwrap();
    let mut found = Vec::new();
    described_objects(root, schema, &example.body, "", &mut found);
    let mut mutations = vec![Mutation { body: json!([]), instance: String::new(), rule: "/type" }];
    for object in &found {
        mutations.extend(without_required(&example.body, object));
        mutations.extend(with_unlisted_member(&example.body, object));
        mutations.extend(with_other_types(root, &example.body, object));
    }
    mutations
}

fn changed(body: &Value, object: &DescribedObject<'_>, change: impl FnOnce(&mut Value)) -> Value {
    let mut body = body.clone();
    change(body.pointer_mut(&object.instance).unwrap());
    body
}

fn without_required(body: &Value, object: &DescribedObject<'_>) -> Vec<Mutation> {
    let required = object.schema["required"].as_array().into_iter().flatten();
    let without = required.map(|name| Mutation {
        body: changed(body, object, |value| {
            value.as_object_mut().unwrap().remove(name.as_str().unwrap()).unwrap();
        }),
        instance: object.instance.clone(),
        rule: "/required",
    });
    without.collect()
}

fn with_unlisted_member(body: &Value, object: &DescribedObject<'_>) -> Option<Mutation> {
    object.schema.get("additionalProperties").is_none().then(|| Mutation {
        body: changed(body, object, |value| value["un/listed"] = json!(1)),
        instance: step(&object.instance, "un/listed"),
        rule: "",
    })
}

fn with_other_types(root: &Value, body: &Value, object: &DescribedObject<'_>) -> Vec<Mutation> {
    let others = [
        ("null", json!(null)),
        ("boolean", json!(true)),
        ("integer", json!(7)),
        ("number", json!(7.5)),
        ("string", json!("text")),
        ("array", json!([])),
        ("object", json!({})),
    ];
    let mut mutations = Vec::new();
    for name in object.members.keys() {
        let schema = resolved(root, &object.schema["properties"][name]);
        let either = &schema["oneOf"];
        let taken = if either.is_array() { vec!["object", "null"] } else { types(schema) };
        for (_, other) in others.iter().filter(|(t, _)| !taken.is_empty() && !taken.contains(t)) {
            mutations.push(Mutation {
                body: changed(body, object, |value| value[name.as_str()] = other.clone()),
                instance: step(&object.instance, name),
                rule: if either.is_array() { "/oneOf" } else { "/type" },
            });
        }
    }
    mutations
}

#[test]
fn example_agent_has_all_14_members() {
    // The observed agent has all members, so every member is mutated.
    let contract = Contract::of(Profile::Observed);
    let responses = OperationExamples::named(contract, "get_agent").responses();
    let full = responses.iter().filter(|(status, _)| *status == StatusCode::OK);
    let agents = full.filter_map(|(_, example)| example.as_ref()?.body["agent"].as_object());
    assert!(agents.into_iter().any(|agent| agent.len() == 14), "no agent has 14 members");
}

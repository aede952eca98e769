//! Mutates every example body of the documents, one value at a time, and asserts that each
//! mutation is reported at its place.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::document::step;
use super::samples::{DescribedObject, Sample, Shown, answer, described_objects, resolved, types};
use super::{BufferedResponse, Contract, Mismatch, Profile, Side, not_found, places};

/// A body with one mutation, and the place of the expected mismatch.
struct Broken {
    body: Value,
    instance: String,
    /// The end of the pointer to the rule.
    rule: &'static str,
}

#[test]
fn accepts_every_example_of_the_documents() {
    for profile in Profile::ALL {
        let (contract, mut seen) = (Contract::of(profile), 0);
        for sample in Sample::all(contract) {
            let request = sample.request();
            for (status, shown) in sample.answers() {
                assert_eq!(check(&sample, &request, &answer(status, shown.as_ref())), []);
                seen += 1;
            }
            for shown in sample.bodies() {
                let request = sample.request_with(&shown.body.to_string());
                assert_eq!(check(&sample, &request, &sample.success()), []);
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
        for sample in Sample::all(contract) {
            let request = sample.request();
            for (status, shown) in sample.answers() {
                // Only JSON bodies are mutated.
                let Some(shown) = shown.filter(|shown| shown.content_type.ends_with("json")) else {
                    continue;
                };
                for broken in broken(contract, &shown) {
                    let shown = Shown { body: broken.body.clone(), ..copy(&shown) };
                    let found = check(&sample, &request, &answer(status, Some(&shown)));
                    assert_seen(contract, &found, Side::Response, &broken);
                    seen += 1;
                }
            }
        }
        assert!(seen > 1000, "only {seen} answers were broken");
    }
}

#[test]
fn reports_every_mutation_of_accepted_request_bodies() {
    for profile in Profile::ALL {
        let (contract, mut seen) = (Contract::of(profile), 0);
        for sample in Sample::all(contract) {
            for shown in sample.bodies() {
                for broken in broken(contract, &shown) {
                    let request = sample.request_with(&broken.body.to_string());
                    let found = check(&sample, &request, &sample.success());
                    assert_seen(contract, &found, Side::Request, &broken);
                    assert_eq!(check(&sample, &request, &not_found()), []);
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "only {seen} requests were broken");
    }
}

#[test]
fn accepts_unlisted_members_of_problem_details() {
    for profile in Profile::ALL {
        for sample in Sample::all(Contract::of(profile)) {
            let body = json!({
                "type": "about:blank", "title": "Gone", "status": 410, "detail": "gone",
                "trace": {"id": [1, 2, 3]},
            });
            let answer = super::problem(410, &body);
            assert_eq!(check(&sample, &sample.request(), &answer), []);
        }
    }
}

fn check(
    sample: &Sample<'_>,
    request: &super::RecordedRequest,
    answer: &BufferedResponse,
) -> Vec<Mismatch> {
    let operation = sample.operation;
    sample.contract.check(&operation.method, &operation.template, request, answer)
}

fn copy(shown: &Shown) -> Shown {
    let Shown { schema, content_type, body } = shown;
    Shown { schema: schema.clone(), content_type: content_type.clone(), body: body.clone() }
}

/// Asserts that the mutation is reported at its place and nowhere else. One mutation can break two
/// rules: a value of the wrong type is also not in an enum.
#[track_caller]
fn assert_seen(contract: &Contract, found: &[Mismatch], side: Side, broken: &Broken) {
    let places = places(contract, found);
    let pointer = places.first().map(|(_, pointer, _)| pointer.as_str()).unwrap_or_default();
    assert!(!pointer.is_empty() && pointer.ends_with(broken.rule), "{}: {found:#?}", broken.body);
    for (found_side, _, instance) in &places {
        assert_eq!((*found_side, instance), (side, &broken.instance), "{}", broken.body);
    }
}

/// Returns all mutations of a body.
fn broken(contract: &Contract, shown: &Shown) -> Vec<Broken> {
    let root = contract.document.root();
    let schema = contract.document.at(&shown.schema).unwrap();
    let mut found = Vec::new();
    described_objects(root, schema, &shown.body, "", &mut found);
    let mut broken = vec![Broken { body: json!([]), instance: String::new(), rule: "/type" }];
    for spot in &found {
        broken.extend(without_required(&shown.body, spot));
        broken.extend(with_more(&shown.body, spot));
        broken.extend(with_other_types(root, &shown.body, spot));
    }
    broken
}

fn changed(body: &Value, spot: &DescribedObject<'_>, change: impl FnOnce(&mut Value)) -> Value {
    let mut body = body.clone();
    change(body.pointer_mut(&spot.instance).unwrap());
    body
}

fn without_required(body: &Value, spot: &DescribedObject<'_>) -> Vec<Broken> {
    let required = spot.schema["required"].as_array().into_iter().flatten();
    let without = required.map(|name| Broken {
        body: changed(body, spot, |value| {
            value.as_object_mut().unwrap().remove(name.as_str().unwrap()).unwrap();
        }),
        instance: spot.instance.clone(),
        rule: "/required",
    });
    without.collect()
}

fn with_more(body: &Value, spot: &DescribedObject<'_>) -> Option<Broken> {
    spot.schema.get("additionalProperties").is_none().then(|| Broken {
        body: changed(body, spot, |value| value["un/listed"] = json!(1)),
        instance: step(&spot.instance, "un/listed"),
        rule: "",
    })
}

fn with_other_types(root: &Value, body: &Value, spot: &DescribedObject<'_>) -> Vec<Broken> {
    let others = [
        ("null", json!(null)),
        ("boolean", json!(true)),
        ("integer", json!(7)),
        ("number", json!(7.5)),
        ("string", json!("text")),
        ("array", json!([])),
        ("object", json!({})),
    ];
    let mut broken = Vec::new();
    for name in spot.members.keys() {
        let schema = resolved(root, &spot.schema["properties"][name]);
        let either = &schema["oneOf"];
        let taken = if either.is_array() { vec!["object", "null"] } else { types(schema) };
        for (_, other) in others.iter().filter(|(t, _)| !taken.is_empty() && !taken.contains(t)) {
            broken.push(Broken {
                body: changed(body, spot, |value| value[name.as_str()] = other.clone()),
                instance: step(&spot.instance, name),
                rule: if either.is_array() { "/oneOf" } else { "/type" },
            });
        }
    }
    broken
}

#[test]
fn agent_sample_has_all_14_members() {
    // The observed agent has all members, so every member is mutated.
    let contract = Contract::of(Profile::Observed);
    let answers = Sample::named(contract, "get_agent").answers();
    let full = answers.iter().filter(|(status, _)| *status == StatusCode::OK);
    let agents = full.filter_map(|(_, shown)| shown.as_ref()?.body["agent"].as_object());
    assert!(agents.into_iter().any(|agent| agent.len() == 14), "no agent has 14 members");
}

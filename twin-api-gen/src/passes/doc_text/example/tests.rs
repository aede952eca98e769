use serde_json::{Value, json};

use crate::{Input, Runtime, generate};

/// The source of a client of `paths`.
fn source(runtime: Runtime, paths: &Value) -> String {
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths,
        "components": {"schemas": {
            "Thing": {
                "type": "object", "required": ["thing_id", "kind"],
                "properties": {
                    "thing_id": {"type": "string"},
                    "owner_id": {"type": "string"},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                },
            },
            "Kind": {"type": "string", "enum": ["big", "small"]},
        }},
    });
    let openapi = document.to_string();
    let input =
        Input { openapi: openapi.as_bytes(), known: None, overlay: None, runtime, strict: true };
    generate(input).unwrap().source
}

/// The program in the doc of `function`, without the lines that are the same in all.
fn program(source: &str, function: &str) -> Option<String> {
    let (before, _) = source.split_once(&format!("pub fn {function}("))?;
    let doc = before.rsplit("\n    }\n").next()?;
    let (_, program) = doc.split_once("/// ```no_run\n")?;
    let (program, _) = program.split_once("/// ```\n")?;
    let lines = program.lines().map(|line| line.trim_start().trim_start_matches("/// "));
    let shown: Vec<_> = lines.filter(|line| !line.starts_with("# ")).collect();
    Some(shown.join("\n").trim_end().to_owned())
}

fn made(example: &Value) -> Value {
    json!({"/things": {"post": {
        "operationId": "make_thing",
        "requestBody": {"required": true, "content": {"application/json": {
            "example": example,
            "schema": {
                "type": "object", "required": ["name", "kinds"],
                "properties": {
                    "name": {"type": "string"},
                    "count": {"type": "integer"},
                    "kinds": {"type": "array", "items": {"$ref": "#/components/schemas/Kind"}},
                },
            },
        }}},
        "responses": {"201": {"description": "Made.", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Thing"},
        }}}},
    }}})
}

#[test]
fn sends_the_example_body_and_prints_the_identifier() {
    let paths = made(&json!({"name": "a \"b\" {c}", "kinds": ["big"], "count": 3_000_000_000_u64}));
    let source = source(Runtime::TwinApi, &paths);
    let expected = "use twin_api::types::{Kind, MakeThingBody};\n///\n\
        let body = MakeThingBody::builder()\n    .count(3000000000u64)\n    \
        .kinds(vec![Kind::Big])\n    .name(\"a \\\"b\\\" {c}\");\n\
        let response = twin.make_thing().body(body).send().await?.into_inner();\n\
        println!(\"{}: kind {}\", response.thing_id, response.kind);";
    assert_eq!(program(&source, "make_thing").as_deref(), Some(expected), "{source}");
}

#[test]
fn operation_without_a_required_value_has_no_example() {
    for example in [json!({"name": "a"}), json!({"name": 7, "kinds": []}), json!("text")] {
        let source = source(Runtime::TwinApi, &made(&example));
        assert_eq!(program(&source, "make_thing"), None, "{example}");
        assert!(source.contains("Sends `POST /things`."), "{source}");
    }
}

#[test]
fn rejects_values_that_could_end_the_code_block() {
    for name in ["```", "a\u{202e}b", "a\nb"] {
        let source = source(Runtime::TwinApi, &made(&json!({"name": name, "kinds": ["big"]})));
        assert_eq!(program(&source, "make_thing"), None, "{name:?}");
    }
}

#[test]
fn empty_response_prints_its_documented_description() {
    let paths = |refusals: Value| {
        let mut responses = json!({"204": {"description": "Gone {now}."}});
        responses.as_object_mut().unwrap().extend(refusals.as_object().unwrap().clone());
        json!({"/things/{thing_id}": {"delete": {
            "operationId": "delete_thing",
            "parameters": [{
                "name": "thing_id", "in": "path", "required": true, "example": "t1",
                "schema": {"type": "string"},
            }],
            "responses": responses,
        }}})
    };
    let plain = source(Runtime::TwinApi, &paths(json!({})));
    let expected =
        "twin.delete_thing().thing_id(\"t1\").send().await?;\nprintln!(\"Gone {{now}}.\");";
    assert_eq!(program(&plain, "delete_thing").as_deref(), Some(expected), "{plain}");

    let refused = source(Runtime::TwinApi, &paths(json!({"404": {"description": "None."}})));
    let program = program(&refused, "delete_thing").unwrap();
    assert!(program.contains("Err(error) if error.is_not_found() =>"), "{program}");
    assert!(refused.contains("/// - 404: None."), "{refused}");
}

#[test]
fn stand_alone_client_has_no_examples_and_no_links() {
    let source = source(Runtime::StandAlone, &made(&json!({"name": "a", "kinds": ["big"]})));
    assert!(!source.contains("```") && !source.contains("docs.rs"), "{source}");
    assert!(source.contains("/// - `body.name` (body, `String`): The member `name`."), "{source}");
}

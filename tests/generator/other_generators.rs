//! Documents of the same API as other OpenAPI generators would write them, with other names, fewer
//! facts or another version. Each gives the same public surface, or an error that lists the edits.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use serde_json::{Map, Value, json};
use twin_api_gen::known::FactStatus;
use twin_api_gen::{Error, Fact, Generated, Input, Stage, generate};
use twin_tests::vendored::{KNOWN, OVERLAY};

use crate::{client_of, contract, contract_client, contract_document, surface_of};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn refusal(document: &Value) -> Error {
    let text = document.to_string();
    generate(Input { openapi: text.as_bytes(), ..contract() }).expect_err("generation fails")
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let items = document["paths"].as_object_mut().into_iter().flatten();
    let members = items.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten());
    members.filter(|(method, _)| METHODS.contains(&method.as_str())).map(|(_, operation)| operation)
}

fn each_object(value: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        Value::Object(members) => {
            change(members);
            members.values_mut().for_each(|member| each_object(member, change));
        }
        _ => {}
    }
}

/// Replaces the references in `value` by their components.
fn inline(value: &mut Value, components: &Value) {
    let reference = value.get("$ref").and_then(Value::as_str);
    if let Some(found) = reference.and_then(|it| components.pointer(it.strip_prefix('#')?)) {
        *value = found.clone();
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, components)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| inline(member, components));
        }
        _ => {}
    }
}

/// Replaces every reference in `document` by its component.
fn inline_all(document: &mut Value) {
    let components = json!({ "components": document["components"] });
    inline(&mut document["paths"], &components);
    if let Some(members) = document.as_object_mut() {
        members.remove("components");
        members.remove("webhooks");
        members.remove("tags");
        members.remove("security");
    }
}

#[test]
fn inlined_document_without_constraints_gives_the_same_surface() {
    let mut sparse = contract_document();
    inline_all(&mut sparse);
    each_object(&mut sparse["paths"], &mut |members| {
        if members.contains_key("properties") {
            members.remove("required");
        }
        members.remove("enum");
        members.remove("format");
        if members.get("description").is_some_and(Value::is_string) {
            members.remove("description");
        }
    });
    for operation in operations(&mut sparse) {
        let members = operation.as_object_mut().expect("the value is an object");
        for name in ["operationId", "tags", "summary"] {
            members.remove(name);
        }
        let responses = members["responses"].as_object_mut().expect("responses");
        responses.retain(|status, _| status.starts_with('2'));
    }
    assert_eq!(surface_of(client_of(&sparse)), surface_of(contract_client()));
}

#[test]
fn nullable_members_and_renamed_schemas_give_the_same_surface() {
    let mut other = contract_document();
    // Every optional response member may be null, as generators write Rust's `Option`.
    for (name, schema) in other["components"]["schemas"].as_object_mut().into_iter().flatten() {
        if name.ends_with("Body") {
            continue;
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (member, schema) in schema["properties"].as_object_mut().into_iter().flatten() {
            if schema["type"].is_string() && !required.contains(&json!(member)) {
                schema["type"] = json!([schema["type"], "null"]);
            }
        }
    }
    let text = other.to_string().replace("#/components/schemas/", "#/components/schemas/Api_");
    let mut other: Value = serde_json::from_str(&text).expect("the text is JSON");
    let schemas = other["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let schemas = schemas.into_iter().map(|(name, schema)| (format!("Api_{name}"), schema));
    other["components"]["schemas"] = schemas.collect();
    for operation in operations(&mut other) {
        operation["operationId"] = json!(format!("{}_v1", operation["operationId"]));
        // FastAPI adds this response to every operation.
        operation["responses"]["422"] = json!({"description": "Validation Error", "content": {
            "application/json": {"schema": {"type": "object", "title": "HTTPValidationError",
                "properties": {"detail": {"type": "array", "items": {"type": "object"}}}}}}});
    }
    assert_eq!(surface_of(client_of(&other)), surface_of(contract_client()));
}

#[test]
fn effective_document_gives_the_same_source() {
    let ours = contract_client();
    let theirs = client_of(&ours.effective);
    assert_eq!(theirs.source, ours.source);
    let added: Vec<_> = theirs.facts.iter().filter(|it| it.status == FactStatus::Added).collect();
    assert!(added.is_empty(), "{added:?}");
    assert!(theirs.facts.iter().any(|fact| fact.status == FactStatus::Agreed));
}

#[test]
fn openapi_3_0_document_gives_the_same_surface() {
    let mut old = contract_document();
    old["openapi"] = json!("3.0.3");
    if let Some(members) = old.as_object_mut() {
        members.remove("webhooks");
    }
    each_object(&mut old["components"], &mut |members| {
        if members.remove("oneOf").is_some() {
            members.insert("allOf".to_owned(), json!([{"$ref": "#/components/schemas/Schedule"}]));
            members.insert("nullable".to_owned(), json!(true));
        }
        members.remove("examples");
    });
    assert_eq!(surface_of(client_of(&old)), surface_of(contract_client()));
}

#[test]
fn servers_path_prefixes_the_paths() {
    let prefixed = |url: &str, strip: &str| {
        let mut document = contract_document();
        document["servers"] = json!([{ "url": url }]);
        let paths = document["paths"].as_object().cloned().unwrap_or_default();
        let paths = paths.into_iter().map(|(path, item)| {
            let short = path.strip_prefix(strip).map(ToOwned::to_owned);
            (short.unwrap_or_else(|| format!("/..{path}")), item)
        });
        document["paths"] = paths.filter(|(path, _)| !path.starts_with("/..")).collect();
        document
    };
    let client = client_of(&prefixed("https://build.twin.so/v1", "/v1"));
    assert!(client.source.contains("\"{}/v1/agents\""));
    let missing: Vec<&str> = client
        .facts
        .iter()
        .filter(|fact| fact.status == FactStatus::Missing)
        .map(|fact| fact.subject.as_str())
        .collect();
    assert_eq!(
        missing.len(),
        3,
        "other operations than those of API keys are missing: {missing:?}"
    );
    assert_eq!(surface_of(client)["agents"], surface_of(contract_client())["agents"]);
}

#[test]
fn wrong_host_is_reported_and_replaced() {
    let mut other = contract_document();
    other["servers"] = json!([{"url": "https://builder.twin.so"}]);
    let client = client_of(&other);
    assert_eq!(client.effective["servers"][0]["url"], "https://build.twin.so");
    let fact =
        client.facts.iter().find(|fact| fact.subject == "servers").expect("the fact is reported");
    assert!(fact.to_string().contains("the document says https://builder.twin.so"), "{fact}");
    let accepted = with_edit(fact);
    assert_eq!(accepted["server"]["url"], "https://builder.twin.so");
}

#[test]
fn security_is_added_only_if_the_document_has_none() {
    let key = &contract_client().effective["components"]["securitySchemes"]["x-api-key"];
    let mut silent = contract_document();
    silent.as_object_mut().expect("an object").remove("security");
    silent["components"].as_object_mut().expect("an object").remove("securitySchemes");
    let client = client_of(&silent);
    assert_eq!(client.effective["security"], json!([{"x-api-key": []}]));
    assert_eq!(&client.effective["components"]["securitySchemes"]["x-api-key"], key);
    assert!(client.facts.iter().any(|fact| fact.subject == "security"));

    let mut own = silent;
    own["paths"]["/v1/me"]["get"]["security"] = json!([{"k": []}]);
    let client = client_of(&own);
    assert!(client.effective.get("security").is_none(), "{}", client.effective["security"]);
}

#[test]
fn security_of_every_operation_is_that_of_the_document() {
    let mut repeated = contract_document();
    let members = repeated.as_object_mut().expect("an object");
    let security = members.remove("security").expect("the document has it");
    for operation in operations(&mut repeated) {
        operation["security"] = security.clone();
    }
    assert_eq!(client_of(&repeated).effective, contract_client().effective);

    // One operation needs no key, so the effective document states the requirement per operation.
    repeated["paths"]["/v1/me"]["get"]["security"] = json!([]);
    let effective = &client_of(&repeated).effective;
    assert!(effective.get("security").is_none(), "{}", effective["security"]);
    assert_eq!(effective["paths"]["/v1/agents"]["get"]["security"], security);
}

/// Applies the edit of a fact to known.json.
fn with_edit(fact: &Fact) -> Value {
    let mut known: Value = serde_json::from_str(KNOWN).expect("known.json is JSON");
    let edit = fact.edit.as_ref().expect("the contradiction has an edit");
    assert!(edit.apply(&mut known), "{edit:?}");
    known
}

#[test]
fn server_path_that_each_path_repeats_is_reported_until_accepted() {
    for url in ["https://build.twin.so/v1", "https://build.twin.so/v1/", "/v1"] {
        let mut other = contract_document();
        other["servers"] = json!([{ "url": url }]);
        let openapi = other.to_string();
        let generate = |known: &Value| {
            let known = known.to_string();
            generate(Input::twin_api(openapi.as_bytes(), known.as_bytes(), OVERLAY.as_bytes()))
                .expect("the document generates")
        };
        let known: Value = serde_json::from_str(KNOWN).expect("known.json is JSON");
        let client = generate(&known);
        assert!(client.source.contains("\"{}/v1/agents\""), "{url}");
        let servers = |client: &Generated| {
            client.facts.iter().find(|fact| fact.subject == "servers").cloned()
        };
        let fact = servers(&client).expect("the contradiction is reported");
        let accepted = generate(&with_edit(&fact));
        assert_eq!(servers(&accepted), None, "{url}");
        assert_eq!(accepted.source, client.source, "{url}");
    }
}

#[test]
fn reports_all_operations_under_another_url() {
    let mut other = contract_document();
    for path in ["/v1/schedules", "/v1/me"] {
        let item = other["paths"].as_object_mut().and_then(|paths| paths.remove(path));
        let item = item.expect("the path exists");
        other["paths"][path.replace("/v1", "")] = item;
    }
    other["paths"]["/v1/workspaces"]["servers"] = json!([{"url": "https://other.example"}]);
    let error = refusal(&other);
    let shown: Vec<String> = error.problems().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 4, "{shown:#?}");
    for (pointer, expected, found) in [
        ("#/paths/~1me/get", "GET /v1/me", "GET /me"),
        ("#/paths/~1schedules/get", "GET /v1/schedules", "GET /schedules"),
        (
            "#/paths/~1v1~1workspaces/get",
            "GET /v1/workspaces",
            "GET https://other.example/v1/workspaces",
        ),
        (
            "#/paths/~1v1~1workspaces/post",
            "POST /v1/workspaces",
            "POST https://other.example/v1/workspaces",
        ),
    ] {
        let problem = error.problems().find(|it| it.pointer.as_deref() == Some(pointer));
        let problem = problem.expect("the operation is named");
        assert_eq!(problem.expected.as_deref(), Some(expected));
        assert!(problem.found.as_deref().is_some_and(|it| it.starts_with(found)), "{problem}");
    }
    // The edit of a moved path keeps our URL and lets the document generate.
    let mut known: Value = serde_json::from_str(twin_tests::vendored::KNOWN).expect("JSON");
    for problem in error.problems() {
        assert!(problem.edit.as_ref().is_some_and(|edit| edit.apply(&mut known)), "{problem}");
    }
    other["paths"]["/v1/workspaces"]
        .as_object_mut()
        .expect("the value is an object")
        .remove("servers");
    let (text, known) = (other.to_string(), known.to_string());
    let input = Input { openapi: text.as_bytes(), known: Some(known.as_bytes()), ..contract() };
    let client = generate(input).expect("the edits were made");
    assert_eq!(surface_of(client), surface_of(contract_client()));
}

#[test]
fn refused_document_lists_identify_and_lowering_problems() {
    let mut other = contract_document();
    let me = other["paths"].as_object_mut().and_then(|paths| paths.remove("/v1/me"));
    other["paths"]["/me"] = me.expect("the path is there");
    other["paths"]["/v1/probe"] = json!({"get": {"operationId": "probe", "responses": {"200": {
        "description": "d", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Gone"}}}}}}});
    let text = other.to_string();
    let input = Input { openapi: text.as_bytes(), strict: true, ..contract() };
    let error = generate(input).expect_err("the document is refused");
    let places: Vec<_> = error.problems().map(|it| (it.stage, it.pointer.as_deref())).collect();
    assert_eq!(
        places,
        [
            (Stage::Identify, Some("#/paths/~1me/get")),
            (Stage::Lower, Some("#/paths/~1v1~1probe/get")),
        ]
    );
}

#[test]
fn known_operation_stays_if_a_new_reference_leads_nowhere() {
    let mut other = contract_document();
    let agent = &mut other["components"]["schemas"]["Agent"];
    agent["properties"]["owner"] = json!({"$ref": "#/components/schemas/User", "description": "d"});
    agent["properties"]["parents"] =
        json!({"type": "array", "items": {"$ref": "https://schemas.twin.so/agent.json"}});
    other["components"]["schemas"]["StartRunBody"]["properties"]["inputs"] =
        json!({"$ref": "#/components/schemas/Inputs"});
    let parameters = &mut other["paths"]["/v1/agents"]["get"]["parameters"];
    let parameters = parameters.as_array_mut().expect("a list");
    parameters.push(json!({"name": "sort", "in": "query", "schema": {"$ref": "#/$defs/Sort"}}));
    parameters.push(json!({"$ref": "#/components/parameters/Gone"}));
    other["paths"]["/v1/probe"] = json!({"get": {"operationId": "probe", "responses": {"200": {
        "description": "d", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Gone"}}}}}}});
    let client = client_of(&other);
    let left_out: Vec<&str> = client.left_out.iter().map(|it| it.operation.as_str()).collect();
    assert_eq!(left_out, ["GET /v1/probe"]);
    let losses: Vec<String> = client
        .diagnostics
        .iter()
        .filter(|it| it.rule == "known-operations")
        .map(|it| format!("{}: {}", it.pointer, it.message))
        .collect();
    let schemas = "#/components/schemas";
    assert_eq!(
        losses,
        [
            format!(
                "{schemas}/Agent/properties/owner: any value is accepted, because $ref \
                \"{schemas}/User\" has no target"
            ),
            format!(
                "{schemas}/Agent/properties/parents/items: any value is accepted, because $ref \
                \"https://schemas.twin.so/agent.json\" leaves the document"
            ),
            format!(
                "{schemas}/StartRunBody/properties/inputs: any value is accepted, because $ref \
                \"{schemas}/Inputs\" has no target"
            ),
            "#/paths/~1v1~1agents/get/parameters/3: the parameter is dropped, because $ref \
                \"#/$defs/Sort\" has no target"
                .to_owned(),
            "#/paths/~1v1~1agents/get/parameters/4: the parameter is dropped, because $ref \
                \"#/components/parameters/Gone\" has no target"
                .to_owned(),
        ]
    );
    let surface = surface_of(client);
    assert!(surface["agents"].contains("fn list_agents("), "{}", surface["agents"]);
    assert!(surface["agents"].contains("owner: Option<Value>"), "{}", surface["agents"]);
}

#[test]
fn reused_schema_name_gets_a_new_type_name() {
    let mut other = contract_document();
    // A new operation uses the name `Run` for another schema; the run has another name.
    let text =
        other.to_string().replace("#/components/schemas/Run\"", "#/components/schemas/AgentRun\"");
    other = serde_json::from_str(&text).expect("the text is JSON");
    let run = other["components"]["schemas"]["Run"].take();
    other["components"]["schemas"]["AgentRun"] = run;
    other["components"]["schemas"]["Run"] =
        json!({"type": "object", "properties": {"miles": {"type": "integer"}}});
    other["paths"]["/v1/jogging"] = json!({"get": {"operationId": "jog", "tags": ["runs"],
        "responses": {"200": {"description": "d", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Run"}}}}}}});
    let client = client_of(&other);
    let surface = surface_of(client);
    assert!(surface["runs"].contains("GET /v1/jogging → fn jog() → Run2"), "{}", surface["runs"]);
    assert!(surface["runs"].contains("struct Run2\n  miles: Option<i64>"), "{}", surface["runs"]);
    assert!(surface["runs"].contains("struct Run\n  agent_id: String"), "{}", surface["runs"]);
}

#[test]
fn member_of_one_occurrence_is_optional_and_reported() {
    let mut other = contract_document();
    let mut agent = other["components"]["schemas"]["Agent"].clone();
    agent["properties"]["score"] = json!({"type": "number"});
    agent["required"] = json!(["agent_id", "score"]);
    other["components"]["schemas"]["ListedAgent"] = agent;
    other["components"]["schemas"]["ListAgentsResponse"]["properties"]["agents"]["items"] =
        json!({"$ref": "#/components/schemas/ListedAgent"});
    let client = client_of(&other);
    let fact = client
        .facts
        .iter()
        .find(|fact| fact.subject == "Agent.score")
        .expect("the fact is reported");
    assert!(matches!(fact.status, FactStatus::Differs { .. }), "{fact}");
    assert!(surface_of(client)["agents"].contains("score: Option<f64>"));
}

#[test]
fn renamed_secret_stays_secret() {
    let mut other = contract_document();
    let created = &mut other["components"]["schemas"]["CreateWebhookResponse"];
    let secret = created["properties"].as_object_mut().and_then(|it| it.remove("signing_secret"));
    created["properties"]["signingSecret"] = secret.expect("the schema has the secret");
    created["required"] = json!(["webhook_id"]);
    let client = client_of(&other);
    let surface = client.surface.files["webhooks"].clone();
    assert!(surface.contains("signing_secret: SecretString"), "{surface}");
    let fact = client.facts.iter().find(|it| it.subject == "CreateWebhookResponse.signing_secret");
    let fact = fact.expect("the fact is reported");
    assert!(fact.closest.as_deref().is_some_and(|it| it.ends_with("/signingSecret")), "{fact:?}");
    assert_eq!(fact.edit, None, "an edit would expose a secret");
}

#[test]
fn rejects_overlay_that_exposes_a_secret() {
    let overlay = json!({"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": [{
        "target": "$.components.schemas.CreateWebhookResponse.properties.signing_secret",
        "description": "d", "x-evidence": "e", "x-expects": {},
        "update": {"format": "uuid"}}]});
    let overlay = overlay.to_string();
    let input = Input { overlay: Some(overlay.as_bytes()), ..contract() };
    let error = generate(input).expect_err("generation fails");
    assert!(
        error.to_string().contains("CreateWebhookResponse.signing_secret is a secret"),
        "{error}"
    );
}

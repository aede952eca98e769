//! Generates source from a lowered document and leaves out operations that cannot be generated.
//!
//! If one part of a document is not supported, progenitor, typify and the passes fail for the whole
//! document. This module finds the parts that also fail on their own, and leaves out the operations
//! that use them. If it finds none, it returns the error.

use serde_json::Value;

use crate::limits::MAX_WRITE_ROUNDS;
use crate::lower::Lowered;
use crate::lower::left_out::take_out;
use crate::passes::Passed;
use crate::{Error, Problem, Runtime, Stage, StageTimer, blame, client, passes, render};

/// The syntax tree with its operations, and its text.
pub(crate) struct Written {
    pub(crate) passed: Passed,
    pub(crate) source: String,
}

/// Generates the client and removes operations that cannot be generated from `lowered`.
pub(crate) fn write(
    lowered: &mut Lowered,
    effective: &Value,
    runtime: Runtime,
    timer: &mut StageTimer,
) -> Result<Written, Error> {
    client::check_operations(&lowered.document)?;
    let mut round = 0;
    loop {
        let error = match attempt((&lowered.document, effective), runtime, timer) {
            Ok(written) => return Ok(written),
            Err(error) => error,
        };
        round += 1;
        let problems = problems(&lowered.document, runtime, &error);
        if problems.is_empty() || round > MAX_WRITE_ROUNDS {
            return Err(error);
        }
        let taken = take_out(&mut lowered.document, problems.clone())?;
        lowered.left_out.extend(taken.operations);
        if client::no_operations(&lowered.document) {
            return Err(Error::from_problems(problems).unwrap_or(error));
        }
        lowered.left_out.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
}

/// Generates the source. `documents` are the lowered and the effective document.
fn attempt(
    documents: (&Value, &Value),
    runtime: Runtime,
    timer: &mut StageTimer,
) -> Result<Written, Error> {
    let tokens = client::generate(documents.0, runtime)?;
    timer.lap(Stage::Client);
    let passed = passes::run(tokens, documents, runtime)?;
    timer.lap(Stage::Passes);
    let source = render::render(&passed.tree, runtime)?;
    timer.lap(Stage::Render);
    Ok(Written { passed, source })
}

/// Returns the parts of the document that fail on their own.
fn problems(document: &Value, runtime: Runtime, error: &Error) -> Vec<Problem> {
    let failure = |part: &Value| {
        let mut timer = StageTimer::start();
        attempt((part, part), runtime, &mut timer).err().map(|error| error.cause().to_owned())
    };
    // An empty document must pass. Otherwise every part would seem to fail.
    if failure(&blame::empty_document(document)).is_some() {
        return Vec::new();
    }
    let found = blame::find(document, failure);
    let first = error.problems().next();
    let help = first.and_then(|problem| problem.help.clone());
    found
        .into_iter()
        .map(|(pointer, cause)| {
            let problem = Problem::new(error.stage(), cause).at(pointer);
            match &help {
                Some(help) => problem.help(help.clone()),
                None => problem,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn lowered(document: Value) -> Lowered {
        Lowered { document, diagnostics: Vec::new(), left_out: Vec::new() }
    }

    fn operation(name: &str, schema: &Value) -> Value {
        json!({"operationId": name, "responses": {"2XX": {
            "description": "", "content": {"application/json": {"schema": schema}},
        }}})
    }

    #[test]
    fn leaves_out_an_operation_that_makes_progenitor_panic() {
        // The lowering never produces this: an enum whose values have one Rust name.
        let wicked = json!({"type": "string", "enum": ["a b", "a-b", "aXb"]});
        let mut lowered = lowered(json!({
            "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
            "paths": {
                "/good": {"get": operation("good", &json!({"type": "string"}))},
                "/bad": {"get": operation("bad", &json!({"$ref": "#/components/schemas/Wicked"}))},
            },
            "components": {"schemas": {"Wicked": wicked}},
        }));
        let written =
            write(&mut lowered, &Value::Null, Runtime::StandAlone, &mut StageTimer::start())
                .unwrap();
        assert!(written.source.contains("pub fn good") && !written.source.contains("pub fn bad"));
        let left_out: Vec<&str> =
            lowered.left_out.iter().map(|(left_out, _)| left_out.operation.as_str()).collect();
        assert_eq!(left_out, ["GET /bad"]);
    }
}

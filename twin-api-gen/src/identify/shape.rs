//! Compares path templates by shape: the path without parameter names, `/v1/agents/{}/runs`.

use std::collections::BTreeMap;

use crate::known::Known;

/// Returns the shape of a template, without a trailing slash.
pub(super) fn of(path: &str) -> String {
    segments(path).flat_map(|segment| ["/".to_owned(), blank(segment)]).collect()
}

/// Returns whether the longer of two shapes is the shorter one with a prefix.
pub(super) fn differ_by_prefix(one: &str, two: &str) -> bool {
    let (short, long) = if one.len() < two.len() { (one, two) } else { (two, one) };
    // A shape that consists of parameters only would match too many paths.
    let names = short.split('/').any(|segment| !segment.is_empty() && !segment.contains("{}"));
    one != two && names && long.ends_with(short)
}

/// Returns the names of a template's parameters, in order.
pub(super) fn parameters(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for segment in segments(path) {
        let mut rest = segment;
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            names.push(name);
            rest = after;
        }
    }
    names
}

/// Replaces the parameter names of a template by `names`, in order, and removes a trailing slash.
pub(super) fn rename(path: &str, names: &[String]) -> String {
    let mut names = names.iter();
    let mut renamed = String::new();
    for segment in segments(path) {
        renamed.push('/');
        let mut rest = segment;
        while let Some((before, (_, after))) =
            rest.split_once('{').and_then(|(before, it)| Some((before, it.split_once('}')?)))
        {
            renamed.push_str(before);
            if let Some(name) = names.next() {
                renamed.extend(["{", name, "}"]);
            }
            rest = after;
        }
        renamed.push_str(rest);
    }
    if renamed.is_empty() { "/".to_owned() } else { renamed }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// Replaces each parameter in a segment by `{}`.
fn blank(segment: &str) -> String {
    let mut blank = String::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else { break };
        blank.push_str(before);
        blank.push_str("{}");
        rest = after;
    }
    blank + rest
}

/// The known names of path parameters, by the shape of the path before them.
#[derive(Debug, Default)]
pub(super) struct ParameterNames(BTreeMap<String, String>);

impl ParameterNames {
    pub(super) fn of(known: &Known) -> Self {
        let mut names = BTreeMap::new();
        for operation in known.operations.values() {
            for (prefix, name) in prefixes(&operation.path) {
                names.entry(prefix).or_insert(name);
            }
        }
        Self(names)
    }

    /// Returns the known name for each parameter of `path`, or its own name if none is known.
    pub(super) fn apply(&self, path: &str) -> Vec<String> {
        let named = prefixes(path);
        named.into_iter().map(|(prefix, own)| self.0.get(&prefix).cloned().unwrap_or(own)).collect()
    }
}

/// Returns the shape up to each parameter, and the parameter's name.
fn prefixes(path: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut before = String::new();
    for segment in segments(path) {
        before = format!("{before}/{}", blank(segment));
        for (index, name) in parameters(&format!("/{segment}")).into_iter().enumerate() {
            found.push((format!("{before}#{index}"), name.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_drops_parameter_names_and_trailing_slash() {
        for (path, shape) in [
            ("/v1/agents/{agent_id}/runs", "/v1/agents/{}/runs"),
            ("/v1/agents/{id}/", "/v1/agents/{}"),
            ("/files/{name}.{ext}", "/files/{}.{}"),
            ("/odd/{open", "/odd/{open"),
            ("/", ""),
        ] {
            assert_eq!(of(path), shape);
        }
        assert_eq!(parameters("/a/{x}/{y}.{z}"), ["x", "y", "z"]);
        assert_eq!(rename("/a/{x}/b/", &["id".to_owned()]), "/a/{id}/b");
        assert_eq!(rename("/", &[]), "/");
    }

    #[test]
    fn distinguishes_a_prefix_from_another_path() {
        assert!(differ_by_prefix("/v1/schedules", "/schedules"));
        assert!(differ_by_prefix("/agents/{}/schedule", "/v1/agents/{}/schedule"));
        assert!(!differ_by_prefix("/v1/agents", "/v2/agents"));
        assert!(!differ_by_prefix("/v1/agents", "/v1/agents"));
        assert!(!differ_by_prefix("/{}", "/v1/agents/{}"));
    }
}

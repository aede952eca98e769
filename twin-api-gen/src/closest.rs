//! Finds the most similar name, for error messages.

use std::collections::BTreeMap;

/// The minimum similarity in percent. Names below it have nothing in common.
const MIN_SIMILARITY: usize = 40;

/// Returns the candidate most similar to `name`. `alike` marks candidates of the same type.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl Iterator<Item = (&'a str, bool)>,
) -> Option<&'a str> {
    let scored = candidates.map(|(candidate, alike)| {
        // An equal type alone is not enough, but it decides between similar names.
        let score = similarity(name, candidate) + if alike { 15 } else { 0 };
        (score, candidate)
    });
    // The first of several equal candidates wins, so that messages are deterministic.
    let best = scored.fold(None, |best: Option<(usize, &str)>, (score, candidate)| match best {
        Some((most, _)) if most >= score => best,
        _ => Some((score, candidate)),
    });
    best.filter(|(score, _)| *score >= MIN_SIMILARITY).map(|(_, candidate)| candidate)
}

/// Returns the share of letter pairs that two names have in common, in percent (Dice's
/// coefficient).
fn similarity(one: &str, two: &str) -> usize {
    let (one, two) = (pairs(one), pairs(two));
    let total: usize = one.values().chain(two.values()).sum();
    let shared: usize =
        one.iter().map(|(pair, count)| *count.min(two.get(pair).unwrap_or(&0))).sum();
    (200 * shared).checked_div(total).unwrap_or(0)
}

fn pairs(name: &str) -> BTreeMap<(char, char), usize> {
    let letters: Vec<char> =
        name.chars().flat_map(char::to_lowercase).filter(|c| !matches!(c, '_' | '-')).collect();
    let mut pairs = BTreeMap::new();
    for pair in letters.windows(2) {
        if let [first, second] = pair {
            *pairs.entry((*first, *second)).or_default() += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_renamed_member_and_ignores_unrelated_names() {
        let names = ["workspace_id", "secret", "signingSecret", "url"];
        let found = |name| closest(name, names.iter().map(|name| (*name, false)));
        assert_eq!(found("signing_secret"), Some("signingSecret"));
        assert_eq!(found("workspaces"), Some("workspace_id"));
        assert_eq!(found("created_at"), None);
        assert_eq!(closest("x", std::iter::empty()), None);
    }
}

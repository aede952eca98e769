//! Numbers the problems and the contradicted facts, and makes the edits that `--accept` names.
//!
//! The facts that the committed document contradicts too are printed last and without details. They
//! keep their places in the numbering, because after a commit they are the only ones, and must have
//! the same numbers. If accepted edits reveal further problems, these get the
//! next numbers, so that one command can accept all edits. The edits are saved only if a client can
//! be generated with them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use twin_api_gen::known::FactStatus;
use twin_api_gen::{Edit, EditedFile, Error, Fact, Generated, Problem};

use super::{RegenInputs, RegenOptions};
use crate::edit;

/// The file that keeps a refused document.
const REFUSED: &str = "target/regen/refused-openapi.json";

/// A generation after the accepted edits.
pub(super) struct Accepted {
    pub(super) generated: Generated,
    /// The items that remain after the edits.
    pub(super) offers: Vec<Offer>,
    /// The edits that were applied.
    pub(super) made: Vec<Edit>,
}

/// One numbered item of the list.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) edit: Option<Edit>,
    /// Whether the committed document contradicts the fact in the same way.
    pub(super) is_old: bool,
}

/// An offer before it has a number.
struct UnnumberedOffer {
    text: String,
    edit: Option<Edit>,
    is_old: bool,
}

/// Generates and applies accepted edits in `sources`, until no accepted number is left.
pub(super) fn generate(
    options: &RegenOptions,
    sources: &mut RegenInputs,
    old: &OldContradictions,
) -> anyhow::Result<Accepted> {
    let mut made = Vec::new();
    let mut listed = 0;
    loop {
        let result = sources.generate(options.strict);
        let offers = match &result {
            Ok(generated) => number(listed, of_facts(&generated.facts, old)),
            Err(error) => number(listed, error.problems().map(of_problem)),
        };
        let range = listed + 1..=listed + offers.len();
        listed += offers.len();
        let edits = chosen(options, &offers, &range)?;
        if !edits.is_empty() {
            make(sources, &edits)?;
            made.extend(edits);
            continue;
        }
        if let Some(number) = options.accept.iter().find(|number| **number > listed) {
            let count = if listed == 0 {
                "the list is empty".to_owned()
            } else {
                format!("the list ends with {listed}")
            };
            bail!("--accept {number}: there is no such item; {count}");
        }
        return match result {
            Ok(generated) => {
                // The next command starts counting at one.
                let facts = of_facts(&generated.facts, old);
                let offers = if made.is_empty() { offers } else { number(0, facts) };
                Ok(Accepted { generated, offers, made })
            }
            Err(error) => Err(refuse(options, sources, &error, &offers, &made)?),
        };
    }
}

fn number(listed: usize, items: impl IntoIterator<Item = UnnumberedOffer>) -> Vec<Offer> {
    let offer =
        |(number, UnnumberedOffer { text, edit, is_old })| Offer { number, text, edit, is_old };
    (listed + 1..).zip(items).map(offer).collect()
}

/// Returns the accepted edits among `offers`.
fn chosen(
    options: &RegenOptions,
    offers: &[Offer],
    range: &std::ops::RangeInclusive<usize>,
) -> anyhow::Result<Vec<Edit>> {
    let numbers = options.accept.iter().filter(|number| range.contains(number));
    numbers
        .map(|number| {
            let offer = offers.iter().find(|offer| offer.number == *number);
            let edit = offer.and_then(|offer| offer.edit.clone());
            edit.with_context(|| {
                format!(
                    "--accept {number}: no edit is known for item {number}; edit \
                     twin-api-gen/known.json by hand, or keep the fact"
                )
            })
        })
        .collect()
}

fn make(sources: &mut RegenInputs, edits: &[Edit]) -> anyhow::Result<()> {
    for (file, text) in
        [(EditedFile::Known, &mut sources.known), (EditedFile::Overlay, &mut sources.overlay)]
    {
        let own: Vec<&Edit> = edits.iter().filter(|edit| edit.file == file).collect();
        *text = edit::apply(text, &own)?;
    }
    let unknown =
        edits.iter().any(|edit| !matches!(edit.file, EditedFile::Known | EditedFile::Overlay));
    ensure!(!unknown, "an edit of a file that regen does not write");
    Ok(())
}

/// Formats a problem as an item.
fn of_problem(problem: &Problem) -> UnnumberedOffer {
    let mut text = format!("{}: {}", problem.stage, problem.what);
    let lines = [
        ("at", &problem.pointer),
        ("expected", &problem.expected),
        ("found", &problem.found),
        ("closest", &problem.closest),
        ("help", &problem.help),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = write!(text, "\n     {name:<9} {value}");
        }
    }
    UnnumberedOffer { text, edit: problem.edit.clone(), is_old: false }
}

/// The facts that the committed document contradicts.
pub(super) enum OldContradictions {
    /// The document is the committed one.
    All,
    Of(Vec<Fact>),
}

impl OldContradictions {
    fn contains(&self, fact: &Fact) -> bool {
        let is_same = |other: &Fact| {
            (&other.subject, &other.says, &other.status)
                == (&fact.subject, &fact.says, &fact.status)
        };
        match self {
            Self::All => true,
            Self::Of(facts) => facts.iter().any(is_same),
        }
    }
}

/// Formats the facts that the document contradicts as items.
fn of_facts(facts: &[Fact], old: &OldContradictions) -> Vec<UnnumberedOffer> {
    let is_open = |fact: &&Fact| !matches!(fact.status, FactStatus::Added | FactStatus::Agreed);
    let item = |fact: &Fact| UnnumberedOffer {
        text: fact.to_string(),
        edit: fact.edit.clone(),
        is_old: old.contains(fact),
    };
    facts.iter().filter(is_open).map(item).collect()
}

/// Prints a list of items with their edits.
pub(super) fn list<'a>(offers: impl IntoIterator<Item = &'a Offer>) -> String {
    let mut text = String::new();
    for Offer { number, text: item, edit, .. } in offers {
        let _ = writeln!(text, "{number:>3}. {item}");
        if let Some(edit) = edit {
            let _ = writeln!(text, "     {:<9} {edit} (--accept {number})", "edit");
        }
    }
    text
}

/// Prints a list of items without sources and edits.
pub(super) fn short_list<'a>(offers: impl IntoIterator<Item = &'a Offer>) -> String {
    let mut text = String::new();
    for Offer { number, text: item, .. } in offers {
        let item = item.split("; the known fact wins").next().unwrap_or_default();
        let _ = writeln!(text, "{number:>3}. {item}");
    }
    text
}

/// Builds the error for a refused document. A fetched document is kept for inspection.
fn refuse(
    options: &RegenOptions,
    sources: &RegenInputs,
    error: &Error,
    offers: &[Offer],
    made: &[Edit],
) -> anyhow::Result<anyhow::Error> {
    let problems = error.problems().count();
    let mut text = format!(
        "no client can be generated: {problems} {}\n{}",
        if problems == 1 { "problem" } else { "problems" },
        list(offers)
    );
    if !made.is_empty() {
        text.push_str("the accepted edits were not saved, because these problems remain\n");
    }
    let mut command = "cargo xtask regen".to_owned();
    if options.fetch.is_some() {
        let kept = keep(&options.root, &sources.document)?;
        let _ = writeln!(text, "the document is kept in {}", kept.display());
        let _ = write!(command, " --fetch {}", kept.display());
    }
    let numbers: Vec<String> = options
        .accept
        .iter()
        .copied()
        .chain(offers.iter().filter(|offer| offer.edit.is_some()).map(|offer| offer.number))
        .map(|number| number.to_string())
        .collect();
    if numbers.is_empty() {
        text.push_str("no file of the repository was changed");
    } else {
        let _ = write!(
            text,
            "no file of the repository was changed; to make the edits, run\n  {command} --accept {}",
            numbers.join(",")
        );
    }
    Ok(anyhow::Error::msg(text))
}

fn keep(root: &Path, document: &[u8]) -> anyhow::Result<PathBuf> {
    let path = root.join(REFUSED);
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(&path, document)
    };
    write().with_context(|| format!("keeping the refused document in {}", path.display()))?;
    // The command that is printed must also work in another folder.
    Ok(fs::canonicalize(&path).unwrap_or(path))
}

//! Compares the numbers of crates that a README states with the numbers that cargo resolves.
//!
//! A README states them in a table with the head [`HEAD`]. Each row has a list of features and the
//! number of crates that a program with these features compiles on Linux.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::{Crate, cargo, read};

const HEAD: &str = "| features | crates |\n|---|---|\n";

/// The platform of the numbers. Other platforms need other crates.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Compares the tables of the staged READMEs with the staged crates.
///
/// # Errors
/// Fails if a row is wrong. The error lists all wrong rows with the right numbers.
pub(super) fn check(stage: &Path, crates: &[Crate]) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for Crate { name, folder } in crates {
        let readme = read(&stage.join(folder).join("README.md"))?;
        for (features, stated) in rows(&readme).with_context(|| format!("{folder}/README.md"))? {
            let actual = count(stage, name, &features)?;
            if actual != stated {
                let row = format!("the row `{features}` says {stated} crates");
                wrong.push(format!("{folder}/README.md: {row}; write {actual}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "wrong numbers of crates:\n  {}", wrong.join("\n  "));
    Ok(())
}

/// Returns the features and the number of each row, or nothing if there is no table.
fn rows(readme: &str) -> anyhow::Result<Vec<(String, usize)>> {
    let Some((_, table)) = readme.split_once(HEAD) else { return Ok(Vec::new()) };
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    ensure!(!rows.is_empty(), "the table of crates has no rows");
    let cells = rows.iter().map(|row| {
        let (features, number) = row.trim_matches(['|', ' ']).split_once('|')?;
        let features = match features.trim() {
            "none" => String::new(),
            quoted => quoted.trim_matches('`').to_owned(),
        };
        Some((features, number.trim().parse().ok()?))
    });
    let cells: Option<Vec<_>> = cells.collect();
    cells.context("a row of the table of crates is not \"| features | number |\"")
}

/// Counts the crates that cargo compiles for `package` with exactly these features.
fn count(stage: &Path, package: &str, features: &str) -> anyhow::Result<usize> {
    let options = ["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal,build"];
    let chosen = ["--target", TARGET, "-p", package, "--no-default-features", "-F", features];
    let tree = cargo(stage, &[&options[..], &chosen[..]].concat())?;
    // cargo marks a crate that it has already listed with `(*)`.
    let crates: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    Ok(crates.len())
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn reads_features_and_numbers() {
        let table = "| features | crates |\n|---|---|\n| none | 7 |\n| `a,b` | 29 |\n\n| x | 1 |\n";
        let expected = vec![(String::new(), 7), ("a,b".to_owned(), 29)];
        assert_eq!(rows(table).unwrap(), expected);
        assert!(rows("no table").unwrap().is_empty());
    }

    #[test]
    fn refuses_a_table_that_cannot_be_checked() {
        for rest in ["", "| `a` | many |\n", "| `a` |\n"] {
            let table = format!("| features | crates |\n|---|---|\n{rest}");
            assert!(rows(&table).is_err(), "{rest}");
        }
    }
}

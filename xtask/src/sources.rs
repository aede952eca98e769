//! Checks rules for sources that the compiler does not check: words, file lengths, doc comments, and the
//! imports of examples.
//!
//! It reads the files that git tracks or would track.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use regex::{Regex, RegexBuilder};

use crate::console::Console;

/// Maximum lines of a file, unless a comment with [`REASON`] explains its length.
const MAX_LINES: usize = 450;

/// The marker of the comment that explains a longer file.
const REASON: &str = "Length:";

/// The file with the rejected phrases.
const WORDS: &str = "xtask/words.txt";

/// Files with text of other authors, and files that list the phrases.
const FOREIGN: &[&str] =
    &["LICENSE", "tests/schemas/", "tests/specimen/", WORDS, "xtask/src/sources.rs", "Cargo.lock"];

/// The endings of files with prose or names.
const ENDINGS: &[&str] = &[".rs", ".md", ".json", ".html", ".js", ".css", ".toml", ".yml", ".sh"];

/// Checks every tracked file.
///
/// # Errors
/// Fails if a file breaks a rule. Each violation is printed with its file, line and replacement.
pub(crate) fn check(root: &Path, console: &mut Console) -> anyhow::Result<()> {
    let words = words(&read(root, WORDS)?)?;
    let mut faults = Vec::new();
    for file in files(root)? {
        let text = read(root, &file)?;
        phrases(&file, &text, &words, &mut faults);
        example_paths(&file, &text, &mut faults);
        if Path::new(&file).extension().is_some_and(|ending| ending == "rs") {
            length(&file, &text, &mut faults);
            first_sentences(&file, &text, &mut faults);
        }
    }
    for fault in &faults {
        console.progress(format_args!("{fault}"));
    }
    ensure!(faults.is_empty(), "{} places break a rule for sources", faults.len());
    Ok(())
}

/// A rejected phrase and its replacement.
struct Phrase {
    pattern: Regex,
    instead: String,
}

fn words(list: &str) -> anyhow::Result<Vec<Phrase>> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(phrase).collect()
}

fn phrase(line: &str) -> anyhow::Result<Phrase> {
    let (pattern, instead) =
        line.split_once('\t').with_context(|| format!("{WORDS}: no tab in \"{line}\""))?;
    let pattern = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .build()
        .with_context(|| format!("{WORDS}: \"{pattern}\" is not a regular expression"))?;
    Ok(Phrase { pattern, instead: instead.to_owned() })
}

fn files(root: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git cannot be started")?;
    ensure!(output.status.success(), "git ls-files failed in {}", root.display());
    let names = String::from_utf8(output.stdout).context("a file name is not valid UTF-8")?;
    let ours = |name: &&str| {
        ENDINGS.iter().any(|ending| name.ends_with(ending))
            && !FOREIGN.iter().any(|foreign| name.starts_with(foreign))
            && root.join(name).is_file()
    };
    Ok(names.split('\0').filter(ours).map(str::to_owned).collect())
}

fn phrases(file: &str, text: &str, words: &[Phrase], faults: &mut Vec<String>) {
    for (index, line) in text.lines().enumerate() {
        // "There is no GET for one run" and "is no longer" are plain English.
        let mut line = line.to_lowercase();
        for plain in
            ["there is no ", "there are no ", "there was no ", "is no longer ", "are no longer "]
        {
            line = line.replace(plain, "");
        }
        for Phrase { pattern, instead } in words {
            if let Some(found) = pattern.find(&line) {
                let number = index + 1;
                faults.push(format!("{file}:{number}: \"{}\": write {instead}", found.as_str()));
            }
        }
    }
}

fn length(file: &str, text: &str, faults: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > MAX_LINES && !text.contains(REASON) {
        faults.push(format!(
            "{file}: {lines} lines; split it by concept, or say why in a comment that \
             begins with \"{REASON}\""
        ));
    }
}

/// Requires that the docs of a public function begin with a third-person verb.
fn first_sentences(file: &str, text: &str, faults: &mut Vec<String>) {
    if !library(file) {
        return;
    }
    let mut first: Option<(usize, &str)> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(doc) = line.strip_prefix("///") {
            first.get_or_insert((index + 1, doc.trim()));
        } else if is_public_function(line) {
            if let Some((number, sentence)) = first.take().filter(|(_, text)| !third_person(text)) {
                faults.push(format!(
                    "{file}:{number}: \"{sentence}\": begin with a verb in the third person"
                ));
            }
        } else if !line.starts_with('#') && !line.starts_with("//") {
            first = None;
        }
    }
}

/// Requires that the examples of `twin-ext` reach the raw client through `twin-ext`, because the
/// program of a user depends on `twin-ext` only.
fn example_paths(file: &str, text: &str, faults: &mut Vec<String>) {
    let is_in = |folders: &[&str]| folders.iter().any(|folder| file.starts_with(folder));
    let is_program = is_in(&["twin-ext/examples/", "tests/examples/webhooks/"]);
    let is_page = Path::new(file).extension().is_some_and(|ending| ending == "md");
    if !is_program && !is_in(&["twin-ext/src/", "twin-ext/README.md", "README.md"]) {
        return;
    }
    let mut is_code = is_program;
    for (index, line) in text.lines().enumerate() {
        let line = if is_program || is_page { Some(line) } else { doc_text(line) };
        let Some(line) = line else {
            is_code = false;
            continue;
        };
        if !is_program && line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if is_code && names_raw_client(line) {
            let number = index + 1;
            faults.push(format!("{file}:{number}: \"twin_api::\": write twin_ext::twin_api::"));
        }
    }
}

/// Returns the text of a line of a doc comment.
fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
}

/// Returns whether a line of code has a path that begins with `twin_api::`.
fn names_raw_client(line: &str) -> bool {
    line.match_indices("twin_api::").any(|(start, _)| {
        let before = line.get(..start).and_then(|before| before.chars().next_back());
        before.is_none_or(|letter| letter != ':' && letter != '_' && !letter.is_alphanumeric())
    })
}

/// Returns whether the file belongs to a published crate, whose docs users read.
fn library(file: &str) -> bool {
    ["twin-api/src/", "twin-ext/src/", "twin-api-gen/src/", "tests/emulator/src/"]
        .iter()
        .any(|folder| file.starts_with(folder))
}

fn is_public_function(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("pub ") else { return false };
    let rest = rest.trim_start_matches("const ").trim_start_matches("async ");
    rest.starts_with("fn ")
}

fn third_person(sentence: &str) -> bool {
    let word = sentence.split([' ', ',', ':', '.']).next().unwrap_or_default();
    word.len() > 2 && word.ends_with('s') && word.chars().all(char::is_alphabetic)
}

fn read(root: &Path, file: &str) -> anyhow::Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(file: &str, text: &str) -> Vec<String> {
        let words = words("\\bis no text\\b\t\"not valid UTF-8\"\n").unwrap();
        let mut faults = Vec::new();
        phrases(file, text, &words, &mut faults);
        length(file, text, &mut faults);
        first_sentences(file, text, &mut faults);
        example_paths(file, text, &mut faults);
        faults
    }

    #[test]
    fn rejects_a_listed_phrase_with_its_line_and_replacement() {
        let faults = faults_of("README.md", "one\nThe name Is No Text.\n");
        assert_eq!(faults, ["README.md:2: \"is no text\": write \"not valid UTF-8\""]);
        assert!(faults_of("README.md", "there is no text here\n").is_empty());
    }

    #[test]
    fn rejects_an_example_of_twin_ext_that_imports_twin_api_directly() {
        let page = "`twin_api::Client`\n```\nuse twin_api::Client;\n```\n";
        let fault = "twin-ext/src/guide/a.md:3: \"twin_api::\": write twin_ext::twin_api::";
        assert_eq!(faults_of("twin-ext/src/guide/a.md", page), [fault]);
        let docs = "/// ```\n/// # fn f(_: twin_api::Client) {}\n/// ```\nuse twin_api::Client;\n";
        assert_eq!(faults_of("twin-ext/src/a.rs", docs).len(), 1);
        assert_eq!(faults_of("twin-ext/examples/a.rs", "use twin_api::Client;\n").len(), 1);
        let right = page.replace("use twin_api", "use twin_ext::twin_api");
        assert!(faults_of("twin-ext/src/guide/a.md", &right).is_empty());
        assert!(faults_of("twin-api/src/a.rs", docs).is_empty());
    }

    #[test]
    fn rejects_a_long_file_without_a_reason() {
        let long = "\n".repeat(MAX_LINES + 1);
        assert_eq!(faults_of("a.rs", &long).len(), 1);
        assert!(faults_of("a.rs", &format!("// Length: one table\n{long}")).is_empty());
    }

    #[test]
    fn rejects_public_docs_that_do_not_begin_with_a_verb() {
        let noun = "/// The name.\n#[must_use]\npub fn name() {}\n";
        assert_eq!(faults_of("twin-ext/src/a.rs", noun).len(), 1);
        let verb = "/// Returns the name.\npub const fn name() {}\n";
        assert!(faults_of("twin-ext/src/a.rs", verb).is_empty());
        assert!(faults_of("tests/pages/a.rs", noun).is_empty());
    }
}

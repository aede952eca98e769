//! `cargo xtask rendered`: checks the pages of the documentation as a browser shows them.
//!
//! rustdoc warns of links that it cannot resolve. It does not warn of Markdown that stayed text (a
//! literal backtick, a link in brackets), of code that is wider than the page, or of a link to
//! docs.rs whose target does not exist. Chromium shows each page at a width of 1280 pixels. The pages
//! come from `cargo doc`; in `cargo xtask check`, the check "documentation" builds them first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use regex::Regex;

use crate::console::Console;
use crate::regen::Freshness;

/// The crates whose pages users read.
const CRATES: [&str; 3] = ["twin_api", "twin_ext", "twin_emulator"];

const HARNESS: &str = include_str!("rendered/harness.html");

/// The text in the harness that is replaced by the list of pages.
const PLACEHOLDER: &str = "/*PAGES*/[]";

/// The flags of Chromium: no window, no sandbox, no requests for updates, and access to local files.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    // Virtual time stands still while a page loads, so a slow machine does not reach this limit.
    "--virtual-time-budget=120000",
];

/// The options of the command.
#[derive(Debug, Clone)]
pub struct RenderedOptions {
    /// The repository.
    pub root: PathBuf,
}

/// Checks the pages of the published crates.
///
/// # Errors
/// Fails if the documentation is not built, Chromium cannot be started, or a page has a fault. The
/// error lists all faults.
pub fn run(options: &RenderedOptions, console: &mut Console) -> anyhow::Result<Freshness> {
    let folder = options.root.join("target/doc");
    let folder = folder.canonicalize().with_context(|| {
        format!(
            "{} does not exist; run `cargo doc --workspace --no-deps --all-features`",
            folder.display()
        )
    })?;
    let mut texts = Texts::new();
    for name in CRATES {
        collect(&folder.join(name), &mut texts)?;
    }
    let pages: Vec<&Path> = texts
        .iter()
        .filter(|(_, text)| forward(text).is_none())
        .map(|(page, _)| page.as_path())
        .collect();
    let mut faults = dead_links(&folder, &texts)?;
    faults.extend(look(&pages)?);
    ensure!(
        faults.is_empty(),
        "{} faults in {} pages:\n{}",
        faults.len(),
        pages.len(),
        faults.join("\n")
    );
    console.progress(format_args!("{} pages have no fault", pages.len()));
    Ok(Freshness::Fresh)
}

/// The text of every HTML file, by its path.
type Texts = BTreeMap<PathBuf, String>;

fn collect(folder: &Path, texts: &mut Texts) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, texts)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let text = fs::read_to_string(&path);
            let text = text.with_context(|| format!("reading {}", path.display()))?;
            texts.insert(path, text);
        }
    }
    Ok(())
}

/// Returns the page to which this one forwards. rustdoc keeps such a page for the old address of a
/// macro and of a re-export; its script keeps the fragment of the link.
fn forward(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("http-equiv=\"refresh\" content=\"0;URL=")?;
    Some(rest.split_once('"')?.0)
}

/// Returns the text of a page, or of the page to which it forwards.
fn text_at<'a>(page: &Path, texts: &'a Texts) -> Option<&'a str> {
    let get = |page: &Path| Some(texts.get(&page.canonicalize().ok()?)?.as_str());
    let page = if page.is_dir() { page.join("index.html") } else { page.to_owned() };
    let text = get(&page)?;
    match forward(text) {
        Some(target) => get(&page.parent()?.join(target)),
        None => Some(text),
    }
}

/// Returns the links to docs.rs whose page or item does not exist in these crates.
fn dead_links(folder: &Path, texts: &Texts) -> anyhow::Result<Vec<String>> {
    let link = Regex::new(
        r##"href="https://docs\.rs/twin-(?:api|ext|emulator)/[^/"]+/(twin_\w+/[^"#]*)(?:#([^"]+))?""##,
    )?;
    let mut links: BTreeSet<(&str, &str)> = BTreeSet::new();
    for text in texts.values() {
        for found in link.captures_iter(text) {
            let part = |group| found.get(group).map_or("", |it: regex::Match<'_>| it.as_str());
            links.insert((part(1), part(2)));
        }
    }
    let is_dead = |(path, item): &(&str, &str)| {
        let text = text_at(&folder.join(path), texts);
        !text.is_some_and(|text| item.is_empty() || text.contains(&format!("id=\"{item}\"")))
    };
    Ok(links
        .into_iter()
        .filter(is_dead)
        .map(|(path, item)| format!("dead link: {path}#{item}"))
        .collect())
}

/// Loads the pages in Chromium and returns their faults.
fn look(pages: &[&Path]) -> anyhow::Result<Vec<String>> {
    let addresses: Vec<String> = pages
        .iter()
        .map(|page| url::Url::from_file_path(page).map(String::from))
        .collect::<Result<_, ()>>()
        .map_err(|()| anyhow::anyhow!("the path of a page is not absolute"))?;
    ensure!(HARNESS.contains(PLACEHOLDER), "the harness does not contain {PLACEHOLDER}");
    let harness = HARNESS.replace(PLACEHOLDER, &serde_json::to_string(&addresses)?);
    let profile = tempfile::tempdir()?;
    let file = profile.path().join("harness.html");
    fs::write(&file, harness)?;
    let output = Command::new("chromium")
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
        .arg("--window-size=1400,1000")
        .arg("--dump-dom")
        .arg(&file)
        .output()
        .context("chromium cannot be started; .ci/run shows how to install it")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let result =
        text.split_once("<pre id=\"result\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let unescape =
        |line: &str| line.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&");
    let mut lines: Vec<String> =
        result.map_or("", |(result, _)| result).lines().map(unescape).collect();
    let expected = format!("checked {} pages", pages.len());
    if lines.pop().as_deref() != Some(&expected) {
        bail!("chromium did not check all pages: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(body: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in CRATES {
            let folder = root.path().join("target/doc").join(name);
            fs::create_dir_all(&folder).unwrap();
            let page = format!(
                "<!doctype html><main id=\"main\"><div class=\"docblock\">{body}</div></main>"
            );
            fs::write(folder.join("index.html"), page).unwrap();
            let forward = "<meta http-equiv=\"refresh\" content=\"0;URL=index.html\">";
            fs::write(folder.join("old.html"), forward).unwrap();
        }
        root
    }

    fn faults(body: &str) -> String {
        let root = site(body);
        let options = RenderedOptions { root: root.path().to_owned() };
        match run(&options, &mut Console::silent()) {
            Ok(_) => String::new(),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn reports_each_kind_of_fault_and_accepts_a_page_without_faults() {
        if Command::new("chromium").arg("--version").output().is_err() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has a browser");
            eprintln!("SKIPPED: there is no chromium");
            return;
        }
        let faultless = "<p>text <code>`a` [b]</code></p><pre>short</pre> \
            <a href=\"https://docs.rs/twin-ext/latest/twin_ext/index.html\">x</a> \
            <a href=\"https://docs.rs/twin-api/latest/twin_api/old.html#main\">x</a> \
            <div id=\"blanket-implementations-list\"><div class=\"docblock\"><p>[b]</p></div></div>";
        assert_eq!(faults(faultless), "");
        let wide = format!("<pre style=\"overflow: auto\">{}</pre>", "x".repeat(400));
        let wide_table = "<div style=\"overflow-x: auto\"><table style=\"width: 3000px\"><tr><td>x</table></div>";
        let broken = [
            ("<p>a `b</p>", "a literal backtick: a `b"),
            ("<p>see [Client::x]</p>", "a bracketed link: [Client::x]"),
            ("<p>see [<code>Client</code>]</p>", "a bracketed link: [_Client_]"),
            (wide.as_str(), "scrolls sideways"),
            (wide_table, "scrolls sideways"),
            ("<div style=\"width: 3000px\">x</div>", "the page scrolls sideways"),
            ("<a href=\"https://docs.rs/twin-ext/latest/twin_ext/none.html\">x</a>", "dead link: "),
            (
                "<a href=\"https://docs.rs/twin-api/latest/twin_api/index.html#y\">x</a>",
                "dead link: ",
            ),
        ];
        for (body, expected) in broken {
            let faults = faults(body);
            assert!(faults.contains(expected), "{body}: {faults}");
        }
    }
}

//! `cargo xtask regen --fetch` from the emulator, over HTTP.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use twin_tests::emulator::{Emulator, Profile};
use xtask::console::Console;
use xtask::fetch::Source;
use xtask::regen::{self, Mode, Verdict};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Runs `cargo xtask regen --fetch http://127.0.0.1:…/openapi.json` in a copy of the files that
/// regen reads.
#[tokio::test(flavor = "multi_thread")]
async fn regen_fetches_the_document_from_the_emulator() {
    let copy = tempfile::tempdir().expect("a folder");
    let fresh = copy_what_regen_reads(copy.path());
    let document = copy.path().join("openapi.json");
    // An older document, which the fetched one replaces.
    let older = fs::read_to_string(&document).expect("it exists") + "\n";
    fs::write(&document, older).expect("the file is written");
    let twin = Emulator::builder(Profile::Documented).start().await.expect("a free port");
    let source = Source::parse(&format!("{}/openapi.json", twin.url())).expect("the source is valid");
    let root = copy.path().to_owned();
    let options = regen::Options { fetch: Some(source), ..regen::Options::new(root, Mode::Write) };

    let verdict = regen::run(&options, &mut Console::silent()).expect("regen succeeds");

    assert_eq!(verdict, Verdict::Fresh);
    for (file, bytes) in fresh {
        let found = fs::read(&file).expect("the file exists");
        assert!(found == bytes, "{} was changed", file.display());
    }
}

/// Copies the files that regen reads, and returns them with their bytes.
fn copy_what_regen_reads(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let repository = Path::new(REPOSITORY);
    let snapshots = fs::read_dir(repository.join("tests/snapshots")).expect("it exists");
    let snapshots = snapshots.map(|entry| {
        let name = entry.expect("the file is read").file_name();
        Path::new("tests/snapshots").join(name)
    });
    let files =
        ["openapi.json", "twin-api-gen/known.json", "twin-api-gen/overlay.json"].map(PathBuf::from);
    let mut copied = BTreeMap::new();
    for file in files.into_iter().chain(snapshots) {
        let bytes = fs::read(repository.join(&file)).expect("the file is read");
        let copy = folder.join(file);
        fs::create_dir_all(copy.parent().expect("the path has a parent")).expect("the folder is created");
        fs::write(&copy, &bytes).expect("the file is written");
        copied.insert(copy, bytes);
    }
    copied
}

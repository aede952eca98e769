//! `cargo xtask regen --fetch` from the emulator, over HTTP.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use std::fs;
use std::path::Path;

use twin_tests::emulator::{Emulator, Profile};
use twin_tests::vendored::CONTRACT;
use xtask::console::Console;
use xtask::fetch::DocumentSource;
use xtask::regen::{self, Freshness, UpdateMode};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[tokio::test(flavor = "multi_thread")]
async fn regen_fetches_the_document_that_the_emulator_serves() {
    let copy = tempfile::tempdir().expect("a folder");
    copy_inputs_of_regen(copy.path());
    let document = copy.path().join("openapi.json");
    fs::write(&document, CONTRACT.to_owned() + "\n").expect("the file is written");
    let twin = Emulator::builder(Profile::Documented).start().await.expect("a free port");
    let source =
        DocumentSource::parse(&format!("{}/openapi.json", twin.url())).expect("the URL is valid");
    let options = regen::RegenOptions {
        fetch: Some(source),
        ..regen::RegenOptions::new(copy.path(), UpdateMode::Write)
    };

    let freshness = regen::run(&options, &mut Console::silent()).expect("regen succeeds");

    assert_eq!(freshness, Freshness::Fresh);
    let fetched = fs::read_to_string(&document).expect("the file exists");
    assert!(fetched == CONTRACT, "regen wrote another document than the emulator serves");
}

/// Copies the files that regen reads.
fn copy_inputs_of_regen(folder: &Path) {
    let repository = Path::new(REPOSITORY);
    for file in ["openapi.json", "twin-api-gen/known.json", "twin-api-gen/overlay.json"] {
        let copy = folder.join(file);
        let parent = copy.parent().expect("the path has a parent");
        fs::create_dir_all(parent).expect("the folder is created");
        fs::copy(repository.join(file), &copy).expect("the file is copied");
    }
}

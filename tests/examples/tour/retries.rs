//! Retries after a 503, and an error without retries.

use anyhow::Context as _;
use twin_api::Client;
use twin_ext::{ClientBuilder, Retry};

use crate::say::{self, shown};
use crate::service::TourEmulator;

pub(crate) async fn retry_after_503(twin: &Client, service: &TourEmulator) -> anyhow::Result<()> {
    say::heading("Retry after 503");
    say::note("The emulator returns 503 for the next two requests.");
    service.fail_next(2)?;
    let before = service.request_count("get_me");
    let me = shown!(twin.get_me().send().await?);
    let attempts = service.request_count("get_me") - before;
    say::result(format!(
        "the key belongs to {}, after {attempts} attempts: the client retries requests that only read",
        me.user_id
    ));

    service.fail_next(1)?;
    let without_retries = ClientBuilder::new(service.api_key()).base_url(service.url());
    let without_retries = without_retries.retry(Retry::none()).build()?;
    let failure = shown!(without_retries.get_me().send().await)
        .err()
        .context("the request without retries succeeded")?;
    let error = twin_ext::Error::from(failure);
    say::result(format!("with Retry::none(): {error}"));
    say::note(format!("error.is_retryable() is {}.", error.is_retryable()));
    Ok(())
}

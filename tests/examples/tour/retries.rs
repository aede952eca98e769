//! A service that stumbles, and a client that tries again.

use anyhow::Context as _;
use twin_api::Client;
use twin_ext::{ClientBuilder, Retry};

use crate::say::{self, shown};
use crate::service::Service;

pub(crate) async fn stumble(twin: &Client, service: &Service) -> anyhow::Result<()> {
    say::heading("A service that is out of order for a moment");
    say::note("Its next two answers are ordered to be 503.");
    service.fail_next(2)?;
    let before = service.asked("get_me");
    let me = shown!(twin.get_me().send().await?);
    let attempts = service.asked("get_me") - before;
    say::came(format!("that of {}, at attempt {attempts}: reads are tried again", me.user_id));

    service.fail_next(1)?;
    let impatient = ClientBuilder::new(service.api_key()).base_url(service.url());
    let impatient = impatient.retry(Retry::none()).build()?;
    let failure = shown!(impatient.get_me().send().await).err().context("it should have failed")?;
    let error = twin_ext::Error::from(failure);
    say::came(format!("with Retry::none(): {error}"));
    say::note(format!("Worth trying again: {}.", error.is_retryable()));
    Ok(())
}

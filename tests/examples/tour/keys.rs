//! Shows the owner of the key, and creates and revokes a second key.

use anyhow::bail;
use twin_api::Client;
use twin_api::secrecy::ExposeSecret as _;
use twin_api::types::CreateApiKeyBody;

use crate::say::{self, shown};

pub(crate) async fn show_owner(twin: &Client) -> anyhow::Result<()> {
    say::heading("Show the owner of the key");
    let me = shown!(twin.get_me().send().await?);
    say::result(format!("the key belongs to {}", me.user_id));
    Ok(())
}

pub(crate) async fn use_second_key(twin: &Client, url: &str) -> anyhow::Result<()> {
    say::heading("Create and revoke a second key");
    let made =
        shown!(twin.create_api_key().body(CreateApiKeyBody::builder().name("tour")).send().await?);
    let key = made.api_key.expose_secret();
    say::result(format!("key {}, displayed as {}", short(&made.key_id), made.display_prefix));
    say::note(format!(
        "Only this response has the whole key, of {} characters. Its type SecretString hides it in logs.",
        key.chars().count()
    ));

    let second = twin_api::connect(url, key)?;
    let me = shown!(second.get_me().send().await?);
    say::result(format!("the second key belongs to {} too", me.user_id));
    let revoked = shown!(twin.revoke_api_key().key_id(&made.key_id).send().await?);
    say::result(format!("revoked: {}", revoked.revoked));
    match shown!(second.get_me().send().await) {
        Err(error) if error.is_unauthorized() => say::result(&error),
        other => bail!("the service accepted a revoked key: {other:?}"),
    }
    Ok(())
}

/// Shortens a long identifier.
pub(crate) fn short(id: &str) -> String {
    match id.char_indices().nth(13) {
        Some((end, _)) => format!("{}…", &id[..end]),
        None => id.to_owned(),
    }
}

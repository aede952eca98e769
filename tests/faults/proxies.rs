//! Environment variables that name proxies and CA files, each tested in a child process.

use std::process::Command;

use twin_ext::{ClientBuilder, ErrorKind, Outcome};
use twin_tests::raw::{Raw, Script, json};

use crate::harness::KEY;
use crate::operations::SampleOperation;
use crate::tls::{CertificateAuthority, TlsServer};

/// The environment variable that makes a process run the client, with the settings as its value.
const CLIENT: &str = "TWIN_FAULTS_CLIENT";

/// Runs a client in a child process with these environment variables and returns its output.
async fn run_client_process(
    test: &str,
    settings: &str,
    url: &str,
    variables: &[(&str, String)],
) -> String {
    let mut command =
        Command::new(std::env::current_exe().expect("the path of the test binary is known"));
    command.args(["--exact", &format!("proxies::{test}"), "--nocapture"]);
    command.env_clear().env(CLIENT, settings);
    command.env("TWIN_API_KEY", KEY).env("TWIN_BASE_URL", url);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let child = tokio::task::spawn_blocking(move || command.output());
    let output = child.await.expect("no thread panicked").expect("the child process starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.contains("canary"), "{output}");
    output
}

/// In the child process, makes a call, prints the result, and returns true. In the test process,
/// does nothing and returns false.
async fn run_if_client_process() -> bool {
    let Ok(settings) = std::env::var(CLIENT) else { return false };
    let builder = ClientBuilder::from_env().expect("the variables are valid");
    let builder = match settings.as_str() {
        "no proxy" => builder.no_proxy(),
        "other settings" => builder.http(|http| http.user_agent("mine")),
        "own proxy" => builder.http(|http| {
            http.proxy(
                twin_api::reqwest::Proxy::all("http://127.0.0.1:1").expect("the address is valid"),
            )
        }),
        _ => builder,
    };
    let builder = builder.retry(twin_ext::Retry::none());
    let twin = match builder.build() {
        Ok(twin) => twin,
        Err(error) => {
            println!("{:?} {:?} {error}", error.kind(), error.outcome());
            return true;
        }
    };
    match SampleOperation::of("start_run").call(&twin).await {
        Ok(_) => println!("the call succeeded"),
        Err(error) => println!("{:?} {:?} {error}", error.kind(), error.outcome()),
    }
    true
}

/// Returns every variable that names a proxy, with the URL of this proxy.
fn all_proxy_variables(proxy: &Raw) -> Vec<(&'static str, String)> {
    let url = format!("http://user:pass@{}", proxy.address());
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .map(|name| (name, url.clone()))
        .into()
}

#[tokio::test]
async fn plain_http_to_loopback_uses_no_proxy() {
    if run_if_client_process().await {
        return;
    }
    let (proxy, service) = (Raw::start().await.unwrap(), Raw::start().await.unwrap());
    service.always(SampleOperation::of("start_run").answer());
    let output = run_client_process(
        "plain_http_to_loopback_uses_no_proxy",
        "",
        &service.url(),
        &all_proxy_variables(&proxy),
    )
    .await;
    assert!(output.contains("the call succeeded"), "{output}");
    assert_eq!((service.take_requests().len(), proxy.connections()), (1, 0));
}

#[tokio::test]
async fn https_proxy_tunnels_and_sees_no_key() {
    if run_if_client_process().await {
        return;
    }
    let proxy = Raw::start().await.unwrap();
    for answer in [json(403, "{}"), Script::new().send("HTTP/1.1 200 x\r\n\r\n").reset()] {
        proxy.always(answer);
        let name = "https_proxy_tunnels_and_sees_no_key";
        let output =
            run_client_process(name, "", "https://twin.invalid", &all_proxy_variables(&proxy))
                .await;
        // The tunnel was refused, so no request was sent through it.
        assert!(output.contains("Transport NotSent no connection"), "{output}");
        let requests = proxy.take_requests();
        assert_eq!(requests[0].line(), "CONNECT twin.invalid:443");
        for request in requests {
            assert!(!request.text().contains("canary") && !request.text().contains("/v1/"));
        }
    }
}

#[tokio::test]
async fn no_proxy_setting_ignores_proxy_variables() {
    if run_if_client_process().await {
        return;
    }
    let proxy = Raw::start().await.unwrap();
    let mut excepted = all_proxy_variables(&proxy);
    excepted.push(("NO_PROXY", "twin.invalid".to_owned()));
    for (settings, variables) in [("no proxy", all_proxy_variables(&proxy)), ("", excepted)] {
        let name = "no_proxy_setting_ignores_proxy_variables";
        let output = run_client_process(name, settings, "https://twin.invalid", &variables).await;
        let words = format!("{:?} {:?}", ErrorKind::Transport, Outcome::NotSent);
        assert!(
            output.contains(&words) && output.contains("host name cannot be resolved"),
            "{output}"
        );
    }
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn unparsable_proxy_variable_fails_the_build() {
    if run_if_client_process().await {
        return;
    }
    let name = "unparsable_proxy_variable_fails_the_build";
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let variables = [(variable, "ftp://user:canary@proxy.test".to_owned())];
        let output = run_client_process(name, "", "https://twin.invalid", &variables).await;
        let words = format!("Config NotSent {variable} is not a proxy address");
        assert!(output.contains(&words), "{output}");
        let output =
            run_client_process(name, "other settings", "https://twin.invalid", &variables).await;
        assert!(output.contains(&words), "{output}");
        let output =
            run_client_process(name, "own proxy", "https://twin.invalid", &variables).await;
        assert!(output.contains("the proxy http://127.0.0.1:1 cannot be reached"), "{output}");
        let output = run_client_process(name, "no proxy", "https://twin.invalid", &variables).await;
        assert!(output.contains("host name cannot be resolved"), "{output}");
    }
}

#[tokio::test]
async fn missing_ca_certificates_fail_the_build_but_not_plain_http() {
    if run_if_client_process().await {
        return;
    }
    let secure = TlsServer::plain(CertificateAuthority::new().certify("localhost", 2090)).await;
    let service = Raw::start().await.unwrap();
    service.always(SampleOperation::of("start_run").answer());
    let name = "missing_ca_certificates_fail_the_build_but_not_plain_http";
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing.pem");
    std::fs::write(&nothing, "").unwrap();
    let variables =
        [("SSL_CERT_FILE", nothing.display().to_string()), ("SSL_CERT_DIR", String::new())];
    let output = run_client_process(name, "no proxy", &secure.url, &variables).await;
    // The operating system's TLS reports an empty store only when it checks a certificate.
    let words = if cfg!(feature = "native-tls") {
        "is not signed by a trusted CA"
    } else {
        "Config NotSent no CA certificates were found"
    };
    assert!(output.contains(words), "{output}");
    let output = run_client_process(name, "", &service.url(), &variables).await;
    assert!(output.contains("the call succeeded"), "{output}");
}

#[tokio::test]
async fn ssl_cert_file_replaces_the_trusted_cas() {
    if run_if_client_process().await {
        return;
    }
    let name = "ssl_cert_file_replaces_the_trusted_cas";
    let authority = CertificateAuthority::new();
    let service = TlsServer::plain(authority.certify("localhost", 2090)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    for (trusted, words) in
        [(&authority, "Decode"), (&CertificateAuthority::new(), "not signed by a trusted CA")]
    {
        std::fs::write(&file, trusted.pem()).unwrap();
        let variables = [("SSL_CERT_FILE", file.display().to_string())];
        let output = run_client_process(name, "no proxy", &service.url, &variables).await;
        assert!(output.contains(words), "{output}");
    }
}

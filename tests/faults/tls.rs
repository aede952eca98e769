//! TLS, proxy and host name failures, against real servers on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use twin_api::reqwest::{Certificate, Proxy, tls};
use twin_ext::clock::ManualClock;
use twin_ext::{ClientBuilder, Error, ErrorKind, Outcome, RunExt as _, RunTicket, Wait};
use twin_tests::raw::{Raw, Script, answer};

use crate::harness::{KEY, seconds};
use crate::operations::SampleOperation;

/// A CA that only these tests trust.
pub(crate) struct CertificateAuthority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) type CertifiedKey = (CertificateDer<'static>, PrivateKeyDer<'static>);

impl CertificateAuthority {
    pub(crate) fn new() -> Self {
        let mut params =
            CertificateParams::new(Vec::new()).expect("the certificate parameters are valid");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL treats a certificate that has the name of its issuer as self-signed.
        params.distinguished_name.push(DnType::CommonName, "Test CA");
        let key = KeyPair::generate().expect("the key is generated");
        Self(CertifiedIssuer::self_signed(params, key).expect("the certificate is signed"))
    }

    /// Issues a certificate for `host` that is valid until the end of the year `until`.
    pub(crate) fn certify(&self, host: &str, until: i32) -> CertifiedKey {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("the name is valid");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 12, 31);
        let key = KeyPair::generate().expect("the key is generated");
        let certificate = params.signed_by(&key, &self.0).expect("the certificate is signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("the key is valid");
        (certificate.der().clone(), key)
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    fn trusted(&self) -> Certificate {
        Certificate::from_der(self.0.der()).expect("the certificate is valid")
    }
}

/// A TLS server that counts its connections.
pub(crate) struct TlsServer {
    pub(crate) url: String,
    connections: Arc<AtomicUsize>,
}

impl TlsServer {
    /// Starts a server that answers every request with a user.
    async fn start(config: ServerConfig) -> Self {
        Self::responding(config, true).await
    }

    /// Starts a server that answers with a user, inside TLS or as plain bytes after the handshake.
    async fn responding(config: ServerConfig, in_tls: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("the socket is bound").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = Vec::new();
                    // Every body here is a JSON object.
                    while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"}") {
                        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                                  content-length: 15\r\n\r\n{\"user_id\":\"u\"}";
                    let _ = if in_tls {
                        stream.write_all(answer.as_bytes()).await
                    } else {
                        stream.get_mut().0.write_all(answer.as_bytes()).await
                    };
                });
            }
        });
        Self { url: format!("https://localhost:{port}"), connections }
    }

    pub(crate) async fn plain(identity: CertifiedKey) -> Self {
        Self::start(config(&[&TLS12, &TLS13], identity, None)).await
    }
}

fn config(
    versions: &[&'static SupportedProtocolVersion],
    (certificate, key): CertifiedKey,
    clients: Option<&CertificateAuthority>,
) -> ServerConfig {
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .expect("rustls supports the versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).expect("the certificate is valid");
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("there is a root certificate"))
        }
    };
    builder.with_single_cert(vec![certificate], key).expect("the key matches the certificate")
}

/// Returns a builder that trusts only this authority.
pub(crate) fn trusting(authority: &CertificateAuthority) -> ClientBuilder {
    let root = authority.trusted();
    ClientBuilder::new(KEY).no_proxy().http(move |http| http.tls_certs_only([root]))
}

/// Calls `start_run` and returns the error, which must be permanent and name the host.
async fn connection_error(builder: ClientBuilder, url: &str) -> Error {
    let clock = ManualClock::new(1);
    let twin = builder.base_url(url).clock(clock.clone()).build().expect("the settings are valid");
    let error =
        SampleOperation::of("start_run").call(&twin).await.expect_err("there is no connection");
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Transport, Outcome::NotSent),
        "{error}"
    );
    assert_eq!((error.attempts(), clock.pauses().len()), (1, 0), "{error:?}");
    assert!(error.is_permanent() && !error.is_retryable(), "{error}");
    let host = url.split("//").nth(1).expect("the URL is valid");
    assert!(error.to_string().contains(host), "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");

    // A wait also fails at once instead of polling until its deadline.
    let run = twin.resume(RunTicket::new("agent_abc123", "run_xyz789"));
    let wait = Wait::default().deadline(seconds(3_600));
    let waited = run.wait_with(wait).await.expect_err("the wait fails");
    assert_eq!(waited.kind(), ErrorKind::Transport, "{waited}");
    assert_eq!(clock.pauses().len(), 0, "{waited}");
    error
}

#[tokio::test]
async fn private_ca_is_trusted_when_configured() {
    let authority = CertificateAuthority::new();
    let service = TlsServer::plain(authority.certify("localhost", 2090)).await;
    let root = authority.trusted();
    let only = trusting(&authority);
    let merged = ClientBuilder::new(KEY).no_proxy().http(|http| http.tls_certs_merge([root]));
    for builder in [only, merged] {
        let twin = builder.base_url(&service.url).build().expect("the settings are valid");
        SampleOperation::of("get_me").call(&twin).await.expect("the request succeeds");
    }
}

#[tokio::test]
async fn untrusted_certificate_error_names_the_cause() {
    let (authority, other) = (CertificateAuthority::new(), CertificateAuthority::new());
    for (identity, said) in [
        (other.certify("localhost", 2090), "is not signed by a trusted CA"),
        (authority.certify("localhost", 2001), "has expired"),
        (authority.certify("elsewhere.test", 2090), "the certificate is not for localhost"),
    ] {
        let service = TlsServer::plain(identity).await;
        let error = connection_error(trusting(&authority), &service.url).await;
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(
            service.connections.load(Ordering::Relaxed),
            2,
            "expected one connection of the call and one of the wait"
        );
    }
    // The root certificates of the system do not include the authority.
    let service = TlsServer::plain(authority.certify("localhost", 2090)).await;
    let error = connection_error(ClientBuilder::new(KEY).no_proxy(), &service.url).await;
    assert!(error.to_string().contains("is not signed by a trusted CA"), "{error}");
}

#[tokio::test]
async fn missing_client_certificate_error_names_the_cause() {
    let authority = CertificateAuthority::new();
    for versions in [[&TLS12], [&TLS13]] {
        let identity = authority.certify("localhost", 2090);
        let service = TlsServer::start(config(&versions, identity, Some(&authority))).await;
        let error = connection_error(trusting(&authority), &service.url).await;
        assert!(error.to_string().contains("client certificate"), "{error}");
    }
}

#[tokio::test]
async fn old_tls_version_error_names_the_cause() {
    let authority = CertificateAuthority::new();
    let service =
        TlsServer::start(config(&[&TLS12], authority.certify("localhost", 2090), None)).await;
    let root = authority.trusted();
    let newer = ClientBuilder::new(KEY)
        .no_proxy()
        .http(move |http| http.tls_certs_only([root]).tls_version_min(tls::Version::TLS_1_3));
    let error = connection_error(newer, &service.url).await;
    assert!(error.to_string().contains("does not support TLS 1.2 or 1.3"), "{error}");

    // A TLS 1.0 server answers with its own version or with an alert.
    let mut hello = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\x00\x00\x2f\x00");
    for greeting in [hello, b"\x15\x03\x01\x00\x02\x02\x46".to_vec()] {
        let raw = Raw::start().await.expect("a free port");
        (0..2).for_each(|_| raw.on_connect(Script::new().take(1).send(greeting.clone()).close()));
        let url = raw.url().replace("http://127.0.0.1", "https://localhost");
        let error = connection_error(trusting(&authority), &url).await;
        assert!(error.to_string().contains("does not support TLS 1.2 or 1.3"), "{error}");
    }
}

#[tokio::test]
async fn plain_http_on_the_https_port_error_names_the_cause() {
    let raw = Raw::start().await.expect("a free port");
    let bad = Script::new().take(1).send("HTTP/1.1 400 Bad Request\r\n\r\n").close();
    (0..2).for_each(|_| raw.on_connect(bad.clone()));
    let url = raw.url().replace("http://", "https://");
    let error = connection_error(trusting(&CertificateAuthority::new()), &url).await;
    assert!(error.to_string().contains("does not use TLS; does it serve plain http?"), "{error}");
}

/// Calls an operation and returns the error, which must come after `attempts` attempts and must not
/// be permanent.
async fn transport_error_after(
    attempts: u32,
    operation: &str,
    builder: ClientBuilder,
    url: &str,
) -> Error {
    let clock = ManualClock::new(1);
    let twin = builder.base_url(url).clock(clock).build().expect("the settings are valid");
    let error =
        SampleOperation::of(operation).call(&twin).await.expect_err("the connection breaks");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, attempts), "{error}");
    assert!(!error.is_permanent(), "{error}");
    error
}

#[tokio::test]
async fn connection_closed_during_the_handshake_is_retried() {
    // An alert that reports an internal error of the server counts like a closed connection.
    for greeting in [b"".as_slice(), b"\x15\x03\x03\x00\x02\x02\x50"] {
        for end in [Script::close, Script::reset] {
            let raw = Raw::start().await.expect("a free port");
            (0..3).for_each(|_| raw.on_connect(end(Script::new().take(1).send(greeting))));
            let url = raw.url().replace("http://127.0.0.1", "https://localhost");
            let error =
                transport_error_after(3, "start_run", trusting(&CertificateAuthority::new()), &url)
                    .await;
            assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
            assert_eq!(raw.connections(), 3, "{error}");
        }
    }
}

#[tokio::test]
async fn invalid_tls_record_after_the_request_leaves_the_outcome_unknown() {
    let authority = CertificateAuthority::new();
    let config = config(&[&TLS12, &TLS13], authority.certify("localhost", 2090), None);
    let service = TlsServer::responding(config, false).await;
    for (attempts, operation) in [(1, "start_run"), (3, "get_me")] {
        let error =
            transport_error_after(attempts, operation, trusting(&authority), &service.url).await;
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    }
}

#[tokio::test]
async fn untrusted_certificate_of_the_proxy_error_names_the_proxy() {
    let proxy = TlsServer::plain(CertificateAuthority::new().certify("localhost", 2090)).await;
    let address = proxy.url.replace("https://", "https://user:canary@");
    let root = CertificateAuthority::new().trusted();
    let builder = ClientBuilder::new(KEY).http(move |http| {
        http.tls_certs_only([root]).proxy(Proxy::https(address).expect("the address is valid"))
    });
    let text = connection_error(builder, "https://build.invalid").await.to_string();
    let said = format!("the proxy {} cannot be reached: the certificate of the proxy", proxy.url);
    assert!(text.contains(&said) && text.contains("is not signed by a trusted CA"), "{text}");
}

#[tokio::test]
async fn proxy_refusal_error_names_the_proxy_without_credentials() {
    for (status, said) in [
        (407, "requires authorization (407)"),
        (403, "refused to connect to the host"),
        (502, "refused to connect to the host"),
    ] {
        let proxy = Raw::start().await.expect("a free port");
        proxy.always(answer(status, "", ""));
        let address = format!("http://user:canary@{}", proxy.address());
        let builder = ClientBuilder::new(KEY)
            .http(move |http| http.proxy(Proxy::https(address).expect("the address is valid")));
        let error = connection_error(builder, "https://build.invalid").await;
        let text = error.to_string();
        assert!(text.contains(said) && text.contains(&proxy.address().to_string()), "{text}");
    }
}

#[tokio::test]
async fn unreachable_proxy_is_retried_and_named() {
    let address = Raw::start().await.expect("a free port").address();
    let proxy = format!("http://user:canary@{address}");
    let clock = ManualClock::new(1);
    let twin = ClientBuilder::new(KEY)
        .clock(clock.clone())
        .http(move |http| http.proxy(Proxy::https(proxy).expect("the address is valid")))
        .build()
        .expect("the settings are valid");
    let error = SampleOperation::of("start_run").call(&twin).await.expect_err("no server listens");
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 3), "{error}");
    let text = format!("{error:?}");
    assert!(text.contains("connection refused") && text.contains(&address.to_string()), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn unsupported_proxy_scheme_error_names_the_scheme() {
    let proxy = Raw::start().await.expect("a free port");
    let address = format!("socks5://user:canary@{}", proxy.address());
    let builder = ClientBuilder::new(KEY)
        .http(move |http| http.proxy(Proxy::all(address).expect("the address is valid")));
    let error = connection_error(builder, "https://build.invalid").await;
    let text = error.to_string();
    assert!(text.contains("scheme") && text.contains("proxy"), "{error:?}");
    // With native-tls the HTTP client connects to the proxy. It sends no request through it.
    let requests = proxy.take_requests();
    assert!(requests.iter().all(|request| request.line() == "CONNECT build.invalid:443"));
    assert_eq!(requests.is_empty(), cfg!(not(feature = "native-tls")));
}

#[tokio::test]
async fn impossible_host_name_error_names_the_host() {
    let long = format!("{}.test", "a".repeat(64));
    for host in [long.as_str(), "a..test"] {
        let error =
            connection_error(ClientBuilder::new(KEY).no_proxy(), &format!("https://{host}")).await;
        assert!(error.to_string().contains("this is not a valid host name"), "{error}");
    }
}

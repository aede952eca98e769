//! Traces calls with `tracing`: one span per operation, one event per attempt.
//!
//! The field names follow OpenTelemetry's conventions for HTTP clients. No field holds the key, a
//! body or a query. Without the feature `tracing`, [`CallSpan`] is empty and costs nothing.

#[cfg(all(test, feature = "tracing"))]
mod tests;

#[cfg(feature = "tracing")]
pub(crate) use enabled::CallSpan;

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::CallSpan;

#[cfg(not(feature = "tracing"))]
mod disabled {
    use http::StatusCode;
    use twin_api::ErrorKind;
    use twin_api::reqwest::{Request, Response};
    use twin_api::transport::{OperationInfo, PendingResponse};

    /// Stands in for the span without the feature `tracing`.
    #[derive(Clone)]
    pub(crate) struct CallSpan;

    #[expect(clippy::unused_self, reason = "the signatures match those of the real `CallSpan`")]
    impl CallSpan {
        pub(crate) fn start(_: &Request, _: &OperationInfo) -> Self {
            Self
        }

        pub(crate) fn is_disabled(&self) -> bool {
            true
        }

        pub(crate) fn around<'a>(
            self,
            call: impl Future<Output = Result<Response, twin_api::Error>> + Send + 'a,
        ) -> PendingResponse<'a> {
            Box::pin(call)
        }

        pub(crate) fn attempt(&self, _: u32, _: Option<StatusCode>, _: Option<ErrorKind>) {}

        pub(crate) fn end(&self, _: Option<StatusCode>, _: Option<ErrorKind>) {}
    }
}

#[cfg(feature = "tracing")]
mod enabled {
    use http::StatusCode;
    use tracing::Instrument as _;
    use tracing::field::Empty;
    use twin_api::ErrorKind;
    use twin_api::reqwest::{Request, Response};
    use twin_api::transport::{API_KEY_HEADER, OperationInfo, PendingResponse, Redactor};

    /// The span of one operation.
    #[derive(Clone)]
    pub(crate) struct CallSpan(tracing::Span);

    impl CallSpan {
        pub(crate) fn start(request: &Request, operation: &OperationInfo) -> Self {
            let url = request.url();
            let span = tracing::info_span!(
                "twin",
                otel.name = Empty,
                otel.kind = "client",
                otel.status_code = Empty,
                twin.operation = operation.operation_id,
                http.request.method = request.method().as_str(),
                server.address = url.host_str(),
                server.port = url.port_or_known_default(),
                url.full = Empty,
                url.template = Empty,
                http.request.resend_count = Empty,
                http.response.status_code = Empty,
                "error.type" = Empty,
            );
            if !span.is_disabled() {
                span.record("url.full", shown(request));
                let template = operation.path_template;
                span.record("url.template", template);
                span.record("otel.name", format!("{} {template}", request.method()));
            }
            Self(span)
        }

        pub(crate) fn is_disabled(&self) -> bool {
            self.0.is_disabled()
        }

        pub(crate) fn around<'a>(
            self,
            call: impl Future<Output = Result<Response, twin_api::Error>> + Send + 'a,
        ) -> PendingResponse<'a> {
            Box::pin(call.instrument(self.0))
        }

        pub(crate) fn attempt(
            &self,
            attempts: u32,
            status: Option<StatusCode>,
            error: Option<ErrorKind>,
        ) {
            let resent = attempts.saturating_sub(1);
            tracing::debug!(
                parent: &self.0,
                http.request.resend_count = resent,
                http.response.status_code = status.map(|status| status.as_u16()),
                "error.type" = error_type(status, error),
                "attempt"
            );
            if resent > 0 {
                self.0.record("http.request.resend_count", resent);
            }
        }

        pub(crate) fn end(&self, status: Option<StatusCode>, error: Option<ErrorKind>) {
            if let Some(status) = status {
                self.0.record("http.response.status_code", status.as_u16());
            }
            if let Some(error) = error_type(status, error) {
                self.0.record("error.type", error);
                self.0.record("otel.status_code", "ERROR");
            }
        }
    }

    /// Returns the URL without its query, and with the key redacted: an identifier may be the key.
    fn shown(request: &Request) -> String {
        let url = request.url();
        let text = format!("{}{}", url.origin().ascii_serialization(), url.path());
        Redactor::new(request.headers().get(API_KEY_HEADER)).text(&text).into_owned()
    }

    /// Returns the value of `error.type`: the kind of a failure, or the status of an error
    /// response.
    fn error_type(status: Option<StatusCode>, error: Option<ErrorKind>) -> Option<String> {
        match (status, error) {
            (_, Some(error)) => Some(format!("{error:?}").to_ascii_lowercase()),
            (Some(status), None) if status.as_u16() >= 300 => Some(status.as_u16().to_string()),
            _ => None,
        }
    }
}

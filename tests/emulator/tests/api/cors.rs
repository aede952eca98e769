//! CORS: calls of the API from web pages of other origins.

use axum::http::Method;
use twin_emulator::{Builder, Emulator, Profile};

use super::harness::{ApiResponse, TestEmulator};

const ORIGIN: &str = "http://localhost:3000";

fn builder(profile: Profile) -> Builder {
    Emulator::builder(profile).cors(ORIGIN).expect("the origin is valid")
}

#[tokio::test]
async fn allowed_origin_gets_cors_headers() {
    for profile in Profile::ALL {
        let twin = TestEmulator::from_builder(builder(profile)).await;
        let preflight = twin
            .request_without_key(Method::OPTIONS, "/v1/agents")
            .header("origin", ORIGIN)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-api-key");
        let preflight = ApiResponse::to(preflight).await;
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(preflight.header("access-control-allow-headers"), "content-type,x-api-key");
        assert!(preflight.header("access-control-allow-methods").contains("PATCH"));
        let response =
            ApiResponse::to(twin.request(Method::GET, "/v1/me").header("origin", ORIGIN)).await;
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN);
        assert!(response.header("vary").contains("origin"));
        response.json(200);
        assert_eq!(twin.take_exchanges().len(), 1);
    }
}

#[tokio::test]
async fn other_origins_and_control_api_get_no_cors_headers() {
    for profile in Profile::ALL {
        let twin = TestEmulator::from_builder(builder(profile)).await;
        let closed = TestEmulator::start(profile).await;
        for (twin, path, origin) in [
            (&twin, "/v1/me", "http://localhost:3001"),
            (&twin, "/_emulator/state", ORIGIN),
            (&twin, "/", ORIGIN),
            (&closed, "/v1/me", ORIGIN),
        ] {
            let response =
                ApiResponse::to(twin.request(Method::GET, path).header("origin", origin)).await;
            assert_eq!(response.header("access-control-allow-origin"), "", "{path} {origin}");
        }
    }
}

#[test]
fn rejects_invalid_cors_origin() {
    for text in ["*", "localhost", "http://localhost:3000/", "ftp://localhost", "null", ""] {
        let refused = Emulator::builder(Profile::Observed).cors(text);
        assert!(refused.is_err_and(|error| error.contains("is not an origin")), "{text}");
    }
}

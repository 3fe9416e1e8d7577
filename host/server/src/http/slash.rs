//! Routes of public endpoints: a path with one slash more at its end is the same endpoint.

use axum::Router;
use axum::routing::MethodRouter;

/// Adds public endpoints to a router.
pub(super) trait RouterExt<S> {
    /// Serves this path, and the same with one slash more.
    fn endpoint(self, path: &str, methods: MethodRouter<S>) -> Self;
}

impl<S: Clone + Send + Sync + 'static> RouterExt<S> for Router<S> {
    fn endpoint(self, path: &str, methods: MethodRouter<S>) -> Self {
        self.route(path, methods.clone()).route(&format!("{path}/"), methods)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn one_slash_more_is_the_same_endpoint_and_two_are_not() {
        let router = Router::new().endpoint("/a", get(|| async {})).endpoint("/b/{name}", get(|| async {}));
        for (path, status) in [
            ("/a", StatusCode::OK),
            ("/a/", StatusCode::OK),
            ("/b/c", StatusCode::OK),
            ("/b/c/", StatusCode::OK),
            ("/a//", StatusCode::NOT_FOUND),
            ("//a", StatusCode::NOT_FOUND),
            ("/b/", StatusCode::NOT_FOUND),
            ("/b/c//", StatusCode::NOT_FOUND),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            assert_eq!(router.clone().oneshot(request).await.unwrap().status(), status, "{path}");
        }
    }
}

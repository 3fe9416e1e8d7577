//! A question in front of a router: it answers some requests itself, the others go on as they are.
//!
//! Every request pays for it, so it neither boxes nor copies what is behind, as `axum::middleware::from_fn` does.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, NeverError};
use tower::Service;
use tower::layer::layer_fn;

/// An answer that is given in front of the router.
pub(crate) type Answer = BoxFuture<'static, Response>;

/// The router behind this question; the error of the question is the answer to a request that does not go on.
pub(crate) fn ask_first<A>(router: Router, ask: A) -> Router
where
    A: Fn(Request) -> Result<Request, Answer> + Clone + Send + Sync + 'static,
{
    router.layer(layer_fn(move |behind| Front { ask: ask.clone(), behind }))
}

#[derive(Clone)]
struct Front<A, S> {
    ask: A,
    behind: S,
}

impl<A, S> Service<Request> for Front<A, S>
where
    A: Fn(Request) -> Result<Request, Answer>,
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, NeverError<Answer>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.behind.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match (self.ask)(request) {
            Ok(request) => Either::Left(self.behind.call(request)),
            Err(answer) => Either::Right(answer.never_error()),
        }
    }
}

//! A request on its way to an upstream.

use bytes::Bytes;
use http::Request;
use http_body_util::combinators::UnsyncBoxBody;

use crate::flow::BoxError;

/// A request on its way.
pub(crate) type Onward = Request<UnsyncBoxBody<Bytes, BoxError>>;

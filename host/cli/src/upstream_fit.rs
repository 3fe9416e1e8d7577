//! What `check` says about the servers behind this one: it asks each for its metadata.

use dropins_gateway::{Gateway, MetadataError, Upstream, misfits};

/// One sentence for each thing that does not fit.
pub(crate) async fn warnings(gateway: &Gateway) -> Vec<String> {
    let mut warnings = Vec::new();
    for upstream in gateway.upstreams() {
        let issuer = upstream.config().issuer.as_str();
        let found = of(upstream).await;
        warnings.extend(found.into_iter().map(|sentence| format!("the upstream {issuer}: {sentence}")));
    }
    warnings
}

async fn of(upstream: &Upstream) -> Vec<String> {
    let mut missing = None;
    for path in upstream.config().metadata_paths() {
        match upstream.metadata(&path).await {
            Ok(document) => return misfits(upstream, &document).iter().map(ToString::to_string).collect(),
            Err(error @ MetadataError::Missing(_)) => missing = missing.or(Some(error)),
            Err(error) => return vec![format!("its metadata cannot be had: {error}")],
        }
    }
    missing.map(|error| format!("it has no metadata: {error}")).into_iter().collect()
}

//! Components of the home that outlive their generation: kept by digest when they are replaced, written back into the
//! plug-in folder by a rollback.

use dropins_config::Home;
use dropins_config::home::{KeptComponents, replace_file};
use dropins_host::{Candidate, background};

use dropins_live::Release;

/// Keeps the components of a release that its successor replaces.
pub(super) fn keep(home: &Home, before: &Release, after: &Release) {
    let replaced: Vec<Candidate> =
        serving(before).filter(|old| serving(after).all(|new| new.digest() != old.digest())).cloned().collect();
    let kept = KeptComponents::of(home);
    drop(background(move || {
        for component in replaced {
            if let Err(error) = kept.keep(component.bytes()) {
                tracing::warn!(%error, file = component.file(), "the replaced component is not kept");
            }
        }
    }));
}

/// Puts the components of a release into the plug-in folder, so that a restart has them. Returns what cannot be written.
pub(super) fn write_back(home: &Home, release: &Release) -> Vec<String> {
    let limit = release.live.deployment.limits.component_size;
    let mut failed = Vec::new();
    for component in serving(release) {
        let path = home.dropins().join(component.file());
        let current = Candidate::read(&path, limit).ok();
        if current.as_ref().is_some_and(|current| current.digest() == component.digest()) {
            continue;
        }
        let kept = current.map_or(Ok(()), |current| KeptComponents::of(home).keep(current.bytes()));
        if let Err(error) = kept.and_then(|()| replace_file(&path, component.bytes())) {
            failed.push(format!("{} cannot be written, so a restart takes what is in it: {error}", path.display()));
        }
    }
    failed
}

/// The components of plug-ins and shadows.
fn serving(release: &Release) -> impl Iterator<Item = &Candidate> {
    let handlers = release.live.generation.handlers().iter();
    let files = handlers.flat_map(|handler| [Some(handler.file()), handler.listener().shadow.as_deref()]);
    files.flatten().filter_map(|file| release.snapshot.component(file))
}

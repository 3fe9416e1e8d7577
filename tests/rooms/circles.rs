//! Circles among the modules of a crate, of any length.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::modules::Place;
use crate::resolve::Arrow;

/// A sentence for each arrow that closes a circle.
pub(crate) fn wrong(arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let back = arrows.iter().filter_map(|(from, to)| Some((from, to, way(arrows, to, from)?)));
    back.map(|(from, to, way)| {
        let way: Vec<String> = way.iter().map(name).collect();
        format!("{} must not use {} ({})", name(from), name(to), way.join(" -> "))
    })
    .collect()
}

/// The shortest way along arrows.
fn way(arrows: &BTreeSet<Arrow>, from: &Place, to: &Place) -> Option<Vec<Place>> {
    let mut before: BTreeMap<&Place, Option<&Place>> = BTreeMap::from([(from, None)]);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        if at == to {
            let steps = std::iter::successors(Some(at), |at| before.get(at).copied().flatten());
            let mut way: Vec<Place> = steps.cloned().collect();
            way.reverse();
            return Some(way);
        }
        for (_, next) in arrows.iter().filter(|(start, _)| start == at) {
            if !before.contains_key(next) {
                before.insert(next, Some(at));
                queue.push_back(next);
            }
        }
    }
    None
}

fn name(place: &Place) -> String {
    if place.is_empty() { "the root".to_owned() } else { place.join("::") }
}

fn example(arrows: &[(&str, &str)]) -> Vec<String> {
    wrong(&arrows.iter().map(|(from, to)| (vec![(*from).to_owned()], vec![(*to).to_owned()])).collect())
}

#[test]
fn modules_that_import_each_other_are_found() {
    assert_eq!(example(&[("a", "b"), ("b", "a")]), ["a must not use b (b -> a)", "b must not use a (a -> b)"]);
    assert_eq!(example(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]).len(), 3);
}

#[test]
fn modules_that_meet_again_below_are_accepted() {
    assert!(example(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]).is_empty());
}

//! Reads the page that Prometheus is served (OpenMetrics text), so that both outlets have the same numbers.
//!
//! It reads what this server's own encoder writes. A line that is none of it is left out.

/// The samples of one metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: Kind,
    pub(super) samples: Vec<Sample>,
}

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// What follows the name of the metric: `_total`, `_bucket`, nothing.
    pub(super) suffix: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

/// Every metric of a page, in its order.
pub(super) fn families(page: &str) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    let mut help: (&str, &str) = ("", "");
    for line in page.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ').unwrap_or((described, ""));
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|typed| typed.split_once(' ')) {
            let kind = match kind {
                "counter" => Kind::Counter,
                "histogram" => Kind::Histogram,
                _ => Kind::Gauge,
            };
            let help = if help.0 == name { help.1 } else { "" };
            families.push(Family { name: name.to_owned(), help: help.to_owned(), kind, samples: Vec::new() });
        } else if let Some(family) = families.last_mut() {
            family.samples.extend(line.strip_prefix(&*family.name).and_then(sample));
        }
    }
    families.retain(|family| !family.samples.is_empty());
    families
}

/// `_total{outcome="authenticated"} 3`.
fn sample(rest: &str) -> Option<Sample> {
    let name_ends = rest.find(['{', ' '])?;
    let (suffix, rest) = rest.split_at_checked(name_ends)?;
    let (labels, value) = match rest.strip_prefix('{') {
        Some(labels) => labels_of(labels)?,
        None => (Vec::new(), rest),
    };
    let value = value.split_whitespace().next()?.parse().ok()?;
    Some(Sample { suffix: suffix.to_owned(), labels, value })
}

/// The labels up to the closing brace, and what follows it.
fn labels_of(mut text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        text = text.trim_start_matches(',');
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = rest.char_indices();
        let end = loop {
            match characters.next()? {
                (at, '"') => break at,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.push((name.to_owned(), value));
        text = rest.get(end.checked_add(1)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family as Counters;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Registry;
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::labels::{Labels, label};

    fn page(labelled: &str) -> String {
        let mut registry = Registry::with_prefix("dropins");
        let (counters, seconds) = (Counters::<Labels<1>, Counter>::default(), Histogram::new([0.5, 2.0]));
        counters.get_or_create(&label("reason", labelled.to_owned())).inc_by(3);
        seconds.observe(1.0);
        registry.register("rejections", "Rejected credentials", counters);
        registry.register("authentication_seconds", "Time", seconds);
        let mut page = String::new();
        text::encode_registry(&mut page, &registry).unwrap();
        page
    }

    #[test]
    fn a_page_of_the_encoder_is_read_whole() {
        let families = families(&page("replayed"));
        let [counter, histogram] = families.as_slice() else { panic!("{families:?}") };
        assert_eq!((counter.name.as_str(), counter.kind), ("dropins_rejections", Kind::Counter));
        let sample = Sample {
            suffix: "_total".to_owned(),
            labels: vec![("reason".to_owned(), "replayed".to_owned())],
            value: 3.0,
        };
        assert_eq!(counter.samples, [sample]);
        assert_eq!(histogram.kind, Kind::Histogram);
        let values: Vec<_> = histogram.samples.iter().map(|one| (one.suffix.as_str(), one.value)).collect();
        assert_eq!(values, [("_sum", 1.0), ("_count", 1.0), ("_bucket", 0.0), ("_bucket", 1.0), ("_bucket", 1.0)]);
    }

    #[test]
    fn a_line_that_is_no_sample_is_left_out() {
        let page = "# TYPE a gauge\na 1\na{x=\"1 2\na_total\nb 4\na nothing\n# EOF\n";
        assert_eq!(families(page).iter().map(|family| family.samples.len()).collect::<Vec<_>>(), [1]);
    }

    proptest! {
        #[test]
        fn a_label_survives_the_page(value in "[^\r]{0,20}") {
            let families = families(&page(&value));
            prop_assert_eq!(&families[0].samples[0].labels[0].1, &value);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[# a-z{}=\",\\\\0-9\n]{0,200}") {
            families(&text);
        }
    }
}

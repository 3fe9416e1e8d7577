//! Charts as inline SVG: without scripts, in the colours of the page, with their facts in words.

use askama::Template;
use dropins_telemetry::expiry::{Expiring, Stage};
use dropins_telemetry::metrics::Totals;

/// Units of a chart, whatever its size on a screen.
const WIDTH: u64 = 600;
const HEIGHT: u64 = 120;

struct Bar {
    x: u64,
    y: u64,
    width: u64,
    height: u64,
    class: &'static str,
}

/// Decisions by minute.
#[derive(Template)]
#[template(path = "rates.html")]
pub(crate) struct RatesChart {
    bars: Vec<Bar>,
    most: u64,
    sum: Totals,
    width: u64,
    height: u64,
}

impl RatesChart {
    /// A bar for each minute, the oldest first.
    pub(crate) fn new(minutes: &[Totals]) -> Self {
        let height_of = |one: &Totals| one.authenticated.saturating_add(one.rejected).saturating_add(one.failed);
        let most = minutes.iter().map(height_of).max().unwrap_or_default();
        let step = WIDTH / (minutes.len() as u64).max(1);
        let (mut bars, mut sum) = (Vec::new(), Totals::default());
        for (index, minute) in (0..).zip(minutes) {
            sum.authenticated += minute.authenticated;
            sum.rejected += minute.rejected;
            sum.failed += minute.failed;
            let mut top = HEIGHT;
            for (class, count) in
                [("authenticated", minute.authenticated), ("rejected", minute.rejected), ("failed", minute.failed)]
            {
                // What happened once can be seen.
                let height = count.saturating_mul(HEIGHT).checked_div(most).unwrap_or_default();
                let height = if count > 0 { height.max(2) } else { 0 };
                top = top.saturating_sub(height);
                if height > 0 {
                    bars.push(Bar { x: index * step + 1, y: top, width: step.saturating_sub(2).max(1), height, class });
                }
            }
        }
        Self { bars, most, sum, width: WIDTH, height: HEIGHT }
    }
}

/// Keys that expire, by stage.
#[derive(Template)]
#[template(path = "stages.html")]
pub(crate) struct StagesChart {
    rows: Vec<StageRow>,
}

struct StageRow {
    label: &'static str,
    count: usize,
    width: usize,
    y: usize,
    class: &'static str,
}

impl StagesChart {
    pub(crate) fn new(keys: &[Expiring]) -> Self {
        let stages = [
            (Stage::Expired, "expired", "failed"),
            (Stage::Day, "within a day", "failed"),
            (Stage::Week, "within 7 days", "rejected"),
            (Stage::Fortnight, "within 14 days", "rejected"),
            (Stage::Month, "within 30 days", "authenticated"),
        ];
        let count_of = |stage: Stage| keys.iter().filter(|key| key.stage == stage).count();
        let most = stages.iter().map(|(stage, ..)| count_of(*stage)).max().unwrap_or_default().max(1);
        let row = |(index, (stage, label, class)): (usize, (Stage, &'static str, &'static str))| {
            let count = count_of(stage);
            StageRow { label, count, width: count * 300 / most, y: index * 24, class }
        };
        Self { rows: stages.into_iter().enumerate().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_chart_and_a_single_decision_is_seen() {
        let minute = |authenticated, failed| Totals { authenticated, rejected: 0, failed };
        let chart = RatesChart::new(&[minute(0, 0), minute(1000, 0), minute(1, 1)]);
        let heights: Vec<_> = chart.bars.iter().map(|bar| (bar.class, bar.height)).collect();
        assert_eq!(heights, [("authenticated", HEIGHT), ("authenticated", 2), ("failed", 2)]);
        assert_eq!((chart.most, chart.sum.authenticated, chart.sum.failed), (1000, 1001, 1));
        assert!(RatesChart::new(&[]).render().unwrap().contains("<svg"));
    }

    #[test]
    fn keys_are_counted_by_stage() {
        let key = |stage| Expiring {
            client_id: "c".to_owned(),
            thumbprint: "t".to_owned(),
            source: "jwks".to_owned(),
            not_after: 0,
            stage,
        };
        let chart = StagesChart::new(&[key(Stage::Day), key(Stage::Day), key(Stage::Month)]);
        let counts: Vec<_> = chart.rows.iter().map(|row| (row.count, row.width)).collect();
        assert_eq!(counts, [(0, 0), (2, 300), (0, 0), (0, 0), (1, 150)]);
    }
}

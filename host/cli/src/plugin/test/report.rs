//! What `plugin test` shows.

use dropins_host::{Check, CheckState, Description, Digest, Rehearsal, Verdict};
use dropins_telemetry::audit;
use serde::Serialize;

use super::numbers::{Load, Numbers, millis};
use crate::output::{BAD, GOOD, say};

/// A component, a request, and what came of it.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    description: &'a Description,
    digest: Digest,
    size: usize,
    compile_ms: f64,
    /// `authenticated`, `rejected` and so on; `not-asked` if the request has nothing that the plug-in reads.
    outcome: &'static str,
    conclusion: String,
    /// Whether the conditions were assumed to hold.
    assumed: bool,
    conditions: Vec<Condition>,
    checks: Vec<Check>,
    log: Vec<Line>,
    log_lines_dropped: usize,
    numbers: Option<Numbers>,
    memory_limit: usize,
}

#[derive(Serialize)]
struct Condition {
    reason: String,
    requirement: String,
}

#[derive(Serialize)]
struct Line {
    level: String,
    message: String,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        description: &'a Description,
        digest: Digest,
        load: &Load,
        rehearsal: Rehearsal,
        numbers: Option<Numbers>,
        assumed: bool,
    ) -> Self {
        let Rehearsal { verdict, conditions, explanation, log, dropped, .. } = rehearsal;
        let condition = |(reason, requirement)| Condition { reason, requirement };
        let line =
            |(level, message): (tracing::Level, String)| Line { level: level.to_string().to_lowercase(), message };
        Self {
            outcome: verdict.as_ref().map_or("not-asked", audit::outcome),
            conclusion: conclusion(verdict.as_ref(), description),
            description,
            digest,
            size: load.size,
            compile_ms: millis(&load.compiled),
            assumed,
            conditions: conditions.into_iter().map(condition).collect(),
            checks: explanation,
            log: log.into_iter().map(line).collect(),
            log_lines_dropped: dropped,
            numbers,
            memory_limit: load.memory_limit,
        }
    }

    pub(super) fn say(&self) -> anyhow::Result<()> {
        let Description { name, version, summary, .. } = self.description;
        let row = |title: &str, text: String| say(format_args!("{title:<10} {text}"));
        say(format_args!("{name} {version} - {summary}"))?;
        row("digest", self.digest.to_string())?;
        row("loaded", format!("{}, compiled in {} ms, canary passed", kib(self.size), self.compile_ms))?;
        let style = if self.outcome == "authenticated" { GOOD } else { BAD };
        row("verdict", format!("{style}{}{style:#}: {}", self.outcome, self.conclusion))?;
        for Condition { reason, requirement } in &self.conditions {
            let assumed = if self.assumed { "; assumed, for there is no home" } else { "" };
            row("condition", format!("{requirement} [{reason}]{assumed}"))?;
        }
        for check in self.checks.iter().filter(|check| check.state == CheckState::Failed) {
            row("rule", format!("{} [{}]", check.rule, check.reason))?;
            row("to fix it", check.fix.clone())?;
        }
        let passed = self.checks.iter().filter(|check| check.state == CheckState::Passed).count();
        if !self.checks.is_empty() {
            row("rules", format!("{passed} of {} passed", self.checks.len()))?;
        }
        for Line { level, message } in &self.log {
            row("log", format!("{level}: {message}"))?;
        }
        if self.log_lines_dropped > 0 {
            row("log", format!("{} more lines had no room", self.log_lines_dropped))?;
        }
        let Some(Numbers { runs, median_ms, p99_ms, memory }) = &self.numbers else { return Ok(()) };
        row("time", format!("{median_ms} ms median, {p99_ms} ms at the 99th percentile of {runs} runs"))?;
        row("memory", format!("{} of {}", kib(*memory), kib(self.memory_limit)))
    }
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

fn conclusion(verdict: Option<&Verdict>, description: &Description) -> String {
    match verdict {
        None => format!("the request has none of {}; give --header or --form", description.reads.join(", ")),
        Some(Verdict::Authenticated(client)) => {
            let facts: Vec<_> = client.attributes.iter().map(|(name, value)| format!(", {name} {value}")).collect();
            format!("client {} by {}{}", client.id, client.method, facts.concat())
        }
        Some(Verdict::Rejected(rejection)) => {
            format!("{}, {}: {}", rejection.error, rejection.reason, rejection.detail)
        }
        Some(Verdict::NoMethod) => "the plug-in does not claim the request".to_owned(),
        Some(Verdict::SeveralMethods(names)) => format!("several methods: {}", names.join(", ")),
        Some(Verdict::Unavailable(part)) => part.clone(),
        Some(Verdict::Overloaded) => "too many requests at once".to_owned(),
        Some(Verdict::Failed(kind, message)) => format!("{}: {message}", kind.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_the_plug_in_is_not_asked_about_names_what_it_reads() {
        let description = Description {
            name: "badge".to_owned(),
            aliases: Vec::new(),
            version: "1".to_owned(),
            summary: String::new(),
            methods: Vec::new(),
            reads: vec!["header:x-api-key".to_owned()],
            assertion_types: Vec::new(),
        };
        let said = conclusion(None, &description);
        assert_eq!(said, "the request has none of header:x-api-key; give --header or --form");
        assert_eq!(kib(1025), "2 KiB");
    }
}

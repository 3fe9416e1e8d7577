//! Syntax errors among the other problems.
//!
//! A broken line says nothing else that is worth reporting, and a broken header makes its entries look lost:
//! problems in the shadow of a syntax error are left out, and so are keys that seem to be missing.

use std::ops::Range;

use crate::language::problem::{Code, Problem, Problems};
use crate::language::source::Source;

/// Adds the syntax errors, at most one a line, and removes what they only seem to cause.
pub(crate) fn merge(problems: &mut Problems, errors: Vec<Problem>) {
    if errors.is_empty() {
        return;
    }
    let shadows: Vec<Range<usize>> = errors.iter().map(|error| shadow(problems.source(), error.span.start)).collect();
    let in_shadow = |problem: &Problem| shadows.iter().any(|shadow| shadow.contains(&problem.span.start));
    problems.retain(|problem| problem.code != Code::Missing && !in_shadow(problem));
    let mut lines: Vec<usize> = Vec::new();
    for error in errors {
        let line = problems.position(&error).line;
        if !lines.contains(&line) {
            lines.push(line);
            problems.push(error);
        }
    }
}

/// The line of the error; for a header, all lines to the next header.
fn shadow(source: &Source, offset: usize) -> Range<usize> {
    let text = source.shown();
    let line = source.line(offset);
    let is_header = |range: Range<usize>| text.get(range).is_some_and(|line| line.trim_start().starts_with('['));
    let mut end = line.end + 1;
    if is_header(line.clone()) {
        while end < text.len() && !is_header(source.line(end)) {
            end = source.line(end).end + 1;
        }
    }
    line.start..end
}

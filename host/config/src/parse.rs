//! One pass from text to a typed, immutable [`Deployment`].
//!
//! Text, tree, tree without placeholders, checked settings, deployment. Every phase goes on after a problem, so that all
//! problems are reported at once, each with its place and the closest known key.

use std::sync::Arc;

use crate::language::environment::Environment;
use crate::language::problem::{Code, Findings, Notice, Problem, Problems};
use crate::language::source::Source;
use crate::language::{syntax, tree};
use crate::schema::listing::{self, Setting};
use crate::schema::{check, reference};
use crate::sections::deployment::Deployment;

/// A configuration is written by people; more than this is something else.
const MAX_BYTES: usize = 1024 * 1024;

/// Reads the text of a `deployment.toml`.
///
/// # Errors
/// All problems of the text, in its order.
pub fn parse(text: &str, environment: &Environment) -> Result<(Deployment, Vec<Notice>), Problems> {
    if text.len() > MAX_BYTES {
        let mut problems = Problems::new(Arc::new(Source::new("", &[])));
        problems.push(Problem::new(Code::Syntax, 0..0, "", "the configuration is larger than 1 MiB"));
        return Err(problems);
    }
    let (tree, syntax_errors) = tree::parse(text);
    let source = Arc::new(Source::new(text, &tree.secrets()));
    let mut findings = Findings::new(source.clone());
    let resolved = reference::resolve(&tree, environment, &mut findings);
    let settings = check::check(&resolved, environment, &mut findings);
    let deployment = Deployment::read(&settings, source, &mut findings);
    let Findings { mut problems, notices, .. } = findings;
    syntax::merge(&mut problems, syntax_errors);
    match deployment {
        Some(deployment) if problems.is_empty() => Ok((deployment, notices)),
        _ => Err(problems),
    }
}

/// What a file sets, as far as it can be read.
pub struct Listed {
    /// Every key with its value.
    pub settings: Vec<Setting>,
    /// What is wrong with the file.
    pub problems: Option<Problems>,
    /// What is worth a line.
    pub notices: Vec<Notice>,
}

/// Every key with the value that the text of a `deployment.toml` gives it, whether or not the text is right.
pub fn settings(text: &str, environment: &Environment) -> Listed {
    let (problems, notices) = match parse(text, environment) {
        Ok((_, notices)) => (None, notices),
        Err(problems) => (Some(problems), Vec::new()),
    };
    if text.len() > MAX_BYTES {
        return Listed { settings: Vec::new(), problems, notices };
    }
    let (tree, _) = tree::parse(text);
    let source = Arc::new(Source::new(text, &tree.secrets()));
    let mut findings = Findings::new(Arc::clone(&source));
    let resolved = reference::resolve(&tree, environment, &mut findings);
    let root = check::check(&resolved, environment, &mut findings);
    Listed { settings: listing::list(&root, text, &source), problems, notices }
}

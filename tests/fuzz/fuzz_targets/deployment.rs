//! The reader of `deployment.toml`: never panics, and every problem has a place inside of the text that can be shown.

#![no_main]

use std::path::Path;

use dropins_config::{self as config, Environment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let variables = [("SECRET".to_owned(), "s3cret-of-the-environment".to_owned())];
    let environment = Environment::new(Path::new("/home"), variables, []);
    let Err(problems) = config::parse(text, &environment) else { return };
    assert!(!problems.is_empty());
    for problem in problems.iter() {
        assert!(problem.span.start <= problem.span.end && problem.span.end <= text.len(), "{problem:?}");
        assert!(!problem.message.contains(char::is_control));
    }
    let shown = problems.render("deployment.toml", false);
    assert!(!shown.contains("s3cret-of-the-environment"), "{shown}");
    let _json = problems.to_json("deployment.toml");
});

//! `dropins plugin new`: a folder with a working authenticator, its test and its build line.
//!
//! What is needed to build it is in the folder, or comes from the registry of its language. An existing folder is never
//! touched.

mod language;
mod name;
mod sources;
mod template;

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use self::language::Language;
use self::name::Name;
use crate::output::{say, say_json};

/// Write a folder with a working authenticator in your language.
///
/// The plug-in reads a key from a header and has the server compare it with the client's secret. The folder has its
/// source, its test, what it is built with, and a README with the commands that are printed here.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin new acme-badge --lang rust")]
pub(crate) struct New {
    /// The name of the folder and the plug-in: lower-case letters and digits, joined by single hyphens or underscores
    #[arg(value_name = "NAME")]
    name: Name,
    /// The language
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// What to do with the folder; commands are for its own folder.
#[derive(Serialize)]
struct NextSteps<'a> {
    folder: &'a str,
    needs: &'static str,
    build: &'static str,
    test: &'static str,
    component: String,
    r#try: String,
    install: String,
    enable: String,
}

impl New {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = self.name.given();
        write(Path::new(folder), &template::files(self.lang, &self.name))?;
        let component = self.lang.component(&self.name);
        let steps = NextSteps {
            folder,
            needs: self.lang.needs(),
            build: self.lang.build(),
            test: self.lang.test(),
            r#try: format!("dropins plugin test {component} --header \"X-Api-Key=pump-7:drip\""),
            install: format!("dropins plugin install --home HOME {component}"),
            enable: template::listener_entry(&self.name),
            component,
        };
        if self.json {
            say_json(&steps)?;
        } else {
            steps.say()?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl NextSteps<'_> {
    fn say(&self) -> anyhow::Result<()> {
        say(format_args!("made {}; it needs {}\n", self.folder, self.needs))?;
        let enter = format!("cd {}", self.folder);
        for (title, command) in [
            ("", enter.as_str()),
            ("build", self.build),
            ("test", self.test),
            ("try it", &self.r#try),
            ("install it", &self.install),
        ] {
            say(format_args!("  {title:<11} {command}"))?;
        }
        say(format_args!("\nthen add to deployment.toml:\n\n{}", self.enable.trim_end()))
    }
}

/// Writes the files of a new folder.
fn write(folder: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    std::fs::create_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow::anyhow!("{} is there already; choose another name", folder.display()),
        _ => anyhow::Error::new(error).context(format!("the folder {} cannot be made", folder.display())),
    })?;
    for (file, content) in files {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(folder);
        let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, content));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_written_once_and_never_over_another() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("badge");
        let files = [("src/lib.rs".to_owned(), "//".to_owned())];
        write(&folder, &files).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("src/lib.rs")).unwrap(), "//");
        let refused = write(&folder, &files).unwrap_err().to_string();
        assert!(refused.ends_with("badge is there already; choose another name"), "{refused}");
    }
}

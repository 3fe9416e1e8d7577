//! The files of a new plug-in.
//!
//! They are those of `templates/`, which are a plug-in by the name of `sample_key`, with the SDK and the contract.

use super::language::Language;
use super::name::Name;
use super::sources::{CONTRACT, SDK, STRICT_JSON, Source};

/// What goes into the README of every language.
const ENABLE: &str = include_str!("../../../templates/enable.md");

const RUST: [Source; 6] = [
    ("Cargo.toml", include_str!("../../../templates/rust/Cargo.toml.template")),
    (".gitignore", include_str!("../../../templates/rust/gitignore")),
    ("README.md", include_str!("../../../templates/rust/README.md")),
    ("src/lib.rs", include_str!("../../../templates/rust/lib.rs")),
    ("dropins-plugin/Cargo.toml", include_str!("../../../templates/rust/dropins-plugin/Cargo.toml.template")),
    (
        "dropins-plugin/strict-json/Cargo.toml",
        include_str!("../../../templates/rust/dropins-plugin/strict-json/Cargo.toml.template"),
    ),
];

const JAVASCRIPT: [Source; 7] = [
    (".gitignore", include_str!("../../../templates/javascript/gitignore")),
    ("README.md", include_str!("../../../templates/javascript/README.md")),
    ("host.js", include_str!("../../../templates/javascript/host.js")),
    ("package-lock.json", include_str!("../../../templates/javascript/package-lock.json")),
    ("package.json", include_str!("../../../templates/javascript/package.json")),
    ("plugin.js", include_str!("../../../templates/javascript/plugin.js")),
    ("plugin.test.js", include_str!("../../../templates/javascript/plugin.test.js")),
];

const PYTHON: [Source; 7] = [
    (".gitignore", include_str!("../../../templates/python/gitignore")),
    ("README.md", include_str!("../../../templates/python/README.md")),
    ("app/plugin.py", include_str!("../../../templates/python/plugin.py")),
    ("build.sh", include_str!("../../../templates/python/build.sh")),
    ("requirements.txt", include_str!("../../../templates/python/requirements.txt")),
    ("test.sh", include_str!("../../../templates/python/test.sh")),
    ("tests/test_plugin.py", include_str!("../../../templates/python/test_plugin.py")),
];

/// Every file of a new plug-in: path in the folder, content.
pub(super) fn files(language: Language, name: &Name) -> Vec<(String, String)> {
    let own: &[Source] = match language {
        Language::Rust => &RUST,
        Language::Javascript => &JAVASCRIPT,
        Language::Python => &PYTHON,
    };
    let mut files: Vec<_> = own
        .iter()
        .map(|&(path, text)| {
            let more = if path == "README.md" { ENABLE } else { "" };
            (path.to_owned(), renamed(&format!("{text}{more}"), name))
        })
        .collect();
    let mut copy = |folder: &str, sources: &[Source]| {
        files.extend(sources.iter().map(|&(path, text)| (format!("{folder}/{path}"), text.to_owned())));
    };
    match language {
        Language::Rust => {
            copy("dropins-plugin/src", SDK);
            copy("dropins-plugin/strict-json/src", STRICT_JSON);
            copy("dropins-plugin/wit", CONTRACT);
        }
        Language::Javascript | Language::Python => copy("wit", CONTRACT),
    }
    files
}

/// The entries of `deployment.toml` that enable the plug-in, and a client for it.
pub(super) fn listener_entry(name: &Name) -> String {
    let (_, entry) = ENABLE.split_once("```toml\n").unwrap_or_default();
    let (entry, _) = entry.split_once("```").unwrap_or_default();
    renamed(entry, name)
}

fn renamed(text: &str, name: &Name) -> String {
    text.replace("sample_key", &name.snake()).replace("sample-key", &name.kebab()).replace("SampleKey", &name.camel())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = include_str!("../../../../../Cargo.toml");

    fn name() -> Name {
        "acme-badge".parse().unwrap()
    }

    #[test]
    fn no_file_has_the_name_of_the_template() {
        for language in [Language::Rust, Language::Javascript, Language::Python] {
            let files = files(language, &name());
            for (path, content) in &files {
                assert!(!content.to_lowercase().replace(['-', '_'], "").contains("samplekey"), "{path}");
            }
            assert!(files.iter().any(|(path, _)| path.ends_with("wit/package.wit")), "{language:?}");
            assert!(files.iter().any(|(path, _)| path == "README.md"), "{language:?}");
        }
    }

    #[test]
    fn the_sdk_of_a_new_plug_in_has_the_dependencies_of_the_workspace() {
        let workspace: toml::Table = WORKSPACE.parse().unwrap();
        let pinned = &workspace["workspace"]["dependencies"];
        let version = |entry: &toml::Value| entry.get("version").unwrap_or(entry).as_str().map(str::to_owned);
        let files = files(Language::Rust, &name());
        for path in ["dropins-plugin/Cargo.toml", "dropins-plugin/strict-json/Cargo.toml"] {
            let (_, manifest) = files.iter().find(|(file, _)| file == path).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            let wasm = manifest.get("target").map(|target| &target["cfg(target_family = \"wasm\")"]["dependencies"]);
            let tables = [Some(&manifest["dependencies"]), wasm].into_iter().flatten();
            for (crate_name, entry) in tables.flat_map(|table| table.as_table().unwrap()) {
                let known = pinned.get(crate_name).filter(|_| entry.get("path").is_none());
                assert!(known.is_none_or(|known| version(known) == version(entry)), "{path}: {crate_name}");
            }
        }
    }

    #[test]
    fn the_entry_is_valid_and_enables_the_file() {
        let entry: toml::Table = listener_entry(&name()).parse().unwrap();
        assert_eq!(entry["event_listener"][0]["file"].as_str(), Some("acme_badge.wasm"));
        assert_eq!(entry["service_provider"][0]["token_endpoint_auth_method"].as_str(), Some("acme_badge"));
    }
}

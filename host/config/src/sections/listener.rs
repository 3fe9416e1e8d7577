//! `[[event_listener]]`: which plug-ins are used, in which order, with which properties.
//!
//! A listener names its plug-in by name or by file. Whether such a plug-in exists, and whether it accepts the
//! properties, is decided when the plug-ins are bound; the spans are kept for what they have to say. A
//! disabled listener is never a problem.

use std::ops::Range;

use dropins_services::Isolation;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::property::Property;
use crate::schema::settings::Section;

/// How a listener names its plug-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSelector {
    /// By the plug-in's own name, or by an alias that it declares.
    Name(String),
    /// By the file in the dropins folder.
    File(String),
}

/// One `[[event_listener]]` entry.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Label for people.
    pub id: Option<String>,
    /// The handler type, as in WSO2; without effect.
    pub handler_type: Option<String>,
    /// The plug-in.
    pub plugin: PluginSelector,
    /// Lower is asked first.
    pub order: i32,
    /// Whether it is used.
    pub enabled: bool,
    /// Pin: `sha256:` and 64 lower-case hexadecimal digits.
    pub digest: Option<String>,
    /// Fresh or reused instances.
    pub isolation: Isolation,
    /// The file of a candidate that works beside the plug-in, without effect, to be compared with it.
    pub shadow: Option<String>,
    /// Properties in the order of the file, unchecked.
    pub properties: Vec<Property>,
    /// Byte range of the header.
    pub span: Range<usize>,
    selector_span: Range<usize>,
}

impl PartialEq for Listener {
    /// Equal in meaning, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.handler_type, &self.plugin, self.order, self.enabled)
            == (&other.id, &other.handler_type, &other.plugin, other.order, other.enabled)
            && (&self.digest, self.isolation, &self.shadow) == (&other.digest, other.isolation, &other.shadow)
            && self.properties == other.properties
    }
}

impl Eq for Listener {}

impl Listener {
    /// Where a property stands; the header when the file does not give it.
    pub fn property_span(&self, name: &str) -> Range<usize> {
        let exact = self.properties.iter().find(|property| property.name == name);
        let found = exact.or_else(|| self.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name)));
        found.map_or_else(|| self.span.clone(), |property| property.span.clone())
    }

    /// Where the plug-in is named.
    pub fn selector_span(&self) -> Range<usize> {
        self.selector_span.clone()
    }

    /// Reads all entries, in the order of the file.
    pub(crate) fn read_all(settings: &Section, findings: &mut Findings) -> Vec<Self> {
        let listeners: Vec<Self> =
            settings.elements("event_listener").iter().filter_map(|section| Self::read(section, findings)).collect();
        for (at, listener) in listeners.iter().enumerate().filter(|(_, listener)| listener.enabled) {
            let mut before = listeners.iter().take(at).filter(|other| other.enabled);
            if let Some(first) = before.find(|other| other.plugin == listener.plugin) {
                let (key, value) = match &listener.plugin {
                    PluginSelector::Name(name) => ("name", name),
                    PluginSelector::File(file) => ("file", file),
                };
                let message = format!("two enabled event listeners have the {key} `{value}`");
                let problem =
                    Problem::new(Code::Conflict, listener.selector_span(), format!("event_listener.{key}"), message);
                let first = findings.first_at(&first.selector_span);
                findings.problem(problem.help(format!("{first}; change that entry, or set enable = false")));
            }
        }
        listeners
    }

    fn read(section: &Section, findings: &mut Findings) -> Option<Self> {
        let enabled = section.boolean("event_listener.enable");
        let (plugin, path) = match (section.text("event_listener.file"), section.text("event_listener.name")) {
            (Some(file), _) => (PluginSelector::File(file), "event_listener.file"),
            (None, Some(name)) => (PluginSelector::Name(name), "event_listener.name"),
            (None, None) => {
                if enabled && section.lacks("event_listener.name") && section.lacks("event_listener.file") {
                    let message = "an event listener names its plug-in by `name`, or by `file`";
                    let problem = Problem::new(Code::Missing, section.span.clone(), "event_listener.name", message);
                    findings.problem(
                        problem.help("`dropins plugin list` shows the names of the plug-ins in the dropins folder"),
                    );
                }
                return None;
            }
        };
        let listener = Self {
            id: section.text("event_listener.id"),
            handler_type: section.text("event_listener.type"),
            plugin,
            order: section.number("event_listener.order"),
            enabled,
            digest: section.text("event_listener.digest").map(|digest| digest.to_ascii_lowercase()),
            isolation: match section.text("event_listener.isolation").as_deref() {
                Some("pooled") => Isolation::Pooled,
                _ => Isolation::Fresh,
            },
            shadow: section.text("event_listener.shadow"),
            properties: merged(section),
            span: section.span.clone(),
            selector_span: section.span(path),
        };
        if enabled {
            listener.check(section, findings);
        }
        Some(listener)
    }

    fn check(&self, section: &Section, findings: &mut Findings) {
        if let PluginSelector::File(file) = &self.plugin
            && !is_component_name(file)
        {
            let message = format!("`{file}` is not the name of a .wasm file in the dropins folder");
            let problem = Problem::new(Code::BadValue, self.selector_span(), "event_listener.file", message);
            findings.problem(problem.help("give the file name alone, without folders: \"x.wasm\""));
        }
        if let Some(message) = self.shadow.as_deref().and_then(|shadow| self.refuses_shadow(shadow)) {
            let span = section.span("event_listener.shadow");
            let problem = Problem::new(Code::BadValue, span, "event_listener.shadow", message);
            findings.problem(problem.help("give the file name of the candidate alone: \"candidate.wasm\""));
        }
        if self.digest.as_deref().is_some_and(|digest| !is_digest(digest)) {
            let message = "`event_listener.digest` is `sha256:` and 64 hexadecimal digits";
            let span = section.span("event_listener.digest");
            let problem = Problem::new(Code::BadValue, span, "event_listener.digest", message);
            findings.problem(problem.help("`dropins plugin list` shows the digest of every plug-in"));
        }
    }

    /// Why a file cannot be the shadow of this plug-in.
    fn refuses_shadow(&self, shadow: &str) -> Option<String> {
        if !is_component_name(shadow) {
            return Some(format!("`{shadow}` is not the name of a .wasm file in the dropins folder"));
        }
        let own = matches!(&self.plugin, PluginSelector::File(file) if file == shadow);
        own.then(|| format!("`{shadow}` is the plug-in itself; a shadow is another component"))
    }
}

/// The flat properties, then the table's; the table wins.
fn merged(section: &Section) -> Vec<Property> {
    let table = &section.properties;
    let in_table = |flat: &&Property| table.iter().any(|property| property.name.eq_ignore_ascii_case(&flat.name));
    section.flat.iter().filter(|flat| !in_table(flat)).chain(table).cloned().collect()
}

fn is_component_name(file: &str) -> bool {
    file.ends_with(".wasm") && !file.starts_with('.') && !file.contains(['/', '\\', '\0'])
}

fn is_digest(digest: &str) -> bool {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

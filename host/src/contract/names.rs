//! The custom section `dropins:names`: under which names a listener entry may mean a component.
//!
//! It is UTF-8 text with one name per line, the plug-in's own name first and its aliases after it, as `describe` gives
//! them. It can be read without compiling the component. A linker puts the section of a program into its core module, so
//! a section there counts where the component has none itself. Two sections, an empty one or too many names are rejected.

use wasmparser::{Parser, Payload};

/// The section's name.
const SECTION: &str = "dropins:names";

/// A name and the most aliases that a description may have.
const MAX_NAMES: usize = 65;

/// Why the section is unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its section `{SECTION}` is unusable: it must be there once, with 1 to {MAX_NAMES} names, one per line")]
pub struct NamesError;

/// The names in the section of the component or of a module inside; `None` if there is none.
///
/// # Errors
/// [`NamesError`] if the section is unusable.
pub(crate) fn of(bytes: &[u8]) -> Result<Option<Vec<String>>, NamesError> {
    let (mut own, mut inner, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == SECTION => {
                if depth == 0 { &mut own } else { &mut inner }.push(section.data());
            }
            _ => {}
        }
    }
    match if own.is_empty() { inner } else { own }.as_slice() {
        [] => Ok(None),
        [section] => parse(section).map(Some),
        _ => Err(NamesError),
    }
}

fn parse(data: &[u8]) -> Result<Vec<String>, NamesError> {
    let text = std::str::from_utf8(data).map_err(|_| NamesError)?;
    let names: Vec<String> = text.lines().take(MAX_NAMES + 1).map(str::to_owned).collect();
    let usable = (1..=MAX_NAMES).contains(&names.len()) && names.iter().all(|name| !name.is_empty());
    if usable { Ok(names) } else { Err(NamesError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sections: &[&str]) -> Result<Option<Vec<String>>, NamesError> {
        let sections: String =
            sections.iter().map(|text| format!("(@custom \"{SECTION}\" \"{}\")", text.replace('\n', "\\n"))).collect();
        of(&wat::parse_str(format!("(component {sections})")).unwrap())
    }

    #[test]
    fn one_name_per_line_is_read_and_no_section_is_no_mistake() {
        let both = vec!["a".to_owned(), "org.example.A".to_owned()];
        assert_eq!(names(&["a\norg.example.A"]), Ok(Some(both.clone())));
        assert_eq!(names(&["a\norg.example.A\n"]), Ok(Some(both)));
        assert_eq!(names(&[]), Ok(None));
    }

    #[test]
    fn an_unusable_section_is_rejected() {
        assert_eq!(names(&[""]), Err(NamesError));
        assert_eq!(names(&["a\n\nb"]), Err(NamesError));
        assert_eq!(names(&["a", "a"]), Err(NamesError));
        let many = |count: usize| names(&[&vec!["a"; count].join("\n")]);
        assert!(many(MAX_NAMES).is_ok());
        assert_eq!(many(MAX_NAMES + 1), Err(NamesError));
    }

    #[test]
    fn a_section_of_an_inner_module_counts_where_the_component_has_none() {
        let section = |name: &str| format!("(@custom \"{SECTION}\" \"{name}\")");
        let component = |sections: &str, modules: &str| {
            let modules: String =
                modules.chars().map(|name| format!("(core module {})", section(&name.to_string()))).collect();
            of(&wat::parse_str(format!("(component {modules} {sections})")).unwrap())
        };
        assert_eq!(component("", "a"), Ok(Some(vec!["a".to_owned()])));
        assert_eq!(component(&section("b"), "a"), Ok(Some(vec!["b".to_owned()])));
        assert_eq!(component("", "ab"), Err(NamesError));
    }
}

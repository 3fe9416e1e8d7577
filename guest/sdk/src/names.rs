//! The section `dropins:names` of a component: its name and aliases, one per line, so that a host knows them before it
//! compiles the component.

use crate::authenticator::Description;

/// How many bytes the section has.
pub const fn length(description: &Description) -> usize {
    let (mut length, mut aliases) = (description.name.len(), description.aliases);
    while let [alias, rest @ ..] = aliases {
        length += 1 + alias.len();
        aliases = rest;
    }
    length
}

/// The bytes; their number is [`length`].
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
pub const fn section<const LENGTH: usize>(description: &Description) -> [u8; LENGTH] {
    let mut bytes = [b'\n'; LENGTH];
    let (mut at, mut name, mut aliases) = (0, description.name.as_bytes(), description.aliases);
    loop {
        while let [byte, rest @ ..] = name {
            bytes[at] = *byte;
            at += 1;
            name = rest;
        }
        let [alias, rest @ ..] = aliases else { return bytes };
        at += 1;
        (name, aliases) = (alias.as_bytes(), rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: Description = Description {
        name: "named",
        aliases: &["org.example.Named", "n"],
        version: "1",
        summary: "",
        methods: &[],
        reads: &[],
        assertion_types: &[],
    };
    const ALONE: Description = Description { aliases: &[], ..NAMED };

    #[test]
    fn the_name_comes_first_and_each_alias_on_a_line_of_its_own() {
        assert_eq!(section::<{ length(&NAMED) }>(&NAMED), *b"named\norg.example.Named\nn");
        assert_eq!(section::<{ length(&ALONE) }>(&ALONE), *b"named");
    }
}

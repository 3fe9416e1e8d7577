//! The modules of a crate: one for each file that `mod` declarations reach from its root.
//!
//! Code under `#[cfg(test)]` and files named `tests.rs` or `testing.rs` are left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::Item;

use crate::imports::{self, Import};

/// A module's place below the root of its crate: `http::authorize`; empty for the root.
pub(crate) type Place = Vec<String>;

/// What a file says about others.
pub(crate) struct Module {
    /// It declares and re-exports only: a table of contents, which passes names on.
    pub(crate) contents: bool,
    /// The names that `use` binds.
    pub(crate) imports: Vec<Import>,
    /// Every path that is named, in `use` and elsewhere, as written.
    pub(crate) paths: Vec<Vec<String>>,
}

/// A crate's modules by place.
pub(crate) struct Modules(pub(crate) BTreeMap<Place, Module>);

impl Modules {
    /// Follows the declarations from `lib.rs` or `main.rs`; `read` returns the text of a file below `src`.
    pub(crate) fn read(read: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut modules = Self(BTreeMap::new());
        let root = ["lib.rs", "main.rs"].iter().find_map(|name| read(Path::new(name)));
        modules.add(Vec::new(), &root.unwrap(), Path::new(""), read);
        modules
    }

    fn add(&mut self, place: Place, text: &str, folder: &Path, read: &dyn Fn(&Path) -> Option<String>) {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{place:?}: {error}"));
        for name in file.items.iter().filter_map(declared) {
            let child = [place.as_slice(), std::slice::from_ref(&name)].concat();
            let files: [PathBuf; 2] = [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")];
            let text = files.iter().find_map(|path| read(path)).unwrap_or_else(|| panic!("no file for {child:?}"));
            self.add(child, &text, &folder.join(&name), read);
        }
        let contents = file.items.iter().filter(|item| !imports::only_in_tests(item)).all(declares);
        let (imports, paths) = imports::of(&file);
        self.0.insert(place, Module { contents, imports, paths });
    }
}

/// The name of a module in a file of its own.
fn declared(item: &Item) -> Option<String> {
    let Item::Mod(module) = item else { return None };
    let name = module.ident.to_string();
    let exempt = imports::only_in_tests(item) || name == "tests" || name == "testing";
    (module.content.is_none() && !exempt).then_some(name)
}

fn declares(item: &Item) -> bool {
    match item {
        Item::Mod(module) => module.content.is_none(),
        Item::Use(_) | Item::ExternCrate(_) => true,
        // Its text is used elsewhere.
        Item::Macro(item) => item.ident.is_some(),
        _ => false,
    }
}

/// A crate from the texts of its files.
pub(crate) fn example(files: &[(&str, &str)]) -> Modules {
    let files: BTreeMap<PathBuf, &str> = files.iter().map(|(path, text)| (PathBuf::from(path), *text)).collect();
    Modules::read(&|path| files.get(path).map(|text| (*text).to_owned()))
}

#[test]
fn a_module_is_a_file_and_tests_are_none() {
    let modules = example(&[
        ("lib.rs", "mod a; mod b; mod testing; #[cfg(test)] mod helper;"),
        ("a/mod.rs", "mod c; pub use c::C; #[cfg(test)] mod tests { fn f() {} }"),
        ("a/c.rs", "pub struct C;"),
        ("b.rs", "mod d; fn f() {}"),
        ("b/d.rs", ""),
    ]);
    let places: Vec<String> = modules.0.keys().map(|place| place.join("::")).collect();
    assert_eq!(places, ["", "a", "a::c", "b", "b::d"]);
    assert!(modules.0[&vec!["a".to_owned()]].contents);
    assert!(!modules.0[&vec!["b".to_owned()]].contents);
}

//! The paths that a file names: trees of `use`, paths in code, paths inside calls of macros.
//!
//! Items under `#[cfg(test)]` are skipped. Paths of one segment are left out: what they name, a `use` has bound.

use syn::visit::{self, Visit};
use syn::{Attribute, File, ImplItem, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

/// A name that a `use` binds, and the path behind it.
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
}

/// The names that a file binds, and every path that it names.
pub(crate) fn of(file: &File) -> (Vec<Import>, Vec<Vec<String>>) {
    let mut reader = Reader::default();
    reader.visit_file(file);
    let bound = reader.imports.iter().map(|import| import.path.clone());
    let paths = bound.chain(reader.paths).collect();
    (reader.imports, paths)
}

/// Whether an item exists in tests only.
pub(crate) fn only_in_tests(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    };
    is_test(attributes)
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let cfg = attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"));
        cfg || attribute.path().is_ident("test")
    })
}

#[derive(Default)]
struct Reader {
    imports: Vec<Import>,
    paths: Vec<Vec<String>>,
    /// How many inline modules surround the current item.
    depth: usize,
}

impl Reader {
    /// A path as the file's own module would write it.
    fn seen_from_file(&self, mut path: Vec<String>) -> Vec<String> {
        for _ in 0..self.depth {
            if path.first().is_some_and(|first| first == "super") {
                path.remove(0);
                if path.first().is_none_or(|next| next != "super") {
                    path.insert(0, "self".to_owned());
                }
            }
        }
        path
    }

    fn bind(&mut self, before: &[String], tree: &UseTree) {
        match tree {
            UseTree::Path(tree) => self.bind(&[before, &[tree.ident.to_string()]].concat(), &tree.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.bind(before, tree)),
            UseTree::Glob(_) => self.import("*", before.to_vec()),
            UseTree::Name(tree) if tree.ident == "self" => {
                self.import(before.last().map_or("self", String::as_str), before.to_vec());
            }
            UseTree::Name(tree) => {
                let name = tree.ident.to_string();
                self.import(&name, [before, std::slice::from_ref(&name)].concat());
            }
            UseTree::Rename(tree) if tree.ident == "self" => self.import(&tree.rename.to_string(), before.to_vec()),
            UseTree::Rename(tree) => {
                self.import(&tree.rename.to_string(), [before, &[tree.ident.to_string()]].concat());
            }
        }
    }

    fn import(&mut self, name: &str, path: Vec<String>) {
        let path = self.seen_from_file(path);
        self.imports.push(Import { name: name.to_owned(), path });
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !only_in_tests(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !matches!(item, ImplItem::Fn(function) if is_test(&function.attrs)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.depth += 1;
        visit::visit_item_mod(self, module);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.bind(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.paths.push(self.seen_from_file(segments));
        }
        visit::visit_path(self, path);
    }

    /// What a macro makes of its tokens is unknown: whatever looks like a path counts as one. `$crate` belongs to the
    /// definition of a macro, whose paths are named where it is used.
    fn visit_macro(&mut self, call: &'ast Macro) {
        let text = call.tokens.to_string().replace(" ::", "::").replace(":: ", "::").replace("$ ", "$");
        let words = text.split(|letter: char| !letter.is_alphanumeric() && !"_:$".contains(letter));
        for word in words.filter(|word| word.contains("::") && !word.contains('$')) {
            let segments: Vec<_> = word.split("::").filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
            if segments.len() > 1 {
                self.paths.push(self.seen_from_file(segments));
            }
        }
        visit::visit_macro(self, call);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn example(text: &str) -> Vec<String> {
    let (_, paths) = of(&syn::parse_file(text).unwrap());
    paths.iter().map(|path| path.join("::")).collect()
}

#[test]
fn trees_of_use_paths_in_code_and_paths_in_macros_are_read() {
    assert_eq!(
        example("use crate::a::{self, B, c::{D as E, *}};"),
        ["crate::a", "crate::a::B", "crate::a::c::D", "crate::a::c"]
    );
    assert_eq!(example("fn f() -> super::T { x!(1, self::y::<u8>(crate::z)) }"), ["super::T", "self::y", "crate::z"]);
    assert_eq!(example("mod inline { use super::A; use super::super::B; }"), ["self::A", "super::B"]);
}

#[test]
fn what_tests_name_is_not_read() {
    assert!(example("#[cfg(test)] mod tests { use super::a::B; }").is_empty());
    assert!(example("#[cfg(test)] use crate::a; #[test] fn f() { crate::b::c() }").is_empty());
    assert!(example("impl T { #[cfg(test)] fn f() { crate::b::c() } }").is_empty());
    assert!(example("pub(in crate::a) struct T;").is_empty());
}

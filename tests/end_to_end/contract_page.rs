//! The reference page of the contract is what the WIT files say: it is made from them, and held equal to them.
//!
//! After a change of `wit/`, `DROPINS_WRITE_PAGES=1` writes the page anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wit_parser::{
    Docs, Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, WorldItem,
};

const HEAD: &str = "# The contract with plug-ins

This page is made from [authenticator.wit](../../wit/authenticator.wit) and the files beside it; a test holds both
equal. [The first plug-in](../tutorial/first-plug-in.md) uses it; [what a plug-in may do and what it
costs](../explanation/sandbox.md) is around it.

";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Documentation on one line, as a cell of a table has it.
fn line(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The whole page.
fn contract() -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(repository().join("wit")).unwrap();
    let package = &resolve.packages[package];
    let mut page = HEAD.to_owned();
    writeln!(page, "`{}`\n\n{}\n", package.name, package.docs.contents.as_deref().unwrap_or_default().trim()).unwrap();
    let (_, world) = package.worlds.first().unwrap();
    let world = &resolve.worlds[*world];
    writeln!(page, "World `{}`: {}\n\n| interface | | |\n| --- | --- | --- |", world.name, line(&world.docs)).unwrap();
    for (side, interfaces) in
        [("export", interfaces(world.exports.values())), ("import", interfaces(world.imports.values()))]
    {
        for interface in interfaces {
            let interface = &resolve.interfaces[interface];
            let name = interface.name.as_deref().unwrap();
            writeln!(page, "| [`{name}`](#{name}) | {side} | {} |", line(&interface.docs)).unwrap();
        }
    }
    let mut names: Vec<_> = package.interfaces.keys().collect();
    names.sort_by_key(|name| (*name != "client-authenticator", *name != "types", name.to_owned()));
    for name in names {
        interface(&mut page, &resolve, name, package.interfaces[name]);
    }
    page
}

fn interfaces<'a>(items: impl Iterator<Item = &'a WorldItem>) -> Vec<InterfaceId> {
    let id = |item: &WorldItem| if let WorldItem::Interface { id, .. } = item { Some(*id) } else { None };
    items.filter_map(id).collect()
}

fn interface(page: &mut String, resolve: &Resolve, name: &str, id: InterfaceId) {
    let interface = &resolve.interfaces[id];
    writeln!(page, "\n## {name}\n\n{}", interface.docs.contents.as_deref().unwrap_or_default().trim()).unwrap();
    let own = |function: &&Function| matches!(function.kind, FunctionKind::Freestanding);
    functions(page, resolve, interface.functions.values().filter(own));
    for (name, id) in &interface.types {
        // A type that another interface declares is described there.
        if !matches!(resolve.types[*id].kind, TypeDefKind::Type(_)) {
            declared(page, resolve, name, &resolve.types[*id]);
        }
        let of = |function: &&Function| matches!(function.kind, FunctionKind::Method(resource) if resource == *id);
        functions(page, resolve, interface.functions.values().filter(of));
    }
}

fn declared(page: &mut String, resolve: &Resolve, name: &str, declared: &TypeDef) {
    writeln!(page, "\n### {} {name}\n\n{}", declared.kind.as_str(), line(&declared.docs)).unwrap();
    let text = |shape: &Type| spelled(resolve, shape);
    let rows: Vec<[String; 3]> = match &declared.kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().map(|field| [field.name.clone(), text(&field.ty), line(&field.docs)]).collect()
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            cases
                .map(|case| [case.name.clone(), case.ty.as_ref().map(text).unwrap_or_default(), line(&case.docs)])
                .collect()
        }
        TypeDefKind::Enum(of) => {
            of.cases.iter().map(|case| [case.name.clone(), String::new(), line(&case.docs)]).collect()
        }
        _ => return,
    };
    writeln!(page, "\n| name | type | meaning |\n| --- | --- | --- |").unwrap();
    for [name, shape, meaning] in rows {
        let shape = if shape.is_empty() { shape } else { format!("`{shape}`") };
        writeln!(page, "| `{name}` | {shape} | {meaning} |").unwrap();
    }
}

fn functions<'a>(page: &mut String, resolve: &Resolve, functions: impl Iterator<Item = &'a Function>) {
    let rows: Vec<_> = functions.collect();
    if rows.is_empty() {
        return;
    }
    writeln!(page, "\n| function | meaning |\n| --- | --- |").unwrap();
    for function in rows {
        let is_method = matches!(function.kind, FunctionKind::Method(_));
        let given = function.params.iter().skip(usize::from(is_method));
        let given: Vec<_> = given.map(|one| format!("{}: {}", one.name, spelled(resolve, &one.ty))).collect();
        let answer =
            function.result.as_ref().map(|shape| format!(" -> {}", spelled(resolve, shape))).unwrap_or_default();
        let name = function.item_name();
        writeln!(page, "| `{name}({}){answer}` | {} |", given.join(", "), line(&function.docs)).unwrap();
    }
}

/// A type as WIT spells it.
fn spelled(resolve: &Resolve, shape: &Type) -> String {
    let optional =
        |shape: &Option<Type>| shape.as_ref().map_or_else(|| "_".to_owned(), |shape| spelled(resolve, shape));
    match shape {
        Type::Id(id) => named(resolve, *id).unwrap_or_else(|| match &resolve.types[*id].kind {
            TypeDefKind::Option(of) => format!("option<{}>", spelled(resolve, of)),
            TypeDefKind::List(of) => format!("list<{}>", spelled(resolve, of)),
            TypeDefKind::Result(of) => format!("result<{}, {}>", optional(&of.ok), optional(&of.err)),
            TypeDefKind::Handle(Handle::Own(of) | Handle::Borrow(of)) => named(resolve, *of).unwrap(),
            other => panic!("{} is not described", other.as_str()),
        }),
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::String => "string".to_owned(),
        other => panic!("{other:?} is not described"),
    }
}

fn named(resolve: &Resolve, id: TypeId) -> Option<String> {
    resolve.types[id].name.clone()
}

#[test]
fn the_page_of_the_contract_is_what_the_wit_files_say() {
    let (path, made) = (repository().join("docs/reference/plug-in-contract.md"), contract());
    if std::env::var_os("DROPINS_WRITE_PAGES").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "{} is older than wit/: run this test with DROPINS_WRITE_PAGES=1", path.display());
}

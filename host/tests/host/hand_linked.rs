//! Makes a component whose core module calls the host directly.
//!
//! The usual toolchain puts a shim between them, whose functions check the epoch at their entry. A component that is
//! linked by hand has its memory in a module of its own and needs no shim: calls in a straight line then run without a
//! check. The fixture's printed text is rewritten here; it must call `decoy` and `verify`.

use dropins_host::Candidate;

use crate::fixtures::Fixture;

/// Memory and allocator in a module of their own, and the imports lowered with them.
const LINKED: &str = r#"
(core module $libc
  (memory (export "memory") 64)
  (global $heap (mut i32) (i32.const 2097152))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get 3)))))
(core instance $libc (instantiate $libc))
(alias core export $libc "memory" (core memory $shared))
(alias core export $libc "cabi_realloc" (core func $allocate))
(alias export $dropins:client-auth/keys@0.2.0 "decoy" (func $decoy))
(alias export $dropins:client-auth/keys@0.2.0 "[method]public-key.verify" (func $verify))
(core func $decoy (canon lower (func $decoy) (memory $shared) (realloc $allocate) string-encoding=utf8))
(core func $verify (canon lower (func $verify) (memory $shared) (realloc $allocate) string-encoding=utf8))
"#;

const IMPORTS: &str = r#"
(core instance $keys
  (export "decoy" (func $decoy))
  (export "[method]public-key.verify" (func $verify)))
"#;

const MAIN: &str = r#"
(core instance $main (instantiate $main
  (with "dropins:client-auth/keys@0.2.0" (instance $keys))
  (with "env" (instance (export "memory" (memory $shared))))))
"#;

/// What the toolchain added, and what is written anew.
const DROPPED: [&str; 9] = [
    "(core module $wit-component-",
    "(core instance $wit-component-shim-instance",
    "(alias core export $wit-component-shim-instance",
    "(alias export $dropins:client-auth/keys@0.2.0",
    "(core func $\"#core-func",
    "(core instance $fixup",
    "(core instance $dropins:client-auth/keys@0.2.0",
    "(core instance $main ",
    "(@producers",
];

/// The candidate of a fixture that is linked by hand.
pub(crate) fn hand_linked(fixture: &Fixture) -> Candidate {
    let text = wasmprinter::print_bytes(fixture.component()).unwrap();
    let inside = text.trim().strip_prefix("(component").unwrap().strip_suffix(')').unwrap();
    let mut linked = String::from("(component\n");
    for form in forms(inside) {
        if form.starts_with("(core module $main ") {
            linked += LINKED;
            linked += &importing_memory(form);
            linked += IMPORTS;
            linked += MAIN;
        } else if !DROPPED.iter().any(|dropped| form.starts_with(dropped)) {
            linked += form;
        }
        linked.push('\n');
    }
    Candidate::new("hand-linked.wasm", wat::parse_str(linked + ")").unwrap())
}

/// The main module with the memory of another one.
fn importing_memory(module: &str) -> String {
    let (imports, rest) = module.split_once("(memory (;0;) 4)").unwrap();
    format!("{imports}(import \"env\" \"memory\" (memory 4)){rest}")
}

/// The forms of a text; a parenthesis inside a string counts for nothing.
fn forms(text: &str) -> Vec<&str> {
    let (mut forms, mut depth, mut start, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    forms.push(&text[start..=at]);
                }
            }
            _ => {}
        }
    }
    forms
}

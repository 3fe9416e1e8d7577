//! Plug-ins that misbehave in one way each, written in WebAssembly text and made into components.
//!
//! A [`Fixture`] behaves well until one of its exports gets another body: it claims a request that has a form,
//! and authenticates the client `client`. Its types come from the WIT text of the repository.

use std::path::Path;

use dropins_host::Candidate;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The time of every test of the host, seconds since the Unix epoch.
pub(crate) const NOW: u64 = 1_800_000_000;

const PRELUDE: &str = include_str!("prelude.wat");

/// Where the image begins, as in `prelude.wat`.
const IMAGE: u32 = 1024;

/// The longest value that tests send, in bytes; what is longer is the garbage of a canary.
const LONGEST: u32 = 16;

/// Imports by the name that a body calls them by; a fixture imports what it mentions.
const IMPORTS: [(&str, &str, &str, &str); 10] = [
    ("$emit", "dropins:client-auth/log@{version}", "emit", "(param i32 i32 i32)"),
    ("$lookup", "dropins:client-auth/clients@{version}", "lookup", "(param i32 i32 i32)"),
    ("$decoy", "dropins:client-auth/keys@{version}", "decoy", "(param i32 i32 i32)"),
    (
        "$verify",
        "dropins:client-auth/keys@{version}",
        "[method]public-key.verify",
        "(param i32 i32 i32 i32 i32 i32 i32 i32)",
    ),
    ("$drop_key", "dropins:client-auth/keys@{version}", "[resource-drop]public-key", "(param i32)"),
    (
        "$candidates",
        "dropins:client-auth/keys@{version}",
        "candidates",
        "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)",
    ),
    ("$stderr", "wasi:cli/stderr@0.2.6", "get-stderr", "(result i32)"),
    ("$subscribe", "wasi:clocks/monotonic-clock@0.2.6", "subscribe-duration", "(param i64) (result i32)"),
    ("$block", "wasi:io/poll@0.2.6", "[method]pollable.block", "(param i32)"),
    ("$write", "wasi:io/streams@0.2.6", "[method]output-stream.blocking-write-and-flush", "(param i32 i32 i32 i32)"),
];

/// The part of WASI that a fixture may write and wait with; a world that has more than is used imports no more.
const WASI: &str = "
world fixture {
    include authenticator-plugin;
    import wasi:cli/stderr@0.2.6;
    import wasi:io/streams@0.2.6;
    import wasi:clocks/monotonic-clock@0.2.6;
}
package wasi:io@0.2.6 {
    interface error { resource error; }
    interface poll { resource pollable { block: func(); } }
    interface streams {
        use error.{error};
        variant stream-error { last-operation-failed(error), closed }
        resource output-stream {
            blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
        }
    }
}
package wasi:clocks@0.2.6 {
    interface monotonic-clock {
        use wasi:io/poll@0.2.6.{pollable};
        subscribe-duration: func(when: u64) -> pollable;
    }
}
package wasi:cli@0.2.6 {
    interface stderr {
        use wasi:io/streams@0.2.6.{output-stream};
        get-stderr: func() -> output-stream;
    }
}
";

/// A plug-in in the making.
#[derive(Clone)]
pub(crate) struct Fixture {
    name: String,
    aliases: Vec<String>,
    section: Option<String>,
    reads: Vec<String>,
    pages: u32,
    text: String,
    version: &'static str,
    drift: Vec<(&'static str, &'static str)>,
    discerning: bool,
    conditions: Vec<Condition>,
    assertion_types: Vec<String>,
    functions: String,
    describe: String,
    check_config: String,
    can_authenticate: String,
    client_id: String,
    authenticate: String,
}

impl Fixture {
    /// A plug-in that authenticates every request that has a short form parameter `token`.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            aliases: Vec::new(),
            section: None,
            reads: vec!["form:token".to_owned()],
            pages: 4,
            text: "a line".to_owned(),
            version: "0.2.0",
            drift: Vec::new(),
            discerning: true,
            conditions: vec![UNUSED],
            assertion_types: Vec::new(),
            functions: String::new(),
            describe: "(global.get $description)".to_owned(),
            check_config: "(global.get $nothing)".to_owned(),
            can_authenticate: "(i32.ne (i32.add (local.get $form_len) (local.get $headers_len)) (i32.const 0))"
                .to_owned(),
            client_id: "(global.get $nothing)".to_owned(),
            authenticate: "(global.get $authenticated)".to_owned(),
        }
    }

    pub(crate) fn alias(mut self, alias: &str) -> Self {
        self.aliases.push(alias.to_owned());
        self
    }

    /// The text of its section `dropins:names`.
    pub(crate) fn section(mut self, names: &str) -> Self {
        self.section = Some(names.to_owned());
        self
    }

    pub(crate) fn reads(mut self, reads: &[&str]) -> Self {
        self.reads = reads.iter().map(|&read| read.to_owned()).collect();
        self
    }

    /// The values of `client_assertion_type` that are its own.
    pub(crate) fn assertion_types(mut self, types: &[&str]) -> Self {
        self.assertion_types = types.iter().map(|&kind| kind.to_owned()).collect();
        self
    }

    /// What must hold for `$once`.
    pub(crate) fn conditions(mut self, conditions: &[Condition]) -> Self {
        self.conditions = conditions.to_vec();
        self
    }

    /// Pages of memory that an instance begins with.
    pub(crate) fn pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    /// What `$text` points to.
    pub(crate) fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// The version of the contract that it was built for.
    pub(crate) fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Has another text in its copy of the WIT files.
    pub(crate) fn drift(mut self, ours: &'static str, theirs: &'static str) -> Self {
        self.drift.push((ours, theirs));
        self
    }

    /// Treats the garbage of a canary as it treats everything else.
    pub(crate) fn undiscerning(mut self) -> Self {
        self.discerning = false;
        self
    }

    pub(crate) fn functions(mut self, functions: &str) -> Self {
        functions.clone_into(&mut self.functions);
        self
    }

    pub(crate) fn describe(mut self, body: &str) -> Self {
        body.clone_into(&mut self.describe);
        self
    }

    pub(crate) fn check_config(mut self, body: &str) -> Self {
        body.clone_into(&mut self.check_config);
        self
    }

    pub(crate) fn can_authenticate(mut self, body: &str) -> Self {
        body.clone_into(&mut self.can_authenticate);
        self
    }

    pub(crate) fn client_id(mut self, body: &str) -> Self {
        body.clone_into(&mut self.client_id);
        self
    }

    pub(crate) fn authenticate(mut self, body: &str) -> Self {
        body.clone_into(&mut self.authenticate);
        self
    }

    /// The component, in a file of its name.
    pub(crate) fn candidate(&self) -> Candidate {
        Candidate::new(format!("{}.wasm", self.name), self.component())
    }

    pub(crate) fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("fixture.wit", &self.wit()).unwrap();
        let world = resolve.select_world(&[package], Some("fixture")).unwrap();
        let mut module = wat::parse_str(self.module()).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let mut component = ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap();
        if let Some(names) = &self.section {
            append_section(&mut component, names);
        }
        component
    }

    /// The WIT files of the repository as one text, with the fixture's world.
    fn wit(&self) -> String {
        let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("wit"));
        let folder = above.find(|folder| folder.is_dir()).unwrap();
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        // The file with the package's name comes first.
        files.sort_by_key(|path| (!path.ends_with("package.wit"), path.clone()));
        let text: String = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        let text = text.replace("client-auth@0.2.0", &format!("client-auth@{}", self.version)) + WASI;
        self.drift.iter().fold(text, |text, (ours, theirs)| {
            assert!(text.contains(ours), "the WIT text has no `{ours}`");
            text.replace(ours, theirs)
        })
    }

    fn module(&self) -> String {
        let mut image = Image::default();
        let description = [
            image.text(&self.name),
            image.texts(&self.aliases),
            image.text("1.0.0"),
            image.text("A fixture."),
            image.texts(&["fixture".to_owned()]),
            image.texts(&self.reads),
            image.texts(&self.assertion_types),
        ];
        let description = image.words(description.as_flattened());
        let (client, text) = (image.text("client"), image.text(&self.text));
        let method = image.text("fixture");
        let (error, reason) = (image.text("invalid_client"), image.text("fixture-says-no"));
        let authenticated = image.words(&[0, client[0], client[1], method[0], method[1], 0, 0, 0, 0]);
        let conditions: Vec<_> = self.conditions.iter().map(|&condition| image.condition(reason, condition)).collect();
        let count = u32::try_from(conditions.len()).unwrap();
        let conditions = image.words(conditions.as_flattened());
        let once = image.words(&[0, client[0], client[1], method[0], method[1], 0, 0, conditions, count]);
        let rejected = image.words(&[1, error[0], error[1], reason[0], reason[1], text[0], text[1], 0, 0]);
        let unavailable = image.words(&[2, text[0], text[1], 0, 0, 0, 0, 0, 0]);
        let unclaimed = image.words(&[3, 0, 0, 0, 0, 0, 0, 0, 0]);

        let bodies = [
            &self.functions,
            &self.describe,
            &self.check_config,
            &self.can_authenticate,
            &self.client_id,
            &self.authenticate,
        ];
        let imports = IMPORTS.iter().filter(|(name, ..)| bodies.iter().any(|body| body.contains(name)));
        let imports: String = imports
            .map(|(name, module, field, kind)| format!("(import \"{module}\" \"{field}\" (func {name} {kind}))\n"))
            .collect();
        let heap = IMAGE + u32::try_from(image.bytes.len()).unwrap();
        let numbers = [
            ("{pages}", self.pages),
            ("{description}", description),
            ("{authenticated}", authenticated),
            ("{once}", once),
            ("{unclaimed}", unclaimed),
            ("{rejected}", rejected),
            ("{unavailable}", unavailable),
            ("{client}", client[0]),
            ("{client_len}", client[1]),
            ("{text}", text[0]),
            ("{text_len}", text[1]),
            ("{heap}", heap),
            ("{longest}", if self.discerning { LONGEST } else { u32::MAX }),
        ];
        let texts = [
            ("{imports}", imports.as_str()),
            ("{image}", &image.escaped()),
            ("{functions}", &self.functions),
            ("{describe}", &self.describe),
            ("{check_config}", &self.check_config),
            ("{can_authenticate}", &self.can_authenticate),
            ("{client_id}", &self.client_id),
            ("{authenticate}", &self.authenticate),
            ("{version}", self.version),
        ];
        let module = numbers.iter().fold(PRELUDE.to_owned(), |m, (name, value)| m.replace(name, &value.to_string()));
        texts.iter().fold(module, |module, (name, value)| module.replace(name, value))
    }
}

/// Appends the section `dropins:names`, whose size fits into two bytes of LEB128.
fn append_section(component: &mut Vec<u8>, names: &str) {
    let name = "dropins:names";
    let size = u16::try_from(1 + name.len() + names.len()).unwrap();
    let [low, high] = [size & 0x7f | 0x80, size >> 7].map(|byte| u8::try_from(byte).unwrap());
    component.extend([0, low, high, u8::try_from(name.len()).unwrap()]);
    component.extend(name.bytes().chain(names.bytes()));
}

/// Static memory: strings, lists of strings and records of words, in the canonical ABI's layout.
#[derive(Default)]
struct Image {
    bytes: Vec<u8>,
}

impl Image {
    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = IMAGE + u32::try_from(self.bytes.len()).unwrap();
        self.bytes.extend(bytes);
        at
    }

    fn text(&mut self, text: &str) -> [u32; 2] {
        [self.put(text.as_bytes()), u32::try_from(text.len()).unwrap()]
    }

    fn texts(&mut self, texts: &[String]) -> [u32; 2] {
        let each: Vec<_> = texts.iter().map(|text| self.text(text)).collect();
        [self.words(each.as_flattened()), u32::try_from(each.len()).unwrap()]
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        self.put(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())
    }

    /// A record of 56 bytes, aligned to 8.
    fn condition(&mut self, reason: [u32; 2], condition: Condition) -> [u32; 14] {
        let halves = |number: u64| [number as u32, (number >> 32) as u32];
        let mut words = [0; 14];
        words[..2].copy_from_slice(&reason);
        match condition {
            Condition::Unused { identifier, expires_at, retry_window } => {
                words[4..6].copy_from_slice(&self.text(identifier));
                words[10..12].copy_from_slice(&halves(expires_at));
                words[13] = retry_window;
            }
            Condition::Secret(secret) => {
                words[2] = 1;
                words[4..6].copy_from_slice(&self.text(secret));
            }
            Condition::NotAfter(time) => {
                words[2] = 2;
                words[4..6].copy_from_slice(&halves(time));
            }
        }
        words
    }

    fn escaped(&self) -> String {
        self.bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
    }
}

/// Computes forever.
pub(crate) const LOOP: &str = "(loop $ever (br $ever)) (unreachable)";

/// Asks the client directory for `client`.
pub(crate) const LOOKUP: &str = "(call $lookup (global.get $client) (global.get $client_len) (global.get $answer))";

/// Asks for the keys of `client`, with `client` as the algorithm and no further hint.
pub(crate) const CANDIDATES: &str = "(call $candidates (global.get $client) (global.get $client_len)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 0) (i32.const 0)
    (global.get $client) (global.get $client_len) (global.get $answer))";

/// Authenticates `client` on the fixture's conditions; by default, that it did not use the identifier `client` before.
pub(crate) const ONCE: &str = "(global.get $once)";

/// What must hold for `$once`.
#[derive(Clone, Copy)]
pub(crate) enum Condition {
    Unused { identifier: &'static str, expires_at: u64, retry_window: u32 },
    Secret(&'static str),
    NotAfter(u64),
}

/// That the client did not use the identifier `client` before.
pub(crate) const UNUSED: Condition = Condition::Unused { identifier: "client", expires_at: NOW + 300, retry_window: 0 };

/// Logs `text` as a warning.
pub(crate) const EMIT: &str = "(call $emit (i32.const 2) (global.get $text) (global.get $text_len))";

/// Writes `text` to standard error, the way the standard library writes the text of a panic.
pub(crate) const WRITE: &str =
    "(call $write (call $stderr) (global.get $text) (global.get $text_len) (global.get $answer))";

/// Runs `body` a number of times.
pub(crate) fn times(count: u32, body: &str) -> String {
    format!(
        "(loop $again {body}
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const {count}))))"
    )
}

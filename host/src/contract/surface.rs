//! What a component imports and exports, read from its bytes before they are compiled.
//!
//! The whole file is validated first, so a truncated copy is rejected with its offset. Only names are compared here;
//! types are compared when the component is linked.

use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::contract::names::NamesError;
use crate::contract::text::excerpt;
use crate::contract::version::{ApiVersion, EXPORT, IMPORTS};
use crate::contract::{names, wasi};

/// The names at the surface of a component.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Contract {
    /// The version of the contract that it exports.
    pub version: ApiVersion,
    /// Its imports, sorted.
    pub imports: Vec<String>,
    /// Its exports, sorted.
    pub exports: Vec<String>,
    /// Its name and aliases, if it has the section `dropins:names`.
    pub names: Option<Vec<String>>,
}

/// Why bytes are not a plug-in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// Something else.
    #[error("it is no WebAssembly file: {}", begins(.0))]
    NotWasm(Vec<u8>),
    /// Damaged.
    #[error("it is not a valid WebAssembly component: {reason} (at offset {offset})")]
    Invalid {
        /// What the validator says.
        reason: String,
        /// Where.
        offset: usize,
    },
    /// A core module.
    #[error("it is a core WebAssembly module, not a component: build it with `--target wasm32-wasip2`")]
    CoreModule,
    /// It does not export the contract.
    #[error("it does not export `{EXPORT}`; it exports {exports}")]
    NoExport {
        /// What it exports instead.
        exports: String,
    },
    /// It exports a version that this host does not serve.
    #[error(
        "it was built for version {wanted} of `{EXPORT}`; this host serves {0}: rebuild it for {0}",
        ApiVersion::SERVED
    )]
    Version {
        /// What the component exports.
        wanted: String,
    },
    /// Its section `dropins:names` is unusable.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// It imports an interface that is not granted.
    #[error("it imports `{0}`, which is not granted: a plug-in has no access to files, sockets or the environment{stub}", stub = stub(.0))]
    Import(String),
}

/// Bytes of a file that are shown if it is something else.
const BEGINNING: usize = 16;

fn begins(bytes: &[u8]) -> String {
    if bytes.is_empty() { "it is empty".to_owned() } else { format!("it begins with \"{}\"", bytes.escape_ascii()) }
}

/// How other toolchains leave WASI out.
fn stub(import: &str) -> &'static str {
    if import.starts_with("wasi:") {
        "; build it with WASI stubbed: componentize-py `--stub-wasi`, jco `--backend-qjs-stub-wasi`"
    } else {
        ""
    }
}

impl Contract {
    /// Reads and checks the surface of a component.
    ///
    /// # Errors
    /// [`ContractError`] says what the bytes are instead of a plug-in, or which import is not granted.
    pub fn of(bytes: &[u8]) -> Result<Self, ContractError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(ContractError::NotWasm(bytes.iter().take(BEGINNING).copied().collect()));
        }
        if Parser::is_core_wasm(bytes) {
            return Err(ContractError::CoreModule);
        }
        let features = WasmFeatures::default() | WasmFeatures::WIDE_ARITHMETIC;
        Validator::new_with_features(features).validate_all(bytes).map_err(|error| invalid(&error))?;
        let (mut imports, mut exports) = surface(bytes)?;
        imports.sort();
        exports.sort();
        // The imports of another version differ, too; the author needs to hear of the version first.
        let version = served(&exports);
        if let Err(error @ ContractError::Version { .. }) = version {
            return Err(error);
        }
        if let Some(import) = imports.iter().find(|import| !granted(import)) {
            return Err(ContractError::Import(import.clone()));
        }
        Ok(Self { version: version?, imports, exports, names: names::of(bytes)? })
    }
}

fn invalid(error: &wasmparser::BinaryReaderError) -> ContractError {
    ContractError::Invalid { reason: error.message().to_owned(), offset: error.offset() }
}

/// The import and export names of the outermost component.
fn surface(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), ContractError> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| invalid(&error))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(ContractError::CoreModule),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(|error| invalid(&error))?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(|error| invalid(&error))?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn served(exports: &[String]) -> Result<ApiVersion, ContractError> {
    let Some((_, wanted)) = exports.iter().map(|export| split(export)).find(|(name, _)| *name == EXPORT) else {
        let exports = if exports.is_empty() { "nothing".to_owned() } else { excerpt(&exports.join(", ")) };
        return Err(ContractError::NoExport { exports });
    };
    ApiVersion::of(wanted).ok_or_else(|| ContractError::Version { wanted: wanted.to_owned() })
}

fn granted(import: &str) -> bool {
    let (name, version) = split(import);
    let of_contract = IMPORTS.contains(&name) && ApiVersion::of(version).is_some();
    of_contract || wasi::grants(name, version)
}

/// Name and version of `package:name/interface@version`.
fn split(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_components_are_plug_ins() {
        for (file, bytes) in dropins_components::ALL {
            let contract = Contract::of(bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(contract.version, ApiVersion::V0_2);
            let own = |import: &String| import.starts_with("dropins:client-auth/");
            assert!(contract.imports.iter().all(own), "{file} imports the contract and nothing else: {contract:?}");
            let name = contract.names.as_deref().and_then(<[_]>::first);
            assert_eq!(name.map(|name| format!("{name}.wasm")).as_deref(), Some(file));
        }
    }

    #[test]
    fn a_truncated_component_is_rejected_with_its_offset() {
        let (_, bytes) = dropins_components::ALL[0];
        let refused = Contract::of(&bytes[..bytes.len() - 100]);
        assert!(matches!(refused, Err(ContractError::Invalid { .. })), "{refused:?}");
    }

    #[test]
    fn what_is_no_component_says_what_it_is() {
        assert_eq!(Contract::of(b"\0asm\x01\0\0\0"), Err(ContractError::CoreModule));
        assert!(matches!(Contract::of(b"\0asm\x0d\0"), Err(ContractError::Invalid { .. })));
        let said = |bytes: &[u8]| Contract::of(bytes).unwrap_err().to_string();
        assert_eq!(said(b""), "it is no WebAssembly file: it is empty");
        assert_eq!(said(b"PK\x03\x04 a jar"), "it is no WebAssembly file: it begins with \"PK\\x03\\x04 a jar\"");
        let empty = wat::parse_str("(component)").unwrap();
        assert_eq!(Contract::of(&empty), Err(ContractError::NoExport { exports: "nothing".to_owned() }));
    }

    #[test]
    fn an_import_that_is_not_granted_is_named() {
        for import in ["wasi:filesystem/types@0.2.6", "wasi:sockets/tcp@0.2.6", "wasi:random/random@0.2.6"] {
            let component = wat::parse_str(format!("(component (import \"{import}\" (instance)))")).unwrap();
            let refused = Contract::of(&component).unwrap_err();
            assert_eq!(refused, ContractError::Import(import.to_owned()));
            assert!(refused.to_string().contains("`--stub-wasi`"), "{refused}");
        }
        let future = "dropins:client-auth/keys@0.3.0";
        let component = wat::parse_str(format!("(component (import \"{future}\" (instance)))")).unwrap();
        let refused = Contract::of(&component).unwrap_err();
        assert_eq!(refused, ContractError::Import(future.to_owned()));
        assert!(!refused.to_string().contains("stub"), "{refused}");
    }

    #[test]
    fn another_version_of_the_contract_is_named_with_the_one_served() {
        let text = format!("(component (instance $i) (export \"{EXPORT}@0.9.0\" (instance $i)))");
        let refused = Contract::of(&wat::parse_str(text).unwrap()).unwrap_err();
        assert_eq!(refused, ContractError::Version { wanted: "0.9.0".to_owned() });
        let text = refused.to_string();
        assert!(
            text.contains("version 0.9.0") && text.ends_with("this host serves 0.2.0: rebuild it for 0.2.0"),
            "{text}"
        );
    }
}

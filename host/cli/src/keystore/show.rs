//! `dropins keystore list` and `view`: entries as `keytool -list` and `keytool -list -v` print them.
//!
//! Unseen characters of the file are printed escaped.

use clap::Args;
use dropins_keys::keystore::{CertificateView, Entry, EntryKind, day, instant};
use serde_json::{Value, json};

use super::location::{StoreArgs, now};
use crate::args::ClientId;
use crate::output::{say, say_json};
use dropins_host::services::printable;
use dropins_operations::keystores::{remarks, without_alias};

/// List the entries.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins keystore list --home ./dropins-home\n  dropins keystore list --keystore wso2carbon.jks --storepass wso2carbon"
)]
pub(crate) struct List {
    #[command(flatten)]
    store: StoreArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// Show one entry: owner, issuer, validity, fingerprints, key.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins keystore view --home ./dropins-home nwU59qy9AsDqftmwLcfmkvOhvuYa")]
pub(crate) struct View {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    client: ClientId,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn list(self) -> anyhow::Result<()> {
        let location = self.store.location()?;
        let store = location.open()?;
        if self.json {
            return say_json(&json!({
                "file": location.path,
                "type": store.kind(),
                "entries": store.entries().iter().map(summary).collect::<Vec<_>>(),
                "certificates_without_alias": store.unnamed().len(),
            }));
        }
        say(format_args!("Keystore: {}\nKeystore type: {}\n", location.path.display(), store.kind()))?;
        let number = store.entries().len();
        say(format_args!("Your keystore contains {number} {}\n", if number == 1 { "entry" } else { "entries" }))?;
        for entry in store.entries() {
            let created = entry.created().map(|created| format!("{}, ", day(created))).unwrap_or_default();
            say(format_args!("{}, {created}{}, ", printable(entry.alias()), entry.kind()))?;
            if let Some(der) = entry.chain().first() {
                say(format_args!("Certificate fingerprint (SHA-256): {}", CertificateView::fingerprint(der)))?;
            }
        }
        without_alias(&store).map_or(Ok(()), |text| say(format_args!("\n{text}")))
    }
}

/// An entry in one line of a listing.
fn summary(entry: &Entry) -> Value {
    json!({
        "alias": entry.alias(),
        "type": entry.kind(),
        "created": entry.created(),
        "sha256": entry.chain().first().map(|der| CertificateView::fingerprint(der)),
    })
}

impl View {
    pub(super) fn view(self) -> anyhow::Result<()> {
        let location = self.store.location()?;
        let store = location.open()?;
        let entry = location.entry(&store, self.client.get()).map_err(|error| match without_alias(&store) {
            None => anyhow::Error::from(error),
            Some(text) => anyhow::Error::from(error).context(text),
        })?;
        let remarks = remarks(&entry, now()?);
        let chain: Vec<_> = entry.chain().iter().filter_map(|der| CertificateView::of(der)).collect();
        if self.json {
            let mut document = summary(&entry);
            if let Value::Object(members) = &mut document {
                members.insert("chain".to_owned(), serde_json::to_value(&chain)?);
                members.insert("remarks".to_owned(), json!(remarks));
            }
            return say_json(&document);
        }
        say(format_args!("Alias name: {}", printable(entry.alias())))?;
        if let Some(created) = entry.created() {
            say(format_args!("Creation date: {}", day(created)))?;
        }
        say(format_args!("Entry type: {}", entry.kind()))?;
        if entry.kind() == EntryKind::PrivateKey {
            say(format_args!("Certificate chain length: {}", entry.chain().len()))?;
        }
        for (number, certificate) in chain.iter().enumerate() {
            if entry.kind() == EntryKind::PrivateKey {
                say(format_args!("Certificate[{}]:", number + 1))?;
            } else {
                say("")?;
            }
            show(certificate)?;
        }
        remarks.iter().try_for_each(|remark| say(format_args!("\nNote: {remark}")))
    }
}

fn show(certificate: &CertificateView) -> anyhow::Result<()> {
    say(format_args!("Owner: {}", printable(&certificate.owner)))?;
    say(format_args!("Issuer: {}", printable(&certificate.issuer)))?;
    say(format_args!("Serial number: {}", certificate.serial))?;
    say(format_args!("Valid from: {} until: {}", instant(certificate.not_before), instant(certificate.not_after)))?;
    say(format_args!("Certificate fingerprints:\n\t SHA1: {}\n\t SHA256: {}", certificate.sha1, certificate.sha256))?;
    say(format_args!("Signature algorithm name: {}", certificate.signature_algorithm))?;
    say(format_args!("Subject Public Key Algorithm: {}", certificate.public_key))
}

//! The JKS reader: never panics, never allocates by an unchecked length, and reads back what it writes.
//!
//! The first byte chooses JKS or JCEKS. Magic number and digest are set here, since no mutation would hit them.

#![no_main]

use dropins_keys::keystore::{Keystore, StoreKind};
use libfuzzer_sys::fuzz_target;
use sha1::{Digest as _, Sha1};

const PASSWORD: &str = "changeit";

fuzz_target!(|data: &[u8]| {
    let [choice, body @ ..] = data else { return };
    let (kind, magic) =
        if choice & 1 == 1 { (StoreKind::Jceks, [0xce; 4]) } else { (StoreKind::Jks, [0xfe, 0xed, 0xfe, 0xed]) };
    let bytes = [&magic, body].concat();
    let wide = PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    let digest = Sha1::new().chain_update(wide).chain_update("Mighty Aphrodite").chain_update(&bytes).finalize();
    assert!(Keystore::read(&bytes, PASSWORD).is_err(), "nothing passes without its digest");
    let Ok(store) = Keystore::read(&[bytes.as_slice(), &digest].concat(), PASSWORD) else { return };
    assert_eq!(store.kind(), kind);
    let again = store.to_bytes(PASSWORD).expect("what was read can be written");
    assert_eq!(Keystore::read(&again, PASSWORD).expect("what was written can be read"), store);
    for entry in store.entries() {
        let _ambiguous = store.find(entry.alias());
    }
});

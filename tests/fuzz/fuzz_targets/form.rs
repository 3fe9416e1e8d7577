//! The reader of forms: never panics, and a forgiving reader reads what it accepts the same way.

#![no_main]

use dropins_protocol::Form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(form) = Form::parse(body) else { return };
    let forgiving = form_urlencoded::parse(body).into_owned().collect::<Vec<_>>();
    assert_eq!(form.fields(), forgiving);
    for (place, (name, _)) in form.fields().iter().enumerate() {
        let repeatable = matches!(name.as_str(), "resource" | "audience");
        assert!(repeatable || form.fields()[..place].iter().all(|(other, _)| other != name), "{name} twice");
    }
    let again = form_urlencoded::Serializer::new(String::new()).extend_pairs(form.fields()).finish();
    assert_eq!(Form::parse(again.as_bytes()).as_ref(), Ok(&form));
});

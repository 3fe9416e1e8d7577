//! One request, as far as the host shows it to the plug-in.
//!
//! An empty parameter counts as absent (RFC 6749 section 3.1); a repeated one is left for the plug-in's rules to reject.

/// Names with values, in the order of the wire or of the configuration file; a name may occur more than once.
pub type Fields<'a, 'b> = &'b [(&'a str, &'a str)];

/// One request.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// Public URL of the endpoint that was called.
    pub endpoint: &'a str,
    /// Issuer identifier of the server (RFC 8414 section 2).
    pub issuer: &'a str,
    /// Public URL of the token endpoint.
    pub token_endpoint: &'a str,
    /// Form parameters in the order of the wire.
    pub form: Vec<(&'a str, &'a str)>,
    /// Headers in the order of the wire, names in lower case.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Milliseconds since the Unix epoch.
    pub now: u64,
}

impl<'a> Request<'a> {
    /// The value of a parameter; an empty one counts as absent.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.form.iter().find(|(parameter, value)| *parameter == name && !value.is_empty()).map(|(_, value)| *value)
    }

    /// Whether a parameter occurs more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.form.iter().filter(|(parameter, _)| *parameter == name).count() > 1
    }

    /// The values of a header, whose name is in lower case.
    pub fn header_values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(header, _)| *header == name).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_parameter_is_absent_and_still_counts_as_a_repetition() {
        let request = Request { form: vec![("a", ""), ("a", "1"), ("b", "2"), ("c", "")], ..Request::default() };
        assert_eq!(["a", "b", "c", "d"].map(|name| request.parameter(name)), [Some("1"), Some("2"), None, None]);
        assert_eq!(["a", "b", "c", "d"].map(|name| request.is_repeated(name)), [true, false, false, false]);
    }

    #[test]
    fn every_value_of_a_header_is_found() {
        let request = Request { headers: vec![("a", "1"), ("b", "2"), ("a", "")], ..Request::default() };
        assert_eq!(request.header_values("a").collect::<Vec<_>>(), ["1", ""]);
        assert_eq!(request.header_values("c").count(), 0);
    }
}

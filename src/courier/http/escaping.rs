//! How a value is written into a template, so that it stays a value.

use minijinja::value::ValueKind;
use minijinja::{Output, State, Value, escape_formatter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986 section 2.3: all but the unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What surrounds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// A JSON string: the quotes are the template's.
    Json,
    /// A part of a URL, or of a form.
    Percent,
    /// Nothing that a value could break out of.
    Plain,
}

impl Surroundings {
    /// What a body of `content_type` is.
    pub(super) fn of(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => Self::Percent,
            "application/json" => Self::Json,
            other if other.ends_with("+json") => Self::Json,
            _ => Self::Plain,
        }
    }

    fn escape(self, text: &str) -> String {
        match self {
            Self::Json => {
                let json = serde_json::Value::from(text).to_string();
                // Without the quotes around it.
                json.get(1..json.len() - 1).unwrap_or_default().to_owned()
            }
            Self::Percent => utf8_percent_encode(text, RESERVED).to_string(),
            Self::Plain => text.to_owned(),
        }
    }

    /// Writes one value of a template; what `tojson` or `urlencode` made safe stays as it is.
    pub(super) fn format(
        self,
        out: &mut Output<'_>,
        state: &mut State<'_, '_>,
        value: &Value,
    ) -> Result<(), minijinja::Error> {
        if value.is_safe() || value.kind() != ValueKind::String {
            return escape_formatter(out, state, value);
        }
        out.write_str(&self.escape(&value.to_string()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_escaped_for_where_it_stands() {
        let nasty = "a\"b\\c\n&d=é</x>";

        assert_eq!(Surroundings::Json.escape(nasty), r#"a\"b\\c\n&d=é</x>"#);
        assert_eq!(Surroundings::Percent.escape(nasty), "a%22b%5Cc%0A%26d%3D%C3%A9%3C%2Fx%3E");
        assert_eq!(Surroundings::Plain.escape(nasty), nasty);
    }

    #[test]
    fn a_content_type_says_what_the_body_is() {
        for (content_type, surroundings) in [
            ("application/json", Surroundings::Json),
            ("Application/JSON; charset=utf-8", Surroundings::Json),
            ("application/vnd.api+json", Surroundings::Json),
            ("application/x-www-form-urlencoded", Surroundings::Percent),
            ("text/plain", Surroundings::Plain),
        ] {
            assert_eq!(Surroundings::of(content_type), surroundings, "{content_type}");
        }
    }
}

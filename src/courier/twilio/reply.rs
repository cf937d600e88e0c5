//! The little that is read of Twilio's answers.

use serde::Deserialize;

/// What the house wants to know of an answer; everything else in it may be missing, null or new.
#[derive(Default, Deserialize)]
pub(super) struct Reply {
    #[serde(default)]
    sid: Option<String>,
    /// Twilio's number of an error.
    #[serde(default)]
    pub(super) code: Option<u32>,
}

impl Reply {
    /// Reads an answer; one that is no JSON says nothing.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Twilio's id of the message, fit for a log whatever was answered.
    pub(super) fn sid(&self) -> String {
        let sid = self.sid.as_deref().unwrap_or_default();
        sid.chars().filter(char::is_ascii_alphanumeric).take(34).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_any_shape_is_read_as_far_as_it_is_understood() {
        for (body, sid, code) in [
            (r#"{"sid":"SM1","status":"queued","price_unit":null}"#, "SM1", None),
            (r#"{"sid":"SM1","status":"accepted"}"#, "SM1", None),
            (r#"{"code":21211,"message":"x","status":400}"#, "", Some(21211)),
            (r#"{"sid":"a\nb é/"}"#, "ab", None),
            ("<html>", "", None),
            ("", "", None),
            (r#"{"code":"x"}"#, "", None),
            ("[]", "", None),
        ] {
            let reply = Reply::read(body.as_bytes());

            assert_eq!((reply.sid().as_str(), reply.code), (sid, code), "{body}");
        }
    }
}

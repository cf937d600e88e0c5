//! A line of an import: one JSON object, one account.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_path_to_error::Track;

use crate::auth::{ImportedPassword, NewUser, Password};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    email: String,
    password: Option<SecretString>,
    password_hash: Option<String>,
    #[serde(default)]
    email_confirmed: bool,
    two_factor_enabled: Option<bool>,
    phone_number: Option<String>,
    #[serde(default)]
    phone_confirmed: bool,
    #[serde(default)]
    roles: Vec<String>,
}

/// Reads a line.
///
/// # Errors
/// Tells what is wrong, without quoting a password.
pub(super) fn parse(line: &[u8]) -> Result<NewUser, String> {
    let row = read(line)?;
    let password = match (row.password, row.password_hash) {
        (Some(_), Some(_)) => return Err("expected password or passwordHash, got both".to_owned()),
        (Some(password), None) => ImportedPassword::Clear(Password::new(password.expose_secret())),
        (None, Some(hash)) => ImportedPassword::Hash(hash),
        (None, None) => ImportedPassword::None,
    };
    Ok(NewUser {
        email: row.email,
        password,
        email_confirmed: row.email_confirmed,
        two_factor_enabled: row.two_factor_enabled,
        phone_number: row.phone_number,
        phone_confirmed: row.phone_confirmed,
        roles: row.roles,
    })
}

fn read(line: &[u8]) -> Result<Row, String> {
    // Some editors begin a file with a byte order mark.
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let mut json = serde_json::Deserializer::from_slice(line);
    let mut track = Track::new();
    let row = Row::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let row = row.and_then(|row| json.end().map(|()| row));
    row.map_err(|error| {
        let member = track.path().to_string();
        if error.is_data() && member.starts_with("password") {
            return format!("{member}: expected a string");
        }
        let told = error.to_string().replace(" at line 1 column ", ", column ");
        if error.is_data() && member != "." { format!("{member}: {told}") } else { told }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_account() {
        let user = parse(
            br#"{"email":"a@b.c","passwordHash":"$argon2id$x","emailConfirmed":true,"twoFactorEnabled":true,
            "phoneNumber":"+491511","phoneConfirmed":true,"roles":["A","B"]}"#,
        )
        .unwrap();

        assert_eq!(user.email, "a@b.c");
        assert!(matches!(user.password, ImportedPassword::Hash(hash) if hash == "$argon2id$x"));
        assert!(user.email_confirmed && user.phone_confirmed);
        assert_eq!(user.two_factor_enabled, Some(true));
        assert_eq!(user.phone_number.as_deref(), Some("+491511"));
        assert_eq!(user.roles, ["A", "B"]);
    }

    #[test]
    fn only_the_address_has_to_be_there() {
        let user = parse("\u{feff}{\"email\":\"a@b.c\",\"phoneNumber\":null}\r\n".as_bytes()).unwrap();

        assert!(matches!(user.password, ImportedPassword::None));
        assert!(!user.email_confirmed && user.two_factor_enabled.is_none() && user.roles.is_empty());
    }

    #[test]
    fn bad_lines_are_told_without_their_passwords() {
        for (line, expected) in [
            ("{}", "missing field `email`"),
            ("[]", "expected"),
            ("sesame", "expected value, column 1"),
            (r#"{"email":"a@b.c"} {}"#, "trailing characters"),
            (r#"{"email":"a@b.c","email":"d@e.f"}"#, "duplicate field `email`"),
            (r#"{"email":"a@b.c","isAdmin":true}"#, "unknown field `isAdmin`, expected one of `email`"),
            (r#"{"email":"a@b.c","password":["sesame"]}"#, "password: expected a string"),
            (r#"{"email":"a@b.c","passwordHash":{"sesame":1}}"#, "passwordHash: expected a string"),
            (r#"{"email":"a@b.c","password":"sesame","passwordHash":"sesame"}"#, "got both"),
            (r#"{"email":"a@b.c","roles":"A"}"#, "roles: invalid type: string \"A\", expected a sequence"),
            (
                r#"{"email":"a@b.c","emailConfirmed":1}"#,
                "emailConfirmed: invalid type: integer `1`, expected a boolean",
            ),
        ] {
            let fault = parse(line.as_bytes()).err().unwrap();
            assert!(fault.contains(expected), "{line}: {fault}");
            assert!(!fault.contains("sesame"), "{line}: {fault}");
        }
    }
}

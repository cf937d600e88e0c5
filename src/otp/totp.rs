//! Time-based codes (RFC 6238): SHA-1, 30 s, six digits, a secret of 160 bits.

use qrcode::{EcLevel, QrCode, render::svg};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::Code;
use crate::clock::Timestamp;
use crate::vault::random_bytes;

/// Digits of a code.
pub const DIGITS: usize = 6;

/// Bytes of a secret.
const SECRET_BYTES: usize = 20;

/// Length of a time step, seconds.
const STEP: u64 = 30;

/// Steps before and after the present one whose codes are good (RFC 6238 section 5.2).
const SKEW: u16 = 1;

/// Steps around the present one whose codes tell that a clock is wrong.
const NEAR: u16 = 10;

/// Module size of the QR code, pixels at least.
const QR_PIXELS: u32 = 240;

/// The secret that an authenticator app and the server share. No `Debug`, no `Serialize`.
#[derive(Clone)]
pub struct SharedSecret(Zeroizing<Vec<u8>>);

/// What a computed code turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The code of this time step, which is present enough. Whoever accepts it sees to it that no step is accepted twice.
    Step(u64),
    /// The code of a step that is too far away: the clock of the device or of the server is wrong.
    Near(u64),
    /// None of them.
    Wrong,
}

impl SharedSecret {
    /// Draws a secret from the operating system's generator.
    #[must_use]
    pub fn draw() -> Self {
        Self::new(random_bytes::<SECRET_BYTES>().to_vec())
    }

    /// A secret as it was kept.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one who keeps them sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// What a person types into an app: base32 (RFC 4648 section 6) without padding.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(Secret::from(self.0.as_slice()).to_base32())
    }

    /// What `code` is at `now`.
    #[must_use]
    pub fn judge(&self, code: &Code, now: Timestamp) -> Match {
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        let within = |skew| self.totp(skew, "", "").and_then(|totp| totp.check(code.expose(), seconds));
        match within(SKEW) {
            Some(step) => Match::Step(step),
            None => within(NEAR).map_or(Match::Wrong, Match::Near),
        }
    }

    /// The address that enrols an app: `otpauth://totp/…` with issuer and account.
    #[must_use]
    pub fn to_uri(&self, issuer: &str, account: &str) -> Option<Zeroizing<String>> {
        let plain = |text: &str| text.replace(':', " ");
        self.totp(SKEW, &plain(issuer), &plain(account))?.to_url().ok().map(Zeroizing::new)
    }

    /// The code of the step in which `now` lies.
    #[cfg(test)]
    pub(crate) fn code_at(&self, now: Timestamp) -> Code {
        let seconds = u64::try_from(now.seconds()).unwrap();
        Code::new(self.totp(SKEW, "", "").unwrap().generate(seconds).to_string())
    }

    fn totp(&self, skew: u16, issuer: &str, account: &str) -> Option<Totp> {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(skew)
            .with_step_duration(STEP)
            .with_secret(Secret::from(self.0.as_slice()))
            .with_account_name(account)
            .with_issuer(Some(issuer).filter(|issuer| !issuer.is_empty()));
        totp.build().ok()
    }
}

/// `text` as a QR code (ISO/IEC 18004), an SVG document.
#[must_use]
pub fn qr_svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238 appendix B.
    fn vector() -> SharedSecret {
        SharedSecret::new(b"12345678901234567890".to_vec())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn judged(code: &str, seconds: i64) -> Match {
        vector().judge(&Code::new(code.to_owned()), at(seconds))
    }

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        // Appendix B gives eight digits; six are their end.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();

            assert_eq!(judged(code, seconds), Match::Step(step), "{seconds}");
            assert_eq!(vector().code_at(at(seconds)).expose(), code);
        }
    }

    #[test]
    fn a_step_before_and_after_are_good_and_further_ones_tell_of_a_wrong_clock() {
        let now = 2_000_000_010;
        let step = 66_666_667;
        for (away, expected) in [
            (-11, Match::Wrong),
            (-10, Match::Near(step - 10)),
            (-2, Match::Near(step - 2)),
            (-1, Match::Step(step - 1)),
            (0, Match::Step(step)),
            (1, Match::Step(step + 1)),
            (2, Match::Near(step + 2)),
            (10, Match::Near(step + 10)),
            (11, Match::Wrong),
        ] {
            let code = vector().code_at(at(now + away * 30));

            assert_eq!(vector().judge(&code, at(now)), expected, "{away}");
        }
    }

    #[test]
    fn a_drawn_secret_has_160_bits_and_is_shown_in_base32() {
        let (one, other) = (SharedSecret::draw(), SharedSecret::draw());

        assert_eq!(one.expose().len(), 20);
        assert_ne!(one.expose(), other.expose());
        assert_eq!(vector().to_base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn an_app_is_enrolled_by_an_address_and_its_picture() {
        let uri = vector().to_uri("login.example.com:8443", "jo@example.com").unwrap();

        let parsed = url::Url::parse(&uri).unwrap();
        let query: std::collections::HashMap<_, _> = parsed.query_pairs().into_owned().collect();
        assert_eq!((parsed.scheme(), parsed.host_str()), ("otpauth", Some("totp")));
        assert_eq!(query["secret"], "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(query["issuer"], "login.example.com 8443");
        assert!(parsed.path().ends_with("jo%40example.com"), "{}", parsed.path());
        let svg = qr_svg(&uri).unwrap();
        assert!(svg.contains("<svg") && !svg.contains("script"));
    }
}

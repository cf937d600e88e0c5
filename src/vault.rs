//! The master key and what is derived from it: MACs, sealed data, token digests.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The 32-byte secret of the installation (`[secrets] key`).
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Draws a fresh key from the operating system.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(random_bytes()))
    }

    /// Reads a key from base64 (RFC 4648 section 4).
    ///
    /// # Errors
    /// Tells what was expected when `text` is not base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, String> {
        let expected = || "expected base64 of exactly 32 bytes".to_owned();
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| expected())?);
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| expected())?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// The key as base64, to be written to the secret's file.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }
}

/// What a derived key is used for; each use has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// One-time codes.
    Code,
    /// Addresses and numbers, where a row needs to be found by them but must not tell them.
    Destination,
    /// Queued messages.
    Message,
    /// Private signing keys.
    SigningKey,
    /// What a link carries besides its token.
    Link,
    /// Cookies of the browser.
    Cookie,
    /// Second-factor secrets.
    Factor,
    /// Refresh tokens, each of which is derived from the one before it.
    RefreshToken,
    /// Links by which an owner disowns a sign-in.
    NotMe,
}

impl Use {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Code => b"twostep/code/1",
            Self::Destination => b"twostep/destination/1",
            Self::Message => b"twostep/message/1",
            Self::SigningKey => b"twostep/signing-key/1",
            Self::Link => b"twostep/link/1",
            Self::Cookie => b"twostep/cookie/1",
            Self::Factor => b"twostep/factor/1",
            Self::RefreshToken => b"twostep/refresh-token/1",
            Self::NotMe => b"twostep/not-me/1",
        }
    }
}

/// Sealed data could not be opened: it was altered, moved to another row, or sealed under another key.
#[derive(Debug, thiserror::Error)]
#[error("sealed data cannot be opened with this secrets.key")]
pub struct CannotOpen;

/// Derives a key per [`Use`] from the master key (HKDF-SHA-256, RFC 5869). Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Hkdf<Sha256>>);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// A vault under `master`.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self(Arc::new(Hkdf::new(None, master.0.as_slice())))
    }

    /// A derived key of `N` bytes for `what`. Keys of different lengths have nothing in common: one authenticates, another
    /// encrypts.
    ///
    /// # Panics
    /// Never: `N` is at most 64, HKDF gives up to 8160 bytes.
    #[must_use]
    pub fn key<const N: usize>(&self, what: Use) -> Zeroizing<[u8; N]> {
        const { assert!(N <= 64) };
        #[expect(clippy::cast_possible_truncation, reason = "N is at most 64")]
        let length = [N as u8];
        let mut key = Zeroizing::new([0; N]);
        // Only a length above 255 blocks fails, which the assertion rules out.
        let _ = self.0.expand_multi_info(&[what.label(), &length], key.as_mut_slice());
        key
    }

    /// HMAC-SHA-256 over `parts`, each preceded by its length, under the key for `what`.
    #[must_use]
    pub fn mac(&self, what: Use, parts: &[&[u8]]) -> [u8; 32] {
        let key = self.key::<64>(what);
        let mut mac = Hmac::<Sha256>::new((&*key).into());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// [`Vault::mac`] as base64url, for a key column.
    #[must_use]
    pub fn fingerprint(&self, what: Use, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(what, parts))
    }

    /// Encrypts `plain` (XChaCha20-Poly1305, random nonce in front), bound to `context`, which [`Vault::open`] must repeat.
    #[must_use]
    pub fn seal(&self, what: Use, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let key = self.key::<32>(what);
        let nonce: [u8; 24] = random_bytes();
        let cipher = XChaCha20Poly1305::new((&*key).into());
        // Encryption fails only for plaintexts of 256 GiB.
        let sealed =
            cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context }).unwrap_or_default();
        [nonce.as_slice(), sealed.as_slice()].concat()
    }

    /// Decrypts what [`Vault::seal`] made.
    ///
    /// # Errors
    /// [`CannotOpen`] when it was altered, or sealed for another use, context or master key.
    pub fn open(&self, what: Use, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let key = self.key::<32>(what);
        let (nonce, body) = sealed.split_first_chunk::<24>().ok_or(CannotOpen)?;
        let cipher = XChaCha20Poly1305::new((&*key).into());
        cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: context })
            .map(Zeroizing::new)
            .map_err(|_| CannotOpen)
    }
}

/// Bytes from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give: nothing safe could be done then.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    use rand::TryRng as _;
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness no secret may be made")]
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A random token of `N` bytes, as base64url without padding (RFC 4648 section 5).
#[must_use]
pub fn random_token<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<N>())
}

/// SHA-256 of a random token, as base64url: what the database keeps instead of the token.
#[must_use]
pub fn digest(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// Whether two byte strings are equal, in a time that depends only on their lengths.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_data_opens_only_for_its_use_context_and_key() {
        let vault = Vault::new(&MasterKey::generate());
        let sealed = vault.seal(Use::Message, b"row 1", b"a code");

        assert_eq!(vault.open(Use::Message, b"row 1", &sealed).unwrap().as_slice(), b"a code");
        assert!(vault.open(Use::Message, b"row 2", &sealed).is_err());
        assert!(vault.open(Use::Link, b"row 1", &sealed).is_err());
        assert!(Vault::new(&MasterKey::generate()).open(Use::Message, b"row 1", &sealed).is_err());
        assert!(vault.open(Use::Message, b"row 1", b"short").is_err());
    }

    #[test]
    fn keys_of_different_uses_and_lengths_have_nothing_in_common() {
        let vault = Vault::new(&MasterKey::generate());
        let long = vault.key::<64>(Use::Cookie);

        assert_ne!(long.first_chunk::<32>(), Some(&*vault.key::<32>(Use::Cookie)));
        assert_ne!(long, vault.key::<64>(Use::Code));
        assert_eq!(long, vault.key::<64>(Use::Cookie));
    }

    #[test]
    fn parts_of_a_mac_do_not_run_into_each_other() {
        let vault = Vault::new(&MasterKey::generate());

        assert_ne!(vault.mac(Use::Code, &[b"ab", b"c"]), vault.mac(Use::Code, &[b"a", b"bc"]));
    }
}

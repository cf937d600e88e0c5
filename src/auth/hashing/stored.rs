//! Stored password hashes: which PHC strings are understood, and what checking one may cost.

use argon2::{Algorithm, Argon2, Params, Version};
use password_hash::phc::{Output, PasswordHash, Salt};
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::HashSettings;
use crate::vault::equal;

/// What the column holds.
const LONGEST: usize = 512;
/// Caps on what an imported hash may cost: memory in KiB, passes, lanes. Our own may cost what the settings allow.
const IMPORTED_ARGON2_CAPS: (u32, u32, u32) = (64 * 1024, 10, 4);
const OWN_ARGON2_CAPS: (u32, u32, u32) =
    (*HashSettings::MEMORY_KIB.end(), *HashSettings::ITERATIONS.end(), *HashSettings::PARALLELISM.end());
const BCRYPT_CAP: u32 = 14;
/// scrypt's memory is 128·N·r bytes: 128 MiB covers what most libraries take by default (N = 2^17, r = 8).
const SCRYPT_MEMORY_CAP: u64 = 128 << 20;
const SCRYPT_LANES_CAP: u32 = 4;
const PBKDF2_CAP: u32 = 2_000_000;

/// A parsed hash that may be checked.
pub(super) enum Stored {
    Argon2 { algorithm: Algorithm, version: Version, params: Params, salt: Salt, output: Output },
    Bcrypt(String),
    Scrypt { params: scrypt::Params, salt: Salt, output: Output },
    Pbkdf2 { digest: Pbkdf2Digest, rounds: u32, salt: Salt, output: Output },
}

/// The hash under PBKDF2's HMAC.
#[derive(Clone, Copy)]
pub(super) enum Pbkdf2Digest {
    Sha256,
    Sha512,
}

impl Stored {
    /// Parses a PHC string or a bcrypt one that is in the database: imported, or made here under these settings or earlier ones.
    ///
    /// # Errors
    /// Tells what is wrong with it, without repeating it.
    pub(super) fn parse(phc: &str) -> Result<Self, String> {
        Self::parse_within(phc, OWN_ARGON2_CAPS)
    }

    /// Parses one that is to be imported.
    ///
    /// # Errors
    /// As [`Stored::parse`].
    pub(super) fn parse_imported(phc: &str) -> Result<Self, String> {
        Self::parse_within(phc, IMPORTED_ARGON2_CAPS)
    }

    fn parse_within(phc: &str, argon2_caps: (u32, u32, u32)) -> Result<Self, String> {
        if phc.len() > LONGEST {
            return Err(format!("a password hash has at most {LONGEST} characters"));
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| phc.starts_with(prefix)) {
            return parse_bcrypt(phc);
        }
        let hash = PasswordHash::new(phc).map_err(|_| "this is no PHC string".to_owned())?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err("a password hash needs a salt and an output".to_owned());
        };
        match hash.algorithm.as_str() {
            "argon2d" | "argon2i" | "argon2id" => parse_argon2(&hash, salt, output, argon2_caps),
            "scrypt" => parse_scrypt(&hash, salt, output),
            "pbkdf2-sha256" => parse_pbkdf2(&hash, Pbkdf2Digest::Sha256, salt, output),
            "pbkdf2-sha512" => parse_pbkdf2(&hash, Pbkdf2Digest::Sha512, salt, output),
            _ => Err("expected argon2, bcrypt, scrypt or pbkdf2".to_owned()),
        }
    }

    /// Whether checking it takes memory besides a thread's own, `blocks` of Argon2.
    pub(super) fn needs_more_memory_than(&self, blocks: usize) -> bool {
        match self {
            Self::Argon2 { params, .. } => params.block_count() > blocks,
            Self::Scrypt { .. } => true,
            Self::Bcrypt(_) | Self::Pbkdf2 { .. } => false,
        }
    }

    /// Whether `password` is the one. An Argon2 hash gets its memory from `with_argon2`.
    pub(super) fn matches(
        &self,
        password: &[u8],
        with_argon2: impl FnOnce(&Argon2<'_>, &[u8], &mut [u8]) -> bool,
    ) -> bool {
        let mut computed = Zeroizing::new([0; Output::MAX_LENGTH]);
        let (output, done) = match self {
            Self::Bcrypt(hash) => return bcrypt::verify(password, hash).unwrap_or(false),
            Self::Argon2 { algorithm, version, params, salt, output } => {
                let Some(computed) = computed.get_mut(..output.len()) else { return false };
                let argon2 = Argon2::new(*algorithm, *version, params.clone());
                (output, with_argon2(&argon2, salt, computed))
            }
            Self::Scrypt { params, salt, output } => {
                let Some(computed) = computed.get_mut(..output.len()) else { return false };
                (output, scrypt::scrypt(password, salt, params, computed).is_ok())
            }
            Self::Pbkdf2 { digest, rounds, salt, output } => {
                let Some(computed) = computed.get_mut(..output.len()) else { return false };
                match digest {
                    Pbkdf2Digest::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *rounds, computed),
                    Pbkdf2Digest::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, *rounds, computed),
                }
                (output, true)
            }
        };
        done && computed.get(..output.len()).is_some_and(|computed| equal(computed, output.as_bytes()))
    }
}

fn parse_bcrypt(phc: &str) -> Result<Stored, String> {
    let parts: bcrypt::HashParts = phc.parse().map_err(|_| "this is no bcrypt string".to_owned())?;
    if !(4..=BCRYPT_CAP).contains(&parts.get_cost()) {
        return Err(format!("bcrypt: the cost may be 4 to {BCRYPT_CAP}"));
    }
    Ok(Stored::Bcrypt(phc.to_owned()))
}

fn parse_argon2(
    hash: &PasswordHash,
    salt: Salt,
    output: Output,
    (memory, passes, lanes): (u32, u32, u32),
) -> Result<Stored, String> {
    let wrong = || "argon2: the parameters are wrong".to_owned();
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| wrong())?;
    // Strings from before version 1.3 have no version (PHC string format, section "Argon2").
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| wrong())?;
    let params = Params::try_from(hash).map_err(|_| wrong())?;
    if params.m_cost() > memory || params.t_cost() > passes || params.p_cost() > lanes {
        return Err(format!("argon2: at most m={memory},t={passes},p={lanes}"));
    }
    if !params.keyid().is_empty() || !params.data().is_empty() {
        return Err("argon2: keyid and data are not supported".to_owned());
    }
    Ok(Stored::Argon2 { algorithm, version, params, salt, output })
}

fn parse_scrypt(hash: &PasswordHash, salt: Salt, output: Output) -> Result<Stored, String> {
    let wrong = || "scrypt: expected the parameters ln, r and p".to_owned();
    let number = |name| hash.params.get_decimal(name).ok_or_else(wrong);
    let (log_n, r, p) = (number("ln")?, number("r")?, number("p")?);
    let memory = 1_u64.checked_shl(log_n).and_then(|n| n.checked_mul(u64::from(r))?.checked_mul(128));
    if log_n > 63 || p > SCRYPT_LANES_CAP || memory.is_none_or(|memory| memory > SCRYPT_MEMORY_CAP) {
        return Err(format!("scrypt: at most {} MiB and p={SCRYPT_LANES_CAP}", SCRYPT_MEMORY_CAP >> 20));
    }
    let params =
        u8::try_from(log_n).ok().and_then(|log_n| scrypt::Params::new(log_n, r, p).ok()).ok_or_else(wrong)?;
    Ok(Stored::Scrypt { params, salt, output })
}

fn parse_pbkdf2(
    hash: &PasswordHash,
    digest: Pbkdf2Digest,
    salt: Salt,
    output: Output,
) -> Result<Stored, String> {
    let rounds = hash.params.get_decimal("i").ok_or_else(|| "pbkdf2: expected the parameter i".to_owned())?;
    if !(1..=PBKDF2_CAP).contains(&rounds) {
        return Err(format!("pbkdf2: 1 to {PBKDF2_CAP} rounds"));
    }
    Ok(Stored::Pbkdf2 { digest, rounds, salt, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(password: &str, phc: &str) -> bool {
        Stored::parse(phc).unwrap().matches(password.as_bytes(), |argon2, salt, out| {
            argon2.hash_password_into(password.as_bytes(), salt, out).is_ok()
        })
    }

    #[test]
    fn hashes_of_other_programs_are_understood() {
        let mut scrypted = [0; 32];
        let params = scrypt::Params::new(10, 8, 1).unwrap();
        scrypt::scrypt(b"tulip", b"saltsaltsaltsalt", &params, &mut scrypted).unwrap();
        let mut derived = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha512>(b"tulip", b"saltsaltsaltsalt", 1000, &mut derived);
        let encoded = |bytes: [u8; 32]| Output::new(&bytes).unwrap().to_string();
        let mut argon2i = [0; 32];
        let old = Argon2::new(Algorithm::Argon2i, Version::V0x10, Params::new(64, 3, 2, Some(32)).unwrap());
        old.hash_password_into(b"tulip", b"saltsaltsaltsalt", &mut argon2i).unwrap();
        let salt = "c2FsdHNhbHRzYWx0c2FsdA";

        for phc in [
            bcrypt::hash("tulip", 4).unwrap(),
            bcrypt::hash("tulip", 4).unwrap().replacen("$2b$", "$2y$", 1),
            format!("$scrypt$ln=10,r=8,p=1${salt}${}", encoded(scrypted)),
            format!("$pbkdf2-sha512$i=1000,l=32${salt}${}", encoded(derived)),
            format!("$argon2i$m=64,t=3,p=2${salt}${}", encoded(argon2i)),
            format!("$argon2i$v=16$m=64,t=3,p=2${salt}${}", encoded(argon2i)),
        ] {
            assert!(matches("tulip", &phc), "{phc}");
            assert!(!matches("tulips", &phc), "{phc}");
        }
    }

    #[test]
    fn what_would_cost_too_much_or_is_no_hash_is_refused() {
        let tail = "$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for phc in [
            format!("$argon2id$v=19$m=65537,t=1,p=1{tail}"),
            format!("$argon2id$v=19$m=1024,t=11,p=1{tail}"),
            format!("$argon2id$v=19$m=1024,t=1,p=5{tail}"),
            format!("$argon2id$v=18$m=1024,t=1,p=1{tail}"),
            format!("$argon2id$v=19$m=1024,t=1,p=1,keyid=AAAA{tail}"),
            format!("$argon2id$v=19$m=1,t=1,p=1{tail}"),
            format!("$argon2x$v=19$m=1024,t=1,p=1{tail}"),
            "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA".to_owned(),
            format!("$scrypt$ln=18,r=8,p=1{tail}"),
            format!("$scrypt$ln=64,r=8,p=1{tail}"),
            format!("$scrypt$ln=10,r=4294967295,p=4{tail}"),
            format!("$scrypt$ln=10,r=0,p=1{tail}"),
            format!("$scrypt$ln=10,r=8,p=4294967295{tail}"),
            format!("$scrypt$ln=10,r=8{tail}"),
            format!("$pbkdf2-sha256$i=2000001{tail}"),
            format!("$pbkdf2-sha256$i=0{tail}"),
            format!("$pbkdf2$i=1000{tail}"),
            bcrypt::hash("tulip", 4).unwrap().replacen("$04$", "$15$", 1),
            bcrypt::hash("tulip", 4).unwrap().replacen("$2b$", "$2x$", 1),
            "$2b$04$tooshort".to_owned(),
            "tulip".to_owned(),
            String::new(),
            format!("$argon2id$v=19$m=1024,t=1,p=1{}{tail}", "a".repeat(600)),
        ] {
            assert!(Stored::parse_imported(&phc).is_err(), "{phc}");
        }
    }

    #[test]
    fn our_own_may_cost_what_the_settings_allow_and_no_more() {
        let tail = "$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let (memory, passes, lanes) = OWN_ARGON2_CAPS;
        let phc = |m: u32, t: u32, p: u32| format!("$argon2id$v=19$m={m},t={t},p={p}{tail}");

        assert!(Stored::parse(&phc(memory, passes, lanes)).is_ok());
        for beyond in [(memory + 1, 1, 1), (8, passes + 1, 1), (memory, 1, lanes + 1)] {
            assert!(Stored::parse(&phc(beyond.0, beyond.1, beyond.2)).is_err(), "{beyond:?}");
        }
    }
}

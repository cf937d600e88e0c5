//! The master key: configured, or made once on a developer's machine.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use log::warn;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::settings::{Mode, Settings};
use crate::vault::{MasterKey, random_token};

/// `[secrets] key`; in development, where it is empty, `data/secret.key` in the working directory, made at the first start.
///
/// # Errors
/// When there is no key, or its file cannot be read or made.
pub fn master_key(settings: &Settings) -> anyhow::Result<MasterKey> {
    let configured = settings.secrets.key.expose_secret();
    if !configured.is_empty() {
        return MasterKey::from_base64(configured).map_err(|expected| anyhow!("secrets.key: {expected}"));
    }
    match settings.mode {
        Mode::Development => read_or_make(Path::new("data/secret.key")),
        Mode::Production => bail!("secrets.key: expected base64 of 32 bytes in production"),
    }
}

fn read_or_make(path: &Path) -> anyhow::Result<MasterKey> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    make(path).with_context(|| format!("cannot make {}", path.display()))?;
    // Two starts at once agree on the file that came first.
    read(path)?.with_context(|| format!("{} is gone again", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mode = fs::metadata(path).map_or(0o600, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        warn!(file:% = path.display(); "others on this machine can read the secret key: chmod 600");
    }
    MasterKey::from_base64(&text).map(Some).map_err(|expected| anyhow!("{}: {expected}", path.display()))
}

/// Writes a fresh key beside `path` and links it into place, so that nobody ever reads half a key and the first one stays.
fn make(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = path.with_extension(random_token::<12>());
    let made = write(&beside).and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    // It may never have been there.
    let _ = fs::remove_file(&beside);
    made?;
    // The link itself has to outlive a power cut: with another key, nothing in the database opens.
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(MasterKey::generate().to_base64().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(key: &MasterKey) -> String {
        key.to_base64().to_string()
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/secret.key");

        let made = read_or_make(&path).unwrap();
        let read = read_or_make(&path).unwrap();

        assert_eq!(base64(&made), base64(&read));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_another_start_made_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let first = read_or_make(&path).unwrap();

        make(&path).unwrap();

        assert_eq!(base64(&read_or_make(&path).unwrap()), base64(&first));
    }

    #[test]
    fn a_file_that_holds_no_key_is_a_fault_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        fs::write(&path, "sesame").unwrap();

        let fault = read_or_make(&path).err().unwrap().to_string();

        assert!(fault.contains("expected base64") && !fault.contains("sesame"), "{fault}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "sesame");
    }
}

//! The CRM's keys and tokens at rest: XChaCha20-Poly1305, bound to the place they are kept in.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};

const NONCE: usize = 24;

/// Seals and opens secrets with the installation's key.
#[derive(Clone)]
pub struct Cipher(Arc<XChaCha20Poly1305>);

#[derive(Debug, thiserror::Error)]
pub enum CipherError {
    #[error("the key must be 32 bytes in standard base64 (make one with: openssl rand -base64 32)")]
    NotAKey,
    #[error("a secret in the database was sealed with another key")]
    WrongKey,
    #[error("the key file could not be read or written")]
    File(#[from] std::io::Error),
}

impl Cipher {
    /// # Errors
    /// When the text is not 32 bytes of base64.
    pub fn from_base64(key: &SecretString) -> Result<Self, CipherError> {
        let bytes = STANDARD.decode(key.expose_secret().trim()).map_err(|_| CipherError::NotAKey)?;
        let key: [u8; 32] = bytes.try_into().map_err(|_| CipherError::NotAKey)?;
        Ok(Self(Arc::new(XChaCha20Poly1305::new(&key.into()))))
    }

    /// The key in `path`; a missing file is made with a new key that only its owner can read.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn from_file_or_new(path: &Path) -> Result<Self, CipherError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::from_base64(&SecretString::from(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => match make_key_file(path) {
                // Another process was first: its key is the installation's.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Self::from_file_or_new(path),
                Err(error) => Err(error.into()),
                Ok(text) => Self::from_base64(&text),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Seals a secret for one `place`, such as `tenant:7:web_key`; moved to another place it does not open.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::rng().random();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        // Sealing fails only for messages of many gigabytes.
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// # Errors
    /// When the secret was sealed with another key, or for another place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<SecretString, CipherError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(CipherError::WrongKey)?;
        let plain = self
            .0
            .decrypt(&XNonce::from(*nonce), Payload { msg: rest, aad: place.as_bytes() })
            .map_err(|_| CipherError::WrongKey)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| CipherError::WrongKey)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(…)")
    }
}

/// Written aside and linked into place, so that no process ever reads half a key.
fn make_key_file(path: &Path) -> std::io::Result<SecretString> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let key: [u8; 32] = rand::rng().random();
    let text = STANDARD.encode(key);
    let aside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    linked.map(|()| SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn a_secret_opens_only_with_its_key_and_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let cipher = Cipher::from_file_or_new(&folder.path().join("a/key")).unwrap();
        let sealed = cipher.seal("tenant:1:web_key", &secret("CT_secret"));
        assert!(!String::from_utf8_lossy(&sealed).contains("CT_secret"));
        assert_eq!(cipher.open("tenant:1:web_key", &sealed).unwrap().expose_secret(), "CT_secret");
        assert!(cipher.open("tenant:2:web_key", &sealed).is_err());
        let other = Cipher::from_file_or_new(&folder.path().join("b/key")).unwrap();
        assert!(other.open("tenant:1:web_key", &sealed).is_err());
    }

    #[test]
    fn a_new_key_file_is_its_owners_alone_and_is_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealed = Cipher::from_file_or_new(&path).unwrap().seal("x", &secret("s"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Cipher::from_file_or_new(&path).unwrap().open("x", &sealed).unwrap().expose_secret(), "s");
    }

    #[test]
    fn a_short_key_is_refused_with_what_is_wanted() {
        let error = Cipher::from_base64(&secret("c2hvcnQ=")).unwrap_err();
        assert!(error.to_string().contains("32 bytes"), "{error}");
    }
}

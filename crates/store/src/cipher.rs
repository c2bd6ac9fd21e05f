//! Encrypts the CRM's keys and tokens at rest, with XChaCha20-Poly1305. Each secret is bound to the place it is stored in.

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

/// Encrypts and decrypts secrets with the installation's key.
#[derive(Clone)]
pub struct Cipher(Arc<XChaCha20Poly1305>);

/// A key that cannot be used, or a secret that cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub enum CipherError {
    #[error("the key must be 32 bytes in standard base64 (make one with: openssl rand -base64 32)")]
    NotAKey,
    #[error("a secret in the database was encrypted with another key")]
    WrongKey,
    #[error("the key file could not be read or written")]
    File(#[from] std::io::Error),
}

impl Cipher {
    /// Reads a key from base64.
    ///
    /// # Errors
    /// Fails if the text is not 32 bytes in base64.
    pub fn from_base64(key: &SecretString) -> Result<Self, CipherError> {
        let bytes = STANDARD.decode(key.expose_secret().trim()).map_err(|_| CipherError::NotAKey)?;
        let key: [u8; 32] = bytes.try_into().map_err(|_| CipherError::NotAKey)?;
        Ok(Self(Arc::new(XChaCha20Poly1305::new(&key.into()))))
    }

    /// Reads the key from a file. Creates a missing file with a new key and mode 0600.
    ///
    /// # Errors
    /// Fails if the file cannot be read or created, or contains no key.
    pub fn from_file_or_new(path: &Path) -> Result<Self, CipherError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::from_base64(&SecretString::from(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => match create_key_file(path) {
                // Another process created the file first, so use its key.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Self::from_file_or_new(path),
                Err(error) => Err(error.into()),
                Ok(text) => Self::from_base64(&text),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Encrypts a secret for one `place`, such as `tenant:7:web_key`. It cannot be decrypted for another place.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::rng().random();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        // Encryption fails only for messages of many gigabytes.
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts a secret.
    ///
    /// # Errors
    /// Fails if the secret was encrypted with another key or for another place.
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

/// Writes a temporary file and links it into place, so that no process reads a partial key.
fn create_key_file(path: &Path) -> std::io::Result<SecretString> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let key: [u8; 32] = rand::rng().random();
    let text = STANDARD.encode(key);
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
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
    fn a_secret_can_be_decrypted_only_with_its_key_and_for_its_place() {
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
    fn a_new_key_file_is_readable_only_by_its_owner_and_is_reused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealed = Cipher::from_file_or_new(&path).unwrap().seal("x", &secret("s"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Cipher::from_file_or_new(&path).unwrap().open("x", &sealed).unwrap().expose_secret(), "s");
    }

    #[test]
    fn a_short_key_is_rejected_with_the_expected_format() {
        let error = Cipher::from_base64(&secret("c2hvcnQ=")).unwrap_err();
        assert!(error.to_string().contains("32 bytes"), "{error}");
    }
}

//! Passwords, session tokens and API tokens. Only hashes are kept.

use std::num::NonZeroU32;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tetherboard_store::users::email_key;
use tokio::sync::Semaphore;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password is too short: use at least {MIN_PASSWORD} characters")]
    TooShort,
    #[error("the password is too long: use at most {MAX_PASSWORD} bytes")]
    TooLong,
    #[error("the password could not be hashed")]
    Hash,
}

const MIN_PASSWORD: usize = 10;
const MAX_PASSWORD: usize = 1_000;

/// Argon2id with a salt of its own.
///
/// # Errors
/// When the password is too short or too long.
pub fn hash_password(password: &SecretString) -> Result<String, PasswordError> {
    let text = password.expose_secret();
    if text.chars().count() < MIN_PASSWORD {
        return Err(PasswordError::TooShort);
    }
    if text.len() > MAX_PASSWORD {
        return Err(PasswordError::TooLong);
    }
    Argon2::default().hash_password(text.as_bytes()).map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
}

fn is_password(password: &SecretString, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
}

/// A new API token: shown once.
pub fn new_api_token() -> SecretString {
    SecretString::from(format!("tb_{}", random_text()))
}

pub(crate) fn new_session_token() -> SecretString {
    SecretString::from(random_text())
}

/// What stands for a person in the address of their calendar.
pub(crate) fn new_calendar_secret() -> SecretString {
    SecretString::from(random_text())
}

fn random_text() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Tokens are 256 random bits, so a plain SHA-256 keeps them.
pub fn hash_token(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}

/// The last four characters, by which a person tells tokens apart.
pub fn token_hint(token: &SecretString) -> String {
    let text = token.expose_secret();
    text[text.len().saturating_sub(4)..].to_owned()
}

/// Checks passwords, one or two at a time, and not for ever for the same email.
#[derive(Clone)]
pub(crate) struct SignIns {
    /// A check takes 19 MiB and a good part of a second: only so many at once.
    hashing: Arc<Semaphore>,
    tries: Arc<DefaultKeyedRateLimiter<String>>,
    /// Checked when there is no such person, so that an answer takes as long as for one.
    nobody: Arc<str>,
}

pub(crate) enum SignIn {
    Right,
    Wrong,
    /// Too many tries for this email: wait a minute.
    TooOften,
}

impl Default for SignIns {
    fn default() -> Self {
        let quota = Quota::per_minute(const { NonZeroU32::new(10).expect("ten is not zero") });
        let nobody = Argon2::default().hash_password(random_text().as_bytes()).map(|hash| hash.to_string()).unwrap_or_default();
        Self { hashing: Arc::new(Semaphore::new(2)), tries: Arc::new(RateLimiter::keyed(quota)), nobody: nobody.into() }
    }
}

impl SignIns {
    pub(crate) async fn check(&self, email: &str, password: SecretString, hash: Option<String>) -> SignIn {
        if self.tries.len() > 10_000 {
            self.tries.retain_recent();
        }
        if self.tries.check_key(&email_key(email)).is_err() {
            return SignIn::TooOften;
        }
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let Ok(_permit) = self.hashing.acquire().await else { return SignIn::Wrong };
        let right = tokio::task::spawn_blocking(move || is_password(&password, &hash)).await.unwrap_or(false);
        if right && known { SignIn::Right } else { SignIn::Wrong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn a_password_is_kept_as_argon2id_and_only_it_fits() {
        let hash = hash_password(&secret("correct horse")).unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(is_password(&secret("correct horse"), &hash));
        assert!(!is_password(&secret("correct house"), &hash));
        assert!(matches!(hash_password(&secret("short")), Err(PasswordError::TooShort)));
    }

    #[tokio::test]
    async fn tries_for_one_email_run_out_and_an_unknown_person_is_as_wrong_as_a_wrong_password() {
        let sign_ins = SignIns::default();
        assert!(matches!(sign_ins.check("a@x", secret("whatever it is"), None).await, SignIn::Wrong));
        for _ in 0..10 {
            sign_ins.check("A@x ", secret("w"), Some(String::new())).await;
        }
        assert!(matches!(sign_ins.check("a@x", secret("w"), None).await, SignIn::TooOften));
    }

    #[test]
    fn an_api_token_says_what_it_is_and_is_never_the_same() {
        let (one, two) = (new_api_token(), new_api_token());
        assert!(one.expose_secret().starts_with("tb_") && one.expose_secret().len() > 40);
        assert_ne!(hash_token(&one), hash_token(&two));
        assert!(!format!("{one:?}").contains(&token_hint(&one)));
    }
}

//! Passwords, session tokens, and API tokens. Only hashes are stored.

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
use unicode_normalization::UnicodeNormalization;

/// Why a password cannot be used.
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

/// The password's Argon2id hash, with a new salt.
///
/// # Errors
/// When the password is too short or too long.
pub fn hash_password(password: &SecretString) -> Result<String, PasswordError> {
    if password.expose_secret().len() > MAX_PASSWORD {
        return Err(PasswordError::TooLong);
    }
    let text = prepared(password.expose_secret());
    if text.expose_secret().chars().count() < MIN_PASSWORD {
        return Err(PasswordError::TooShort);
    }
    Argon2::default().hash_password(text.expose_secret().as_bytes()).map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
}

fn is_password(password: &SecretString, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let text = password.expose_secret();
    if text.len() > MAX_PASSWORD {
        return false;
    }
    // Hashes from before passwords were prepared are of the text as typed, on a computer that composes letters or on one that
    // does not.
    let prepared = prepared(text);
    let decomposed = SecretString::from(prepared.expose_secret().nfd().collect::<String>());
    let spellings = [prepared.expose_secret(), text, decomposed.expose_secret()];
    let is_it = |text: &str| Argon2::default().verify_password(text.as_bytes(), &hash).is_ok();
    // Most are the same, and each comparison is expensive.
    spellings.iter().enumerate().any(|(at, spelling)| !spellings[..at].contains(spelling) && is_it(spelling))
}

/// The password as it is hashed, RFC 8265: computers send the same accented letter as one character or as two, and the same
/// space as one of several.
fn prepared(password: &str) -> SecretString {
    let space = |c: char| if c != ' ' && c.is_whitespace() && !c.is_control() { ' ' } else { c };
    SecretString::from(password.chars().map(space).nfc().collect::<String>())
}

/// A new API token (`tb_…`), to be shown once.
pub fn new_api_token() -> SecretString {
    SecretString::from(format!("tb_{}", random_text()))
}

/// A new session token, for the cookie.
pub(crate) fn new_session_token() -> SecretString {
    SecretString::from(random_text())
}

/// A new secret for the address of a person's calendar feed.
pub(crate) fn new_calendar_secret() -> SecretString {
    SecretString::from(random_text())
}

fn random_text() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The hash that is stored of a token. Tokens are 256 random bits, so a plain SHA-256 is enough.
pub fn hash_token(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}

/// The last four characters of a token, so that people can tell tokens apart.
pub fn token_hint(token: &SecretString) -> String {
    let text = token.expose_secret();
    text[text.len().saturating_sub(4)..].to_owned()
}

/// Checks passwords: two at a time, and a limited number of attempts per email and minute.
#[derive(Clone)]
pub(crate) struct SignIns {
    /// A check takes 19 MiB and a good part of a second, so only two run at once.
    hashing: Arc<Semaphore>,
    attempts: Arc<DefaultKeyedRateLimiter<String>>,
    /// A hash to check when there is no such user, so that the response takes as long as for one.
    decoy_hash: Arc<str>,
}

/// The result of checking a password.
pub(crate) enum SignIn {
    Correct,
    Incorrect,
    /// Too many attempts for this email within a minute.
    TooMany,
}

impl Default for SignIns {
    fn default() -> Self {
        let quota = Quota::per_minute(const { NonZeroU32::new(10).expect("ten is not zero") });
        let decoy_hash =
            Argon2::default().hash_password(random_text().as_bytes()).map(|hash| hash.to_string()).unwrap_or_default();
        Self {
            hashing: Arc::new(Semaphore::new(2)),
            attempts: Arc::new(RateLimiter::keyed(quota)),
            decoy_hash: decoy_hash.into(),
        }
    }
}

impl SignIns {
    /// Checks a password against the user's hash; `None` if there is no such user.
    pub(crate) async fn check(&self, email: &str, password: SecretString, hash: Option<String>) -> SignIn {
        if self.attempts.len() > 10_000 {
            self.attempts.retain_recent();
        }
        if self.attempts.check_key(&email_key(email)).is_err() {
            return SignIn::TooMany;
        }
        let is_user = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy_hash.to_string());
        let Ok(_permit) = self.hashing.acquire().await else { return SignIn::Incorrect };
        let is_correct = tokio::task::spawn_blocking(move || is_password(&password, &hash)).await.unwrap_or(false);
        if is_correct && is_user { SignIn::Correct } else { SignIn::Incorrect }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn a_password_is_hashed_with_argon2id_and_only_it_matches() {
        let hash = hash_password(&secret("correct horse")).unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(is_password(&secret("correct horse"), &hash));
        assert!(!is_password(&secret("correct house"), &hash));
        assert!(matches!(hash_password(&secret("short")), Err(PasswordError::TooShort)));
    }

    #[test]
    fn an_accent_may_be_part_of_its_letter_or_follow_it() {
        let (composed, decomposed, other) =
            (secret("contrase\u{f1}a\u{a0}\u{c5}1"), secret("contrasen\u{303}a A\u{30a}1"), secret("contrasena A1"));
        for (chosen, typed) in [(&composed, &decomposed), (&decomposed, &composed)] {
            let hash = hash_password(chosen).unwrap();
            assert!(is_password(typed, &hash) && is_password(chosen, &hash) && !is_password(&other, &hash));
            // A hash from before passwords were prepared.
            let text = chosen.expose_secret().replace('\u{a0}', " ");
            let old = Argon2::default().hash_password(text.as_bytes()).unwrap().to_string();
            assert!(is_password(typed, &old) && is_password(&secret(&text), &old) && !is_password(&other, &old));
        }
        let nine = secret("e\u{301}".repeat(9).as_str());
        assert!(matches!(hash_password(&nine), Err(PasswordError::TooShort)), "an accent is not a character of its own");
        let old = Argon2::default().hash_password("Ünsichtbar\u{a0}1".as_bytes()).unwrap().to_string();
        assert!(is_password(&secret("Ünsichtbar\u{a0}1"), &old), "as typed");
    }

    #[tokio::test]
    async fn attempts_per_email_are_limited_and_an_unknown_email_is_the_same_as_a_wrong_password() {
        let sign_ins = SignIns::default();
        assert!(matches!(sign_ins.check("a@x", secret("whatever it is"), None).await, SignIn::Incorrect));
        for _ in 0..10 {
            sign_ins.check("A@x ", secret("w"), Some(String::new())).await;
        }
        assert!(matches!(sign_ins.check("a@x", secret("w"), None).await, SignIn::TooMany));
    }

    #[test]
    fn an_api_token_has_a_prefix_and_is_different_every_time() {
        let (one, two) = (new_api_token(), new_api_token());
        assert!(one.expose_secret().starts_with("tb_") && one.expose_secret().len() > 40);
        assert_ne!(hash_token(&one), hash_token(&two));
        assert!(!format!("{one:?}").contains(&token_hint(&one)));
    }
}

//! The agency's settings.

use sea_orm::FromQueryResult;
use secrecy::SecretString;

use crate::query::{execute, one};
use crate::{Cipher, CipherError, Conn, Result};

/// A setting stored as plain text.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// The agency's name.
    Name,
    /// Whom a brand's users contact when their data is badly out of date.
    Contact,
}

impl Setting {
    fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Contact => "contact",
        }
    }
}

const TOKEN: &str = "access_token";

#[derive(FromQueryResult)]
struct Row {
    value: Option<String>,
    sealed: Option<Vec<u8>>,
}

async fn row<C: Conn>(conn: &C, key: &str) -> Result<Option<Row>> {
    one(conn, "SELECT value, sealed FROM agency WHERE name = $1", [key.into()]).await
}

/// A setting's value; `None` if it was never set.
pub async fn get<C: Conn>(conn: &C, setting: Setting) -> Result<Option<String>> {
    Ok(row(conn, setting.key()).await?.and_then(|row| row.value))
}

/// Sets a setting.
pub async fn set<C: Conn>(conn: &C, setting: Setting, value: &str) -> Result<()> {
    let text = "INSERT INTO agency (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    execute(conn, text, [setting.key().into(), value.into()]).await?;
    Ok(())
}

/// Stores the CRM access token, encrypted.
pub async fn set_access_token<C: Conn>(conn: &C, cipher: &Cipher, token: &SecretString) -> Result<()> {
    let text = "INSERT INTO agency (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";
    execute(conn, text, [TOKEN.into(), cipher.seal(TOKEN, token).into()]).await?;
    Ok(())
}

/// The CRM access token set in the portal; `None` if none was set. The inner result fails if it cannot be decrypted.
pub async fn access_token<C: Conn>(conn: &C, cipher: &Cipher) -> Result<Option<std::result::Result<SecretString, CipherError>>> {
    Ok(row(conn, TOKEN).await?.and_then(|row| row.sealed).map(|sealed| cipher.open(TOKEN, &sealed)))
}

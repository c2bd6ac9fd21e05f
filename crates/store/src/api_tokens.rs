//! API tokens, stored as hashes.

use sea_orm::FromQueryResult;
use tetherboard_domain::{EpochMs, UserId};

use crate::query::{all, execute, number};
use crate::{Conn, Result};

/// An API token as `token list` shows it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ApiToken {
    pub id: i64,
    /// The email of the user it acts for.
    pub email: String,
    /// The token's last four characters.
    pub hint: String,
    pub created_ms: EpochMs,
    pub revoked_ms: Option<EpochMs>,
}

/// Adds a token and returns its ID. `hint` is its last four characters.
pub async fn add<C: Conn>(conn: &C, user: UserId, token_hash: &[u8], hint: &str, now_ms: EpochMs) -> Result<i64> {
    let text = "INSERT INTO api_tokens (user_id, token_hash, hint, created_ms) VALUES ($1, $2, $3, $4) RETURNING id";
    number(conn, text, [user.into(), token_hash.into(), hint.into(), now_ms.into()]).await
}

/// All tokens, revoked ones included, oldest first.
pub async fn list<C: Conn>(conn: &C) -> Result<Vec<ApiToken>> {
    let text = "SELECT a.id, u.email, a.hint, a.created_ms, a.revoked_ms FROM api_tokens a JOIN users u ON u.id = a.user_id ORDER BY a.id";
    all(conn, text, []).await
}

/// Revokes a token. Returns whether a valid token with this ID existed.
pub async fn revoke<C: Conn>(conn: &C, id: i64, now_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE api_tokens SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
    Ok(execute(conn, text, [id.into(), now_ms.into()]).await?.rows_affected() == 1)
}

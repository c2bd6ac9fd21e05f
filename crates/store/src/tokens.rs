//! API tokens: shown once, kept as a hash.

use sea_orm::FromQueryResult;
use tetherboard_domain::{EpochMs, UserId};

use crate::query::{all, execute, number};
use crate::{Conn, Result};

#[derive(Clone, Debug, FromQueryResult)]
pub struct ApiToken {
    pub id: i64,
    pub email: String,
    /// The token's last four characters.
    pub hint: String,
    pub created_ms: EpochMs,
    pub revoked_ms: Option<EpochMs>,
}

pub async fn add<C: Conn>(conn: &C, user: UserId, token_hash: &[u8], hint: &str, now_ms: EpochMs) -> Result<i64> {
    let text = "INSERT INTO api_tokens (user_id, token_hash, hint, created_ms) VALUES ($1, $2, $3, $4) RETURNING id";
    number(conn, text, [user.into(), token_hash.into(), hint.into(), now_ms.into()]).await
}

pub async fn list<C: Conn>(conn: &C) -> Result<Vec<ApiToken>> {
    let text = "SELECT a.id, u.email, a.hint, a.created_ms, a.revoked_ms FROM api_tokens a JOIN users u ON u.id = a.user_id ORDER BY a.id";
    all(conn, text, []).await
}

/// Whether there was such a token, still good.
pub async fn revoke<C: Conn>(conn: &C, id: i64, now_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE api_tokens SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
    Ok(execute(conn, text, [id.into(), now_ms.into()]).await?.rows_affected() == 1)
}

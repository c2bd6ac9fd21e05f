//! The state of the CRM credentials: whether the CRM accepts the agency's token, and checks of brands' keys.

use sea_orm::{FromQueryResult, Value};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{EpochMs, FaultClass, TenantId};

use crate::query::{all, execute, one};
use crate::{Conn, Result};

/// The BLAKE3 hash of an access token, which identifies it without storing it.
pub type TokenHash = [u8; 32];

/// Hashes an access token.
pub fn token_hash(token: &SecretString) -> TokenHash {
    blake3::hash(token.expose_secret().trim().as_bytes()).into()
}

/// The CRM's last verdict on a token. The default is a token in good standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenHealth {
    /// Since when the CRM has refused it for every brand.
    pub refused_ms: Option<EpochMs>,
    /// When a refused token was last tried.
    pub tried_ms: Option<EpochMs>,
    /// Until when no brand calls with this token.
    pub parked_until_ms: Option<EpochMs>,
}

impl TokenHealth {
    /// Whether scheduled runs must not use the token now. A refused token is tried once an hour.
    pub fn is_blocked(&self, now_ms: EpochMs) -> bool {
        let tried_recently = self.refused_ms.is_some() && self.tried_ms.is_some_and(|tried| now_ms - tried < HOUR_MS);
        tried_recently || self.parked_until_ms.is_some_and(|until| until > now_ms)
    }
}

const HOUR_MS: i64 = 3_600_000;

#[derive(FromQueryResult)]
struct Row {
    refused_ms: Option<EpochMs>,
    tried_ms: Option<EpochMs>,
    parked_until_ms: Option<EpochMs>,
}

impl Row {
    fn health(self) -> TokenHealth {
        let Self { refused_ms, tried_ms, parked_until_ms } = self;
        TokenHealth { refused_ms, tried_ms, parked_until_ms }
    }
}

/// The CRM's last verdict on a token.
pub async fn token_health<C: Conn>(conn: &C, token: &TokenHash) -> Result<TokenHealth> {
    let text = "SELECT refused_ms, tried_ms, parked_until_ms FROM access_tokens WHERE token_hash = $1";
    let row: Option<Row> = one(conn, text, [token.to_vec().into()]).await?;
    Ok(row.map(Row::health).unwrap_or_default())
}

/// Records that the CRM refused the token for every brand. The time of the first refusal is kept.
pub async fn refuse_token<C: Conn>(conn: &C, token: &TokenHash, now_ms: EpochMs) -> Result<()> {
    let text = "INSERT INTO access_tokens (token_hash, refused_ms, tried_ms) VALUES ($1, $2, $2) ON CONFLICT (token_hash) \
                DO UPDATE SET refused_ms = COALESCE(access_tokens.refused_ms, excluded.refused_ms), tried_ms = excluded.tried_ms";
    execute(conn, text, [token.to_vec().into(), now_ms.into()]).await?;
    Ok(())
}

/// Claims the hourly try of a refused token. Only one of the competing processes and brands gets true.
pub async fn claim_token_retry<C: Conn>(conn: &C, token: &TokenHash, now_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE access_tokens SET tried_ms = $2 WHERE token_hash = $1 AND refused_ms IS NOT NULL AND tried_ms <= $3";
    let values: [Value; 3] = [token.to_vec().into(), now_ms.into(), (now_ms - HOUR_MS).into()];
    Ok(execute(conn, text, values).await?.rows_affected() == 1)
}

/// Records that the CRM accepted the token.
pub async fn accept_token<C: Conn>(conn: &C, token: &TokenHash) -> Result<()> {
    execute(conn, "DELETE FROM access_tokens WHERE token_hash = $1", [token.to_vec().into()]).await?;
    Ok(())
}

/// Stops scheduled calls with this token until a time.
pub async fn park_token<C: Conn>(conn: &C, token: &TokenHash, until_ms: EpochMs) -> Result<()> {
    let text = "INSERT INTO access_tokens (token_hash, parked_until_ms) VALUES ($1, $2) \
                ON CONFLICT (token_hash) DO UPDATE SET parked_until_ms = excluded.parked_until_ms";
    execute(conn, text, [token.to_vec().into(), until_ms.into()]).await?;
    Ok(())
}

/// The health of the refused token, if there is one. It is shown as a single incident for the agency.
pub async fn token_incident<C: Conn>(conn: &C) -> Result<Option<TokenHealth>> {
    let text = "SELECT refused_ms, tried_ms, parked_until_ms FROM access_tokens WHERE refused_ms IS NOT NULL \
                ORDER BY tried_ms DESC LIMIT 1";
    let row: Option<Row> = one(conn, text, []).await?;
    Ok(row.map(Row::health))
}

/// Deletes the state of all other tokens, after the agency has set this one.
pub async fn forget_other_tokens<C: Conn>(conn: &C, token: &TokenHash) -> Result<()> {
    execute(conn, "DELETE FROM access_tokens WHERE token_hash <> $1", [token.to_vec().into()]).await?;
    Ok(())
}

/// A check of a brand's key, requested in the portal and done by a worker.
#[derive(Clone, Debug)]
pub struct KeyCheck {
    pub tenant: TenantId,
    pub asked_ms: EpochMs,
    /// `None` until a worker has done the check.
    pub answered_ms: Option<EpochMs>,
    /// What went wrong; `None` if the key works.
    pub fault: Option<(FaultClass, String)>,
}

#[derive(FromQueryResult)]
struct CheckRow {
    tenant_id: TenantId,
    asked_ms: EpochMs,
    answered_ms: Option<EpochMs>,
    class: Option<String>,
    message: Option<String>,
}

impl CheckRow {
    fn check(self) -> KeyCheck {
        let class = self.class.map(|class| class.parse().unwrap_or(FaultClass::Body));
        KeyCheck {
            tenant: self.tenant_id,
            asked_ms: self.asked_ms,
            answered_ms: self.answered_ms,
            fault: class.map(|class| (class, self.message.unwrap_or_default())),
        }
    }
}

/// Requests a check of a brand's key, which replaces the previous one.
pub async fn request_key_check<C: Conn>(conn: &C, tenant: TenantId, now_ms: EpochMs) -> Result<()> {
    let text = "INSERT INTO key_checks (tenant_id, asked_ms) VALUES ($1, $2) ON CONFLICT (tenant_id) \
                DO UPDATE SET asked_ms = excluded.asked_ms, answered_ms = NULL, class = NULL, message = NULL";
    execute(conn, text, [tenant.into(), now_ms.into()]).await?;
    Ok(())
}

/// The latest check of a brand's key.
pub async fn key_check<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<KeyCheck>> {
    let text = "SELECT tenant_id, asked_ms, answered_ms, class, message FROM key_checks WHERE tenant_id = $1";
    Ok(one::<_, CheckRow>(conn, text, [tenant.into()]).await?.map(CheckRow::check))
}

/// The checks that no worker has done yet, of all brands.
pub async fn pending_key_checks<C: Conn>(conn: &C) -> Result<Vec<KeyCheck>> {
    let text = "SELECT tenant_id, asked_ms, answered_ms, class, message FROM key_checks WHERE answered_ms IS NULL";
    Ok(all::<_, CheckRow>(conn, text, []).await?.into_iter().map(CheckRow::check).collect())
}

/// Stores the result of a check; a `fault` of `None` means that the key works.
pub async fn answer_key_check<C: Conn>(
    conn: &C,
    tenant: TenantId,
    fault: Option<(FaultClass, &str)>,
    now_ms: EpochMs,
) -> Result<()> {
    let text = "UPDATE key_checks SET answered_ms = $2, class = $3, message = $4 WHERE tenant_id = $1";
    let values: [Value; 4] = [
        tenant.into(),
        now_ms.into(),
        fault.map(|(class, _)| class.as_str()).into(),
        fault.map(|(_, message)| message.to_owned()).into(),
    ];
    execute(conn, text, values).await?;
    Ok(())
}

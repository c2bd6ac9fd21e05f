//! How the CRM takes our credentials: the agency's tokens, known by their hash, and checks of brands' keys.

use sea_orm::{FromQueryResult, Value};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{EpochMs, FaultClass, TenantId};

use crate::query::{all, execute, one};
use crate::{Conn, Result};

/// Names an access token without saying it.
pub type TokenHash = [u8; 32];

pub fn hash_of(token: &SecretString) -> TokenHash {
    blake3::hash(token.expose_secret().trim().as_bytes()).into()
}

/// How the CRM took a token last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenStanding {
    /// Since when it is refused for every brand.
    pub refused_ms: Option<EpochMs>,
    /// When it was last tried since.
    pub tried_ms: Option<EpochMs>,
    pub parked_until_ms: Option<EpochMs>,
}

impl TokenStanding {
    /// A token that is refused is tried once an hour; one that is parked, after that.
    pub fn binds(&self, now_ms: EpochMs) -> bool {
        let tried_lately = self.refused_ms.is_some() && self.tried_ms.is_some_and(|tried| now_ms - tried < HOUR_MS);
        tried_lately || self.parked_until_ms.is_some_and(|until| until > now_ms)
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
    fn standing(self) -> TokenStanding {
        let Self { refused_ms, tried_ms, parked_until_ms } = self;
        TokenStanding { refused_ms, tried_ms, parked_until_ms }
    }
}

pub async fn token<C: Conn>(conn: &C, token: &TokenHash) -> Result<TokenStanding> {
    let text = "SELECT refused_ms, tried_ms, parked_until_ms FROM access_tokens WHERE token_hash = $1";
    let row: Option<Row> = one(conn, text, [token.to_vec().into()]).await?;
    Ok(row.map(Row::standing).unwrap_or_default())
}

/// The token is refused for every brand: since its first refusal, tried now.
pub async fn refuse_token<C: Conn>(conn: &C, token: &TokenHash, now_ms: EpochMs) -> Result<()> {
    let text = "INSERT INTO access_tokens (token_hash, refused_ms, tried_ms) VALUES ($1, $2, $2) ON CONFLICT (token_hash) \
                DO UPDATE SET refused_ms = COALESCE(access_tokens.refused_ms, excluded.refused_ms), tried_ms = excluded.tried_ms";
    execute(conn, text, [token.to_vec().into(), now_ms.into()]).await?;
    Ok(())
}

/// Claims the hourly try of a refused token: of many processes and brands, one gets it.
pub async fn may_try_token<C: Conn>(conn: &C, token: &TokenHash, now_ms: EpochMs) -> Result<bool> {
    let text = "UPDATE access_tokens SET tried_ms = $2 WHERE token_hash = $1 AND refused_ms IS NOT NULL AND tried_ms <= $3";
    let values: [Value; 3] = [token.to_vec().into(), now_ms.into(), (now_ms - HOUR_MS).into()];
    Ok(execute(conn, text, values).await?.rows_affected() == 1)
}

/// The token was taken: neither refused nor parked.
pub async fn accept_token<C: Conn>(conn: &C, token: &TokenHash) -> Result<()> {
    execute(conn, "DELETE FROM access_tokens WHERE token_hash = $1", [token.to_vec().into()]).await?;
    Ok(())
}

/// No brand calls with this token before then.
pub async fn park_token<C: Conn>(conn: &C, token: &TokenHash, until_ms: EpochMs) -> Result<()> {
    let text = "INSERT INTO access_tokens (token_hash, parked_until_ms) VALUES ($1, $2) \
                ON CONFLICT (token_hash) DO UPDATE SET parked_until_ms = excluded.parked_until_ms";
    execute(conn, text, [token.to_vec().into(), until_ms.into()]).await?;
    Ok(())
}

/// The token that is refused now, if any is: the agency's one incident.
pub async fn token_incident<C: Conn>(conn: &C) -> Result<Option<TokenStanding>> {
    let text = "SELECT refused_ms, tried_ms, parked_until_ms FROM access_tokens WHERE refused_ms IS NOT NULL \
                ORDER BY tried_ms DESC LIMIT 1";
    let row: Option<Row> = one(conn, text, []).await?;
    Ok(row.map(Row::standing))
}

/// Forgets how other tokens were taken: the agency has another one now.
pub async fn forget_other_tokens<C: Conn>(conn: &C, token: &TokenHash) -> Result<()> {
    execute(conn, "DELETE FROM access_tokens WHERE token_hash <> $1", [token.to_vec().into()]).await?;
    Ok(())
}

/// Whether a brand's key is good: asked in the portal, answered by a worker.
#[derive(Clone, Debug)]
pub struct KeyCheck {
    pub tenant: TenantId,
    pub asked_ms: EpochMs,
    /// `None` while no worker has answered.
    pub answered_ms: Option<EpochMs>,
    /// What went wrong; `None`: the key is good.
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

pub async fn ask_key_check<C: Conn>(conn: &C, tenant: TenantId, now_ms: EpochMs) -> Result<()> {
    let text = "INSERT INTO key_checks (tenant_id, asked_ms) VALUES ($1, $2) ON CONFLICT (tenant_id) \
                DO UPDATE SET asked_ms = excluded.asked_ms, answered_ms = NULL, class = NULL, message = NULL";
    execute(conn, text, [tenant.into(), now_ms.into()]).await?;
    Ok(())
}

pub async fn key_check<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<KeyCheck>> {
    let text = "SELECT tenant_id, asked_ms, answered_ms, class, message FROM key_checks WHERE tenant_id = $1";
    Ok(one::<_, CheckRow>(conn, text, [tenant.into()]).await?.map(CheckRow::check))
}

/// The checks that nobody has answered.
pub async fn open_key_checks<C: Conn>(conn: &C) -> Result<Vec<KeyCheck>> {
    let text = "SELECT tenant_id, asked_ms, answered_ms, class, message FROM key_checks WHERE answered_ms IS NULL";
    Ok(all::<_, CheckRow>(conn, text, []).await?.into_iter().map(CheckRow::check).collect())
}

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

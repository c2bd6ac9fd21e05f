//! Users, their memberships, and their sessions.

use sea_orm::FromQueryResult;
use tetherboard_domain::{EpochMs, TenantId, UserId, UserRole};

use crate::query::{all, execute, number, one};
use crate::{Conn, Result};

/// A user of the portal.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub role: UserRole,
    pub disabled: bool,
    pub password_hash: String,
}

/// An email as it is stored and compared: trimmed and lowercased.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Adds a user.
///
/// # Errors
/// Also fails if the email is taken; check [`by_email`] first.
pub async fn add_user<C: Conn>(
    conn: &C,
    email: &str,
    name: &str,
    role: UserRole,
    password_hash: &str,
    now_ms: EpochMs,
) -> Result<UserId> {
    let text = "INSERT INTO users (email, name, role, password_hash, created_ms) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let values = [email_key(email).into(), name.into(), role.as_str().into(), password_hash.into(), now_ms.into()];
    number(conn, text, values).await.map(UserId)
}

/// Gives a user access to a brand.
pub async fn add_membership<C: Conn>(conn: &C, user: UserId, tenant: TenantId) -> Result<()> {
    let text = "INSERT INTO memberships (tenant_id, user_id) VALUES ($1, $2) ON CONFLICT (tenant_id, user_id) DO NOTHING";
    execute(conn, text, [tenant.into(), user.into()]).await?;
    Ok(())
}

/// The user with an email, disabled or not.
pub async fn by_email<C: Conn>(conn: &C, email: &str) -> Result<Option<User>> {
    let row: Option<Row> = one(conn, &format!("{SELECT} WHERE u.email = $1"), [email_key(email).into()]).await?;
    Ok(row.map(Row::user))
}

/// All users by email, each with the slugs of their brands.
pub async fn list<C: Conn>(conn: &C) -> Result<Vec<(User, Vec<String>)>> {
    #[derive(FromQueryResult)]
    struct Membership {
        user_id: UserId,
        slug: String,
    }
    let users: Vec<Row> = all(conn, &format!("{SELECT} ORDER BY u.email"), []).await?;
    let text = "SELECT m.user_id, t.slug FROM memberships m JOIN tenants t ON t.id = m.tenant_id ORDER BY t.slug";
    let memberships: Vec<Membership> = all(conn, text, []).await?;
    Ok(users
        .into_iter()
        .map(|row| {
            let slugs = memberships.iter().filter(|m| m.user_id == row.id).map(|m| m.slug.clone()).collect();
            (row.user(), slugs)
        })
        .collect())
}

/// Sets a user's password and ends all their sessions.
pub async fn set_password<C: Conn>(conn: &C, user: UserId, password_hash: &str) -> Result<()> {
    execute(conn, "UPDATE users SET password_hash = $2 WHERE id = $1", [user.into(), password_hash.into()]).await?;
    end_sessions(conn, user).await
}

/// Disables a user and ends all their sessions.
pub async fn disable<C: Conn>(conn: &C, user: UserId, now_ms: EpochMs) -> Result<()> {
    execute(conn, "UPDATE users SET disabled_ms = $2 WHERE id = $1", [user.into(), now_ms.into()]).await?;
    end_sessions(conn, user).await
}

async fn end_sessions<C: Conn>(conn: &C, user: UserId) -> Result<()> {
    execute(conn, "DELETE FROM sessions WHERE user_id = $1", [user.into()]).await?;
    Ok(())
}

/// Opens a session. Only the token's hash is stored; the token itself is in the user's cookie. Deletes expired sessions.
pub async fn open_session<C: Conn>(
    conn: &C,
    token_hash: &[u8],
    user: UserId,
    now_ms: EpochMs,
    expires_ms: EpochMs,
) -> Result<()> {
    execute(conn, "DELETE FROM sessions WHERE expires_ms <= $1", [now_ms.into()]).await?;
    let text = "INSERT INTO sessions (token_hash, user_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4)";
    execute(conn, text, [token_hash.into(), user.into(), now_ms.into(), expires_ms.into()]).await?;
    Ok(())
}

/// Ends the session with this token hash.
pub async fn close_session<C: Conn>(conn: &C, token_hash: &[u8]) -> Result<()> {
    execute(conn, "DELETE FROM sessions WHERE token_hash = $1", [token_hash.into()]).await?;
    Ok(())
}

/// The user of a session, if the session has not expired and the user is not disabled.
pub async fn by_session<C: Conn>(conn: &C, token_hash: &[u8], now_ms: EpochMs) -> Result<Option<User>> {
    let text = format!(
        "{SELECT} JOIN sessions s ON s.user_id = u.id WHERE s.token_hash = $1 AND s.expires_ms > $2 AND u.disabled_ms IS NULL"
    );
    let row: Option<Row> = one(conn, &text, [token_hash.into(), now_ms.into()]).await?;
    Ok(row.map(Row::user))
}

/// The user of an API token, if neither is revoked or disabled.
pub async fn by_api_token<C: Conn>(conn: &C, token_hash: &[u8]) -> Result<Option<User>> {
    let text = format!(
        "{SELECT} JOIN api_tokens a ON a.user_id = u.id WHERE a.token_hash = $1 AND a.revoked_ms IS NULL AND u.disabled_ms IS NULL"
    );
    let row: Option<Row> = one(conn, &text, [token_hash.into()]).await?;
    Ok(row.map(Row::user))
}

const SELECT: &str = "SELECT u.id, u.email, u.name, u.role, u.disabled_ms, u.password_hash FROM users u";

#[derive(FromQueryResult)]
struct Row {
    id: UserId,
    email: String,
    name: String,
    role: String,
    disabled_ms: Option<EpochMs>,
    password_hash: String,
}

impl Row {
    fn user(self) -> User {
        User {
            id: self.id,
            email: self.email,
            name: self.name,
            // An unreadable role gets the fewest permissions.
            role: self.role.parse().unwrap_or(UserRole::TenantViewer),
            disabled: self.disabled_ms.is_some(),
            password_hash: self.password_hash,
        }
    }
}

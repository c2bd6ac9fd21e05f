//! Who may sign in, and who is signed in.

use sea_orm::FromQueryResult;
use tetherboard_domain::{EpochMs, TenantId, UserId, UserRole};

use crate::query::{all, execute, number, one};
use crate::{Conn, Result};

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub role: UserRole,
    pub disabled: bool,
    pub password_hash: String,
}

/// Emails are compared in lower case, without surrounding space.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// # Errors
/// When the email is taken (ask [`by_email`] first) or the database does not answer.
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

pub async fn join<C: Conn>(conn: &C, user: UserId, tenant: TenantId) -> Result<()> {
    let text = "INSERT INTO memberships (tenant_id, user_id) VALUES ($1, $2) ON CONFLICT (tenant_id, user_id) DO NOTHING";
    execute(conn, text, [tenant.into(), user.into()]).await?;
    Ok(())
}

pub async fn by_email<C: Conn>(conn: &C, email: &str) -> Result<Option<User>> {
    let row: Option<Row> = one(conn, &format!("{SELECT} WHERE u.email = $1"), [email_key(email).into()]).await?;
    Ok(row.map(Row::user))
}

/// Everybody, with the slugs of their brands.
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

/// A new password ends every session of the person.
pub async fn set_password<C: Conn>(conn: &C, user: UserId, password_hash: &str) -> Result<()> {
    execute(conn, "UPDATE users SET password_hash = $2 WHERE id = $1", [user.into(), password_hash.into()]).await?;
    end_sessions(conn, user).await
}

pub async fn disable<C: Conn>(conn: &C, user: UserId, now_ms: EpochMs) -> Result<()> {
    execute(conn, "UPDATE users SET disabled_ms = $2 WHERE id = $1", [user.into(), now_ms.into()]).await?;
    end_sessions(conn, user).await
}

async fn end_sessions<C: Conn>(conn: &C, user: UserId) -> Result<()> {
    execute(conn, "DELETE FROM sessions WHERE user_id = $1", [user.into()]).await?;
    Ok(())
}

/// Keeps the hash of a session's token; the token itself is in the person's cookie alone.
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

pub async fn close_session<C: Conn>(conn: &C, token_hash: &[u8]) -> Result<()> {
    execute(conn, "DELETE FROM sessions WHERE token_hash = $1", [token_hash.into()]).await?;
    Ok(())
}

/// The person behind a session's token, if both are still good.
pub async fn by_session<C: Conn>(conn: &C, token_hash: &[u8], now_ms: EpochMs) -> Result<Option<User>> {
    let text = format!(
        "{SELECT} JOIN sessions s ON s.user_id = u.id WHERE s.token_hash = $1 AND s.expires_ms > $2 AND u.disabled_ms IS NULL"
    );
    let row: Option<Row> = one(conn, &text, [token_hash.into(), now_ms.into()]).await?;
    Ok(row.map(Row::user))
}

/// The person behind an API token, if both are still good.
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
            // Least may be done by whoever's role cannot be read.
            role: self.role.parse().unwrap_or(UserRole::TenantViewer),
            disabled: self.disabled_ms.is_some(),
            password_hash: self.password_hash,
        }
    }
}

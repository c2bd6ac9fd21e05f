//! Brands. In code a brand is a tenant.

use jiff::civil::Date;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{EpochMs, SourceTime, TenantId, Zone};

use crate::query::{Query, all, execute, is_sqlite, one};
use crate::{Cipher, CipherError, Conn, Result, Tx};

/// A brand, without its secrets.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub zone: Zone,
    /// The zone of the CRM's times, if it is not the brand's own.
    pub source_zone: Option<Zone>,
    /// `#RRGGBB`.
    pub accent: Option<String>,
    pub has_logo: bool,
    pub has_web_key: bool,
    /// Increases whenever the same raw row would decode differently.
    pub mapping_version: i64,
    /// Increases whenever the data that pages show has changed.
    pub data_version: i64,
    /// Until when the CRM asked us not to call this account.
    pub parked_until_ms: Option<EpochMs>,
    /// Since when the CRM has refused this brand's key.
    pub refused_ms: Option<EpochMs>,
    /// The local day on which old snapshots were last cleaned up.
    pub snapshots_thinned: Option<Date>,
}

impl Tenant {
    /// How to read the CRM's times.
    pub fn source_time(&self) -> SourceTime {
        SourceTime(self.source_zone.clone().unwrap_or_else(|| self.zone.clone()))
    }
}

/// A brand to add.
pub struct NewTenant<'a> {
    pub slug: &'a str,
    pub name: &'a str,
    pub zone: &'a Zone,
    pub source_zone: Option<&'a Zone>,
}

/// Adds a brand.
///
/// # Errors
/// Also fails if the slug is taken; check [`by_slug`] first.
pub async fn add<C: Conn>(conn: &C, new: &NewTenant<'_>, now_ms: EpochMs) -> Result<TenantId> {
    let values: [Value; 5] = [
        new.slug.into(),
        new.name.into(),
        new.zone.name().into(),
        new.source_zone.map(|zone| zone.name().to_owned()).into(),
        now_ms.into(),
    ];
    let text = "INSERT INTO tenants (slug, name, zone, source_zone, created_ms) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    crate::query::number(conn, text, values).await.map(TenantId)
}

/// All brands, by name.
pub async fn list<C: Conn>(conn: &C) -> Result<Vec<Tenant>> {
    let rows: Vec<Row> = all(conn, &format!("{SELECT} ORDER BY name, id"), []).await?;
    Ok(rows.into_iter().map(Row::tenant).collect())
}

/// The brands that a user is a member of, by name.
pub async fn of_user<C: Conn>(conn: &C, user: tetherboard_domain::UserId) -> Result<Vec<Tenant>> {
    let text = format!("{SELECT} WHERE id IN (SELECT tenant_id FROM memberships WHERE user_id = $1) ORDER BY name, id");
    let rows: Vec<Row> = all(conn, &text, [user.into()]).await?;
    Ok(rows.into_iter().map(Row::tenant).collect())
}

/// The brand with a slug.
pub async fn by_slug<C: Conn>(conn: &C, slug: &str) -> Result<Option<Tenant>> {
    let row: Option<Row> = one(conn, &format!("{SELECT} WHERE slug = $1"), [slug.into()]).await?;
    Ok(row.map(Row::tenant))
}

/// The brand with an ID.
pub async fn by_id<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<Tenant>> {
    let row: Option<Row> = one(conn, &format!("{SELECT} WHERE id = $1"), [tenant.into()]).await?;
    Ok(row.map(Row::tenant))
}

/// Changes to a brand. Fields that are `None` stay as they are.
#[derive(Default)]
pub struct Changes<'a> {
    pub name: Option<&'a str>,
    pub zone: Option<&'a Zone>,
    pub source_zone: Option<&'a Zone>,
    pub accent: Option<&'a str>,
    /// The image's bytes and media type.
    pub logo: Option<(&'a [u8], &'a str)>,
}

/// Changes a brand's settings. A new zone changes the meaning of the CRM's times, so it increments the mapping version and
/// the next run decodes every row again.
pub async fn set<C: Conn>(conn: &C, tenant: TenantId, changes: &Changes<'_>) -> Result<()> {
    let mut query = Query::new("UPDATE tenants SET data_version = data_version + 1");
    let mut put = |column: &str, value: Option<Value>| {
        if let Some(value) = value {
            query.push(", ").push(column).push(" = ").bind(value);
        }
    };
    put("name", changes.name.map(Into::into));
    put("zone", changes.zone.map(|zone| zone.name().into()));
    put("source_zone", changes.source_zone.map(|zone| zone.name().into()));
    put("accent", changes.accent.map(Into::into));
    put("logo", changes.logo.map(|(bytes, _)| bytes.into()));
    put("logo_type", changes.logo.map(|(_, media_type)| media_type.into()));
    if changes.zone.is_some() || changes.source_zone.is_some() {
        query.push(", mapping_version = mapping_version + 1");
    }
    query.push(" WHERE id = ").bind(tenant);
    query.execute(conn).await?;
    Ok(())
}

/// Increments the data version, which tells the pages that the data has changed.
pub async fn publish<C: Conn>(conn: &C, tenant: TenantId) -> Result<()> {
    execute(conn, "UPDATE tenants SET data_version = data_version + 1 WHERE id = $1", [tenant.into()]).await?;
    Ok(())
}

/// Stops scheduled calls to the brand's account until a time; `None` resumes them.
pub async fn park<C: Conn>(conn: &C, tenant: TenantId, until_ms: Option<EpochMs>) -> Result<()> {
    execute(conn, "UPDATE tenants SET parked_until_ms = $2 WHERE id = $1", [tenant.into(), until_ms.into()]).await?;
    Ok(())
}

/// Records since when the CRM has refused a brand's key; `None` if it accepts it. An earlier refusal is kept.
pub async fn set_refused<C: Conn>(conn: &C, tenant: TenantId, since_ms: Option<EpochMs>) -> Result<()> {
    let text = "UPDATE tenants SET refused_ms = CASE WHEN CAST($2 AS BIGINT) IS NULL THEN NULL ELSE COALESCE(refused_ms, $2) END \
                WHERE id = $1";
    execute(conn, text, [tenant.into(), since_ms.into()]).await?;
    Ok(())
}

/// A web key that another brand has: with it, this brand would show the other one's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{brand} already has this web key; each brand needs the key of its own ClientTether account")]
pub struct WebKeyInUse {
    /// The other brand's name, for the agency only.
    pub brand: String,
}

/// Stores the brand's CRM key, encrypted, and clears a recorded refusal. Needs a transaction, so that two brands cannot get the
/// same key at once. The inner result fails if another brand has it.
pub async fn set_web_key(
    tx: &Tx,
    cipher: &Cipher,
    tenant: TenantId,
    key: &SecretString,
) -> Result<std::result::Result<(), WebKeyInUse>> {
    if !is_sqlite(tx) {
        // In SQLite, the transaction itself keeps other writers out.
        tx.execute_unprepared("SELECT pg_advisory_xact_lock(7305816292)").await?;
    }
    if let Some(brand) = brand_with_web_key(tx, cipher, key, tenant).await? {
        return Ok(Err(WebKeyInUse { brand }));
    }
    let sealed = cipher.seal(&web_key_place(tenant), key);
    execute(tx, "UPDATE tenants SET web_key = $2, refused_ms = NULL WHERE id = $1", [tenant.into(), sealed.into()]).await?;
    Ok(Ok(()))
}

/// The name of a brand other than `except` that has this CRM key, in whatever case.
pub async fn brand_with_web_key<C: Conn>(
    conn: &C,
    cipher: &Cipher,
    key: &SecretString,
    except: TenantId,
) -> Result<Option<String>> {
    #[derive(FromQueryResult)]
    struct OtherBrand {
        id: TenantId,
        name: String,
        web_key: Vec<u8>,
    }
    let text = "SELECT id, name, web_key FROM tenants WHERE web_key IS NOT NULL AND id <> $1 ORDER BY name, id";
    let others: Vec<OtherBrand> = all(conn, text, [except.into()]).await?;
    // Every encryption of a key differs, so the keys themselves are compared.
    let has_key = |brand: &OtherBrand| {
        let other = cipher.open(&web_key_place(brand.id), &brand.web_key);
        other.is_ok_and(|other| other.expose_secret().trim().eq_ignore_ascii_case(key.expose_secret().trim()))
    };
    Ok(others.into_iter().find(has_key).map(|brand| brand.name))
}

/// The brand's CRM key; `None` if none was set. The inner result fails if it cannot be decrypted.
pub async fn web_key<C: Conn>(
    conn: &C,
    cipher: &Cipher,
    tenant: TenantId,
) -> Result<Option<std::result::Result<SecretString, CipherError>>> {
    #[derive(FromQueryResult)]
    struct EncryptedKey {
        web_key: Option<Vec<u8>>,
    }
    let row: Option<EncryptedKey> = one(conn, "SELECT web_key FROM tenants WHERE id = $1", [tenant.into()]).await?;
    Ok(row.and_then(|row| row.web_key).map(|sealed| cipher.open(&web_key_place(tenant), &sealed)))
}

/// The bytes and media type of the brand's logo.
pub async fn logo<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<(Vec<u8>, String)>> {
    #[derive(FromQueryResult)]
    struct Logo {
        logo: Option<Vec<u8>>,
        logo_type: Option<String>,
    }
    let row: Option<Logo> = one(conn, "SELECT logo, logo_type FROM tenants WHERE id = $1", [tenant.into()]).await?;
    Ok(row.and_then(|row| row.logo.zip(row.logo_type)))
}

fn web_key_place(tenant: TenantId) -> String {
    format!("tenant:{tenant}:web_key")
}

const SELECT: &str = "SELECT id, slug, name, zone, source_zone, accent, logo_type, \
    CASE WHEN web_key IS NULL THEN 0 ELSE 1 END AS web_key_set, mapping_version, data_version, parked_until_ms, refused_ms, snapshots_thinned FROM tenants";

#[derive(FromQueryResult)]
struct Row {
    id: TenantId,
    slug: String,
    name: String,
    zone: String,
    source_zone: Option<String>,
    accent: Option<String>,
    logo_type: Option<String>,
    web_key_set: i32,
    mapping_version: i64,
    data_version: i64,
    parked_until_ms: Option<EpochMs>,
    refused_ms: Option<EpochMs>,
    snapshots_thinned: Option<String>,
}

impl Row {
    fn tenant(self) -> Tenant {
        Tenant {
            id: self.id,
            slug: self.slug,
            name: self.name,
            zone: parse_zone(&self.zone),
            source_zone: self.source_zone.as_deref().map(parse_zone),
            accent: self.accent,
            has_logo: self.logo_type.is_some(),
            has_web_key: self.web_key_set == 1,
            mapping_version: self.mapping_version,
            data_version: self.data_version,
            parked_until_ms: self.parked_until_ms,
            refused_ms: self.refused_ms,
            snapshots_thinned: self.snapshots_thinned.and_then(|day| day.parse().ok()),
        }
    }
}

/// Zones are validated when they are set. One that a newer zone database has dropped is read as UTC.
fn parse_zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or_else(|error| {
        tracing::error!(zone = name, %error, "a stored time zone no longer exists; its times are read as UTC");
        Zone::utc()
    })
}

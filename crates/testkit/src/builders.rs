//! Builders for brands and users.

use secrecy::SecretString;
use tetherboard_domain::{EpochMs, TenantId, UserId, UserRole, Zone};
use tetherboard_store::tenants::{NewTenant, Tenant};
use tetherboard_store::{Store, tenants, users};

/// When brands and users are created: long before anything that a test examines.
const CREATED_MS: EpochMs = EpochMs(1_750_000_000_000);

/// Adds a brand named after its slug: `harbor` is "Harbor".
///
/// # Panics
///
/// Panics if the slug is taken or the zone does not exist.
pub async fn tenant(store: &Store, slug: &str, zone: &str) -> Tenant {
    let zone = Zone::named(zone).expect("an IANA zone");
    let name = slug[..1].to_uppercase() + &slug[1..];
    let new = NewTenant { slug, name: &name, zone: &zone, source_zone: None };
    tenants::add(store.conn(), &new, CREATED_MS).await.expect("the slug is free");
    tenants::by_slug(store.conn(), slug).await.expect("the database responds").expect("the brand was just added")
}

/// Sets the web key of a brand's CRM account.
///
/// # Panics
///
/// Panics if the database fails, or another brand has the key.
pub async fn web_key(store: &Store, tenant: TenantId, key: &str) {
    let tx = store.begin().await.expect("a transaction begins");
    let stored = tenants::set_web_key(&tx, store.cipher(), tenant, &SecretString::from(key)).await.expect("the key is stored");
    stored.expect("no other brand has the key");
    Store::commit(tx).await.expect("the key is stored");
}

/// Adds a user of some brands, named after the email address.
///
/// The password hash is stored as given, because computing a real one is slow on purpose. Only a test that signs in
/// needs a real one.
///
/// # Panics
///
/// Panics if the email address is taken.
pub async fn person(store: &Store, email: &str, role: UserRole, password_hash: &str, brands: &[TenantId]) -> UserId {
    let name = email.split('@').next().unwrap_or(email);
    let user = users::add_user(store.conn(), email, name, role, password_hash, CREATED_MS).await.expect("the email is free");
    for brand in brands {
        users::add_membership(store.conn(), user, *brand).await.expect("the user joins the brand");
    }
    user
}

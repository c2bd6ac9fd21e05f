//! A small world: brands and the people who look at them.

use secrecy::SecretString;
use tetherboard_domain::{EpochMs, TenantId, UserId, UserRole, Zone};
use tetherboard_store::tenants::{NewTenant, Tenant};
use tetherboard_store::{Store, access, tenants};

/// When the world began, in milliseconds: long before anything that a test looks at.
const BEGAN_MS: EpochMs = EpochMs(1_750_000_000_000);

/// A brand named after its slug: `harbor` is "Harbor".
///
/// # Panics
/// When the slug is taken, or the zone is none.
pub async fn tenant(store: &Store, slug: &str, zone: &str) -> Tenant {
    let zone = Zone::named(zone).expect("an IANA zone");
    let name = slug[..1].to_uppercase() + &slug[1..];
    let new = NewTenant { slug, name: &name, zone: &zone, source_zone: None };
    tenants::add(store.conn(), &new, BEGAN_MS).await.expect("a new slug");
    tenants::by_slug(store.conn(), slug).await.expect("an answer").expect("the brand just added")
}

/// Gives a brand the key to its CRM account.
///
/// # Panics
/// When the database does not answer.
pub async fn web_key(store: &Store, tenant: TenantId, key: &str) {
    tenants::set_web_key(store.conn(), store.cipher(), tenant, &SecretString::from(key)).await.expect("the key is kept");
}

/// A person of some brands, named after the email. The hash of the password is taken as it comes, since making a real one
/// is slow on purpose: a test that signs in makes one, the others write anything.
///
/// # Panics
/// When the email is taken.
pub async fn person(store: &Store, email: &str, role: UserRole, password_hash: &str, brands: &[TenantId]) -> UserId {
    let name = email.split('@').next().unwrap_or(email);
    let user = access::add_user(store.conn(), email, name, role, password_hash, BEGAN_MS).await.expect("a new email");
    for brand in brands {
        access::join(store.conn(), user, *brand).await.expect("the person joins the brand");
    }
    user
}

//! Values that are expensive to compute and change only when a sync lands, a setting changes, or a local day begins.
//!
//! A value is cached by brand, data version, local day, and a key whose type names the value. Concurrent requests for the same
//! key wait for one computation; a failed one is not cached.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use moka::policy::EvictionPolicy;
use tetherboard_domain::TenantId;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, StoreError};

/// Names one cached value of a brand: which one, and for which query.
pub(crate) trait CacheKey: Hash + Eq + Clone + Send + Sync + 'static {
    type Value: Send + Sync + 'static;

    /// Whether only one value of this kind fits in memory: the previous one is dropped before the next is computed.
    const KEEP_ONE: bool = false;

    /// The approximate size of a value in memory, in bytes.
    fn size(value: &Self::Value) -> usize;
}

/// The values of all brands, bounded by their size in memory.
#[derive(Clone)]
pub(crate) struct Cache {
    values: moka::future::Cache<Key, Entry>,
    /// The newest version requested for each brand. Values of an older one are dropped when a newer one is requested.
    newest: Arc<Mutex<HashMap<TenantId, Version>>>,
}

/// What a cached value may take in total, in bytes.
const CAPACITY: u64 = 32 * 1024 * 1024;

/// A brand's data version, and the local day that "today" means.
type Version = (i64, Date);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    version: Version,
    query: Query,
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    bytes: u32,
}

impl Default for Cache {
    fn default() -> Self {
        let values = moka::future::Cache::builder()
            .max_capacity(CAPACITY)
            .weigher(|_: &Key, entry: &Entry| entry.bytes)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { values, newest: Arc::default() }
    }
}

impl Cache {
    /// The value for `key` in the data version that `tenant` was read with, on its local day at `now`.
    ///
    /// # Errors
    /// Those of `compute`.
    pub(crate) async fn get<K: CacheKey, F>(
        &self,
        tenant: &Tenant,
        now: Timestamp,
        key: K,
        compute: impl FnOnce() -> F,
    ) -> Result<Arc<K::Value>>
    where
        F: Future<Output = Result<K::Value>>,
    {
        let version = (tenant.data_version, tenant.zone.date(now));
        let key = Key { tenant: tenant.id, version, query: Query(Arc::new(key)) };
        self.drop_older(tenant.id, version).await;
        let entry = async {
            if K::KEEP_ONE {
                self.drop_where(|other| other.query.kind() == TypeId::of::<K>()).await;
            }
            let value = compute().await?;
            let bytes = u32::try_from(K::size(&value)).unwrap_or(u32::MAX);
            Ok::<_, StoreError>(Entry { value: Arc::new(value), bytes })
        };
        let entry = self.values.try_get_with(key, entry).await.map_err(|error| StoreError::clone(&error))?;
        match entry.value.downcast() {
            Ok(value) => Ok(value),
            Err(_) => unreachable!("a key's type names the type of its value"),
        }
    }

    /// The first request for a newer version drops the brand's older values: nothing asks for them again.
    async fn drop_older(&self, tenant: TenantId, version: Version) {
        let is_newer = {
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            let known = newest.entry(tenant).or_insert(version);
            let is_newer = *known < version;
            *known = version.max(*known);
            is_newer
        };
        if is_newer {
            self.drop_where(|key| key.tenant == tenant && key.version < version).await;
        }
    }

    async fn drop_where(&self, is_dropped: impl Fn(&Key) -> bool) {
        let keys: Vec<Arc<Key>> = self.values.iter().map(|(key, _)| key).filter(|key| is_dropped(key)).collect();
        for key in keys {
            self.values.invalidate(key.as_ref()).await;
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("values", &self.values.entry_count()).finish_non_exhaustive()
    }
}

/// A [`CacheKey`] of any type.
#[derive(Clone)]
struct Query(Arc<dyn AnyKey>);

impl Query {
    fn kind(&self) -> TypeId {
        self.0.as_any().type_id()
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(other.0.as_any())
    }
}

impl Eq for Query {}

impl Hash for Query {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        self.0.hash_into(state);
    }
}

trait AnyKey: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn is_same(&self, other: &dyn Any) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<K: CacheKey> AnyKey for K {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_same(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<K>() == Some(self)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::future::join_all;
    use tetherboard_store::tenants;
    use tetherboard_testkit::{Kind, empty, fresh, tenant};

    use super::*;

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Count(&'static str);

    impl CacheKey for Count {
        type Value = usize;

        fn size(_: &usize) -> usize {
            8
        }
    }

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Large(u8);

    impl CacheKey for Large {
        type Value = u8;
        const KEEP_ONE: bool = true;

        fn size(_: &u8) -> usize {
            1
        }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[tokio::test]
    async fn concurrent_requests_share_one_computation_and_the_next_data_version_gets_its_own() {
        let db = fresh(Kind::Sqlite).await;
        let (conn, id) = (db.store.conn(), tenant(&db.store, "harbor", "UTC").await.id);
        let (cache, computed) = (Cache::default(), AtomicUsize::new(0));
        let compute = async || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(computed.fetch_add(1, Ordering::Relaxed))
        };
        for version in 0..2 {
            let tenant = tenants::by_id(conn, id).await.unwrap().unwrap();
            let answers = join_all((0..8).map(|_| cache.get(&tenant, NOW, Count("count"), compute))).await;
            assert!(answers.into_iter().all(|answer| *answer.unwrap() == version));
            assert!(cache.get(&tenant, NOW, Large(0), async || Ok(1)).await.is_ok());
            tenants::publish(conn, id).await.unwrap();
        }
        cache.values.run_pending_tasks().await;
        assert_eq!(cache.values.entry_count(), 2, "the first version's values are dropped");
    }

    #[tokio::test]
    async fn a_failed_computation_is_tried_again_and_keys_do_not_share_values() {
        let db = fresh(Kind::Sqlite).await;
        let tenant = tenant(&db.store, "harbor", "UTC").await;
        let cache = Cache::default();
        let get = async |key: &'static str, value: usize| *cache.get(&tenant, NOW, Count(key), async || Ok(value)).await.unwrap();
        let without_tables = empty(Kind::Sqlite).await;
        let fails = async || Ok(tenants::list(without_tables.store.conn()).await?.len());
        assert!(cache.get(&tenant, NOW, Count("first"), fails).await.is_err());
        assert_eq!((get("first", 1).await, get("second", 2).await), (1, 2));
        assert_eq!((get("first", 0).await, get("second", 0).await), (1, 2), "both are cached");
    }

    #[tokio::test]
    async fn a_large_value_is_dropped_before_the_next_of_its_kind_is_computed() {
        let db = fresh(Kind::Sqlite).await;
        let tenant = tenant(&db.store, "harbor", "UTC").await;
        let cache = Cache::default();
        for key in 0..3 {
            let cached = cache.clone();
            let compute = async move || {
                cached.values.run_pending_tasks().await;
                assert_eq!(cached.values.iter().count(), 0);
                Ok(key)
            };
            assert_eq!(*cache.get(&tenant, NOW, Large(key), compute).await.unwrap(), key);
        }
    }
}

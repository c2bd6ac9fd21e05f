//! One open page's stream of server-sent events.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use jiff::Timestamp;
use maud::Markup;
use tetherboard_domain::TenantId;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval_at};

use super::Live;
use super::status::{BrandStatus, LiveStatus, fingerprint_of_all};
use crate::http::error::HttpResult;
use crate::http::viewer::{BrandViewer, Viewer};
use crate::parts::freshness::chip;
use crate::state::Portal;

/// Streams what changes about a brand; `shown` is the version of the data on the page.
pub(crate) fn follow_brand(portal: Portal, live: &Live, brand: BrandViewer, shown: Option<String>) -> Response {
    respond(portal, live, brand.viewer, Followed::Brand(brand.tenant.id), shown)
}

/// Streams what changes about a brand's sync, for the agency.
pub(crate) fn follow_brand_sync(
    portal: Portal,
    live: &Live,
    viewer: Viewer,
    tenant: TenantId,
    shown: Option<String>,
) -> Response {
    respond(portal, live, viewer, Followed::BrandSync(tenant), shown)
}

/// Renders a brand's row on one of the agency's pages.
pub(crate) type BrandRow =
    for<'a> fn(&'a Portal, &'a BrandStatus, Timestamp) -> Pin<Box<dyn Future<Output = HttpResult<Markup>> + Send + 'a>>;

/// Streams what changes about all brands, for an agency page that renders its own `row`.
pub(crate) fn follow_agency(portal: Portal, live: &Live, viewer: Viewer, row: BrandRow, shown: Option<String>) -> Response {
    respond(portal, live, viewer, Followed::AllBrands(row), shown)
}

/// What a page shows, and so what its stream is about.
enum Followed {
    Brand(TenantId),
    BrandSync(TenantId),
    AllBrands(BrandRow),
}

impl Followed {
    fn includes(&self, tenant: TenantId) -> bool {
        match self {
            Self::Brand(own) | Self::BrandSync(own) => *own == tenant,
            Self::AllBrands(_) => true,
        }
    }

    fn is_allowed(&self, viewer: &Viewer) -> bool {
        match self {
            Self::Brand(own) => viewer.tenants.iter().any(|tenant| tenant.id == *own),
            Self::BrandSync(_) | Self::AllBrands(_) => viewer.is_agency(),
        }
    }
}

struct Follower {
    portal: Portal,
    viewer: Viewer,
    followed: Followed,
    status: watch::Receiver<Option<Arc<LiveStatus>>>,
    /// The status of each brand that was sent last.
    sent: HashMap<TenantId, Arc<BrandStatus>>,
    /// The version the page shows, as far as it is known.
    shown: Option<String>,
    recheck: Interval,
    events: VecDeque<Event>,
}

fn respond(portal: Portal, live: &Live, viewer: Viewer, followed: Followed, shown: Option<String>) -> Response {
    let every = portal.settings.recheck;
    let follower = Follower {
        status: live.subscribe(),
        sent: HashMap::new(),
        recheck: interval_at(Instant::now() + every, every),
        events: VecDeque::new(),
        portal,
        viewer,
        followed,
        shown,
    };
    let events = stream::unfold(follower, async |mut follower: Follower| {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that buffers a response before passing it on would pass on nothing.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Sse::new(Box::pin(events)).keep_alive(KeepAlive::default())).into_response()
}

impl Follower {
    /// The next event; `None` ends the stream: the portal stops, or the viewer may no longer see this page.
    async fn next(&mut self) -> Option<Event> {
        let stop = self.portal.settings.stop.clone();
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                _ = self.recheck.tick() => self.viewer = self.still_allowed().await?,
                changed = self.status.changed() => {
                    changed.ok()?;
                    self.queue_events().await.ok()?;
                }
            }
        }
    }

    async fn still_allowed(&self) -> Option<Viewer> {
        let viewer = match self.viewer.reload(&self.portal).await {
            Ok(viewer) => viewer?,
            Err(error) => {
                tracing::warn!(%error, "could not check the session of an open page");
                return None;
            }
        };
        self.followed.is_allowed(&viewer).then_some(viewer)
    }

    async fn queue_events(&mut self) -> HttpResult<()> {
        let Some(status) = self.status.borrow_and_update().clone() else { return Ok(()) };
        for (tenant, brand) in &status.brands {
            let is_sent = self.sent.get(tenant).is_some_and(|sent| Arc::ptr_eq(sent, brand));
            if !is_sent && self.followed.includes(*tenant) {
                if let Some(event) = self.fragment(brand).await? {
                    self.events.push_back(event);
                }
                self.sent.insert(*tenant, Arc::clone(brand));
            }
        }
        if let Some(version) = self.version(&status).filter(|version| self.shown.as_ref() != Some(version)) {
            // A page that did not say what it shows has just been rendered.
            if self.shown.is_some() {
                self.events.push_back(Event::default().event("landed").data(&version));
            }
            self.shown = Some(version);
        }
        Ok(())
    }

    /// The part of the page that shows this brand.
    async fn fragment(&self, brand: &BrandStatus) -> HttpResult<Option<Event>> {
        let (portal, tenant) = (&self.portal, &brand.tenant);
        let now = portal.clock.now();
        let (name, markup) = match &self.followed {
            Followed::BrandSync(_) => return Ok(None),
            Followed::AllBrands(row) => ("row", row(portal, brand, now).await?),
            Followed::Brand(_) => {
                let fresh = brand.freshness(&portal.store, now).await?;
                ("freshness", chip(tenant, fresh, now, self.viewer.is_agency()))
            }
        };
        // An event's data cannot contain a carriage return.
        Ok(Some(Event::default().event(name).data(markup.into_string().replace('\r', " "))))
    }

    fn version(&self, status: &LiveStatus) -> Option<String> {
        let brand = |own: &TenantId| status.brands.get(own);
        match &self.followed {
            Followed::Brand(own) => brand(own).map(|brand| brand.fingerprint.data_version.to_string()),
            Followed::BrandSync(own) => brand(own).map(|brand| brand.fingerprint.version()),
            Followed::AllBrands(_) => {
                let brands = status.brands.iter().map(|(tenant, brand)| (*tenant, &brand.fingerprint));
                Some(fingerprint_of_all(brands))
            }
        }
    }
}

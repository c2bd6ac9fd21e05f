//! One open page's stream of events.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tetherboard_domain::TenantId;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval_at};

use super::Picture;
use super::picture::{BrandNow, version_of_all};
use crate::Portal;
use crate::error::Answer;
use crate::pages::agency;
use crate::pages::sync::overview as sync_overview;
use crate::parts::fresh::chip;
use crate::viewer::{BrandViewer, Viewer};

/// Follows a brand; `shown` is the version of the data on the page.
pub(crate) fn follow_brand(portal: Portal, brand: BrandViewer, shown: Option<String>) -> Response {
    answer(portal, brand.viewer, Follows::Brand(brand.tenant.id), shown)
}

/// Which of the agency's pages follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Agencys {
    Home,
    Sync,
    /// A page about how one brand is read.
    SyncOf(TenantId),
}

pub(crate) fn follow_agency(portal: Portal, viewer: Viewer, page: Agencys, shown: Option<String>) -> Response {
    answer(portal, viewer, Follows::Agencys(page), shown)
}

enum Follows {
    Brand(TenantId),
    Agencys(Agencys),
}

impl Follows {
    fn concerns(&self, tenant: TenantId) -> bool {
        match self {
            Self::Brand(own) | Self::Agencys(Agencys::SyncOf(own)) => *own == tenant,
            Self::Agencys(Agencys::Home | Agencys::Sync) => true,
        }
    }

    fn may(&self, viewer: &Viewer) -> bool {
        match self {
            Self::Brand(own) => viewer.tenants.iter().any(|tenant| tenant.id == *own),
            Self::Agencys(_) => viewer.is_agency(),
        }
    }
}

struct Follower {
    portal: Portal,
    viewer: Viewer,
    follows: Follows,
    picture: watch::Receiver<Option<Arc<Picture>>>,
    /// Each brand as it was told last.
    told: HashMap<TenantId, Arc<BrandNow>>,
    /// What the page shows, as far as it was told.
    shown: Option<String>,
    recheck: Interval,
    events: VecDeque<Event>,
}

fn answer(portal: Portal, viewer: Viewer, follows: Follows, shown: Option<String>) -> Response {
    let every = portal.settings.recheck;
    let follower = Follower {
        picture: portal.live.follow(),
        told: HashMap::new(),
        recheck: interval_at(Instant::now() + every, every),
        events: VecDeque::new(),
        portal,
        viewer,
        follows,
        shown,
    };
    let events = stream::unfold(follower, async |mut follower: Follower| {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that gathers an answer before it passes it on would pass on nothing.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Sse::new(Box::pin(events)).keep_alive(KeepAlive::default())).into_response()
}

impl Follower {
    /// `None` ends the stream: the portal stops, or this is not their brand any more.
    async fn next(&mut self) -> Option<Event> {
        let stop = self.portal.settings.stop.clone();
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                _ = self.recheck.tick() => self.viewer = self.still_there().await?,
                changed = self.picture.changed() => {
                    changed.ok()?;
                    self.tell().await.ok()?;
                }
            }
        }
    }

    async fn still_there(&self) -> Option<Viewer> {
        let viewer = match self.viewer.again(&self.portal).await {
            Ok(viewer) => viewer?,
            Err(error) => {
                tracing::warn!(%error, "an open page's session could not be checked");
                return None;
            }
        };
        self.follows.may(&viewer).then_some(viewer)
    }

    async fn tell(&mut self) -> Answer<()> {
        let Some(picture) = self.picture.borrow_and_update().clone() else { return Ok(()) };
        for (tenant, brand) in &picture.brands {
            let known = self.told.get(tenant).is_some_and(|told| Arc::ptr_eq(told, brand));
            if !known && self.follows.concerns(*tenant) {
                if let Some(event) = self.part(brand).await? {
                    self.events.push_back(event);
                }
                self.told.insert(*tenant, Arc::clone(brand));
            }
        }
        if let Some(version) = self.version(&picture).filter(|version| self.shown.as_ref() != Some(version)) {
            // A page that did not say what it shows has just been rendered.
            if self.shown.is_some() {
                self.events.push_back(Event::default().event("landed").data(&version));
            }
            self.shown = Some(version);
        }
        Ok(())
    }

    /// The part of the page that shows this brand.
    async fn part(&self, brand: &BrandNow) -> Answer<Option<Event>> {
        let (portal, tenant) = (&self.portal, &brand.tenant);
        let now = portal.clock.now();
        let (name, markup) = match &self.follows {
            Follows::Agencys(Agencys::SyncOf(_)) => return Ok(None),
            Follows::Agencys(Agencys::Home) => ("row", agency::row(portal, brand, now).await?),
            Follows::Agencys(Agencys::Sync) => ("row", sync_overview::row(portal, brand, now).await?),
            Follows::Brand(_) => {
                let fresh = brand.fresh(&portal.store, now).await?;
                ("freshness", chip(tenant, fresh, now, self.viewer.is_agency()))
            }
        };
        // An event's data may not hold one.
        Ok(Some(Event::default().event(name).data(markup.into_string().replace('\r', " "))))
    }

    fn version(&self, picture: &Picture) -> Option<String> {
        match &self.follows {
            Follows::Brand(own) => picture.brands.get(own).map(|brand| brand.signs.data_version.to_string()),
            Follows::Agencys(Agencys::SyncOf(own)) => picture.brands.get(own).map(|brand| brand.signs.version()),
            Follows::Agencys(_) => Some(version_of_all(picture.brands.iter().map(|(tenant, brand)| (*tenant, &brand.signs)))),
        }
    }
}

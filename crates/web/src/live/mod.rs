//! What open pages are told while they stay open.
//!
//! One task of the process looks at the database twice a second while somebody follows, and not at all while nobody
//! does. What it sees is one picture; every stream takes from it what concerns its own brand.

mod picture;
mod stream;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tetherboard_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use picture::{BrandNow, Picture, signs_of, version_of_all};
pub(crate) use stream::{Agencys, follow_agency, follow_brand};

const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub(crate) struct Live(Arc<Look>);

struct Look {
    store: Store,
    stop: CancellationToken,
    picture: watch::Sender<Option<Arc<Picture>>>,
    /// Whether the task is there. It ends only while this is held, so that nobody follows one that is ending.
    looking: Mutex<bool>,
}

impl Live {
    pub(crate) fn new(store: Store, stop: CancellationToken) -> Self {
        Self(Arc::new(Look { store, stop, picture: watch::Sender::new(None), looking: Mutex::new(false) }))
    }

    /// The picture now and whenever it changes.
    fn follow(&self) -> watch::Receiver<Option<Arc<Picture>>> {
        let mut looking = self.0.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if !*looking {
            // The last one is from when somebody followed last.
            self.0.picture.send_replace(None);
            *looking = true;
            tokio::spawn(look(Arc::clone(&self.0)));
        }
        let mut picture = self.0.picture.subscribe();
        picture.mark_changed();
        picture
    }
}

async fn look(at: Arc<Look>) {
    let mut well = true;
    loop {
        let before = at.picture.borrow().clone();
        match picture::take(&at.store, before.as_deref()).await {
            Ok(Some(picture)) => {
                well = true;
                at.picture.send_replace(Some(Arc::new(picture)));
            }
            Ok(None) => well = true,
            Err(error) => {
                if well {
                    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    tracing::error!(%error, cause, "open pages cannot be told what happens; trying on");
                }
                well = false;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = at.stop.cancelled() => return,
        }
        let mut looking = at.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if at.picture.receiver_count() == 0 {
            *looking = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tetherboard_testkit::Kind;

    use super::*;

    #[tokio::test]
    async fn it_looks_while_somebody_follows_and_no_longer() {
        let db = tetherboard_testkit::fresh(Kind::Sqlite).await;
        let live = Live::new(db.store.clone(), CancellationToken::new());
        let looks = || *live.0.looking.lock().unwrap();
        assert!(!looks());
        for _ in 0..2 {
            let (mut one, mut two) = (live.follow(), live.follow());
            for picture in [&mut one, &mut two] {
                picture.wait_for(Option::is_some).await.unwrap();
            }
            drop(one);
            tokio::time::sleep(2 * LOOK_EVERY).await;
            assert!(looks(), "somebody follows still");
            drop(two);
            tokio::time::sleep(2 * LOOK_EVERY).await;
            assert!(!looks(), "nobody follows");
        }
    }
}

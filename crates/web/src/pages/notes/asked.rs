//! Which notes an address means.

use tetherboard_domain::{ContactId, EpochMs, Period, Resolved, Role, Search, StageRole, Zone};
use tetherboard_metrics::{Board, FeedFilter};
use tetherboard_store::notes::kind_key;

use crate::links::Link;
use crate::query::{Edge, Pairs, PeriodQuery, days, edge, edge_text, page_number};

/// The filters of the page. Of each list one value must fit; an empty list means all.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) text: Option<String>,
    /// An empty one means notes without a type.
    pub(super) kinds: Vec<String>,
    pub(super) authors: Vec<String>,
    pub(super) roles: Vec<StageRole>,
    pub(super) stages: Vec<String>,
    pub(super) clients: Vec<ContactId>,
    pub(super) moves: bool,
    pub(super) appointments: bool,
    pub(super) period: Option<Period>,
    pub(super) from: Option<Edge>,
    pub(super) to: Option<Edge>,
    pub(super) page: i64,
}

impl Asked {
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(super) fn parse(pairs: &Pairs) -> Result<Self, String> {
        let mut asked = Self {
            text: pairs.filled("q").map(str::to_owned),
            kinds: pairs.all("type")?,
            authors: pairs.all("author")?,
            roles: pairs.all("role")?.iter().filter(|word| !word.is_empty()).map(|word| role(word)).collect::<Result<_, _>>()?,
            stages: pairs.all("stage")?,
            clients: pairs.all("client")?.into_iter().filter(|id| !id.is_empty()).map(ContactId).collect(),
            period: PeriodQuery::parse(pairs, Period::Last30Days)?.asked,
            from: edge(pairs, "from")?,
            to: edge(pairs, "to")?,
            page: page_number(pairs)?,
            ..Self::default()
        };
        for also in pairs.all("also")? {
            match also.as_str() {
                "moves" => asked.moves = true,
                "appointments" => asked.appointments = true,
                "" => {}
                other => return Err(format!("`also={other}` is not known; use moves, appointments.")),
            }
        }
        Ok(asked)
    }

    pub(super) fn search(&self) -> Option<Search> {
        self.text.as_deref().map(Search::parse)
    }

    /// Whether anything narrows the notes.
    pub(super) fn is_narrowed(&self) -> bool {
        let lists = [self.kinds.len(), self.authors.len(), self.roles.len(), self.stages.len(), self.clients.len()];
        lists.iter().any(|length| *length > 0)
            || self.text.is_some()
            || self.period.is_some()
            || self.from.is_some()
            || self.to.is_some()
    }

    /// What is meant, as far as it is known: a period that was asked for ends where the data does, and one without data means
    /// nothing. `found` is what a search found.
    pub(super) fn filter(
        &self,
        board: &Board,
        pairs: &Pairs,
        zone: &Zone,
        resolved: Option<&Resolved>,
        found: Option<Vec<i64>>,
    ) -> Result<FeedFilter, String> {
        let days = days(pairs, zone)?;
        let (mut from_ms, mut until_ms) = (days.from_ms, days.until_ms);
        if self.period.is_some() {
            let (from, until) = resolved.map_or((EpochMs::MAX, EpochMs::MIN), |it| (it.window.from_ms(), it.window.until_ms()));
            from_ms = from_ms.max(Some(from));
            until_ms = Some(until_ms.map_or(until, |until_ms| until_ms.min(until)));
        }
        Ok(FeedFilter {
            found,
            kinds: self.kinds.iter().map(|kind| kind_key(kind)).collect(),
            authors: self.authors.clone(),
            roles: self.roles.clone(),
            stages: self.stages.iter().map(|stage| board.place_named(stage)).collect(),
            clients: self.clients.clone(),
            from_ms,
            until_ms,
        })
    }

    /// The same notes at their address; the page is the caller's.
    pub(super) fn narrow(&self, link: Link) -> Link {
        let period = self.period.map(|period| period.to_string());
        self.without_period(link).maybe("period", period.as_deref())
    }

    pub(super) fn without_period(&self, link: Link) -> Link {
        let mut link = link.maybe("q", self.text.as_deref());
        let roles: Vec<String> = self.roles.iter().map(|role| role.as_str().to_owned()).collect();
        let clients: Vec<String> = self.clients.iter().map(ToString::to_string).collect();
        let lists =
            [("type", &self.kinds), ("author", &self.authors), ("role", &roles), ("stage", &self.stages), ("client", &clients)];
        for (key, values) in lists {
            link = values.iter().fold(link, |link, value| link.with(key, value));
        }
        let link = link.maybe("also", self.moves.then_some("moves")).maybe("also", self.appointments.then_some("appointments"));
        link.maybe("from", self.from.map(edge_text).as_deref()).maybe("to", self.to.map(edge_text).as_deref())
    }
}

fn role(word: &str) -> Result<StageRole, String> {
    match word {
        "unlisted" => Ok(StageRole::Unlisted),
        "unconfirmed" => Ok(StageRole::Unconfirmed(Role::Working)),
        word => word.parse().map(StageRole::Confirmed),
    }
}

//! Which notes are shown: the page of notes, its CSV, and the API.

use tetherboard_domain::{ContactId, EpochMs, Period, ResolvedPeriod, Search, StageRole, Zone};
use tetherboard_metrics::{Board, FeedFilter};
use tetherboard_store::notes::kind_key;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::dates::{Edge, window};
use super::links::Link;
use super::pairs::Pairs;
use super::period::PeriodQuery;
use super::query::{Choice, InvalidQuery, PageNumber, Param, Parsed, SearchText, names, query};
use super::verbatim::Verbatim;

query! {
    /// The notes of a feed. Of several values of one key, any may match.
    pub(crate) struct NoteQuery {
        /// Words that must all occur, at most 256; "words in quotes" are a phrase, and begin* matches the beginning of a word.
        /// Case, accents, apostrophes, and hyphens do not matter.
        text: SearchText = "q",
        /// The note type, as ClientTether spells it. Empty: no type.
        kinds: Vec<String> = "type",
        /// Who wrote the note. Empty: no author.
        authors: Vec<String> = "author",
        /// The role of the candidate's stage.
        roles: Vec<StageRole> = "role",
        /// The candidate's stage, as ClientTether spells it. Empty: no stage, which counts as the first one.
        stages: Vec<String> = "stage",
        /// The contact's ID in ClientTether.
        clients: Vec<ContactId> = "client",
        /// For the page only: also show stage moves or appointments among the notes.
        also: Also = "also",
        /// Written on or after this day or moment, in the brand's zone.
        from: Option<Edge> = "from",
        /// Written up to this day (included) or moment, in the brand's zone.
        to: Option<Edge> = "to",
        /// A named period, such as 30d.
        period: NotePeriod = "period",
    }
}

query! {
    /// One note, and which page of it.
    pub(crate) struct NoteAddress {
        /// The note's ID.
        id: Verbatim = "id",
        /// The page, counted from 1.
        page: PageNumber = "page",
    }
}

/// What a feed shows besides notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Also {
    pub(crate) moves: bool,
    pub(crate) appointments: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum AlsoKind {
    Moves,
    Appointments,
}

impl Choice for AlsoKind {
    const NAMES: &'static [(&'static str, Self)] = &[("moves", Self::Moves), ("appointments", Self::Appointments)];
}

impl Param for Also {
    const IS_FILTER: bool = false;

    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        let mut also = Self::default();
        for word in pairs.all(key)?.iter().filter(|word| !word.is_empty()) {
            match AlsoKind::NAMES.iter().find(|(name, _)| name == word) {
                Some((_, AlsoKind::Moves)) => also.moves = true,
                Some((_, AlsoKind::Appointments)) => also.appointments = true,
                None => {
                    let choices = names(AlsoKind::NAMES.iter().map(|(name, _)| *name));
                    return Err(InvalidQuery(format!("`{key}={word}` is not an option. Use {choices}.")));
                }
            }
        }
        Ok(also)
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        let moves = self.moves.then_some(AlsoKind::Moves.word());
        link.maybe(key, moves).maybe(key, self.appointments.then_some(AlsoKind::Appointments.word()))
    }

    fn is_set(&self) -> bool {
        self.moves || self.appointments
    }

    fn schema() -> Schema {
        let names = AlsoKind::NAMES.iter().map(|(name, _)| *name);
        ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names))).into()
    }
}

/// The period that narrows a feed, if one was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct NotePeriod(pub(crate) Option<Period>);

impl Param for NotePeriod {
    fn parse(pairs: &Pairs, _: &str) -> Parsed<Self> {
        Ok(Self(PeriodQuery::parse(pairs, Period::Last30Days)?.chosen))
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        link.maybe(key, self.0.map(|period| period.to_string()).as_deref())
    }

    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).into()
    }
}

impl NoteQuery {
    pub(crate) fn search(&self) -> Option<Search> {
        self.text.as_deref().map(Search::parse)
    }

    /// The same feed in every period.
    pub(crate) fn without_period(&self) -> Self {
        Self { period: NotePeriod::default(), ..self.clone() }
    }

    /// The filter for the feed: a chosen period ends where the data does, and one without data matches nothing. `found` holds the
    /// results of the search.
    pub(crate) fn filter(
        &self,
        board: &Board,
        zone: &Zone,
        resolved: Option<&ResolvedPeriod>,
        found: Option<Vec<i64>>,
    ) -> FeedFilter {
        let days = window(self.from, self.to, zone);
        let mut from_ms = days.filter(|_| self.from.is_some()).map(|days| days.from_ms());
        let mut until_ms = days.filter(|_| self.to.is_some()).map(|days| days.until_ms());
        if self.period.is_set() {
            let (from, until) = resolved.map_or((EpochMs::MAX, EpochMs::MIN), |it| (it.window.from_ms(), it.window.until_ms()));
            from_ms = from_ms.max(Some(from));
            until_ms = Some(until_ms.map_or(until, |until_ms| until_ms.min(until)));
        }
        FeedFilter {
            found,
            kinds: self.kinds.iter().map(|kind| kind_key(kind)).collect(),
            authors: self.authors.clone(),
            roles: self.roles.clone(),
            stages: self.stages.iter().map(|stage| board.place_named(stage)).collect(),
            clients: self.clients.clone(),
            from_ms,
            until_ms,
        }
    }
}

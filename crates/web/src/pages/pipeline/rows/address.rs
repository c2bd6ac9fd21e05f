//! The address of a list of rows.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tetherboard_metrics::{
    AS_OF, AWARDS, CONVERSION, CYCLE_TIME, FLOW, LOST, MOVEMENT, MovementKind, OutcomeKind, TIME_IN_STAGE, WIN_RATE,
};

use super::super::address::DEFAULT_PERIOD;
use super::super::movement::{self, move_name};
use crate::address::as_of::AsOfQuery;
use crate::address::deals::DealQuery;
use crate::address::label::Label;
use crate::address::links::{self, Link};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::address::query::{PageNumber, Param, names, parse_sort};
use crate::http::error::HttpError;

/// Which number's rows are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// Deals that changed the value, in one step or in any.
    Moves(Option<MovementKind>),
    Endings(Option<OutcomeKind>),
    Created,
    Known,
    Reached,
    StageChange,
    Stays,
    Cycle,
    Deals,
    Candidates,
}

const SHOWS: [(&str, Show); 12] = [
    ("changes", Show::Moves(None)),
    ("endings", Show::Endings(None)),
    ("awards", Show::Endings(Some(OutcomeKind::Awarded))),
    ("losses", Show::Endings(Some(OutcomeKind::Lost))),
    ("created", Show::Created),
    ("known-path", Show::Known),
    ("reached", Show::Reached),
    ("stage-changes", Show::StageChange),
    ("stays", Show::Stays),
    ("cycle", Show::Cycle),
    ("deals", Show::Deals),
    ("candidates", Show::Candidates),
];

impl Show {
    /// The list of a name in an address.
    pub(super) fn named(word: &str) -> Option<Self> {
        let step = || MovementKind::ALL.into_iter().find(|kind| kind.as_str() == word).map(|kind| Self::Moves(Some(kind)));
        SHOWS.iter().find(|(name, _)| *name == word).map(|(_, show)| *show).or_else(step)
    }

    /// Its name in an address.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Moves(Some(kind)) => kind.as_str(),
            _ => SHOWS.iter().find(|(_, show)| *show == self).map_or("changes", |(word, _)| word),
        }
    }

    /// Whether the rows are those at the end of one day.
    pub(super) fn is_of_one_day(self) -> bool {
        matches!(self, Self::Deals | Self::Candidates)
    }

    /// Whether it covers the page's period, rather than a day or the last year.
    pub(super) fn has_period(self) -> bool {
        !matches!(self, Self::Stays | Self::Cycle | Self::Deals | Self::Candidates)
    }

    /// The title of the list.
    pub(super) fn title(self) -> String {
        let title = match self {
            Self::Moves(None) => movement::TITLE,
            Self::Moves(Some(kind)) => return format!("{}: {}", movement::TITLE, move_name(kind).to_lowercase()),
            Self::Endings(None) => "Awarded and lost deals",
            Self::Endings(Some(OutcomeKind::Awarded)) => "Awarded deals",
            Self::Endings(Some(OutcomeKind::Lost)) => "Lost deals",
            Self::Created => "Prospects created",
            Self::Known => "Prospects with a known path",
            Self::Reached => "Prospects who reached this stage",
            Self::StageChange => "Candidates who changed stage",
            Self::Stays => "Completed time in stage",
            Self::Cycle => "From creation to award",
            Self::Deals => "Prospects’ deals on that day",
            Self::Candidates => "Candidates on that day",
        };
        title.to_owned()
    }

    /// The definition of the number.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Moves(None) => MOVEMENT,
            Self::Moves(Some(kind)) => kind.meaning(),
            Self::Endings(None) => WIN_RATE,
            Self::Endings(Some(OutcomeKind::Awarded)) => AWARDS,
            Self::Endings(Some(OutcomeKind::Lost)) => LOST,
            Self::Created | Self::Known | Self::Reached => CONVERSION,
            Self::StageChange => FLOW,
            Self::Stays => TIME_IN_STAGE,
            Self::Cycle => CYCLE_TIME,
            Self::Deals | Self::Candidates => AS_OF,
        }
    }

    /// The columns after the candidate: the name in an address, and the one on the page.
    pub(super) fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Moves(_) => &[
                ("change", "Change"),
                ("from", "Stage before"),
                ("to", "Stage after"),
                ("when", "Changed"),
                ("amount", "Amount"),
            ],
            Self::Endings(_) => &[("from", "From"), ("to", "To"), ("when", "When"), ("amount", "Fee")],
            Self::Created | Self::Known | Self::Reached => &[("furthest", "Furthest"), ("stage", "Now"), ("when", "Created")],
            Self::StageChange => &[("from", "First stage"), ("to", "Last stage"), ("when", "Last moved")],
            Self::Stays => {
                &[("stage", "Stage"), ("to", "Next stage"), ("since", "Entered"), ("when", "Left"), ("took", "Duration")]
            }
            Self::Cycle => &[("to", "Stage"), ("since", "Created"), ("when", "Awarded"), ("took", "Duration")],
            Self::Deals => &[("stage", "Stage"), ("odds", "Odds"), ("amount", "Fee"), ("weighted", "Weighted")],
            Self::Candidates => &[("stage", "Stage")],
        }
    }

    /// The name of a column in an address; 0 is the candidate.
    pub(super) fn column(self, index: usize) -> &'static str {
        index.checked_sub(1).and_then(|index| self.columns().get(index)).map_or("name", |(key, _)| key)
    }
}

/// The typed query of the page.
#[derive(Clone)]
pub(in super::super) struct RowsAddress {
    pub(super) show: Show,
    pub(super) deals: DealQuery,
    /// The stages that candidates moved from and to.
    pub(super) ends: [Option<Label>; 2],
    pub(super) period: PeriodQuery,
    pub(super) as_of: AsOfQuery,
    /// The index of the column, and whether the order is descending.
    pub(super) sort: Option<(usize, bool)>,
    pub(super) page: PageNumber,
}

impl<S: Sync> FromRequestParts<S> for RowsAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let word = pairs.filled("show").unwrap_or("changes");
        let show = Show::named(word).ok_or_else(|| {
            let words = SHOWS.iter().map(|(word, _)| *word).chain(MovementKind::ALL.map(MovementKind::as_str));
            HttpError::bad_request(format!("`show={word}` is not an option. Use {}.", names(words)))
        })?;
        let columns: Vec<(&str, usize)> = (0..=show.columns().len()).map(|index| (show.column(index), index)).collect();
        Ok(Self {
            show,
            // These rows have their own columns.
            deals: DealQuery::parse(&pairs.without(&["sort"]))?,
            ends: [Param::parse(&pairs, "from-stage")?, Param::parse(&pairs, "to-stage")?],
            period: PeriodQuery::parse(&pairs, DEFAULT_PERIOD)?,
            as_of: AsOfQuery::parse(&pairs)?,
            sort: parse_sort(&pairs, "sort", &columns)?,
            page: Param::parse(&pairs, "page")?,
        })
    }
}

impl RowsAddress {
    /// The list without its order and page.
    pub(super) fn list(&self, slug: &str) -> Link {
        let link = links::pipeline_rows(slug, self.show.word());
        let link = if self.show.has_period() { self.period.add_to(link) } else { link };
        let link = self.deals.add_filters_to(self.as_of.add_to(link));
        self.ends[1].add_to("to-stage", self.ends[0].add_to("from-stage", link))
    }

    /// The list in its order, at its first page.
    pub(super) fn sorted(&self, slug: &str) -> Link {
        let sort =
            self.sort.map(|(index, descending)| format!("{}{}", if descending { "-" } else { "" }, self.show.column(index)));
        self.list(slug).maybe("sort", sort.as_deref())
    }

    /// The whole address.
    pub(super) fn url(&self, slug: &str) -> Link {
        self.page.add_to("page", self.sorted(slug))
    }
}

//! What the query of a list's address means. Page, CSV and API read it alike.

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp};
use tetherboard_domain::{Compare, EpochMs, Period, Role, StageRole, TenantId, UsState, Window, Zone};
use tetherboard_metrics::{Board, Closing, LeadGroup, StagePlace, source_filter};
use tetherboard_store::deals::{DealFilter, DealSort};
use tetherboard_store::leads::{LabelMatch, LeadFilter, LeadSort, Types};
use tetherboard_store::{Conn, Result as StoreResult};
use url::form_urlencoded;

use crate::links::Link;
use crate::those::Those;

/// Text as the database keeps it: PostgreSQL takes no NUL, so U+FFFD stands for it there, and is what one looks for.
pub(crate) fn as_kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The pairs of a query, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Pairs {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let query = uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), as_kept(&value))).collect()))
    }
}

impl Pairs {
    /// The last value of a key; a form may send one twice.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All values of a key, each once, without the space around them.
    ///
    /// # Errors
    /// A sentence when there are more than anybody would choose: each costs a look at every row.
    pub(crate) fn all(&self, key: &str) -> Result<Vec<String>, String> {
        const MOST: usize = 30;
        let mut values: Vec<String> = Vec::new();
        for (_, value) in self.0.iter().filter(|(known, _)| known == key) {
            if !values.iter().any(|known| known == value.trim()) {
                values.push(value.trim().to_owned());
            }
            if values.len() > MOST {
                return Err(format!("`{key}` is given more than {MOST} times; choose fewer."));
            }
        }
        Ok(values)
    }

    pub(crate) fn filled(&self, key: &str) -> Option<&str> {
        self.get(key).map(str::trim).filter(|value| !value.is_empty())
    }

    /// All but some keys.
    pub(crate) fn without(&self, keys: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| !keys.contains(&key.as_str())).cloned().collect())
    }

    pub(crate) fn wants_csv(&self) -> Result<bool, String> {
        match self.get("format") {
            None | Some("") => Ok(false),
            Some("csv") => Ok(true),
            Some(other) => Err(format!("`format={other}` is not known; only csv is.")),
        }
    }
}

/// Where a stage stands for a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// Blank means the blank ones.
    Named(String),
    /// The CRM's value is no text.
    NotText,
}

/// Keeps a label in an address: `stage=FDD+Sent`, or `stage-not-text=1`.
pub(crate) fn with_label(link: Link, key: &str, label: Option<&str>) -> Link {
    match label {
        Some(text) => link.with(key, text),
        None => link.with(&format!("{key}-not-text"), "1"),
    }
}

pub(crate) fn label(pairs: &Pairs, key: &str) -> Option<Label> {
    match pairs.get(&format!("{key}-not-text")) {
        Some("1") => Some(Label::NotText),
        // A form without scripts sends its "all".
        _ => pairs.get(key).filter(|text| *text != "*").map(|text| Label::Named(text.trim().to_owned())),
    }
}

/// A local day, or a local moment on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Day(Date),
    Moment(DateTime),
}

pub(crate) fn edge(pairs: &Pairs, key: &str) -> Result<Option<Edge>, String> {
    let Some(text) = pairs.filled(key) else { return Ok(None) };
    if text.len() <= 10 {
        if let Ok(day) = text.parse() {
            return Ok(Some(Edge::Day(day)));
        }
    } else if let Ok(moment) = text.replace(' ', "T").parse() {
        return Ok(Some(Edge::Moment(moment)));
    }
    Err(format!("`{key}={text}` is no date; write one like 2026-03-09, or 2026-03-09T10:30."))
}

/// The moments between `from` and `to`, the first included; a day of `to` is included whole.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Days {
    pub(crate) from_ms: Option<EpochMs>,
    pub(crate) until_ms: Option<EpochMs>,
}

/// Reads `from` and `to` in a brand's zone.
pub(crate) fn days(pairs: &Pairs, zone: &Zone) -> Result<Days, String> {
    let moment = |edge: Edge, days: i64| match edge {
        Edge::Day(day) => Some(zone.start_of(day.saturating_add(Span::new().days(days)))),
        Edge::Moment(local) => zone.moment(local),
    };
    let ms = |key: &str, days: i64| {
        let found = edge(pairs, key)?.and_then(|edge| moment(edge, days));
        Ok::<_, String>(found.map(EpochMs::from))
    };
    Ok(Days { from_ms: ms("from", 0)?, until_ms: ms("to", 1)? })
}

/// The period that a page speaks of, and what it is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeriodQuery {
    /// `None`: the page's own.
    pub(crate) asked: Option<Period>,
    pub(crate) compare: Compare,
    /// Of an address that names none.
    pub(crate) usual: Period,
}

pub(crate) const COMPARES: [(&str, Compare); 3] =
    [("previous", Compare::Previous), ("year", Compare::YearBefore), ("none", Compare::Nothing)];

impl PeriodQuery {
    /// `usual` is the period of an address that names none.
    ///
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(crate) fn parse(pairs: &Pairs, usual: Period) -> Result<Self, String> {
        let asked = match pairs.filled("period") {
            None => None,
            // As the form of a custom period sends it.
            Some("custom") => {
                let day = |key: &str| -> Result<Date, String> {
                    let text =
                        pairs.filled(key).ok_or_else(|| format!("A custom period needs `{key}`, a date like 2026-03-09."))?;
                    text.parse().map_err(|_| format!("`{key}={text}` is no date; write one like 2026-03-09."))
                };
                Some(Period::between(day("start")?, day("end")?).map_err(|error| format!("{error}; choose other days."))?)
            }
            Some(text) => Some(text.parse().map_err(|error| format!("`period`: {error}."))?),
        };
        Ok(Self { asked, compare: one_of(pairs, "compare", &COMPARES)?.unwrap_or_default(), usual })
    }

    pub(crate) fn period(self) -> Period {
        self.asked.unwrap_or(self.usual)
    }

    /// Keeps it in an address, where it is not what goes without saying.
    pub(crate) fn narrow(self, link: Link) -> Link {
        let compare = COMPARES.iter().find(|(_, known)| *known == self.compare && self.compare != Compare::default());
        let period = self.asked.map(|period| period.to_string());
        link.maybe("period", period.as_deref()).maybe("compare", compare.map(|(name, _)| *name))
    }
}

/// Which contacts a list shows, in which order, which part of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeadQuery {
    pub(crate) stage: Option<Label>,
    pub(crate) source: Option<Label>,
    pub(crate) group: Option<LeadGroup>,
    pub(crate) role: Option<StageRole>,
    pub(crate) types: Option<Types>,
    pub(crate) state: Option<UsState>,
    pub(crate) undated: bool,
    pub(crate) those: Option<Those>,
    pub(crate) text: Option<String>,
    pub(crate) from: Option<Edge>,
    pub(crate) to: Option<Edge>,
    pub(crate) sort: Option<(LeadSort, bool)>,
    pub(crate) page: i64,
}

pub(crate) const TYPES: [(&str, Types); 2] = [("prospects", Types::Prospects), ("others", Types::Others)];

pub(crate) const LEAD_SORTS: [(&str, LeadSort); 6] = [
    ("name", LeadSort::Name),
    ("created", LeadSort::Created),
    ("source", LeadSort::Source),
    ("market", LeadSort::Market),
    ("stage", LeadSort::Stage),
    ("owner", LeadSort::Owner),
];

impl LeadQuery {
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(crate) fn parse(pairs: &Pairs) -> Result<Self, String> {
        Ok(Self {
            stage: label(pairs, "stage"),
            source: label(pairs, "source"),
            group: group(pairs)?,
            role: role(pairs)?,
            types: one_of(pairs, "type", &TYPES)?,
            state: state(pairs)?,
            undated: one_of(pairs, "created", &[("unknown", true)])?.unwrap_or(false),
            those: Those::parse(pairs)?,
            text: pairs.filled("q").map(str::to_owned),
            from: edge(pairs, "from")?,
            to: edge(pairs, "to")?,
            sort: sort(pairs, &LEAD_SORTS)?,
            page: page_number(pairs)?,
        })
    }

    pub(crate) fn order(&self) -> (LeadSort, bool) {
        self.sort.unwrap_or((LeadSort::Created, true))
    }

    /// Whether anything narrows the list.
    pub(crate) fn is_narrowed(&self) -> bool {
        let labels = self.stage.is_some() || self.source.is_some() || self.group.is_some() || self.role.is_some();
        labels
            || self.types.is_some()
            || self.state.is_some()
            || self.undated
            || self.those.is_some()
            || self.text.is_some()
            || self.from.is_some()
            || self.to.is_some()
    }

    /// The rows meant. A window ends where the data does, as it does for the numbers that lead here.
    pub(crate) async fn filter<C: Conn>(
        &self,
        conn: &C,
        tenant: TenantId,
        board: &Board,
        zone: &Zone,
        as_of: Option<Timestamp>,
    ) -> StoreResult<LeadFilter> {
        let source = match &self.source {
            None => None,
            Some(Label::NotText) => Some(LabelMatch::NotText),
            Some(Label::Named(name)) => Some(source_filter(conn, tenant, &Some(name.clone())).await?),
        };
        let mut stages: Vec<LabelMatch> = self.stage.iter().map(|label| stage_filter(board, label)).collect();
        stages.extend(self.group.map(|group| board.group_filter(group)));
        stages.extend(self.role.map(|role| board.role_filter(role)));
        Ok(LeadFilter {
            stages,
            source,
            created: self.window(zone, as_of),
            undated: self.undated,
            types: if self.group.is_some() || self.role.is_some() { Some(Types::Prospects) } else { self.types },
            state: self.state,
            text: self.text.clone(),
            ids: None,
        })
    }

    fn window(&self, zone: &Zone, as_of: Option<Timestamp>) -> Option<Window> {
        if self.from.is_none() && self.to.is_none() {
            return None;
        }
        let from = self.from.map_or(Timestamp::MIN, |edge| match edge {
            Edge::Day(day) => zone.start_of(day),
            Edge::Moment(local) => zone.moment(local).unwrap_or(Timestamp::MIN),
        });
        let until = self.to.map_or(Timestamp::MAX, |edge| match edge {
            Edge::Day(day) => zone.start_of(day.checked_add(Span::new().days(1)).unwrap_or(Date::MAX)),
            Edge::Moment(local) => zone.moment(local).unwrap_or(Timestamp::MAX),
        });
        Some(Window { from, until: until.min(as_of.unwrap_or(Timestamp::MAX)) })
    }

    /// The same list at its address; sort and page are the caller's.
    pub(crate) fn narrow(&self, mut link: Link) -> Link {
        for (key, label) in [("stage", &self.stage), ("source", &self.source)] {
            link = match label {
                None => link,
                Some(Label::Named(name)) => link.with(key, name),
                Some(Label::NotText) => with_label(link, key, None),
            };
        }
        link = link.maybe("in", self.group.map(group_word)).maybe("role", self.role.map(StageRole::as_str));
        let types = TYPES.iter().find(|(_, known)| Some(*known) == self.types).map(|(name, _)| *name);
        link = link
            .maybe("type", types)
            .maybe("state", self.state.map(UsState::code))
            .maybe("created", self.undated.then_some("unknown"));
        link = self.those.map_or(link.clone(), |those| those.narrow(link));
        for (key, edge) in [("from", self.from), ("to", self.to)] {
            link = link.maybe(key, edge.map(edge_text).as_deref());
        }
        link.maybe("q", self.text.as_deref())
    }
}

pub(crate) fn edge_text(edge: Edge) -> String {
    match edge {
        Edge::Day(day) => day.to_string(),
        Edge::Moment(moment) if moment.time() == Time::midnight() => format!("{}T00:00", moment.date()),
        Edge::Moment(moment) => moment.to_string(),
    }
}

/// Which deals a list shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct DealQuery {
    pub(crate) stage: Option<Label>,
    pub(crate) group: Option<LeadGroup>,
    pub(crate) role: Option<StageRole>,
    pub(crate) fee_known: bool,
    pub(crate) close: Option<Closing>,
    pub(crate) text: Option<String>,
    pub(crate) sort: Option<(DealSort, bool)>,
    pub(crate) page: i64,
}

pub(crate) const DEAL_SORTS: [(&str, DealSort); 6] = [
    ("name", DealSort::Name),
    ("stage", DealSort::Stage),
    ("fee", DealSort::Fee),
    ("close", DealSort::CloseDate),
    ("owner", DealSort::Owner),
    ("since", DealSort::Since),
];

impl DealQuery {
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(crate) fn parse(pairs: &Pairs) -> Result<Self, String> {
        Ok(Self {
            stage: label(pairs, "stage"),
            group: group(pairs)?,
            role: role(pairs)?,
            fee_known: one_of(pairs, "fee", &[("known", true)])?.unwrap_or(false),
            close: closing(pairs)?,
            text: pairs.filled("q").map(str::to_owned),
            sort: sort(pairs, &DEAL_SORTS)?,
            page: page_number(pairs)?,
        })
    }

    pub(crate) fn order(&self) -> (DealSort, bool) {
        self.sort.unwrap_or((DealSort::Stage, true))
    }

    pub(crate) fn is_narrowed(&self) -> bool {
        let labels = self.stage.is_some() || self.group.is_some() || self.role.is_some();
        labels || self.fee_known || self.close.is_some() || self.text.is_some()
    }

    /// `today` tells which close dates have passed.
    pub(crate) fn filter(&self, board: &Board, today: Date) -> DealFilter {
        let mut stages: Vec<LabelMatch> = self.stage.iter().map(|label| stage_filter(board, label)).collect();
        stages.extend(self.group.map(|group| board.group_filter(group)));
        stages.extend(self.role.map(|role| board.role_filter(role)));
        let close = self.close.map(|closing| closing.dates(today));
        DealFilter { stages, fee_known: self.fee_known, close, text: self.text.clone() }
    }

    pub(crate) fn narrow(&self, mut link: Link) -> Link {
        link = match &self.stage {
            None => link,
            Some(Label::Named(name)) => link.with("stage", name),
            Some(Label::NotText) => with_label(link, "stage", None),
        };
        link.maybe("in", self.group.map(group_word))
            .maybe("role", self.role.map(StageRole::as_str))
            .maybe("fee", self.fee_known.then_some("known"))
            .maybe("close", self.close.map(Closing::word).as_deref())
            .maybe("q", self.text.as_deref())
    }
}

fn stage_filter(board: &Board, label: &Label) -> LabelMatch {
    match label {
        Label::Named(name) => board.place_filter(&board.place_named(name)),
        Label::NotText => board.place_filter(&StagePlace::NotText),
    }
}

const GROUPS: [(&str, LeadGroup); 4] = [
    ("pipeline", LeadGroup::Pipeline),
    ("qualified", LeadGroup::Qualified),
    ("open", LeadGroup::Open),
    ("inactive", LeadGroup::Inactive),
];

pub(crate) fn group_word(group: LeadGroup) -> &'static str {
    GROUPS.iter().find(|(_, known)| *known == group).map_or("pipeline", |(word, _)| word)
}

fn group(pairs: &Pairs) -> Result<Option<LeadGroup>, String> {
    one_of(pairs, "in", &GROUPS)
}

fn closing(pairs: &Pairs) -> Result<Option<Closing>, String> {
    let Some(word) = pairs.filled("close") else { return Ok(None) };
    let known = Closing::named(word).map(Some);
    known.ok_or_else(|| format!("`close={word}` is not known; use a month like 2026-03, overdue or none."))
}

fn role(pairs: &Pairs) -> Result<Option<StageRole>, String> {
    match pairs.filled("role") {
        None => Ok(None),
        Some("unlisted") => Ok(Some(StageRole::Unlisted)),
        Some("unconfirmed") => Ok(Some(StageRole::Unconfirmed(Role::Working))),
        Some(word) => word.parse().map(|role| Some(StageRole::Confirmed(role))),
    }
}

fn state(pairs: &Pairs) -> Result<Option<UsState>, String> {
    let Some(code) = pairs.filled("state") else { return Ok(None) };
    let state =
        UsState::coded(code).ok_or_else(|| format!("`state={code}` is no state of the USA; write its two letters, like CO."))?;
    Ok(Some(state))
}

pub(crate) fn one_of<T: Copy>(pairs: &Pairs, key: &str, known: &[(&str, T)]) -> Result<Option<T>, String> {
    let Some(word) = pairs.filled(key) else { return Ok(None) };
    match known.iter().find(|(name, _)| *name == word) {
        Some((_, meaning)) => Ok(Some(*meaning)),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(format!("`{key}={word}` is not known; use {}.", names.join(", ")))
        }
    }
}

fn sort<T: Copy>(pairs: &Pairs, known: &[(&str, T)]) -> Result<Option<(T, bool)>, String> {
    sort_by("sort", pairs, known)
}

/// `created`, or `-created` from the last to the first.
pub(crate) fn sort_by<T: Copy>(key: &str, pairs: &Pairs, known: &[(&str, T)]) -> Result<Option<(T, bool)>, String> {
    let Some(word) = pairs.filled(key) else { return Ok(None) };
    let (name, descending) = word.strip_prefix('-').map_or((word, false), |name| (name, true));
    match known.iter().find(|(known, _)| *known == name) {
        Some((_, column)) => Ok(Some((*column, descending))),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "`{key}={word}` is not known; use one of {}, with - before it for the other way round.",
                names.join(", ")
            ))
        }
    }
}

pub(crate) fn page_number(pairs: &Pairs) -> Result<i64, String> {
    match pairs.filled("page") {
        None => Ok(1),
        Some(text) => text
            .parse()
            .ok()
            .filter(|page| (1..=1_000_000).contains(page))
            .ok_or_else(|| format!("`page={text}` is no page; pages count from 1.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> Pairs {
        Pairs(form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    #[test]
    fn a_filter_that_is_absent_means_all_and_an_empty_stage_means_blank() {
        assert_eq!(LeadQuery::parse(&pairs("")).unwrap().stage, None);
        assert_eq!(LeadQuery::parse(&pairs("stage=")).unwrap().stage, Some(Label::Named(String::new())));
        assert!(!LeadQuery::parse(&pairs("q=&from=&in=")).unwrap().is_narrowed());
    }

    #[test]
    fn a_period_is_read_from_its_name_its_days_or_its_form_and_kept_in_short() {
        let read = |query: &str| PeriodQuery::parse(&pairs(query), Period::WeekToDate);
        let kept = |query: &str| read(query).unwrap().narrow(Link::to("/")).url();
        assert_eq!(read("").unwrap().period(), Period::WeekToDate);
        assert_eq!(kept(""), "/");
        assert_eq!(kept("period=30d&compare=year"), "/?period=30d&compare=year");
        assert_eq!(kept("period=custom&start=2026-03-01&end=2026-03-31&compare=previous"), "/?period=2026-03-01..2026-03-31");
        for bad in ["period=soon", "period=custom", "period=custom&start=2026-03-09&end=2026-03-01", "compare=last"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (query, named) in [
            ("from=yesterday", "yesterday"),
            ("sort=price", "price"),
            ("page=0", "page=0"),
            ("in=everything", "everything"),
            ("role=boss", "boss"),
            ("type=dogs", "dogs"),
        ] {
            let error = LeadQuery::parse(&pairs(query)).unwrap_err();
            assert!(error.contains(named), "{query}: {error}");
        }
    }

    #[test]
    fn a_list_keeps_its_address() {
        let query = "stage=FDD+Sent&source-not-text=1&in=open&type=prospects&from=2026-03-02&to=2026-03-05T10%3A30%3A00&q=ada";
        let link = LeadQuery::parse(&pairs(query)).unwrap().narrow(Link::to("/x")).url();
        assert_eq!(link, format!("/x?{query}"));
    }
}

//! The brand's appointments for its calendar, and those that need an outcome.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::{AppointmentTime, ContactId, Dataset, EpochMs, Nearness, PlausibleDates, Role, is_visible};
use tetherboard_store::schedule::{self, CalendarRow};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, runs};

use crate::PIPELINE_DATASETS;
use crate::appointments::{AppointmentOutcome, appointment_outcome, is_discovery_day};
use crate::board::Board;
use crate::rules::hot_list_rules;
use crate::status::is_due;

/// The definition of an appointment that needs an outcome, shown on pages.
pub const OUTCOME_NEEDED: &str = "Appointments of open candidates that ended 1 to 14 days ago, as of the last sync, and have \
    no outcome recorded. The Overdue action status uses the same rule.";

/// A brand's appointments.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// The start of the last complete read of the calendar; `None` before the first.
    pub read: Option<Timestamp>,
    /// By start; those without a readable start come last.
    pub appointments: Vec<Appointment>,
}

/// One appointment of the CRM's calendar.
#[derive(Clone, Debug)]
pub struct Appointment {
    /// The CRM's ID.
    pub id: String,
    /// `None`: no contact in the CRM has the appointment's ID.
    pub contact: Option<ContactId>,
    pub name: String,
    /// The contact's stage, trimmed; `None`: no contact, or not text.
    pub stage: Option<String>,
    pub kind: String,
    pub title: String,
    pub place: String,
    pub owner: String,
    /// The CRM's status.
    pub status: String,
    pub cancelled: bool,
    /// `None`: no readable start.
    pub when: Option<AppointmentTime>,
    /// The first and last day in the brand's zone.
    pub days: Option<(Date, Date)>,
    /// The start before it was last rescheduled.
    pub moved_from: Option<Timestamp>,
    pub of_type: AppointmentType,
    /// See [`OUTCOME_NEEDED`].
    pub outcome_needed: bool,
    /// Whether its start or end is so far away that it is most likely a typing mistake.
    pub doubtful: bool,
    /// Whether its start is.
    pub doubtful_start: bool,
}

impl Appointment {
    /// Whether it takes place on a day, at least in part.
    pub fn touches(&self, day: Date) -> bool {
        self.days.is_some_and(|(first, last)| first <= day && day <= last)
    }

    /// How near its days are.
    pub fn nearness(&self, today: Date) -> Option<Nearness> {
        self.days.map(|days| Nearness::of(days, today))
    }

    /// Its title, or else its kind.
    pub fn display_title(&self) -> &str {
        let texts = [&self.title, &self.kind].map(|text| text.trim());
        texts.into_iter().find(|text| is_visible(text)).unwrap_or("Appointment")
    }
}

/// What an appointment is about. The CRM's own kind is often the same for all, so known words in its texts decide first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppointmentType {
    DiscoveryDay,
    FddReview,
    Agreement,
    Call,
    Meeting,
    /// The CRM's own kind.
    Named(String),
    Unknown,
}

impl AppointmentType {
    /// Its label on pages.
    pub fn name(&self) -> &str {
        match self {
            Self::DiscoveryDay => "Discovery Day",
            Self::FddReview => "FDD review",
            Self::Agreement => "Agreement",
            Self::Call => "Call",
            Self::Meeting => "Meeting",
            Self::Named(kind) => kind,
            Self::Unknown => "Appointment",
        }
    }
}

/// Classifies an appointment by its title, kind, and place.
pub fn appointment_type(title: &str, kind: &str, place: &str) -> AppointmentType {
    /// Kinds without a meaning.
    const ANY: [&str; 6] = ["", "appt", "appointment", "event", "calendar", "other"];
    let has = |texts: &[&str], known: &[&str]| {
        let lower = texts.join(" ").to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).any(|word| known.contains(&word))
    };
    const CALL: [&str; 5] = ["call", "calls", "phone", "telephone", "callback"];
    const MEETING: [&str; 8] = ["meeting", "meet", "video", "zoom", "teams", "webinar", "visit", "tour"];
    let kind = kind.trim();
    match () {
        () if is_discovery_day(title, kind) => AppointmentType::DiscoveryDay,
        () if has(&[title, kind], &["fdd", "disclosure"]) => AppointmentType::FddReview,
        () if has(&[title, kind], &["agreement", "signing", "signature", "contract"]) => AppointmentType::Agreement,
        () if has(&[title, kind], &CALL) => AppointmentType::Call,
        () if has(&[title, kind], &MEETING) => AppointmentType::Meeting,
        () if !ANY.contains(&kind.to_lowercase().as_str()) => AppointmentType::Named(kind.to_owned()),
        () if has(&[place], &CALL) => AppointmentType::Call,
        () if has(&[place], &MEETING) => AppointmentType::Meeting,
        () => AppointmentType::Unknown,
    }
}

/// Loads a brand's appointments, with the types and outcomes needed as of the data.
///
/// # Errors
/// When the database fails.
pub async fn schedule<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Schedule> {
    let ages = runs::dataset_ages(conn, tenant.id).await?;
    let rows = schedule::calendar(conn, tenant.id).await?;
    let mut rests_on = PIPELINE_DATASETS.to_vec();
    rests_on.push(Dataset::Events);
    let due = match ages.complete_read_ms(Dataset::Events).and(ages.as_of_ms(&rests_on)) {
        Some(as_of_ms) => without_outcome(conn, tenant, board, &rows, as_of_ms.min(now.into())).await?,
        None => HashSet::new(),
    };
    let read = ages.complete_read_ms(Dataset::Events).and_then(EpochMs::timestamp);
    let source = tenant.source_time().0;
    let dates = PlausibleDates::at(now);
    let appointment = |row: CalendarRow| {
        let when = AppointmentTime::of(row.all_day, row.starts_ms, row.ends_ms, &source);
        Appointment {
            outcome_needed: due.contains(&row.crm_id),
            doubtful: dates.doubtful_date(row.starts_ms, row.ends_ms).is_some(),
            doubtful_start: dates.doubtful_date(row.starts_ms, None).is_some(),
            of_type: appointment_type(&row.title, &row.kind, &row.place),
            days: when.map(|when| when.days(&tenant.zone)),
            when,
            moved_from: row.moved_from_ms.and_then(EpochMs::timestamp),
            id: row.crm_id,
            contact: row.client_id,
            name: row.name,
            stage: row.stage,
            kind: row.kind,
            title: row.title,
            place: row.place,
            owner: row.owner,
            status: row.status.trim().to_owned(),
            cancelled: row.cancelled,
        }
    };
    let mut appointments: Vec<Appointment> = rows.into_iter().map(appointment).collect();
    // All-day appointments come first on their day.
    appointments.sort_by_key(|one| {
        let moment = one.when.map(|when| (!when.is_all_day(), when.start(&tenant.zone)));
        (one.when.is_none(), one.days.map(|(first, _)| first), moment)
    });
    Ok(Schedule { read, appointments })
}

/// The IDs of the appointments that need an outcome: those of candidates with an open deal, or without deals in an open stage.
async fn without_outcome<C: Conn>(
    conn: &C,
    tenant: &Tenant,
    board: &Board,
    rows: &[CalendarRow],
    at_ms: EpochMs,
) -> Result<HashSet<String>> {
    let rules = hot_list_rules(conn, tenant.id).await?;
    let source = tenant.source_time().0;
    let blank_is_none = rows.iter().any(|row| !row.status.trim().is_empty());
    let is_missed = |row: &&CalendarRow| {
        let ended = AppointmentTime::of(row.all_day, row.starts_ms, row.ends_ms, &source).map(|when| when.end(&tenant.zone));
        !row.cancelled
            && row.client_id.is_some()
            && ended.is_some_and(|ended| is_due(at_ms, ended.into(), &rules.status))
            && appointment_outcome(&row.status, blank_is_none) == AppointmentOutcome::None
    };
    let missed: Vec<&CalendarRow> = rows.iter().filter(is_missed).collect();
    let contacts: HashSet<ContactId> = missed.iter().filter_map(|row| row.client_id.clone()).collect();
    let contacts: Vec<ContactId> = contacts.into_iter().collect();
    let mut stages: HashMap<ContactId, Vec<Option<String>>> = HashMap::new();
    for (contact, stage) in schedule::deal_stages(conn, tenant.id, &contacts).await? {
        stages.entry(contact).or_default().push(stage);
    }
    let is_open = |stage: Option<&str>| board.role(&board.place(stage)).likely().is_none_or(Role::is_open);
    let is_candidates = |row: &&&CalendarRow| match row.client_id.as_ref().and_then(|contact| stages.get(contact)) {
        _ if !row.of_prospect => false,
        Some(stages) => stages.iter().any(|stage| is_open(stage.as_deref())),
        None => is_open(row.stage.as_deref()),
    };
    Ok(missed.iter().filter(is_candidates).map(|row| row.crm_id.clone()).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::of_the_title("Discovery Day", "appt", "Home office", "Discovery Day")]
    #[case::of_the_kind("Meet the team", "DISCOVERY DAY", "", "Discovery Day")]
    #[case::review_before_call("FDD review call", "appt", "Video call", "FDD review")]
    #[case::signing("Franchise agreement signing", "appt", "Video call", "Agreement")]
    #[case::call("Initial call", "appt", "Phone", "Call")]
    #[case::visit("Site visit", "appt", "", "Meeting")]
    #[case::no_part_of_a_word("Recall notice", "appt", "", "Appointment")]
    #[case::the_crms_own("Lunch", "Tasting", "Zoom", "Tasting")]
    #[case::by_its_place("Ada", "appt", "Zoom", "Meeting")]
    #[case::no_text("", "", "", "Appointment")]
    fn words_decide_the_type(#[case] title: &str, #[case] kind: &str, #[case] place: &str, #[case] expected: &str) {
        assert_eq!(appointment_type(title, kind, place).name(), expected);
    }
}

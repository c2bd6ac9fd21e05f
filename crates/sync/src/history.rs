//! Derives stage moves and value changes from what two reads showed. Pure.

use tetherboard_domain::{Dataset, EpochMs, StageKey};
use tetherboard_store::history::{Transition, ValueChange};
use tetherboard_store::leads::PriorState;

use crate::list_names::ListValue;

/// A contact or deal as a read shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observation<'a> {
    pub(crate) subject: Dataset,
    pub(crate) crm_id: &'a str,
    pub(crate) stage: &'a ListValue,
    pub(crate) created_ms: Option<EpochMs>,
    pub(crate) modified_ms: Option<EpochMs>,
    /// The start of the previous read, which may have ended before this record; `None` if there was none.
    pub(crate) read_before_ms: Option<EpochMs>,
    /// The start of the previous complete read, which showed this record unless it was missing.
    pub(crate) whole_before_ms: Option<EpochMs>,
    pub(crate) now_ms: EpochMs,
}

impl Observation<'_> {
    /// The start of the last read that showed the previous values.
    fn seen_before_ms(&self, previous: &PriorState) -> Option<EpochMs> {
        previous.lost_since_ms.or(self.whole_before_ms)
    }

    /// When a change happened: when the row was last modified if that was between the two reads, otherwise now.
    fn at_ms(&self, seen_before_ms: EpochMs) -> EpochMs {
        self.modified_ms.filter(|ms| *ms > seen_before_ms && *ms <= self.now_ms).unwrap_or(self.now_ms)
    }
}

/// Since when a record has been in its stage, and whether that moment is exact or only a latest possible one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StageSince {
    pub(crate) ms: EpochMs,
    pub(crate) exact: bool,
}

/// Compares a record's stage with its previous one, both by their current names. A blank stage counts as `first_stage`, so that
/// filling in that name later is not a move.
pub(crate) fn track_stage(
    observation: &Observation<'_>,
    previous: Option<&PriorState>,
    first_stage: Option<&StageKey>,
) -> (StageSince, Option<Transition>) {
    let key = |stage: Option<&str>| stage.map(|stage| resolve(StageKey::of(stage), first_stage));
    let Some(previous) = previous else { return (first_observation(observation), None) };
    let (from, to) = (key(previous.stage.as_deref()), key(observation.stage.name.as_deref()));
    let since = StageSince { ms: previous.stage_since_ms, exact: previous.stage_since_exact };
    let (from_id, to_id) =
        (id_of(&previous.stage, &previous.stage_id), id_of(&observation.stage.name, &observation.stage.reference.id));
    // Two stages can have one name, and a blank stage is another one once the list begins with another one.
    let renamed = from == to;
    if renamed && from_id == to_id {
        return (since, None);
    }
    let seen_before_ms =
        observation.seen_before_ms(previous).map_or(previous.stage_since_ms, |ms| ms.max(previous.stage_since_ms));
    let at_ms = observation.at_ms(seen_before_ms);
    let transition = Transition {
        subject: observation.subject,
        crm_id: observation.crm_id.to_owned(),
        from: from.map(|key| key.0),
        to: to.map(|key| key.0),
        from_id,
        to_id,
        since: Some((since.ms, since.exact)),
        renamed,
        seen_before_ms,
        seen_after_ms: observation.now_ms,
        at_ms,
    };
    (if renamed { since } else { StageSince { ms: at_ms, exact: true } }, Some(transition))
}

/// The ID of a stage in a recorded move: blank for a blank stage, which counts as the first one of the moment.
fn id_of(stage: &Option<String>, id: &Option<String>) -> Option<String> {
    id.clone().or_else(|| stage.clone().filter(|stage| stage.is_empty()))
}

/// The values of a contact or deal whose changes are recorded; `None` if unknown.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrackedValues {
    pub(crate) contact_type: Option<i64>,
    /// In cents.
    pub(crate) fee_cents: Option<i64>,
    /// Hundredths of a percent.
    pub(crate) odds: Option<i64>,
    /// `YYYY-MM-DD`.
    pub(crate) close_date: Option<String>,
    /// Plain text.
    pub(crate) whiteboard: Option<String>,
}

impl TrackedValues {
    /// The values that differ from the previous ones. A field that vanished from the CRM's responses did not change.
    pub(crate) fn changes(
        &self,
        observation: &Observation<'_>,
        previous: Option<&PriorState>,
        has_vanished: impl Fn(&str) -> bool,
    ) -> Vec<ValueChange> {
        let Some(previous) = previous else { return Vec::new() };
        let text = |value: Option<i64>| value.map(|value| value.to_string());
        let fields = [
            ("contact_type", text(previous.contact_type), text(self.contact_type)),
            ("fee", text(previous.fee_cents), text(self.fee_cents)),
            ("odds", text(previous.odds), text(self.odds)),
            ("close_date", previous.close_date.clone(), self.close_date.clone()),
            (
                "whiteboard",
                previous.whiteboard.clone().filter(|text| !text.is_empty()),
                self.whiteboard.clone().filter(|text| !text.is_empty()),
            ),
        ];
        let seen_before_ms = observation.seen_before_ms(previous).unwrap_or(observation.now_ms);
        let changed = fields.into_iter().filter(|(field, old, new)| old != new && !has_vanished(field));
        let change = |(field, old, new): (&str, _, _)| ValueChange {
            subject: observation.subject,
            crm_id: observation.crm_id.to_owned(),
            field: field.to_owned(),
            old,
            new,
            seen_before_ms,
            seen_after_ms: observation.now_ms,
            at_ms: observation.at_ms(seen_before_ms),
        };
        changed.map(change).collect()
    }
}

/// For a record that is new to us: exact if it was created since the last read. Otherwise it has been in its stage at
/// least since it was last modified, because a move is a modification.
fn first_observation(observation: &Observation<'_>) -> StageSince {
    let new =
        |created: &EpochMs| observation.read_before_ms.is_some_and(|before| *created > before) && *created <= observation.now_ms;
    if let Some(ms) = observation.created_ms.filter(new) {
        return StageSince { ms, exact: true };
    }
    let ms = observation.modified_ms.filter(|ms| *ms <= observation.now_ms).unwrap_or(observation.now_ms);
    StageSince { ms, exact: false }
}

fn resolve(key: StageKey, first_stage: Option<&StageKey>) -> StageKey {
    match first_stage {
        Some(first) if key.is_blank() => first.clone(),
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tetherboard_store::leads::ListRef;

    fn named(stage: &str) -> ListValue {
        ListValue { name: Some(stage.to_owned()), reference: ListRef::default() }
    }

    fn observation(stage: &ListValue) -> Observation<'_> {
        Observation {
            subject: Dataset::Contacts,
            crm_id: "1",
            stage,
            created_ms: Some(EpochMs(10)),
            modified_ms: Some(EpochMs(150)),
            read_before_ms: Some(EpochMs(100)),
            whole_before_ms: Some(EpochMs(100)),
            now_ms: EpochMs(200),
        }
    }

    fn previous(stage: &str) -> PriorState {
        let stage = Some(stage.to_owned());
        PriorState {
            crm_id: "1".to_owned(),
            stage,
            stage_id: None,
            stage_text: None,
            source: None,
            source_id: None,
            source_text: None,
            contact_type: None,
            stage_since_ms: EpochMs(50),
            stage_since_exact: true,
            fee_cents: Some(100),
            odds: None,
            close_date: None,
            whiteboard: None,
            lost_since_ms: None,
        }
    }

    #[test]
    fn a_move_happened_when_the_row_was_modified_if_that_was_between_the_reads() {
        let (since, moved) = track_stage(&observation(&named("FDD Sent")), Some(&previous("QR Sent")), None);
        assert_eq!(since, StageSince { ms: EpochMs(150), exact: true });
        assert_eq!(moved.unwrap().to.as_deref(), Some("fdd sent"));
        let sent = named("FDD Sent");
        let late = Observation { modified_ms: Some(EpochMs(90)), ..observation(&sent) };
        assert_eq!(track_stage(&late, Some(&previous("QR Sent")), None).0.ms, EpochMs(200));
    }

    #[test]
    fn a_read_that_did_not_show_the_record_does_not_count_as_having_seen_its_stage() {
        let seen_before = |observation: &Observation<'_>, previous: &PriorState| {
            track_stage(observation, Some(previous), None).1.unwrap().seen_before_ms
        };
        let sent = named("FDD Sent");
        let partial = Observation { read_before_ms: Some(EpochMs(180)), ..observation(&sent) };
        assert_eq!(seen_before(&partial, &previous("QR Sent")), EpochMs(100));
        let lost = PriorState { lost_since_ms: Some(EpochMs(70)), ..previous("QR Sent") };
        assert_eq!(seen_before(&partial, &lost), EpochMs(70));
        let moved_since = PriorState { stage_since_ms: EpochMs(120), ..previous("QR Sent") };
        assert_eq!(seen_before(&partial, &moved_since), EpochMs(120));
    }

    #[test]
    fn a_blank_stage_that_is_filled_with_the_first_stages_name_is_not_a_move() {
        let first = StageKey::of("New Lead");
        let (since, moved) = track_stage(&observation(&named(" NEW lead")), Some(&previous("")), Some(&first));
        assert_eq!((since.ms, moved.map(|moved| moved.renamed)), (EpochMs(50), Some(true)));
    }

    #[test]
    fn a_new_records_stage_date_is_exact_only_if_it_was_created_since_the_last_read() {
        assert_eq!(track_stage(&observation(&named("X")), None, None).0, StageSince { ms: EpochMs(150), exact: false });
        let stage = named("X");
        let new = Observation { created_ms: Some(EpochMs(120)), ..observation(&stage) };
        assert_eq!(track_stage(&new, None, None).0, StageSince { ms: EpochMs(120), exact: true });
    }

    #[test]
    fn a_changed_value_has_its_old_and_new_value_and_a_vanished_field_did_not_change() {
        let values = TrackedValues { odds: Some(5_000), ..TrackedValues::default() };
        let changes = values.changes(&observation(&named("X")), Some(&previous("X")), |field| field == "fee");
        let [odds] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!((odds.field.as_str(), odds.old.as_deref(), odds.new.as_deref()), ("odds", None, Some("5000")));
        assert_eq!((odds.seen_before_ms, odds.at_ms), (EpochMs(100), EpochMs(150)));
        assert!(values.changes(&observation(&named("X")), None, |_| false).is_empty());
    }
}

//! A stage change, told from what two reads saw.

use tetherboard_domain::{Dataset, EpochMs, StageKey};
use tetherboard_store::history::{Transition, ValueChange};
use tetherboard_store::leads::PriorState;

/// What is known when a contact or deal is seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) subject: Dataset,
    pub(crate) crm_id: &'a str,
    /// Trimmed; `None` is a value that was no text.
    pub(crate) stage: Option<&'a str>,
    pub(crate) created_ms: Option<EpochMs>,
    pub(crate) modified_ms: Option<EpochMs>,
    /// The start of the read before this one, which need not have reached it; `None` when there was none.
    pub(crate) read_before_ms: Option<EpochMs>,
    /// The start of the whole read before this one, which showed it unless it was missing.
    pub(crate) whole_before_ms: Option<EpochMs>,
    pub(crate) now_ms: EpochMs,
}

impl Sight<'_> {
    /// The start of the last read that saw what stood before.
    fn seen_before_ms(&self, before: &PriorState) -> Option<EpochMs> {
        before.lost_since_ms.or(self.whole_before_ms)
    }

    /// A change is a modification, so it happened when the row was modified if that lies between the two reads.
    fn at_ms(&self, seen_before_ms: EpochMs) -> EpochMs {
        self.modified_ms.filter(|ms| *ms > seen_before_ms && *ms <= self.now_ms).unwrap_or(self.now_ms)
    }
}

/// Since when it has been in its stage, and whether the move into it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since {
    pub(crate) ms: EpochMs,
    pub(crate) exact: bool,
}

/// `first_stage` is where a blank stage stands: a name filled in later is no move.
pub(crate) fn follow(
    sight: &Sight<'_>,
    before: Option<&PriorState>,
    first_stage: Option<&StageKey>,
) -> (Since, Option<Transition>) {
    let key = |stage: Option<&str>| stage.map(|stage| resolve(StageKey::of(stage), first_stage));
    let Some(before) = before else { return (first_sight(sight), None) };
    let (from, to) = (key(before.stage.as_deref()), key(sight.stage));
    if from == to {
        return (Since { ms: before.stage_since_ms, exact: before.stage_since_exact }, None);
    }
    let seen_before_ms = sight.seen_before_ms(before).map_or(before.stage_since_ms, |ms| ms.max(before.stage_since_ms));
    let at_ms = sight.at_ms(seen_before_ms);
    let transition = Transition {
        subject: sight.subject,
        crm_id: sight.crm_id.to_owned(),
        from: from.map(|key| key.0),
        to: to.map(|key| key.0),
        seen_before_ms,
        seen_after_ms: sight.now_ms,
        at_ms,
    };
    (Since { ms: at_ms, exact: true }, Some(transition))
}

/// What a contact or deal is worth, and when; what is unknown is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub(crate) fee_cents: Option<i64>,
    /// Hundredths of a percent.
    pub(crate) odds: Option<i64>,
    /// `YYYY-MM-DD`.
    pub(crate) close_date: Option<String>,
    /// Plain text.
    pub(crate) whiteboard: Option<String>,
}

impl Values {
    /// What is otherwise than it stood; a field that vanished from the CRM's answers did not change.
    pub(crate) fn changes(
        &self,
        sight: &Sight<'_>,
        before: Option<&PriorState>,
        has_vanished: impl Fn(&str) -> bool,
    ) -> Vec<ValueChange> {
        let Some(before) = before else { return Vec::new() };
        let text = |value: Option<i64>| value.map(|value| value.to_string());
        let fields = [
            ("fee", text(before.fee_cents), text(self.fee_cents)),
            ("odds", text(before.odds), text(self.odds)),
            ("close_date", before.close_date.clone(), self.close_date.clone()),
            (
                "whiteboard",
                before.whiteboard.clone().filter(|text| !text.is_empty()),
                self.whiteboard.clone().filter(|text| !text.is_empty()),
            ),
        ];
        let seen_before_ms = sight.seen_before_ms(before).unwrap_or(sight.now_ms);
        let changed = fields.into_iter().filter(|(field, old, new)| old != new && !has_vanished(field));
        let change = |(field, old, new): (&str, _, _)| ValueChange {
            subject: sight.subject,
            crm_id: sight.crm_id.to_owned(),
            field: field.to_owned(),
            old,
            new,
            seen_before_ms,
            seen_after_ms: sight.now_ms,
            at_ms: sight.at_ms(seen_before_ms),
        };
        changed.map(change).collect()
    }
}

/// Seen for the first time: exact when it was created since the last read. Otherwise it has been in its stage at least
/// since it was last modified, because a move is a modification.
fn first_sight(sight: &Sight<'_>) -> Since {
    let new = |created: &EpochMs| sight.read_before_ms.is_some_and(|before| *created > before) && *created <= sight.now_ms;
    if let Some(ms) = sight.created_ms.filter(new) {
        return Since { ms, exact: true };
    }
    let ms = sight.modified_ms.filter(|ms| *ms <= sight.now_ms).unwrap_or(sight.now_ms);
    Since { ms, exact: false }
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

    fn sight(stage: Option<&str>) -> Sight<'_> {
        Sight {
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

    fn standing(stage: &str) -> PriorState {
        let stage = Some(stage.to_owned());
        PriorState {
            crm_id: "1".to_owned(),
            stage,
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
    fn a_move_happened_when_the_row_was_modified_if_that_lies_between_the_reads() {
        let (since, moved) = follow(&sight(Some("FDD Sent")), Some(&standing("QR Sent")), None);
        assert_eq!(since, Since { ms: EpochMs(150), exact: true });
        assert_eq!(moved.unwrap().to.as_deref(), Some("fdd sent"));
        let late = Sight { modified_ms: Some(EpochMs(90)), ..sight(Some("FDD Sent")) };
        assert_eq!(follow(&late, Some(&standing("QR Sent")), None).0.ms, EpochMs(200));
    }

    #[test]
    fn a_read_that_did_not_show_it_saw_no_stage() {
        let seen_before = |sight: &Sight<'_>, before: &PriorState| follow(sight, Some(before), None).1.unwrap().seen_before_ms;
        let partial = Sight { read_before_ms: Some(EpochMs(180)), ..sight(Some("FDD Sent")) };
        assert_eq!(seen_before(&partial, &standing("QR Sent")), EpochMs(100));
        let lost = PriorState { lost_since_ms: Some(EpochMs(70)), ..standing("QR Sent") };
        assert_eq!(seen_before(&partial, &lost), EpochMs(70));
        let moved_since = PriorState { stage_since_ms: EpochMs(120), ..standing("QR Sent") };
        assert_eq!(seen_before(&partial, &moved_since), EpochMs(120));
    }

    #[test]
    fn a_blank_stage_that_gets_the_first_stages_name_did_not_move() {
        let first = StageKey::of("New Lead");
        let (since, moved) = follow(&sight(Some(" NEW lead")), Some(&standing("")), Some(&first));
        assert_eq!((since.ms, moved.is_none()), (EpochMs(50), true));
    }

    #[test]
    fn a_first_sight_is_exact_only_for_what_was_created_since_the_last_read() {
        assert_eq!(follow(&sight(Some("X")), None, None).0, Since { ms: EpochMs(150), exact: false });
        let new = Sight { created_ms: Some(EpochMs(120)), ..sight(Some("X")) };
        assert_eq!(follow(&new, None, None).0, Since { ms: EpochMs(120), exact: true });
    }

    #[test]
    fn a_value_that_changed_says_from_what_to_what_and_one_that_vanished_did_not_change() {
        let values = Values { odds: Some(5_000), ..Values::default() };
        let changes = values.changes(&sight(None), Some(&standing("X")), |field| field == "fee");
        let [odds] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!((odds.field.as_str(), odds.old.as_deref(), odds.new.as_deref()), ("odds", None, Some("5000")));
        assert_eq!((odds.seen_before_ms, odds.at_ms), (EpochMs(100), EpochMs(150)));
        assert!(values.changes(&sight(None), None, |_| false).is_empty());
    }
}

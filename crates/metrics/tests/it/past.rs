//! In random histories, the past is what was shown at the time, and the movement between any two moments adds up.

use proptest::prelude::*;
use tetherboard_domain::{EpochMs, Money};
use tetherboard_metrics::{
    MovementKind, Pipeline, Span, deals_at, flow, funnel, furthest_stages, movement, outcomes, pipeline_at, prospects_at,
    stage_changes, stage_stays, time_in_stage,
};

use crate::world::{Event, HOUR_MS, STAGES, START_MS, StageFigures, World, board};

fn fee() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![Just(None), (1_i64..10_000_000).prop_map(Some)]
}

fn odds() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![Just(None), (0_i64..=10_000).prop_map(Some)]
}

fn event() -> impl Strategy<Value = Event> {
    let (stage, of) = (0..STAGES.len(), 0_usize..64);
    prop_oneof![
        4 => (stage.clone(), fee()).prop_map(|(stage, fee)| Event::AddContact { stage, fee }),
        3 => (proptest::option::of(of.clone()), stage.clone(), fee(), odds())
            .prop_map(|(contact, stage, fee, odds)| Event::AddDeal { contact, stage, fee, odds }),
        4 => (of.clone(), stage.clone()).prop_map(|(contact, stage)| Event::MoveContact { contact, stage }),
        4 => (of.clone(), stage).prop_map(|(deal, stage)| Event::MoveDeal { deal, stage }),
        2 => (of.clone(), fee()).prop_map(|(contact, fee)| Event::PriceContact { contact, fee }),
        2 => (of.clone(), fee()).prop_map(|(deal, fee)| Event::PriceDeal { deal, fee }),
        1 => (of.clone(), odds()).prop_map(|(deal, odds)| Event::Reckon { deal, odds }),
        1 => of.clone().prop_map(|contact| Event::LoseContact { contact }),
        1 => of.clone().prop_map(|deal| Event::LoseDeal { deal }),
        1 => of.clone().prop_map(|contact| Event::ReturnContact { contact }),
        1 => of.clone().prop_map(|deal| Event::ReturnDeal { deal }),
        2 => (of.clone(), any::<bool>()).prop_map(|(contact, prospect)| Event::Retype { contact, prospect }),
        2 => (of.clone(), proptest::option::of(of)).prop_map(|(deal, contact)| Event::Relink { deal, contact }),
    ]
}

fn shown(pipeline: &Pipeline) -> StageFigures {
    let held = pipeline.stages.iter().filter(|line| line.contacts > 0 || line.deals > 0);
    let line = |line: &tetherboard_metrics::StageLine| (line.contacts, line.deals, line.value.0, line.weighted.0);
    held.map(|held| (held.stage.clone().unwrap(), line(held))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_past_moment_is_as_it_was_shown_at_the_time(events in proptest::collection::vec(event(), 1..60), cut in 0_usize..60) {
        let cut = cut.min(events.len());
        let (then, now) = (World::of(&events[..cut]), World::of(&events));
        let history = now.history();
        // The next event is seen at this very moment.
        prop_assert_eq!(shown(&pipeline_at(&history, then.now_ms)), then.shown());
        let pipeline = pipeline_at(&history, EpochMs::MAX);
        prop_assert_eq!(shown(&pipeline), now.shown());
        prop_assert_eq!((pipeline.value.0, pipeline.open_deals), now.open());

        let rows = deals_at(&history, then.now_ms);
        let past = pipeline_at(&history, then.now_ms);
        for line in &past.stages {
            let of = rows.iter().filter(|row| row.place == line.place);
            prop_assert_eq!(of.clone().count() as i64, line.deals);
            prop_assert_eq!(of.filter_map(|row| row.weighted()).sum::<Money>(), line.weighted);
            let people = prospects_at(&history, then.now_ms).into_iter().filter(|row| row.place == line.place);
            prop_assert_eq!(people.count() as i64, line.contacts);
        }
        let open = past.stages.iter().filter(|line| line.role.is_open());
        prop_assert_eq!(open.clone().map(|line| line.weighted).sum::<Money>(), past.weighted);
        prop_assert_eq!(open.map(|line| line.deals).sum::<i64>(), past.open_deals);
    }

    #[test]
    fn the_waterfall_adds_up_to_the_cent(
        events in proptest::collection::vec(event(), 1..60), first in 0_usize..60, last in 0_usize..60,
    ) {
        let (first, last) = (first.min(last).min(events.len()), first.max(last).min(events.len()));
        let (opening, closing, now) = (World::of(&events[..first]), World::of(&events[..last]), World::of(&events));
        let history = now.history();
        let until_ms = if last == events.len() { EpochMs::MAX } else { closing.now_ms };
        let moved = movement(&history, Span { from_ms: opening.now_ms, until_ms }).unwrap();
        prop_assert_eq!((moved.opening.value.0, moved.opening.deals), opening.open());
        prop_assert_eq!((moved.closing.value.0, moved.closing.deals), closing.open());
        let steps: i64 = moved.steps.iter().map(|step| step.amount.0).sum();
        prop_assert_eq!(moved.opening.value.0 + steps, moved.closing.value.0);
        for step in &moved.steps {
            let rows = moved.rows.iter().filter(|row| row.kind == step.kind);
            prop_assert_eq!(rows.clone().count() as i64, step.deals);
            prop_assert_eq!(rows.filter_map(|row| row.amount).sum::<Money>(), step.amount);
            let adds = matches!(step.kind, MovementKind::New | MovementKind::Up | MovementKind::Reopened);
            prop_assert!(if adds { step.amount.0 >= 0 } else { step.amount.0 <= 0 }, "{:?}", step);
        }
        let moved_in = |kinds: &[MovementKind]| kinds.iter().map(|kind| moved.step(*kind).deals).sum::<i64>();
        let came = moved_in(&[MovementKind::New, MovementKind::Reopened]);
        let comes = [MovementKind::New, MovementKind::Up, MovementKind::Down, MovementKind::Reopened];
        let leaves: Vec<MovementKind> = MovementKind::ALL.into_iter().filter(|kind| !comes.contains(kind)).collect();
        let left = moved_in(&leaves);
        prop_assert_eq!(moved.opening.deals + came - left, moved.closing.deals);
    }

    #[test]
    fn every_count_has_a_list_of_the_same_length(events in proptest::collection::vec(event(), 1..80), from in 0_i64..80) {
        let (world, board) = (World::of(&events), board());
        let history = world.history();
        let span = Span { from_ms: START_MS + from * HOUR_MS, until_ms: EpochMs::MAX };
        let reached = furthest_stages(&history, &board, span);
        let funnel = funnel(&board, &reached);
        prop_assert!(funnel.known <= funnel.created);
        prop_assert_eq!(funnel.stages[0].reached, funnel.known);
        prop_assert!(funnel.stages.windows(2).all(|pair| pair[1].reached <= pair[0].reached));
        if let Some(stage_changes) = stage_changes(&history, span) {
            let links = flow(&history, &stage_changes);
            prop_assert_eq!(links.iter().map(|link| link.candidates).sum::<i64>(), stage_changes.len() as i64);
            for link in &links {
                let rows = stage_changes.iter().filter(|row| row.from == link.from.stage && row.to == link.to.stage);
                prop_assert_eq!(rows.count() as i64, link.candidates);
            }
        }
        let stage_stays = stage_stays(&history, world.now_ms);
        prop_assert_eq!(time_in_stage(&stage_stays).iter().map(|(_, _, typical)| typical.n).sum::<usize>(), stage_stays.len());
        prop_assert!(outcomes(&history, span).iter().all(|outcome| span.contains(outcome.at_ms)));
    }
}

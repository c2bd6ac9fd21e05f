//! The deals as a board: a column per stage, in the CRM's order.

use std::sync::Arc;

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DAY, EpochMs, Money};
use tetherboard_metrics::{LeadGroup, StageLine};
use tetherboard_store::Result as StoreResult;
use tetherboard_store::deals::{self, DealRow};
use tetherboard_store::tenants::Tenant;

use crate::address::label::with_label;
use crate::address::links;
use crate::cache::CacheKey;
use crate::parts::candidate::candidate_name;
use crate::parts::format::{count, number};
use crate::parts::shell::Shell;
use crate::parts::stages::{role_class, stage_name};
use crate::parts::time;
use crate::read::deal_list::DealFacts;
use crate::read::numbers::Numbers;
use crate::state::Portal;

/// Cards in a column; the rest is one click away.
const CARDS: usize = 12;

#[derive(Clone, PartialEq, Eq, Hash)]
struct BoardCardsKey;

impl CacheKey for BoardCardsKey {
    type Value = Vec<DealRow>;

    fn size(cards: &Vec<DealRow>) -> usize {
        size_of::<Vec<DealRow>>() + 400 * cards.len()
    }
}

/// The deals with the highest fees of each stage.
pub(super) async fn load(portal: &Portal, tenant: &Tenant, now: Timestamp) -> StoreResult<Arc<Vec<DealRow>>> {
    let load = || deals::top_by_stage(portal.store.conn(), tenant.id, count(CARDS));
    portal.cache.get(tenant, now, BoardCardsKey, load).await
}

/// The board.
pub(super) fn board(shell: &Shell<'_>, numbers: &Numbers, cards: &[DealRow]) -> Markup {
    let board = &numbers.board;
    let is_shown = |line: &&StageLine| board.is_in(LeadGroup::Pipeline, &line.place);
    let columns: Vec<&StageLine> = numbers.pipeline.stages.iter().filter(is_shown).collect();
    html! {
        @if columns.is_empty() {
            div.empty { h2 { "No stages yet" } }
        } @else {
            div.scroll.board tabindex="0" role="region" aria-label="Deals by stage" {
                @for line in columns {
                    // Deals without a stage are in the first column.
                    @let cards = cards.iter().filter(|row| board.place(row.stage.as_deref()) == line.place);
                    (column(shell, numbers, line, cards))
                }
            }
        }
    }
}

fn column<'a>(shell: &Shell<'_>, numbers: &'a Numbers, line: &StageLine, cards: impl Iterator<Item = &'a DealRow>) -> Markup {
    let name = line.stage.as_deref();
    let list = with_label(links::pipeline(&shell.tenant().slug), "stage", name).url();
    let mut cards: Vec<&DealRow> = cards.collect();
    cards.sort_by_key(|row| std::cmp::Reverse((row.fee_cents, row.stage_since_ms)));
    cards.truncate(CARDS);
    let more = line.deals - count(cards.len());
    html! {
        section.board-column aria-label=(stage_name(name)) {
            h3 title=(stage_name(name)) {
                i class=(format!("sw r-{}", role_class(line.role))) {} span.t { (stage_name(name)) }
            }
            p.sub {
                @if line.deals > 0 { a href=(list) data-count=(line.deals) { (number(line.deals)) } } @else { "0" }
                @if line.fees_known > 0 { " · " (line.value.short()) }
            }
            @if !cards.is_empty() {
                ul { @for row in &cards { (card(shell, numbers, row)) } }
            }
            @if more > 0 { a.board-more href=(list) { (number(more)) " more" } }
        }
    }
}

fn card(shell: &Shell<'_>, numbers: &Numbers, row: &DealRow) -> Markup {
    let fee = DealFacts::of(&numbers.board, row).fee.map(Money::short);
    let days = (EpochMs::from(shell.now) - row.stage_since_ms).max(0) / DAY;
    html! {
        li {
            (candidate_name(&shell.tenant().slug, row.contact_id.as_ref(), &row.name))
            span {
                @match fee { Some(fee) => (fee), None => span.muted { "fee unknown" } }
                span.muted { (time::days(days, row.stage_since_exact)) }
            }
        }
    }
}

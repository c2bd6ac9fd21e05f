//! The deals as a board to read: a column for each stage, in the CRM's order.

use std::sync::Arc;

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DAY, EpochMs};
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
use crate::parts::stages::{role_class, shown};
use crate::read::deal_list::DealFacts;
use crate::read::numbers::Numbers;
use crate::state::Portal;

/// Cards that a column shows; the rest is a click away.
const MOST: usize = 12;

#[derive(Clone, PartialEq, Eq, Hash)]
struct BoardCardsKey;

impl CacheKey for BoardCardsKey {
    type Value = Vec<DealRow>;

    fn size(cards: &Vec<DealRow>) -> usize {
        size_of::<Vec<DealRow>>() + 400 * cards.len()
    }
}

pub(super) async fn load(portal: &Portal, tenant: &Tenant, now: Timestamp) -> StoreResult<Arc<Vec<DealRow>>> {
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let leading = || deals::top_by_stage(portal.store.conn(), tenant.id, most);
    portal.cache.get(tenant, now, BoardCardsKey, leading).await
}

pub(super) fn board(shell: &Shell<'_>, numbers: &Numbers, leading: &[DealRow]) -> Markup {
    let board = &numbers.board;
    let shown = |line: &&StageLine| board.is_in(LeadGroup::Pipeline, &line.place);
    let columns: Vec<&StageLine> = numbers.pipeline.stages.iter().filter(shown).collect();
    html! {
        @if columns.is_empty() {
            div.empty { h2 { "No stages yet" } }
        } @else {
            div.scroll.board tabindex="0" role="region" aria-label="Deals by stage" {
                @for line in columns {
                    // A blank stage stands in the first, so its cards are the first's too.
                    @let cards = leading.iter().filter(|row| board.place(row.stage.as_deref()) == line.place);
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
    cards.truncate(MOST);
    let more = line.deals - count(cards.len());
    html! {
        section.board-column aria-label=(shown(name)) {
            h3 title=(shown(name)) { i class=(format!("sw r-{}", role_class(line.role))) {} span.t { (shown(name)) } }
            p.sub {
                @if line.deals > 0 { a href=(list) data-count=(line.deals) { (number(line.deals)) } } @else { "0" }
                @if line.fees_known > 0 { " · " (line.value.short()) }
            }
            @if !cards.is_empty() {
                ul { @for row in &cards { (card(shell, numbers, row)) } }
            }
            @if more > 0 { a.board-more href=(list) { "and " (number(more)) " more" } }
        }
    }
}

fn card(shell: &Shell<'_>, numbers: &Numbers, row: &DealRow) -> Markup {
    let deal = DealFacts::of(&numbers.board, row);
    let days = (EpochMs::from(shell.now) - row.stage_since_ms).max(0) / DAY;
    html! {
        li {
            (candidate_name(&shell.tenant().slug, row.contact_id.as_ref(), &row.name))
            span {
                @match deal.fee { Some(fee) => (fee.short()), None => span.muted { "fee not known" } }
                span.muted { @if !row.stage_since_exact { "≥ " } (number(days)) " d" }
            }
        }
    }
}

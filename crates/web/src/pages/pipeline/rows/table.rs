//! The rows as a table, and as CSV.

use axum::response::Response;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{DAY, Money};
use tetherboard_store::tenants::Tenant;

use super::super::movement::move_name;
use super::RowsView;
use super::address::Show;
use super::query::{Cell, Row};
use crate::http::csv::{self, FileName};
use crate::parts::candidate::candidate_name;
use crate::parts::format::weighted_fee;
use crate::parts::shell::Shell;
use crate::parts::stages::stage;
use crate::parts::table::{Sorting, or_dash, or_unknown};
use crate::parts::time;

/// The table of a page of rows.
pub(super) fn table(shell: &Shell<'_>, view: &RowsView) -> Markup {
    let show = view.address.show;
    let (column, descending) = view.address.sort.map_or(("", false), |(index, descending)| (show.column(index), descending));
    let list = view.address.list(&shell.tenant().slug);
    let sorting = Sorting { list: &list, column, descending };
    let is_number = |key: &str| matches!(key, "amount" | "weighted" | "odds" | "took");
    let descends_first = |key: &str| !matches!(key, "change" | "from" | "to" | "stage");
    html! {
        div.scroll tabindex="0" role="region" aria-label=(show.title()) {
            table.table data-total=(view.total()) {
                thead { tr {
                    (sorting.header("Candidate", "name", "", false))
                    @for (key, name) in show.columns() {
                        (sorting.header(name, key, if is_number(key) { "num" } else { "" }, descends_first(key)))
                    }
                } }
                tbody { @for row in view.shown() { (table_row(shell, view, row)) } }
            }
        }
    }
}

fn table_row(shell: &Shell<'_>, view: &RowsView, row: &Row) -> Markup {
    let (name, subtitle) = (view.names.candidate(&row.who), view.names.subtitle(&row.who));
    html! {
        tr {
            th scope="row" {
                (candidate_name(&shell.tenant().slug, row.who.contact.as_ref(), name))
                @if !subtitle.is_empty() { span.l2.t title=(subtitle) { (subtitle) } }
            }
            @for cell in &row.cells { (table_cell(shell, view, cell)) }
        }
    }
}

fn table_cell(shell: &Shell<'_>, view: &RowsView, cell: &Cell) -> Markup {
    let (board, zone) = (&view.board, &shell.tenant().zone);
    let is_change = matches!(view.address.show, Show::Moves(_));
    let signed = |amount: Money| format!("{}{amount}", if is_change && amount.0 > 0 { "+" } else { "" });
    html! {
        @match cell {
            Cell::Change(kind) => td.nowrap { (move_name(*kind)) },
            Cell::Stage(Some(name)) => td { (stage(name.as_deref(), board.role(&board.place(name.as_deref())))) },
            Cell::Stage(None) => td { span.muted { "—" } },
            Cell::At(ms) => td.nowrap {
                @if let Some(moment) = ms.timestamp() {
                    time datetime=(moment) title=(time::exact(moment, zone)) {
                        (time::day_of_year(zone.date(moment), zone.date(shell.now)))
                    }
                }
            },
            Cell::Amount(amount) => td.num { (or_unknown(amount.map(signed))) },
            Cell::Weighted(fee, weighted) => td.num { (weighted_fee(*fee, *weighted)) },
            Cell::Odds(odds) => td.num.muted { (or_dash(odds.map(|odds| odds.to_string()))) },
            Cell::Duration(ms) => td.num { (time::span(*ms)) },
        }
    }
}

/// Every row as CSV.
pub(super) fn as_csv(view: &RowsView, tenant: &Tenant, today: Date) -> Response {
    let show = view.address.show;
    let mut header = vec!["Candidate", "Deal"];
    header.extend(show.columns().iter().map(|(_, name)| *name));
    header.extend(["ClientTether contact id", "ClientTether deal id"]);
    let rows = view.rows.iter().map(|row| {
        let deal = view.names.deal(&row.who).map(|deal| deal.title.clone()).unwrap_or_default();
        let mut cells = vec![view.names.candidate(&row.who).to_owned(), deal];
        cells.extend(row.cells.iter().map(csv_cell));
        cells.extend([row.who.contact.clone().unwrap_or_default().into(), row.who.deal.clone().unwrap_or_default().into()]);
        cells
    });
    let days = match (show.is_of_one_day(), show.has_period()) {
        (true, _) => view.as_of.map(|as_of| (as_of.day, as_of.day)),
        (false, true) => Some(view.address.period.period().days(today)),
        (false, false) => None,
    };
    let days = (days.map(|(first, _)| first), days.map(|(_, last)| last));
    csv::download(&FileName { brand: tenant, page: &format!("pipeline-{}", show.word()), days, today }, &header, rows)
}

fn csv_cell(cell: &Cell) -> String {
    match cell {
        Cell::Change(kind) => move_name(*kind).to_owned(),
        Cell::Stage(stage) => stage.clone().flatten().unwrap_or_default(),
        Cell::At(ms) => ms.timestamp().map(|moment| moment.to_string()).unwrap_or_default(),
        Cell::Amount(amount) | Cell::Weighted(_, amount) => amount.map(Money::plain).unwrap_or_default(),
        Cell::Odds(odds) => odds.map(|odds| odds.percent().to_string()).unwrap_or_default(),
        // In days, to two decimals.
        Cell::Duration(ms) => format!("{:.2}", *ms as f64 / DAY as f64),
    }
}

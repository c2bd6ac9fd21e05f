//! What a field's rule finds in saved rows, compared with the current rule.

use maud::{Markup, html};
use tetherboard_crm_records::mapping::FieldPreview;

use super::field::FieldView;
use super::preview::{Example, Preview};
use crate::parts::format::{counted, number, percent};
use crate::parts::shell::EMPTY;
use crate::parts::{icon, time};

impl FieldView<'_> {
    pub(super) fn outcome(&self) -> Markup {
        match &self.preview {
            Some(preview) => self.preview_card(preview),
            None if self.sample.rows.is_empty() => html! {
                section.card { div.empty {
                    span.disc.quiet { (icon("clock", 20)) }
                    h2 { "Nothing has been read yet" }
                    p { "The built-in places are used. After the first sync, a preview of the rule on real rows appears here." }
                } }
            },
            None => EMPTY,
        }
    }

    fn preview_card(&self, preview: &Preview) -> Markup {
        let title = if self.is_new { "Preview on saved rows" } else { "Current rule on saved rows" };
        html! {
            section.card {
                div.card-head {
                    h2 { (title) }
                    span.sub {
                        (counted(preview.rows, "row", "rows"))
                        @if let Some(read_at) = self.sample.read_at { ", synced " (time::exact(read_at, &self.tenant.zone)) }
                    }
                }
                (self.stats(preview))
                @if preview.tally.not_single > 0 { (nested_notice(preview.tally.not_single)) }
                (self.places(preview))
                (self.examples(preview))
            }
        }
    }

    fn stats(&self, preview: &Preview) -> Markup {
        let (tally, before) = (&preview.tally, &preview.before);
        let blank = |given: i64, unreadable: i64| preview.rows - given - unreadable;
        let blank = (blank(tally.given, tally.unreadable), blank(before.given, before.unreadable));
        html! {
            div.stats.mt2 {
                (self.stat("With a value", tally.given, before.given, preview))
                (self.stat("Unreadable", tally.unreadable, before.unreadable, preview))
                (self.stat("Blank", blank.0, blank.1, preview))
                div.stat {
                    span.k { "Rows that change" }
                    span.v { (number(preview.changed)) }
                    span.d { @if self.is_new { "from the current rule" } @else { "this is the current rule" } }
                }
            }
        }
    }

    fn stat(&self, label: &str, now: i64, before: i64, preview: &Preview) -> Markup {
        html! {
            div.stat {
                span.k { (label) }
                span.v { (number(now)) small { " of " (number(preview.rows)) } }
                span.d { @if self.is_new { (number(before)) " with the current rule" } @else { (percent(now, preview.rows)) } }
            }
        }
    }

    /// How many values came from each place.
    fn places(&self, preview: &Preview) -> Markup {
        let places = self.rule.as_ref().map(|rule| rule.places.as_slice()).unwrap_or_default();
        html! {
            @if !places.is_empty() {
                div.card-body { ol.places.counted-places {
                    @for place in places {
                        @let given = preview.tally.of_place.get(place).copied().unwrap_or(0);
                        li {
                            code { (place) } " "
                            @if given > 0 { "used in " (counted(given, "row", "rows")) }
                            @else {
                                span.muted {
                                    "used in no row"
                                    @if place.ends_with(char::is_whitespace) { "; the place ends in a space" }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }

    fn examples(&self, preview: &Preview) -> Markup {
        html! {
            div.scroll tabindex="0" role="region" aria-label="Examples" {
                table.table.mapped {
                    caption.sr { "Examples" }
                    thead { tr {
                        th scope="col" { "Row" }
                        th scope="col" { "Place" }
                        th scope="col" { "Original" }
                        th scope="col" { "Read as" }
                        @if self.is_new { th scope="col" { "Current rule" } th scope="col" { span.sr { "Change" } } }
                    } }
                    tbody { @for example in &preview.examples { (self.example(example)) } }
                }
            }
        }
    }

    fn example(&self, example: &Example) -> Markup {
        let id = example.id.as_deref().unwrap_or("no ID");
        html! {
            tr {
                th scope="row" {
                    @if example.name.is_empty() { (id) }
                    @else { span.t title=(example.name) { (example.name) } span.l2 { (id) } }
                }
                td { @match &example.look.place { Some(place) => code { (place) }, None => span.muted { "—" } } }
                td { @match &example.look.raw { Some(raw) => code.t title=(raw) { (raw) }, None => span.muted { "—" } } }
                td { (value(&example.look)) }
                @if self.is_new {
                    td { (value(&example.before)) }
                    td { @if example.changes() { span.badge.info { (icon("arrow-right", 14)) "Changes" } } }
                }
            }
        }
    }
}

/// Explains how to read a value inside a list or an object.
fn nested_notice(rows: i64) -> Markup {
    html! {
        div.card-body { p.notice.warning { (icon("circle-alert", 15)) span {
            "In " (counted(rows, "row", "rows")) ", the value is a list or an object. Extend the place: " code { "/" }
            " and a number from 0 for a list, " code { "/" } " and a key for an object."
        } } }
    }
}

fn value(look: &FieldPreview) -> Markup {
    match &look.value {
        Ok(Some(value)) => html! { span.t title=(value) { (value) } },
        Ok(None) => html! { span.muted { "blank" } },
        Err(reason) => html! {
            span.badge.danger { (icon("circle-x", 14)) "Unreadable" } span.l2.why { (reason) }
        },
    }
}

//! The form of a field's rule: places, date formats, and zone.

use jiff::civil::date;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::field::FieldView;
use super::rule_form::{Fault, Part};
use crate::address::links;
use crate::parts::{icon, time};

impl FieldView<'_> {
    pub(super) fn form(&self) -> Markup {
        let address = links::mapped_field(&self.tenant.slug, self.dataset, self.spec.name).url();
        let source = if self.is_own { "uses this brand’s own rule" } else { "uses the built-in places" };
        html! {
            section.card {
                div.card-head { h2 { "Where to find the value" } span.sub { (source) } }
                form.card-body.rule-form method="get" action=(address) {
                    (self.part(Part::Places, "Places, one per line, tried in order", &self.places_hint()))
                    @if self.spec.kind.is_date() {
                        (self.part(Part::Formats, "Date formats, one per line", &self.formats_hint()))
                        (self.part(Part::Zone, "Time zone of values without one", &self.zone_hint()))
                    } @else if let Some(Fault { why, .. }) = self.faults.iter().find(|fault| fault.part != Part::Places) {
                        p.hint.danger id="rule-fault" { (icon("circle-alert", 14)) span { (sentence(why)) } }
                    }
                    div.flex.wrapf {
                        button.btn { (icon("eye", 14)) "Preview" }
                        button.btn.primary formmethod="post" { "Save" }
                        span.sub { "Saving processes all stored responses again." }
                    }
                }
                @if self.is_own { (self.reset_form(&address)) }
            }
        }
    }

    fn reset_form(&self, address: &str) -> Markup {
        html! {
            form.card-foot method="post" action=(address) {
                input type="hidden" name="to" value="built-in";
                button.btn { (icon("undo-2", 14)) "Reset to built-in places" }
                @if self.spec.places.is_empty() { span { "There are none for this field: it will be blank." } }
            }
        }
    }

    fn places_hint(&self) -> Markup {
        let built_in = self.spec.places.join(", ");
        html! {
            "A key, such as " code { "city" } ", or a JSON pointer into a list or object, such as "
            code { "/custom_fields/0/value" } ". In a pointer, write " code { "~1" } " for a slash in a key and " code { "~0" }
            " for a tilde. "
            @if built_in.is_empty() { "There are no built-in places: without a place, the field is blank." }
            @else { "Built in: " code { (built_in) } "." }
        }
    }

    fn formats_hint(&self) -> Markup {
        let built_in: Vec<String> = self.spec.formats.iter().map(|format| formatted(format)).collect();
        html! { "Leave blank for the built-in formats: " (built_in.join(", or ")) "." }
    }

    fn zone_hint(&self) -> Markup {
        let zone = self.tenant.source_time().0;
        html! { "An IANA name, such as America/Chicago. Leave blank for the account’s zone, " (time::zone_name(&zone)) "." }
    }

    /// A part of the form with its label, hint, and error.
    fn part(&self, part: Part, label: &str, hint: &Markup) -> Markup {
        let (name, text, lines) = match part {
            Part::Places => ("places", &self.text.places, 4),
            Part::Formats => ("forms", &self.text.formats, 3),
            Part::Zone => ("zone", &self.text.zone, 1),
        };
        let fault = self.faults.iter().find(|fault| fault.part == part);
        let description = if fault.is_some() { format!("{name}-fault {name}-hint") } else { format!("{name}-hint") };
        let lines = text.lines().count().clamp(lines, 12);
        html! {
            div.field {
                label for=(name) { (label) }
                @if part == Part::Zone {
                    input.input id=(name) name=(name) value=(text) autocomplete="off" spellcheck="false" maxlength="100"
                        aria-invalid=[fault.map(|_| "true")] aria-describedby=(description);
                } @else {
                    // A browser drops a line break at the start.
                    textarea.input.written id=(name) name=(name) rows=(lines) autocomplete="off" autocapitalize="off"
                        spellcheck="false" wrap="off" aria-invalid=[fault.map(|_| "true")] aria-describedby=(description) {
                        "\n" (text)
                    }
                }
                @if let Some(fault) = fault {
                    p.hint.danger id=(format!("{name}-fault")) { (icon("circle-alert", 14)) span { (sentence(&fault.why)) } }
                }
                p.hint id=(format!("{name}-hint")) { (hint) }
            }
        }
    }

    /// Examples of date formats.
    pub(super) fn date_formats(&self) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Date formats" } span.sub { "for Sun Mar 8, 2026, 2:30 PM" } }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Date formats" {
                    table.table.mapped {
                        thead { tr { th scope="col" { "Format" } th scope="col" { "Reads" } } }
                        tbody {
                            @for format in FORMATS { tr { th scope="row" { code { (format) } } td { (formatted(format)) } } }
                        }
                    }
                }
                div.card-foot {
                    span {
                        code { "%s" } " is Unix seconds. A literal " code { "Z" } " does not mean UTC: set the zone or use "
                        code { "%:z" } " if values contain offsets."
                    }
                }
            }
        }
    }
}

/// An error as a sentence.
fn sentence(why: &str) -> String {
    let mut chars = why.chars();
    let first: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if why.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// Common formats, to copy.
const FORMATS: [&str; 8] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y",
    "%b %d, %Y",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%s",
];

/// An afternoon in this format.
fn formatted(format: &str) -> String {
    let afternoon = date(2026, 3, 8).at(14, 30, 0, 0).to_zoned(TimeZone::UTC);
    afternoon.ok().and_then(|afternoon| strtime::format(format, &afternoon).ok()).unwrap_or_else(|| format.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_shown_with_an_example() {
        let shown = FORMATS.map(formatted);
        assert_eq!(shown[..4], ["2026-03-08 14:30:00", "2026-03-08", "03/08/2026 02:30 PM", "03/08/2026"]);
        assert_eq!(shown[4..], ["Mar 08, 2026", "2026-03-08T14:30:00+00:00", "2026-03-08T14:30:00Z", "1772980200"]);
        assert_eq!(sentence("`x` is no place: why"), "`x` is no place: why.");
        assert_eq!(sentence("name one"), "Name one.");
    }
}

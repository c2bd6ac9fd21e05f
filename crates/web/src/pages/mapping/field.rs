//! One field: its rule as a form, what that would make of real rows, and saving it.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::date;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use tetherboard_crm_records::mapping::{FieldPreview, FieldRule, FieldSpec, Mapping};
use tetherboard_domain::{Dataset, Trigger};
use tetherboard_store::runs::{self, RunRequest};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Store, audit, field_rules};

use super::keys::{Unused, unused};
use super::list::example;
use super::preview::{Example, Preview};
use super::rule_form::{Fault, Part, Typed, is_built_in};
use super::sample::Sample;
use super::{Framed, MappedField, Rules, purpose, told_in_zone};
use crate::address::links;
use crate::address::pairs::{Pairs, without_nul};
use crate::http::error::{HttpError, HttpResult};
use crate::parts::format::{counted, number};
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::{icon, time};
use crate::state::Portal;

/// With places in the address it is tried, and nothing is changed.
pub(super) async fn form(at: MappedField, State(portal): State<Portal>, pairs: Pairs, theme: Theme) -> HttpResult<Response> {
    let rules = Rules::load(&portal, &at.list.tenant).await?;
    let typed = Typed::read(|key| pairs.get(key)).map_err(|why| HttpError::bad_request(why))?;
    let is_tried = typed.is_some();
    let typed = typed.unwrap_or_else(|| Typed::of(&rules.rule(at.list.dataset, at.spec)));
    let tried = typed.tried(&rules.mapping, at.list.dataset, at.spec);
    let told = if is_tried { Told::Tried } else { Told::InForce };
    page(&portal, &at, theme, &rules, typed, tried, told).await
}

pub(super) async fn save(
    at: MappedField,
    State(portal): State<Portal>,
    theme: Theme,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> HttpResult<Response> {
    let refused = |why: String| HttpError::bad_request(why);
    let Form(pairs) = form.map_err(|_| refused("What was sent is no form of this page, or far too long for one.".to_owned()))?;
    let pairs: Vec<_> = pairs.into_iter().map(|(key, value)| (key, without_nul(&value))).collect();
    let get = |key: &str| pairs.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    let typed = match get("to") {
        Some("built-in") => Some(Typed::of(&FieldRule::at(at.spec.places.iter().copied()))),
        _ => Typed::read(get).map_err(refused)?,
    };
    let typed = typed.ok_or_else(|| refused("What was sent says no places to look at.".to_owned()))?;
    let rules = Rules::load(&portal, &at.list.tenant).await?;
    let tried = typed.tried(&rules.mapping, at.list.dataset, at.spec);
    let rule = match &tried {
        Ok((rule, _)) => rule.clone(),
        Err(_) => return page(&portal, &at, theme, &rules, typed, tried, Told::Refused).await,
    };
    if is_in_force(&rules, &at, &rule) {
        return page(&portal, &at, theme, &rules, typed, tried, Told::Unchanged).await;
    }
    keep(&portal, &at, &rule).await?;
    let list = links::mapping_of(&at.list.tenant.slug, at.list.dataset);
    Ok(Redirect::to(&list.with("saved", at.spec.name).url()).into_response())
}

/// One that cannot be followed is stored, but not in force.
fn is_in_force(rules: &Rules, at: &MappedField, rule: &FieldRule) -> bool {
    let (dataset, spec) = (at.list.dataset, at.spec);
    let same = rules.rule(dataset, spec) == *rule || (!rules.is_own(dataset, spec) && is_built_in(spec, rule));
    same && rules.left_out(dataset, spec).is_none()
}

/// Whole or not at all: the rule, who set it, and that the kept answers are read again.
async fn keep(portal: &Portal, at: &MappedField, rule: &FieldRule) -> HttpResult<()> {
    let (tenant, dataset, spec, now_ms) = (&at.list.tenant, at.list.dataset, at.spec, portal.clock.now_ms());
    let user = at.list.viewer.user.id;
    let json = (!is_built_in(spec, rule)).then(|| rule.to_json());
    let what = format!("{dataset}.{}: {}", spec.name, json.as_deref().unwrap_or("back to the built-in places"));
    let tx = portal.store.begin().await?;
    field_rules::set(&tx, tenant.id, dataset, spec.name, json.as_deref()).await?;
    audit::record(&tx, Some(user), Some(tenant.id), "changed where a field is found", &what, now_ms).await?;
    let ages = runs::dataset_ages(&tx, tenant.id).await?;
    if Dataset::ALL.iter().any(|dataset| ages.last_read_ms(*dataset).is_some()) {
        runs::request(&tx, tenant.id, RunRequest::by_user(Trigger::Replay, user).must_be_new(), now_ms).await?;
    }
    Ok(Store::commit(tx).await?)
}

/// What the page is an answer to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    InForce,
    Tried,
    Refused,
    Unchanged,
}

async fn page(
    portal: &Portal,
    at: &MappedField,
    theme: Theme,
    rules: &Rules,
    typed: Typed,
    tried: Result<(FieldRule, Mapping), Vec<Fault>>,
    told: Told,
) -> HttpResult<Response> {
    let (tenant, dataset, spec) = (&at.list.tenant, at.list.dataset, at.spec);
    let sample = Sample::load(portal, tenant, dataset).await?;
    let in_zone = |mapping: &Mapping| told_in_zone(mapping.clone(), tenant, dataset);
    let (tried, faults) = match tried {
        Ok(tried) => (Some(tried), Vec::new()),
        Err(faults) => (None, faults),
    };
    let preview = tried
        .as_ref()
        .filter(|_| !sample.rows.is_empty())
        .map(|(_, mapping)| Preview::of(&in_zone(&rules.mapping), &in_zone(mapping), dataset, spec, &sample.rows));
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let view = View {
        tenant,
        dataset,
        spec,
        is_own: rules.is_own(dataset, spec),
        left_out: rules.left_out(dataset, spec),
        is_new: tried.as_ref().is_some_and(|(rule, _)| !is_in_force(rules, at, rule)),
        rule: tried.map(|(rule, _)| rule),
        unused: unused(&rules.mapping, dataset, &sample.rows),
        typed,
        faults,
        preview,
        sample,
        told,
    };
    let list = links::mapping_of(&tenant.slug, dataset);
    let ways = [("Field mapping", Some(links::mapping(&tenant.slug))), (dataset_name(dataset), Some(list)), (spec.label, None)];
    let title = format!("{}: {}", dataset_name(dataset), spec.label);
    let body = view.render();
    let address = links::mapped_field(&tenant.slug, dataset, spec.name);
    let page = Framed { at: &at.list, title: &title, ways: &ways, body: &body, address, is_live: false };
    let page = page.render(portal, theme).await?;
    Ok((status, page).into_response())
}

struct View<'a> {
    tenant: &'a Tenant,
    dataset: Dataset,
    spec: &'static FieldSpec,
    /// Whether the brand has stored a rule of its own.
    is_own: bool,
    left_out: Option<String>,
    /// Whether what was typed says something else than what is in force.
    is_new: bool,
    /// What was typed, if it is a rule.
    rule: Option<FieldRule>,
    unused: Vec<Unused>,
    typed: Typed,
    /// What is wrong with it, part by part.
    faults: Vec<Fault>,
    preview: Option<Preview>,
    sample: Sample,
    told: Told,
}

impl View<'_> {
    fn render(&self) -> Markup {
        html! {
            p.lead-in {
                @if let Some(purpose) = purpose(self.dataset, self.spec) { (purpose) " " }
                "It is read as " (self.spec.kind.as_str()) "; the first place that is not blank and can be read gives it."
            }
            (self.answer())
            div.cols {
                div.stack.c-7 { (self.form()) }
                div.stack.c-5 {
                    @if self.spec.kind.is_date() { (self.dates()) }
                    (self.others())
                }
            }
            (self.outcome())
        }
    }

    fn answer(&self) -> Markup {
        let say = |tone: &str, picture: &str, what: &str, more: &str| {
            html! {
                div class=(format!("banner {tone}")) role=(if self.faults.is_empty() { "status" } else { "alert" }) {
                    (icon(picture, 18)) div { b { (what) } p { (more) } }
                }
            }
        };
        match (self.faults.first(), self.told) {
            (Some(_), Told::Refused) => say(
                "danger",
                "circle-alert",
                "Not saved: this rule cannot be used.",
                "What to mend is said in the form. The rule in force stays.",
            ),
            (Some(_), _) => say(
                "danger",
                "circle-alert",
                "This rule cannot be used.",
                "What to mend is said in the form. The rule in force stays.",
            ),
            (None, Told::Unchanged) => say(
                "info",
                "info",
                "Nothing to save: this is the rule in force.",
                "Nothing was changed, and nothing is read again.",
            ),
            (None, Told::Tried) if self.is_new => say(
                "info",
                "eye",
                "This is a preview: nothing has been saved.",
                "Below is what the rule makes of kept rows, beside the rule in force.",
            ),
            (None, _) => match &self.left_out {
                Some(why) => say(
                    "warning",
                    "circle-alert",
                    "The brand’s own rule is left out; the built-in places are used.",
                    &format!("{why}."),
                ),
                None => EMPTY,
            },
        }
    }

    fn form(&self) -> Markup {
        let own = links::mapped_field(&self.tenant.slug, self.dataset, self.spec.name).url();
        let built_in = self.spec.places.join(", ");
        let zone = self.tenant.source_time().0;
        html! {
            section.card {
                div.card-head {
                    h2 { "Where it is looked for" }
                    span.sub { @if self.is_own { "by this brand’s own rule" } @else { "in the built-in places" } }
                }
                form.card-body.rule-form method="get" action=(own) {
                    (self.part(Part::Places, "Places, one a line, in the order in which they are tried", &html! {
                        "The name of a key, like " code { "city" } ", or a JSON pointer, like " code { "/custom_fields/0/value" }
                        " for what is inside a list or an object. In a pointer write a slash within a name as " code { "~1" } " and a tilde as " code { "~0" } ". "
                        @if built_in.is_empty() { "Nothing is built in: with no place the field stays blank." }
                        @else { "Built in: " code { (built_in) } "." }
                    }))
                    @if self.spec.kind.is_date() {
                        (self.part(Part::Forms, "How it is written, one form a line", &html! {
                            "With none, as built in: " (self.spec.formats.iter().map(|form| shown_as(form)).collect::<Vec<_>>().join(", or ")) "."
                        }))
                        (self.part(Part::Zone, "Zone of times written without one", &html! {
                            "An IANA name, like America/Chicago. With none, the account’s: " (zone.name()) "."
                        }))
                    } @else if let Some(Fault { why, .. }) = self.faults.iter().find(|fault| fault.part != Part::Places) {
                        p.hint.danger id="rule-fault" { (icon("circle-alert", 14)) span { (sentence(why)) } }
                    }
                    div.flex.wrapf {
                        button.btn { (icon("eye", 14)) "Preview" }
                        button.btn.primary formmethod="post" { "Save" }
                        span.sub { "Saving reads every kept answer again." }
                    }
                }
                @if self.is_own {
                    form.card-foot method="post" action=(own) {
                        input type="hidden" name="to" value="built-in";
                        button.btn { (icon("undo-2", 14)) "Back to the built-in places" }
                        @if built_in.is_empty() { span { "Nothing is built in for it: it will be blank." } }
                    }
                }
            }
        }
    }

    /// A part of the form with its label, its hint and what is wrong with it.
    fn part(&self, part: Part, label: &str, hint: &Markup) -> Markup {
        let (name, text, lines) = match part {
            Part::Places => ("places", &self.typed.places, 4),
            Part::Forms => ("forms", &self.typed.forms, 3),
            Part::Zone => ("zone", &self.typed.zone, 1),
        };
        let fault = self.faults.iter().find(|fault| fault.part == part);
        let about = if fault.is_some() { format!("{name}-fault {name}-hint") } else { format!("{name}-hint") };
        let lines = text.lines().count().clamp(lines, 12);
        html! {
            div.field {
                label for=(name) { (label) }
                @if part == Part::Zone {
                    input.input id=(name) name=(name) value=(text) autocomplete="off" spellcheck="false" maxlength="100"
                        aria-invalid=[fault.map(|_| "true")] aria-describedby=(about);
                } @else {
                    // A browser drops a line end that stands first.
                    textarea.input.written id=(name) name=(name) rows=(lines) autocomplete="off" autocapitalize="off" spellcheck="false" wrap="off"
                        aria-invalid=[fault.map(|_| "true")] aria-describedby=(about) { "\n" (text) }
                }
                @if let Some(fault) = fault {
                    p.hint.danger id=(format!("{name}-fault")) { (icon("circle-alert", 14)) span { (sentence(&fault.why)) } }
                }
                p.hint id=(format!("{name}-hint")) { (hint) }
            }
        }
    }

    fn dates(&self) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Forms of dates" } span.sub { "for Sun Mar 8, 2026, 2:30 PM" } }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Forms of dates" {
                    table.table.mapped {
                        thead { tr { th scope="col" { "Form" } th scope="col" { "Reads" } } }
                        tbody { @for form in FORMS { tr { th scope="row" { code { (form) } } td { (shown_as(form)) } } } }
                    }
                }
                div.card-foot {
                    span { code { "%s" } " is seconds since 1970. A " code { "Z" } " written out is only a letter: name UTC as the zone, or use " code { "%:z" } " where offsets are written." }
                }
            }
        }
    }

    /// What stands in the rows besides, each with a way to try it.
    fn others(&self) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Not used yet" } span.sub { "by any field" } }
                @if self.unused.is_empty() {
                    div.card-body { p.sub { @if self.sample.rows.is_empty() { "Nothing has been read yet." } @else { "Every key of the rows is used." } } }
                } @else {
                    div.scroll.others.mt2 tabindex="0" role="region" aria-label="Not used yet" {
                        table.table.mapped {
                            thead { tr { th scope="col" { "Place" } th scope="col" { "For example" } th scope="col" { span.sr { "Action" } } } }
                            tbody { @for unused in &self.unused {
                                tr {
                                    th scope="row" { code { (unused.place) } }
                                    td { (example(unused)) }
                                    td.num { a.btn href=(self.with(&unused.place)) { "Try" span.sr { " " (unused.place) } } }
                                }
                            } }
                        }
                    }
                }
            }
        }
    }

    /// The address at which what was typed is tried with one more place.
    fn with(&self, place: &str) -> String {
        let mut places: Vec<&str> = self.typed.places.lines().filter(|line| !line.trim().is_empty() && *line != place).collect();
        places.push(place);
        let mut link = links::mapped_field(&self.tenant.slug, self.dataset, self.spec.name).with("places", &places.join("\n"));
        if self.spec.kind.is_date() {
            link = link.with("forms", &self.typed.forms).with("zone", &self.typed.zone);
        }
        link.url()
    }

    fn outcome(&self) -> Markup {
        let Some(preview) = &self.preview else {
            return html! {
                @if self.sample.rows.is_empty() {
                    section.card { div.empty {
                        span.disc.quiet { (icon("clock", 20)) }
                        h2 { "Nothing has been read yet" }
                        p { "The built-in places are used until you name others. After the first read this shows what a rule makes of real rows." }
                    } }
                }
            };
        };
        let of = counted(preview.rows, "row", "rows");
        let title = if self.is_new { "What it would make of kept rows" } else { "What it makes of kept rows" };
        html! {
            section.card {
                div.card-head {
                    h2 { (title) }
                    span.sub {
                        (of) " looked at"
                        @if let Some(read_at) = self.sample.read_at { ", the read of " (time::exact(read_at, &self.tenant.zone)) }
                    }
                }
                div.stats.mt2 {
                    (self.stat("Give a value", preview.tally.given, preview.before.given, preview))
                    (self.stat("Cannot be read", preview.tally.unreadable, preview.before.unreadable, preview))
                    (self.stat("Blank", blank(preview.rows, preview.tally.given, preview.tally.unreadable), blank(preview.rows, preview.before.given, preview.before.unreadable), preview))
                    div.stat { span.k { "Rows that change" } span.v { (number(preview.changed)) } span.d { @if self.is_new { "against the rule in force" } @else { "this is the rule in force" } } }
                }
                @if preview.tally.not_single > 0 {
                    div.card-body { p.notice.warning { (icon("circle-alert", 15)) span {
                        "In " (counted(preview.tally.not_single, "row a list or an object stands", "rows a list or an object stands")) " there. Go on into it: "
                        code { "/" } " and a number, from 0, for a list; " code { "/" } " and a name for an object."
                    } } }
                }
                (self.places(preview))
                (self.examples(preview))
            }
        }
    }

    fn stat(&self, what: &str, now: i64, before: i64, preview: &Preview) -> Markup {
        html! {
            div.stat {
                span.k { (what) }
                span.v { (number(now)) small { " of " (number(preview.rows)) } }
                span.d { @if self.is_new { (number(before)) " by the rule in force" } @else { (crate::parts::format::percent(now, preview.rows)) } }
            }
        }
    }

    /// Which place gave how often.
    fn places(&self, preview: &Preview) -> Markup {
        let places = self.rule.as_ref().map(|rule| rule.places.as_slice()).unwrap_or_default();
        html! {
            @if !places.is_empty() {
                div.card-body { ol.places.counted-places {
                    @for place in places {
                        @let given = preview.tally.of_place.get(place).copied().unwrap_or(0);
                        li {
                            code { (place) } " "
                            @if given > 0 { "gave it in " (counted(given, "row", "rows")) }
                            @else { span.muted { "gave it in no row" @if place.ends_with(char::is_whitespace) { "; it ends in a space" } } }
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
                        th scope="col" { "Row" } th scope="col" { "Place" } th scope="col" { "As it stands" } th scope="col" { "Read as" }
                        @if self.is_new { th scope="col" { "By the rule in force" } th scope="col" { span.sr { "Change" } } }
                    } }
                    tbody { @for example in &preview.examples { (self.example(example)) } }
                }
            }
        }
    }

    fn example(&self, example: &Example) -> Markup {
        html! {
            tr {
                th scope="row" {
                    @if example.name.is_empty() { (example.id.as_deref().unwrap_or("without an id")) }
                    @else { span.t title=(example.name) { (example.name) } span.l2 { (example.id.as_deref().unwrap_or("without an id")) } }
                }
                td { @match &example.look.place { Some(place) => code { (place) }, None => span.muted { "—" } } }
                td { @match &example.look.raw { Some(raw) => code.t title=(raw) { (raw) }, None => span.muted { "—" } } }
                td { (read_as(&example.look)) }
                @if self.is_new {
                    td { (read_as(&example.before)) }
                    td { @if example.changes() { span.badge.info { (icon("arrow-right", 14)) "Changes" } } }
                }
            }
        }
    }
}

fn read_as(look: &FieldPreview) -> Markup {
    match &look.value {
        Ok(Some(value)) => html! { span.t title=(value) { (value) } },
        Ok(None) => html! { span.muted { "blank" } },
        Err(unreadable) => html! { span.badge.danger { (icon("circle-x", 14)) "Cannot be read" } span.l2.why { (unreadable) } },
    }
}

fn blank(rows: i64, given: i64, unreadable: i64) -> i64 {
    rows - given - unreadable
}

/// As a sentence that stands alone.
fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if why.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Forms that people meet, for one to copy.
const FORMS: [&str; 8] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y",
    "%b %d, %Y",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%s",
];

/// How a form writes the afternoon of a day.
fn shown_as(form: &str) -> String {
    let afternoon = date(2026, 3, 8).at(14, 30, 0, 0).to_zoned(TimeZone::UTC);
    afternoon.ok().and_then(|afternoon| strtime::format(form, &afternoon).ok()).unwrap_or_else(|| form.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_what_they_write() {
        let shown = FORMS.map(shown_as);
        assert_eq!(shown[..4], ["2026-03-08 14:30:00", "2026-03-08", "03/08/2026 02:30 PM", "03/08/2026"]);
        assert_eq!(shown[4..], ["Mar 08, 2026", "2026-03-08T14:30:00+00:00", "2026-03-08T14:30:00Z", "1772980200"]);
        assert_eq!(sentence("`x` is no place: why"), "`x` is no place: why.");
        assert_eq!(sentence("name one"), "Name one.");
    }
}

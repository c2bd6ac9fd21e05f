//! One answer: laid out for reading, byte for byte to keep, or beside the same request's answer in another run.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde_json::value::RawValue;
use tetherboard_domain::{Dataset, RunId};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::snapshots::{self, RowReader, SnapshotPage};
use tetherboard_store::tenants::Tenant;

use super::{began, bytes, compare, dataset_named, moment, run_name, run_named, snapshots as list};
use crate::address::links;
use crate::address::pairs::Pairs;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::AgencyBrand;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::number;
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/runs/{run}/{dataset}/{page_no}", get(one))
}

/// How many runs on each side of this one an answer is offered for comparison with.
const AROUND: i64 = 15;
/// What a page shows of an answer; the download is the whole of it.
const SHOWN: usize = 300_000;

async fn one(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, run, dataset, page_no)): Path<(String, String, String, String)>,
    pairs: Pairs,
    theme: Theme,
) -> HttpResult<Response> {
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let run = run_named(&portal, tenant, &run).await?;
    let dataset = dataset_named(&dataset)?;
    let missing = || HttpError::not_found("This run has no such answer.");
    let page_no: i64 = page_no.parse().ok().filter(|page_no| *page_no >= 0).ok_or_else(missing)?;
    let Some(page) = snapshots::page(conn, tenant.id, &run.id, dataset, page_no).await? else {
        // All of them may be thinned out; one of many cannot be.
        if !snapshots::pages(conn, tenant.id, &run.id, dataset).await?.is_empty() {
            return Err(missing());
        }
        let body = html! { (way(tenant, &run, dataset, page_no)) (list::none(tenant, &run, dataset)) };
        return answer(&portal, &brand, theme, (&run, dataset, page_no), body).await;
    };
    let body = snapshots::page_body(conn, &page, &mut RowReader::new(tenant.id)).await?;
    if pairs.get("format") == Some("raw") {
        return Ok(download(&format!("{}-{dataset}-{}-{page_no}", tenant.slug, run.id), body));
    }
    let others = others(&portal, tenant, &run, dataset, &page).await?;
    let with =
        match pairs.get("with").filter(|with| !with.is_empty()) {
            Some(with) => Some(others.iter().find(|(other, _)| other.id.as_str() == with).ok_or_else(|| {
                HttpError::not_found("That run has no answer to the same request, or it is not kept any more.")
            })?),
            None => None,
        };
    let shown = match with {
        Some((other, at)) => {
            let old = snapshots::page_body(conn, at, &mut RowReader::new(tenant.id)).await?;
            let earlier = began(other) <= began(&run);
            let (before, after) = if earlier { (&old, &body) } else { (&body, &old) };
            compare::card(
                tenant,
                dataset,
                before,
                after,
                &run_name(if earlier { other } else { &run }, tenant),
                &run_name(if earlier { &run } else { other }, tenant),
            )
        }
        None => html! {
            section.card {
                div.card-head { h2 { "The answer" } span.sub { "every character as it came, laid out for reading" } }
                div.card-body { (self::shown(&body, "The answer")) }
            }
        },
    };
    let raw = links::snapshot(&tenant.slug, &run.id, dataset, page_no).with("format", "raw").url();
    let actions = html! { a.btn href=(raw) { (icon("download", 15)) "Download" } };
    let whole = html! {
        (way(tenant, &run, dataset, page_no))
        (title(tenant, &html! { "Answer " (number(page_no + 1)) " about " (dataset_name(dataset).to_lowercase()) }, &EMPTY, &actions))
        (facts(tenant, &page, body.len()))
        (chooser(tenant, &run, dataset, page_no, &others, with.map(|(other, _)| &other.id)))
        (shown)
    };
    answer(&portal, &brand, theme, (&run, dataset, page_no), whole).await
}

async fn answer(
    portal: &Portal,
    brand: &AgencyBrand,
    theme: Theme,
    (run, dataset, page_no): (&Run, Dataset, i64),
    body: Markup,
) -> HttpResult<Response> {
    let page = AgencyPage {
        tab: AgencyTab::Sync,
        title: format!("Answer {} about {} · {}", page_no + 1, dataset_name(dataset).to_lowercase(), brand.tenant.name),
        body,
        address: links::snapshot(&brand.tenant.slug, &run.id, dataset, page_no),
        live: None,
    };
    Ok(page.render(portal, &brand.viewer, theme).await?.into_response())
}

fn way(tenant: &Tenant, run: &Run, dataset: Dataset, page_no: i64) -> Markup {
    crumbs(
        tenant,
        &[
            (run_name(run, tenant), Some(links::run(&tenant.slug, &run.id))),
            (dataset_name(dataset).to_owned(), Some(links::snapshots(&tenant.slug, &run.id, dataset))),
            (format!("Answer {}", page_no + 1), None),
        ],
    )
}

/// It is whatever the CRM sent: a browser is to keep it, not to open it.
fn download(name: &str, body: Vec<u8>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.json\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

fn facts(tenant: &Tenant, page: &SnapshotPage, size: usize) -> Markup {
    html! {
        section.card { div.card-body.roomy { dl.sync-facts {
            div { dt { "Request" } dd { code { (page.request) } } }
            div { dt { "Offset" } dd { (number(i64::try_from(page.offset).unwrap_or(0))) } }
            div { dt { "Came" } dd { (time::to_the_second(moment(page.at_ms), &tenant.zone)) } }
            div { dt { "HTTP status" } dd { (page.http_status) } }
            div { dt { "Size" } dd { (bytes(size)) } }
        } } }
    }
}

/// The answers to the same request in the runs around this one.
async fn others(
    portal: &Portal,
    tenant: &Tenant,
    run: &Run,
    dataset: Dataset,
    page: &SnapshotPage,
) -> HttpResult<Vec<(Run, SnapshotPage)>> {
    let conn = portal.store.conn();
    let mut found = Vec::new();
    for other in snapshots::runs_around(conn, tenant.id, &run.id, dataset, AROUND).await? {
        let pages = snapshots::pages(conn, tenant.id, &other, dataset).await?;
        let same = pages.into_iter().rfind(|known| asks_alike(known, page));
        if let (Some(same), Some(other)) = (same, runs::get(conn, tenant.id, &other).await?) {
            found.push((other, same));
        }
    }
    Ok(found)
}

/// A calendar's request names its window, which moves from day to day.
fn asks_alike(one: &SnapshotPage, other: &SnapshotPage) -> bool {
    let path = |request: &str| request.split('?').next().unwrap_or_default().to_owned();
    let moves = |request: &str| request.contains("from_date=");
    match moves(&one.request) && moves(&other.request) {
        true => path(&one.request) == path(&other.request) && one.offset == other.offset,
        false => one.request == other.request && one.offset == other.offset,
    }
}

fn chooser(
    tenant: &Tenant,
    run: &Run,
    dataset: Dataset,
    page_no: i64,
    others: &[(Run, SnapshotPage)],
    with: Option<&RunId>,
) -> Markup {
    let address = links::snapshot(&tenant.slug, &run.id, dataset, page_no).url();
    html! {
        section.card {
            @if others.is_empty() { div.card-foot.alone { "No other run that is kept asked the same, so there is nothing to compare with." } }
            @else {
                form.filter-form.alone method="get" action=(address) data-auto {
                    div.field.grow {
                        label for="with" { "Compare with the same request of" }
                        select.select id="with" name="with" data-absent="" {
                            option value="" { "no other run" }
                            @for (other, _) in others.iter().rev() {
                                option value=(other.id) selected[with == Some(&other.id)] {
                                    (run_name(other, tenant)) @if began(other) < began(run) { ", earlier" } @else { ", later" }
                                }
                            }
                        }
                    }
                    div.acts { button.btn { "Compare" } @if with.is_some() { a.btn.plain href=(address) { (icon("x", 14)) "Show the answer" } } }
                }
            }
        }
    }
}

/// A text as it came, JSON with line breaks: every character and every digit of it stays. What is long is cut, and says so.
pub(super) fn shown(raw: &[u8], label: &str) -> Markup {
    let text = String::from_utf8_lossy(raw);
    let is_json = serde_json::from_str::<&RawValue>(&text).is_ok();
    let laid_out = if is_json { indented(&text) } else { text.replace('\0', "\u{fffd}") };
    let cut = laid_out.len() > SHOWN;
    let end = (0..=SHOWN.min(laid_out.len())).rev().find(|end| laid_out.is_char_boundary(*end)).unwrap_or(0);
    html! {
        @if raw.is_empty() { p.sub { "It is empty: not one byte came." } }
        @else {
            @if !is_json { div.notice { (icon("info", 15)) span { "This is not JSON, so it is shown as it came." } } }
            @if cut { div.notice { (icon("info", 15)) span { "It is long: the first " (bytes(end)) " of " (bytes(laid_out.len())) " are shown. The download has all of it." } } }
            pre.code.tall.mt2 tabindex="0" role="region" aria-label=(label) { (laid_out[..end]) }
        }
    }
}

/// Only white space outside of texts changes. A parser would drop a repeated key and round a long number.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 3 / 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut rest = json.trim().chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(40)));
    };
    while let Some(c) = rest.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
        if out.len() > 2 * SHOWN {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_without_losing_a_repeated_key_a_digit_or_a_blank_in_a_text() {
        let told = indented("{\"a\":1.00000000000000000001,\"a\" : [ ], \"t\":\"{, \\\" }\",\"o\":{\"x\":null}}");
        assert_eq!(
            told,
            "{\n  \"a\": 1.00000000000000000001,\n  \"a\": [],\n  \"t\": \"{, \\\" }\",\n  \"o\": {\n    \"x\": null\n  }\n}"
        );
    }

    #[test]
    fn what_is_no_json_or_too_long_says_so() {
        let told = |raw: &[u8]| shown(raw, "x").into_string();
        assert!(told(b"<html>down</html>").contains("not JSON") && told(b"<html>").contains("&lt;html&gt;"));
        assert!(told(b"").contains("empty"));
        assert!(told(&[b'"', 0xff, b'"']).contains('\u{fffd}'));
        let long = format!("[{}1]", "\"é\",".repeat(200_000));
        let long = told(long.as_bytes());
        assert!(long.contains("first 299.9 KB") || long.contains("first 300.0 KB"), "{}", &long[..300]);
        assert!(long.len() < 400_000 * 7, "{}", long.len());
    }
}

//! The notes as CSV, read and sent in parts, so that all notes are never in memory at once.

use axum::response::Response;
use futures::stream;
use jiff::civil::Date;
use tetherboard_domain::PlausibleDates;
use tetherboard_metrics::Board;
use tetherboard_store::Result;
use tetherboard_store::notes::{self, NoteRow};
use tetherboard_store::tenants::Tenant;

use crate::address::links;
use crate::http::csv::{self, FileName};
use crate::http::viewer::BrandViewer;
use crate::parts::time;
use crate::read::note_feed::EXCERPT_CHARS;
use crate::read::numbers::numbers;
use crate::state::Portal;

const HEADER: [&str; 12] = [
    "Date",
    "Candidate",
    "Stage",
    "Role",
    "Type",
    "Author",
    "Text",
    "Characters",
    "Link",
    "Candidate’s ClientTether ID",
    "Note’s ClientTether ID",
    "Doubtful date",
];
/// A column for the agency only.
const HIDDEN: &str = "Hidden from the brand";

/// Notes per part.
const PART: usize = 250;

/// The notes with these row numbers, in this order, written from the first to the second day.
///
/// # Errors
/// When the database fails.
pub(super) async fn as_csv(
    portal: &Portal,
    brand: &BrandViewer,
    row_numbers: Vec<i64>,
    days: (Option<Date>, Option<Date>),
) -> Result<Response> {
    let tenant = &brand.tenant;
    let board = numbers(portal, tenant, portal.clock.now()).await?;
    let is_agency = brand.viewer.is_agency();
    let header: Vec<&str> = HEADER.iter().copied().chain(is_agency.then_some(HIDDEN)).collect();
    let site = portal.settings.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()).unwrap_or_default();
    let name = FileName { brand: tenant, page: "notes", days, today: tenant.zone.date(portal.clock.now()) };
    let state = (portal.clone(), brand.clone(), row_numbers.into_iter());
    let parts = stream::try_unfold(state, move |(portal, brand, mut remaining)| {
        let (board, site) = (std::sync::Arc::clone(&board), site.clone());
        async move {
            let part: Vec<i64> = remaining.by_ref().take(PART).collect();
            if part.is_empty() {
                return Ok::<_, tetherboard_store::StoreError>(None);
            }
            let (tenant, audience) = (&brand.tenant, brand.viewer.audience());
            let rows = notes::by_numbers(portal.store.conn(), tenant.id, audience, &part, EXCERPT_CHARS).await?;
            let dates = PlausibleDates::at(portal.clock.now());
            let rows = rows.into_iter().map(|row| cells(&board.board, tenant, &site, is_agency, dates, row)).collect();
            Ok(Some((rows, (portal, brand, remaining))))
        }
    });
    Ok(csv::stream(&name, &header, parts))
}

/// The cells of one row, in the order of the header.
fn cells(board: &Board, tenant: &Tenant, site: &str, is_agency: bool, dates: PlausibleDates, row: NoteRow) -> Vec<String> {
    let place = board.place(row.stage.as_deref());
    let created = row.created_ms.and_then(time::moment);
    let doubtful = dates.doubts_past(row.created_ms);
    let is_cut = row.letters > i64::from(EXCERPT_CHARS);
    let mut cells = vec![
        created
            .map(|created| created.to_zoned(tenant.zone.tz().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default(),
        row.name,
        board.label(&place).unwrap_or_default().to_owned(),
        board.role(&place).as_str().to_owned(),
        row.kind,
        row.author,
        if is_cut { format!("{} … (cut; open the link for the full note)", row.body) } else { row.body },
        row.letters.to_string(),
        format!("{site}{}", links::note(&tenant.slug, &row.crm_id).url()),
        row.client_id.into(),
        row.note_id,
        if doubtful { "yes" } else { "no" }.to_owned(),
    ];
    if is_agency {
        cells.push(if row.hidden { "yes" } else { "no" }.to_owned());
    }
    cells
}

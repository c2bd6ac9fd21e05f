//! The notes as CSV, read and sent in parts: a hundred thousand of them never stand in memory together.

use axum::response::Response;
use futures::stream;
use tetherboard_domain::Zone;
use tetherboard_metrics::Board;
use tetherboard_store::Result;
use tetherboard_store::notes::{self, NoteRow};

use crate::address::links;
use crate::http::csv;
use crate::http::viewer::BrandViewer;
use crate::parts::time;
use crate::read::note_feed::EXCERPT_LETTERS;
use crate::read::numbers::numbers;
use crate::state::Portal;

const HEADER: [&str; 11] = [
    "Date",
    "Candidate",
    "Stage",
    "Role",
    "Type",
    "Author",
    "Text",
    "Letters",
    "Link",
    "Candidate’s ClientTether id",
    "Note’s ClientTether id",
];
/// What the agency is told besides.
const HIDDEN: &str = "Hidden from the brand";

const PART: usize = 250;

/// The notes with these numbers, in this order.
pub(super) async fn as_csv(portal: &Portal, brand: &BrandViewer, ids: Vec<i64>) -> Result<Response> {
    let tenant = &brand.tenant;
    let board = numbers(portal, tenant, portal.clock.now()).await?;
    let agency = brand.viewer.is_agency();
    let header: Vec<&str> = HEADER.iter().copied().chain(agency.then_some(HIDDEN)).collect();
    let site = portal.settings.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()).unwrap_or_default();
    let name = format!("{}-notes", tenant.slug);
    let state = (portal.clone(), brand.clone(), ids.into_iter());
    let parts = stream::try_unfold(state, move |(portal, brand, mut left)| {
        let (board, site) = (std::sync::Arc::clone(&board), site.clone());
        async move {
            let part: Vec<i64> = left.by_ref().take(PART).collect();
            if part.is_empty() {
                return Ok::<_, tetherboard_store::StoreError>(None);
            }
            let (tenant, audience) = (&brand.tenant, brand.viewer.audience());
            let rows = notes::by_numbers(portal.store.conn(), tenant.id, audience, &part, EXCERPT_LETTERS).await?;
            let rows = rows.into_iter().map(|row| cells(&board.board, &tenant.zone, &tenant.slug, &site, agency, row)).collect();
            Ok(Some((rows, (portal, brand, left))))
        }
    });
    Ok(csv::stream(&name, &header, parts))
}

fn cells(board: &Board, zone: &Zone, slug: &str, site: &str, agency: bool, row: NoteRow) -> Vec<String> {
    let place = board.place(row.stage.as_deref());
    let created = row.created_ms.and_then(time::moment);
    let is_cut = row.letters > i64::from(EXCERPT_LETTERS);
    let mut cells = vec![
        created.map(|created| created.to_zoned(zone.tz().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
        row.name,
        board.label(&place).unwrap_or_default().to_owned(),
        board.role(&place).as_str().to_owned(),
        row.kind,
        row.author,
        if is_cut { format!("{} … (cut; the link has all of it)", row.body) } else { row.body },
        row.letters.to_string(),
        format!("{site}{}", links::note(slug, &row.crm_id).url()),
        row.client_id.into(),
        row.note_id,
    ];
    if agency {
        cells.push(if row.hidden { "yes" } else { "no" }.to_owned());
    }
    cells
}

//! Snapshots had a row per response. A packed list of responses takes a few bytes for each, so this packs the existing rows.
//!
//! The packed format is frozen here as it was when this migration was written.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct PackSnapshots;

impl MigrationName for PackSnapshots {
    fn name(&self) -> &'static str {
        "m0003_pack_snapshots"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PackSnapshots {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let conn = manager.get_connection();
        for read in query(conn, "SELECT DISTINCT tenant_id, run_id, dataset FROM snapshots", vec![]).await? {
            let (tenant, run, dataset) = (read.try_get_by_index(0)?, read.try_get_by_index(1)?, read.try_get_by_index(2)?);
            pack_read(conn, tenant, run, dataset).await?;
        }
        conn.execute_unprepared("DROP TABLE snapshots").await?;
        Ok(())
    }
}

/// Responses per packed list.
const RESPONSES_PER_LIST: usize = 100;

/// A response in a packed list.
struct Response {
    page_no: i64,
    request: String,
    offset: i64,
    at_ms: i64,
    http_status: i64,
    body_no: i64,
}

/// Packs the responses of one dataset in one run.
async fn pack_read<C: ConnectionTrait>(conn: &C, tenant: i64, run: String, dataset: String) -> Result<(), DbErr> {
    let text = "SELECT s.page_no, s.request, s.page_offset, s.at_ms, s.http_status, COALESCE(b.body_no, 0) FROM snapshots s \
                LEFT JOIN snapshot_bodies b ON b.tenant_id = s.tenant_id AND b.body_hash = s.body_hash \
                WHERE s.tenant_id = $1 AND s.run_id = $2 AND s.dataset = $3 ORDER BY s.page_no";
    let values = vec![tenant.into(), run.clone().into(), dataset.clone().into()];
    let mut responses = Vec::new();
    for row in query(conn, text, values).await? {
        responses.push(Response {
            page_no: row.try_get_by_index(0)?,
            request: row.try_get_by_index(1)?,
            offset: row.try_get_by_index(2)?,
            at_ms: row.try_get_by_index(3)?,
            http_status: row.try_get_by_index(4)?,
            body_no: row.try_get_by_index(5)?,
        });
    }
    for list in responses.chunks(RESPONSES_PER_LIST) {
        let text = "INSERT INTO snapshot_pages (tenant_id, run_id, dataset, first_page, packed) VALUES ($1, $2, $3, $4, $5)";
        let packed = zstd::encode_all(encode(list).as_slice(), 12).map_err(|error| DbErr::Custom(error.to_string()))?;
        let first_page = list.first().map_or(0, |response| response.page_no);
        let values = vec![tenant.into(), run.clone().into(), dataset.clone().into(), first_page.into(), packed.into()];
        conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), text, values)).await?;
    }
    Ok(())
}

async fn query<C: ConnectionTrait>(conn: &C, text: &str, values: Vec<Value>) -> Result<Vec<sea_orm::QueryResult>, DbErr> {
    conn.query_all_raw(Statement::from_sql_and_values(conn.get_database_backend(), text, values)).await
}

/// A list in its uncompressed format: the requests; then offset, status, and time of each response; then the bodies.
fn encode(responses: &[Response]) -> Vec<u8> {
    let mut plain = Vec::new();
    put_number(&mut plain, responses.len() as u64);
    for response in responses {
        put_number(&mut plain, response.request.len() as u64);
        plain.extend_from_slice(response.request.as_bytes());
    }
    let mut last_ms = 0;
    for response in responses {
        put_number(&mut plain, u64::try_from(response.offset).unwrap_or(0));
        put_number(&mut plain, u64::from(u16::try_from(response.http_status).unwrap_or(0)));
        put_number(&mut plain, zigzag(response.at_ms - last_ms));
        last_ms = response.at_ms;
    }
    let (mut last_body_no, mut used) = (0, HashSet::new());
    for response in responses {
        // 0 stands for the next body, other bodies have their number plus 1. A repeated body does not move the sequence.
        let is_next = response.body_no == last_body_no + 1;
        put_number(&mut plain, if is_next { 0 } else { response.body_no.cast_unsigned() + 1 });
        if used.insert(response.body_no) {
            last_body_no = response.body_no;
        }
    }
    plain
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// LEB128.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_responses_is_packed_in_the_format_of_this_migration() {
        let response = |request: &str, offset, at_ms, body_no| Response {
            page_no: 0,
            request: request.to_owned(),
            offset,
            at_ms,
            http_status: 200,
            body_no,
        };
        let list = [response("r?1", 0, 300, 1), response("é", 100, 299, 7), response("r", 200, 301, 7), response("r", 0, 301, 8)];
        let expected: &[&[u8]] = &[
            &[4],
            &[3],
            b"r?1",
            &[2],
            "é".as_bytes(),
            &[1],
            b"r",
            &[1],
            b"r",
            &[0, 0xc8, 1, 0xd8, 4],
            &[100, 0xc8, 1, 1],
            &[0xc8, 1, 0xc8, 1, 4],
            &[0, 0xc8, 1, 0],
            &[0, 8, 8, 0],
        ];
        assert_eq!(encode(&list), expected.concat());
    }
}

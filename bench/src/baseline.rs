//! The baseline for a sync: a plain script that requests page after page and stores each row as text, without history or diffing.

use std::path::Path;

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement, TransactionTrait};
use serde_json::Value;

use crate::crm::Child;

/// Reads contacts and deals into a new SQLite file and returns the number of rows.
pub(crate) async fn read_all(crm: &Child, file: &Path) -> anyhow::Result<usize> {
    let db = Database::connect(format!("sqlite:{}?mode=rwc", file.display())).await?;
    db.execute_unprepared("CREATE TABLE rows (id TEXT PRIMARY KEY, body TEXT NOT NULL)").await?;
    let client = reqwest::Client::builder().gzip(true).build()?;
    let mut read = 0;
    for (path, id) in [("read_client_list", "client_id"), ("read_opportunity_list", "opportunity_id")] {
        let mut offset = 0;
        loop {
            let url = format!("{}{path}?limit=100&offset={offset}", crm.base_url);
            let request = client.get(url).header("X-Access-Token", &crm.access_token).header("X-Web-Key", &crm.web_key);
            let page: Value = request.send().await?.json().await?;
            let rows = page["data"].as_array().cloned().unwrap_or_default();
            if rows.is_empty() {
                break;
            }
            let tx = db.begin().await?;
            for row in &rows {
                let values = [format!("{path}/{}", row[id]).into(), row.to_string().into()];
                tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, "INSERT INTO rows VALUES ($1, $2)", values))
                    .await?;
            }
            tx.commit().await?;
            offset += rows.len();
        }
        read += offset;
    }
    Ok(read)
}

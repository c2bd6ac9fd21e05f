//! Syncs a brand's CRM account into the store: lease, read, save the responses, decode, compare, apply, publish.
//!
//! [`Syncer::sync_tenant`] is the only path, whether the hourly worker, a person, or a command starts the run. Each
//! dataset is read to its end and its responses are saved before anything is decoded; then it is applied in one
//! transaction, from the saved rows. A run that dies loses nothing that was committed and leaves no dataset half applied.

mod apply;
mod calendar_window;
mod capture;
mod completeness;
mod credential_health;
mod crm;
mod data_quality;
mod dataset_reader;
mod days;
mod dedup;
mod doctor;
#[doc(hidden)]
pub mod fuzzing;
mod history;
mod hot_list;
mod lease;
mod list_names;
mod next_step;
mod normalize;
mod notes;
mod removal;
mod replay;
mod report;
mod retention;
mod rich_text;
mod run;
mod telemetry;
mod text_update;
mod worker;

pub use crm::{Crm, CrmError, CrmSession, load_mapping};
pub use days::close_day;
pub use doctor::{AccountCheck, DatasetCheck, DatasetFault, FieldCheck, QualityFinding};
pub use report::RunReport;
pub use retention::{Retention, delete_old_responses};
#[doc(hidden)]
pub use rich_text::{plain as text_of_html, safe as sanitize_html};
pub use run::{RunOptions, SyncError, Syncer};
pub use worker::Worker;

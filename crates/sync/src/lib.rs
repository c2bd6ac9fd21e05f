//! A sync run: lease → read → keep → decode → compare → apply → publish.
//!
//! [`Syncer::sync_tenant`] is the one path, whoever asks: the hourly worker, a person, a command. Each dataset is read
//! to its end and kept raw before anything of it is decoded; then it is applied in one transaction, from what was
//! kept. So a run that dies loses nothing that was committed and leaves no dataset half applied.

mod apply;
mod capture;
mod crm;
mod doctor;
mod figures;
mod history;
mod hot_list;
mod html;
mod lease;
mod normalise;
mod notes;
mod removal;
mod replay;
mod report;
mod retention;
mod run;
mod standing;
mod winners;
mod worker;

pub use crm::{Crm, CrmError, Door, load_mapping};
pub use doctor::{Checkup, DatasetCheckup, FaultFound, FieldCheckup};
#[doc(hidden)]
pub use html::{plain as text_of_html, safe as sanitize_html};
pub use report::RunReport;
pub use retention::{Retention, thin_out};
pub use run::{RunOptions, SyncError, Syncer};
pub use worker::{Worker, close_day};

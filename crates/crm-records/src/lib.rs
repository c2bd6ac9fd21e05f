//! What a row of the CRM means: its fields, found by a tenant's mapping and decoded without guessing.
//!
//! Everything here is a pure function of bytes and a [`Mapping`]; nothing performs IO. [`rows`] decodes a row into its typed
//! record, [`mapping`] says where each field is found, [`fields`] decodes one value, and [`json_repair`] makes a row with
//! damaged strings readable.

mod field_scan;
pub mod fields;
pub mod json_repair;
pub mod mapping;
pub mod rows;

pub use mapping::{FieldKind, FieldPreview, FieldRule, FieldSpec, Mapping, MappingError, RuleError, fields_of};
pub use rows::{RawContact, RawDeal, RawEvent, RawNote, RawSource, RawStage, RawUser, SkipReason, SkippedRow};

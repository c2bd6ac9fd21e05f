//! The CRM's result code.

use std::fmt;

use serde_json::value::RawValue;
use tetherboard_crm_records::fields;

/// The CRM's own statement of whether a call worked. The HTTP status is 200 either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultCode(pub u32);

impl ResultCode {
    pub const SUCCESS: Self = Self(200);
    pub const UNKNOWN_ERROR: Self = Self(500);
    /// An empty list, not an error.
    pub const NO_RECORD_FOUND: Self = Self(515);

    /// Whether the call worked.
    pub fn is_success(self) -> bool {
        matches!(self, Self::SUCCESS | Self::NO_RECORD_FOUND)
    }

    /// Parses "CT_200", "CT200", "200", or 200.
    pub(crate) fn parse(raw: &RawValue) -> Option<Self> {
        let text = fields::loose_text(raw)?;
        let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start_matches(['_', '-', ' ']);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten().map(Self)
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CT_{}", self.0)
    }
}

//! Fuzz targets: what must hold for any bytes that the CRM or a visitor sends.
//!
//! `bin/ci` runs each target on its seeds, `fuzz/seeds/<target>/*`. `bin/soak` lets libFuzzer mutate them, guided by the
//! code that they reach; an input that it finds to fail becomes a seed together with its fix.

mod crm;
mod note_search;
mod period;
mod rich_text;

/// One parser of input that is not ours.
pub struct Target {
    /// Its folder in `fuzz/seeds`.
    pub name: &'static str,
    /// Panics when something that must hold for these bytes does not.
    pub check: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 5] = [
    Target { name: "crm_envelope", check: crm::envelope },
    Target { name: "crm_row", check: crm::row },
    Target { name: "rich_text", check: rich_text::rich_text },
    Target { name: "note_search", check: note_search::note_search },
    Target { name: "period", check: period::period },
];

/// Bytes as the text of a form or a URL, in which nothing but UTF-8 arrives.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

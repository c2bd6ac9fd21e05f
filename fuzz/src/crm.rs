//! The CRM's responses: the envelope around a page's rows, and the rows.

use tetherboard_clienttether::fuzzing;
use tetherboard_crm_records::{Mapping, RawContact, RawDeal, RawEvent, RawNote, RawSource, RawStage, RawUser, SkippedRow};

/// A body is a page whose rows are parts of it, in order, or a fault.
pub(crate) fn envelope(body: &[u8]) {
    let Ok(rows) = fuzzing::row_spans(body) else { return };
    let mut end = 0;
    for row in rows {
        assert!(end <= row.start && row.start <= row.end && row.end <= body.len(), "{row:?} after {end}");
        end = row.end;
    }
}

/// A row is decoded, which includes its ID, or skipped. The first byte chooses the list.
pub(crate) fn row(data: &[u8]) {
    let Some((list, row)) = data.split_first() else { return };
    let mapping = Mapping::default();
    let filled = match list % 7 {
        0 => filled(RawStage::decode(row, &mapping), |row| row.filled),
        1 => filled(RawSource::decode(row, &mapping), |row| row.filled),
        2 => filled(RawUser::decode(row, &mapping), |row| row.filled),
        3 => filled(RawContact::decode(row, &mapping), |row| row.filled),
        4 => filled(RawDeal::decode(row, &mapping), |row| row.filled),
        5 => filled(RawEvent::decode(row, &mapping), |row| row.filled),
        _ => filled(RawNote::decode(row, &mapping), |row| row.filled),
    };
    assert!(filled.is_none_or(|filled| filled & 1 == 1), "a row without an ID was decoded");
}

/// The bits of the fields that were found in a row.
fn filled<T>(decoded: Result<T, SkippedRow>, filled: impl Fn(T) -> u64) -> Option<u64> {
    decoded.ok().map(filled)
}

//! What can be wrong with an answer.

/// A fault of the CRM, of its network, or of a row.
///
/// It is written and read as words: see [`Fault::SPELLINGS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An HTTP status, with a page of HTML.
    Status(u16),
    /// 429, and what `Retry-After` says: seconds or an HTTP date, verbatim.
    TooManyRequests {
        retry_after: Option<String>,
    },
    /// HTTP 200 with this code inside: `CT_500`, or `500` to have it spelled as the request spells its codes.
    ResultCode(&'static str),
    /// HTTP 200 with a maintenance page.
    Html,
    /// HTTP 200 with a warning of the server's own language in front of half an object.
    NotJson,
    /// More bytes promised than are sent before the connection closes.
    CutBody,
    /// The connection is reset instead of answered.
    Reset,
    /// No answer, ever.
    Hang,
    /// The right answer, a byte at a time.
    Drip,
    /// The fault, on requests whose offset is at least so much: "failing on the third page for ever".
    FromOffset(usize, Box<Fault>),
    /// The fault, on the first so many requests; then healed.
    Times(usize, Box<Fault>),
    TotalMissing,
    TotalWrong(i64),
    TotalText(String),
    DataMissing,
    DataNull,
    /// `"data": ""`.
    DataEmptyText,
    /// `"data": {}`.
    DataEmptyObject,
    /// `"data": {"0": …, "1": …}`: what becomes of a list whose keys have a gap.
    DataKeyedObject,
    /// 515, no record found, though there are rows.
    Empty,
    /// The list moves down by a row after the first page: the second repeats one.
    ShiftingPages,
    /// The list moves up by a row after the first page: the second skips one.
    PageHole,
    /// No page is longer than this, whatever was asked.
    ShortPages(usize),
    /// Numbers where texts of digits were.
    NumbersForText,
    /// The list ends with older copies of its first rows, under the same ids.
    DuplicateIds,
    /// Every third row of a page is a text, a number, `null` or a list.
    RowsNotObjects,
    /// The first so many rows of the list have no id.
    RowsWithoutId(usize),
    /// Compressed, and labelled so, whether asked for or not.
    Gzip,
    GzipUnlabelled,
    /// A little that unpacks to a gigabyte.
    GzipBomb,
    /// A text of so many bytes in the first row.
    HugeField(usize),
    /// Lists within lists, so deep, in the first row.
    DeepJson(usize),
    /// A text in the first row that is not UTF-8.
    InvalidUtf8,
    /// The right answer, after so long.
    SlowMs(u64),
    Redirect(String),
}

impl Fault {
    /// What befalls a request at `offset`; counts it where only the first so many are to fail.
    pub(crate) fn strike(&mut self, offset: usize) -> Option<Fault> {
        match self {
            Self::FromOffset(from, inner) => {
                if offset >= *from {
                    inner.strike(offset)
                } else {
                    None
                }
            }
            Self::Times(0, _) => None,
            Self::Times(left, inner) => {
                let struck = inner.strike(offset)?;
                *left -= 1;
                Some(struck)
            }
            simple => Some(simple.clone()),
        }
    }
}

/// An account's faults: of one request, or of everything else.
#[derive(Default)]
pub(crate) struct Faults {
    of: std::collections::HashMap<crate::Request, Fault>,
    of_everything: Option<Fault>,
}

impl Faults {
    pub(crate) fn set(&mut self, request: crate::Request, fault: Fault) {
        self.of.insert(request, fault);
    }

    pub(crate) fn set_everything(&mut self, fault: Fault) {
        self.of.clear();
        self.of_everything = Some(fault);
    }

    pub(crate) fn heal(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn strike(&mut self, request: crate::Request, offset: usize) -> Option<Fault> {
        self.of.get_mut(&request).or(self.of_everything.as_mut())?.strike(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_is_counted_heals_and_counts_only_what_it_struck() {
        let mut fault = Fault::FromOffset(200, Box::new(Fault::Times(2, Box::new(Fault::Html))));
        let struck: Vec<bool> = [0, 200, 100, 300, 200].map(|offset| fault.strike(offset).is_some()).into();
        assert_eq!(struck, [false, true, false, true, false]);
    }

    #[test]
    fn a_fault_of_one_request_stands_before_that_of_everything() {
        let mut faults = Faults::default();
        faults.set_everything(Fault::Hang);
        faults.set(crate::Request::Notes, Fault::Html);
        assert_eq!(faults.strike(crate::Request::Notes, 0), Some(Fault::Html));
        assert_eq!(faults.strike(crate::Request::Deals, 0), Some(Fault::Hang));
        faults.heal();
        assert_eq!(faults.strike(crate::Request::Deals, 0), None);
    }
}

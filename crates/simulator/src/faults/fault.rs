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
    /// HTTP 200 with nothing in it.
    EmptyBody,
    /// The right answer with a warning of the server's own language in front of it.
    LeadingGarbage,
    /// The right answer with such a warning behind it.
    TrailingGarbage,
    /// More bytes promised than are sent before the connection closes.
    CutBody,
    /// Fewer bytes promised than are sent; the connection stays open with the rest on it.
    ShortLength,
    /// In chunks, and the connection closes within one.
    CutChunks,
    /// In chunks of blanks without an end.
    EndlessBody,
    /// A header of so many bytes.
    HugeHeader(usize),
    /// An informational status, then the right answer. After 101 nobody expects one.
    Informational(u16),
    /// What another service says that listens at this address.
    NotHttp,
    /// The connection is reset instead of answered.
    Reset,
    /// No answer, ever.
    Hang,
    /// The right answer, a byte at a time.
    Drip,
    /// The fault, on requests whose offset is at least so much: "failing on the third page for ever".
    FromOffset(usize, Box<Fault>),
    /// The fault, on the notes of these contacts.
    OfContacts(Vec<String>, Box<Fault>),
    /// The fault, on the first so many requests; then healed.
    Times(usize, Box<Fault>),
    /// The fault, once so many requests were answered right.
    After(usize, Box<Fault>),
    /// The agency's token changes before the answer.
    RotateToken,
    /// The account's web key is revoked before the answer.
    RevokeKey,
    TotalMissing,
    TotalWrong(i64),
    TotalText(String),
    /// A total that is so much larger with every page.
    TotalDrifts(i64),
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
    /// A row comes to the front before every page after the first: each repeats one row more, and the new ones are not seen.
    RowsInserted,
    /// A row that was read goes away before every page after the first: each skips one row more.
    RowsRemoved,
    /// Whatever the offset, the first page.
    RepeatedPages,
    /// Whatever the offset, the first page, and a total that counts it alone.
    FirstPageOnly,
    /// Behind the last page another one of new rows, and another one.
    EndlessPages,
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
    /// Every row names itself twice, the second time by the id of the row behind it, and has a second first name.
    DuplicateKeys,
    /// Ids of 40 digits.
    HugeIds,
    /// Ids of 40 digits, written as numbers.
    HugeNumberIds,
    /// Ids as numbers, all else as it was.
    NumberIds,
    /// Ids as `{"id": "…"}`.
    ObjectIds,
    /// Compressed, and labelled so, whether asked for or not.
    Gzip,
    GzipUnlabelled,
    /// Not compressed, but labelled so.
    GzipMislabelled,
    /// Compressed, and ending half way.
    GzipCut,
    /// A little that unpacks to a gigabyte.
    GzipBomb,
    /// A text of so many bytes in the first row.
    HugeField(usize),
    /// Lists within lists, so deep, in the first row.
    DeepJson(usize),
    /// Objects within objects, so deep, in the first row.
    DeepObjects(usize),
    /// So many unlike letters in every text of the first row, but for its id, its type and its dates.
    LongTexts(usize),
    /// Numbers that no machine counts to in the first row.
    HugeNumbers,
    /// This word where a number stood in the first row, without quotes: `NaN`, `-Infinity`, `INF`.
    BareWord(String),
    /// The year 1 and the last second of the year 9999 in the first row.
    FarDates,
    /// Texts in the first row that no Unicode text is: `"\ud800"`.
    LoneSurrogates,
    /// `"\u0000"` in texts of the first row.
    NulText,
    /// Line ends and tabs as they are in texts of the first row.
    ControlCharacters,
    /// A text in the first row that is not UTF-8.
    InvalidUtf8,
    /// The whole answer in ISO 8859-1, and not labelled so.
    Latin1,
    /// The whole answer in UTF-16.
    Utf16,
    /// A byte order mark before the answer.
    ByteOrderMark,
    /// The right answer, after so long.
    SlowMs(u64),
    Redirect(String),
    /// So many redirects to this server, each by another status, then one to elsewhere.
    RedirectChain {
        hops: usize,
        to: String,
    },
}

impl Fault {
    /// So many right answers, then the agency's token changes, once.
    pub fn rotate_token_after(answers: usize) -> Self {
        Self::After(answers, Box::new(Self::Times(1, Box::new(Self::RotateToken))))
    }

    /// So many right answers, then the account's web key is revoked.
    pub fn revoke_key_after(answers: usize) -> Self {
        Self::After(answers, Box::new(Self::RevokeKey))
    }

    /// What befalls a request at `offset`, of a contact's notes or of a list; counts it where only the first so many are
    /// to fail.
    pub(crate) fn strike(&mut self, offset: usize, client_id: Option<&str>) -> Option<Fault> {
        match self {
            Self::FromOffset(from, inner) => {
                if offset >= *from {
                    inner.strike(offset, client_id)
                } else {
                    None
                }
            }
            Self::OfContacts(contacts, inner) => {
                if contacts.iter().any(|contact| Some(contact.as_str()) == client_id) {
                    inner.strike(offset, client_id)
                } else {
                    None
                }
            }
            Self::Times(0, _) => None,
            Self::Times(left, inner) => {
                let struck = inner.strike(offset, client_id)?;
                *left -= 1;
                Some(struck)
            }
            Self::After(0, inner) => inner.strike(offset, client_id),
            Self::After(left, _) => {
                *left -= 1;
                None
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

    pub(crate) fn strike(&mut self, request: crate::Request, offset: usize, client_id: Option<&str>) -> Option<Fault> {
        self.of.get_mut(&request).or(self.of_everything.as_mut())?.strike(offset, client_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_is_counted_heals_and_counts_only_what_it_struck() {
        let mut fault = Fault::FromOffset(200, Box::new(Fault::Times(2, Box::new(Fault::Html))));
        let struck: Vec<bool> = [0, 200, 100, 300, 200].map(|offset| fault.strike(offset, None).is_some()).into();
        assert_eq!(struck, [false, true, false, true, false]);
    }

    #[test]
    fn a_fault_of_contacts_strikes_their_notes_alone() {
        let mut fault: Fault = "of:7,8:times:1:html".parse().unwrap();
        let struck = [None, Some("9"), Some("8"), Some("7")].map(|contact| fault.strike(0, contact));
        assert_eq!(struck, [None, None, Some(Fault::Html), None]);
    }

    #[test]
    fn a_fault_can_wait_for_calls_and_then_strike_so_often() {
        let mut fault = Fault::rotate_token_after(2);
        let struck = [0, 100, 200, 300].map(|offset| fault.strike(offset, None));
        assert_eq!(struck, [None, None, Some(Fault::RotateToken), None]);
    }

    #[test]
    fn a_fault_of_one_request_stands_before_that_of_everything() {
        let mut faults = Faults::default();
        faults.set_everything(Fault::Hang);
        faults.set(crate::Request::Notes, Fault::Html);
        assert_eq!(faults.strike(crate::Request::Notes, 0, None), Some(Fault::Html));
        assert_eq!(faults.strike(crate::Request::Deals, 0, None), Some(Fault::Hang));
        faults.heal();
        assert_eq!(faults.strike(crate::Request::Deals, 0, None), None);
    }
}

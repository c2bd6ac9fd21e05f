//! What can be wrong with a response.

/// A fault of the CRM, of its network, or of its data.
///
/// Each fault has a text form; see [`Fault::SPELLINGS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An HTTP status with an HTML page.
    Status(u16),
    /// 429 with this `Retry-After`, in seconds or as an HTTP date, sent verbatim.
    TooManyRequests { retry_after: Option<String> },
    /// HTTP 200 with this `ResultCode`: `CT_500`, or `500` for the request's own spelling of its codes.
    ResultCode(&'static str),
    /// HTTP 200 with a maintenance page.
    Html,
    /// HTTP 200 with a PHP warning and half an object.
    NotJson,
    /// HTTP 200 without a body.
    EmptyBody,
    /// A PHP warning before the correct body.
    LeadingGarbage,
    /// A PHP warning after the correct body.
    TrailingGarbage,
    /// The connection closes before the body has its full length.
    CutBody,
    /// `Content-Length` is less than the body, and the connection stays open with the rest of it.
    ShortLength,
    /// A chunked body whose connection closes within a chunk.
    CutChunks,
    /// A chunked body of blanks that never ends.
    EndlessBody,
    /// A header of this many bytes.
    HugeHeader(usize),
    /// An informational status before the correct response. No response is expected after 101.
    Informational(u16),
    /// The greeting of another service, as if it listened at this address.
    NotHttp,
    /// The connection is reset.
    Reset,
    /// No response, ever.
    Hang,
    /// The correct response, one byte at a time.
    Drip,
    /// The fault, for offsets from this one on: "always fails on the third page".
    FromOffset(usize, Box<Fault>),
    /// The fault, for the notes of these contacts.
    ForContacts(Vec<String>, Box<Fault>),
    /// The fault, for this many requests. Later requests are answered correctly.
    Times(usize, Box<Fault>),
    /// The fault, after this many requests were answered correctly.
    After(usize, Box<Fault>),
    /// The agency's token is replaced before the response.
    RotateToken,
    /// The account's web key is revoked before the response.
    RevokeKey,
    /// No `TotalRecord`.
    TotalMissing,
    /// This number as `TotalRecord`.
    TotalWrong(i64),
    /// This text as `TotalRecord`.
    TotalText(String),
    /// A `TotalRecord` that grows by this much with each page.
    TotalDrifts(i64),
    /// No `data`.
    DataMissing,
    /// `"data": null`.
    DataNull,
    /// `"data": ""`.
    DataEmptyText,
    /// `"data": {}`.
    DataEmptyObject,
    /// `"data": {"0": …, "1": …}`, as PHP encodes an array whose keys have a gap.
    DataKeyedObject,
    /// 515, no record found, although there are rows.
    Empty,
    /// The list moves down by one row after the first page, so later pages repeat a row.
    ShiftingPages,
    /// The list moves up by one row after the first page, so later pages skip a row.
    PageHole,
    /// A row is added at the front before each page after the first. Each page repeats a row, and no page has the new ones.
    RowsInserted,
    /// A row that was already read is removed before each page after the first. Each page skips a row.
    RowsRemoved,
    /// The first page at every offset.
    RepeatedPages,
    /// The first page at every offset, with its own length as the total.
    FirstPageOnly,
    /// After the last page, more pages of new rows without end.
    EndlessPages,
    /// Pages have at most this many rows, whatever the limit.
    ShortPages(usize),
    /// Numbers in place of numeric strings.
    NumbersForText,
    /// The list ends with older copies of its first rows, under the same IDs.
    DuplicateIds,
    /// Every third row of a page is a string, a number, `null`, or an array.
    RowsNotObjects,
    /// The first rows of the list, this many, have no ID.
    RowsWithoutId(usize),
    /// Each row has a second ID, that of the next row, and a second first name.
    DuplicateKeys,
    /// IDs of 40 digits.
    HugeIds,
    /// IDs of 40 digits, as numbers.
    HugeNumberIds,
    /// IDs as numbers.
    NumberIds,
    /// IDs as `{"id": "…"}`.
    ObjectIds,
    /// Compressed and labeled, whether or not the client accepts it.
    Gzip,
    /// Compressed but not labeled.
    GzipUnlabeled,
    /// Labeled as compressed, but not compressed.
    GzipMislabeled,
    /// Compressed and cut in half.
    GzipCut,
    /// A small body that decompresses to a gigabyte.
    GzipBomb,
    /// A string of this many bytes in the first row.
    HugeField(usize),
    /// Arrays nested this deep in the first row.
    DeepJson(usize),
    /// Objects nested this deep in the first row.
    DeepObjects(usize),
    /// This many incompressible characters in each string of the first row except its ID, type, and dates.
    LongTexts(usize),
    /// Numbers of 400 digits in the first row.
    HugeNumbers,
    /// This word, unquoted, in place of a number in the first row: `NaN`, `-Infinity`, `INF`.
    BareWord(String),
    /// The year 1 and the last second of 9999 in the first row.
    FarDates,
    /// Invalid Unicode escapes, such as `"\ud800"`, in the first row.
    LoneSurrogates,
    /// `"\u0000"` in the first row.
    NulText,
    /// Unescaped line breaks and tabs in the first row.
    ControlCharacters,
    /// A string that is not UTF-8 in the first row.
    InvalidUtf8,
    /// The whole body in ISO 8859-1, without a label.
    Latin1,
    /// The whole body in UTF-16.
    Utf16,
    /// A byte order mark before the body.
    ByteOrderMark,
    /// The correct response after this many milliseconds.
    SlowMs(u64),
    /// The request's credentials in the message and in the first row, in every spelling.
    EchoCredentials,
    /// A redirect to this address.
    Redirect(String),
    /// This many redirects to the simulator, each with another status, then one to this address.
    RedirectChain { hops: usize, to: String },
}

impl Fault {
    /// Replaces the agency's token once, after this many correct responses.
    pub fn rotate_token_after(responses: usize) -> Self {
        Self::After(responses, Box::new(Self::Times(1, Box::new(Self::RotateToken))))
    }

    /// Revokes the account's web key after this many correct responses.
    pub fn revoke_key_after(responses: usize) -> Self {
        Self::After(responses, Box::new(Self::RevokeKey))
    }

    /// The simple fault that applies to a request, if any. Counts the request for [`Fault::Times`] and [`Fault::After`].
    pub(crate) fn trigger(&mut self, offset: usize, client_id: Option<&str>) -> Option<Fault> {
        match self {
            Self::FromOffset(from, inner) => {
                if offset >= *from {
                    inner.trigger(offset, client_id)
                } else {
                    None
                }
            }
            Self::ForContacts(contacts, inner) => {
                if contacts.iter().any(|contact| Some(contact.as_str()) == client_id) {
                    inner.trigger(offset, client_id)
                } else {
                    None
                }
            }
            Self::Times(0, _) => None,
            Self::Times(left, inner) => {
                let fault = inner.trigger(offset, client_id)?;
                *left -= 1;
                Some(fault)
            }
            Self::After(0, inner) => inner.trigger(offset, client_id),
            Self::After(left, _) => {
                *left -= 1;
                None
            }
            simple => Some(simple.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_counts_only_the_requests_that_it_applies_to() {
        let mut fault = Fault::FromOffset(200, Box::new(Fault::Times(2, Box::new(Fault::Html))));
        let triggered: Vec<bool> = [0, 200, 100, 300, 200].map(|offset| fault.trigger(offset, None).is_some()).into();
        assert_eq!(triggered, [false, true, false, true, false]);
    }

    #[test]
    fn a_fault_for_contacts_applies_only_to_their_notes() {
        let mut fault: Fault = "of:7,8:times:1:html".parse().unwrap();
        let triggered = [None, Some("9"), Some("8"), Some("7")].map(|contact| fault.trigger(0, contact));
        assert_eq!(triggered, [None, None, Some(Fault::Html), None]);
    }

    #[test]
    fn a_fault_can_start_after_some_requests_and_apply_once() {
        let mut fault = Fault::rotate_token_after(2);
        let triggered = [0, 100, 200, 300].map(|offset| fault.trigger(offset, None));
        assert_eq!(triggered, [None, None, Some(Fault::RotateToken), None]);
    }
}

//! The text form of faults, for use from a command line.

use std::fmt;
use std::str::FromStr;

use crate::faults::fault::Fault;

impl Fault {
    /// Every fault's text form, with a sample argument where it takes one, and its meaning.
    pub const SPELLINGS: [(&'static str, &'static str); 75] = [
        ("status:500", "an HTTP status with an HTML page"),
        ("429", "too many requests, without Retry-After"),
        ("429:30", "too many requests, with this Retry-After: seconds or an HTTP date"),
        ("code:500", "HTTP 200 with a result code: 400, 404, 500, 501, 512, 515, 520, or 525"),
        ("html", "HTTP 200 with a maintenance page"),
        ("not-json", "HTTP 200 with a body that is not JSON"),
        ("empty-body", "HTTP 200 without a body"),
        ("leading-garbage", "a warning before the correct body"),
        ("trailing-garbage", "a warning after the correct body"),
        ("cut-body", "the connection closes before the end of the body"),
        ("short-length", "a Content-Length that is too small, on a connection that stays open"),
        ("cut-chunks", "a chunked body that ends within a chunk"),
        ("endless-body", "a chunked body of blanks that never ends"),
        ("huge-header:1000000", "a header of this many bytes"),
        ("informational:103", "an informational status before the correct response"),
        ("not-http", "the greeting of another service"),
        ("reset", "the connection is reset"),
        ("hang", "no response"),
        ("drip", "one byte at a time"),
        ("of:1000007,1000008:status:500", "the fault after the IDs, for the notes of these contacts"),
        ("from:200:status:500", "the fault after the number, for offsets from that number on"),
        ("times:3:reset", "the fault after the number, this many times"),
        ("after:12:html", "the fault after the number, once this many requests were answered"),
        (
            "rotate-token",
            "the agency's token is replaced before the response; after:12:times:1:rotate-token does so once, mid-run",
        ),
        ("revoke-key", "the web key is revoked before the response"),
        ("total-missing", "no TotalRecord"),
        ("total:17", "a wrong TotalRecord"),
        ("total-text:many", "a text as TotalRecord"),
        ("total-drifts:3", "a TotalRecord that grows by this much with each page"),
        ("data-missing", "no data"),
        ("data-null", "data is null"),
        ("data-empty-text", "data is \"\""),
        ("data-empty-object", "data is {}"),
        ("data-keyed", "data is {\"0\": …, \"1\": …}"),
        ("empty", "515, no record found, although there are rows"),
        ("shifting-pages", "later pages repeat a row"),
        ("page-hole", "later pages skip a row"),
        ("rows-inserted", "a row is added at the front before each later page"),
        ("rows-removed", "a row that was read is removed before each later page"),
        ("repeated-pages", "the first page at every offset"),
        ("first-page-only", "the first page at every offset, with its own length as the total"),
        ("endless-pages", "new rows on page after page, without end"),
        ("short-pages:40", "pages have at most this many rows"),
        ("numbers-for-text", "numbers in place of numeric strings"),
        ("duplicate-ids", "older copies of the first rows at the end, under the same IDs"),
        ("rows-not-objects", "every third row is a string, a number, null, or an array"),
        ("rows-without-id:3", "this many rows at the start of the list have no ID"),
        ("duplicate-keys", "rows have a second ID, that of the next row, and a second first name"),
        ("huge-ids", "IDs of 40 digits"),
        ("huge-number-ids", "IDs of 40 digits, as numbers"),
        ("number-ids", "IDs as numbers"),
        ("object-ids", "IDs as objects"),
        ("gzip", "compressed and labeled"),
        ("gzip-unlabeled", "compressed but not labeled"),
        ("gzip-mislabeled", "labeled as compressed, but not compressed"),
        ("gzip-cut", "compressed and cut in half"),
        ("gzip-bomb", "a small body that decompresses to a gigabyte"),
        ("huge-field:5000000", "a string of this many bytes in the first row"),
        ("deep-json:5000", "arrays nested this deep in the first row"),
        ("deep-objects:5000", "objects nested this deep in the first row"),
        ("long-texts:3000", "this many characters in each string of the first row"),
        ("huge-numbers", "numbers of 400 digits in the first row"),
        ("bare-word:NaN", "this word, unquoted, in place of a number in the first row"),
        ("far-dates", "the years 1 and 9999 in the first row"),
        ("lone-surrogates", "\"\\ud800\" in the first row"),
        ("nul-text", "\"\\u0000\" in the first row"),
        ("control-characters", "unescaped line breaks and tabs in the first row"),
        ("invalid-utf8", "a string that is not UTF-8 in the first row"),
        ("latin-1", "the whole body in ISO 8859-1"),
        ("utf-16", "the whole body in UTF-16"),
        ("byte-order-mark", "a byte order mark before the body"),
        ("echo-credentials", "the request's credentials in the message and the first row"),
        ("slow:1500", "the correct response after this many milliseconds"),
        ("redirect:https://elsewhere.example/", "a redirect"),
        ("redirect-chain:3:https://elsewhere.example/", "this many redirects to the simulator, then one to this address"),
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status:{status}"),
            Self::TooManyRequests { retry_after: None } => f.write_str("429"),
            Self::TooManyRequests { retry_after: Some(when) } => write!(f, "429:{when}"),
            Self::ResultCode(code) => write!(f, "code:{code}"),
            Self::FromOffset(offset, fault) => write!(f, "from:{offset}:{fault}"),
            Self::ForContacts(contacts, fault) => write!(f, "of:{}:{fault}", contacts.join(",")),
            Self::Times(count, fault) => write!(f, "times:{count}:{fault}"),
            Self::After(count, fault) => write!(f, "after:{count}:{fault}"),
            Self::HugeHeader(bytes) => write!(f, "huge-header:{bytes}"),
            Self::Informational(status) => write!(f, "informational:{status}"),
            Self::TotalDrifts(by) => write!(f, "total-drifts:{by}"),
            Self::DeepObjects(levels) => write!(f, "deep-objects:{levels}"),
            Self::LongTexts(letters) => write!(f, "long-texts:{letters}"),
            Self::BareWord(word) => write!(f, "bare-word:{word}"),
            Self::RedirectChain { hops, to } => write!(f, "redirect-chain:{hops}:{to}"),
            Self::TotalWrong(total) => write!(f, "total:{total}"),
            Self::TotalText(text) => write!(f, "total-text:{text}"),
            Self::ShortPages(rows) => write!(f, "short-pages:{rows}"),
            Self::RowsWithoutId(rows) => write!(f, "rows-without-id:{rows}"),
            Self::HugeField(bytes) => write!(f, "huge-field:{bytes}"),
            Self::DeepJson(levels) => write!(f, "deep-json:{levels}"),
            Self::SlowMs(ms) => write!(f, "slow:{ms}"),
            Self::Redirect(to) => write!(f, "redirect:{to}"),
            simple => f.write_str(SIMPLE.iter().find(|(_, fault)| fault == simple).map_or("?", |(word, _)| word)),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((_, fault)) = SIMPLE.iter().find(|(word, _)| *word == text) {
            return Ok(fault.clone());
        }
        if text == "429" {
            return Ok(Self::TooManyRequests { retry_after: None });
        }
        let unknown = || format!("unknown fault {text:?}");
        let (word, rest) = text.split_once(':').ok_or_else(unknown)?;
        match word {
            "status" => number(word, rest).and_then(status),
            "429" => Ok(Self::TooManyRequests { retry_after: Some(rest.into()) }),
            "code" => result_code(rest),
            "from" => counted(word, rest).map(|(offset, fault)| Self::FromOffset(offset, fault)),
            "of" => for_contacts(rest),
            "times" => counted(word, rest).map(|(count, fault)| Self::Times(count, fault)),
            "after" => counted(word, rest).map(|(count, fault)| Self::After(count, fault)),
            "huge-header" => number(word, rest).map(Self::HugeHeader),
            "informational" => number(word, rest).and_then(informational),
            "total-drifts" => number(word, rest).map(Self::TotalDrifts),
            "deep-objects" => number(word, rest).map(Self::DeepObjects),
            "long-texts" => number(word, rest).map(Self::LongTexts),
            "bare-word" => Ok(Self::BareWord(rest.into())),
            "redirect-chain" => redirect_chain(rest),
            "total" => number(word, rest).map(Self::TotalWrong),
            "total-text" => Ok(Self::TotalText(rest.into())),
            "short-pages" => number(word, rest).map(Self::ShortPages),
            "rows-without-id" => number(word, rest).map(Self::RowsWithoutId),
            "huge-field" => number(word, rest).map(Self::HugeField),
            "deep-json" => number(word, rest).map(Self::DeepJson),
            "slow" => number(word, rest).map(Self::SlowMs),
            "redirect" => Ok(Self::Redirect(rest.into())),
            _ => Err(unknown()),
        }
    }
}

/// The faults without arguments.
const SIMPLE: [(&str, Fault); 52] = [
    ("html", Fault::Html),
    ("not-json", Fault::NotJson),
    ("cut-body", Fault::CutBody),
    ("reset", Fault::Reset),
    ("hang", Fault::Hang),
    ("drip", Fault::Drip),
    ("total-missing", Fault::TotalMissing),
    ("data-missing", Fault::DataMissing),
    ("data-null", Fault::DataNull),
    ("data-empty-text", Fault::DataEmptyText),
    ("data-empty-object", Fault::DataEmptyObject),
    ("data-keyed", Fault::DataKeyedObject),
    ("empty", Fault::Empty),
    ("shifting-pages", Fault::ShiftingPages),
    ("page-hole", Fault::PageHole),
    ("numbers-for-text", Fault::NumbersForText),
    ("duplicate-ids", Fault::DuplicateIds),
    ("rows-not-objects", Fault::RowsNotObjects),
    ("gzip", Fault::Gzip),
    ("gzip-unlabeled", Fault::GzipUnlabeled),
    ("gzip-bomb", Fault::GzipBomb),
    ("invalid-utf8", Fault::InvalidUtf8),
    ("empty-body", Fault::EmptyBody),
    ("leading-garbage", Fault::LeadingGarbage),
    ("trailing-garbage", Fault::TrailingGarbage),
    ("short-length", Fault::ShortLength),
    ("cut-chunks", Fault::CutChunks),
    ("endless-body", Fault::EndlessBody),
    ("not-http", Fault::NotHttp),
    ("rotate-token", Fault::RotateToken),
    ("revoke-key", Fault::RevokeKey),
    ("rows-inserted", Fault::RowsInserted),
    ("rows-removed", Fault::RowsRemoved),
    ("repeated-pages", Fault::RepeatedPages),
    ("first-page-only", Fault::FirstPageOnly),
    ("endless-pages", Fault::EndlessPages),
    ("duplicate-keys", Fault::DuplicateKeys),
    ("huge-ids", Fault::HugeIds),
    ("huge-number-ids", Fault::HugeNumberIds),
    ("number-ids", Fault::NumberIds),
    ("object-ids", Fault::ObjectIds),
    ("gzip-mislabeled", Fault::GzipMislabeled),
    ("gzip-cut", Fault::GzipCut),
    ("huge-numbers", Fault::HugeNumbers),
    ("far-dates", Fault::FarDates),
    ("lone-surrogates", Fault::LoneSurrogates),
    ("nul-text", Fault::NulText),
    ("control-characters", Fault::ControlCharacters),
    ("latin-1", Fault::Latin1),
    ("utf-16", Fault::Utf16),
    ("byte-order-mark", Fault::ByteOrderMark),
    ("echo-credentials", Fault::EchoCredentials),
];

/// Parses the argument of a fault.
fn number<T: FromStr>(word: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{word}: needs a number, not {text:?}"))
}

fn status(status: u16) -> Result<Fault, String> {
    match status {
        200..=599 => Ok(Fault::Status(status)),
        _ => Err(format!("status: needs 200 to 599, not {status}")),
    }
}

fn informational(status: u16) -> Result<Fault, String> {
    match status {
        100..=199 => Ok(Fault::Informational(status)),
        _ => Err(format!("informational: needs 100 to 199, not {status}")),
    }
}

fn redirect_chain(text: &str) -> Result<Fault, String> {
    let (hops, to) = text.split_once(':').ok_or("redirect-chain: needs a number, a colon, and an address")?;
    Ok(Fault::RedirectChain { hops: number("redirect-chain", hops)?, to: to.into() })
}

/// Parses a number and the fault after it.
fn counted(word: &str, text: &str) -> Result<(usize, Box<Fault>), String> {
    let (count, fault) = text.split_once(':').ok_or_else(|| format!("{word}: needs a number, a colon, and a fault"))?;
    Ok((number(word, count)?, Box::new(fault.parse()?)))
}

fn for_contacts(text: &str) -> Result<Fault, String> {
    let (contacts, fault) = text.split_once(':').ok_or("of: needs contact IDs, a colon, and a fault")?;
    Ok(Fault::ForContacts(contacts.split(',').map(str::to_owned).collect(), Box::new(fault.parse()?)))
}

fn result_code(text: &str) -> Result<Fault, String> {
    const CODES: [&str; 8] = ["400", "404", "500", "501", "512", "515", "520", "525"];
    let digits = text.trim_start_matches("CT").trim_start_matches('_');
    let code = CODES.into_iter().find(|code| *code == digits);
    code.map(Fault::ResultCode).ok_or_else(|| format!("code: needs one of {}, not {text:?}", CODES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_parses_and_prints_the_same() {
        for (spelling, _) in Fault::SPELLINGS {
            assert_eq!(spelling.parse::<Fault>().unwrap().to_string(), spelling);
        }
    }

    #[test]
    fn a_bad_spelling_gives_a_specific_error() {
        for (text, why) in [
            ("explode", "unknown fault \"explode\""),
            ("status:soon", "status: needs a number, not \"soon\""),
            ("informational:200", "informational: needs 100 to 199, not 200"),
            ("redirect-chain:3", "redirect-chain: needs a number, a colon, and an address"),
            ("times:3", "times: needs a number, a colon, and a fault"),
            ("code:999", "code: needs one of 400, 404, 500, 501, 512, 515, 520, 525, not \"999\""),
        ] {
            assert_eq!(text.parse::<Fault>().unwrap_err(), why);
        }
    }
}

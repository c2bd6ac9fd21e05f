//! What can go wrong between asking for a page and having it. An error says its own part and leaves the rest to its
//! source; neither ever holds a body or a credential.

use std::time::Duration;

use tetherboard_domain::FaultClass;

use crate::envelope::ResultCode;

/// A page that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("could not read {request} at offset {offset}")]
pub struct Error {
    /// The list in a person's words: "contacts".
    pub request: &'static str,
    pub offset: usize,
    /// What was asked: path and query, without credentials.
    pub path: String,
    /// How often it was asked; 0 if it was not even tried.
    pub attempts: u32,
    /// How long the CRM asked to be left alone, at most a day.
    pub retry_after: Option<Duration>,
    #[source]
    pub cause: Cause,
}

#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error("the CRM could not be reached")]
    Network(#[source] reqwest::Error),
    #[error("waited {limit:?} for {awaited}")]
    Timeout { awaited: &'static str, limit: Duration },
    #[error("the CRM answered with HTTP status {status}")]
    HttpStatus { status: u16 },
    #[error("the CRM asked to be left alone, with HTTP status {status}")]
    AskedToWait { status: u16 },
    #[error("the CRM answered {code}: {message}")]
    ResultCode { code: ResultCode, message: String },
    #[error("the CRM refused the credentials with HTTP status {status}")]
    Refused { status: u16 },
    #[error("the CRM refused the credentials with {code}: {message}")]
    RefusedInside { code: ResultCode, message: String },
    /// Nothing was asked: the token is known to be refused, see [`Budgets::refuse`](crate::Budgets::refuse).
    #[error("the access token was refused")]
    TokenRefused,
    #[error("the answer was cut off")]
    Cut(#[source] reqwest::Error),
    #[error("the answer could not be decompressed")]
    Gzip(#[source] std::io::Error),
    #[error("the answer is not JSON at line {line}, column {column}")]
    NotJson { line: usize, column: usize },
    #[error("the answer is not what the CRM sends: {0}")]
    NotAnEnvelope(&'static str),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the answer is nested too deep")]
    TooDeep,
    #[error("no turn came within {0:?}")]
    NoTurn(Duration),
    #[error("the list did not end within {0} pages")]
    Endless(usize),
    #[error("the program is shutting down")]
    ShuttingDown,
}

impl Error {
    pub fn class(&self) -> FaultClass {
        self.cause.class()
    }

    /// Whether asking again soon is pointless.
    pub fn is_permanent(&self) -> bool {
        self.cause.is_permanent()
    }

    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub fn status(&self) -> Option<u16> {
        match self.cause {
            Cause::HttpStatus { status } | Cause::AskedToWait { status } | Cause::Refused { status } => Some(status),
            _ => None,
        }
    }

    pub fn result_code(&self) -> Option<ResultCode> {
        match self.cause {
            Cause::ResultCode { code, .. } | Cause::RefusedInside { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The CRM's own short message, where it sent one.
    pub fn message(&self) -> Option<&str> {
        match &self.cause {
            Cause::ResultCode { message, .. } | Cause::RefusedInside { message, .. } => Some(message),
            _ => None,
        }
    }
}

impl Cause {
    pub fn class(&self) -> FaultClass {
        match self {
            Self::Network(_) => FaultClass::Network,
            Self::Timeout { .. } => FaultClass::Timeout,
            Self::HttpStatus { .. } => FaultClass::HttpStatus,
            Self::ResultCode { .. } => FaultClass::ResultCode,
            Self::Refused { .. } | Self::RefusedInside { .. } | Self::TokenRefused => FaultClass::Credentials,
            Self::Cut(_)
            | Self::Gzip(_)
            | Self::NotJson { .. }
            | Self::NotAnEnvelope(_)
            | Self::TooLarge { .. }
            | Self::TooDeep
            | Self::Endless(_) => FaultClass::Body,
            Self::AskedToWait { .. } | Self::NoTurn(_) | Self::ShuttingDown => FaultClass::Budget,
        }
    }

    /// Permanent is what the same call would meet again. A status or code that nobody has seen is taken to be so: a
    /// call that is not repeated harms nobody.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::HttpStatus { status } => !matches!(status, 500 | 502 | 503 | 504),
            Self::ResultCode { code, .. } => *code != ResultCode::UNKNOWN_ERROR,
            Self::Refused { .. } | Self::RefusedInside { .. } | Self::TokenRefused => true,
            Self::TooLarge { .. } | Self::TooDeep | Self::Endless(_) => true,
            Self::Network(_) | Self::Timeout { .. } | Self::AskedToWait { .. } | Self::Cut(_) | Self::Gzip(_) => false,
            Self::NotJson { .. } | Self::NotAnEnvelope(_) | Self::NoTurn(_) | Self::ShuttingDown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::too_many_requests(Cause::AskedToWait { status: 429 }, FaultClass::Budget, false)]
    #[case::server_error(Cause::HttpStatus { status: 500 }, FaultClass::HttpStatus, false)]
    #[case::bad_gateway(Cause::HttpStatus { status: 502 }, FaultClass::HttpStatus, false)]
    #[case::unavailable(Cause::HttpStatus { status: 503 }, FaultClass::HttpStatus, false)]
    #[case::gateway_timeout(Cause::HttpStatus { status: 504 }, FaultClass::HttpStatus, false)]
    #[case::not_implemented(Cause::HttpStatus { status: 501 }, FaultClass::HttpStatus, true)]
    #[case::not_found(Cause::HttpStatus { status: 404 }, FaultClass::HttpStatus, true)]
    #[case::moved(Cause::HttpStatus { status: 302 }, FaultClass::HttpStatus, true)]
    #[case::refused(Cause::Refused { status: 401 }, FaultClass::Credentials, true)]
    #[case::token_refused(Cause::TokenRefused, FaultClass::Credentials, true)]
    #[case::unknown_error(Cause::ResultCode { code: ResultCode(500), message: String::new() }, FaultClass::ResultCode, false)]
    #[case::key_missing(Cause::ResultCode { code: ResultCode(501), message: String::new() }, FaultClass::ResultCode, true)]
    #[case::bad_request(Cause::ResultCode { code: ResultCode(400), message: String::new() }, FaultClass::ResultCode, true)]
    #[case::request_not_found(Cause::ResultCode { code: ResultCode(404), message: String::new() }, FaultClass::ResultCode, true)]
    #[case::not_json(Cause::NotJson { line: 1, column: 1 }, FaultClass::Body, false)]
    #[case::too_large(Cause::TooLarge { limit: 1 }, FaultClass::Body, true)]
    #[case::too_deep(Cause::TooDeep, FaultClass::Body, true)]
    #[case::endless(Cause::Endless(9), FaultClass::Body, true)]
    #[case::no_turn(Cause::NoTurn(Duration::ZERO), FaultClass::Budget, false)]
    fn each_fault_has_its_class_and_its_permanence(#[case] cause: Cause, #[case] class: FaultClass, #[case] permanent: bool) {
        assert_eq!((cause.class(), cause.is_permanent()), (class, permanent));
    }

    #[test]
    fn an_error_says_its_part_and_leaves_the_rest_to_its_source() {
        let cause = Cause::ResultCode { code: ResultCode(501), message: "required key missing".into() };
        let error = Error { request: "contacts", offset: 300, path: String::new(), attempts: 1, retry_after: None, cause };
        assert_eq!(error.to_string(), "could not read contacts at offset 300");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "the CRM answered CT_501: required key missing");
    }
}

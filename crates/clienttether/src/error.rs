//! Errors of the client. An error describes its own layer and leaves the rest to its source. Neither contains a body or a
//! credential.

use std::time::Duration;

use tetherboard_domain::FaultClass;

use crate::result_code::ResultCode;

/// A page that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read {request} at offset {offset}")]
pub struct Error {
    /// The list: "contacts".
    pub request: &'static str,
    pub offset: usize,
    /// Path and query, without credentials.
    pub path: String,
    /// Number of attempts; 0 if none was sent.
    pub attempts: u32,
    /// How long the CRM asked to wait, at most a day.
    pub retry_after: Option<Duration>,
    #[source]
    pub cause: Cause,
}

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error("could not reach ClientTether; check the network and the base URL")]
    Network(#[source] reqwest::Error),
    #[error("timed out after {limit:?} waiting for {waiting_for}")]
    Timeout { waiting_for: &'static str, limit: Duration },
    #[error("ClientTether returned HTTP status {status}")]
    HttpStatus { status: u16 },
    #[error("ClientTether asked us to wait (HTTP status {status})")]
    RateLimited { status: u16 },
    #[error("ClientTether returned the error {code}: {message}")]
    ResultCode { code: ResultCode, message: String },
    #[error("ClientTether refused the credentials with HTTP status {status}; check the access token and the web key")]
    Refused { status: u16 },
    #[error("ClientTether refused the credentials with {code}: {message}; check the access token and the web key")]
    RefusedByCode { code: ResultCode, message: String },
    /// Nothing was sent, because the token is marked as refused; see [`Budgets::refuse`](crate::Budgets::refuse).
    #[error("the access token was refused; enter a new one")]
    TokenRefused,
    #[error("the response was cut off")]
    Truncated(#[source] reqwest::Error),
    #[error("could not decompress the response")]
    Gzip(#[source] std::io::Error),
    #[error("the response is not JSON at line {line}, column {column}")]
    NotJson { line: usize, column: usize },
    #[error("the response is not a ClientTether response: {0}")]
    NotAnEnvelope(&'static str),
    #[error("the response is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the response is nested too deeply")]
    TooDeep,
    #[error("no call could start within {0:?}, because other calls used up the limit")]
    BudgetTimeout(Duration),
    #[error("the list did not end after {0} pages")]
    TooManyPages(usize),
    #[error("the program is shutting down")]
    ShuttingDown,
}

impl Error {
    /// The class under which the run reports the error.
    pub fn class(&self) -> FaultClass {
        self.cause.class()
    }

    /// Whether the same call would fail again.
    pub fn is_permanent(&self) -> bool {
        self.cause.is_permanent()
    }

    /// How long the CRM asked to wait, at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The HTTP status, if it is the error.
    pub fn status(&self) -> Option<u16> {
        match self.cause {
            Cause::HttpStatus { status } | Cause::RateLimited { status } | Cause::Refused { status } => Some(status),
            _ => None,
        }
    }

    /// The CRM's result code, if it is the error.
    pub fn result_code(&self) -> Option<ResultCode> {
        match self.cause {
            Cause::ResultCode { code, .. } | Cause::RefusedByCode { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The CRM's own message, at most 200 characters, if its result code is the error.
    pub fn message(&self) -> Option<&str> {
        match &self.cause {
            Cause::ResultCode { message, .. } | Cause::RefusedByCode { message, .. } => Some(message),
            _ => None,
        }
    }
}

impl Cause {
    /// The class under which the run reports the error.
    pub fn class(&self) -> FaultClass {
        match self {
            Self::Network(_) => FaultClass::Network,
            Self::Timeout { .. } => FaultClass::Timeout,
            Self::HttpStatus { .. } => FaultClass::HttpStatus,
            Self::ResultCode { .. } => FaultClass::ResultCode,
            Self::Refused { .. } | Self::RefusedByCode { .. } | Self::TokenRefused => FaultClass::Credentials,
            Self::Truncated(_)
            | Self::Gzip(_)
            | Self::NotJson { .. }
            | Self::NotAnEnvelope(_)
            | Self::TooLarge { .. }
            | Self::TooDeep
            | Self::TooManyPages(_) => FaultClass::Body,
            Self::RateLimited { .. } | Self::BudgetTimeout(_) | Self::ShuttingDown => FaultClass::Budget,
        }
    }

    /// Whether the same call would fail again. An unknown status or code counts as permanent, since not retrying is safe.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::HttpStatus { status } => !matches!(status, 500 | 502 | 503 | 504),
            Self::ResultCode { code, .. } => *code != ResultCode::UNKNOWN_ERROR,
            Self::Refused { .. } | Self::RefusedByCode { .. } | Self::TokenRefused => true,
            Self::TooLarge { .. } | Self::TooDeep | Self::TooManyPages(_) => true,
            Self::Network(_) | Self::Timeout { .. } | Self::RateLimited { .. } | Self::Truncated(_) | Self::Gzip(_) => false,
            Self::NotJson { .. } | Self::NotAnEnvelope(_) | Self::BudgetTimeout(_) | Self::ShuttingDown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::too_many_requests(Cause::RateLimited { status: 429 }, FaultClass::Budget, false)]
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
    #[case::too_many_pages(Cause::TooManyPages(9), FaultClass::Body, true)]
    #[case::budget_timeout(Cause::BudgetTimeout(Duration::ZERO), FaultClass::Budget, false)]
    fn each_cause_has_a_class_and_is_permanent_or_not(#[case] cause: Cause, #[case] class: FaultClass, #[case] permanent: bool) {
        assert_eq!((cause.class(), cause.is_permanent()), (class, permanent));
    }

    #[test]
    fn an_error_describes_its_layer_and_leaves_the_rest_to_its_source() {
        let cause = Cause::ResultCode { code: ResultCode(501), message: "required key missing".into() };
        let error = Error { request: "contacts", offset: 300, path: String::new(), attempts: 1, retry_after: None, cause };
        assert_eq!(error.to_string(), "could not read contacts at offset 300");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "ClientTether returned the error CT_501: required key missing");
    }
}

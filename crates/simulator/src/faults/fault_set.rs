//! The faults that are set for an account.

use std::collections::HashMap;

use crate::faults::fault::Fault;
use crate::request::Request;

/// An account's faults: per request, and one for all others.
#[derive(Default)]
pub(crate) struct FaultSet {
    by_request: HashMap<Request, Fault>,
    everything: Option<Fault>,
}

impl FaultSet {
    /// Sets the fault of one request.
    pub(crate) fn set(&mut self, request: Request, fault: Fault) {
        self.by_request.insert(request, fault);
    }

    /// Sets one fault for all requests, replacing all others.
    pub(crate) fn set_everything(&mut self, fault: Fault) {
        self.by_request.clear();
        self.everything = Some(fault);
    }

    /// Removes all faults.
    pub(crate) fn heal(&mut self) {
        *self = Self::default();
    }

    /// The simple fault that applies to a request, if any.
    pub(crate) fn trigger(&mut self, request: Request, offset: usize, client_id: Option<&str>) -> Option<Fault> {
        self.by_request.get_mut(&request).or(self.everything.as_mut())?.trigger(offset, client_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_of_one_request_takes_precedence_over_the_fault_of_everything() {
        let mut faults = FaultSet::default();
        faults.set_everything(Fault::Hang);
        faults.set(Request::Notes, Fault::Html);
        assert_eq!(faults.trigger(Request::Notes, 0, None), Some(Fault::Html));
        assert_eq!(faults.trigger(Request::Deals, 0, None), Some(Fault::Hang));
        faults.heal();
        assert_eq!(faults.trigger(Request::Deals, 0, None), None);
    }
}

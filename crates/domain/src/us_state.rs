//! The states of the USA, as named in a contact's market.

/// A US state, or the District of Columbia.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UsState(&'static str, &'static str);

impl UsState {
    /// All states, by name.
    pub const ALL: [Self; 51] = [
        Self("AL", "Alabama"),
        Self("AK", "Alaska"),
        Self("AZ", "Arizona"),
        Self("AR", "Arkansas"),
        Self("CA", "California"),
        Self("CO", "Colorado"),
        Self("CT", "Connecticut"),
        Self("DE", "Delaware"),
        Self("DC", "District of Columbia"),
        Self("FL", "Florida"),
        Self("GA", "Georgia"),
        Self("HI", "Hawaii"),
        Self("ID", "Idaho"),
        Self("IL", "Illinois"),
        Self("IN", "Indiana"),
        Self("IA", "Iowa"),
        Self("KS", "Kansas"),
        Self("KY", "Kentucky"),
        Self("LA", "Louisiana"),
        Self("ME", "Maine"),
        Self("MD", "Maryland"),
        Self("MA", "Massachusetts"),
        Self("MI", "Michigan"),
        Self("MN", "Minnesota"),
        Self("MS", "Mississippi"),
        Self("MO", "Missouri"),
        Self("MT", "Montana"),
        Self("NE", "Nebraska"),
        Self("NV", "Nevada"),
        Self("NH", "New Hampshire"),
        Self("NJ", "New Jersey"),
        Self("NM", "New Mexico"),
        Self("NY", "New York"),
        Self("NC", "North Carolina"),
        Self("ND", "North Dakota"),
        Self("OH", "Ohio"),
        Self("OK", "Oklahoma"),
        Self("OR", "Oregon"),
        Self("PA", "Pennsylvania"),
        Self("RI", "Rhode Island"),
        Self("SC", "South Carolina"),
        Self("SD", "South Dakota"),
        Self("TN", "Tennessee"),
        Self("TX", "Texas"),
        Self("UT", "Utah"),
        Self("VT", "Vermont"),
        Self("VA", "Virginia"),
        Self("WA", "Washington"),
        Self("WV", "West Virginia"),
        Self("WI", "Wisconsin"),
        Self("WY", "Wyoming"),
    ];

    /// The two-letter code.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// The full name.
    pub fn name(self) -> &'static str {
        self.1
    }

    /// The state with a two-letter code, in any case.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.0.eq_ignore_ascii_case(code))
    }

    /// The state in a market: its code or name, alone or after the last comma, in any case.
    pub fn of_market(market: &str) -> Option<Self> {
        let last = market.rsplit_once(", ").map_or(market.trim_matches(' '), |(_, last)| last.trim_end_matches(' '));
        Self::ALL.into_iter().find(|state| last.eq_ignore_ascii_case(state.0) || last.eq_ignore_ascii_case(state.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_is_in_the_state_at_its_end() {
        let code = |market| UsState::of_market(market).map(UsState::code);
        assert_eq!(
            [code("Denver, CO"), code("Santa Fe, new mexico"), code("tx"), code("Washington")],
            [Some("CO"), Some("NM"), Some("TX"), Some("WA")]
        );
        assert_eq!(
            [code("Washington, DC"), code("Portland, OR, "), code("Toronto, ON"), code(""), code("Denver CO")],
            [Some("DC"), None, None, None, None]
        );
    }
}

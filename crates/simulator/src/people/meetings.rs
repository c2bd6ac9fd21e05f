//! The kinds of meetings on the calendar.

/// A kind of meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meeting {
    InitialCall,
    FollowUp,
    FddReview,
    DiscoveryDay,
    Signing,
}

impl Meeting {
    /// The event's title.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::InitialCall => "Initial call",
            Self::FollowUp => "Follow-up call",
            Self::FddReview => "FDD review call",
            Self::DiscoveryDay => "Discovery Day",
            Self::Signing => "Franchise agreement signing",
        }
    }

    /// The event's location.
    pub(crate) fn location(self) -> &'static str {
        match self {
            Self::InitialCall | Self::FollowUp => "Phone",
            Self::FddReview | Self::Signing => "Video call",
            Self::DiscoveryDay => "Home office",
        }
    }

    /// The meeting's length in minutes.
    pub(crate) fn minutes(self) -> i64 {
        match self {
            Self::InitialCall | Self::FollowUp => 30,
            Self::FddReview | Self::Signing => 60,
            Self::DiscoveryDay => 360,
        }
    }

    /// The event's description, as HTML.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::InitialCall => "<p>Introduction, background and goals.</p>",
            Self::FollowUp => "<p>Open questions.</p>",
            Self::FddReview => "<p>Walk through the disclosure document, items 5, 6, 7 and 19.</p>",
            Self::DiscoveryDay => "<p>Tour, tasting &amp; meet the team.</p>",
            Self::Signing => "<p>Sign and welcome.</p>",
        }
    }
}

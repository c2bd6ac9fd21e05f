//! Templates for the notes on candidates.

/// A kind of note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NoteKind {
    /// The lead arrived.
    Arrived,
    /// An attempt to reach the candidate failed.
    Attempt,
    /// A phone call.
    Call,
    /// An email.
    Email,
    /// A text message.
    Text,
    /// The candidate advanced.
    Progress,
    /// The candidate was lost.
    Lost,
}

impl NoteKind {
    /// The CRM's `note_type`.
    pub(crate) fn note_type(self) -> &'static str {
        match self {
            Self::Arrived => "System",
            Self::Attempt | Self::Call => "Call Log",
            Self::Email => "Email",
            Self::Text => "Text Message",
            Self::Progress | Self::Lost => "Note",
        }
    }

    /// The HTML texts of this kind; over 50 lines because it is a table.
    ///
    /// `{first}` and `{city}` stand for the candidate's first name and city, and `{owner}` for the contact's owner.
    pub(crate) fn templates(self) -> &'static [&'static str] {
        match self {
            Self::Arrived => &[
                "<p>Lead received from web form. Message: <i>I would like information about opening in {city}.</i></p>",
                "<p>New inquiry. Market of interest: {city}. Time frame: 6 to 12 months.</p>",
                "<p>Lead imported. Available capital: $100,000 - $250,000.</p>",
                "<p>Auto-reply sent to {first} with the brochure link.</p>",
            ],
            Self::Attempt => &[
                "<p>Called, left voicemail.</p>",
                "<p>No answer, mailbox full. Will try again tomorrow.</p>",
                "<p>LVM #2, followed up by text</p>",
                "<p>Called at a bad time, asked to try back <b>after 5</b>.</p>",
                "<p>Rang out. Third attempt this week.</p>",
                "<p>Wrong number? Greeting says a different name. Emailed to confirm.</p>",
            ],
            Self::Call => &[
                "<p>Good call with {first}. Wants to keep the day job for the first year and hire a manager.</p>",
                "<p>Talked 25 min. Knows the brand from college, <b>very</b> warm. Spouse needs to be on the next call.</p>",
                "<p>{first} asked about royalties and the ad fund; walked through both. Next step: review call.</p>",
                "<p>Discussed territory around {city}. Two sites of interest, both second generation restaurant space.</p>",
                "<p>Budget question came up again. Pointed to Item 7 and offered an intro to two SBA lenders.</p>",
                "<p>Spoke with {first} and her CPA. They want the Item 19 numbers by store age.</p>",
                "<p>Quick check in, still waiting on the funding letter. Call again Thursday.</p>",
                "<p>Validation calls going well, {first} has talked to <u>four</u> franchisees.</p>",
            ],
            Self::Email => &[
                "<p>Sent recap and next steps.</p><p>Thanks,<br>{owner}</p>",
                "<div>Emailed the territory map for {city} and a list of questions to think about.</div>",
                "<p>Re: funding. Forwarded lender contacts, asked for a reply by Friday.</p>",
                "<p>{first} replied: <i>\"sounds great, let's talk next week\"</i></p>",
                "<p>Sent case study of the couple who opened their second unit in year two.</p>",
            ],
            Self::Text => &[
                "Hi {first}, this is {owner}. Is now a good time?",
                "Text: confirmed for tomorrow, thumbs up",
                "{first} texted: running 10 min late",
                "Sent reminder with the dial-in",
            ],
            Self::Progress => &[
                "<p>Qualified: net worth and liquidity check out. Moving forward.</p>",
                "<p>Candidate profile complete.<ul><li>Capital: OK</li><li>Market: {city}</li>\
                 <li>Timing: this year</li></ul></p>",
                "<p>Moved along after today's conversation. {first} is comparing us with one other brand.</p>",
                "<p>Paperwork in order. Next step agreed and on the calendar.</p>",
                "<p>Real estate: broker in {city} sent three sites, none under 1,800 sq ft.</p>",
                "<p>Attorney review done, two questions on transfer and renewal. Sent to legal.</p>",
            ],
            Self::Lost => &[
                "<p>{first} decided to stay with the current employer. Closing out.</p>",
                "<p>No response after eight attempts. Moving to nurture.</p>",
                "<p>Not enough liquid capital, suggested to come back with a partner.</p>",
                "<p>Went with another concept. Asked to keep the door open.</p>",
                "<p>{city} is not available for now.</p>",
            ],
        }
    }
}

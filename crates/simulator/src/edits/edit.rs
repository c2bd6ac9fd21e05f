//! Edits to an account, with which a test controls exactly what changes.
//!
//! A field can hold any JSON value, since the CRM does not guarantee types either. Once edited, a contact changes only
//! through further edits.

use jiff::Timestamp;
use serde_json::Value;

/// One change to an account. IDs are the CRM's, as text, and fields have the CRM's names.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Adds a contact.
    AddContact(ContactEdit),
    /// Sets one field, and updates `last_modified_date` unless that is the field.
    SetContact { client_id: String, field: &'static str, value: Value },
    /// Removes one field from the contact's row.
    UnsetContact { client_id: String, field: &'static str },
    /// Removes a contact with its deals, notes, and events.
    RemoveContact(String),
    /// Merges a contact into another one: the deals of the first now name the second, and the first is gone with its events.
    MergeContact { client_id: String, into: String },
    /// Removes a contact and its deals from the lists until [`Edit::ShowContact`].
    HideContact(String),
    /// Brings a hidden contact and its deals back as they were.
    ShowContact(String),
    /// Moves a contact to a stage.
    MoveStage { client_id: String, stage: String },
    /// Adds an explicit opportunity.
    AddDeal(DealEdit),
    /// Sets one field, and updates the deal's modification date.
    SetDeal { opportunity_id: String, field: &'static str, value: Value },
    /// Removes one field from the deal's row.
    UnsetDeal { opportunity_id: String, field: &'static str },
    /// Removes a deal.
    RemoveDeal(String),
    /// Adds a stage at the end of the list.
    AddStage { name: String, active: bool, order: i64, odds: Option<i64>, contact_type: i64 },
    /// Sets one field of a stage.
    SetStage { sales_cycle_id: String, field: &'static str, value: Value },
    /// Renames a stage in the list and on all contacts in it.
    RenameStage { from: String, to: String },
    /// Swaps the names of two stages in the list and on all contacts in them.
    SwapStages { first: String, second: String },
    /// Removes a stage from the list.
    RemoveStage(String),
    /// Adds a lead source of this name.
    AddSource(String),
    /// Sets one field of a lead source.
    SetSource { lead_source_id: String, field: &'static str, value: Value },
    /// Removes a lead source from the list.
    RemoveSource(String),
    /// Adds a user.
    AddUser { first_name: String, last_name: String },
    /// Sets one field of a user.
    SetUser { user_id: String, field: &'static str, value: Value },
    /// Removes a user.
    RemoveUser(String),
    /// Adds a note.
    AddNote(NoteEdit),
    /// Sets one field of a note. The contact's row does not change.
    SetNote { client_id: String, note_id: String, field: &'static str, value: Value },
    /// Removes one field from a note's row.
    UnsetNote { client_id: String, note_id: String, field: &'static str },
    /// Removes a note.
    RemoveNote { client_id: String, note_id: String },
    /// Adds an event.
    AddEvent(EventEdit),
    /// Sets one field of an event.
    SetEvent { event_id: String, field: &'static str, value: Value },
    /// Removes an event.
    RemoveEvent(String),
}

/// A contact to add. By default it is a prospect in the first stage, created now.
#[derive(Clone, Debug, Default)]
pub struct ContactEdit {
    /// `None` means the next free ID.
    pub client_id: Option<String>,
    /// `firstName`
    pub first_name: String,
    /// `lastName`
    pub last_name: String,
    /// `compName`
    pub company: String,
    /// `clients_sales_cycle`. Blank means the first stage.
    pub stage: String,
    /// `clients_lead_source`
    pub source: String,
    /// `deal_size`, as text
    pub deal_size: String,
    /// `created`. `None` means now.
    pub created: Option<Timestamp>,
    /// Other fields, by the CRM's name.
    pub fields: Vec<(&'static str, Value)>,
}

impl ContactEdit {
    /// A contact with a name. The first word is the first name; the rest is the last name.
    pub fn named(name: &str) -> Self {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        Self { first_name: first.into(), last_name: last.into(), ..Self::default() }
    }

    /// Sets the ID.
    pub fn id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets the stage (`clients_sales_cycle`).
    pub fn in_stage(mut self, stage: &str) -> Self {
        self.stage = stage.into();
        self
    }

    /// Sets the lead source (`clients_lead_source`).
    pub fn from_source(mut self, source: &str) -> Self {
        self.source = source.into();
        self
    }

    /// Sets the fee (`deal_size`), in dollars.
    pub fn worth(mut self, dollars: u64) -> Self {
        self.deal_size = dollars.to_string();
        self
    }

    /// Sets the creation date.
    pub fn created(mut self, at: Timestamp) -> Self {
        self.created = Some(at);
        self
    }

    /// Sets any field, by the CRM's name.
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

/// An explicit opportunity to add, for the contact with `client_id` if there is one.
#[derive(Clone, Debug, Default)]
pub struct DealEdit {
    /// `None` means the next free ID.
    pub opportunity_id: Option<String>,
    /// The contact, if there is one.
    pub client_id: Option<String>,
    /// `opportunity_name`
    pub name: String,
    /// `deal_size`, as text
    pub deal_size: String,
    /// `likelihood_to_close`, in percent.
    pub odds: Option<i64>,
    /// `close_date`, as `YYYY-MM-DD`.
    pub close_date: Option<String>,
    /// `created`. `None` means now.
    pub created: Option<Timestamp>,
    /// Other fields, by the CRM's name.
    pub fields: Vec<(&'static str, Value)>,
}

impl DealEdit {
    /// A deal of a contact.
    pub fn of(client_id: impl Into<String>) -> Self {
        Self { client_id: Some(client_id.into()), ..Self::default() }
    }

    /// A deal without a contact.
    pub fn unlinked(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the ID.
    pub fn id(mut self, opportunity_id: impl Into<String>) -> Self {
        self.opportunity_id = Some(opportunity_id.into());
        self
    }

    /// Sets the fee (`deal_size`), in dollars.
    pub fn worth(mut self, dollars: u64) -> Self {
        self.deal_size = dollars.to_string();
        self
    }

    /// Sets the odds (`likelihood_to_close`), in percent.
    pub fn odds(mut self, percent: i64) -> Self {
        self.odds = Some(percent);
        self
    }

    /// Sets the expected close date, as `YYYY-MM-DD`.
    pub fn closing(mut self, date: &str) -> Self {
        self.close_date = Some(date.into());
        self
    }

    /// Sets any field, by the CRM's name.
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

/// A note to add. By default it is written now, by the contact's owner.
#[derive(Clone, Debug, Default)]
pub struct NoteEdit {
    /// The contact.
    pub client_id: String,
    /// `note`, as HTML
    pub text: String,
    /// `note_type`. `None` means `Note`.
    pub note_type: Option<String>,
    /// `created_by`. `None` means the contact's owner.
    pub author: Option<String>,
    /// `created`. `None` means now.
    pub created: Option<Timestamp>,
    /// Other fields, by the CRM's name.
    pub fields: Vec<(&'static str, Value)>,
}

impl NoteEdit {
    /// A note on a contact.
    pub fn on(client_id: impl Into<String>, text: &str) -> Self {
        Self { client_id: client_id.into(), text: text.into(), ..Self::default() }
    }

    /// Sets the note's type (`note_type`).
    pub fn of_type(mut self, note_type: &str) -> Self {
        self.note_type = Some(note_type.into());
        self
    }

    /// Sets the ID. Without it, the note gets the next free one. Notes of two contacts can have the same ID.
    pub fn id(self, note_id: &str) -> Self {
        self.with("note_id", note_id)
    }

    /// Sets the author (`created_by`).
    pub fn by(mut self, author: &str) -> Self {
        self.author = Some(author.into());
        self
    }

    /// Sets the creation date.
    pub fn created(mut self, at: Timestamp) -> Self {
        self.created = Some(at);
        self
    }

    /// Sets any field, by the CRM's name.
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

/// An event to add. By default it lasts 30 minutes and has no contact.
#[derive(Clone, Debug)]
pub struct EventEdit {
    /// The contact, if there is one.
    pub client_id: Option<String>,
    /// `title`
    pub title: String,
    /// `start_date`
    pub starts: Timestamp,
    /// The length in minutes.
    pub minutes: i64,
    /// Other fields, by the CRM's name.
    pub fields: Vec<(&'static str, Value)>,
}

impl EventEdit {
    /// An event at a time.
    pub fn at(starts: Timestamp, title: &str) -> Self {
        Self { client_id: None, title: title.into(), starts, minutes: 30, fields: Vec::new() }
    }

    /// Sets the event's contact.
    pub fn with_contact(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets the length in minutes.
    pub fn lasting(mut self, minutes: i64) -> Self {
        self.minutes = minutes;
        self
    }

    /// Sets any field, by the CRM's name.
    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

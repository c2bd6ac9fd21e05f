//! Changes made by hand, so that a test can say exactly what happens.
//!
//! Every field can hold any JSON value, for the CRM does not promise types either. A contact changed by hand leaves its
//! drawn life: from then on only hands move it.

use jiff::Timestamp;
use serde_json::Value;

/// One change to an account. Ids are the CRM's own, as text.
#[derive(Clone, Debug)]
pub enum Edit {
    AddContact(ContactEdit),
    /// Writes over one field, and dates the change unless it is `last_modified_date` itself that is set.
    SetContact {
        client_id: String,
        field: &'static str,
        value: Value,
    },
    /// Leaves a key out of the row.
    UnsetContact {
        client_id: String,
        field: &'static str,
    },
    /// Takes the contact away, with its deals, notes and appointments.
    RemoveContact(String),
    /// Enters a stage now.
    MoveStage {
        client_id: String,
        stage: String,
    },
    AddDeal(DealEdit),
    SetDeal {
        opportunity_id: String,
        field: &'static str,
        value: Value,
    },
    UnsetDeal {
        opportunity_id: String,
        field: &'static str,
    },
    RemoveDeal(String),
    AddStage {
        name: String,
        active: bool,
        order: i64,
        odds: Option<i64>,
        contact_type: i64,
    },
    SetStage {
        sales_cycle_id: String,
        field: &'static str,
        value: Value,
    },
    /// Renames the stage in the list and on every contact that stands in it.
    RenameStage {
        from: String,
        to: String,
    },
    RemoveStage(String),
    AddSource(String),
    SetSource {
        lead_source_id: String,
        field: &'static str,
        value: Value,
    },
    RemoveSource(String),
    AddUser {
        first_name: String,
        last_name: String,
    },
    SetUser {
        user_id: String,
        field: &'static str,
        value: Value,
    },
    RemoveUser(String),
    AddNote(NoteEdit),
    /// Writes over one field of a note, which the contact's own row does not show.
    SetNote {
        client_id: String,
        note_id: String,
        field: &'static str,
        value: Value,
    },
    UnsetNote {
        client_id: String,
        note_id: String,
        field: &'static str,
    },
    RemoveNote {
        client_id: String,
        note_id: String,
    },
    AddEvent(EventEdit),
    SetEvent {
        event_id: String,
        field: &'static str,
        value: Value,
    },
    RemoveEvent(String),
}

/// A contact to add: a prospect of the first stage, made now, unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct ContactEdit {
    /// The CRM's next id unless set.
    pub client_id: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub stage: String,
    pub source: String,
    pub deal_size: String,
    pub created: Option<Timestamp>,
    pub fields: Vec<(&'static str, Value)>,
}

impl ContactEdit {
    /// `"Ada Lovelace"`: the first word is the first name, the rest the last.
    pub fn named(name: &str) -> Self {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        Self { first_name: first.into(), last_name: last.into(), ..Self::default() }
    }

    pub fn id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    pub fn in_stage(mut self, stage: &str) -> Self {
        self.stage = stage.into();
        self
    }

    pub fn from_source(mut self, source: &str) -> Self {
        self.source = source.into();
        self
    }

    /// Whole dollars.
    pub fn worth(mut self, dollars: u64) -> Self {
        self.deal_size = dollars.to_string();
        self
    }

    pub fn created(mut self, at: Timestamp) -> Self {
        self.created = Some(at);
        self
    }

    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

/// A deal to add: of the contact named by `client_id`, or of nobody.
#[derive(Clone, Debug, Default)]
pub struct DealEdit {
    pub opportunity_id: Option<String>,
    pub client_id: Option<String>,
    pub name: String,
    pub deal_size: String,
    pub odds: Option<i64>,
    /// `YYYY-MM-DD`.
    pub close_date: Option<String>,
    pub created: Option<Timestamp>,
    pub fields: Vec<(&'static str, Value)>,
}

impl DealEdit {
    pub fn of(client_id: impl Into<String>) -> Self {
        Self { client_id: Some(client_id.into()), ..Self::default() }
    }

    /// A deal that no contact is known for.
    pub fn unlinked(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    pub fn id(mut self, opportunity_id: impl Into<String>) -> Self {
        self.opportunity_id = Some(opportunity_id.into());
        self
    }

    /// Whole dollars.
    pub fn worth(mut self, dollars: u64) -> Self {
        self.deal_size = dollars.to_string();
        self
    }

    pub fn odds(mut self, percent: i64) -> Self {
        self.odds = Some(percent);
        self
    }

    pub fn closing(mut self, date: &str) -> Self {
        self.close_date = Some(date.into());
        self
    }

    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

/// A note to add, by the contact's owner and now unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct NoteEdit {
    pub client_id: String,
    pub text: String,
    pub note_type: Option<String>,
    pub author: Option<String>,
    pub created: Option<Timestamp>,
    pub fields: Vec<(&'static str, Value)>,
}

impl NoteEdit {
    pub fn on(client_id: impl Into<String>, text: &str) -> Self {
        Self { client_id: client_id.into(), text: text.into(), ..Self::default() }
    }

    pub fn of_type(mut self, note_type: &str) -> Self {
        self.note_type = Some(note_type.into());
        self
    }

    /// The CRM's next id unless set; two contacts' notes can have the same.
    pub fn id(self, note_id: &str) -> Self {
        self.with("note_id", note_id)
    }

    pub fn by(mut self, author: &str) -> Self {
        self.author = Some(author.into());
        self
    }

    pub fn created(mut self, at: Timestamp) -> Self {
        self.created = Some(at);
        self
    }

    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

/// An appointment to add.
#[derive(Clone, Debug)]
pub struct EventEdit {
    pub client_id: Option<String>,
    pub title: String,
    pub starts: Timestamp,
    pub minutes: i64,
    pub fields: Vec<(&'static str, Value)>,
}

impl EventEdit {
    pub fn at(starts: Timestamp, title: &str) -> Self {
        Self { client_id: None, title: title.into(), starts, minutes: 30, fields: Vec::new() }
    }

    pub fn with_contact(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    pub fn lasting(mut self, minutes: i64) -> Self {
        self.minutes = minutes;
        self
    }

    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

//! A candidate's name, company, address, and other personal data.
//!
//! A persona is drawn from its key each time that its row is rendered, so 50,000 of them take no memory.

use crate::dice::Dice;
use crate::people::hostile_text;
use crate::people::names::{ACTION_PLANS, COMPANY_SUFFIXES, FIRST_NAMES, LAST_NAMES, STREETS, WHITEBOARDS};
use crate::people::places::{PLACES, Place};

/// A candidate's personal data.
pub(crate) struct Persona {
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) company: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) address: String,
    pub(crate) place: &'static Place,
    pub(crate) zip: String,
    pub(crate) whiteboard: &'static str,
    pub(crate) action_plan: &'static str,
    pub(crate) external_id: Option<String>,
    /// The number of units that the candidate wants, if known.
    pub(crate) units: Option<u64>,
}

impl Persona {
    /// Draws the persona that belongs to a key.
    pub(crate) fn draw(key: u64, hostile_text: bool) -> Self {
        let mut dice = Dice::of(&[key, 0xFACE]);
        let first = *dice.pick(&FIRST_NAMES);
        let last = *dice.pick(&LAST_NAMES);
        let place = dice.pick(&PLACES);
        let company = if dice.chance(0.14) { format!("{last} {}", dice.pick(&COMPANY_SUFFIXES)) } else { String::new() };
        let handle: String = format!("{first}.{last}").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
        let domain = *dice.pick(&["mail.example", "inbox.example", "post.example", "home.example"]);
        let email = format!("{}{}@{domain}", handle.to_lowercase(), dice.below(90) + 10);
        let line_number = 100 + dice.below(100);
        let phone = match dice.below(3) {
            0 => format!("({}) 555-0{line_number}", place.area_code),
            1 => format!("{}-555-0{line_number}", place.area_code),
            _ => format!("{}5550{line_number}", place.area_code),
        };
        let address =
            if dice.chance(0.4) { format!("{} {}", dice.between(12, 9890), dice.pick(&STREETS)) } else { String::new() };
        let zip = if dice.chance(0.8) { format!("{}{:02}", place.zip_prefix, dice.below(100)) } else { String::new() };
        let whiteboard = if dice.chance(0.35) { *dice.pick(&WHITEBOARDS) } else { "" };
        let action_plan = if dice.chance(0.3) { *dice.pick(&ACTION_PLANS) } else { "" };
        let external_id = dice.chance(0.2).then(|| format!("web-{}", dice.between(100_000, 999_999)));
        let units = dice.chance(0.4).then(|| [1, 1, 1, 2, 2, 3, 5][dice.below(7)]);
        let mut persona = Self {
            first: first.into(),
            last: last.into(),
            company,
            email,
            phone,
            address,
            place,
            zip,
            whiteboard,
            action_plan,
            external_id,
            units,
        };
        persona.replace_name(&mut dice, hostile_text);
        persona
    }

    /// Replaces a few names: with placeholders, since a text message or call adds a contact before its name is known, and
    /// with hostile text if wanted.
    fn replace_name(&mut self, dice: &mut Dice, hostile_text: bool) {
        let (first, last) = match dice.below(1000) {
            0..=3 => ("No Name", "Text Added"),
            4..=7 => ("No Name Added by Call", ""),
            8..=9 => ("No Name Text Added", ""),
            10..=59 if hostile_text => *dice.pick(&hostile_text::NAMES),
            60..=62 if hostile_text => {
                self.first = hostile_text::long_name();
                return;
            }
            _ => return,
        };
        self.first = first.into();
        self.last = last.into();
        if first.starts_with("No Name") {
            self.email.clear();
        }
    }
}

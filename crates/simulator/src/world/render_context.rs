//! What rendering a row needs besides the record itself.

use crate::world::calendar::Calendar;

/// Account-wide values that the rows depend on.
pub(crate) struct RenderContext {
    /// The account's position in the configuration.
    pub(crate) account: usize,
    pub(crate) calendar: Calendar,
    /// Whether some texts are hostile.
    pub(crate) hostile_text: bool,
    /// The current name of each stage in [`STAGES`](crate::world::stages::STAGES), by its position there.
    pub(crate) stage_names: Vec<String>,
    /// The users' IDs, by seat.
    pub(crate) user_ids: Vec<Box<str>>,
}

//! A delivery record as Markdown. (As HTML, for the Delivery tab, it follows.)
//!
//! Used by `tasks` for the run's summary, and by `cli` to show it again. The templates are the `.hbs` files in `templates/`.

mod markdown;
mod summary;

pub use summary::{ViewError, summary};

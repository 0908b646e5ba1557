use std::fmt;

use serde::Deserialize;

/// The heaviest parcel that is shipped, in grams.
pub const MAX_WEIGHT: u32 = 31_500;

/// A parcel as a customer describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// In grams.
    pub weight: u32,
    /// Two letters, ISO 3166: `DE`.
    pub country: String,
}

/// Why a parcel is not shipped.
#[derive(Debug, PartialEq, Eq)]
pub enum ParcelError {
    Empty,
    TooHeavy { weight: u32 },
    Country { country: String },
}

impl fmt::Display for ParcelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the parcel weighs nothing"),
            Self::TooHeavy { weight } => write!(
                f,
                "the parcel weighs {weight} g, more than the {MAX_WEIGHT} g that are shipped"
            ),
            Self::Country { country } => write!(f, "nothing is shipped to `{country}`"),
        }
    }
}

impl std::error::Error for ParcelError {}

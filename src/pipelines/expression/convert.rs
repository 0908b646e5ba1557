//! From one kind of value to another (facts/pipeline-yaml.md 2.6, "Conversions"), and comparison, which is conversion first.

use std::cmp::Ordering;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::{DateTime, EvaluationError, Kind, Value, Version, number, text};

impl Value {
    /// Always possible. A text is true unless it is empty: `'False'` is true.
    pub fn to_boolean(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Boolean(value) => *value,
            Self::Number(value) => !value.is_zero(),
            Self::String(value) => !value.is_empty(),
            Self::Version(_) | Self::DateTime(_) | Self::Array(_) | Self::Object(_) => true,
        }
    }

    /// As a number, where it can be one.
    pub fn to_number(&self) -> Option<Decimal> {
        match self {
            Self::Null => Some(Decimal::ZERO),
            Self::Boolean(value) => Some(Decimal::from(u8::from(*value))),
            Self::Number(value) => Some(*value),
            Self::String(value) if value.is_empty() => Some(Decimal::ZERO),
            Self::String(value) => number::parse_text(value),
            Self::Version(_) | Self::DateTime(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// As a text, where it can be one: all but arrays and objects.
    pub fn to_text(&self) -> Option<Arc<str>> {
        Some(match self {
            Self::Null => "".into(),
            Self::Boolean(true) => "True".into(),
            Self::Boolean(false) => "False".into(),
            Self::Number(value) => number::to_text(*value).into(),
            Self::String(value) => value.clone(),
            Self::Version(value) => value.to_string().into(),
            Self::DateTime(value) => value.to_string().into(),
            Self::Array(_) | Self::Object(_) => return None,
        })
    }

    /// As a version, where it can be one.
    pub fn to_version(&self) -> Option<Version> {
        match self {
            Self::Number(value) => Version::parse(&number::to_text(*value)),
            Self::String(value) => Version::parse(value),
            Self::Version(value) => Some(*value),
            _ => None,
        }
    }

    /// As a point in time, where it can be one.
    pub fn to_date_time(&self) -> Option<DateTime> {
        match self {
            Self::String(value) => DateTime::parse(value),
            Self::DateTime(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether `right`, converted to the kind of this value, equals it. What cannot be converted is not equal.
    pub(super) fn equals(&self, right: &Self) -> bool {
        match self {
            Self::Null => match right {
                Self::Null => true,
                Self::String(right) => right.is_empty(),
                _ => false,
            },
            Self::Boolean(left) => *left == right.to_boolean(),
            Self::Number(left) => right.to_number().is_some_and(|right| *left == right),
            Self::String(left) => right.to_text().is_some_and(|right| text::equal(left, &right)),
            Self::Version(left) => right.to_version().is_some_and(|right| *left == right),
            Self::DateTime(left) => right.to_date_time().is_some_and(|right| *left == right),
            Self::Array(left) => matches!(right, Self::Array(right) if Arc::ptr_eq(left, right)),
            Self::Object(left) => matches!(right, Self::Object(right) if Arc::ptr_eq(left, right)),
        }
    }

    /// How this value is ordered to `right`, converted to the kind of this one. The left of `null`, an array or an object
    /// is taken as a number.
    pub(super) fn compare(&self, right: &Self, mask: Mask<'_>) -> Result<Ordering, EvaluationError> {
        Ok(match self {
            Self::Boolean(left) => left.cmp(&right.to_boolean()),
            Self::DateTime(left) => left.cmp(&right.to_date_time().ok_or_else(|| right.conversion(Kind::DateTime, mask))?),
            Self::String(left) => text::compare(left, &right.to_text().ok_or_else(|| right.conversion(Kind::String, mask))?),
            Self::Version(left) => left.cmp(&right.to_version().ok_or_else(|| right.conversion(Kind::Version, mask))?),
            Self::Number(_) | Self::Null | Self::Array(_) | Self::Object(_) => {
                let left = self.to_number().ok_or_else(|| self.conversion(Kind::Number, mask))?;
                left.cmp(&right.to_number().ok_or_else(|| right.conversion(Kind::Number, mask))?)
            }
        })
    }

    /// The error of a conversion that is not possible.
    pub(super) fn conversion(&self, to: Kind, mask: Mask<'_>) -> EvaluationError {
        let value = match self {
            Self::Array(_) | Self::Object(_) => None,
            _ => Some(self.traced(mask)),
        };
        EvaluationError::Conversion { from: self.kind(), to, value }
    }

    /// As traces show it. Secrets are masked before quotes are doubled.
    pub(super) fn traced(&self, mask: Mask<'_>) -> String {
        match self {
            Self::Null | Self::Array(_) | Self::Object(_) => self.kind().to_string(),
            Self::Boolean(_) | Self::Number(_) => mask(&self.to_text().unwrap_or_default()),
            Self::String(value) => format!("'{}'", mask(value).replace('\'', "''")),
            Self::Version(value) => format!("v{}", mask(&value.to_string())),
            Self::DateTime(value) => mask(&format!("(DateTime){value}")),
        }
    }
}

/// Replaces secrets in a text.
pub(super) type Mask<'m> = &'m dyn Fn(&str) -> String;

//! The functions of the engine (facts/pipeline-yaml.md 2.6), and which of them exist where.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::evaluate::{Evaluator, MAX_TEXT};
use super::format::format;
use super::node::Expr;
use super::{EvaluationError, Kind, Value, json, text};

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    And,
    Coalesce,
    Contains,
    ContainsValue,
    ConvertToJson,
    EndsWith,
    Eq,
    Format,
    Ge,
    Gt,
    Iif,
    In,
    Join,
    Le,
    Length,
    Lower,
    Lt,
    Ne,
    Not,
    NotIn,
    Or,
    Replace,
    Split,
    StartsWith,
    Substring,
    Trim,
    Upper,
    Xor,
}

/// Name, fewest and most arguments.
const TABLE: &[(Builtin, &str, usize, usize)] = &[
    (Builtin::And, "and", 2, usize::MAX),
    (Builtin::Coalesce, "coalesce", 2, usize::MAX),
    (Builtin::Contains, "contains", 2, 2),
    (Builtin::ContainsValue, "containsValue", 2, 2),
    (Builtin::ConvertToJson, "convertToJson", 1, 1),
    (Builtin::EndsWith, "endsWith", 2, 2),
    (Builtin::Eq, "eq", 2, 2),
    (Builtin::Format, "format", 1, 255),
    (Builtin::Ge, "ge", 2, 2),
    (Builtin::Gt, "gt", 2, 2),
    (Builtin::Iif, "iif", 3, 3),
    (Builtin::In, "in", 2, usize::MAX),
    (Builtin::Join, "join", 2, 2),
    (Builtin::Le, "le", 2, 2),
    (Builtin::Length, "length", 1, 1),
    (Builtin::Lower, "lower", 1, 1),
    (Builtin::Lt, "lt", 2, 2),
    (Builtin::Ne, "ne", 2, 2),
    (Builtin::Not, "not", 1, 1),
    (Builtin::NotIn, "notIn", 2, usize::MAX),
    (Builtin::Or, "or", 2, usize::MAX),
    (Builtin::Replace, "replace", 3, 3),
    (Builtin::Split, "split", 2, 2),
    (Builtin::StartsWith, "startsWith", 2, 2),
    (Builtin::Substring, "substring", 2, 3),
    (Builtin::Trim, "trim", 1, 1),
    (Builtin::Upper, "upper", 1, 1),
    (Builtin::Xor, "xor", 2, 2),
];

impl Builtin {
    /// By name, in any case, with the fewest and the most arguments.
    pub(super) fn find(name: &str) -> Option<(Self, usize, usize)> {
        TABLE.iter().find(|(_, known, ..)| known.eq_ignore_ascii_case(name)).map(|(builtin, _, min, max)| (*builtin, *min, *max))
    }

    /// All names.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(_, name, ..)| *name)
    }

    /// Whether it exists only before the run.
    pub(super) fn is_compile_time_only(self) -> bool {
        self == Self::Split
    }

    /// Whether "Expanded" of a trace shows the function's result instead of its arguments.
    pub(super) fn is_traced_as_result(self) -> bool {
        matches!(
            self,
            Self::Format
                | Self::Join
                | Self::Lower
                | Self::Upper
                | Self::Replace
                | Self::Split
                | Self::Trim
                | Self::Substring
                | Self::ConvertToJson
                | Self::Iif
        )
    }

    /// Its value.
    pub(super) fn call(
        self,
        name: &str,
        arguments: &[Expr],
        depth: usize,
        evaluator: &mut Evaluator<'_>,
    ) -> Result<Value, EvaluationError> {
        let refuse = |problem: String| EvaluationError::Function { function: name.to_owned(), problem };
        let compare = |evaluator: &mut Evaluator<'_>| {
            let left = evaluator.value(&arguments[0], depth)?;
            let right = evaluator.value(&arguments[1], depth)?;
            left.compare(&right, &|text| evaluator.mask(text))
        };
        Ok(match self {
            Self::And | Self::Or => {
                let decisive = self == Self::Or;
                for argument in arguments {
                    if evaluator.value(argument, depth)?.to_boolean() == decisive {
                        return Ok(Value::Boolean(decisive));
                    }
                }
                Value::Boolean(!decisive)
            }
            Self::Xor => {
                let left = evaluator.value(&arguments[0], depth)?.to_boolean();
                Value::Boolean(left ^ evaluator.value(&arguments[1], depth)?.to_boolean())
            }
            Self::Not => Value::Boolean(!evaluator.value(&arguments[0], depth)?.to_boolean()),
            Self::Eq | Self::Ne => {
                let left = evaluator.value(&arguments[0], depth)?;
                let equal = left.equals(&evaluator.value(&arguments[1], depth)?);
                Value::Boolean(equal == (self == Self::Eq))
            }
            Self::In | Self::NotIn => {
                let left = evaluator.value(&arguments[0], depth)?;
                for argument in &arguments[1..] {
                    if left.equals(&evaluator.value(argument, depth)?) {
                        return Ok(Value::Boolean(self == Self::In));
                    }
                }
                Value::Boolean(self == Self::NotIn)
            }
            Self::Gt => Value::Boolean(compare(evaluator)?.is_gt()),
            Self::Ge => Value::Boolean(compare(evaluator)?.is_ge()),
            Self::Lt => Value::Boolean(compare(evaluator)?.is_lt()),
            Self::Le => Value::Boolean(compare(evaluator)?.is_le()),
            Self::Contains | Self::StartsWith | Self::EndsWith => {
                let text = text::key(&evaluator.text(&arguments[0], depth)?);
                let part = text::key(&evaluator.text(&arguments[1], depth)?);
                Value::Boolean(match self {
                    Self::StartsWith => text.starts_with(&part),
                    Self::EndsWith => text.ends_with(&part),
                    _ => text.contains(&part),
                })
            }
            Self::ContainsValue => {
                let collection = evaluator.value(&arguments[0], depth)?;
                let values: Vec<&Value> = match &collection {
                    Value::Array(array) => array.items().iter().collect(),
                    Value::Object(object) => object.entries().iter().map(|(_, value)| value).collect(),
                    _ => return Ok(Value::Boolean(false)),
                };
                let sought = evaluator.value(&arguments[1], depth)?;
                Value::Boolean(values.into_iter().any(|value| sought.equals(value)))
            }
            Self::Coalesce => {
                let mut last = Value::Null;
                for argument in arguments {
                    last = evaluator.value(argument, depth)?;
                    if !matches!(&last, Value::Null) && !matches!(&last, Value::String(text) if text.is_empty()) {
                        break;
                    }
                }
                last
            }
            Self::Format => Value::string(format(arguments, depth, evaluator)?),
            Self::Join => join(arguments, depth, evaluator)?,
            Self::Length => match evaluator.value(&arguments[0], depth)? {
                Value::String(text) => Value::number(text::length(&text)),
                Value::Array(array) => Value::number(array.items().len()),
                Value::Object(object) => Value::number(object.entries().len()),
                other => return Err(refuse(format!("a value of type {} has no length", other.kind()))),
            },
            Self::Lower => Value::string(text::lower(&evaluator.text(&arguments[0], depth)?)),
            Self::Upper => Value::string(text::upper(&evaluator.text(&arguments[0], depth)?)),
            Self::Trim => Value::string(evaluator.text(&arguments[0], depth)?.trim()),
            Self::Replace => {
                let text = evaluator.text(&arguments[0], depth)?;
                let old = evaluator.text(&arguments[1], depth)?;
                let new = evaluator.text(&arguments[2], depth)?;
                if old.is_empty() {
                    return Err(refuse("the text that is to be replaced is empty".to_owned()));
                }
                Value::string(text::replace(&text, &old, &new, MAX_TEXT).ok_or_else(|| evaluator.exceeded())?)
            }
            Self::Split => {
                let text = evaluator.text(&arguments[0], depth)?;
                let separator = evaluator.text(&arguments[1], depth)?;
                if separator.is_empty() {
                    return Ok(Value::array(vec![Value::String(text)]));
                }
                Value::array(text.split(&*separator).map(Value::string).collect())
            }
            Self::Substring => {
                let text = evaluator.text(&arguments[0], depth)?;
                let start = evaluator.number(&arguments[1], depth)?;
                let length = arguments.get(2).map(|length| evaluator.number(length, depth)).transpose()?;
                let whole = |number: Decimal| number.trunc().to_usize();
                let part = match (whole(start), length.map(whole)) {
                    (Some(start), None) => text::substring(&text, start, None),
                    (Some(start), Some(Some(length))) => text::substring(&text, start, Some(length)),
                    _ => None,
                };
                let length = text::length(&text);
                Value::string(
                    part.ok_or_else(|| refuse(format!("the part that is asked for is not in the text, which has a length of {length}")))?,
                )
            }
            Self::ConvertToJson => {
                let value = evaluator.value(&arguments[0], depth)?;
                Value::string(json::to_json(&value))
            }
            Self::Iif => {
                // All three are evaluated: no short circuit.
                let condition = evaluator.value(&arguments[0], depth)?.to_boolean();
                let yes = evaluator.value(&arguments[1], depth)?;
                let no = evaluator.value(&arguments[2], depth)?;
                if condition { yes } else { no }
            }
        })
    }
}

fn join(arguments: &[Expr], depth: usize, evaluator: &mut Evaluator<'_>) -> Result<Value, EvaluationError> {
    let items = evaluator.value(&arguments[1], depth)?;
    let Value::Array(array) = &items else {
        return Ok(items.to_text().map_or_else(|| Value::string(""), Value::String));
    };
    // What cannot be a text is left out, its separator is not.
    let texts: Vec<_> = array.items().iter().map(|item| item.to_text().unwrap_or_default()).collect();
    if texts.len() < 2 {
        return Ok(texts.into_iter().next().map_or_else(|| Value::string(""), Value::String));
    }
    let separator = evaluator.text(&arguments[0], depth)?;
    if texts.iter().map(|text| text.len()).sum::<usize>() + separator.len() * (texts.len() - 1) > MAX_TEXT {
        return Err(evaluator.exceeded());
    }
    Ok(Value::string(texts.join(&*separator)))
}

/// Needed as a text, but is none.
pub(super) fn not_text(value: &Value, evaluator: &Evaluator<'_>) -> EvaluationError {
    value.conversion(Kind::String, &|text| evaluator.mask(text))
}

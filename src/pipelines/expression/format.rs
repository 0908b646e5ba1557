//! `format('{0} {1:yyyy}', a, b)`.

use super::evaluate::{Evaluator, MAX_TEXT};
use super::node::Expr;
use super::{EvaluationError, Value};

/// A part of a format string.
enum Segment {
    Text(String),
    Argument { index: usize, specifiers: String },
}

pub(super) fn format(arguments: &[Expr], depth: usize, evaluator: &mut Evaluator<'_>) -> Result<String, EvaluationError> {
    let format = evaluator.text(&arguments[0], depth)?;
    let segments = segments(&format).ok_or_else(|| EvaluationError::FormatString(evaluator.mask(&format)))?;
    // Arguments that are not referenced are not evaluated, the others once.
    let mut values: Vec<Option<Value>> = vec![None; arguments.len()];
    let mut out = String::new();
    let highest =
        segments.iter().filter_map(|segment| if let Segment::Argument { index, .. } = segment { Some(*index) } else { None }).max();
    if highest.is_some_and(|highest| highest + 1 >= arguments.len()) {
        return Err(EvaluationError::FormatArguments(evaluator.mask(&format)));
    }
    for segment in segments {
        let text = match segment {
            Segment::Text(text) => text,
            Segment::Argument { index, specifiers } => {
                let value = match &values[index] {
                    Some(value) => value.clone(),
                    None => {
                        let value = evaluator.value(&arguments[index + 1], depth)?;
                        values[index] = Some(value.clone());
                        value
                    }
                };
                let text = value.to_text().ok_or_else(|| super::functions::not_text(&value, evaluator))?;
                match &value {
                    _ if specifiers.is_empty() => text.to_string(),
                    Value::DateTime(time) => time
                        .format(&specifiers)
                        .ok_or_else(|| EvaluationError::FormatSpecifiers { specifiers: specifiers.clone(), kind: value.kind() })?,
                    _ => return Err(EvaluationError::FormatSpecifiers { specifiers, kind: value.kind() }),
                }
            }
        };
        out.push_str(&text);
        if out.len() > MAX_TEXT {
            return Err(evaluator.exceeded());
        }
    }
    Ok(out)
}

/// `None` when the format string is not valid.
fn segments(format: &str) -> Option<Vec<Segment>> {
    let letters: Vec<char> = format.chars().collect();
    let mut segments = Vec::new();
    let mut text = String::new();
    let mut at = 0;
    while at < letters.len() {
        match (letters[at], letters.get(at + 1)) {
            ('{', Some('{')) | ('}', Some('}')) => {
                text.push(letters[at]);
                at += 2;
            }
            ('{', _) => {
                let (segment, end) = argument(&letters, at + 1)?;
                segments.push(Segment::Text(std::mem::take(&mut text)));
                segments.push(segment);
                at = end;
            }
            ('}', _) => return None,
            (c, _) => {
                text.push(c);
                at += 1;
            }
        }
    }
    segments.push(Segment::Text(text));
    Some(segments)
}

/// The argument whose index begins at `at`, and what follows its `}`.
fn argument(letters: &[char], mut at: usize) -> Option<(Segment, usize)> {
    let digits: String = letters[at..].iter().take_while(|c| c.is_ascii_digit()).collect();
    // The index is a byte.
    let index = usize::from(digits.parse::<u8>().ok()?);
    at += digits.len();
    match letters.get(at)? {
        '}' => Some((Segment::Argument { index, specifiers: String::new() }, at + 1)),
        ':' => {
            let mut specifiers = String::new();
            at += 1;
            loop {
                match (letters.get(at)?, letters.get(at + 1)) {
                    ('}', Some('}')) => {
                        specifiers.push('}');
                        at += 2;
                    }
                    ('}', _) => return Some((Segment::Argument { index, specifiers }, at + 1)),
                    (c, _) => {
                        specifiers.push(*c);
                        at += 1;
                    }
                }
            }
        }
        _ => None,
    }
}

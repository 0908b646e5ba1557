//! `a[b]`, `a.b`, `a[*]`, `a.*` (facts/pipeline-yaml.md 2.6, "Index").

use rust_decimal::prelude::ToPrimitive;

use super::{Array, Value};

/// The element of `of` that `index` names; `Null` when there is none.
pub(super) fn index(of: &Value, index: &Value) -> Value {
    match of {
        Value::Array(array) if array.is_filtered() => {
            Value::filtered(array.items().iter().filter_map(|item| element(item, index).cloned()).collect())
        }
        _ => element(of, index).cloned().unwrap_or(Value::Null),
    }
}

/// All elements.
pub(super) fn filter(of: &Value) -> Value {
    match of {
        Value::Array(array) if array.is_filtered() => {
            Value::filtered(array.items().iter().flat_map(|item| elements(item).to_vec()).collect())
        }
        _ => Value::filtered(elements(of).to_vec()),
    }
}

fn element<'v>(of: &'v Value, index: &Value) -> Option<&'v Value> {
    match of {
        Value::Array(array) => {
            let position = index.to_number().filter(|number| !number.is_sign_negative() || number.is_zero())?;
            array.items().get(position.floor().to_usize()?)
        }
        Value::Object(object) => object.get(&index.to_text()?),
        _ => None,
    }
}

fn elements(of: &Value) -> Vec<Value> {
    match of {
        Value::Array(array) => Array::items(array).to_vec(),
        Value::Object(object) => object.entries().iter().map(|(_, value)| value.clone()).collect(),
        _ => Vec::new(),
    }
}

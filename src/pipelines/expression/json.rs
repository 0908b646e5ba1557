//! `convertToJson`: indented by two spaces.

use super::Value;

/// The value as JSON.
pub(super) fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        // All digits: a floating-point number would lose some.
        Value::Number(number) => out.push_str(&number.normalize().to_string()),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Version(version) => out.push_str(&quoted(&version.to_string())),
        Value::DateTime(time) => out.push_str(&quoted(&time.to_string())),
        Value::Array(array) => {
            let items = array.items().iter().map(|item| (None, item));
            block(out, '[', ']', items, depth);
        }
        Value::Object(object) => {
            let entries = object.entries().iter().map(|(name, value)| (Some(name.as_str()), value));
            block(out, '{', '}', entries, depth);
        }
    }
}

fn block<'v>(out: &mut String, open: char, close: char, entries: impl Iterator<Item = (Option<&'v str>, &'v Value)>, depth: usize) {
    out.push(open);
    let mut any = false;
    for (name, value) in entries {
        out.push_str(if any { ",\n" } else { "\n" });
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(name) = name {
            out.push_str(&quoted(name));
            out.push_str(": ");
        }
        write(out, value, depth + 1);
        any = true;
    }
    if any {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

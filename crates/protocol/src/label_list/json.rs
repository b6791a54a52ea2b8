//! Labels in JSON: a list of texts, or of objects that have a label or a name, and objects one a line.

use serde_json::{Deserializer, Value};

/// The members of an object that may hold its label, the best first.
const NAMES: [&str; 5] = ["label", "name", "class", "text", "title"];

/// The labels, if all of the text is such JSON.
pub(super) fn labels(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if !text.starts_with(['[', '{']) {
        return None;
    }
    let values = Deserializer::from_str(text).into_iter();
    let values: Vec<Value> = values.collect::<Result<_, _>>().ok()?;
    let items = match &values[..] {
        [Value::Array(items)] => items,
        _ => &values,
    };
    // Numbers alone are no labels: `[1]` is a note's number.
    let all_numbers = items.iter().all(Value::is_number);
    let labels: Option<Vec<String>> = items.iter().map(label).collect();
    labels.filter(|_| !all_numbers)
}

fn label(item: &Value) -> Option<String> {
    match item {
        Value::String(label) => Some(label.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(members) => {
            let mut texts = NAMES.iter().filter_map(|name| members.get(*name)?.as_str());
            texts.next().map(str::to_owned)
        }
        _ => None,
    }
}

/// Whether text begins as a list in JSON or in a program does.
pub(super) fn begins(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[');
    inside.is_some_and(|inside| inside.trim_start().starts_with(['"', '\'', '{']))
}

/// What is in the brackets of a list as programs write it, if it is one: `['cat', 'dog',]`.
pub(super) fn without_brackets(text: &str) -> &str {
    let inside = text.trim().strip_prefix('[').filter(|_| begins(text));
    let inside = inside.and_then(|inside| inside.strip_suffix(']'));
    inside.unwrap_or(text)
}

//! Labels in JSON: a list of texts, or of objects that have a label or a name, and objects one a
//! line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::StreamDeserializer;
use serde_json::de::StrRead;

/// The members of an object that may hold its label, the best first.
const NAMES: [&str; 5] = ["label", "name", "class", "text", "title"];

/// The labels, if all of the text is such JSON.
pub(super) fn labels(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if !text.starts_with(['[', '{']) {
        return None;
    }
    let items: StreamDeserializer<StrRead, Item> =
        serde_json::Deserializer::from_str(text).into_iter();
    let mut items: Vec<Item> = items.collect::<Result<_, _>>().ok()?;
    if let [Item::List(list)] = &mut items[..] {
        items = std::mem::take(list);
    }
    // Numbers alone are no labels: `[1]` is a note's number.
    let all_numbers = items.iter().all(|item| matches!(item, Item::Number(_)));
    let labels = items.into_iter().map(|item| match item {
        Item::Text(label) | Item::Number(label) => Some(label),
        Item::List(_) | Item::Other => None,
    });
    labels.collect::<Option<_>>().filter(|_| !all_numbers)
}

/// A value, as far as it matters to labels. It is read as such, since a reader of JSON of any kind
/// would make the page's program larger by a good deal.
enum Item {
    /// A text, or an object's label.
    Text(String),
    Number(String),
    List(Vec<Item>),
    Other,
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyItem)
    }
}

struct AnyItem;

impl<'de> Visitor<'de> for AnyItem {
    type Value = Item;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Item, E> {
        Ok(Item::Number(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Item, E> {
        Ok(Item::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Item, E> {
        Ok(Item::Number(number.to_string()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_unit<E>(self) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Item, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Item::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Item, A::Error> {
        let mut found = Item::Other;
        let mut best = NAMES.len();
        while let Some(name) = members.next_key::<String>()? {
            match NAMES.iter().position(|known| *known == name) {
                Some(place) if place < best => {
                    if let Item::Text(label) = members.next_value()? {
                        (found, best) = (Item::Text(label), place);
                    }
                }
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
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

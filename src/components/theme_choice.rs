use leptos::prelude::*;

use crate::browser::{self, BrowserStorage};
use crate::state::saved::KeyValueStore;
use crate::text;

/// Where the choice stays between visits. `js/begin.js` reads it before anything is painted.
const KEY: &str = "cliplet-theme";

/// Light, dark, or as the system has it.
#[component]
pub fn ThemeChoice() -> impl IntoView {
    let chosen = BrowserStorage.get(KEY).unwrap_or_default();
    let choices = text::THEMES.map(|(value, name)| {
        view! {
            <option value=value selected=value == chosen>
                {name}
            </option>
        }
    });
    let choose = move |event| {
        let theme = event_target_value(&event);
        BrowserStorage.put(KEY, &theme);
        browser::set_theme(&theme);
    };
    view! {
        <label class="theme-choice">
            {text::THEME}
            " "
            <select on:change=choose>{choices}</select>
        </label>
    }
}

//! What a visitor of Cliplet does, in Cliplet's words: by the roles and names that assistive
//! technology sees, and the `data-testid` contract.

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::{Page, Row};

/// Where pictures are dropped.
pub const DROP_ZONE: &str = "[data-testid=drop-zone]";
/// The field for new labels.
pub const LABEL_INPUT: &str = "[data-testid=label-input]";
/// The field of each label.
pub const LABEL: &str = "[data-testid=label]";
/// What went wrong with a picture.
pub const ERROR: &str = "[data-testid=error]";
/// The model's status.
pub const STATUS: &str = "[data-testid=model-status]";
/// The field for the prompt template.
pub const TEMPLATE: &str = "#template";

impl Page {
    /// Waits until a model answers and nothing is under way.
    #[track_caller]
    pub fn wait_until_ready(&self) {
        self.wait_for_state("ready");
    }

    /// Waits for a state of the model's status.
    #[track_caller]
    pub fn wait_for_state(&self, state: &str) {
        self.wait_for(&format!("{STATUS}[data-state={state}]"));
    }

    /// Clicks the button of this accessible name.
    #[track_caller]
    pub fn press_button(&self, name: &str) {
        let css = self.wait_until(
            &format!("a button \"{name}\""),
            std::time::Duration::from_secs(30),
            || self.mark_button(name),
        );
        self.click(&css);
    }

    /// Whether there is a button of this accessible name.
    pub fn has_button(&self, name: &str) -> bool {
        self.mark_button(name).is_some()
    }

    /// Marks a visible button, so that it can be found by a selector. Not one of what is painted
    /// before the program runs, which goes away under the pointer.
    fn mark_button(&self, name: &str) -> Option<String> {
        let script = "const wanted = arguments[0];
            for (const old of document.querySelectorAll('[data-marked]')) delete old.dataset.marked;
            const button = Array.from(document.querySelectorAll('button')).find((button) =>
                (button.getAttribute('aria-label') ?? button.innerText).trim() === wanted && button.checkVisibility()
                && !button.closest('#outline'));
            if (button) button.dataset.marked = '';
            return Boolean(button)";
        (self.script(script, [json!(name)]) == Value::Bool(true))
            .then(|| "[data-marked]".to_owned())
    }

    /// The labels from top to bottom.
    pub fn labels(&self) -> Vec<String> {
        let script = "return Array.from(document.querySelectorAll('[data-testid=label]'), (label) => label.value)";
        let labels = self.script(script, []);
        labels
            .as_array()
            .into_iter()
            .flatten()
            .map(|label| label.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Replaces all labels.
    #[track_caller]
    pub fn set_labels(&self, labels: &[&str]) {
        // Drawn last: by then the labels of before are there.
        self.wait_for(".models-dialog, .embed-footer");
        if self.has(LABEL) {
            self.press_button("Clear all");
        }
        self.paste_text(LABEL_INPUT, &labels.join("\n"));
        // A single word is not a list, and stays in the field until it is sent off, as does what is
        // typed last.
        if self.value(LABEL_INPUT).is_some_and(|left| !left.is_empty()) {
            self.type_into(LABEL_INPUT, &Key::Enter.value().to_string());
        }
        self.wait_for_labels(labels.len());
    }

    /// Waits until there are so many labels.
    #[track_caller]
    pub fn wait_for_labels(&self, count: usize) {
        self.wait_until(
            &format!("{count} labels"),
            std::time::Duration::from_secs(30),
            || (self.count(LABEL) == count).then_some(()),
        );
    }

    /// The results once these labels and no others have been scored together, and stand best first.
    #[track_caller]
    pub fn wait_for_scores_of(&self, labels: &[&str]) -> Vec<Row> {
        self.wait_for_results(&format!("scores of {labels:?}, best first"), |rows| {
            rows.len() == labels.len()
                && labels
                    .iter()
                    .all(|label| rows.iter().any(|row| row.label == *label))
                && rows.is_sorted_by(|a, b| a.score >= b.score)
                && (rows.iter().filter_map(|row| row.score).sum::<f64>() - 1.0).abs() < 1e-3
        })
    }

    /// Gives a label the focus, with its text selected.
    #[track_caller]
    pub fn select_label(&self, label: &str) {
        let script = "const label = Array.from(document.querySelectorAll('[data-testid=label]'))
                .find((label) => label.value === arguments[0]);
            label.focus();
            label.select()";
        self.script(script, [json!(label)]);
    }

    /// Takes the focus away from wherever it is.
    #[track_caller]
    pub fn leave_field(&self) {
        self.script("document.activeElement?.blur()", []);
    }
}

//! A result as something to take along: a table, an object, or text.

use cliplet_protocol::scoring::Scoring;
use serde::Serialize;

/// What the model said of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The picture.
    pub picture: Pictured,
    /// Who said it.
    pub model: Answerer,
    /// The prompt templates in force.
    pub templates: Vec<String>,
    /// How scores were made of cosines.
    pub scoring: Scoring,
    /// Best first.
    pub results: Vec<Line>,
}

/// The picture of a result; not what is to be seen on it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pictured {
    /// Its file's name, or the sample's.
    pub name: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// The model of a result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answerer {
    /// Its id in the list of models.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One label of a result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// As it stands in the list.
    pub label: String,
    /// What was encoded for it, one or several.
    pub prompts: Vec<String>,
    /// From 0 to 1.
    pub score: f32,
    /// From -1 to 1.
    pub cosine: f32,
}

impl Outcome {
    /// A table as RFC 4180 has it: a line of names, then one a label. A text that a spreadsheet
    /// would take for a formula has an apostrophe before it, as spreadsheets themselves write such
    /// texts.
    pub fn csv(&self) -> String {
        let mut table = "label,score,cosine,prompts,model,picture\r\n".to_owned();
        for line in &self.results {
            let cells = [
                cell(&line.label),
                line.score.to_string(),
                line.cosine.to_string(),
                cell(&line.prompts.join(" | ")),
                cell(&self.model.id),
                cell(&self.picture.name),
            ];
            table.push_str(&cells.join(","));
            table.push_str("\r\n");
        }
        table
    }

    /// An object with all that is known.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A label a line, with its score as `percent` writes it, and what was asked.
    pub fn text(&self, percent: impl Fn(f32) -> String) -> String {
        let mut text = format!("{} ({})\n", self.picture.name, self.model.name);
        for line in &self.results {
            text.push_str(&format!("{}  {}\n", percent(line.score), line.label));
        }
        text
    }

    /// A name for a file of it, without an ending: that of the picture, as far as file systems take
    /// it.
    pub fn file_name(&self) -> String {
        let name = self.picture.name.rsplit_once('.');
        let name = name.map_or(self.picture.name.as_str(), |(name, _)| name);
        let kept: String = name
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "-_".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .take(60)
            .collect();
        match kept.trim_matches('-') {
            "" => "cliplet".to_owned(),
            name => format!("{name}-cliplet"),
        }
    }
}

/// A text in a table.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// What a page of somebody else's takes to show the same classifier: the script of `embed.js` at
/// this address, and the element. `model` is left out where it is the one that is usual.
pub fn snippet(
    script: &str,
    labels: &[String],
    template: Option<&str>,
    model: Option<&str>,
) -> String {
    let template = template.map(|template| format!(" template=\"{}\"", escaped(template)));
    let model = model.map(|model| format!(" model=\"{}\"", escaped(model)));
    format!(
        "<script src=\"{}\" async></script>\n<cliplet-classifier labels=\"{}\"{}{}></cliplet-classifier>\n",
        escaped(script),
        escaped(&labels.join(", ")),
        template.unwrap_or_default(),
        model.unwrap_or_default(),
    )
}

/// As it stands in an attribute between quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Whether a text is written from right to left: its first letter with a direction has that one, as
/// `dir="auto"` looks at it (Unicode Annex 9, rules P2 and P3).
pub fn is_right_to_left(text: &str) -> bool {
    let strong = text.chars().find(|c| c.is_alphabetic());
    strong.is_some_and(|c| {
        matches!(
            u32::from(c),
            0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(labels: &[&str]) -> Outcome {
        Outcome {
            picture: Pictured {
                name: "my cat.v2.jpg".to_owned(),
                width: 640,
                height: 480,
            },
            model: Answerer {
                id: "starter".to_owned(),
                name: "Cliplet starter".to_owned(),
            },
            templates: vec!["a photo of a {}".to_owned()],
            scoring: Scoring::default(),
            results: labels
                .iter()
                .map(|label| Line {
                    label: (*label).to_owned(),
                    prompts: vec![format!("a photo of a {label}")],
                    score: 0.5,
                    cosine: -0.125,
                })
                .collect(),
        }
    }

    #[test]
    fn a_table_keeps_commas_and_quotes_and_is_no_formula() {
        let csv = outcome(&["cat", "a \"big\", cat", "=1+1", "قطة"]).csv();
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(
            lines[1],
            "cat,0.5,-0.125,a photo of a cat,starter,my cat.v2.jpg"
        );
        assert!(lines[2].starts_with("\"a \"\"big\"\", cat\",0.5"));
        assert!(lines[3].starts_with("'=1+1,"));
        assert!(lines[4].starts_with("قطة,"));
    }

    #[test]
    fn an_object_has_it_all() {
        let json: serde_json::Value = serde_json::from_str(&outcome(&["cat"]).json()).unwrap();
        assert_eq!(json["results"][0]["prompts"][0], "a photo of a cat");
        assert_eq!(json["results"][0]["score"], 0.5);
        assert_eq!(json["model"]["id"], "starter");
        assert_eq!(json["scoring"]["kind"], "softmax");
        assert_eq!(json["picture"]["name"], "my cat.v2.jpg");
    }

    #[test]
    fn text_and_names_are_for_people() {
        let outcome = outcome(&["cat", "dog"]);
        let text = outcome.text(|score| format!("{} %", 100.0 * score));
        assert_eq!(
            text,
            "my cat.v2.jpg (Cliplet starter)\n50 %  cat\n50 %  dog\n"
        );
        assert_eq!(outcome.file_name(), "my-cat-v2-cliplet");
    }

    #[test]
    fn a_snippet_cannot_be_broken_out_of() {
        let labels = [
            "a \"cat\"".to_owned(),
            "<script>".to_owned(),
            "R&D".to_owned(),
        ];
        let snippet = snippet("https://x.org/embed.js", &labels, Some("a {}"), None);
        assert_eq!(
            snippet,
            "<script src=\"https://x.org/embed.js\" async></script>\n<cliplet-classifier labels=\"a &quot;cat&quot;, \
             &lt;script&gt;, R&amp;D\" template=\"a {}\"></cliplet-classifier>\n"
        );
    }

    #[test]
    fn directions_are_those_of_the_first_letter() {
        for text in ["قطة", "חתול", "1. قطة cat"] {
            assert!(is_right_to_left(text), "{text}");
        }
        for text in ["cat", "cat قطة", "123", ""] {
            assert!(!is_right_to_left(text), "{text}");
        }
    }
}

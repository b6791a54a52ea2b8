//! The scripts of `js/`, on their way into the page: without comments, which are for who reads the
//! source, and with what the build knows in the place of placeholders.

use crate::files;
use crate::step::Result;
use crate::workspace::Workspace;

/// Where all JavaScript lies that ships.
pub const SOURCE: &str = "js";

/// What a placeholder begins and ends with. `js/placeholders.d.ts` declares them all.
const PLACEHOLDER: (&str, &str) = ("__CLIPLET_", "__");

/// The text of a script, by its path below [`SOURCE`], without comments.
pub fn read(workspace: &Workspace, path: &str) -> Result<String> {
    let text = files::read(&workspace.root.join(SOURCE).join(path))?;
    Ok(without_comments(&String::from_utf8_lossy(&text)))
}

/// The text of a script with each of these placeholders filled in. Each has to be there once, and
/// no other.
pub fn fill(name: &str, text: &str, values: &[(&str, String)]) -> Result<String> {
    let mut expected: Vec<&str> = values.iter().map(|(placeholder, _)| *placeholder).collect();
    let mut found = placeholders(text);
    expected.sort_unstable();
    found.sort_unstable();
    if found != expected {
        return Err(format!(
            "{SOURCE}/{name} should have each of these placeholders once: {}. It has: {}.",
            expected.join(", "),
            found.join(", ")
        )
        .into());
    }
    let filled = values
        .iter()
        .fold(text.to_owned(), |text, (placeholder, value)| {
            text.replace(placeholder, value)
        });
    Ok(filled)
}

/// The placeholders in a text, in their order.
fn placeholders(text: &str) -> Vec<&str> {
    let (beginning, end) = PLACEHOLDER;
    let starts = text.match_indices(beginning).map(|(start, _)| start);
    starts
        .filter_map(|start| {
            let length = text[start + beginning.len()..].find(end)?;
            Some(&text[start..start + beginning.len() + length + end.len()])
        })
        .collect()
}

/// The script without the lines that are comments, `//` or `/** … */`. What stands in a template
/// literal is no comment.
fn without_comments(script: &str) -> String {
    let mut kept = String::new();
    let (mut in_comment, mut in_literal) = (false, false);
    for line in script.lines() {
        let text = line.trim();
        if !in_literal && !in_comment && text.starts_with("//") {
            continue;
        }
        if !in_literal && (in_comment || text.starts_with("/**")) {
            // A comment that ends before its line does, as a cast does, is a part of the code.
            match text.find("*/") {
                None => {
                    in_comment = true;
                    continue;
                }
                Some(end) if end + 2 == text.len() => {
                    in_comment = false;
                    continue;
                }
                Some(_) => {}
            }
        }
        in_literal ^= text.matches('`').count() % 2 == 1;
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn placeholders_are_filled_in_once_each() {
        let script = "a(__CLIPLET_ONE__, [__CLIPLET_TWO__]);";
        let one = ("__CLIPLET_ONE__", "1".to_owned());
        let two = ("__CLIPLET_TWO__", "\"__CLIPLET_ONE\"".to_owned());
        let filled = fill("a.js", script, &[two.clone(), one.clone()]).unwrap();
        assert_eq!(filled, "a(1, [\"__CLIPLET_ONE\"]);");
        assert!(fill("a.js", script, std::slice::from_ref(&one)).is_err());
        assert!(fill("a.js", &filled, &[]).is_ok());
        let both = [one, two];
        assert!(fill("a.js", "a(__CLIPLET_ONE__)", &both).is_err());
        let failure = fill("a.js", &script.repeat(2), &both).unwrap_err();
        assert!(failure.to_string().contains("js/a.js"), "{failure}");
    }

    #[test]
    fn comments_stay_behind() {
        let script = "\
// Of the whole.

/** @type {number} */
let a = 1; // one
/**
 * A function.
 *
 * @param {string} b
 */
const f = (/** @type {string} */ b) => `
  // ${b}
  /** text */
`;
/** @type {any} */ (f)(a);
  // The end.
";
        let expected = "
let a = 1; // one
const f = (/** @type {string} */ b) => `
  // ${b}
  /** text */
`;
/** @type {any} */ (f)(a);
";
        assert_eq!(without_comments(script), expected);
    }

    /// TypeScript takes a placeholder for what is declared of it; so each that is declared is one
    /// that there is.
    #[test]
    fn every_placeholder_that_is_declared_stands_in_one_script() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(SOURCE);
        let text =
            |path: &Path| String::from_utf8(files::read(&source.join(path)).unwrap()).unwrap();
        let declarations = text(Path::new("placeholders.d.ts"));
        let mut declared = placeholders(&declarations);
        declared.sort_unstable();
        let mut found = Vec::new();
        for path in files::files_below(&source).unwrap() {
            if path.extension().is_some_and(|extension| extension == "js") {
                let script = without_comments(&text(&path));
                found.extend(placeholders(&script).into_iter().map(str::to_owned));
            }
        }
        found.sort_unstable();
        assert_eq!(found, declared);
        assert!(found.len() > 5, "{found:?}");
    }
}

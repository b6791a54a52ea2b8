//! What keeps people out, as far as a program can tell: <https://github.com/dequelabs/axe-core>,
//! with all its rules.

use std::env;
use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Page;

/// The widths that screens are looked at in, in CSS pixels, each with a height.
const SIZES: [(u32, u32); 2] = [(320, 640), (1280, 800)];

impl Page {
    /// Looks at what is seen now in every size, light and dark, and panics with all that axe finds.
    #[track_caller]
    pub fn axe_finds_nothing(&self, screen: &str) {
        let mut found = Vec::new();
        for (width, height) in SIZES {
            self.resize(width, height);
            for dark in [false, true] {
                found.extend(self.axe_in(screen, &width.to_string(), dark));
            }
        }
        self.axe_found(screen, &found);
    }

    /// The same in the size that there is, for what is inside a page of another size.
    #[track_caller]
    pub fn axe_finds_nothing_as_it_is(&self, screen: &str) {
        let found = [false, true].map(|dark| self.axe_in(screen, "as-it-is", dark));
        self.axe_found(screen, &found.concat());
    }

    #[track_caller]
    fn axe_in(&self, screen: &str, size: &str, dark: bool) -> Vec<String> {
        self.set_scheme(dark);
        // Scores that no longer hold are pale until the next are there.
        self.wait_for_none(".label-list.stale");
        // The grid is drawn anew a frame later, and colours have arrived.
        thread::sleep(Duration::from_millis(250));
        let theme = if dark { "dark" } else { "light" };
        self.screenshot(&format!("axe-{screen}-{size}-{theme}"));
        let found = self.axe().into_iter();
        found
            .map(|found| format!("{size}, {theme}: {found}"))
            .collect()
    }

    #[track_caller]
    fn axe_found(&self, screen: &str, found: &[String]) {
        assert!(found.is_empty(), "{screen}\n{}", found.join("\n"));
    }

    /// A line for each element that axe finds fault with: the rule, the element, what is to be
    /// done.
    #[track_caller]
    fn axe(&self) -> Vec<String> {
        let is_there = self.script("return 'axe' in window", []);
        if is_there != json!(true) {
            let path = env::var_os("CLIPLET_AXE").expect(
                "these tests need axe-core: run `cargo xtask test --only browser`, which installs it first",
            );
            let source = fs::read_to_string(&path).unwrap_or_else(|error| {
                panic!("{} cannot be read: {error}", path.to_string_lossy())
            });
            self.script(&source, []);
            // Rows out of sight keep the colours of before until somebody scrolls there.
            self.script(
                "const all = new CSSStyleSheet();
                 all.replaceSync('* { content-visibility: visible !important }');
                 document.adoptedStyleSheets.push(all)",
                [],
            );
        }
        // A frame's first heading is that of the page around, which axe does not see from within.
        let found = self.script(
            "const inside = window.top !== window;
             const rules = inside ? { 'page-has-heading-one': { enabled: false } } : {};
             const { violations } = await axe.run(document, { resultTypes: ['violations'], rules });
             return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html, failureSummary }) =>
                 `${id}: ${target.join(' ')}: ${html.slice(0, 160)}\\n    ${failureSummary.replaceAll('\\n', '\\n    ')}`))",
            [],
        );
        let found = found.as_array().into_iter().flatten();
        found.filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

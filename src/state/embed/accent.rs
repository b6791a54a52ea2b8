//! The colours made of the one that a host names, for light and for dark.
//!
//! A colour that could not be read on the page's own ground is made darker or lighter until it can
//! be: contrast as WCAG 2.2 defines it, <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>.

/// The least contrast of text: WCAG's level AA.
const READABLE: f64 = 4.5;

/// A colour of sRGB, red, green and blue from 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb([u8; 3]);

const WHITE: Rgb = Rgb([255, 255, 255]);
const BLACK: Rgb = Rgb([0, 0, 0]);

/// What an accent lies on and beside, as `style.css` has it: the ground, and the text.
const LIGHT: [Rgb; 2] = [Rgb([0xf7, 0xf5, 0xf0]), Rgb([0x1c, 0x1b, 0x19])];
const DARK: [Rgb; 2] = [Rgb([0x20, 0x1e, 0x1b]), Rgb([0xf2, 0xef, 0xe8])];

/// A host's accent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent(Rgb);

impl Accent {
    /// Reads `#rgb` or `#rrggbb`.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('#')?;
        let nibbles: Option<Vec<u8>> = digits
            .chars()
            .map(|digit| Some(digit.to_digit(16)? as u8))
            .collect();
        match nibbles?[..] {
            [r, g, b] => Some(Self(Rgb([r * 17, g * 17, b * 17]))),
            [r, s, g, h, b, c] => Some(Self(Rgb([r * 16 + s, g * 16 + h, b * 16 + c]))),
            _ => None,
        }
    }

    /// The style sheet's variables for both themes, each with its value.
    pub fn variables(self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        for (theme, [ground, text]) in [("light", LIGHT), ("dark", DARK)] {
            let accent = self.0.readable_on(ground);
            let on_accent = if accent.contrast(WHITE) >= accent.contrast(BLACK) {
                WHITE
            } else {
                BLACK
            };
            for (name, colour) in [
                ("accent", accent),
                ("on-accent", on_accent),
                ("fill", accent.fill(0.18, ground, text)),
                ("fill-best", accent.fill(0.34, ground, text)),
            ] {
                variables.push((format!("--{theme}-{name}"), colour.to_css()));
            }
        }
        variables
    }
}

impl Rgb {
    fn to_css(self) -> String {
        let [r, g, b] = self.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// WCAG's relative luminance, from 0 to 1.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 {
                channel / 12.92
            } else {
                ((channel + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// WCAG's contrast, from 1 to 21.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// So much of another colour in this one, from 0 to 1.
    fn mixed_with(self, other: Self, share: f64) -> Self {
        let channel = |at: usize| {
            let (own, theirs) = (f64::from(self.0[at]), f64::from(other.0[at]));
            (own + (theirs - own) * share).round() as u8
        };
        Self([channel(0), channel(1), channel(2)])
    }

    /// This colour, with no more black or white in it than makes it readable on a ground.
    fn readable_on(self, ground: Self) -> Self {
        let far = if ground.luminance() > 0.5 {
            BLACK
        } else {
            WHITE
        };
        let steps = (0..=20).map(|step| self.mixed_with(far, f64::from(step) / 20.0));
        let mut readable = steps.filter(|colour| colour.contrast(ground) >= READABLE);
        readable.next().unwrap_or(far)
    }

    /// A ground with some of this colour in it, on which text stays readable.
    fn fill(self, share: f64, ground: Self, text: Self) -> Self {
        let mut share = share;
        loop {
            let fill = ground.mixed_with(self, share);
            if fill.contrast(text) >= READABLE || share < 0.01 {
                return fill;
            }
            share *= 0.9;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_in_hexadecimal_digits_are_read_and_nothing_else() {
        assert_eq!(Accent::read(" #c0F "), Accent::read("#cc00ff"));
        assert_eq!(Accent::read("#0f6b5c"), Some(Accent(Rgb([15, 107, 92]))));
        for text in [
            "",
            "#",
            "c0f",
            "#c0",
            "#c0ff",
            "#cc00ff00",
            "#xyz",
            "red",
            "#+00",
        ] {
            assert_eq!(Accent::read(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_as_wcag_defines_it() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        // #767676 is the lightest grey that may stand on white.
        assert!(Rgb([0x76; 3]).contrast(WHITE) >= READABLE);
        assert!(Rgb([0x77; 3]).contrast(WHITE) < READABLE);
    }

    #[test]
    fn any_accent_can_be_read() {
        for r in (0..=255).step_by(51) {
            for g in (0..=255).step_by(51) {
                for b in (0..=255).step_by(51) {
                    let accent = Accent(Rgb([r, g, b]));
                    let variables = accent.variables();
                    let colour = |name: &str| {
                        let value = &variables
                            .iter()
                            .find(|(called, _)| called == name)
                            .unwrap()
                            .1;
                        Accent::read(value).unwrap().0
                    };
                    for (theme, [ground, text]) in [("light", LIGHT), ("dark", DARK)] {
                        let shown = colour(&format!("--{theme}-accent"));
                        assert!(shown.contrast(ground) >= READABLE, "{accent:?} {theme}");
                        let on = colour(&format!("--{theme}-on-accent"));
                        assert!(shown.contrast(on) >= READABLE, "{accent:?} {theme}");
                        for fill in ["fill", "fill-best"] {
                            let fill = colour(&format!("--{theme}-{fill}"));
                            assert!(fill.contrast(text) >= READABLE, "{accent:?} {theme}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_accent_that_can_be_read_stays_as_it_is() {
        let variables = Accent::read("#0b57d0").unwrap().variables();
        assert_eq!(
            variables[0],
            ("--light-accent".to_owned(), "#0b57d0".to_owned())
        );
    }
}

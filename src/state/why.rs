//! Which parts of a picture speak for a label, as it is shown.

/// What the engine has found out about one label and one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The label.
    pub label: String,
    /// It is the only one, and was compared with a neutral prompt.
    pub alone: bool,
    /// Patches across, and down.
    pub across: usize,
    /// What each patch adds to the cosine, row by row, `across * across` numbers.
    pub patches: Vec<f32>,
    /// What is of no patch.
    pub rest: f32,
    /// The part of the picture that the model looks at: left, top, width and height, as shares of
    /// the whole.
    pub kept: [f64; 4],
}

/// A ninth of a picture: rows and columns from 0 to 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the top.
    pub row: usize,
    /// From the left.
    pub column: usize,
}

/// Patches that speak for a label: the orange of Okabe and Ito's palette (2008), which people with
/// any kind of colour vision tell from the blue.
pub const FOR: [u8; 3] = [0xE6, 0x9F, 0x00];
/// Those that speak against it.
pub const AGAINST: [u8; 3] = [0x00, 0x72, 0xB2];

impl Why {
    /// How much better the label fits than what it was compared with: a difference of cosines.
    pub fn sum(&self) -> f32 {
        self.of_patches() + self.rest
    }

    /// What the patches add to that.
    pub fn of_patches(&self) -> f32 {
        self.patches.iter().sum()
    }

    /// The patches as pixels, red, green, blue and alpha, `4 * across * across` bytes. The one that
    /// adds or takes most is nearly opaque.
    pub fn pixels(&self) -> Vec<u8> {
        const MOST_OPAQUE: f32 = 225.0;
        let most = self
            .patches
            .iter()
            .fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
        self.patches
            .iter()
            .flat_map(|&x| {
                let [red, green, blue] = if x >= 0.0 { FOR } else { AGAINST };
                let share = (x.abs() / most).powf(0.8);
                [red, green, blue, (MOST_OPAQUE * share).round() as u8]
            })
            .collect()
    }

    /// The ninth of what is looked at that speaks most for the label; `None` if none does.
    pub fn strongest(&self) -> Option<Place> {
        let mut ninths = [0.0f32; 9];
        for (at, x) in self.patches.iter().enumerate() {
            let third = |at: usize| 3 * at / self.across;
            ninths[3 * third(at / self.across) + third(at % self.across)] += x.max(0.0);
        }
        let (at, most) = ninths
            .into_iter()
            .enumerate()
            .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        (most > 0.0).then_some(Place {
            row: at / 3,
            column: at % 3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(patches: Vec<f32>) -> Why {
        Why {
            label: "cat".to_owned(),
            alone: false,
            across: patches.len().isqrt(),
            patches,
            rest: 0.25,
            kept: [0.0, 0.0, 1.0, 1.0],
        }
    }

    #[test]
    fn colours_say_for_and_against_and_alpha_how_much() {
        let pixels = why(vec![0.5, -0.5, 0.0, -0.1]).pixels();
        assert_eq!(pixels[..4], [0xE6, 0x9F, 0x00, 225]);
        assert_eq!(pixels[4..8], [0x00, 0x72, 0xB2, 225]);
        assert_eq!(pixels[11], 0);
        assert!((1..225).contains(&pixels[15]));
    }

    #[test]
    fn nothing_at_all_is_no_trouble() {
        let nothing = why(vec![0.0; 4]);
        assert!(nothing.pixels().chunks(4).all(|pixel| pixel[3] == 0));
        assert_eq!(nothing.strongest(), None);
        assert_eq!(nothing.sum(), 0.25);
    }

    #[test]
    fn the_strongest_place_is_found() {
        let mut patches = vec![-1.0; 49];
        patches[6] = 0.1;
        assert_eq!(why(patches).strongest(), Some(Place { row: 0, column: 2 }));
    }
}

//! The map that shows why a label has its score.

use cliplet_protocol::messages::Failure;

use super::failures::because;
use super::format::quoted;
use crate::state::why::{Place, Why};

/// The button that shows what speaks for the best label.
pub const SHOW_WHY: &str = "Why this label?";
/// The button that takes the map off the picture.
pub const HIDE_WHY: &str = "Hide the map";
/// The field that says which label the map is of.
pub const WHY_LABEL: &str = "Why";
/// While the map is made.
pub const LOOKING_FOR_WHY: &str = "Mapping…";
/// The colour of patches that speak for a label.
pub const FOR: &str = "raised it";
/// The colour of patches that speak against it.
pub const AGAINST: &str = "lowered it";
/// What was cut off.
pub const NOT_LOOKED_AT: &str = "not seen by the model";

/// What the map is and is not.
pub fn about_why(why: &Why) -> String {
    let rather = if why.alone {
        "against a picture of anything"
    } else {
        "against the other labels"
    };
    format!(
        "Patches, of {across} by {across}, that raised (orange) or lowered (blue) {} {rather}. Not an object location, nor proof: \
         patches also pass on what others saw.",
        quoted(&why.label),
        across = why.across
    )
}

/// How the map adds up.
pub fn why_sum(why: &Why) -> String {
    let others = if why.alone {
        "the neutral prompt"
    } else {
        "other labels"
    };
    let signed = |x: f32| {
        let text = format!("{x:+.3}");
        text.replace('-', "−")
    };
    format!(
        "Margin over {others}: {} (patches {}, rest {}).",
        signed(why.sum()),
        signed(why.of_patches()),
        signed(why.rest)
    )
}

/// The map in words.
pub fn why_in_words(why: &Why) -> String {
    match why.strongest() {
        Some(place) => format!(
            "Map for {}: raised most {}.",
            quoted(&why.label),
            place_in_words(place)
        ),
        None => format!("Map for {}: no patch raised it.", quoted(&why.label)),
    }
}

fn place_in_words(place: Place) -> &'static str {
    match (place.row, place.column) {
        (0, 0) => "at the top left",
        (0, 1) => "at the top",
        (0, _) => "at the top right",
        (1, 0) => "at the left",
        (1, 1) => "in the middle",
        (1, _) => "at the right",
        (_, 0) => "at the bottom left",
        (_, 1) => "at the bottom",
        (_, _) => "at the bottom right",
    }
}

/// The map could not be made.
pub fn no_why(failure: &Failure) -> String {
    format!("The map could not be made: {}", because(failure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::test_support::assert_is_prose;

    #[test]
    fn the_map_is_told_in_words() {
        let mut patches = vec![0.0; 64];
        patches[63] = 0.5;
        let why = Why {
            label: "rocket".to_owned(),
            alone: false,
            across: 8,
            patches,
            rest: -0.1,
            kept: [0.0, 0.0, 1.0, 1.0],
        };
        assert_eq!(
            why_in_words(&why),
            "Map for “rocket”: raised most at the bottom right."
        );
        assert_eq!(
            why_sum(&why),
            "Margin over other labels: +0.400 (patches +0.500, rest −0.100)."
        );
        assert_is_prose(&about_why(&why));
    }
}

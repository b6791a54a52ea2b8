//! Whether a canvas gives back what was drawn on it.
//!
//! Some browsers answer a page that reads a canvas with noise, as a protection against
//! fingerprinting: Firefox with `privacy.resistFingerprinting` (LibreWolf, Tor Browser) with
//! nothing but noise, private windows of Safari with little of it. And some have no canvas in a
//! worker.

use std::cell::OnceCell;

use web_sys::OffscreenCanvas;

use super::bitmap::context;

/// Pixels across and down of what is drawn, in squares of one colour each.
const SIDE: u32 = 16;
const SQUARE: u32 = 2;

/// How far a channel of a pixel may be from what was drawn, of 255. So much moves no score, and is
/// not seen.
const UNNOTICED: u8 = 2;

/// Whether pixels can be read from a canvas here. It is found out once.
pub(super) fn can_be_read() -> bool {
    thread_local! {
        static FOUND: OnceCell<bool> = const { OnceCell::new() };
    }
    FOUND.with(|found| *found.get_or_init(|| farthest().is_some_and(|far| far <= UNNOTICED)))
}

/// The largest difference between what is drawn and what is read; none where nothing is read.
fn farthest() -> Option<u8> {
    let canvas = OffscreenCanvas::new(SIDE, SIDE).ok()?;
    let context = context(&canvas).ok()?;
    let squares = || (0..SIDE).step_by(SQUARE as usize);
    for (top, left) in squares().flat_map(|top| squares().map(move |left| (top, left))) {
        let [red, green, blue] = colour(left, top);
        context.set_fill_style_str(&format!("rgb({red}, {green}, {blue})"));
        let side = f64::from(SQUARE);
        context.fill_rect(f64::from(left), f64::from(top), side, side);
    }
    let side = f64::from(SIDE);
    let read = context.get_image_data(0.0, 0.0, side, side).ok()?.data();
    let pixels = read.as_chunks::<4>().0.iter().enumerate();
    let far = pixels.flat_map(|(at, read)| {
        let (left, top) = (at as u32 % SIDE, at as u32 / SIDE);
        let [red, green, blue] = colour(left - left % SQUARE, top - top % SQUARE);
        [red, green, blue, 255]
            .into_iter()
            .zip(read)
            .map(|(drawn, read)| drawn.abs_diff(*read))
    });
    far.max()
}

/// The colour of the square whose corner is there: no two are the same.
fn colour(left: u32, top: u32) -> [u8; 3] {
    [
        (left * 15) as u8,
        (top * 15) as u8,
        ((left ^ top) * 9 + 20) as u8,
    ]
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use super::*;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    wasm_bindgen_test_configure!(run_in_browser);

    #[wasm_bindgen_test]
    fn a_canvas_without_protection_gives_back_what_was_drawn() {
        assert_eq!(farthest(), Some(0));
    }
}

//! What is drawn by hand: the map over a picture, and the picture of a result.

use futures_channel::oneshot;
use leptos::prelude::document;
use wasm_bindgen::{Clamped, JsCast, JsValue, prelude::Closure};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, ImageData};

use crate::state::outcome::{Outcome, is_right_to_left};
use crate::state::why::Why;
use crate::text;

/// The longer side of a map, in pixels.
const MAP_SIDE: f64 = 1_200.0;

/// Draws a map for a picture of so many pixels: colours that run into each other, the patches'
/// edges, and stripes over what is not looked at.
pub fn draw_map(
    canvas: &HtmlCanvasElement,
    why: &Why,
    width: u32,
    height: u32,
) -> Result<(), JsValue> {
    let scale = MAP_SIDE / f64::from(width.max(height).max(1));
    let (width, height) = (
        (f64::from(width) * scale).round().max(1.0),
        (f64::from(height) * scale).round().max(1.0),
    );
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context = context(canvas)?;
    let [left, top, across, down] = why.kept;
    let (left, top, across, down) = (left * width, top * height, across * width, down * height);

    let patches = new_canvas(why.across as u32, why.across as u32)?;
    let pixels = why.pixels();
    let pixels = ImageData::new_with_u8_clamped_array(Clamped(&pixels), why.across as u32)?;
    self::context(&patches)?.put_image_data(&pixels, 0.0, 0.0)?;
    context.set_image_smoothing_enabled(true);
    context.draw_image_with_html_canvas_element_and_dw_and_dh(&patches, left, top, across, down)?;

    // A line in two shades is seen on dark and on light.
    for (shift, shade) in [(0.0, "rgb(255 255 255 / 30%)"), (1.5, "rgb(0 0 0 / 30%)")] {
        context.set_stroke_style_str(shade);
        context.set_line_width(1.5);
        context.begin_path();
        for at in 0..=why.across {
            let share = at as f64 / why.across as f64;
            let (x, y) = (left + share * across + shift, top + share * down + shift);
            context.move_to(x, top);
            context.line_to(x, top + down);
            context.move_to(left, y);
            context.line_to(left + across, y);
        }
        context.stroke();
    }

    context.begin_path();
    for (x, y, side, rise) in [
        (0.0, 0.0, width, top),
        (0.0, top + down, width, height - top - down),
        (0.0, 0.0, left, height),
        (left + across, 0.0, width - left - across, height),
    ] {
        if side > 0.5 && rise > 0.5 {
            context.rect(x, y, side, rise);
        }
    }
    context.clip();
    context.set_fill_style_str("rgb(20 18 15 / 70%)");
    context.fill_rect(0.0, 0.0, width, height);
    context.set_stroke_style_str("rgb(255 255 255 / 28%)");
    context.set_line_width(3.0);
    context.begin_path();
    let mut at = -height;
    while at < width {
        context.move_to(at, height);
        context.line_to(at + height, 0.0);
        at += 28.0;
    }
    context.stroke();
    Ok(())
}

/// Whether the browser gives pages noise in the place of what they have drawn, as a protection
/// against fingerprinting.
pub fn is_hidden() -> bool {
    // Noise that nobody sees, as Safari has it in private windows, is none.
    const SEEN: u8 = 16;
    const COLOURS: [[u8; 3]; 4] = [[0, 0, 0], [255, 255, 255], [200, 40, 90], [30, 170, 220]];
    let farthest = || -> Result<u8, JsValue> {
        let canvas = new_canvas(COLOURS.len() as u32, 1)?;
        let context = context(&canvas)?;
        for (at, [red, green, blue]) in COLOURS.into_iter().enumerate() {
            context.set_fill_style_str(&format!("rgb({red}, {green}, {blue})"));
            context.fill_rect(at as f64, 0.0, 1.0, 1.0);
        }
        let read = context
            .get_image_data(0.0, 0.0, COLOURS.len() as f64, 1.0)?
            .data();
        let drawn = COLOURS
            .iter()
            .flat_map(|&[red, green, blue]| [red, green, blue, 255]);
        Ok(drawn
            .zip(read.iter())
            .map(|(drawn, &read)| drawn.abs_diff(read))
            .max()
            .unwrap_or(0))
    };
    farthest().map_or(true, |farthest| farthest > SEEN)
}

/// A PNG of a picture and the labels that fit it best. None where the browser cannot, or
/// [hides](is_hidden) what is drawn. `image` is the element that shows the
/// picture.
pub async fn result_picture(outcome: &Outcome, image: &HtmlImageElement) -> Option<Blob> {
    if is_hidden() {
        return None;
    }
    let canvas = draw_result(outcome, image).ok()?;
    let (end, file) = oneshot::channel();
    let done = Closure::once_into_js(move |file: JsValue| {
        end.send(file.dyn_into::<Blob>().ok()).ok();
    });
    canvas.to_blob(done.unchecked_ref()).ok()?;
    file.await.ok().flatten()
}

fn draw_result(outcome: &Outcome, image: &HtmlImageElement) -> Result<HtmlCanvasElement, JsValue> {
    const WIDTH: f64 = 1_200.0;
    const EDGE: f64 = 48.0;
    const MOST_DOWN: f64 = 900.0;
    const ROW: f64 = 68.0;
    const GAP: f64 = 10.0;
    const SCORES: f64 = 150.0;
    const MOST_ROWS: usize = 10;
    const FONT: &str = "system-ui, -apple-system, \"Segoe UI\", Roboto, \"Noto Sans\", sans-serif";

    let inside = WIDTH - 2.0 * EDGE;
    let (width, height) = (
        f64::from(image.natural_width().max(1)),
        f64::from(image.natural_height().max(1)),
    );
    let scale = (inside / width).min(MOST_DOWN / height);
    let (width, height) = (width * scale, height * scale);
    let rows = outcome.results.len().min(MOST_ROWS);
    let below = EDGE + height + EDGE / 2.0;
    let end = below + rows as f64 * (ROW + GAP);
    let canvas = new_canvas(WIDTH as u32, (end + 2.0 * EDGE) as u32)?;
    let context = context(&canvas)?;
    context.set_fill_style_str("#f7f5f0");
    context.fill_rect(0.0, 0.0, WIDTH, end + 2.0 * EDGE);
    context.draw_image_with_html_image_element_and_dw_and_dh(
        image,
        (WIDTH - width) / 2.0,
        EDGE,
        width,
        height,
    )?;

    context.set_text_baseline("middle");
    for (at, line) in outcome.results.iter().take(rows).enumerate() {
        let top = below + at as f64 * (ROW + GAP);
        let middle = top + ROW / 2.0;
        context.set_fill_style_str("#e9e5da");
        context.fill_rect(EDGE, top, inside, ROW);
        context.set_fill_style_str(if at == 0 { "#a5d9ca" } else { "#d3e9e2" });
        context.fill_rect(
            EDGE,
            top,
            inside * f64::from(line.score.clamp(0.0, 1.0)),
            ROW,
        );

        context.set_fill_style_str("#1c1b19");
        context.set_font(&format!("600 30px {FONT}"));
        context.set_text_align("right");
        context.fill_text(&text::percent(line.score), WIDTH - EDGE - 20.0, middle)?;
        let room = inside - SCORES - 40.0;
        let right_to_left = is_right_to_left(&line.label);
        set_direction(&context, if right_to_left { "rtl" } else { "ltr" });
        context.set_font(&format!("30px {FONT}"));
        let label = fitting(&context, &line.label, room)?;
        let (side, x) = if right_to_left {
            ("right", EDGE + 20.0 + room)
        } else {
            ("left", EDGE + 20.0)
        };
        context.set_text_align(side);
        context.fill_text(&label, x, middle)?;
        set_direction(&context, "ltr");
    }

    context.set_fill_style_str("#5d5950");
    context.set_font(&format!("24px {FONT}"));
    context.set_text_align("left");
    let more = match outcome.results.len() - rows {
        0 => String::new(),
        more => format!("  ·  {} labels more", text::number(more)),
    };
    let foot = format!("{}  ·  {}{more}", text::NAME, outcome.model.name);
    context.fill_text(&fitting(&context, &foot, inside)?, EDGE, end + EDGE)?;
    Ok(canvas)
}

/// Says which way text is written.
fn set_direction(context: &CanvasRenderingContext2d, direction: &str) {
    // The bindings do not know it.
    js_sys::Reflect::set(context, &"direction".into(), &direction.into()).ok();
}

/// As much of a text as there is room for.
fn fitting(context: &CanvasRenderingContext2d, text: &str, room: f64) -> Result<String, JsValue> {
    let is_fitting =
        |text: &str| -> Result<bool, JsValue> { Ok(context.measure_text(text)?.width() <= room) };
    if is_fitting(text)? {
        return Ok(text.to_owned());
    }
    let mut cut = text.to_owned();
    while cut.pop().is_some() {
        let shown = format!("{}…", cut.trim_end());
        if is_fitting(&shown)? {
            return Ok(shown);
        }
    }
    Ok(String::new())
}

fn new_canvas(width: u32, height: u32) -> Result<HtmlCanvasElement, JsValue> {
    let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    Ok(canvas)
}

fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    Ok(context.unchecked_into())
}

use leptos::html;
use leptos::prelude::*;

use crate::canvas;
use crate::controllers::Picture;
use crate::session::Session;
use crate::text;

/// The map over the picture: which of its parts speak for a label.
#[component]
pub fn WhyOverlay(picture: Picture) -> impl IntoView {
    let session = expect_context::<Session>();
    let ratio = f64::from(picture.width) / f64::from(picture.height.max(1));
    let (width, height) = (picture.width, picture.height);
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move |_| {
        if let (Some(canvas), Some(why)) = (canvas.get(), session.why.shown().get())
            && let Err(error) = canvas::draw_map(&canvas, &why, width, height)
        {
            leptos::logging::warn!("The map could not be drawn: {error:?}");
        }
    });
    let map = move || {
        session.why.shown().get().map(|why| {
            view! {
                <canvas
                    node_ref=canvas
                    class="why-map"
                    role="img"
                    aria-label=text::why_in_words(&why)
                    style=("--ratio", ratio.to_string())
                    data-testid="why-map"
                    data-label=why.label.clone()
                    data-across=why.across.to_string()
                    data-sum=why.sum().to_string()
                ></canvas>
            }
        })
    };
    view! { {map} }
}

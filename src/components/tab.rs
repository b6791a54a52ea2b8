use leptos::prelude::*;

/// One of some buttons of which one is pressed.
#[component]
pub fn Tab(
    /// Whether it is this one.
    #[prop(into)]
    pressed: Signal<bool>,
    /// What it says.
    name: &'static str,
    /// Chooses it.
    choose: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="tab"
            aria-pressed=move || if pressed.get() { "true" } else { "false" }
            on:click=move |_| choose()
        >
            {name}
        </button>
    }
}

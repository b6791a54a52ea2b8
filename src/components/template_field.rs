use leptos::ev::Event;
use leptos::prelude::*;

use crate::session::Session;
use crate::state::template;
use crate::text;

/// The prompt templates, one a line, and what is wrong with them.
#[component]
pub fn TemplateField() -> impl IntoView {
    let session = expect_context::<Session>();
    let typed = move || session.query.template().read().typed().to_owned();
    let fault = Memo::new(move |_| {
        let template = session.query.template().read();
        template
            .fault()
            .map(|fault| (fault, text::template_fault(fault, template.in_force())))
    });
    let set = move |text: &'static str| {
        view! {
            <button type="button" class="link-button" on:click=move |_| session.query.set_template_at_once(text)>
                {if text == template::PLACEHOLDER { "Use the label alone" } else { "Reset" }}
            </button>
        }
    };
    let trouble = move || {
        fault.get().map(|(fault, said)| {
            let alone = (fault == template::Fault::Empty).then(|| set(template::PLACEHOLDER));
            view! {
                <p class="fault" id="template-fault">
                    <span role="status">{said}</span>
                    " "
                    {alone}
                    " "
                    {set(template::DEFAULT)}
                </p>
            }
        })
    };
    let reset = move || {
        let differs =
            fault.read().is_none() && session.query.template().read().typed() != template::DEFAULT;
        differs.then(|| set(template::DEFAULT))
    };
    // As many lines as are written, up to so many as leave the labels in sight.
    const MOST_LINES: usize = 5;
    let lines = Memo::new(move |_| session.query.template().read().typed().split('\n').count());
    let rows = move || lines.get().min(MOST_LINES).to_string();
    let count = Memo::new(move |_| session.query.template().read().in_force().len());
    let several = move || (count.get() > 1).then(|| text::labels::template_count(count.get()));
    let of_imagenet = move || {
        (count.get() < 80).then(|| {
            view! {
                <button type="button" class="link-button" on:click=move |_| session.query.use_imagenet_templates()>
                    "Use CLIP’s 80"
                </button>
            }
        })
    };
    let focused = RwSignal::new(false);
    let shows_more = move || focused.get() || count.get() > 1;
    let more = move || {
        shows_more().then(|| {
            view! {
                <p class="hint" id="template-hint">
                    {move || several().unwrap_or_else(|| text::labels::TEMPLATE_HINT.to_owned())} " " {of_imagenet}
                </p>
            }
        })
    };
    view! {
        <div class="template-field">
            <label for="template">{move || if count.get() > 1 { "Prompt templates" } else { "Prompt template" }}</label>
            <textarea
                id="template"
                class="field"
                rows=rows
                dir="auto"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-describedby="template-fault template-hint"
                aria-invalid=move || fault.read().is_some().then_some("true")
                prop:value=typed
                on:focusin=move |_| {
                    session.query.end_change();
                    focused.set(true);
                }
                on:focusout=move |_| session.query.end_change()
                on:input=move |event: Event| session.query.set_template(&event_target_value(&event))
            ></textarea>
            {reset}
            {trouble}
            {more}
        </div>
    }
}

use leptos::ev::Event;
use leptos::prelude::*;

use crate::session::Session;
use crate::state::template;
use crate::text;

/// The prompt template, and what is wrong with it.
#[component]
pub fn TemplateField() -> impl IntoView {
    let session = expect_context::<Session>();
    let typed = move || session.template.read().typed().to_owned();
    let fault = Memo::new(move |_| {
        let template = session.template.read();
        template
            .fault()
            .map(|fault| (fault, text::template_fault(fault, template.in_force())))
    });
    let set = move |text: &'static str| {
        view! {
            <button type="button" class="link-button" on:click=move |_| session.set_template(text)>
                {if text == template::PLACE { "Use the label alone" } else { "Reset" }}
            </button>
        }
    };
    let trouble = move || {
        fault.get().map(|(fault, said)| {
            let alone = (fault == template::Fault::Empty).then(|| set(template::PLACE));
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
            fault.read().is_none() && session.template.read().typed() != template::DEFAULT;
        differs.then(|| set(template::DEFAULT))
    };
    view! {
        <div class="template-field">
            <label for="template">"Prompt template"</label>
            <input
                id="template"
                class="field"
                type="text"
                dir="auto"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-describedby="template-fault"
                aria-invalid=move || fault.read().is_some().then_some("true")
                prop:value=typed
                on:input=move |event: Event| session.set_template(&event_target_value(&event))
            />
            {reset}
            {trouble}
        </div>
    }
}

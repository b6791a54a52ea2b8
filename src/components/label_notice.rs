use leptos::prelude::*;

use crate::controllers::Action;
use crate::session::Session;
use crate::text;

/// What there is to say about the labels, with a button to act on it.
#[component]
pub fn LabelNotice() -> impl IntoView {
    let session = expect_context::<Session>();
    let notice = move || {
        session.messages.notice().get().map(|notice| {
            let action = notice.action.map(|action| match action {
                Action::Undo => text::UNDO,
                Action::UseLabels(_) => text::USE_SAMPLE_LABELS,
                Action::ShowMyOrder => text::labels::SHOW_MY_ORDER,
            });
            view! {
                <div class="label-notice">
                    <p>{notice.text}</p>
                    {action
                        .map(|action| {
                            view! {
                                <button type="button" class="button" on:click=move |_| session.act_on_notice()>
                                    {action}
                                </button>
                            }
                        })}
                    <button
                        type="button"
                        class="icon-button"
                        aria-label="Dismiss"
                        on:click=move |_| session.messages.dismiss_notice()
                    >
                        "✕"
                    </button>
                </div>
            }
        })
    };
    view! { {notice} }
}

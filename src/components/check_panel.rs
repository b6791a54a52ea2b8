use leptos::prelude::*;
use web_sys::Url;

use crate::controllers::Checked;
use crate::session::Session;
use crate::state::check::{Mistake, Report};
use crate::text::collection as words;

/// How well what answers tells pictures apart whose folders say what they are.
#[component]
pub fn CheckPanel() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let checked = move || {
        let checked = many.checked().get()?;
        let unmatched: Vec<&str> = checked.unmatched.iter().map(String::as_str).collect();
        let unmatched = (!unmatched.is_empty()).then(|| {
            view! {
                <p class="collection-note" data-testid="unmatched">
                    <span>{words::unmatched(&unmatched)}</span>
                    <button type="button" class="button" on:click=move |_| session.collection.take_folders_as_labels()>
                        "Take the folders’ names as labels"
                    </button>
                </p>
            }
        });
        let report = checked.report.clone().map(|report| {
            view! { <Results report checked=checked.clone() /> }
        });
        Some(view! {
            {unmatched}
            {report}
        })
    };
    let nothing = move || {
        many.folders()
            .is_empty()
            .then(|| view! { <p class="hint">{words::NOTHING_TO_CHECK}</p> })
    };
    view! {
        <section class="check" aria-label="Check labels">
            <p class="hint">{words::ABOUT_CHECK}</p>
            <div class="teach-end">
                <button type="button" class="button" on:click=move |_| session.collection.check()>"Check again"</button>
                <span class="hint">{move || if many.by_probe().get() { words::CHECKS_PROBE } else { words::CHECKS_LABELS }}</span>
            </div>
            {nothing}
            {checked}
        </section>
    }
}

#[component]
fn Results(report: Report, checked: Checked) -> impl IntoView {
    let labels = StoredValue::new(checked.labels);
    let name = move |label: u32| {
        labels.with_value(|labels| labels.get(label as usize).cloned().unwrap_or_default())
    };
    let figure = |title: &'static str, share: f64, id: &'static str| {
        view! {
            <div>
                <dt>{title}</dt>
                <dd data-testid=id>{words::share(share)}</dd>
            </div>
        }
    };
    let top_five = (labels.with_value(Vec::len) > 5)
        .then(|| figure("Among the first five", report.top_five(), "top-five"));
    let classes = report.classes.clone().into_iter().map(|class| {
        view! {
            <tr>
                <th scope="row" dir="auto">{name(class.label)}</th>
                <td>{class.pictures}</td>
                <td>{words::share(class.recall())}</td>
                <td>{class.wrongly}</td>
            </tr>
        }
    });
    let classes = classes.collect_view();
    let mistakes = report.mistakes.clone().into_iter();
    let mistakes = mistakes
        .map(|mistake| view! { <WorstMistake mistake right=name(mistake.right) told=name(mistake.told) /> })
        .collect_view();
    let has_mistakes = !report.mistakes.is_empty();
    view! {
        <dl class="figures">
            {figure("Accuracy", report.accuracy(), "accuracy")}
            {top_five}
            {figure("Mean recall of classes", report.mean_recall, "mean-recall")}
            <div><dt>"Pictures"</dt><dd>{report.pictures}</dd></div>
        </dl>
        <details open>
            <summary>"Each class"</summary>
            <div class="wide" tabindex="0" role="region" aria-label="Each class">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Class"</th>
                            <th scope="col">"Pictures"</th>
                            <th scope="col">"Recall"</th>
                            <th scope="col">"False positives"</th>
                        </tr>
                    </thead>
                    <tbody>{classes}</tbody>
                </table>
            </div>
        </details>
        <details>
            <summary>"Confusion matrix"</summary>
            <Confusion report=report.clone() labels />
        </details>
        <Show when=move || has_mistakes>
            <h3>"The worst mistakes"</h3>
        </Show>
        <ul class="mistakes" role="list" aria-label="The worst mistakes">{mistakes}</ul>
    }
}

/// The confusion matrix, or, where it would have too many cells to be read, its largest entries
/// beside the diagonal.
#[component]
fn Confusion(report: Report, labels: StoredValue<Vec<String>>) -> impl IntoView {
    const MOST_COLUMNS: usize = 40;
    const MOST_ENTRIES: usize = 40;
    let name = move |label: u32| {
        labels.with_value(|labels| labels.get(label as usize).cloned().unwrap_or_default())
    };
    let columns = report.columns();
    if columns.len() > MOST_COLUMNS {
        let wrong = report
            .confusion
            .iter()
            .filter(|((right, told), _)| right != told);
        let mut wrong: Vec<_> = wrong.map(|(pair, count)| (*pair, *count)).collect();
        wrong.sort_by(|(_, a), (_, b)| b.cmp(a));
        let rows = wrong
            .into_iter()
            .take(MOST_ENTRIES)
            .map(|((right, told), count)| {
                view! {
                    <tr>
                        <th scope="row" dir="auto">{name(right)}</th>
                        <td dir="auto">{name(told)}</td>
                        <td>{count}</td>
                    </tr>
                }
            });
        return view! {
            <div class="wide" tabindex="0" role="region" aria-label="Confusion matrix">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Class"</th>
                            <th scope="col">"Taken for"</th>
                            <th scope="col">"Pictures"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any();
    }
    let head = columns.iter().map(|label| {
        view! { <th scope="col" dir="auto"><span>{name(*label)}</span></th> }
    });
    let head = head.collect_view();
    let rows = report.classes.iter().map(|class| {
        let cells = columns.iter().map(|column| {
            let count = report
                .confusion
                .get(&(class.label, *column))
                .copied()
                .unwrap_or_default();
            let share = count as f64 / class.pictures.max(1) as f64;
            view! {
                <td
                    class:right=*column == class.label
                    class:some=(count > 0)
                    style=("--share", share.to_string())
                >
                    {count}
                </td>
            }
        });
        view! {
            <tr>
                <th scope="row" dir="auto">{name(class.label)}</th>
                {cells.collect_view()}
            </tr>
        }
    });
    view! {
        <p class="hint">{words::ABOUT_CONFUSION}</p>
        <div class="wide" tabindex="0" role="region" aria-label="Confusion matrix">
            <table class="confusion" data-testid="confusion">
                <thead>
                    <tr>
                        <td></td>
                        {head}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn WorstMistake(mistake: Mistake, right: String, told: String) -> impl IntoView {
    let session = expect_context::<Session>();
    let url = session
        .collection
        .preview(mistake.item)
        .and_then(|preview| Url::create_object_url_with_blob(&preview).ok());
    let shown = StoredValue::new(url.clone());
    on_cleanup(move || {
        if let Some(Some(url)) = shown.try_get_value() {
            Url::revoke_object_url(&url).ok();
        }
    });
    let said = words::mistake(&right, &told, mistake.score);
    view! {
        <li>
            <button
                type="button"
                data-testid="mistake"
                aria-label=said.clone()
                on:click=move |_| session.collection.show_item(mistake.item)
            >
                <img src=url alt="" draggable="false" />
                <span aria-hidden="true">{said.clone()}</span>
            </button>
        </li>
    }
}

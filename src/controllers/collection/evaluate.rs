//! Judging pictures: which label fits each best, asked anew where labels, template or model have
//! changed.

use leptos::prelude::*;

use cliplet_protocol::collection::{Classifier, ItemId, Judge, Judged};
use cliplet_protocol::messages::Failure;

use super::{Asked, CollectionController, Tool};
use crate::engine::Ended;
use crate::state::collection::{Best, Filter, Sort, Standing};
use crate::text::collection as words;

impl CollectionController {
    pub(super) fn asked_now(&'static self) -> Option<Asked> {
        let of = match self.sort().get_untracked() {
            Sort::ScoreOf(label) => Some(label),
            _ => None,
        };
        if self.by_probe().get_untracked() {
            let labels = self.probe().with_untracked(|probe| {
                probe
                    .as_ref()
                    .map(|probe| (probe.classes.clone(), probe.json.len() as u32))
            });
            let (labels, probe) = labels?;
            return Some(Asked {
                by: Classifier::Probe,
                labels,
                of,
                probe,
            });
        }
        let query = self.query.question_about(0)?.query();
        let labels = query.labels.iter().map(|label| label.label.clone());
        Some(Asked {
            labels: labels.collect(),
            by: Classifier::Labels(query),
            of,
            probe: 0,
        })
    }

    /// Asks what fits the pictures that nothing is said of yet: all, where labels have changed.
    pub(super) fn judge(&'static self) {
        if self.is_empty() {
            return;
        }
        let Some(asked) = self.asked_now() else {
            self.data.with(|data| data.ask(Vec::new()));
            self.pending.with(|pending| pending.asked = None);
            return self.show();
        };
        let is_new = self
            .pending
            .with(|pending| pending.asked.as_ref() != Some(&asked));
        if is_new {
            self.keep_filter(&asked.labels);
            let judging = self.pending.with(|pending| {
                pending.asked = Some(asked.clone());
                pending.judging.clone()
            });
            judging.cancel(&self.base.engine());
            self.checked.set(None);
        } else if self.pending.with(|pending| pending.judging.is_under_way()) {
            // Whatever has come meanwhile is asked when that has ended.
            return;
        }
        let items: Vec<ItemId> = self.data.read(|data| {
            if is_new {
                data.there()
                    .filter(|item| item.standing == Standing::Read)
                    .map(|item| item.id)
                    .collect()
            } else {
                data.unjudged()
            }
        });
        if items.is_empty() {
            if is_new {
                self.data.with(|data| data.ask(asked.labels));
            }
            return;
        }
        let request = Judge {
            items,
            by: asked.by,
            best: 1,
            of: asked.of,
        };
        let labels = asked.labels;
        let latest = self.pending.with(|pending| pending.judging.clone());
        latest.ask(&self.base.engine(), request, move |end| {
            match end {
                Ok(judged) => {
                    // Until now what was said of the labels before is shown: nothing flickers while
                    // somebody types.
                    if is_new {
                        self.data.with(|data| data.ask(labels));
                    }
                    self.judged(judged);
                    self.show();
                    if is_new && self.tool().get_untracked() == Tool::Check {
                        self.check();
                    }
                    self.judge();
                }
                Err(Ended::Cancelled | Ended::Failed(Failure::NoModel)) => {}
                Err(Ended::Failed(failure)) => self.failed(&failure),
            }
        });
    }

    fn judged(&'static self, judged: Judged) {
        let Judged {
            items,
            each,
            labels,
            scores,
            none_fits,
            of,
            ..
        } = judged;
        self.data.with(|data| {
            for (at, id) in items.into_iter().enumerate() {
                let first = at * each as usize;
                let best = labels.get(first).zip(scores.get(first));
                if let Some((&label, &score)) = best {
                    let best = Best {
                        label,
                        score,
                        none_fits: none_fits.get(at).copied().unwrap_or_default(),
                        of: of.get(at).copied(),
                    };
                    data.judged(id, best);
                }
            }
        });
    }

    /// What is filtered and sorted by goes on meaning the same label, or nothing.
    fn keep_filter(&'static self, labels: &[String]) {
        let moved = |number: u32| {
            let name = self.label(number);
            let at = labels.iter().position(|label| *label == name);
            at.map(|at| at as u32)
        };
        if let Filter::Label(number) = self.filter().get_untracked() {
            let filter = moved(number).map_or(Filter::All, Filter::Label);
            self.filter.set(filter);
        }
        if let Sort::ScoreOf(number) = self.sort().get_untracked() {
            let sort = moved(number).map_or(Sort::Sure, Sort::ScoreOf);
            self.sort.set(sort);
        }
    }

    pub(crate) fn failed(&'static self, failure: &Failure) {
        let text = words::not_asked(failure);
        self.note.set(Some(text));
    }
}

//! Judging pictures: which label fits each best, asked anew where labels, template or model have changed.

use leptos::prelude::*;

use cliplet_protocol::collection::{Classifier, ItemId, Judge, Judged};
use cliplet_protocol::messages::Failure;

use super::{Asked, Tool};
use crate::engine::Ended;
use crate::session::Session;
use crate::state::collection::{Best, Filter, Sort, Standing};
use crate::text::collection as words;

impl Session {
    pub(super) fn asked_now(self) -> Option<Asked> {
        let of = match self.many.sort.get_untracked() {
            Sort::ScoreOf(label) => Some(label),
            _ => None,
        };
        if self.many.by_probe.get_untracked() {
            let labels = self.many.probe.with_untracked(|probe| {
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
        let query = self.question_about(0)?.query();
        let labels = query.labels.iter().map(|label| label.label.clone());
        Some(Asked {
            labels: labels.collect(),
            by: Classifier::Labels(query),
            of,
            probe: 0,
        })
    }

    /// Asks what fits the pictures that nothing is said of yet: all, where labels have changed.
    pub(super) fn judge(self) {
        let many = self.many;
        if many.is_empty() {
            return;
        }
        let Some(asked) = self.asked_now() else {
            many.data.update_value(|data| data.ask(Vec::new()));
            self.with_desk(|desk| desk.many.asked = None);
            return self.show_collection();
        };
        let is_new = self.with_desk(|desk| desk.many.asked.as_ref() != Some(&asked));
        if is_new {
            self.keep_filter(&asked.labels);
            let judging = self.with_desk(|desk| {
                desk.many.asked = Some(asked.clone());
                desk.many.judging.clone()
            });
            judging.cancel(&self.engine());
            many.checked.set(None);
        } else if self.with_desk(|desk| desk.many.judging.is_under_way()) {
            // Whatever has come meanwhile is asked when that has ended.
            return;
        }
        let items: Vec<ItemId> = many.data.with_value(|data| match is_new {
            true => data
                .there()
                .filter(|item| item.standing == Standing::Read)
                .map(|item| item.id)
                .collect(),
            false => data.unjudged(),
        });
        if items.is_empty() {
            if is_new {
                many.data.update_value(|data| data.ask(asked.labels));
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
        let latest = self.with_desk(|desk| desk.many.judging.clone());
        latest.ask(&self.engine(), request, move |end| {
            match end {
                Ok(judged) => {
                    // Until now what was said of the labels before is shown: nothing flickers while somebody types.
                    if is_new {
                        many.data.update_value(|data| data.ask(labels));
                    }
                    self.judged(judged);
                    self.show_collection();
                    if is_new && many.tool.get_untracked() == Tool::Check {
                        self.check();
                    }
                    self.judge();
                }
                Err(Ended::Cancelled | Ended::Failed(Failure::NoModel)) => {}
                Err(Ended::Failed(failure)) => self.collection_failed(&failure),
            }
        });
    }

    pub(super) fn judged(self, judged: Judged) {
        let Judged {
            items,
            each,
            labels,
            scores,
            none_fits,
            of,
            ..
        } = judged;
        self.many.data.update_value(|data| {
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
    pub(super) fn keep_filter(self, labels: &[String]) {
        let many = self.many;
        let moved = |number: u32| {
            let name = many.label(number);
            let at = labels.iter().position(|label| *label == name);
            at.map(|at| at as u32)
        };
        if let Filter::Label(number) = many.filter.get_untracked() {
            let filter = moved(number).map_or(Filter::All, Filter::Label);
            many.filter.set(filter);
        }
        if let Sort::ScoreOf(number) = many.sort.get_untracked() {
            let sort = moved(number).map_or(Sort::Sure, Sort::ScoreOf);
            many.sort.set(sort);
        }
    }

    pub(super) fn collection_failed(self, failure: &Failure) {
        let text = words::not_asked(failure);
        self.many.note.set(Some(text));
    }
}

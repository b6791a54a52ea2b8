//! Checking labels with pictures whose folders say what they are.

use std::collections::HashMap;

use leptos::prelude::*;

use cliplet_protocol::collection::{ItemId, Judge, Judged};

use super::{Checked, CollectionController};
use crate::engine::Ended;
use crate::state::check::{self, Prediction, Report};
use crate::state::collection::{Item, Standing};
use crate::text::collection as words;

impl CollectionController {
    /// Checks what answers on the pictures whose folder says what they are.
    pub fn check(&'static self) {
        let Some(asked) = self.asked_now() else {
            return;
        };
        let labels = asked.labels;
        let (rights, unmatched) = self.data.read(|data| {
            let matched: HashMap<String, Option<u32>> = data
                .folders()
                .into_keys()
                .map(|folder| (folder.to_owned(), check::label_of(folder, &labels)))
                .collect();
            let of = |item: &Item| *matched.get(item.folder.as_ref()?)?;
            let read = data.there().filter(|item| item.standing == Standing::Read);
            let rights: HashMap<ItemId, u32> =
                read.filter_map(|item| Some((item.id, of(item)?))).collect();
            let mut unmatched: Vec<String> = matched
                .iter()
                .filter(|(_, label)| label.is_none())
                .map(|(folder, _)| folder.clone())
                .collect();
            unmatched.sort_unstable();
            (rights, unmatched)
        });
        let mut items: Vec<ItemId> = rights.keys().copied().collect();
        items.sort_unstable();
        let request = Judge {
            items,
            by: asked.by,
            best: 5,
            of: None,
        };
        let latest = self.pending.with(|pending| pending.checking.clone());
        latest.ask(&self.base.engine(), request, move |end| match end {
            Ok(Judged {
                items,
                each,
                labels: best,
                scores,
                ..
            }) => {
                let each = each as usize;
                let told = items.iter().enumerate().filter_map(|(at, item)| {
                    Some(Prediction {
                        item: *item,
                        right: *rights.get(item)?,
                        best: best.get(at * each..(at + 1) * each)?.to_vec(),
                        score: *scores.get(at * each)?,
                    })
                });
                let told: Vec<Prediction> = told.collect();
                let report = Report::of(&told);
                if let Some(report) = &report {
                    self.base
                        .messages
                        .announce(words::checked(report.accuracy(), report.pictures));
                }
                self.checked.set(Some(Checked {
                    report,
                    labels,
                    unmatched,
                }));
            }
            Err(Ended::Cancelled) => {}
            Err(Ended::Failed(failure)) => self.failed(&failure),
        });
    }

    /// Takes the names of the folders as labels, in the place of those there are, which can be put
    /// back.
    pub fn take_folders_as_labels(&'static self) {
        let folders = self.data.read(|data| {
            let folders = data.folders().into_keys();
            folders.map(check::as_label).collect::<Vec<String>>()
        });
        self.answer_by_probe(false);
        self.labels.clear();
        let undo = self.base.messages.notice().get_untracked();
        self.labels.add(&folders.join("\n"));
        self.base.messages.restore_notice(undo);
        self.base
            .messages
            .announce(words::LABELS_OF_FOLDERS.to_owned());
    }
}

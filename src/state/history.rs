//! What was changed, so that it can be taken back and done again.

use super::labels::LabelId;

/// What a change did, for the sentence about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Labels came: these, or as many.
    Added(Which),
    /// Labels went.
    Removed(Which),
    /// A label went because its text was deleted.
    Emptied(LabelId, String),
    /// Other labels took the place of all.
    Replaced,
    /// A label was written anew.
    Edited(LabelId, String),
    /// A label was moved.
    Moved(LabelId, String),
    /// A label was switched off, or on again.
    Switched(String),
    /// The templates were written anew.
    Template,
    /// Scores are made in another way.
    Scoring,
}

/// Some labels, in few words.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// This one.
    One(String),
    /// So many.
    Many(usize),
}

impl Which {
    /// These labels.
    pub fn of(labels: &[String]) -> Self {
        match labels {
            [one] => Self::One(one.clone()),
            many => Self::Many(many.len()),
        }
    }
}

impl Change {
    /// Whether it goes on with the change before, so that both are taken back together: as letters
    /// that are typed one after the other.
    fn goes_on_with(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Edited(id, _), Self::Edited(other, _))
            | (Self::Emptied(id, _), Self::Edited(other, _))
            | (Self::Moved(id, _), Self::Moved(other, _)) => id == other,
            (Self::Template, Self::Template) | (Self::Scoring, Self::Scoring) => true,
            _ => false,
        }
    }
}

/// The steps that can be taken back, and those that were. `T` is what is changed, as a whole.
#[derive(Debug)]
pub struct History<T> {
    past: Vec<Step<T>>,
    future: Vec<Step<T>>,
    /// The next change may go on with the last.
    open: bool,
}

#[derive(Debug)]
struct Step<T> {
    /// What it was like before the step, or behind it for one that was taken back.
    other: T,
    change: Change,
    weight: usize,
}

/// Steps that are remembered at most, and what they may weigh together: labels, of which each may
/// be a hundred bytes.
const MOST_STEPS: usize = 200;
const MOST_WEIGHT: usize = 100_000;

impl<T> Default for History<T> {
    fn default() -> Self {
        Self {
            past: Vec::new(),
            future: Vec::new(),
            open: false,
        }
    }
}

impl<T> History<T> {
    /// A change was made. `before` gives what it was like before, which weighs as much as there
    /// were labels.
    pub fn record(&mut self, change: Change, before: impl FnOnce() -> (T, usize)) {
        self.future.clear();
        let last = self.past.last_mut().filter(|_| self.open);
        self.open = true;
        if let Some(last) = last.filter(|last| change.goes_on_with(&last.change)) {
            last.change = change;
            return;
        }
        let (other, weight) = before();
        self.past.push(Step {
            other,
            change,
            weight,
        });
        let weight = |steps: &[Step<T>]| steps.iter().map(|step| step.weight).sum::<usize>();
        while self.past.len() > MOST_STEPS
            || (self.past.len() > 1 && weight(&self.past) > MOST_WEIGHT)
        {
            self.past.remove(0);
        }
    }

    /// The next change is one of its own.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Takes the last step back: gives what it was like before, where it now is like `now`.
    pub fn undo(&mut self, now: T) -> Option<(T, Change)> {
        self.open = false;
        step(&mut self.past, &mut self.future, now)
    }

    /// Does again what was taken back last.
    pub fn redo(&mut self, now: T) -> Option<(T, Change)> {
        self.open = false;
        step(&mut self.future, &mut self.past, now)
    }

    /// What would be taken back.
    pub fn last(&self) -> Option<&Change> {
        self.past.last().map(|step| &step.change)
    }

    /// What would be done again.
    pub fn next(&self) -> Option<&Change> {
        self.future.last().map(|step| &step.change)
    }
}

fn step<T>(from: &mut Vec<Step<T>>, to: &mut Vec<Step<T>>, now: T) -> Option<(T, Change)> {
    let Step {
        other,
        change,
        weight,
    } = from.pop()?;
    to.push(Step {
        other: now,
        change: change.clone(),
        weight,
    });
    Some((other, change))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(id: LabelId, to: &str) -> Change {
        Change::Edited(id, to.to_owned())
    }

    #[test]
    fn steps_are_taken_back_and_done_again() {
        let mut history = History::default();
        assert!(history.undo(0).is_none() && history.last().is_none());
        history.record(Change::Replaced, || (1, 1));
        history.record(Change::Template, || (2, 1));
        assert_eq!(history.undo(3), Some((2, Change::Template)));
        assert_eq!(history.undo(2), Some((1, Change::Replaced)));
        assert_eq!(history.undo(1), None);
        assert_eq!(history.redo(1), Some((2, Change::Replaced)));
        assert_eq!(history.next(), Some(&Change::Template));
        history.record(edited(1, "x"), || (2, 1));
        assert_eq!(history.redo(4), None);
        assert_eq!(history.undo(4), Some((2, edited(1, "x"))));
    }

    #[test]
    fn letters_are_taken_back_together_until_something_else_happens() {
        let mut history = History::default();
        history.record(edited(1, "c"), || ("", 1));
        history.record(edited(1, "ca"), || ("c", 1));
        history.record(edited(2, "d"), || ("ca", 1));
        history.close();
        history.record(edited(2, "do"), || ("d", 1));
        assert_eq!(history.undo("do"), Some(("d", edited(2, "do"))));
        assert_eq!(history.undo("d"), Some(("ca", edited(2, "d"))));
        assert_eq!(history.undo("ca"), Some(("", edited(1, "ca"))));
        history.record(edited(1, "x"), || ("", 1));
        assert_eq!(history.undo("x"), Some(("", edited(1, "x"))));
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut history = History::default();
        for n in 0..MOST_STEPS + 10 {
            history.record(Change::Replaced, || (n, 1));
        }
        let mut taken = 0;
        while history.undo(0).is_some() {
            taken += 1;
        }
        assert_eq!(taken, MOST_STEPS);
        history.record(Change::Replaced, || (0, MOST_WEIGHT));
        history.record(Change::Replaced, || (1, MOST_WEIGHT));
        assert_eq!(history.undo(2), Some((1, Change::Replaced)));
        assert_eq!(history.undo(1), None);
    }
}

//! Sharing work out to threads, where there are any.
//!
//! With the feature `threads` these are rayon's. In a browser its pool must have been started
//! before (`wasm-bindgen-rayon`); where it was not, as without the feature, everything runs on the
//! thread that asks.

/// Threads that work is shared out to; 1 where there are no others.
pub fn threads() -> usize {
    #[cfg(feature = "threads")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    1
}

/// Does something that shares out work again and again. Meanwhile the threads do not sleep: waking
/// one takes longer than many a piece of work.
pub fn on_all_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    #[cfg(feature = "threads")]
    if threads() > 1 {
        return awake::on_all_threads(work);
    }
    work()
}

/// Does the same with each item.
pub(super) fn each<T: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    #[cfg(feature = "threads")]
    if threads() > 1 {
        return awake::each(items, work);
    }
    items.into_iter().for_each(work);
}

#[cfg(feature = "threads")]
mod awake {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// Held by the one who keeps the threads awake. Two who did would wait for each other: each
    /// could find its own thread busy with being awake for the other.
    static AWAKE: Mutex<()> = Mutex::new(());

    /// See [`super::on_all_threads`].
    pub(super) fn on_all_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        let Ok(_alone) = AWAKE.try_lock() else {
            return work();
        };
        let over = AtomicBool::new(false);
        // A scope runs on a thread of the pool; the others look for pieces of work until all is
        // over.
        rayon::scope(|scope| {
            let own = rayon::current_thread_index();
            let over = &over;
            scope.spawn_broadcast(move |_, thread| {
                if Some(thread.index()) != own {
                    help_until(|| over.load(Ordering::Acquire));
                }
            });
            let _over = SetWhenDropped(over);
            work()
        })
    }

    /// See [`super::each`].
    pub(super) fn each<T: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
        // Each thread takes the next item when it is done with one: that is quicker than to hand
        // every item over, and so there may be many small ones, of which all threads are done at
        // nearly the same time.
        let items: Vec<_> = items
            .into_iter()
            .map(|item| Mutex::new(Some(item)))
            .collect();
        let next = AtomicUsize::new(0);
        let take_items = || {
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                // Nobody else has this number, so that the lock is free and the item there.
                if let Some(item) = item.try_lock().ok().and_then(|mut item| item.take()) {
                    work(item);
                }
            }
        };
        let helpers = items.len().min(super::threads()).saturating_sub(1);
        if helpers == 0 {
            return take_items();
        }
        let left = &AtomicUsize::new(helpers);
        rayon::in_place_scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(|_| {
                    let _left = TakenAwayWhenDropped(left);
                    take_items();
                });
            }
            take_items();
            // Leaving the scope would wait asleep. Outside of the pool there is nothing else.
            if rayon::current_thread_index().is_some() {
                help_until(|| left.load(Ordering::Acquire) == 0);
            }
        });
    }

    fn help_until(over: impl Fn() -> bool) {
        while !over() {
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                std::hint::spin_loop();
            }
        }
    }

    // Both also when a piece of work panics: nobody is to wait for ever.

    struct SetWhenDropped<'a>(&'a AtomicBool);

    impl Drop for SetWhenDropped<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }

    struct TakenAwayWhenDropped<'a>(&'a AtomicUsize);

    impl Drop for TakenAwayWhenDropped<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Release);
        }
    }
}

/// How many things to take at a time, of `count`: so many that taking them costs nothing to speak
/// of, and so few that no thread waits for another for long.
pub(super) fn portion(count: usize) -> usize {
    const PIECES_A_THREAD: usize = 12;
    match threads() {
        1 => count.max(1),
        threads => (count / (PIECES_A_THREAD * threads)).max(1),
    }
}

/// The same for things each of which takes `work` multiplications and additions: few at a time make
/// a processor fetch what lies one behind the other from memory piece by piece, so that two threads
/// take more time together than one would.
pub(super) fn portion_of(count: usize, work: usize) -> usize {
    /// Some microseconds.
    const LEAST: usize = 1 << 18;
    portion(count).max(LEAST.div_ceil(work.max(1)))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn sum_of_many() -> usize {
        let sum = AtomicUsize::new(0);
        for _ in 0..20 {
            each(0..16, |i| {
                sum.fetch_add(i, Ordering::Relaxed);
            });
        }
        sum.into_inner()
    }

    #[test]
    fn everything_is_done_once_whoever_asks() {
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        assert_eq!(on_all_threads(sum_of_many), 20 * 120);
                        assert_eq!(sum_of_many(), 20 * 120);
                    }
                });
            }
        });
    }

    #[test]
    fn nobody_waits_for_a_piece_that_has_panicked() {
        let outcome = std::panic::catch_unwind(|| {
            each(0..4, |i| assert_ne!(i, 2, "the third piece panics"));
        });
        assert!(outcome.is_err());
    }
}

//! Sharing work out to threads, where there are any.
//!
//! With the feature `threads` these are rayon's. In a browser its pool must have been started before
//! (`wasm-bindgen-rayon`); where it was not, as without the feature, everything runs on the thread that asks.

/// Threads that work is shared out to; 1 where there are no others.
pub fn threads() -> usize {
    #[cfg(feature = "threads")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    1
}

/// Does something that shares out work again and again. Meanwhile the threads do not sleep: waking one takes longer than
/// many a piece of work.
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

    /// Held by the one who keeps the threads awake. Two who did would wait for each other: each could find its own thread
    /// busy with being awake for the other.
    static AWAKE: Mutex<()> = Mutex::new(());

    /// See [`super::on_all_threads`].
    pub(super) fn on_all_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        let Ok(_alone) = AWAKE.try_lock() else {
            return work();
        };
        let over = AtomicBool::new(false);
        // A scope runs on a thread of the pool; the others look for pieces of work until all is over.
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
        let (work, left) = (&work, &AtomicUsize::new(0));
        rayon::in_place_scope(|scope| {
            for item in items {
                left.fetch_add(1, Ordering::Relaxed);
                scope.spawn(move |_| {
                    let _left = TakenAwayWhenDropped(left);
                    work(item);
                });
            }
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

/// How many things to take at a time, of `count`, so that every thread gets several, in multiples of `unit`.
pub(super) fn portion(count: usize, unit: usize) -> usize {
    let threads = threads();
    match threads {
        1 => count.max(1),
        _ => count.div_ceil(4 * threads).next_multiple_of(unit).max(unit),
    }
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

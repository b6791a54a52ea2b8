//! What controllers are made of.

use std::cell::RefCell;
use std::rc::Rc;

use send_wrapper::SendWrapper;

/// Gives a value the life of the page, so that every closure can hold on to it at the price of one
/// pointer.
pub(crate) fn lasting<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// State that the page does not show. Leptos wants what views hold on to to be `Send`; the page has
/// one thread.
pub(crate) struct Local<T>(SendWrapper<RefCell<T>>);

impl<T> Local<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(SendWrapper::new(RefCell::new(value)))
    }

    /// Reads it.
    pub(crate) fn read<R>(&self, then: impl FnOnce(&T) -> R) -> R {
        then(&self.0.borrow())
    }

    /// Reads or changes it. Not for calls into other controllers, which may come back here.
    pub(crate) fn with<R>(&self, then: impl FnOnce(&mut T) -> R) -> R {
        then(&mut self.0.borrow_mut())
    }
}

impl<T: Default> Default for Local<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

type Listener<A, R> = Option<Rc<dyn Fn(A) -> R>>;

/// Tells what happens in a controller to those that it does not know.
/// [`Session`](crate::session::Session) says who listens.
pub(crate) struct Hook<A: 'static = (), R: 'static = ()>(Local<Listener<A, R>>);

impl<A: 'static, R: 'static> Hook<A, R> {
    /// Sets the one listener.
    pub(crate) fn set(&self, listener: impl Fn(A) -> R + 'static) {
        self.0.with(|held| *held = Some(Rc::new(listener)));
    }

    /// Calls it, if there is one, and gives what it gives.
    pub(crate) fn call(&self, event: A) -> Option<R> {
        // The borrow ends before the listener runs, which may well come back to this controller.
        let listener = self.0.with(|held| held.clone());
        listener.map(|listener| listener(event))
    }
}

impl<A: 'static, R: 'static> Default for Hook<A, R> {
    fn default() -> Self {
        Self(Local::new(None))
    }
}

/// Methods by which others read a controller's signals, and follow them. Only the controller writes
/// them.
macro_rules! readable {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self) -> leptos::prelude::ReadSignal<$type> {
                self.$name.read_only()
            }
        )*
    };
}
pub(crate) use readable;

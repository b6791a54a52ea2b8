//! The program that runs inside the worker.

fn main() {
    cliplet_engine::worker::start();
}

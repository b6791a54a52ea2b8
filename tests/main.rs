//! Tests of the built page in headless Chromium, and in Firefox where the two may differ: a module
//! for each promise, named after it.
//!
//! `cargo xtask test` runs them all; `cargo xtask test --only browser` builds the page and runs
//! these alone. What they are written with is the [`harness`]: the server that plays the network,
//! the browser that plays the visitor, and what a visitor can do.

mod about_browser;
mod axe_finds_nothing;
mod bad_files;
mod better_model;
mod book;
mod camera;
mod collection;
mod drop_a_picture;
mod edit_labels;
mod embedded;
mod engine_builds;
mod export;
mod first_paint;
mod formats;
mod harness_itself;
mod hosting;
mod interrupted_download;
mod javascript;
mod javascript_samples;
mod kept_models;
mod keyboard_and_screens;
mod kinds_of_pictures;
mod label_lists;
mod label_tools;
mod layout_shift;
mod missing_features;
mod missing_parts;
mod offline;
mod orientation;
mod other_models;
mod picture_address;
mod picture_sizes;
mod probe;
mod prompt_template;
mod reload;
mod same_as_transformers;
mod scores;
mod shared_engine;
mod strict_csp;
mod thousand_labels;
mod two_tabs;
mod unhelpful_servers;
mod vite_project;
mod why;

use cliplet_test_harness as harness;

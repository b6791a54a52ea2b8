//! `cargo xtask`: sets up, builds, serves, tests and measures Cliplet.
//!
//! What lives here: reading the command line. Each command and each kind of step has a module of
//! its own: what must be installed ([`tools`], [`browser`], [`debian`]), the scripts that ship
//! ([`script`]) and what checks them ([`javascript`]), the worker's WebAssembly ([`engine`]), the
//! page around it ([`page`]), the book beside that ([`book`]) and what keeps the page
//! ([`service_worker`]), the engine for other people's pages ([`package`]) and a project that uses
//! that ([`vite_project`]), what the tests look for obstacles with ([`axe`]), Pythons for tests and
//! benchmarks ([`python`]), the two commands of the README ([`serve`], [`test`]), the comparison
//! with others ([`bench`]), and how a step is run and reported ([`step`]).

#![forbid(unsafe_code)]

mod axe;
mod bench;
mod book;
mod browser;
mod catalogue;
mod comments;
mod debian;
mod engine;
mod files;
mod fingerprint;
mod html;
mod javascript;
mod npm;
mod package;
mod page;
mod python;
mod script;
mod serve;
mod service_worker;
mod step;
mod test;
mod tools;
mod vite_project;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use bench::BenchOptions;
use engine::Choice;
use step::Result;
use workspace::Workspace;

/// Sets up, builds, serves, tests and measures Cliplet. Whatever a command needs is installed
/// first, below target/.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Cli {
    /// Build the page, serve it on this machine, and open it in the browser.
    Serve {
        /// The port, in the place of 8080 or the next free one.
        #[arg(long, value_name = "N")]
        port: Option<u16>,
        /// Open no browser.
        #[arg(long)]
        no_open: bool,
        /// Builds of the engine, in the place of the two that matter here; `build` knows their
        /// names.
        #[arg(long, value_name = "NAMES", value_parser = Choice::from_names)]
        engines: Option<Choice>,
    },
    /// Run all tests.
    Test {
        /// A part of them; may be given more than once.
        #[arg(long, value_name = "PART")]
        only: Vec<test::Part>,
        /// A browser for the tests of the page, in the place of Chromium with some tests in
        /// Firefox; may be given more than once.
        #[arg(long = "browser", value_name = "NAME")]
        browsers: Vec<browser::Engine>,
    },
    /// Build the page for any static file server.
    Build {
        /// An empty or new directory, in the place of dist/.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Builds of the engine, in the place of all, separated by commas: relaxed-threads,
        /// simd128-threads, relaxed, simd128.
        #[arg(long, value_name = "NAMES", value_parser = Choice::from_names)]
        engines: Option<Choice>,
    },
    /// Build the book alone, from docs/, and say where it lies.
    Book,
    /// Make the npm package of cliplet.js, below target/pack.
    Pack {
        /// Builds of the engine, in the place of all; `build` knows their names.
        #[arg(long, value_name = "NAMES", value_parser = Choice::from_names)]
        engines: Option<Choice>,
    },
    /// Measure Cliplet beside ONNX Runtime Web and Transformers.js in Chromium, and print medians
    /// and ratios; docs/performance.md says what each figure means.
    Bench(BenchOptions),
    /// For Trunk's hooks (see Trunk.toml): build the worker's WebAssembly.
    Engine,
    /// For Trunk's hooks (see Trunk.toml): put the engine into the page that trunk has staged, and
    /// optimise it.
    Finish,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("\nerror: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Cli) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Cli::Serve {
            port,
            no_open,
            engines,
        } => {
            let engines = engines.unwrap_or(Choice::ForThisMachine);
            serve::serve(&workspace, &engines, port, !no_open)?;
        }
        Cli::Test { only, browsers } => return test::test(&workspace, &only, &browsers),
        Cli::Build { out, engines } => {
            page::build_for_hosting(&workspace, &engines.unwrap_or(Choice::All), out)?;
        }
        Cli::Book => book::build_for_reading(&workspace)?,
        Cli::Pack { engines } => {
            let archive = package::pack(&workspace, &engines.unwrap_or(Choice::All))?;
            println!("The package is {}.", archive.display());
        }
        Cli::Bench(options) => bench::bench(&workspace, &options)?,
        Cli::Engine => {
            let choice = match std::env::var(engine::CHOICE) {
                Ok(names) => Choice::from_names(&names)?,
                Err(_) => Choice::All,
            };
            let tools = tools::for_building(&workspace)?;
            engine::build(&workspace, &tools, &choice.builds(&tools)?)?;
        }
        Cli::Finish => page::finish(&workspace, &tools::for_building(&workspace)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails unless this can be asked of `cargo xtask`.
    fn assert_is_there(words: &str, place: &str) {
        let words = ["cargo xtask"].into_iter().chain(words.split(' '));
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{place}: {error}");
        }
    }

    /// Whether this is refused.
    fn is_refused(words: &str) -> bool {
        let words = ["cargo xtask"].into_iter().chain(words.split(' '));
        Cli::try_parse_from(words).is_err()
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [
            "sing",
            "serve --loudly",
            "serve --port",
            "serve --port 65536",
            "build --engines relaxed,imagined",
            "book --out site",
            "test --only some",
            "test --browser lynx",
            "bench --only speed",
            "bench --rounds 0",
            "bench --model model.gguf",
            "bench --onnx model",
            "bench --native --only picture",
        ] {
            assert!(is_refused(words), "{words}");
        }
        for words in [
            "serve --port 0 --no-open --engines relaxed,simd128",
            "test --only lint --only wasm",
            "test --only browser --browser chromium --browser firefox --browser webkit",
            "bench --only picture --only wire --json figures.json --markdown",
            "bench --native --rounds 1 --threads 2 --model model.gguf --onnx model",
        ] {
            assert_is_there(words, "here");
        }
    }

    #[test]
    fn the_book_names_no_command_that_is_not_there() {
        let mut seen = 0;
        for sample in cliplet_book::samples_to_run(&["sh"]) {
            for command in sample.commands() {
                if let Some(words) = command.strip_prefix("cargo xtask ") {
                    assert_is_there(words, &sample.place.to_string());
                    seen += 1;
                }
            }
        }
        assert!(seen > 3, "only {seen} commands were found");
    }

    #[test]
    fn the_workflows_run_commands_that_are_there_and_pin_their_actions() {
        let workflows = [
            include_str!("../../.github/workflows/dependencies.yml"),
            include_str!("../../.github/workflows/pages.yml"),
            include_str!("../../.github/workflows/release.yml"),
            include_str!("../../.github/workflows/tests.yml"),
        ];
        let (mut commands, mut jobs, mut actions) = (0, 0, 0);
        for line in workflows.iter().flat_map(|workflow| workflow.lines()) {
            let line = line.trim();
            if let Some((_, command)) = line.split_once("cargo xtask ")
                && !line.starts_with('#')
            {
                commands += 1;
                // What the jobs put there stands in lines of its own.
                assert_is_there(&command.replace("${{ matrix.tests }}", "--only lint"), line);
            }
            if let Some((_, arguments)) = line.split_once("tests: ") {
                jobs += 1;
                assert_is_there(&format!("test {arguments}"), line);
            }
            if let Some((_, action)) = line.split_once("uses: ") {
                actions += 1;
                let commit = action.split(['@', ' ']).nth(1).unwrap_or_default();
                let is_hexadecimal = commit.bytes().all(|digit| digit.is_ascii_hexdigit());
                assert!(commit.len() == 40 && is_hexadecimal, "{action}");
            }
        }
        assert_eq!((commands, jobs, actions), (4, 6, 12));
    }
}

//! `cargo xtask`: sets up, builds, serves, tests and measures Cliplet.
//!
//! What lives here: reading the command line. Each command and each kind of step has a module of
//! its own: what must be installed ([`tools`], [`browser`], [`debian`]), the worker's WebAssembly
//! ([`engine`]), the page around it ([`page`]), the book beside that ([`book`]) and what keeps the
//! page ([`service_worker`]), the engine for other people's pages ([`package`]) and a project that
//! uses that ([`vite_project`]), what the tests look for obstacles with ([`axe`]), Pythons for
//! tests and benchmarks ([`python`]), the two commands of the README ([`serve`], [`test`]), the
//! comparison with others ([`bench`]), and how a step is run and reported ([`step`]).

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
mod npm;
mod package;
mod page;
mod python;
mod serve;
mod service_worker;
mod step;
mod test;
mod tools;
mod vite_project;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use engine::Choice;
use step::{Failure, Result};
use workspace::Workspace;

const HELP: &str = "\
Sets up, builds, serves, tests and measures Cliplet. Whatever a command needs is installed first, below target/.

Usage: cargo xtask <COMMAND>

Commands:
  serve [--port N] [--no-open] [--engines NAMES]
                                 Build the page, serve it on this machine, and open it in the browser
                                 Port 8080, or the next free one, unless --port asks for one
                                 With the two builds of the engine that matter here, unless NAMES lists others
  test [--only PART]...          Run all tests. Parts: lint, native, wasm, browser
  build [--out DIR] [--engines NAMES]
                                 Build the page for any static file server; into dist/ unless --out names
                                 an empty or new directory
                                 With all builds of the engine, unless NAMES lists some, separated by commas:
                                 relaxed-threads, simd128-threads, relaxed, simd128
  book                           Build the book alone, from docs/, and say where it lies
  pack [--engines NAMES]         Make the npm package of cliplet.js, below target/pack
  bench [--only FIGURE]... [--rounds N] [--threads N] [--json FILE] [--markdown] [--model GGUF --onnx DIR]
                                 Measure Cliplet beside ONNX Runtime Web and Transformers.js in Chromium, and print
                                 medians and ratios; docs/performance.md says what each figure means
                                 Figures: picture, labels, label, list, pipeline, visit, interactive, keystroke, load,
                                 wire, memory, collection, exactness
                                 With --model and --onnx, of the same weights, on these instead of random weights
  bench --native [--rounds N] [--threads N] [--json FILE] [--markdown] [--model GGUF --onnx DIR]
                                 Measure `cliplet embed` beside OpenCLIP in PyTorch and ONNX Runtime in Python
  help                           Print this

Trunk's hooks call these (see Trunk.toml):
  engine                         Build the worker's WebAssembly
  finish                         Put the engine into the page that trunk has staged, and optimise it
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("\nerror: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, options)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    let mut options = Options(options.iter());
    if options
        .0
        .as_slice()
        .iter()
        .any(|option| matches!(option.as_str(), "-h" | "--help"))
    {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    match command.as_str() {
        "serve" => {
            let mut port = None;
            let mut choice = Choice::ForThisMachine;
            let mut open = true;
            while let Some(option) = options.next() {
                match option {
                    "--port" => {
                        port = Some(
                            options
                                .value("--port")?
                                .parse()
                                .map_err(|_| "--port takes a number up to 65535.")?,
                        )
                    }
                    "--no-open" => open = false,
                    "--engines" => choice = Choice::from_names(options.value("--engines")?)?,
                    _ => return Err(unknown(option)),
                }
            }
            serve::serve(&Workspace::find()?, &choice, port, open)?;
        }
        "build" => {
            let mut out = None;
            let mut choice = Choice::All;
            while let Some(option) = options.next() {
                match option {
                    "--out" => out = Some(PathBuf::from(options.value("--out")?)),
                    "--engines" => choice = Choice::from_names(options.value("--engines")?)?,
                    _ => return Err(unknown(option)),
                }
            }
            page::build_for_hosting(&Workspace::find()?, &choice, out)?;
        }
        "pack" => {
            let mut choice = Choice::All;
            while let Some(option) = options.next() {
                match option {
                    "--engines" => choice = Choice::from_names(options.value("--engines")?)?,
                    _ => return Err(unknown(option)),
                }
            }
            let archive = package::pack(&Workspace::find()?, &choice)?;
            println!("The package is {}.", archive.display());
        }
        "test" => {
            let mut parts = Vec::new();
            while let Some(option) = options.next() {
                match option {
                    "--only" => parts.push(test::Part::from_name(options.value("--only")?)?),
                    _ => return Err(unknown(option)),
                }
            }
            return test::test(&Workspace::find()?, &parts);
        }
        "book" => {
            options.end()?;
            book::build_for_reading(&Workspace::find()?)?;
        }
        "bench" => bench::bench(&Workspace::find()?, &wishes(&mut options)?)?,
        "engine" => {
            options.end()?;
            let workspace = Workspace::find()?;
            let choice = match std::env::var(engine::CHOICE) {
                Ok(names) => Choice::from_names(&names)?,
                Err(_) => Choice::All,
            };
            let tools = tools::for_building(&workspace)?;
            engine::build(&workspace, &tools, &choice.builds(&tools)?)?;
        }
        "finish" => {
            options.end()?;
            let workspace = Workspace::find()?;
            page::finish(&workspace, &tools::for_building(&workspace)?)?;
        }
        "help" | "-h" | "--help" => print!("{HELP}"),
        _ => {
            return Err(
                format!("there is no command `{command}`; `cargo xtask help` lists them.").into(),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What `bench` is asked for.
fn wishes(options: &mut Options) -> Result<bench::BenchOptions> {
    let mut wishes = bench::BenchOptions::default();
    while let Some(option) = options.next() {
        match option {
            "--only" => wishes.add_figure(options.value("--only")?)?,
            "--rounds" => wishes.rounds = options.count("--rounds")?,
            "--threads" => wishes.threads = options.count("--threads")?,
            "--json" => wishes.json = Some(PathBuf::from(options.value("--json")?)),
            "--markdown" => wishes.markdown = true,
            "--native" => wishes.native = true,
            "--model" => wishes.gguf = Some(PathBuf::from(options.value("--model")?)),
            "--onnx" => wishes.onnx = Some(PathBuf::from(options.value("--onnx")?)),
            _ => return Err(unknown(option)),
        }
    }
    Ok(wishes)
}

/// The words behind the command.
struct Options<'a>(std::slice::Iter<'a, String>);

impl<'a> Options<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.0.next().map(String::as_str)
    }

    fn value(&mut self, option: &str) -> Result<&'a str> {
        self.next()
            .ok_or_else(|| format!("{option} needs a value; `cargo xtask help` shows how.").into())
    }

    /// A value that is a number of things, at least one.
    fn count(&mut self, option: &str) -> Result<usize> {
        let count = self.value(option)?.parse().ok().filter(|count| *count > 0);
        count.ok_or_else(|| format!("{option} takes a whole number from 1 on.").into())
    }

    fn end(&mut self) -> Result {
        self.next().map_or(Ok(()), |option| Err(unknown(option)))
    }
}

fn unknown(option: &str) -> Failure {
    format!("there is no option `{option}` here; `cargo xtask help` lists them.").into()
}

#[cfg(test)]
mod tests {
    use super::HELP;

    /// Fails unless there is such a command, with such options.
    fn assert_is_there(words: &str, place: &str) {
        let (command, options) = words.split_once(' ').unwrap_or((words, ""));
        // A command may stand there more than once.
        let help: String = HELP
            .lines()
            .filter(|line| line.starts_with(&format!("  {command} ")))
            .collect();
        assert!(!help.is_empty(), "{place}: `{command}`");
        for option in options.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{place}: `{option}`");
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
    fn the_workflow_runs_commands_that_are_there_and_pins_its_actions() {
        let workflow = include_str!("../../.github/workflows/pages.yml");
        let after = |what: &str| -> Vec<&str> {
            let lines = workflow.lines().map(str::trim);
            lines.filter_map(|line| line.strip_prefix(what)).collect()
        };
        let commands = after("run: cargo xtask ");
        assert_eq!(commands.len(), 1);
        for command in commands {
            assert_is_there(command, "pages.yml");
        }
        let actions = after("uses: ");
        assert_eq!(actions.len(), 3);
        for action in actions {
            let (_, commit) = action.split_once('@').unwrap();
            let commit = commit.split(' ').next().unwrap();
            let is_hexadecimal = commit.bytes().all(|digit| digit.is_ascii_hexdigit());
            assert!(commit.len() == 40 && is_hexadecimal, "{action}");
        }
    }
}

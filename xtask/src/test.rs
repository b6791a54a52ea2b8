//! `cargo xtask test`: every check there is, and a count of them at the end.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::axe;
use crate::browser::{self, Browsers, Engine};
use crate::comments;
use crate::engine::Choice;
use crate::files;
use crate::javascript;
use crate::package;
use crate::page;
use crate::python;
use crate::step::{Failure, Result, seconds, step, watch, watch_lines};
use crate::tools;
use crate::vite_project;
use crate::workspace::{WASM, Workspace};

/// A part of the checks that can be asked for alone.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Part {
    /// Formatting, the width of comments, clippy, documentation, packages, JavaScript.
    Lint,
    /// Tests of all crates on this machine.
    Native,
    /// Tests of the model and the engine as WebAssembly in Chromium.
    Wasm,
    /// Tests of the built page in Chromium, and in Firefox where the two may differ; or in the
    /// browsers asked for.
    Browser,
}

/// The crates that others can take.
const LIBRARIES: [&str; 3] = ["cliplet-clip", "cliplet-kernels", "cliplet-protocol"];

/// Runs the parts asked for, or all, those of the page in these browsers. A part that fails does
/// not keep the others from running.
pub fn test(workspace: &Workspace, only: &[Part], engines: &[Engine]) -> Result<ExitCode> {
    let wants = |part| only.is_empty() || only.contains(&part);
    let mut report = Report::default();
    if wants(Part::Lint) {
        lint(workspace, &mut report)?;
    }
    if wants(Part::Native) {
        native(workspace, &mut report);
    }
    if wants(Part::Wasm) {
        let browsers = browser::find_all(workspace, &[Engine::Chromium])?;
        wasm(workspace, &browsers, &mut report)?;
    }
    if wants(Part::Browser) {
        let needed = match engines {
            [] => &[Engine::Chromium, Engine::Firefox],
            engines => engines,
        };
        let browsers = browser::find_all(workspace, needed)?;
        in_browser(workspace, &browsers, engines, &mut report);
    }
    Ok(report.finish())
}

fn lint(workspace: &Workspace, report: &mut Report) -> Result {
    tools::for_linting(workspace)?;
    report.check(
        "Formatting",
        "`cargo fmt --all` repairs it.",
        workspace.cargo().args(["fmt", "--all", "--check"]),
    );
    report.run("Widths of comments", || {
        comments::check(&workspace.root).map(|()| Count::ONE)
    });
    let deny = ["--", "-D", "warnings"];
    report.check(
        "Lints",
        "The messages above say what to change.",
        workspace
            .cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            // `--all-targets` leaves out tests that `cargo test` does not run.
            .args(["--test", "browser"])
            .args(deny),
    );
    report.check(
        "Lints of what runs in the browser",
        "The messages above say what to change.",
        workspace
            .cargo()
            .args(["clippy", "--target", WASM])
            .args([
                "--package",
                "cliplet-page",
                "--package",
                "cliplet-protocol",
                "--package",
                "cliplet-engine",
                "--package",
                "cliplet-clip",
                "--package",
                "cliplet-kernels",
            ])
            .args(deny),
    );
    report.check(
        "Documentation",
        "The messages above say what to change.",
        workspace
            .cargo()
            .args(["doc", "--no-deps", "--workspace"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    );
    report.check(
        "Packages of the libraries",
        "Would crates.io take these crates? The messages above say what is missing.",
        workspace
            .cargo()
            .args(["package", "--no-verify", "--allow-dirty", "--quiet"])
            // All that they depend on has been fetched for the lints.
            .arg("--offline")
            .args(LIBRARIES.iter().flat_map(|name| ["--package", name])),
    );
    let mut checks = None;
    report.run("Finding what checks JavaScript", || {
        checks = Some(javascript::Checks::install(workspace)?);
        Ok(Count::ONE)
    });
    let Some(checks) = checks else { return Ok(()) };
    let advice = "The messages above say what to change.";
    for scope in javascript::SCOPES {
        let name = format!("Types of JavaScript ({scope})");
        report.check(&name, advice, &mut checks.types(workspace, scope));
    }
    report.check("Lints of JavaScript", advice, &mut checks.lints(workspace));
    Ok(())
}

// This and the browser tests name the whole workspace, so that cargo chooses the same features of
// the packages they share and compiles those once. So it does with the examples in the
// documentation, if they are run with the other tests.

fn native(workspace: &Workspace, report: &mut Report) {
    let mut readers = None;
    report.run("Finding what reads collections", || {
        python::find_for_tests(workspace)?;
        readers = Some(python::install(
            workspace,
            &workspace.target.join("readers"),
            "tools/requirements-readers.txt",
            "DuckDB, Polars, pandas and pyarrow",
        )?);
        Ok(Count::ONE)
    });
    report.tests("Tests on this machine", || {
        let mut command = workspace.cargo();
        command.args(["test", "--workspace", "--no-fail-fast"]);
        if let Some(readers) = &readers {
            command.env("CLIPLET_PYTHON", readers);
        }
        count(&mut command)
    });
    report.tests("Tests of the kernels under Miri", || {
        tools::for_miri(workspace)?;
        let mut command = tools::miri(workspace);
        command
            .args(["test", "--package", "cliplet-kernels", "--lib"])
            // proptest asks for the folder that it runs in.
            .env("MIRIFLAGS", "-Zmiri-disable-isolation");
        if cfg!(target_arch = "x86_64") {
            // Miri has these instructions where the program may use them anywhere.
            command.env("RUSTFLAGS", "-C target-feature=+avx2,+fma");
        }
        count(&mut command)
    });
}

/// What cargo's `test` takes for the tests of these, beside those of the kernels.
const MODEL_AND_ENGINE: &[&str] = &[
    "--package",
    "cliplet-clip",
    // So that cargo chooses the features of what they share as for the page.
    "--package",
    "cliplet-engine",
    "--test",
    "in_browser",
];
const ALL: &[&str] = &[
    "--package",
    "cliplet-clip",
    "--package",
    "cliplet-engine",
    "--package",
    "cliplet-protocol",
    "--test",
    "in_browser",
    "--test",
    "tokens",
];

fn wasm(workspace: &Workspace, browsers: &Browsers, report: &mut Report) -> Result {
    let tools = tools::for_building(workspace)?;
    let capabilities = workspace.notes().join("webdriver.json");
    browsers.write_capabilities(&capabilities)?;
    // Builds differ in their kernels and in whether there are threads, so that the model and the
    // engine are tested with threads and without, and the tokenizer and the protocol once.
    let builds = Choice::All.builds(&tools)?;
    let last = builds.len() - 1;
    for (at, build) in builds.into_iter().enumerate() {
        let (what, arguments) = if at == 0 {
            ("the model and the engine", ALL)
        } else if at == last {
            ("the model and the engine", MODEL_AND_ENGINE)
        } else {
            ("the kernels", &[][..])
        };
        let name = format!("Tests of {what} in Chromium ({})", build.name);
        report.tests(&name, || {
            // As the page's engine is built, so that what they share is compiled once.
            let mut command = workspace.cargo_for_web("test");
            command
                .args(["--no-fail-fast", "--lib"])
                .args(["--package", "cliplet-kernels"])
                .args(arguments);
            if at == 0 {
                command.args(["--features", build.features()]);
            }
            build.configure(&mut command);
            command
                .env(
                    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                    "wasm-bindgen-test-runner",
                )
                .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &capabilities)
                .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
            count(browsers.for_command(&mut command)?)
        });
    }
    Ok(())
}

fn in_browser(workspace: &Workspace, browsers: &Browsers, engines: &[Engine], report: &mut Report) {
    let mut dist = None;
    report.run("Building the page", || {
        dist = Some(page::build(workspace, &Choice::All)?);
        Ok(Count::ONE)
    });
    let Some(dist) = dist else { return };
    let mut project = None;
    report.run("Packing cliplet.js, and building a project with it", || {
        let archive = package::pack(workspace, &Choice::All)?;
        project = Some(vite_project::build(workspace, &archive)?);
        Ok(Count::ONE)
    });
    let Some(project) = project else { return };
    let mut axe = None;
    report.run("Finding axe-core", || {
        axe = Some(axe::install(workspace)?);
        Ok(Count::ONE)
    });
    let Some(axe) = axe else { return };
    let runs: Vec<Option<Engine>> = match engines {
        [] => vec![None],
        engines => engines.iter().copied().map(Some).collect(),
    };
    for engine in runs {
        let name = match engine {
            // The tests that name no browser run in Chromium.
            None => "Tests of the page in Chromium and Firefox".to_owned(),
            Some(engine) => format!("Tests of the page in {engine:?}"),
        };
        report.tests(&name, || {
            browsers.check_room()?;
            let left_out = workspace.notes().join("left-out.txt");
            files::write(&left_out, "")?;
            let mut command = workspace.cargo();
            command
                .args([
                    "test",
                    "--workspace",
                    "--test",
                    "browser",
                    "--",
                    "--test-threads=2",
                ])
                .env("CLIPLET_PAGE", &dist)
                .env("CLIPLET_VITE_PROJECT", &project)
                .env("CLIPLET_AXE", &axe)
                .env("CLIPLET_LEFT_OUT", &left_out)
                .env_remove("CLIPLET_BROWSER");
            if let Some(engine) = engine {
                command.env("CLIPLET_BROWSER", engine.id());
            }
            let count = count(browsers.for_command(&mut command)?)?;
            let notes = fs::read_to_string(&left_out)
                .map_err(|error| format!("{} cannot be read: {error}", left_out.display()))?;
            let left_out = LeftOut::read(&notes);
            left_out.print();
            Ok(count.without(&left_out))
        });
    }
}

/// Tests that returned at once, as the browser lacks what they need.
#[derive(Debug, Default, PartialEq)]
struct LeftOut(BTreeMap<String, Vec<String>>);

impl LeftOut {
    /// Reads the notes of the tests: in each line a test, the browser, and the reason. A test that
    /// noted itself twice counts once.
    fn read(notes: &str) -> Self {
        let mut reasons = BTreeMap::<String, Vec<String>>::new();
        let mut seen = Vec::new();
        for line in notes.lines() {
            let mut parts = line.split('\t');
            if let (Some(test), Some(engine), Some(reason)) =
                (parts.next(), parts.next(), parts.next())
                && !seen.contains(&test)
            {
                seen.push(test);
                let tests = reasons.entry(format!("{engine}: {reason}")).or_default();
                tests.push(test.to_owned());
            }
        }
        Self(reasons)
    }

    fn number(&self) -> u64 {
        self.0.values().map(|tests| tests.len() as u64).sum()
    }

    fn print(&self) {
        if self.0.is_empty() {
            return;
        }
        println!("\nLeft out");
        for (reason, tests) in &self.0 {
            println!("  {reason}");
            for test in tests {
                println!("    {test}");
            }
        }
    }
}

/// How many tests passed and failed, and how many were not run at all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    passed: u64,
    failed: u64,
    left_out: u64,
}

impl Count {
    const ONE: Self = Self {
        passed: 1,
        failed: 0,
        left_out: 0,
    };

    /// libtest knows of tests that were left out only that they did not fail.
    fn without(self, left_out: &LeftOut) -> Self {
        let left_out = left_out.number();
        Self {
            passed: self.passed.saturating_sub(left_out),
            left_out,
            ..self
        }
    }

    /// Adds what a line `test result: ok. 3 passed; 0 failed; …` says; other lines say nothing.
    fn add_line(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result:") else {
            return;
        };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (
                words.next().and_then(|word| word.parse::<u64>().ok()),
                words.next(),
            ) else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

/// Runs `cargo test` and adds up what its test programs report.
fn count(command: &mut Command) -> Result<Count> {
    let mut count = Count::default();
    let succeeded = watch_lines(command, |line| count.add_line(line))?;
    if !succeeded && count.failed == 0 {
        // It did not compile, or a test program crashed.
        count.failed = 1;
    }
    Ok(count)
}

/// What has been run so far.
#[derive(Default)]
struct Report(Vec<Line>);

struct Line {
    name: String,
    count: Count,
    time: Duration,
}

impl Report {
    /// Runs one step. A step that cannot be carried out counts as one failure.
    fn run(&mut self, name: &str, work: impl FnOnce() -> Result<Count>) {
        let started = Instant::now();
        let count = step(name, work).unwrap_or_else(|failure| {
            eprintln!("    {failure}");
            Count {
                failed: 1,
                ..Count::default()
            }
        });
        self.0.push(Line {
            name: name.to_owned(),
            count,
            time: started.elapsed(),
        });
    }

    /// A step that runs no tests; it counts as one.
    fn check(&mut self, name: &str, advice: &str, command: &mut Command) {
        self.run(name, || watch(command, advice).map(|()| Count::ONE));
    }

    /// A step that runs tests, of which there must be some.
    fn tests(&mut self, name: &str, work: impl FnOnce() -> Result<Count>) {
        self.run(name, || match work()? {
            Count {
                passed: 0,
                failed: 0,
                ..
            } => Err(Failure::from("No test was run, although there are some.")),
            count => Ok(count),
        });
    }

    fn finish(self) -> ExitCode {
        println!("\nSummary");
        let mut total = Count::default();
        for Line { name, count, time } in &self.0 {
            let verdict = if count.failed == 0 { "ok" } else { "FAILED" };
            let (passed, failed) = (count.passed, count.failed);
            let left_out = match count.left_out {
                0 => String::new(),
                number => format!(", {number} left out"),
            };
            println!(
                "  {verdict:6} {:>12}  {passed:4} passed {failed:3} failed  {name}{left_out}",
                seconds(*time)
            );
            total.passed += passed;
            total.failed += failed;
            total.left_out += count.left_out;
        }
        print!("\n{} passed, {} failed", total.passed, total.failed);
        match total.left_out {
            0 => println!(),
            number => println!(", {number} left out, as listed above"),
        }
        if total.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, LeftOut};

    #[test]
    fn results_of_test_programs_are_added_up() {
        let mut count = Count::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 filtered out",
        ] {
            count.add_line(line);
        }
        assert_eq!((count.passed, count.failed), (4, 2));
    }

    #[test]
    fn what_was_left_out_did_not_pass() {
        let notes = "camera::it_moves\tWebKit\tno camera\nlooks::dark\tWebKit\tno media\n\
                     camera::it_moves\tWebKit\tno camera\ncamera::it_stops\tWebKit\tno camera\n";
        let left_out = LeftOut::read(notes);
        let tests = &left_out.0["WebKit: no camera"];
        assert_eq!(tests, &["camera::it_moves", "camera::it_stops"]);
        let run = Count {
            passed: 10,
            failed: 1,
            left_out: 0,
        };
        let expected = Count {
            passed: 7,
            failed: 1,
            left_out: 3,
        };
        assert_eq!(run.without(&left_out), expected);
        assert_eq!(run.without(&LeftOut::read("")), run);
    }
}

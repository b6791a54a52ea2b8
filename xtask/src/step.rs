//! How a step is run and reported: a line when it begins, its time when it ends, a sentence when it
//! fails.

use std::fmt;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::panic::resume_unwind;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What went wrong and what to do, as sentences.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl From<&str> for Failure {
    fn from(sentence: &str) -> Self {
        Self(sentence.to_owned())
    }
}

/// What a step gives, or why it could not.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// Runs one step under a headline, and prints how long it took.
pub fn step<T>(headline: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    print_headline(headline);
    let (result, how) = timed(work);
    eprintln!("    {how}");
    result
}

/// Runs one step while others print what they do: it says nothing before it has ended.
pub fn step_beside<T>(headline: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let (result, how) = timed(work);
    print_headline(&format!("{headline}: {how}"));
    result
}

/// What some work gives, and whether it was done, and in what time.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> (Result<T>, String) {
    let started = Instant::now();
    let result = work();
    let took = seconds(started.elapsed());
    let how = match &result {
        Ok(_) => format!("done in {took}"),
        Err(_) => format!("failed after {took}"),
    };
    (result, how)
}

fn print_headline(headline: &str) {
    let bold = if io::stderr().is_terminal() {
        ("\x1b[1m", "\x1b[0m")
    } else {
        ("", "")
    };
    eprintln!("{}==> {headline}{}", bold.0, bold.1);
}

/// Runs two pieces of work at once, and gives the failure of the first, if both fail.
pub fn both<A, B: Send>(
    first: impl FnOnce() -> Result<A>,
    beside: impl FnOnce() -> Result<B> + Send,
) -> Result<(A, B)> {
    thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let first = first();
        let beside = beside.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok((first?, beside?))
    })
}

/// A duration for people.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        whole @ 60.. => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

/// Says something that the person should know although the work goes on.
pub fn warn(sentence: &str) {
    eprintln!("    warning: {sentence}");
}

/// Runs a program whose own output is worth watching. `advice` says what to do if it fails.
pub fn watch(command: &mut Command, advice: &str) -> Result {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed ({status}). {advice}", name(command)).into())
    }
}

/// Runs a program silently and gives what it printed; its output is shown only if it fails.
pub fn quiet(command: &mut Command, advice: &str) -> Result<String> {
    let output = finished(command, advice)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same for what it said on stderr.
pub fn quiet_stderr(command: &mut Command, advice: &str) -> Result<String> {
    let output = finished(command, advice)?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn finished(command: &mut Command, advice: &str) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        show(&output);
        return Err(format!("`{}` failed ({}). {advice}", name(command), output.status).into());
    }
    Ok(output)
}

/// Runs a program, passing on each line it prints after `each` has seen it, and says whether it
/// succeeded.
pub fn watch_lines(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut line = Vec::new();
    // Read as bytes: what a test prints need not be UTF-8.
    while lines
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        each(String::from_utf8_lossy(&line).trim_end());
        // Nobody may be listening any more; the work goes on.
        let _ = io::stdout().write_all(&line);
        line.clear();
    }
    let status = child
        .wait()
        .map_err(|error| format!("`{}` was lost: {error}.", name(command)))?;
    Ok(status.success())
}

fn show(output: &Output) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(&output.stdout);
    let _ = stderr.write_all(&output.stderr);
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    format!(
        "`{}` could not be started: {error}. Is it installed?",
        command.get_program().display()
    )
    .into()
}

/// The command line up to its first few words, for messages.
fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}

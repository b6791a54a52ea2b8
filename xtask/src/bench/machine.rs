//! What a result depends on beside the programs: the machine, the browser, versions.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::setup::{BenchOptions, read_json};
use crate::step::{Result, quiet};
use crate::workspace::Workspace;

/// Facts for a report, in the order in which they are told.
pub fn facts(workspace: &Workspace, wishes: &BenchOptions, measured: &Value) -> Result<Value> {
    let lock = workspace.root.join("benches/rivals/npm/package-lock.json");
    let lock = read_json(&lock)?;
    let version =
        |package: &str| lock["packages"][format!("node_modules/{package}")]["version"].clone();
    let commit = quiet(
        workspace
            .command("git")
            .args(["describe", "--always", "--dirty"]),
        "",
    );
    Ok(json!({
        "processor": processor(),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "memory_gib": memory_gib(),
        "system": std::env::consts::OS,
        "browser": measured["browser"],
        "commit": commit.map_or(Value::Null, |commit| json!(commit.trim())),
        "onnxruntime-web": version("onnxruntime-web"),
        "transformers.js": version("@huggingface/transformers"),
        "engines": measured["engines"],
        "threads": wishes.threads,
        "rounds": wishes.rounds,
    }))
}

/// The machine in a line.
pub fn in_words() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = processor().unwrap_or_else(|| "unknown processor".to_owned());
    let memory = memory_gib().map_or(String::new(), |gib| format!("; {gib} GiB"));
    format!(
        "{processor}; {cores} cores{memory}; {}",
        std::env::consts::OS
    )
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let field = |name: &str| value_of(&text, name);
    let family = field("cpu family").zip(field("model"));
    let extensions: Vec<&str> = ["avx2", "avx512f", "avx512_vnni", "avx_vnni"]
        .into_iter()
        .filter(|flag| {
            field("flags").is_some_and(|flags| flags.split(' ').any(|word| word == *flag))
        })
        .collect();
    let mut name = field("model name")?.to_owned();
    if let Some((family, model)) = family {
        name += &format!(", family {family}, model {model}");
    }
    if !extensions.is_empty() {
        name += &format!(", {}", extensions.join(", "));
    }
    Some(name)
}

fn memory_gib() -> Option<u64> {
    let text = fs::read_to_string(Path::new("/proc/meminfo")).ok()?;
    let kib: u64 = value_of(&text, "MemTotal")?
        .split(' ')
        .next()?
        .parse()
        .ok()?;
    Some((kib + (1 << 19)) >> 20)
}

/// What stands behind the first `name:` of a file of Linux's.
fn value_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::value_of;

    #[test]
    fn values_are_found_by_their_whole_name() {
        let text = "model name\t: AMD EPYC\nmodel\t\t: 1\n";
        assert_eq!(value_of(text, "model"), Some("1"));
        assert_eq!(value_of(text, "model name"), Some("AMD EPYC"));
        assert_eq!(value_of(text, "name"), None);
    }
}

//! Bytes over the wire: files compressed as servers compress them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::step::{Result, quiet, step};
use crate::workspace::Workspace;

/// Sizes in bytes of what a page fetches before its model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sizes {
    /// As the files are.
    pub plain: f64,
    /// With gzip at its highest level.
    pub gzip: f64,
    /// With brotli at level 9; its highest takes minutes for what saves some percent.
    pub brotli: f64,
}

/// A file that does not become smaller is sent as it is.
const SCRIPT: &str = "
    const { readFileSync } = require('fs'), zlib = require('zlib');
    const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 9 } };
    const sizes = process.argv.slice(1).map((path) => {
        const bytes = readFileSync(path);
        const least = (packed) => Math.min(packed.length, bytes.length);
        return [bytes.length, least(zlib.gzipSync(bytes, { level: 9 })), least(zlib.brotliCompressSync(bytes, quality))];
    });
    console.log(JSON.stringify(sizes));";

/// Adds up the files of each contestant. `wire` maps contestants to paths at the benchmark's
/// server.
pub fn sizes(
    workspace: &Workspace,
    wire: &Value,
    page: &Path,
    rivals: &Path,
) -> Result<BTreeMap<String, Sizes>> {
    let own = workspace.root.join("benches/rivals/page");
    let mut found = BTreeMap::new();
    for (contestant, paths) in wire.as_object().into_iter().flatten() {
        let mut command = workspace.command("node");
        command.args(["-e", SCRIPT]);
        for path in paths
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let file = [
                ("/cliplet/", page),
                ("/rivals/", rivals),
                ("/bench/", own.as_path()),
            ]
            .into_iter()
            .find_map(|(base, directory)| Some(directory.join(path.strip_prefix(base)?)))
            .ok_or_else(|| format!("{path} is none of the benchmark's files."))?;
            command.arg(if path.ends_with('/') {
                file.join("index.html")
            } else {
                file
            });
        }
        let printed = step(&format!("Compressing what {contestant} fetches"), || {
            quiet(
                &mut command,
                "This is likely a defect of the benchmark: please report it with the text above.",
            )
        })?;
        found.insert(contestant.clone(), sum(&printed)?);
    }
    Ok(found)
}

/// Adds up lists `[plain, gzip, brotli]`.
fn sum(printed: &str) -> Result<Sizes> {
    let lists: Vec<[f64; 3]> = serde_json::from_str(printed)
        .map_err(|error| format!("node printed something else than sizes: {error}."))?;
    Ok(lists
        .into_iter()
        .fold(Sizes::default(), |sum, [plain, gzip, brotli]| Sizes {
            plain: sum.plain + plain,
            gzip: sum.gzip + gzip,
            brotli: sum.brotli + brotli,
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_added_up() {
        let sizes = Sizes {
            plain: 11.0,
            gzip: 7.0,
            brotli: 5.0,
        };
        assert_eq!(sum("[[10,6,4],[1,1,1]]").unwrap(), sizes);
        assert_eq!(sum("[]").unwrap(), Sizes::default());
        assert!(sum("nonsense").is_err());
    }
}

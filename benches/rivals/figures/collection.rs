//! Thousands of pictures in the page: the longest task of its thread while they are taken and
//! encoded, and what its memory grows by for each. Both have goals and no rivals.

use serde_json::json;

use super::Bench;
use crate::visitor::{Place, Visitor};

/// The longest task is looked for while so many are encoded.
const ENCODED: u32 = 1000;
/// Memory is compared between so many pictures and so many. At the first, all buffers have their
/// size.
const FEW: u32 = 200;
const MANY: u32 = 2000;

/// What goals are filed under; milliseconds, and bytes a picture.
const GOAL: &str = "goal";
const LONGEST: f64 = 50.0;
const BYTES: f64 = 2048.0;

pub fn measure(bench: &mut Bench) {
    let name = Place::Cliplet.name();
    let folders = [FEW, ENCODED, MANY - FEW - ENCODED]
        .iter()
        .scan(0, |first, count| {
            *first += count;
            Some(bench.pictures.many(*first - count, *count))
        });
    let folders: Vec<_> = folders.collect();
    let page = Visitor::open_without_picture(bench.sites);
    let labels = bench.labels.fresh(10);
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    page.set_labels(&labels);
    let take = |at: usize, count: u32| {
        page.drop_file("main", &folders[at]);
        let wanted = match count {
            1000.. => format!("{},{:03} pictures", count / 1000, count % 1000),
            _ => format!("{count} pictures"),
        };
        page.wait_until(&wanted, std::time::Duration::from_secs(600), || {
            let said = page.text("[data-testid=collection-count]");
            said.filter(|said| *said == wanted).map(drop)
        });
    };
    let memory = || {
        page.script(
            "window.measured = null;
             performance.measureUserAgentSpecificMemory().then(({ bytes }) => (window.measured = bytes))",
            [],
        );
        // It comes with the next garbage collections of the page and of its workers, which may take
        // minutes to come by themselves.
        page.cdp("HeapProfiler.collectGarbage", json!({}));
        page.wait_until("the memory", std::time::Duration::from_secs(300), || {
            page.script("return window.measured", []).as_f64()
        })
    };
    take(0, FEW);
    let before = memory();
    page.script("window.longTasks.length = 0", []);
    take(1, FEW + ENCODED);
    let longest = page.longest_task().as_secs_f64() * 1000.0;
    let tasks = page.script("return window.longTasks.map(({ ms }) => ms)", []);
    if tasks != json!([]) {
        println!("  tasks longer than 50 ms: {tasks}");
    }
    bench.results.add("collection task", name, longest);
    bench.results.add("collection task", GOAL, LONGEST);
    take(2, MANY);
    let each = (memory() - before) / f64::from(MANY - FEW);
    bench.results.add("collection memory", name, each);
    bench.results.add("collection memory", GOAL, BYTES);
}

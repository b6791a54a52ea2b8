//! The example makes a query of a list of labels.

#[allow(dead_code, reason = "its `main` reads a command line")]
#[path = "../examples/labels.rs"]
mod labels;

use cliplet_protocol::query::LabelQuery;

#[test]
fn the_example_reads_a_list() {
    let query = labels::query("- Cat\n- sea lion: a sea lion on a rock; {} in the sea\n- cat\n");
    let prompts: Vec<_> = query
        .labels
        .iter()
        .map(|candidate| candidate.filled(&query.templates))
        .collect();
    assert_eq!(
        prompts,
        [
            &["a photo of a Cat"][..],
            &["a sea lion on a rock", "sea lion in the sea"]
        ]
    );
    let json = serde_json::to_string(&query).unwrap();
    assert!(json.contains(r#""label":"sea lion""#), "{json}");
    assert_eq!(serde_json::from_str::<LabelQuery>(&json).unwrap(), query);
}

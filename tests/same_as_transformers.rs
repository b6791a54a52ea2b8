//! The page's scores are those of Hugging Face transformers with the same weights, on real
//! photographs.

use crate::harness::references::Reference;
use crate::harness::world::{World, real_shape};
use crate::harness::{Page, STATUS, TestServer};

fn compare(page: &Page, references: impl IntoIterator<Item = Reference>) {
    for reference in references {
        page.set_labels(&reference.labels());
        page.choose_file(&reference.file());
        reference.wait_for_scores(page);
    }
}

#[test]
fn the_order_and_the_scores_are_the_same() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    compare(&page, Reference::of_starter());
}

#[test]
fn they_are_the_same_with_a_model_of_224_pixels() {
    let world = World::with_models(&[("Real", &real_shape())]);
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Real CLIP is ready");
    // Where decoders agree to the byte, or nearly: the model is more sensitive than a trained one.
    let references = Reference::of_real_shape().into_iter().filter(|reference| {
        let folder = reference.picture.rsplit_once('/').unwrap().0;
        folder != "tests/pictures"
    });
    compare(&page, references);
}

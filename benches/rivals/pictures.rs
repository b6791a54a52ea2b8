//! The pictures that are measured with, made of the photographs in the repository.

use std::fs;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbImage};

/// The side of the pictures that the models take, in pixels.
const SIDE: u32 = 224;

/// Width of the photograph for the way from a file to scores: four megapixels.
const PHOTOGRAPH_WIDTH: u32 = 2400;

const PHOTOGRAPH: &str = "public/samples/bee.jpg";

/// Folders with photographs.
const SOURCES: [&str; 2] = ["public/samples", "crates/clip/tests/fixtures/photographs"];

/// What lies in the folder that was written.
pub struct Pictures {
    directory: PathBuf,
    small: Vec<String>,
}

impl Pictures {
    /// Writes the pictures into an empty folder, or a new one.
    pub fn write(directory: &Path) -> Self {
        let _ = fs::remove_dir_all(directory);
        fs::create_dir_all(directory).expect("the target directory can be written to");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut small = Vec::new();
        let sources = SOURCES
            .iter()
            .flat_map(|source| photographs(&root.join(source)));
        for (number, source) in sources.enumerate() {
            let photograph = open(&source);
            for (kind, picture) in variations(&photograph) {
                let stem = source
                    .file_stem()
                    .expect("a file has a name")
                    .to_string_lossy();
                let name = format!("{number}-{stem}-{kind}.png");
                picture
                    .save(directory.join(&name))
                    .expect("the target directory can be written to");
                small.push(name);
            }
        }
        let photograph = open(&root.join(PHOTOGRAPH));
        let height = photograph.height() * PHOTOGRAPH_WIDTH / photograph.width();
        DynamicImage::from(photograph)
            .resize_exact(PHOTOGRAPH_WIDTH, height, FilterType::CatmullRom)
            .into_rgb8()
            .save_with_format(directory.join("photograph.jpg"), ImageFormat::Jpeg)
            .expect("the target directory can be written to");
        fs::copy(root.join(PHOTOGRAPH), directory.join("sample.jpg"))
            .expect("the target directory can be written to");
        Self {
            directory: directory.to_owned(),
            small,
        }
    }

    /// URLs of the pictures that have the models' size, so that nothing needs to be resized.
    pub fn small(&self) -> Vec<String> {
        self.small
            .iter()
            .map(|name| format!("/pictures/{name}"))
            .collect()
    }

    /// Where they lie on the disk.
    pub fn small_files(&self) -> Vec<PathBuf> {
        self.small
            .iter()
            .map(|name| self.directory.join(name))
            .collect()
    }

    /// URL of a JPEG of four megapixels.
    pub fn photograph(&self) -> &'static str {
        "/pictures/photograph.jpg"
    }

    /// A folder with so many small pictures, no two alike, and none as in a folder with other
    /// numbers.
    pub fn many(&self, first: u32, count: u32) -> PathBuf {
        let folder = self.directory.join(format!("many-{first}"));
        fs::create_dir_all(&folder).expect("the target directory can be written to");
        for number in first..first + count {
            let picture = RgbImage::from_fn(96, 72, |x, y| {
                image::Rgb([
                    (number * 7 + x) as u8,
                    (number / 3 + y * 2) as u8,
                    (x * y + number) as u8,
                ])
            });
            picture
                .save(folder.join(format!("{number:04}.png")))
                .expect("the target directory can be written to");
        }
        folder
    }

    /// URL of one of the page's samples.
    pub fn sample(&self) -> &'static str {
        "/pictures/sample.jpg"
    }
}

fn photographs(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", directory.display()));
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jpg" || extension == "png")
        })
        .collect();
    files.sort();
    files
}

fn open(path: &Path) -> RgbImage {
    image::open(path)
        .unwrap_or_else(|error| panic!("{} cannot be opened: {error}", path.display()))
        .into_rgb8()
}

/// The middle of a photograph, a part of it mirrored, and a corner in another light.
fn variations(photograph: &RgbImage) -> [(&'static str, RgbImage); 3] {
    let photograph = DynamicImage::from(photograph.clone());
    let (width, height) = (photograph.width(), photograph.height());
    let side = width.min(height);
    let part = (side * 2 / 3).max(1);
    let small = |picture: DynamicImage| {
        picture
            .resize_exact(SIDE, SIDE, FilterType::CatmullRom)
            .into_rgb8()
    };
    [
        (
            "middle",
            small(photograph.crop_imm((width - side) / 2, (height - side) / 2, side, side)),
        ),
        (
            "mirrored",
            small(photograph.crop_imm(width - part, 0, part, part).fliph()),
        ),
        (
            "corner",
            small(
                photograph
                    .crop_imm(0, height - part, part, part)
                    .brighten(40),
            ),
        ),
    ]
}

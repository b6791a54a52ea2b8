//! Many pictures, kept from one visit to the next: a small preview of each with what is known of
//! its file, and for each model the embeddings that it gave. The pictures themselves are not kept.
//!
//! Both files only ever grow at their end, so that a crash costs no more than the last record, and
//! both begin with a magic number. The file of previews has records of a kind (one byte): a picture
//! ([`PICTURE`]: SHA-256 of its file, width, height, lengths of name, folder and preview, then
//! these three), the SHA-256 of one that was taken out ([`OUT`]) or put back ([`BACK`]), or a class
//! and its examples ([`CLASS`]: length of its name, how many examples, the name, their SHA-256s;
//! without a name, examples of none). A file of embeddings has records of a SHA-256 and the
//! numbers. All numbers are little-endian.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use js_sys::Uint8Array;

use super::private_file::PrivateFile;

const FOLDER: &str = "pictures";
const PREVIEWS: &str = "pictures/previews";
const MAGIC: &[u8; 8] = b"clipimg1";
const EMBEDDINGS_MAGIC: &[u8; 8] = b"clipvec1";

const PICTURE: u8 = 1;
const OUT: u8 = 2;
const BACK: u8 = 3;
const CLASS: u8 = 4;

/// Bytes of a picture's record before its name: hash, width, height, lengths of name and folder,
/// and of the preview.
const HEAD: usize = 32 + 4 + 4 + 2 + 2 + 4;

/// How often it is tried to open a file, with a tenth of a second between. Another tab may have it
/// for good.
const ATTEMPTS: u32 = 20;

/// SHA-256 of a picture's file.
type Hash = [u8; 32];

/// A picture to be kept.
pub(in super::super) struct NewPicture<'a> {
    pub(in super::super) hash: Hash,
    pub(in super::super) name: &'a str,
    pub(in super::super) folder: Option<&'a str>,
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    /// A JPEG.
    pub(in super::super) preview: &'a [u8],
}

/// What is known of a kept picture without looking at it.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct KeptEntry {
    pub(in super::super) name: String,
    pub(in super::super) folder: Option<String>,
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    /// Where its preview begins, and its bytes.
    pub(in super::super) preview: (u64, u32),
    /// The class that it is an example of.
    pub(in super::super) class: Option<String>,
    out: bool,
    /// Where it stands among all, as they were added.
    order: usize,
}

/// The file of previews.
pub(in super::super) struct PictureFile {
    file: PrivateFile,
    known: HashMap<Hash, KeptEntry>,
}

impl PictureFile {
    /// Opens it, and finds out what is in it. None where the browser has no such file system, or
    /// another tab has it open.
    pub(in super::super) async fn open() -> Option<Self> {
        let mut file = PrivateFile::open_or_create_within(PREVIEWS, ATTEMPTS).await?;
        let (known, whole) = scan(&mut file);
        file.truncate(whole).ok()?;
        Some(Self { file, known })
    }

    /// What is known of a picture, if it is kept and was not taken out.
    pub(in super::super) fn get(&self, hash: &Hash) -> Option<&KeptEntry> {
        self.known.get(hash).filter(|known| !known.out)
    }

    /// All pictures that were not taken out, as they were added.
    pub(in super::super) fn all(&self) -> Vec<(Hash, &KeptEntry)> {
        let there = self.known.iter().filter(|(_, known)| !known.out);
        let mut all: Vec<_> = there.map(|(hash, known)| (*hash, known)).collect();
        all.sort_by_key(|(_, known)| known.order);
        all
    }

    /// The preview of a kept picture.
    pub(in super::super) fn preview(&mut self, hash: &Hash) -> Option<Vec<u8>> {
        let (at, bytes) = self.known.get(hash)?.preview;
        let mut preview = vec![0; bytes as usize];
        self.file.seek(SeekFrom::Start(at)).ok()?;
        self.file.read_exact(&mut preview).ok()?;
        Some(preview)
    }

    /// Keeps a picture. Gives whether there was room; one that is kept already is kept.
    pub(in super::super) fn add(&mut self, picture: &NewPicture<'_>) -> bool {
        if self.known.contains_key(&picture.hash) {
            return self.set_out(&picture.hash, false);
        }
        let Some(record) = record(picture) else {
            // Names so long are not kept, and need no room.
            return true;
        };
        let begin = if self.file.length() == 0 {
            MAGIC.len()
        } else {
            0
        };
        let at = self.file.length() + (begin + record.len() - picture.preview.len()) as u64;
        let known = KeptEntry {
            name: picture.name.to_owned(),
            folder: picture.folder.map(str::to_owned),
            width: picture.width,
            height: picture.height,
            preview: (at, picture.preview.len() as u32),
            class: None,
            out: false,
            order: self.known.len(),
        };
        let written = self.append(&record);
        if written {
            self.known.insert(picture.hash, known);
        }
        written
    }

    /// Takes a kept picture out, or puts it back. Gives whether there was room to write that down.
    pub(in super::super) fn set_out(&mut self, hash: &Hash, out: bool) -> bool {
        match self.known.get_mut(hash) {
            Some(known) if known.out != out => known.out = out,
            _ => return true,
        }
        let mut record = vec![if out { OUT } else { BACK }];
        record.extend(hash);
        self.append(&record)
    }

    /// Makes kept pictures examples of a class, or of none. Gives whether there was room to write
    /// that down.
    pub(in super::super) fn teach(&mut self, hashes: &[Hash], class: &str) -> bool {
        let mut changed = Vec::new();
        for hash in hashes {
            if let Some(known) = self.known.get_mut(hash)
                && known.class.as_deref().unwrap_or_default() != class
            {
                known.class = some_class(class);
                changed.push(*hash);
            }
        }
        // A name so long is nobody's.
        let Some(record) = class_record(class, &changed).filter(|_| !changed.is_empty()) else {
            return true;
        };
        self.append(&record)
    }

    fn append(&mut self, record: &[u8]) -> bool {
        append(&mut self.file, MAGIC, record)
    }
}

/// The file of what one model gave.
pub(in super::super) struct EmbeddingFile {
    file: PrivateFile,
    known: HashMap<Hash, Box<[f32]>>,
    width: usize,
}

impl EmbeddingFile {
    /// Opens the file that belongs to a model's own file, which has `length` bytes: embeddings of
    /// `width` numbers. None as for [`PictureFile::open`].
    pub(in super::super) async fn open(
        model_file: &str,
        length: u64,
        width: usize,
    ) -> Option<Self> {
        let name = format!("{FOLDER}/{model_file}.{length}.embeddings");
        let mut file = PrivateFile::open_or_create_within(&name, ATTEMPTS).await?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let (known, whole) = read_embeddings(&bytes, width);
        file.truncate(whole as u64).ok()?;
        Some(Self { file, known, width })
    }

    /// Gives away what was read.
    pub(in super::super) fn take(&mut self) -> HashMap<Hash, Box<[f32]>> {
        std::mem::take(&mut self.known)
    }

    /// Keeps an embedding. Gives whether there was room.
    pub(in super::super) fn add(&mut self, hash: &Hash, embedding: &[f32]) -> bool {
        if embedding.len() != self.width {
            return false;
        }
        let mut record = hash.to_vec();
        record.extend(embedding.iter().flat_map(|number| number.to_le_bytes()));
        append(&mut self.file, EMBEDDINGS_MAGIC, &record)
    }
}

/// Deletes all that is kept of pictures. Nobody has a file of it open. Gives whether all of it is
/// gone.
pub(in super::super) async fn delete_pictures() -> bool {
    let mut gone = true;
    for name in PrivateFile::names_in(FOLDER).await {
        gone &= PrivateFile::remove(&format!("{FOLDER}/{name}")).await;
    }
    gone
}

fn append(file: &mut PrivateFile, magic: &[u8; 8], record: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(magic.len() + record.len());
    if file.length() == 0 {
        bytes.extend(magic);
    }
    bytes.extend(record);
    // A copy outside WebAssembly's memory, which may be shared.
    file.append(&Uint8Array::from(&bytes[..])).is_ok()
}

/// A picture's record. None if a name is longer than any file system has it.
fn record(picture: &NewPicture<'_>) -> Option<Vec<u8>> {
    let folder = picture.folder.unwrap_or_default();
    let mut record = vec![PICTURE];
    record.extend(picture.hash);
    record.extend(picture.width.to_le_bytes());
    record.extend(picture.height.to_le_bytes());
    record.extend(u16::try_from(picture.name.len()).ok()?.to_le_bytes());
    record.extend(u16::try_from(folder.len()).ok()?.to_le_bytes());
    record.extend(u32::try_from(picture.preview.len()).ok()?.to_le_bytes());
    record.extend(picture.name.as_bytes());
    record.extend(folder.as_bytes());
    record.extend(picture.preview);
    Some(record)
}

/// The record of a class and its examples. None if its name is longer than a name can be.
fn class_record(class: &str, hashes: &[Hash]) -> Option<Vec<u8>> {
    let mut record = vec![CLASS];
    record.extend(u16::try_from(class.len()).ok()?.to_le_bytes());
    record.extend(u32::try_from(hashes.len()).ok()?.to_le_bytes());
    record.extend(class.as_bytes());
    record.extend(hashes.as_flattened());
    Some(record)
}

fn some_class(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// What is in a file of previews, and how many bytes of it are whole. The previews themselves are
/// not read.
fn scan(file: &mut (impl Read + Seek)) -> (HashMap<Hash, KeptEntry>, u64) {
    let mut known: HashMap<Hash, KeptEntry> = HashMap::new();
    let length = file.seek(SeekFrom::End(0)).unwrap_or_default();
    let mut magic = [0; 8];
    let begun = file.seek(SeekFrom::Start(0)).is_ok() && file.read_exact(&mut magic).is_ok();
    if !begun || magic != *MAGIC {
        return (known, 0);
    }
    let mut whole = MAGIC.len() as u64;
    while let Some(end) = scan_one(file, whole, length, &mut known) {
        whole = end;
    }
    (known, whole)
}

/// Reads the record at a position. Gives where it ends, or none if it is not whole.
fn scan_one(
    file: &mut (impl Read + Seek),
    at: u64,
    length: u64,
    known: &mut HashMap<Hash, KeptEntry>,
) -> Option<u64> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut kind = [0];
    file.read_exact(&mut kind).ok()?;
    let mut hash = [0; 32];
    match kind[0] {
        OUT | BACK => {
            file.read_exact(&mut hash).ok()?;
            if let Some(known) = known.get_mut(&hash) {
                known.out = kind[0] == OUT;
            }
            Some(at + 33)
        }
        CLASS => {
            let mut head = [0; 6];
            file.read_exact(&mut head).ok()?;
            let name_bytes = u16::from_le_bytes([head[0], head[1]]);
            let count = u32::from_le_bytes([head[2], head[3], head[4], head[5]]);
            let end = at + 7 + u64::from(name_bytes) + 32 * u64::from(count);
            if end > length {
                return None;
            }
            let mut name = vec![0; usize::from(name_bytes)];
            file.read_exact(&mut name).ok()?;
            let name = std::str::from_utf8(&name).ok()?;
            for _ in 0..count {
                file.read_exact(&mut hash).ok()?;
                if let Some(known) = known.get_mut(&hash) {
                    known.class = some_class(name);
                }
            }
            Some(end)
        }
        PICTURE => {
            let mut head = [0; HEAD];
            file.read_exact(&mut head).ok()?;
            hash.copy_from_slice(&head[..32]);
            let four =
                |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap_or_default());
            let two = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
            let (name_bytes, folder_bytes, preview_bytes) = (two(40), two(42), four(44));
            let mut names = vec![0; name_bytes + folder_bytes];
            file.read_exact(&mut names).ok()?;
            let (name, folder) = names.split_at(name_bytes);
            let preview_at = at + 1 + HEAD as u64 + names.len() as u64;
            let end = preview_at + u64::from(preview_bytes);
            if end > length {
                return None;
            }
            let folder = std::str::from_utf8(folder).ok()?;
            let order = known.len();
            let picture = KeptEntry {
                name: std::str::from_utf8(name).ok()?.to_owned(),
                folder: (!folder.is_empty()).then(|| folder.to_owned()),
                width: four(32),
                height: four(36),
                preview: (preview_at, preview_bytes),
                class: None,
                out: false,
                order,
            };
            known.insert(hash, picture);
            Some(end)
        }
        _ => None,
    }
}

/// All whole records of a file of embeddings, and how many bytes these and the beginning take.
fn read_embeddings(bytes: &[u8], width: usize) -> (HashMap<Hash, Box<[f32]>>, usize) {
    let mut known = HashMap::new();
    let Some(rest) = bytes.strip_prefix(EMBEDDINGS_MAGIC) else {
        return (known, 0);
    };
    let size = 32 + 4 * width;
    let records = rest.chunks_exact(size);
    let left = records.remainder().len();
    for record in records {
        let (hash, numbers) = record.split_at(32);
        let numbers = numbers.as_chunks::<4>().0.iter();
        let embedding: Box<[f32]> = numbers.map(|&number| f32::from_le_bytes(number)).collect();
        let length: f32 = embedding.iter().map(|x| x * x).sum();
        // Anything else was not written by us.
        if (0.9..1.1).contains(&length)
            && let Ok(hash) = hash.try_into()
        {
            known.insert(hash, embedding);
        }
    }
    (known, bytes.len() - left)
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use std::io::Cursor;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn picture(hash: u8, folder: Option<&'static str>) -> Vec<u8> {
        let picture = NewPicture {
            hash: [hash; 32],
            name: "Żółw 🐢.jpg",
            folder,
            width: 640,
            height: 480,
            preview: b"preview",
        };
        record(&picture).unwrap()
    }

    fn file(records: &[Vec<u8>]) -> Vec<u8> {
        [MAGIC.to_vec(), records.concat()].concat()
    }

    #[wasm_bindgen_test]
    fn what_is_written_is_read() {
        let bytes = file(&[picture(1, Some("turtles")), picture(2, None)]);
        let (known, whole) = scan(&mut Cursor::new(&bytes));
        assert_eq!(whole, bytes.len() as u64);
        let first = &known[&[1; 32]];
        assert_eq!(first.name, "Żółw 🐢.jpg");
        assert_eq!(first.folder.as_deref(), Some("turtles"));
        assert_eq!((first.width, first.height, first.order), (640, 480, 0));
        let (at, length) = first.preview;
        assert_eq!(&bytes[at as usize..][..length as usize], b"preview");
        assert_eq!(known[&[2; 32]].folder, None);
    }

    #[wasm_bindgen_test]
    fn the_last_word_on_a_picture_counts() {
        let mark = |kind: u8, hash: u8| [vec![kind], vec![hash; 32]].concat();
        let records = [
            picture(1, None),
            picture(2, None),
            mark(OUT, 1),
            mark(OUT, 2),
            mark(BACK, 2),
        ];
        let (known, _) = scan(&mut Cursor::new(file(&records)));
        assert!(known[&[1; 32]].out && !known[&[2; 32]].out);
    }

    #[wasm_bindgen_test]
    fn the_last_class_of_a_picture_counts() {
        let class = |name: &str, hashes: &[u8]| {
            let hashes: Vec<Hash> = hashes.iter().map(|&hash| [hash; 32]).collect();
            class_record(name, &hashes).unwrap()
        };
        let records = [
            picture(1, None),
            picture(2, None),
            picture(3, None),
            class("żółwie", &[1, 2, 3, 9]),
            class("", &[2]),
            class("others", &[3]),
        ];
        let bytes = file(&records);
        let (known, whole) = scan(&mut Cursor::new(&bytes));
        assert_eq!(whole, bytes.len() as u64);
        assert_eq!(known[&[1; 32]].class.as_deref(), Some("żółwie"));
        assert_eq!(known[&[2; 32]].class, None);
        assert_eq!(known[&[3; 32]].class.as_deref(), Some("others"));
        // What a crash has left of the last one changes nothing.
        let (known, _) = scan(&mut Cursor::new(&bytes[..bytes.len() - 1]));
        assert_eq!(known[&[3; 32]].class.as_deref(), Some("żółwie"));
    }

    #[wasm_bindgen_test]
    fn what_a_crash_leaves_is_read_as_far_as_it_is_whole() {
        let bytes = file(&[picture(1, None), picture(2, None)]);
        let first = file(&[picture(1, None)]).len();
        for length in 0..bytes.len() {
            let (known, whole) = scan(&mut Cursor::new(&bytes[..length]));
            assert_eq!(known.len(), usize::from(length >= first), "{length}");
            assert!(whole <= length as u64);
        }
        assert_eq!(scan(&mut Cursor::new(b"something else, and long")).1, 0);
        let mut huge = file(&[]);
        huge.push(PICTURE);
        huge.extend([0xff; HEAD]);
        assert!(scan(&mut Cursor::new(huge)).0.is_empty());
    }

    #[wasm_bindgen_test]
    fn embeddings_are_read_as_far_as_they_are_some() {
        let mut bytes = EMBEDDINGS_MAGIC.to_vec();
        for (hash, numbers) in [(1u8, [0.6f32, 0.8]), (2, [f32::NAN, 1.0]), (3, [1.0, 0.0])] {
            bytes.extend([hash; 32]);
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes.extend([9; 5]);
        let (known, whole) = read_embeddings(&bytes, 2);
        assert_eq!(whole, bytes.len() - 5);
        assert_eq!(known.len(), 2);
        assert_eq!(known[&[1; 32]][..], [0.6, 0.8]);
    }
}

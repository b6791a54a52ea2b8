//! Which files of a folder or an archive are looked at: those that are called like pictures, and
//! none that systems leave there.

/// What pictures are called that programs here read, or name in a sentence if they cannot.
pub const PICTURE_EXTENSIONS: [&str; 16] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "avif", "tif", "tiff", "heic",
    "heif", "ico", "svg", "jxl",
];

/// What systems and programs leave in people's folders: previews, waste, notes of their own.
const SYSTEM_NAMES: [&str; 21] = [
    ".DS_Store",
    "__MACOSX",
    ".Trashes",
    ".Spotlight-V100",
    ".fseventsd",
    ".TemporaryItems",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$RECYCLE.BIN",
    "System Volume Information",
    "@eaDir",
    "#recycle",
    "@Recycle",
    ".@__thumb",
    ".thumbnails",
    ".Trash",
    "lost+found",
    ".ipynb_checkpoints",
    ".git",
    ".svn",
];
/// What further such names begin with: AppleDouble files, and the waste of each user.
const SYSTEM_PREFIXES: [&str; 2] = ["._", ".Trash-"];

/// Whether a file or folder, by its own name, is one that systems leave in people's folders. With
/// all that is below it, it is left out wherever a folder or an archive is gone through, and done
/// where it is named itself.
pub fn is_system_name(name: &str) -> bool {
    let begins = |with: &&str| {
        let beginning = name.as_bytes().get(..with.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(with.as_bytes()))
    };
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    SYSTEM_PREFIXES.iter().any(begins) || SYSTEM_NAMES.iter().any(is)
}

/// Whether a path, as it is below a folder or in an archive, leads to or through such a name.
pub fn is_system_path(path: &str) -> bool {
    path.split('/').any(is_system_name)
}

/// Whether a file is called like a picture.
pub fn is_picture_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let is = |extension: &str| {
        PICTURE_EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    };
    extension.is_some_and(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_files_are_known_by_name() {
        for name in [
            ".DS_Store",
            "Thumbs.db",
            "thumbs.db",
            "__MACOSX",
            "@eaDir",
            ".ipynb_checkpoints",
            ".thumbnails",
            "._a.jpg",
            ".Trash-1000",
        ] {
            assert!(is_system_name(name), "{name}");
        }
        for name in [
            "a.jpg", ".a.jpg", "_a.jpg", "", "thumbs", "eaDir", "a._b.jpg",
        ] {
            assert!(!is_system_name(name), "{name}");
        }
        assert!(is_system_path("cat/@eaDir/a.jpg/small.jpg"));
        assert!(!is_system_path("cat/a.jpg"));
    }

    #[test]
    fn pictures_are_known_by_name() {
        assert!(is_picture_name("a.JPG") && is_picture_name(".a.heic"));
        assert!(!is_picture_name("a.txt") && !is_picture_name("jpg"));
    }
}

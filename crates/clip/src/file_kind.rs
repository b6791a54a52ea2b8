//! What a file is that was taken for a model, a configuration or a picture, told by its first
//! bytes.
//!
//! A download that went wrong, a placeholder and the file of another program all carry a model's
//! name sometimes. Saying what they are helps more than saying what they are not. What is not here:
//! reading any of them.

/// Bytes that are enough for [`of`].
pub const ENOUGH: usize = 16;

/// The kind of a file that begins so, as the end of a sentence that begins with "It is", where it
/// is a known one.
pub fn of(first: &[u8]) -> Option<&'static str> {
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    Some(match first {
        [] => "empty",
        [0x1f, 0x8b, ..]
        | [b'B', b'Z', b'h', ..]
        | [0xfd, b'7', b'z', b'X', ..]
        | [b'7', b'z', 0xbc, 0xaf, ..]
        | [0x28, 0xb5, 0x2f, 0xfd, ..]
        | [b'R', b'a', b'r', b'!', ..] => "a compressed archive; unpack it first",
        [b'P', b'K', 3, 4, ..] => {
            "a ZIP archive, as PyTorch's pickles are, which cliplet convert reads; any other one is to be unpacked first"
        }
        [0x80, 2..=5, ..] => "a pickle of Python, which can run code of its own",
        [b'v', b'e', b'r', b's', b'i', b'o', b'n', b' ', ..] => {
            "a placeholder of Git LFS and not the file itself, which git lfs pull fetches"
        }
        [b'G', b'G', b'U', b'F', ..] => "a GGUF, which needs no conversion",
        // Older files of ggml, whose magic numbers are written the other way round.
        [b'l' | b't' | b'f', b'm' | b'j', b'g', b'g', ..] => "of a format that came before GGUF",
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => "a model of TensorFlow Lite",
        [0x89, b'H', b'D', b'F', ..] => "weights of TensorFlow in HDF5",
        // Both begin with a version, and go on with who made it, or with a description.
        [8, 3..=30, 0x12, _, b'a'..=b'z' | b'A'..=b'Z', ..] | [8, 3..=30, 0x3a, ..] => {
            "an ONNX model"
        }
        [8, 1..=30, 0x12, ..] => "a Core ML model",
        [0xff, 0xd8, 0xff, ..] | [0x89, b'P', b'N', b'G', ..] => "a picture",
        // The length of a header, which is below 4 GiB, and its first character.
        [_, _, _, _, 0, 0, 0, 0, b'{', ..] => {
            "weights in the safetensors format; cliplet convert makes a GGUF of the folder that they are in"
        }
        _ if text.trim_ascii_start().starts_with(b"<") => "a web page",
        _ if text.trim_ascii_start().starts_with(b"{") => "JSON",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        for (first, what) in [
            (&b""[..], "empty"),
            (b"\n <!DOCTYPE html>", "web page"),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", "web page"),
            (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "compressed archive"),
            (b"PK\x03\x04\x14\0\0\0", "ZIP"),
            (b"\x80\x02\x8a\x0al\xfc\x9c\x46", "pickle"),
            (b"GGUF\x03\0\0\0", "GGUF"),
            (b"lmgg\x01\0\0\0", "before GGUF"),
            (b"\x1c\0\0\0TFL3\x14\0\x20\0", "TensorFlow Lite"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (b"\x08\x07\x12\x07pytorch\x1a", "ONNX"),
            (b"\x08\x04\x12\x8f\x01\x0a\x1c", "Core ML"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "picture"),
            (b"\x38\x04\0\0\0\0\0\0{\"__met", "safetensors"),
            (b"{\"model_type\":", "JSON"),
        ] {
            let kind = of(first).unwrap_or_else(|| panic!("{first:?}"));
            assert!(kind.contains(what), "{first:?}: {kind}");
        }
        for first in [&b"Entry not found"[..], b"\0\0\0\0\0\0\0\0", b"a"] {
            assert_eq!(of(first), None, "{first:?}");
        }
    }
}

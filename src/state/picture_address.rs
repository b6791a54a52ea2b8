//! The address of a picture somewhere else, as it is typed, pasted or dropped.

/// The most bytes of a picture that are fetched from somewhere else.
pub const MOST_BYTES: u64 = 100_000_000;

/// Why a text is no address that a picture can be fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// It is empty.
    Nothing,
    /// It is no address.
    NoAddress,
    /// The picture itself stands in it (`data:`), or it is another page's own (`blob:`).
    InItself,
    /// Of a file on the device (`file:`).
    OnDevice,
    /// A page cannot fetch from it: neither `https:`, nor this device's own.
    NotSafe,
}

/// The address in a text, where a page may fetch it. A scheme that is left out is `https:`.
///
/// # Errors
/// [`AddressError`].
pub fn read(text: &str) -> Result<String, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Nothing);
    }
    if text.contains(char::is_whitespace) {
        return Err(AddressError::NoAddress);
    }
    let scheme = match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) && !is_port(rest) => scheme.to_ascii_lowercase(),
        _ => return without_scheme(text),
    };
    let rest = &text[scheme.len() + 1..];
    match scheme.as_str() {
        "data" | "blob" => Err(AddressError::InItself),
        "file" => Err(AddressError::OnDevice),
        "https" | "http" => {
            let authority = rest
                .strip_prefix("//")
                .and_then(|rest| rest.split(['/', '?', '#']).next())
                .unwrap_or_default();
            // What stands before an `@` is a name and a password, which `fetch` refuses.
            let host = match authority.split_once('@') {
                Some(_) => return Err(AddressError::NoAddress),
                None => authority.split(':').next().unwrap_or_default(),
            };
            match (host, scheme.as_str()) {
                ("", _) => Err(AddressError::NoAddress),
                (_, "https") | ("localhost" | "127.0.0.1", _) => Ok(text.to_owned()),
                _ => Err(AddressError::NotSafe),
            }
        }
        _ => Err(AddressError::NotSafe),
    }
}

/// Whether a pasted text is meant as an address: one word with `http` before it, or a list of
/// addresses.
pub fn looks_like_one(text: &str) -> bool {
    let text = text.trim();
    let scheme = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let ours = ["https://", "http://"];
    ours.iter().any(|ours| scheme.starts_with(ours)) && !text.contains(char::is_whitespace)
}

/// The first address of a `text/uri-list` (RFC 2483, section 5), in which lines that begin with `#`
/// are comments.
pub fn first_of_list(list: &str) -> Option<&str> {
    let lines = list.lines().map(str::trim);
    let mut addresses = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    addresses.next()
}

/// `example.org/cat.jpg`, as people leave the scheme out.
fn without_scheme(text: &str) -> Result<String, AddressError> {
    let host = text.split(['/', ':', '?', '#']).next().unwrap_or_default();
    let is_host = host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && host
            .chars()
            .all(|c| c.is_alphanumeric() || "-.".contains(c));
    if is_host && text.contains('/') {
        Ok(format!("https://{text}"))
    } else {
        Err(AddressError::NoAddress)
    }
}

/// As RFC 3986 has schemes, but for dots, which stand in hosts.
fn is_scheme(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-".contains(c))
}

/// Whether what stands behind a colon is a port.
fn is_port(rest: &str) -> bool {
    let port = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !port.is_empty() && port.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_fetched_are_taken() {
        for address in [
            "https://example.org/cat.jpg",
            " HTTPS://example.org/cat.jpg?w=1#x ",
            "http://localhost:8080/cat.jpg",
            "http://127.0.0.1/cat.jpg",
            "https://[::1]:80/cat.jpg",
        ] {
            assert_eq!(read(address).as_deref(), Ok(address.trim()), "{address}");
        }
        assert_eq!(
            read("example.org/cat.jpg").as_deref(),
            Ok("https://example.org/cat.jpg")
        );
        assert_eq!(
            read("example.org:8443/c.png").as_deref(),
            Ok("https://example.org:8443/c.png")
        );
    }

    #[test]
    fn others_are_refused_for_what_they_are() {
        for (text, trouble) in [
            ("", AddressError::Nothing),
            ("  ", AddressError::Nothing),
            ("a cat", AddressError::NoAddress),
            ("cat", AddressError::NoAddress),
            ("cat.jpg", AddressError::NoAddress),
            ("https://", AddressError::NoAddress),
            ("https:cat.jpg", AddressError::NoAddress),
            (
                "https://user:secret@example.org/cat.jpg",
                AddressError::NoAddress,
            ),
            ("data:image/png;base64,AAAA", AddressError::InItself),
            ("blob:https://example.org/1", AddressError::InItself),
            ("file:///home/cat.jpg", AddressError::OnDevice),
            ("http://example.org/cat.jpg", AddressError::NotSafe),
            (
                "http://localhost.example.org/cat.jpg",
                AddressError::NotSafe,
            ),
            ("ftp://example.org/cat.jpg", AddressError::NotSafe),
            ("javascript:alert(1)", AddressError::NotSafe),
        ] {
            assert_eq!(read(text), Err(trouble), "{text}");
        }
    }

    #[test]
    fn a_pasted_address_is_told_from_other_text() {
        assert!(looks_like_one("https://example.org/cat.jpg"));
        assert!(looks_like_one(" http://example.org\n"));
        for text in [
            "cat",
            "https",
            "see https://example.org",
            "https://a.org https://b.org",
            "żółw — a turtle",
        ] {
            assert!(!looks_like_one(text), "{text}");
        }
    }

    #[test]
    fn the_first_address_of_a_list_is_taken() {
        let list = "# a comment\r\nhttps://example.org/a.jpg\r\nhttps://example.org/b.jpg\r\n";
        assert_eq!(first_of_list(list), Some("https://example.org/a.jpg"));
        assert_eq!(first_of_list("# nothing"), None);
    }
}

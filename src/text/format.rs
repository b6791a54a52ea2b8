//! Parts of sentences: numbers, sizes, names in quotation marks.

/// A score from 0 to 1 with as many digits as mean something.
pub fn percent(score: f32) -> String {
    let percent = f64::from(score) * 100.0;
    if !percent.is_finite() {
        return "–".to_owned();
    }
    match percent {
        p if p > 0.0 && p < 0.1 => "<0.1%".to_owned(),
        p if p < 9.95 && p > 0.0 => format!("{p:.1}%"),
        p if p < 99.5 => format!("{p:.0}%"),
        p if p < 99.9 => format!("{p:.1}%"),
        p if p < 99.999_9 => ">99.9%".to_owned(),
        _ => "100%".to_owned(),
    }
}

/// A cosine, as people compare it.
pub fn cosine(cosine: f32) -> String {
    format!("{cosine:.2}").replace('-', "−")
}

/// A whole number with its thousands parted.
pub fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut parted = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            parted.push(',');
        }
        parted.push(digit);
    }
    parted
}

/// A size such as `164 MB`.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", megabytes_bare(bytes, bytes))
}

/// So many bytes of so many, such as `37 of 164 MB`.
pub(super) fn part(received: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!(
            "{} of {}",
            megabytes_bare(received, total),
            megabytes(total)
        ),
        None => megabytes(received),
    }
}

/// A size in megabytes, or in gigabytes where it has many.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => megabytes(bytes),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// How fast bytes arrive, such as `2.1 MB/s`.
pub(super) fn speed(bytes_a_second: u64) -> String {
    match bytes_a_second {
        0..1_000_000 => format!("{} KB/s", (bytes_a_second / 1_000).max(1)),
        1_000_000..10_000_000 => format!("{:.1} MB/s", bytes_a_second as f64 / 1e6),
        _ => format!("{} MB/s", bytes_a_second / 1_000_000),
    }
}

/// How long it will take, such as `2 min left`, in steps that do not change with every packet.
pub(super) fn time_left(seconds: u64) -> String {
    match seconds {
        0..10 => "a few seconds left".to_owned(),
        10..60 => format!("{} s left", seconds.next_multiple_of(10)),
        60..3_600 => format!("{} min left", seconds.div_ceil(60)),
        _ => format!("{:.1} h left", seconds as f64 / 3_600.0),
    }
}

/// Bytes in megabytes, with a digit behind the point where `of` is small.
fn megabytes_bare(bytes: u64, of: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if of < 10_000_000 {
        format!("{megabytes:.1}")
    } else {
        format!("{megabytes:.0}")
    }
}

/// A name in quotation marks, cut where it is too long for a sentence.
pub(super) fn quoted(name: &str) -> String {
    const MOST: usize = 48;
    if name.chars().count() <= MOST {
        return format!("“{name}”");
    }
    let end = MOST / 2 - 1;
    let head: String = name.chars().take(end).collect();
    let tail: Vec<char> = name.chars().rev().take(end).collect();
    format!("“{head}…{}”", tail.into_iter().rev().collect::<String>())
}

/// Words with a full stop behind them.
pub(super) fn sentence(words: &str) -> String {
    let words = words.trim();
    if words.is_empty() || words.ends_with(['.', '!', '?']) {
        words.to_owned()
    } else {
        format!("{words}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_have_the_digits_that_mean_something() {
        let cases = [
            (0.0, "0%"),
            (0.000_4, "<0.1%"),
            (0.001_2, "0.1%"),
            (0.034_6, "3.5%"),
            (0.099_4, "9.9%"),
            (0.099_6, "10%"),
            (0.666, "67%"),
            (0.994, "99%"),
            (0.996, "99.6%"),
            (0.999_5, ">99.9%"),
            (1.0, "100%"),
            (f32::NAN, "–"),
        ];
        for (score, text) in cases {
            assert_eq!(percent(score), text, "{score}");
        }
    }

    #[test]
    fn speeds_and_times_are_rounded() {
        let speeds = [40, 640_000, 2_140_000, 12_900_000].map(speed);
        assert_eq!(speeds, ["1 KB/s", "640 KB/s", "2.1 MB/s", "12 MB/s"]);
        let times = [3, 11, 59, 61, 600, 5_400].map(time_left);
        let expected = [
            "a few seconds left",
            "20 s left",
            "60 s left",
            "2 min left",
            "10 min left",
            "1.5 h left",
        ];
        assert_eq!(times, expected);
    }

    #[test]
    fn numbers_are_parted_and_sizes_rounded() {
        let parted = [0, 37, 999, 1_000, 12_345, 1_234_567].map(number);
        assert_eq!(parted, ["0", "37", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(megabytes(164_391_744), "164 MB");
        assert_eq!(megabytes(4_200_000), "4.2 MB");
    }
}

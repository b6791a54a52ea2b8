//! Bullets and numbers before the items of a list. They are taken away where several items have
//! them, since one alone may belong to its label: `1. FC Köln`, `- 40 °C`.

/// What the items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Items {
    Lines,
    Cells,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// A character that is nothing but a bullet.
    Bullet,
    /// A dash, an asterisk or a plus with white space behind it.
    Dash,
    Number(u32),
    Letter(char),
}

const BULLETS: &[char] = &[
    '•', '‣', '◦', '▪', '▫', '●', '○', '■', '□', '⁃', '∙', '◆', '◇', '➢', '►', '▶', '\u{f0b7}',
    '\u{f0a7}',
];
const DASHES: &[char] = &['-', '*', '+', '–', '—', '·', '−'];

/// The items without their marks. `None` if there are no marks, or none that is one for sure.
pub(super) fn without<'a>(items: &[&'a str], kind: Items) -> Option<Vec<&'a str>> {
    let marked: Vec<Option<(Mark, &'a str)>> = items.iter().map(|item| mark(item)).collect();
    let of = |is: fn(&Mark) -> bool| {
        let found = marked.iter().flatten().filter(move |(mark, _)| is(mark));
        found.copied().collect::<Vec<_>>()
    };
    let several = |count: usize| count >= 2 && count * 2 >= items.len();
    let dashes = of(|mark| *mark == Mark::Dash);
    let has_words = dashes
        .iter()
        .any(|(_, rest)| !rest.starts_with(|c: char| c.is_numeric()));
    let bullets = of(|mark| matches!(mark, Mark::Bullet | Mark::Dash)).len();
    let dashes_go = has_words && (several(bullets) || items.len() == 1);
    let numbers = of(|mark| matches!(mark, Mark::Number(_)));
    let numbers_go = several(numbers.len()) && count_up(&numbers, kind);
    let letters = of(|mark| matches!(mark, Mark::Letter(_)));
    let letters_go = several(letters.len()) && letters_count_up(&letters);
    let goes = |mark: Mark| match mark {
        Mark::Bullet => true,
        Mark::Dash => dashes_go,
        Mark::Number(_) => numbers_go,
        Mark::Letter(_) => letters_go,
    };
    let any = marked.iter().flatten().any(|(mark, _)| goes(*mark));
    any.then(|| {
        let items = items.iter().zip(&marked);
        items
            .map(|(item, marked)| match marked {
                Some((mark @ (Mark::Bullet | Mark::Dash), rest)) if goes(*mark) => {
                    without_box(rest)
                }
                Some((mark, rest)) if goes(*mark) => rest,
                _ => *item,
            })
            .collect()
    })
}

/// Markdown's text without the marks of emphasis or code that are around all of it.
pub(super) fn without_emphasis(text: &str) -> &str {
    let text = text.trim();
    let inside = |mark| text.strip_prefix(mark)?.strip_suffix(mark);
    let inside = inside("**").or_else(|| inside("`"));
    inside.filter(|inside| !inside.is_empty()).unwrap_or(text)
}

/// The mark of an item, and the rest.
fn mark(item: &str) -> Option<(Mark, &str)> {
    let item = item.trim();
    let first = item.chars().next()?;
    let rest = &item[first.len_utf8()..];
    if BULLETS.contains(&first) {
        return Some((Mark::Bullet, rest.trim_start()));
    }
    // Word's second bullet is a letter of its own font.
    if DASHES.contains(&first) && spaced(rest) || first == 'o' && rest.starts_with('\t') {
        return Some((Mark::Dash, rest.trim_start()));
    }
    let inside = item.strip_prefix('(').unwrap_or(item);
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric())?;
    let (number, behind) = inside.split_at(end);
    let bracket = behind.strip_prefix(')');
    // `A. Lincoln` and `B. Obama` are no list.
    let (mark, behind) = match (number.parse(), bracket) {
        (Ok(number), _) if end <= 4 => {
            let point = || behind.strip_prefix('.').filter(|_| inside == item);
            (Mark::Number(number), bracket.or_else(point)?)
        }
        (Err(_), Some(behind)) if end == 1 => (Mark::Letter(number.chars().next()?), behind),
        _ => return None,
    };
    spaced(behind).then(|| (mark, behind.trim_start()))
}

fn spaced(rest: &str) -> bool {
    rest.starts_with(char::is_whitespace)
}

/// Whether numbers count up, or begin again as those of a list in a list do. In Markdown, all of
/// them may be 1.
fn count_up(numbers: &[(Mark, &str)], kind: Items) -> bool {
    let pairs = numbers.windows(2);
    let ones = numbers.iter().all(|(mark, _)| *mark == Mark::Number(1));
    let counted = |pair: &[(Mark, &str)]| match (pair[0].0, pair[1].0) {
        (Mark::Number(before), Mark::Number(next)) => {
            next == before.wrapping_add(1) || next == 1 && before > 1
        }
        _ => false,
    };
    ones && kind == Items::Lines || pairs.clone().count() > 0 && pairs.into_iter().all(counted)
}

fn letters_count_up(letters: &[(Mark, &str)]) -> bool {
    let expected = letters.iter().zip(b'a'..=b'z');
    letters.len() <= 26
        && expected.into_iter().all(|((mark, _), expected)| {
            matches!(mark, Mark::Letter(letter) if letter.to_ascii_lowercase() == char::from(expected))
        })
}

/// The rest of an item of a list of tasks, behind `[ ]` or `[x]`.
fn without_box(rest: &str) -> &str {
    let boxes = ["[ ]", "[x]", "[X]"];
    let behind = boxes.iter().find_map(|mark| rest.strip_prefix(mark));
    behind
        .filter(|behind| spaced(behind))
        .map_or(rest, str::trim_start)
}

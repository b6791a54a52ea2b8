//! HTML entities, as Python's `html.unescape` decodes them, and as ftfy does, which leaves alone
//! what has no semicolon.
//!
//! Known by name are those of HTML 4, `apos`, and the six that HTML 5 has in capitals besides; the
//! 1,866 others of HTML 5, such as `check`, stay as they are written. Numbers are all known.

use super::letter::Letter;

/// Each entity's character and name, in the order of the characters.
const NAMED: &str = "\
    \"QUOT \"quot &AMP &amp 'apos <LT <lt >GT >gt \u{a0}nbsp ¡iexcl ¢cent £pound ¤curren ¥yen \
    ¦brvbar §sect ¨uml ©COPY ©copy ªordf «laquo ¬not \u{ad}shy ®REG ®reg ¯macr °deg ±plusmn ²sup2 \
    ³sup3 ´acute µmicro ¶para ·middot ¸cedil ¹sup1 ºordm »raquo ¼frac14 ½frac12 ¾frac34 ¿iquest \
    ÀAgrave ÁAacute ÂAcirc ÃAtilde ÄAuml ÅAring ÆAElig ÇCcedil ÈEgrave ÉEacute ÊEcirc ËEuml \
    ÌIgrave ÍIacute ÎIcirc ÏIuml ÐETH ÑNtilde ÒOgrave ÓOacute ÔOcirc ÕOtilde ÖOuml ×times ØOslash \
    ÙUgrave ÚUacute ÛUcirc ÜUuml ÝYacute ÞTHORN ßszlig àagrave áaacute âacirc ãatilde äauml \
    åaring æaelig çccedil èegrave éeacute êecirc ëeuml ìigrave íiacute îicirc ïiuml ðeth ñntilde \
    òograve óoacute ôocirc õotilde öouml ÷divide øoslash ùugrave úuacute ûucirc üuuml ýyacute \
    þthorn ÿyuml ŒOElig œoelig ŠScaron šscaron ŸYuml ƒfnof ˆcirc ˜tilde ΑAlpha ΒBeta ΓGamma \
    ΔDelta ΕEpsilon ΖZeta ΗEta ΘTheta ΙIota ΚKappa ΛLambda ΜMu ΝNu ΞXi ΟOmicron ΠPi ΡRho ΣSigma \
    ΤTau ΥUpsilon ΦPhi ΧChi ΨPsi ΩOmega αalpha βbeta γgamma δdelta εepsilon ζzeta ηeta θtheta \
    ιiota κkappa λlambda μmu νnu ξxi οomicron πpi ρrho ςsigmaf σsigma τtau υupsilon φphi χchi \
    ψpsi ωomega ϑthetasym ϒupsih ϖpiv \u{2002}ensp \u{2003}emsp \u{2009}thinsp \u{200c}zwnj \
    \u{200d}zwj \u{200e}lrm \u{200f}rlm –ndash —mdash ‘lsquo ’rsquo ‚sbquo “ldquo ”rdquo „bdquo \
    †dagger ‡Dagger •bull …hellip ‰permil ′prime ″Prime ‹lsaquo ›rsaquo ‾oline ⁄frasl €euro \
    ℑimage ℘weierp ℜreal ™trade ℵalefsym ←larr ↑uarr →rarr ↓darr ↔harr ↵crarr ⇐lArr ⇑uArr ⇒rArr \
    ⇓dArr ⇔hArr ∀forall ∂part ∃exist ∅empty ∇nabla ∈isin ∉notin ∋ni ∏prod ∑sum −minus ∗lowast \
    √radic ∝prop ∞infin ∠ang ∧and ∨or ∩cap ∪cup ∫int ∴there4 ∼sim ≅cong ≈asymp ≠ne ≡equiv ≤le ≥ge \
    ⊂sub ⊃sup ⊄nsub ⊆sube ⊇supe ⊕oplus ⊗otimes ⊥perp ⋅sdot ⌈lceil ⌉rceil ⌊lfloor ⌋rfloor ◊loz \
    ♠spades ♣clubs ♥hearts ♦diams ⟨lang ⟩rang";

/// The Windows-1252 characters of the bytes from 0x80 to 0x9f. Five bytes have none, and stay
/// control characters.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// What a byte from 0x80 to 0x9f is in Windows-1252.
pub(super) fn windows_1252(byte: u8) -> char {
    WINDOWS_1252[usize::from(byte - 0x80)]
}

/// Decodes what begins with `&` and ends with `;`, as ftfy does. Names of small letters are known
/// in capitals too: `&EACUTE;` is `É`.
pub(super) fn unescape_closed(line: &[Letter]) -> Vec<Letter> {
    const LONGEST: usize = 24;
    decode(line, |text| {
        let name = text.strip_prefix('#').unwrap_or(text);
        let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if !(1..=LONGEST).contains(&length) || name.as_bytes().get(length) != Some(&b';') {
            return None;
        }
        let taken = text.len() - name.len() + length + 1;
        let found = if text.starts_with('#') {
            let (found, digits) = numbered(&name[..length])?;
            // A number that is cut by a letter is none, and neither is that of the semicolon.
            if digits < length || found == Some(';') {
                return None;
            }
            found
        } else {
            match named(&name[..length]) {
                Some(found) => Some(found),
                None => return Some((in_capitals(&name[..length])?, taken)),
            }
        };
        Some((String::from_iter(found), taken))
    })
}

/// Decodes everything that HTML 5 takes for an entity, as Python's `html.unescape` does: numbers
/// and older names may lack the semicolon.
pub(super) fn unescape_all(letters: &[Letter]) -> Vec<Letter> {
    const LONGEST: usize = 32;
    decode(letters, |text| {
        if let Some(number) = text.strip_prefix('#') {
            let (found, digits) = numbered(number)?;
            let semicolon = usize::from(number[digits..].starts_with(';'));
            return Some((String::from_iter(found), 1 + digits + semicolon));
        }
        let ends = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';');
        let longest = text
            .char_indices()
            .nth(LONGEST)
            .map_or(text.len(), |(at, _)| at);
        let name = &text[..text[..longest].find(ends).unwrap_or(longest)];
        if text[name.len()..].starts_with(';')
            && let Some(found) = named(name)
        {
            return Some((String::from(found), name.len() + 1));
        }
        let lengths = (2..=name.len())
            .rev()
            .filter(|&at| name.is_char_boundary(at));
        let mut found = lengths.filter_map(|length| {
            let found =
                named(&name[..length]).filter(|&c| may_lack_semicolon(c, &name[..length]))?;
            Some((String::from(found), length))
        });
        found.next()
    })
}

/// Replaces what stands behind each `&` by what `entity` finds there, and how many bytes of it.
fn decode(letters: &[Letter], entity: impl Fn(&str) -> Option<(String, usize)>) -> Vec<Letter> {
    // No entity is longer, as numbers with many zeros are not written.
    const LONGEST: usize = 64;
    let mut decoded = Vec::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        at += 1;
        if letter.c == '&' {
            let behind = &letters[at..letters.len().min(at + LONGEST)];
            let text: String = behind.iter().map(|letter| letter.c).collect();
            if let Some((found, bytes)) = entity(&text) {
                at += text[..bytes].chars().count();
                let end = letters[at - 1].end;
                decoded.extend(found.chars().map(|c| Letter { c, end }));
                continue;
            }
        }
        decoded.push(letter);
    }
    decoded
}

fn named(name: &str) -> Option<char> {
    NAMED.split(' ').find_map(|entry| {
        let c = entry.chars().next()?;
        (&entry[c.len_utf8()..] == name).then_some(c)
    })
}

/// What a name is that is written in capitals and is known in small letters alone: `&SZLIG;` is
/// `SS`.
fn in_capitals(name: &str) -> Option<String> {
    let small = name.to_ascii_lowercase();
    if name != small.to_ascii_uppercase() || starts_with_older(name) {
        return None;
    }
    Some(named(&small)?.to_uppercase().collect())
}

/// Whether a name begins as one does that needs no semicolon.
fn starts_with_older(name: &str) -> bool {
    (2..=name.len()).any(|length| {
        named(&name[..length]).is_some_and(|c| may_lack_semicolon(c, &name[..length]))
    })
}

/// The entities of HTML 3 end without a semicolon too: those of Latin-1.
fn may_lack_semicolon(c: char, name: &str) -> bool {
    u32::from(c) <= 0xff && name != "apos"
}

/// The character that a number stands for, behind `#`, and how long the number is. What can be no
/// character of a text is nothing.
fn numbered(text: &str) -> Option<(Option<char>, usize)> {
    let (radix, digits) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, text),
    };
    let length = digits.chars().take_while(|c| c.is_digit(radix)).count();
    if length == 0 {
        return None;
    }
    let number = u32::from_str_radix(&digits[..length], radix).unwrap_or(u32::MAX);
    let found = match number {
        0 => Some('\u{fffd}'),
        0x80..=0x9f => Some(windows_1252(number as u8)),
        0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if number & 0xfffe == 0xfffe && number <= 0x10_ffff => None,
        _ => Some(char::from_u32(number).unwrap_or('\u{fffd}')),
    };
    Some((found, text.len() - digits.len() + length))
}

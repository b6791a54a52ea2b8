//! How much of a picture is in a JPEG whose end is missing: its entropy-coded data are walked over,
//! and nothing is computed of them.
//!
//! ITU-T T.81: baseline and extended sequential (annex F) and progressive (annex G) with Huffman
//! codes, which is all that the decoder reads. What counts is the share of blocks whose first bits
//! are there: of a progressive picture these are those of its first scans, from which the whole
//! picture is seen, if less sharply.

/// How much of a picture there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Extent {
    /// Nothing but the marker of the end is missing.
    Whole,
    /// Something is missing.
    Part {
        /// How many of the blocks are there, from 0 to 1.
        share: f64,
        /// So many rows of pixels are there as a whole.
        rows: usize,
        /// So many of the file's bytes are of use: a segment that breaks off is not.
        bytes: usize,
    },
}

impl Extent {
    /// Of a file; `None` of one whose headers make no sense or whose coding the decoder does not
    /// read. `most` is the most pixels that it may have: of each 64 of them eight bytes are needed,
    /// in each of up to four components.
    pub(super) fn of(file: &[u8], most: u64) -> Option<Self> {
        let mut walk = Walk::default();
        // Where it ends does not matter, only how far it came.
        let ended = walk.file(file, most);
        let frame = walk.frame?;
        let (seen, all) = frame
            .components
            .iter()
            .fold((0, 0), |(seen, all), component| {
                (seen + component.seen, all + component.own_blocks())
            });
        let is_refined = || {
            let mut components = frame.components.iter();
            components.all(|component| component.missing_bits == [0; 64])
        };
        Some(
            if ended.is_some() && seen >= all && (!frame.is_progressive || is_refined()) {
                Self::Whole
            } else {
                Self::Part {
                    share: (seen as f64 / all as f64).min(1.0),
                    rows: frame.whole_rows(),
                    bytes: walk.of_use,
                }
            },
        )
    }
}

struct Component {
    id: u8,
    /// Blocks of a minimum coded unit across and down.
    across: usize,
    down: usize,
    /// Blocks across and down that hold pixels.
    width: usize,
    height: usize,
    /// Blocks across with those that fill up the last unit.
    stride: usize,
    /// Of each block, which coefficients are known not to be zero, in the order of the file. Only
    /// progressive pictures need it.
    nonzero: Vec<u64>,
    /// Blocks whose first bits have been there.
    seen: usize,
    /// How many low bits of each coefficient have not come yet; more than any before it came at
    /// all.
    missing_bits: [u8; 64],
}

impl Component {
    fn own_blocks(&self) -> usize {
        self.width * self.height
    }
}

struct Frame {
    is_progressive: bool,
    units_across: usize,
    units_down: usize,
    components: Vec<Component>,
    /// Rows of pixels in a minimum coded unit.
    unit_height: usize,
}

impl Frame {
    /// How many rows of pixels there are, by the first component: luma, where there is any.
    fn whole_rows(&self) -> usize {
        self.components.first().map_or(0, |first| {
            first.seen / (first.width * first.down) * self.unit_height
        })
    }
}

/// Lengths and values of codes (T.81, annex C): per length the first code behind those of that
/// length, and where the last one's value lies.
#[derive(Clone)]
struct Codes {
    /// Of each length, from 1 to 16: the largest code and one, as far as there are codes, and what
    /// to add for the place of its value.
    ends: [(i32, i32); 16],
    values: Vec<u8>,
}

#[derive(Default)]
struct Walk {
    frame: Option<Frame>,
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    restart_interval: usize,
    /// Where the last segment begins, or the file ends if that is in the middle of a scan.
    of_use: usize,
    scans: usize,
}

/// More than any encoder writes. A scan of few bytes can be about all blocks.
const MOST_SCANS: usize = 100;

/// One component in a scan.
struct Part {
    component: usize,
    dc: usize,
    ac: usize,
}

/// What a scan brings.
struct Scan {
    first: usize,
    last: usize,
    is_refinement: bool,
}

impl Walk {
    /// Through all segments and scans. `None` where the file ends, or makes no sense, in the middle
    /// of something.
    fn file(&mut self, file: &[u8], most: u64) -> Option<()> {
        let mut at = 2;
        loop {
            self.of_use = at;
            // Between segments nothing else may stand; before them any number of bytes 0xff.
            match file.get(at..)? {
                [] => return Some(()),
                [0xff, 0xff, ..] => {
                    at += 1;
                    continue;
                }
                [0xff, 0xd9, ..] => return Some(()),
                [0xff, _, _, _, ..] => {}
                _ => return None,
            }
            let marker = file[at + 1];
            let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
            let segment = file.get(at + 4..at + 2 + length)?;
            at += 2 + length;
            match marker {
                0xc0..=0xc2 => self.frame(segment, marker == 0xc2, most)?,
                0xc4 => self.tables(segment)?,
                // Lossless, hierarchical and arithmetic coding.
                0xc3 | 0xc5..=0xcf => {
                    self.frame = None;
                    return None;
                }
                0xdd => {
                    self.restart_interval = usize::from(u16::from_be_bytes(*segment.first_chunk()?))
                }
                0xda => {
                    self.scans += 1;
                    if self.scans > MOST_SCANS {
                        return None;
                    }
                    self.of_use = file.len();
                    at += self.scan(segment, &file[at..])?;
                }
                _ => {}
            }
        }
    }

    fn frame(&mut self, segment: &[u8], is_progressive: bool, most: u64) -> Option<()> {
        if self.frame.is_some() {
            return None;
        }
        let [_, h0, h1, w0, w1, count, rest @ ..] = segment else {
            return None;
        };
        let height = usize::from(u16::from_be_bytes([*h0, *h1]));
        let width = usize::from(u16::from_be_bytes([*w0, *w1]));
        let all: Vec<&[u8; 3]> = rest.as_chunks().0.iter().take((*count).into()).collect();
        let sampling =
            |at: usize, shift: u8| all.iter().map(move |of| usize::from(of[at] >> shift & 15));
        let (most_across, most_down) = (sampling(1, 4).max()?, sampling(1, 0).max()?);
        let is_right = sampling(1, 4)
            .chain(sampling(1, 0))
            .all(|factor| (1..=4).contains(&factor));
        let pixels = width as u64 * height as u64;
        if !is_right || pixels == 0 || pixels > most || all.len() > 4 {
            return None;
        }
        let (units_across, units_down) = (
            width.div_ceil(8 * most_across),
            height.div_ceil(8 * most_down),
        );
        let components = all.iter().map(|&&[id, factors, _]| {
            let (across, down) = (usize::from(factors >> 4), usize::from(factors & 15));
            let stride = units_across * across;
            Component {
                id,
                across,
                down,
                width: (width * across).div_ceil(8 * most_across),
                height: (height * down).div_ceil(8 * most_down),
                stride,
                nonzero: if is_progressive {
                    vec![0; stride * units_down * down]
                } else {
                    Vec::new()
                },
                seen: 0,
                missing_bits: [u8::MAX; 64],
            }
        });
        let components = components.collect();
        self.frame = Some(Frame {
            is_progressive,
            units_across,
            units_down,
            components,
            unit_height: 8 * most_down,
        });
        Some(())
    }

    /// T.81, B.2.4.2 and annex C.
    fn tables(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&class, rest)) = segment.split_first() {
            let counts: &[u8; 16] = rest.first_chunk()?;
            let mut ends = [(0, 0); 16];
            let (mut code, mut place) = (0i32, 0i32);
            for (end, &count) in ends.iter_mut().zip(counts) {
                let count = i32::from(count);
                *end = (code + count, place - code);
                place += count;
                code = (code + count) << 1;
            }
            let values = rest[16..].get(..place as usize)?.to_vec();
            segment = &rest[16 + place as usize..];
            let tables = if class >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            *tables.get_mut(usize::from(class & 15))? = Some(Codes { ends, values });
        }
        Some(())
    }

    /// Walks over a scan. Gives the length of its data, if all of it is there.
    fn scan(&mut self, segment: &[u8], data: &[u8]) -> Option<usize> {
        let (&count, rest) = segment.split_first()?;
        let frame = self.frame.as_mut()?;
        let mut parts = Vec::new();
        for &[id, tables] in rest.as_chunks().0.iter().take(count.into()) {
            let component = frame
                .components
                .iter()
                .position(|component| component.id == id)?;
            parts.push(Part {
                component,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        let [.., first, last, precision] = *segment else {
            return None;
        };
        let scan = if frame.is_progressive {
            Scan {
                first: first.into(),
                last: last.into(),
                is_refinement: precision >> 4 != 0,
            }
        } else {
            Scan {
                first: 0,
                last: 63,
                is_refinement: false,
            }
        };
        if parts.is_empty() || scan.first > scan.last || scan.last > 63 {
            return None;
        }
        let is_alone = parts.len() == 1;
        let (across, down) = if is_alone {
            // A component that is alone has no blocks beyond its pixels.

            let component = &frame.components[parts[0].component];
            (component.width, component.height)
        } else {
            (frame.units_across, frame.units_down)
        };
        let mut bits = Bits {
            data,
            at: 0,
            bits: 0,
            count: 0,
        };
        let mut end_of_band_run = 0;
        for unit in 0..across * down {
            if self.restart_interval > 0 && unit > 0 && unit % self.restart_interval == 0 {
                bits.restart()?;
                end_of_band_run = 0;
            }
            let (x, y) = (unit % across, unit / across);
            for part in &parts {
                let component = &mut frame.components[part.component];
                let (columns, rows) = if is_alone {
                    (1, 1)
                } else {
                    (component.across, component.down)
                };
                for (row, column) in
                    (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
                {
                    let (x, y) = (x * columns + column, y * rows + row);
                    let mut none = 0;
                    let nonzero = component
                        .nonzero
                        .get_mut(y * component.stride + x)
                        .unwrap_or(&mut none);
                    let tables = (self.dc.get(part.dc)?, self.ac.get(part.ac)?);
                    match (frame.is_progressive, scan.first, scan.is_refinement) {
                        (false, ..) => {
                            bits.first_dc(tables.0)?;
                            let none = &mut 0;
                            bits.first_ac(tables.1, 1, 63, nonzero, none)?;
                        }
                        (true, 0, true) => drop(bits.take(1)?),
                        (true, 0, false) => bits.first_dc(tables.0)?,
                        (true, _, true) => {
                            bits.more_ac(tables.1, &scan, nonzero, &mut end_of_band_run)?;
                        }
                        (true, _, false) => bits.first_ac(
                            tables.1,
                            scan.first,
                            scan.last,
                            nonzero,
                            &mut end_of_band_run,
                        )?,
                    }
                    let is_own = x < component.width && y < component.height;
                    component.seen += usize::from(scan.first == 0 && !scan.is_refinement && is_own);
                }
            }
        }
        for part in &parts {
            let missing = &mut frame.components[part.component].missing_bits;
            missing[scan.first..=scan.last].fill(if frame.is_progressive {
                precision & 15
            } else {
                0
            });
        }
        Some(bits.behind())
    }
}

/// Entropy-coded data, bit by bit. `None` is given where they end, and where no code is met.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    bits: u32,
    count: u32,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        while self.count < count {
            let byte = *self.data.get(self.at)?;
            self.at += 1;
            if byte == 0xff {
                // A zero behind it says that it is no marker.
                if *self.data.get(self.at)? != 0 {
                    self.at -= 1;
                    return None;
                }
                self.at += 1;
            }
            self.bits = self.bits << 8 | u32::from(byte);
            self.count += 8;
        }
        self.count -= count;
        Some(self.bits >> self.count & ((1 << count) - 1))
    }

    fn code(&mut self, codes: &Option<Codes>) -> Option<u8> {
        let codes = codes.as_ref()?;
        let mut code = 0;
        for (end, offset) in codes.ends {
            code = code << 1 | self.take(1)? as i32;
            if code < end {
                return codes.values.get((code + offset) as usize).copied();
            }
        }
        None
    }

    /// To behind the marker of a restart.
    fn restart(&mut self) -> Option<()> {
        self.count = 0;
        while self.data.get(self.at..self.at + 2)? == [0xff; 2] {
            self.at += 1;
        }
        let marker = self.data.get(self.at..self.at + 2)?;
        self.at += 2;
        (marker[0] == 0xff && marker[1] & 0xf8 == 0xd0).then_some(())
    }

    /// How many bytes there are up to the next marker, or to the end.
    fn behind(&self) -> usize {
        let rest = &self.data[self.at..];
        let marker = rest
            .windows(2)
            .position(|two| two[0] == 0xff && two[1] != 0);
        marker.map_or(self.data.len(), |marker| self.at + marker)
    }

    fn first_dc(&mut self, codes: &Option<Codes>) -> Option<()> {
        let size = self.code(codes)?;
        (size <= 16).then(|| self.take(size.into()))?.map(drop)
    }

    /// T.81, F.1.2.2 and G.1.2.2.
    fn first_ac(
        &mut self,
        codes: &Option<Codes>,
        first: usize,
        last: usize,
        nonzero: &mut u64,
        end_of_band_run: &mut u32,
    ) -> Option<()> {
        if *end_of_band_run > 0 {
            *end_of_band_run -= 1;
            return Some(());
        }
        let mut at = first;
        while at <= last {
            let (run, size) = run_and_size(self.code(codes)?);
            if size == 0 && run < 15 {
                *end_of_band_run = (1 << run) - 1 + self.take(run)?;
                break;
            }
            at += run as usize;
            if size > 0 && at <= last {
                *nonzero |= 1 << at;
            }
            self.take(size)?;
            at += 1;
        }
        Some(())
    }

    /// T.81, G.1.2.3: a bit for each coefficient that is not zero already, and those that are not
    /// zero from now on.
    fn more_ac(
        &mut self,
        codes: &Option<Codes>,
        scan: &Scan,
        nonzero: &mut u64,
        end_of_band_run: &mut u32,
    ) -> Option<()> {
        let mut at = scan.first;
        while *end_of_band_run == 0 && at <= scan.last {
            let (mut run, size) = run_and_size(self.code(codes)?);
            if size == 0 && run < 15 {
                *end_of_band_run = (1 << run) + self.take(run)?;
                break;
            }
            self.take(size)?;
            while at <= scan.last {
                if *nonzero >> at & 1 == 1 {
                    self.take(1)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                at += 1;
            }
            if size > 0 && at <= scan.last {
                *nonzero |= 1 << at;
            }
            at += 1;
        }
        if *end_of_band_run > 0 {
            let refined = (at..=scan.last)
                .filter(|at| *nonzero >> at & 1 == 1)
                .count();
            for _ in 0..refined {
                self.take(1)?;
            }
            *end_of_band_run -= 1;
        }
        Some(())
    }
}

fn run_and_size(byte: u8) -> (u32, u32) {
    (u32::from(byte >> 4), u32::from(byte & 15))
}

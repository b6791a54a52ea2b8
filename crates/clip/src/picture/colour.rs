//! From what a file's numbers mean to sRGB, over white: by the file's ICC profile, by what a PNG
//! says of its colours, or as they are.
//!
//! Browsers do the same. A profile that is broken, or of other colours than the file's, is not
//! there: then the numbers are sRGB's.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace,
    InterpolationMethod, Layout, MatrixCoefficients, ToneReprCurve, TransferCharacteristics,
    TransformOptions,
};

use super::{Channels, append_rgb};

/// What the samples of a pixel are, eight bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Amounts of ink.
    Cmyk,
    /// CIE L*a*b* of D50 as ICC profiles encode it: L* from 0 to 100, the others with 128 added.
    Lab,
}

impl Model {
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb | Self::Lab => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

/// ITU-R BT.601, as JPEG has it.
pub(super) fn rgb_of_ycbcr(pixel: &mut [u8; 3]) {
    let [y, cb, cr] = pixel.map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    *pixel = [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(|light| light.round() as u8);
}

/// The profile in a file; `None` where there is no use in it.
pub(super) fn of_icc(profile: &[u8]) -> Option<ColorProfile> {
    ColorProfile::new_from_slice(profile).ok()
}

/// What a PNG's chunks say besides a profile (Portable Network Graphics, third edition, 11.3.2 and
/// 4.3): `cICP` counts for more than `iccp`, the profile that the file has, and that for more than
/// `sRGB`, `gAMA` and `cHRM`.
pub(super) fn of_png(file: &[u8], icc: Option<Vec<u8>>) -> Option<ColorProfile> {
    let (mut is_srgb, mut gamma, mut primaries) = (false, None, None);
    let mut rest = file.get(8..)?;
    while let Some(head) = rest.first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(data) = rest.get(8..8usize.saturating_add(length)) else {
            break;
        };
        match (&head[4..], data) {
            (b"IDAT", _) => break,
            (b"cICP", &[primaries, transfer, 0, 1]) => {
                if let Some(profile) = of_cicp(primaries, transfer) {
                    return Some(profile);
                }
            }
            (b"sRGB", _) => is_srgb = true,
            (b"gAMA", _) => gamma = number(data, 0).filter(|&gamma| gamma > 0.0),
            (b"cHRM", _) => {
                let point = |at| {
                    Some(Chromaticity {
                        x: number(data, at)?,
                        y: number(data, at + 1).filter(|&y| y > 0.0)?,
                    })
                };
                primaries = (|| Some([point(0)?, point(2)?, point(4)?, point(6)?]))();
            }
            _ => {}
        }
        rest = rest.get(12 + length..).unwrap_or_default();
    }
    match (icc, gamma) {
        (Some(icc), _) => of_icc(&icc),
        (None, Some(gamma)) if !is_srgb => Some(of_gamma(gamma, primaries)),
        _ => None,
    }
}

/// The number at a place, which PNG multiplies by 100,000.
fn number(data: &[u8], at: usize) -> Option<f32> {
    let bytes = data.get(4 * at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes) as f32 / 100_000.0)
}

/// ITU-T H.273. Those of pictures brighter than white have no one way to sRGB.
fn of_cicp(primaries: u8, transfer: u8) -> Option<ColorProfile> {
    let transfer_characteristics = TransferCharacteristics::try_from(transfer).ok()?;
    if matches!(
        transfer_characteristics,
        TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg
    ) {
        return None;
    }
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    profile.red_trc.is_some().then_some(profile)
}

/// Samples are light to the power of `gamma`. Primaries are white, red, green and blue, those of
/// sRGB if nothing is said.
fn of_gamma(gamma: f32, primaries: Option<[Chromaticity; 4]>) -> ColorProfile {
    let mut profile = ColorProfile::new_srgb();
    if let Some([white, red, green, blue]) = primaries {
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
    }
    // With it, the curves would not count.
    profile.cicp = None;
    let curve = ToneReprCurve::Parametric(vec![1.0 / gamma]);
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile
}

/// The pixels as sRGB, three bytes each, transparent ones over white.
pub(super) fn rgb_over_white(
    samples: Vec<u8>,
    model: Model,
    profile: Option<&ColorProfile>,
) -> Vec<u8> {
    if let Some(converted) = profile.and_then(|profile| by_profile(&samples, model, profile)) {
        return converted;
    }
    match model {
        Model::Rgb => samples,
        Model::Grey => samples.iter().flat_map(|&grey| [grey; 3]).collect(),
        Model::GreyAlpha => {
            let rgba: Vec<u8> = (samples.as_chunks().0.iter())
                .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
                .collect();
            over_white(&rgba)
        }
        Model::Rgba => over_white(&samples),
        Model::Cmyk => {
            let light =
                |ink: u8, black: u8| (u32::from(255 - ink) * u32::from(255 - black) + 127) / 255;
            (samples.as_chunks().0.iter())
                .flat_map(|&[c, m, y, k]| [c, m, y].map(|ink| light(ink, k) as u8))
                .collect()
        }
        // Not reached as long as the library converts them.
        Model::Lab => by_profile(&samples, model, &ColorProfile::new_lab()).unwrap_or(samples),
    }
}

fn over_white(rgba: &[u8]) -> Vec<u8> {
    let mut rgb = Vec::new();
    append_rgb(&mut rgb, rgba, Channels::Rgba);
    rgb
}

fn by_profile(samples: &[u8], model: Model, profile: &ColorProfile) -> Option<Vec<u8>> {
    let (from, to) = match (profile.color_space, model) {
        (DataColorSpace::Gray, Model::Grey) => (Layout::Gray, Layout::Rgb),
        (DataColorSpace::Gray, Model::GreyAlpha) => (Layout::GrayAlpha, Layout::Rgba),
        (DataColorSpace::Rgb, Model::Rgb) | (DataColorSpace::Lab, Model::Lab) => {
            (Layout::Rgb, Layout::Rgb)
        }
        (DataColorSpace::Rgb, Model::Rgba) => (Layout::Rgba, Layout::Rgba),
        (DataColorSpace::Cmyk, Model::Cmyk) => (Layout::Rgba, Layout::Rgb),
        // Grey is the colour with equal parts.
        (DataColorSpace::Rgb, Model::Grey) => {
            let rgb: Vec<u8> = samples.iter().flat_map(|&grey| [grey; 3]).collect();
            return by_profile(&rgb, Model::Rgb, profile);
        }
        (DataColorSpace::Rgb, Model::GreyAlpha) => {
            let rgba: Vec<u8> = (samples.as_chunks().0.iter())
                .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
                .collect();
            return by_profile(&rgba, Model::Rgba, profile);
        }
        _ => return None,
    };
    // As LittleCMS, which Pillow converts with, reads between the entries of a table.
    let options = TransformOptions {
        interpolation_method: InterpolationMethod::Tetrahedral,
        ..TransformOptions::default()
    };
    let srgb = ColorProfile::new_srgb();
    let transform = profile
        .create_transform_8bit(from, &srgb, to, options)
        .ok()?;
    let pixels = samples.len() / model.samples();
    let mut converted = vec![0; pixels * to.channels()];
    transform.transform(samples, &mut converted).ok()?;
    Some(match to {
        Layout::Rgba => over_white(&converted),
        _ => converted,
    })
}

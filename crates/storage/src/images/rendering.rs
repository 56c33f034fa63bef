//! A picture from bytes to bytes. Everything here computes, on a thread that may.

use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::error::{Result, StorageError};
use crate::images::Rendered;
use crate::images::geometry::{self, Plan};
use crate::images::transform::{Output, Transform};

/// Quality of JPEG and WebP when none is given.
const QUALITY: u8 = 80;
/// And of AVIF.
const AVIF_QUALITY: u8 = 62;
/// Of 1 to 10: slower ones save few bytes and cost seconds.
const AVIF_SPEED: u8 = 9;
/// Longest side that WebP can have.
const WEBP_SIDE: u32 = 16_383;
/// What a decoder may allocate besides the pixels.
const ALLOCATIONS: u64 = 512 << 20;

/// What it may allocate for the head.
const HEAD: u64 = 8 << 20;

fn most(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(bytes);
    limits
}

/// Bytes that begin like a picture, its size known and no pixel decoded.
pub struct Source<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    format: ImageFormat,
}

impl<'a> Source<'a> {
    /// Reads the head. A picture of more than `pixels` is refused before any is decoded.
    pub fn open(bytes: &'a [u8], pixels: u64) -> Result<Self> {
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|_| StorageError::UnusableImage)?;
        let format = reader.format().ok_or(StorageError::UnusableImage)?;
        // Packed colour profiles are unpacked with the head.
        reader.limits(most(HEAD));
        let mut decoder = reader.into_decoder().map_err(|_| StorageError::UnusableImage)?;
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(StorageError::UnusableImage);
        }
        if u64::from(width) * u64::from(height) > pixels {
            return Err(StorageError::Image("The source image resolution is too large"));
        }
        decoder
            .set_limits(most(ALLOCATIONS))
            .map_err(|_| StorageError::UnusableImage)?;
        Ok(Self {
            decoder: Box::new(decoder),
            format,
        })
    }

    /// Bytes that the work may take at most.
    pub fn memory(&self) -> u64 {
        let (width, height) = self.decoder.dimensions();
        // Coefficients of a progressive JPEG take six bytes for each pixel.
        let besides = u64::from(width) * u64::from(height) * 6;
        self.decoder
            .total_bytes()
            .saturating_mul(2)
            .saturating_add(besides)
    }

    /// The picture as asked for. Of an animation it is the first frame. `is_given_up` says that nobody waits any more.
    pub fn render(
        mut self,
        transform: &Transform,
        accepts_webp: bool,
        is_given_up: &dyn Fn() -> bool,
    ) -> Result<Rendered> {
        let orientation = self.decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let profile = self.decoder.icc_profile().ok().flatten();
        let picture = DynamicImage::from_decoder(self.decoder).map_err(|_| StorageError::UnusableImage)?;
        if is_given_up() {
            return Err(StorageError::RenderTimeout);
        }
        let picture = shown(picture, orientation, transform)?;
        let picture = in_srgb(picture, profile.as_deref());
        if is_given_up() {
            return Err(StorageError::RenderTimeout);
        }
        let side = picture.width().max(picture.height());
        let format = match transform.output {
            Some(Output::WebP) => ImageFormat::WebP,
            Some(Output::Avif) => ImageFormat::Avif,
            None if accepts_webp && side <= WEBP_SIDE => ImageFormat::WebP,
            Some(Output::Origin) | None => self.format,
        };
        encode(&picture, format, transform.quality)
    }
}

/// Scaled, upright and cut.
fn shown(picture: DynamicImage, orientation: Orientation, transform: &Transform) -> Result<DynamicImage> {
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let swapped = |(width, height): (u32, u32)| {
        if is_turned {
            (height, width)
        } else {
            (width, height)
        }
    };
    let plan = geometry::plan(swapped((picture.width(), picture.height())), transform);
    let mut picture = scaled(picture, swapped(plan.scaled))?;
    // Few pixels are quicker to turn.
    picture.apply_orientation(orientation);
    if plan.cut == plan.scaled {
        return Ok(picture);
    }
    Ok(cut(&picture, &plan, transform))
}

fn cut(picture: &DynamicImage, plan: &Plan, transform: &Transform) -> DynamicImage {
    let (x, y) = plan.corner(transform.gravity.as_ref(), |across, length| {
        busiest(&details(picture, across), length)
    });
    picture.crop_imm(x, y, plan.cut.0, plan.cut.1)
}

/// How much each column (or row) differs from the one before.
fn details(picture: &DynamicImage, across: bool) -> Vec<u64> {
    let grey = picture.to_luma8();
    let (columns, rows) = grey.dimensions();
    let mut all = vec![0; if across { columns } else { rows } as usize];
    for (x, y, pixel) in grey.enumerate_pixels() {
        let left = grey.get_pixel(x.saturating_sub(1), y);
        let above = grey.get_pixel(x, y.saturating_sub(1));
        let differs = pixel.0[0]
            .abs_diff(left.0[0])
            .max(pixel.0[0].abs_diff(above.0[0]));
        if let Some(sum) = all.get_mut(if across { x } else { y } as usize) {
            *sum += u64::from(differs);
        }
    }
    all
}

/// Where a window of this length has most in it; of equal ones that nearest to the middle.
fn busiest(details: &[u64], length: u32) -> u32 {
    let length = length as usize;
    let room = details.len().saturating_sub(length);
    let mut sum: u64 = details.iter().take(length).sum();
    let sums = std::iter::once(sum).chain(details.iter().zip(details.iter().skip(length)).map(
        |(out, into)| {
            sum = sum + into - out;
            sum
        },
    ));
    let best = sums
        .enumerate()
        .max_by_key(|(start, sum)| (*sum, std::cmp::Reverse(start.abs_diff(room / 2))))
        .map(|(start, _)| start);
    best.and_then(|start| u32::try_from(start).ok())
        .unwrap_or_default()
}

/// Eight bits of each of three or four channels, in another size.
fn scaled(picture: DynamicImage, size: (u32, u32)) -> Result<DynamicImage> {
    let failed = |error: &dyn std::fmt::Display| StorageError::Internal(format!("resizing: {error}"));
    let has_alpha = picture.color().has_alpha();
    let (from, kind) = (
        (picture.width(), picture.height()),
        if has_alpha {
            PixelType::U8x4
        } else {
            PixelType::U8x3
        },
    );
    let bytes = if has_alpha {
        picture.into_rgba8().into_raw()
    } else {
        picture.into_rgb8().into_raw()
    };
    let bytes = if from == size {
        bytes
    } else {
        let source = ImageRef::new(from.0, from.1, &bytes, kind).map_err(|error| failed(&error))?;
        let mut target = Image::new(size.0, size.1, kind);
        Resizer::new()
            .resize(&source, &mut target, None)
            .map_err(|error| failed(&error))?;
        target.into_vec()
    };
    let made = if has_alpha {
        image::RgbaImage::from_raw(size.0, size.1, bytes).map(DynamicImage::ImageRgba8)
    } else {
        image::RgbImage::from_raw(size.0, size.1, bytes).map(DynamicImage::ImageRgb8)
    };
    made.ok_or_else(|| failed(&"the buffer has another size"))
}

/// Colours of a wider space would come out pale where the profile is gone. One that cannot be read changes nothing.
fn in_srgb(picture: DynamicImage, profile: Option<&[u8]>) -> DynamicImage {
    let Some(profile) = profile.and_then(|bytes| ColorProfile::new_from_slice(bytes).ok()) else {
        return picture;
    };
    if profile.color_space != DataColorSpace::Rgb {
        return picture;
    }
    let layout = if picture.color().has_alpha() {
        Layout::Rgba
    } else {
        Layout::Rgb
    };
    let srgb = ColorProfile::new_srgb();
    let Ok(transform) = profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default())
    else {
        return picture;
    };
    let mut bytes = vec![0; picture.as_bytes().len()];
    if transform.transform(picture.as_bytes(), &mut bytes).is_err() {
        return picture;
    }
    let (width, height) = (picture.width(), picture.height());
    let made = match layout {
        Layout::Rgba => image::RgbaImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8),
        _ => image::RgbImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8),
    };
    made.unwrap_or(picture)
}

fn encode(picture: &DynamicImage, format: ImageFormat, quality: Option<u8>) -> Result<Rendered> {
    let failed = |error: &dyn std::fmt::Display| StorageError::Internal(format!("encoding: {error}"));
    let (width, height) = (picture.width(), picture.height());
    let mut bytes = Vec::new();
    match format {
        ImageFormat::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, quality.unwrap_or(QUALITY))
                .write_image(picture.to_rgb8().as_raw(), width, height, ExtendedColorType::Rgb8)
                .map_err(|error| failed(&error))?;
        }
        ImageFormat::WebP => {
            let raw = picture.as_bytes();
            let encoder = if picture.color().has_alpha() {
                webp::Encoder::from_rgba(raw, width, height)
            } else {
                webp::Encoder::from_rgb(raw, width, height)
            };
            let made = encoder.encode_simple(false, f32::from(quality.unwrap_or(QUALITY)));
            bytes.extend_from_slice(&made.map_err(|_| StorageError::UnusableImage)?);
        }
        ImageFormat::Avif => bytes = avif(picture, quality.unwrap_or(AVIF_QUALITY))?,
        ImageFormat::Png => {
            let kind = if picture.color().has_alpha() {
                ExtendedColorType::Rgba8
            } else {
                ExtendedColorType::Rgb8
            };
            PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
                .write_image(picture.as_bytes(), width, height, kind)
                .map_err(|error| failed(&error))?;
        }
        // Readers of icons expect transparency.
        ImageFormat::Ico => DynamicImage::from(picture.to_rgba8())
            .write_to(&mut Cursor::new(&mut bytes), format)
            .map_err(|error| failed(&error))?,
        other => picture
            .write_to(&mut Cursor::new(&mut bytes), other)
            .map_err(|error| failed(&error))?,
    }
    Ok(Rendered {
        bytes: bytes.into(),
        mime: format.to_mime_type(),
    })
}

fn avif(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>> {
    let encoder = ravif::Encoder::new()
        .with_quality(f32::from(quality))
        .with_alpha_quality(f32::from(quality))
        .with_speed(AVIF_SPEED)
        .with_num_threads(Some(1));
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let made = if picture.color().has_alpha() {
        let pixels = picture.to_rgba8();
        let pixels: Vec<_> = pixels
            .pixels()
            .map(|p| ravif::RGBA8::new(p[0], p[1], p[2], p[3]))
            .collect();
        encoder.encode_rgba(ravif::Img::new(&pixels, width, height))
    } else {
        let pixels = picture.to_rgb8();
        let pixels: Vec<_> = pixels
            .pixels()
            .map(|p| ravif::RGB8::new(p[0], p[1], p[2]))
            .collect();
        encoder.encode_rgb(ravif::Img::new(&pixels, width, height))
    };
    made.map(|made| made.avif_file)
        .map_err(|error| StorageError::Internal(format!("encoding: {error}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::ImageConfig;

    /// Left half red, right half blue.
    fn picture(width: u32, height: u32) -> DynamicImage {
        image::RgbImage::from_fn(width, height, |x, _| {
            image::Rgb(if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] })
        })
        .into()
    }

    fn bytes(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        encode(picture, format, None).unwrap().bytes.to_vec()
    }

    fn rendered(bytes: &[u8], asked: &str, format: Option<&str>) -> Result<Rendered> {
        let transform = Transform::of_claims(Some(asked), format, &ImageConfig::default());
        Source::open(bytes, 50_000_000)?.render(&transform, false, &|| false)
    }

    #[test]
    fn every_format_is_read_and_written() {
        let picture = picture(40, 20);
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::Gif,
            ImageFormat::WebP,
            ImageFormat::Bmp,
            ImageFormat::Tiff,
            ImageFormat::Ico,
        ] {
            let source = bytes(&picture, format);
            let made =
                rendered(&source, "width:20", None).unwrap_or_else(|error| panic!("{format:?}: {error}"));
            let again = image::load_from_memory_with_format(&made.bytes, format).unwrap();
            assert_eq!((again.width(), again.height()), (20, 10), "{format:?}");
            assert_eq!(made.mime, format.to_mime_type());
            let (left, right) = (again.to_rgb8(), again.to_rgb8());
            assert!(
                left.get_pixel(2, 5)[0] > 200 && right.get_pixel(17, 5)[2] > 200,
                "{format:?}"
            );
        }
        let avif = rendered(&bytes(&picture, ImageFormat::Png), "width:20", Some("avif")).unwrap();
        assert_eq!((&avif.bytes[4..12], avif.mime), (&b"ftypavif"[..], "image/avif"));
    }

    #[test]
    fn turned_pictures_come_out_upright() {
        // Orientation 6: turn it a quarter to the right.
        let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let plain = bytes(&picture(40, 20), ImageFormat::Jpeg);
        let mut turned = plain[..2].to_vec();
        turned.extend([0xff, 0xe1, 0, u8::try_from(exif.len() + 2).unwrap()]);
        turned.extend(exif);
        turned.extend(&plain[2..]);
        for (asked, size) in [
            ("", (20, 40)),
            ("width:10", (10, 20)),
            ("width:20,height:10", (20, 10)),
        ] {
            let made = rendered(&turned, asked, None).unwrap();
            let made = image::load_from_memory(&made.bytes).unwrap().to_rgb8();
            assert_eq!(made.dimensions(), size, "{asked}");
            if asked.is_empty() {
                assert!(made.get_pixel(10, 5)[0] > 200 && made.get_pixel(10, 35)[2] > 200);
            }
        }
    }

    #[test]
    fn bombs_and_nonsense() {
        // A head that promises 60,000 × 60,000 pixels.
        let mut bomb = bytes(&picture(4, 4), ImageFormat::Png);
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(
            rendered(&bomb, "width:1", None),
            Err(StorageError::Image(_))
        ));
        let png = bytes(&picture(400, 400), ImageFormat::Png);
        for bad in [
            &b""[..],
            b"hello",
            b"<svg/>",
            &png[..png.len() / 2],
            b"\xff\xd8\xff\xe0",
        ] {
            assert!(
                matches!(rendered(bad, "width:1", None), Err(StorageError::UnusableImage)),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn the_smart_gravity_finds_the_details() {
        let mut details = vec![0; 100];
        details[70..80].fill(9);
        let start = busiest(&details, 20);
        assert!((60..=70).contains(&start), "{start}");
        assert_eq!(busiest(&[0; 10], 4), 3);
        assert_eq!(busiest(&[1], 1), 0);
    }

    #[test]
    fn nobody_waits() {
        let png = bytes(&picture(4, 4), ImageFormat::Png);
        let given_up = Source::open(&png, 16)
            .unwrap()
            .render(&Transform::default(), false, &|| true);
        assert!(matches!(given_up, Err(StorageError::RenderTimeout)));
        assert!(Source::open(&png, 15).is_err());
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| {
                if crc & 1 == 1 {
                    (crc >> 1) ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }
}

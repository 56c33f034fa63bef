//! The steps of a render one by one, with the libraries that the service uses: `image_steps PHOTO` makes a JPEG of 1600×1200
//! there and prints what each step takes on this core, as JSON. For `storage.py`.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use ferrobase_storage::images::Transform;
use ferrobase_storage::images::rendering::Source;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

const ROUNDS: u32 = 30;
const PIXELS: u64 = 50_000_000;

/// Soft areas, edges and grain, as photographs have them.
fn photo() -> RgbImage {
    let mut seed = 7_u32;
    RgbImage::from_fn(1600, 1200, |x, y| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = seed >> 28;
        let edge = if (x / 97 + y / 61) % 3 == 0 { 60 } else { 0 };
        let wave = (x % 140).abs_diff(70) + (y % 100).abs_diff(50) + 10;
        let channel = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
        image::Rgb([wave + edge + grain, wave / 2 + grain + 40, 200 - wave + grain].map(channel))
    })
}

fn milliseconds<T>(mut step: impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    step()?;
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        std::hint::black_box(step()?);
    }
    let all = begun.elapsed().as_secs_f64() * 1000.0 / f64::from(ROUNDS);
    Ok((all * 100.0).round() / 100.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("where is the photograph to be?")?;
    let mut jpeg = Vec::new();
    photo().write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 85))?;
    std::fs::write(path, &jpeg)?;
    let picture = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg)?.into_rgb8();
    let resize = || -> Result<Vec<u8>, Box<dyn Error>> {
        let source = ImageRef::new(1600, 1200, picture.as_raw(), PixelType::U8x3)?;
        let mut target = Image::new(400, 300, PixelType::U8x3);
        Resizer::new().resize(&source, &mut target, None)?;
        Ok(target.into_vec())
    };
    let small = resize()?;
    let transform = Transform {
        width: Some(400),
        ..Transform::default()
    };
    let steps = serde_json::json!({
        "jpeg_kb": jpeg.len() / 1024,
        "decode_ms": milliseconds(|| Ok(image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg)?))?,
        "resize_ms": milliseconds(resize)?,
        "encode_ms": milliseconds(|| {
            webp::Encoder::from_rgb(&small, 400, 300).encode_simple(false, 80.0).map_err(|error| format!("{error:?}").into())
        })?,
        "all_ms": milliseconds(|| Ok(Source::open(&jpeg, PIXELS)?.render(&transform, true, &|| false)?))?,
    });
    Ok(std::io::stdout().write_all(steps.to_string().as_bytes())?)
}

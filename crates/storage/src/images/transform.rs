//! What a request asks for: sizes, quality, format, gravity; as a query, in a token, in the header `X-Transformations` (§12).

use serde_json::{Value, json};

use crate::config::ImageConfig;
use crate::error::{Result, StorageError};
use crate::fields::Fields;

const RESIZES: [&str; 3] = ["cover", "contain", "fill"];
const FORMATS: [&str; 3] = ["origin", "webp", "avif"];
const GRAVITIES: [&str; 11] = [
    "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", "ce", "sm", "fp",
];

/// How a picture comes into a frame of other proportions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resize {
    /// It fills the frame, and what projects is cut off.
    Cover,
    /// All of it is in the frame.
    Contain,
    /// It is stretched.
    Fill,
}

/// A format that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// That of the source.
    Origin,
    /// WebP.
    WebP,
    /// AVIF.
    Avif,
}

/// What of a picture stays when it is cut: a place and, in millionths of the picture or in pixels, the way from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gravity {
    /// One of the original's short names.
    pub place: &'static str,
    /// The ways as they came, so that two of them can be compared.
    x: String,
    y: String,
}

impl Gravity {
    /// To the right, or inwards from the edge.
    pub fn x(&self) -> f64 {
        self.x.parse().unwrap_or_default()
    }

    /// Down, or inwards from the edge.
    pub fn y(&self) -> f64 {
        self.y.parse().unwrap_or_default()
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Transform {
    /// Pixels; `None` follows from the other one.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// `None` is [`Resize::Cover`].
    pub resize: Option<Resize>,
    /// 20 to 100.
    pub quality: Option<u8>,
    /// `None`: the source's, or WebP for clients that take it.
    pub output: Option<Output>,
    /// `None` is the middle.
    pub gravity: Option<Gravity>,
}

impl Transform {
    /// From the fields of a query or of a body's `transform`.
    pub fn of(fields: &Fields, config: &ImageConfig) -> Result<Self> {
        let pixels = |name| -> Result<Option<u32>> {
            let number = fields.integer(name, 0)?.filter(|number| *number != 0);
            Ok(number.map(|number| u32::try_from(number).unwrap_or(u32::MAX)))
        };
        let quality = fields.integer("quality", 20)?;
        if quality.is_some_and(|quality| quality > 100) {
            return Err(fields.wrong("quality", "must be <= 100"));
        }
        let made = Self {
            width: pixels("width")?,
            height: pixels("height")?,
            resize: fields.choice("resize", &RESIZES)?.and_then(resize),
            quality: quality.and_then(|quality| u8::try_from(quality).ok()),
            output: fields.choice("format", &FORMATS)?.and_then(output),
            gravity: gravity(fields)?,
        };
        Ok(made.clamped(config))
    }

    /// From the claims of a token; one without them asks for nothing. The token is ours: what it does not say right is left out.
    pub fn of_claims(transformations: Option<&str>, format: Option<&str>, config: &ImageConfig) -> Self {
        let mut made = Self {
            output: format.and_then(output),
            ..Self::default()
        };
        for (name, value) in transformations
            .unwrap_or_default()
            .split(',')
            .filter_map(|entry| entry.split_once(':'))
        {
            match name {
                "width" => made.width = value.parse().ok().filter(|number| *number != 0),
                "height" => made.height = value.parse().ok().filter(|number| *number != 0),
                "resize" => made.resize = resize(value),
                "quality" => made.quality = value.parse().ok().filter(|q| (20..=100).contains(q)),
                "format" => made.output = made.output.or(output(value)),
                "gravity" => made.gravity = gravity_of(value),
                _ => {}
            }
        }
        made.clamped(config)
    }

    fn clamped(mut self, config: &ImageConfig) -> Self {
        let clamp = |pixels: u32| pixels.clamp(config.min_size, config.max_size);
        self.width = self.width.map(clamp);
        self.height = self.height.map(clamp);
        self
    }

    /// It asks for nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The claims of a token.
    pub fn claims(&self) -> Value {
        let resize = match self.resize {
            None => "undefined",
            Some(Resize::Cover) => "cover",
            Some(Resize::Contain) => "contain",
            Some(Resize::Fill) => "fill",
        };
        let format = self.output.map_or("", |output| match output {
            Output::Origin => "origin",
            Output::WebP => "webp",
            Output::Avif => "avif",
        });
        json!({ "transformations": self.text(&format!("resize:{resize}")), "format": format })
    }

    /// The header `X-Transformations`.
    pub fn header(&self) -> String {
        self.text(match self.resize {
            None | Some(Resize::Cover) => "resizing_type:fill",
            Some(Resize::Contain) => "resizing_type:fit",
            Some(Resize::Fill) => "resizing_type:force",
        })
    }

    fn text(&self, resize: &str) -> String {
        let has_size = self.width.is_some() || self.height.is_some();
        let entries = [
            self.height.map(|pixels| format!("height:{pixels}")),
            self.width.map(|pixels| format!("width:{pixels}")),
            has_size.then(|| resize.to_owned()),
            self.quality.map(|quality| format!("quality:{quality}")),
            match self.output {
                Some(Output::WebP) => Some("format:webp".to_owned()),
                Some(Output::Avif) => Some("format:avif".to_owned()),
                Some(Output::Origin) | None => None,
            },
            self.gravity.as_ref().map(|gravity| match gravity.place {
                "sm" => "gravity:sm".to_owned(),
                place => format!("gravity:{place}:{}:{}", gravity.x, gravity.y),
            }),
        ];
        entries.into_iter().flatten().collect::<Vec<_>>().join(",")
    }
}

fn resize(text: &str) -> Option<Resize> {
    match text {
        "cover" => Some(Resize::Cover),
        "contain" => Some(Resize::Contain),
        "fill" => Some(Resize::Fill),
        _ => None,
    }
}

fn output(text: &str) -> Option<Output> {
    match text {
        "origin" => Some(Output::Origin),
        "webp" => Some(Output::WebP),
        "avif" => Some(Output::Avif),
        _ => None,
    }
}

fn gravity(fields: &Fields) -> Result<Option<Gravity>> {
    let number = |name: &str| -> Result<Option<f64>> {
        let Some(text) = fields.text(name)? else {
            return Ok(None);
        };
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(fields.wrong(name, "must be number")),
        }
    };
    let (x, y) = (number("x_offset")?, number("y_offset")?);
    let Some(place) = fields.choice("gravity", &GRAVITIES)? else {
        return Ok(None);
    };
    let is_point = |way: Option<f64>| way.is_some_and(|way| (0.0..=1.0).contains(&way));
    if place == "fp" && !(is_point(x) && is_point(y)) {
        let message = "gravity fp needs x_offset and y_offset between 0 and 1";
        return Err(StorageError::Validation(message.to_owned()));
    }
    Ok(Some(Gravity {
        place,
        x: x.unwrap_or_default().to_string(),
        y: y.unwrap_or_default().to_string(),
    }))
}

fn gravity_of(text: &str) -> Option<Gravity> {
    let mut parts = text.split(':');
    let name = parts.next()?;
    let place = GRAVITIES.iter().find(|place| **place == name)?;
    let mut way = || -> String {
        let number = parts.next().and_then(|text| text.parse::<f64>().ok());
        number
            .filter(|number| number.is_finite())
            .unwrap_or_default()
            .to_string()
    };
    Some(Gravity {
        place,
        x: way(),
        y: way(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_say_all_of_it() {
        let config = ImageConfig::default();
        let text = "height:50,width:9000,resize:fill,quality:80,gravity:fp:0.25:1";
        let made = Transform::of_claims(Some(text), Some("origin"), &config);
        assert_eq!(made.width, Some(2000));
        assert_eq!(made.output, Some(Output::Origin));
        let claims = made.claims();
        assert_eq!(claims["transformations"], text.replace("9000", "2000"));
        let again = Transform::of_claims(
            claims["transformations"].as_str(),
            claims["format"].as_str(),
            &config,
        );
        assert_eq!(made, again);
        assert_eq!(
            made.header(),
            "height:50,width:2000,resizing_type:force,quality:80,gravity:fp:0.25:1"
        );
        let odd = Transform::of_claims(Some("width:10,resize:undefined,quality:7,x"), None, &config);
        assert_eq!(odd.claims()["transformations"], "width:10,resize:undefined");
        assert!(Transform::of_claims(None, None, &config).is_empty());
    }
}

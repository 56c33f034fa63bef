//! Where a picture lies in the frame that was asked for. Nothing is enlarged.

use crate::images::transform::{Gravity, Resize, Transform};

/// A picture is scaled to a size, then cut to a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Size before it is cut: width and height.
    pub scaled: (u32, u32),
    /// Size after that.
    pub cut: (u32, u32),
}

/// How a picture of this size, which is not empty, becomes what is asked for. With one dimension given the other one follows
/// from the picture's proportions.
pub fn plan(source: (u32, u32), transform: &Transform) -> Plan {
    let (width, height) = (f64::from(source.0), f64::from(source.1));
    let across = transform.width.map(|pixels| f64::from(pixels) / width);
    let down = transform.height.map(|pixels| f64::from(pixels) / height);
    let (across, down) = match (across, down) {
        (None, None) => (1.0, 1.0),
        (Some(one), None) | (None, Some(one)) => (one, one),
        (Some(across), Some(down)) => match transform.resize.unwrap_or(Resize::Cover) {
            Resize::Cover => (across.max(down), across.max(down)),
            Resize::Contain => (across.min(down), across.min(down)),
            Resize::Fill => (across, down),
        },
    };
    // A frame larger than the picture keeps its proportions.
    let most = across.max(down).max(1.0);
    let scaled = (pixels(width * across / most), pixels(height * down / most));
    let cut = match transform.resize.unwrap_or(Resize::Cover) {
        Resize::Cover => (
            transform.width.map_or(scaled.0, |frame| frame.min(scaled.0)),
            transform.height.map_or(scaled.1, |frame| frame.min(scaled.1)),
        ),
        Resize::Contain | Resize::Fill => scaled,
    };
    Plan { scaled, cut }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates"
)]
fn pixels(number: f64) -> u32 {
    (number.round() as u32).max(1)
}

impl Plan {
    /// The upper left corner of the cut. `busy` finds the most detailed part of an axis (`true`: across) for the smart gravity.
    pub fn corner(&self, gravity: Option<&Gravity>, busy: impl Fn(bool, u32) -> u32) -> (u32, u32) {
        let room = (self.scaled.0 - self.cut.0, self.scaled.1 - self.cut.1);
        let Some(gravity) = gravity else {
            return (room.0 / 2, room.1 / 2);
        };
        match gravity.place {
            "sm" => (
                if room.0 > 0 { busy(true, self.cut.0) } else { 0 },
                if room.1 > 0 { busy(false, self.cut.1) } else { 0 },
            ),
            "fp" => (
                around(gravity.x(), self.scaled.0, self.cut.0),
                around(gravity.y(), self.scaled.1, self.cut.1),
            ),
            place => (
                from(edge(place, "we", "ea"), way(gravity.x(), self.scaled.0), room.0),
                from(edge(place, "no", "so"), way(gravity.y(), self.scaled.1), room.1),
            ),
        }
    }
}

/// -1 for the first edge, 1 for the last, 0 for the middle.
fn edge(place: &str, first: &str, last: &str) -> i8 {
    i8::from(place.ends_with(last) || place.starts_with(last))
        - i8::from(place.ends_with(first) || place.starts_with(first))
}

/// Less than one is a part of the picture, more are pixels.
fn way(offset: f64, length: u32) -> f64 {
    if offset.abs() < 1.0 {
        offset * f64::from(length)
    } else {
        offset
    }
}

fn from(edge: i8, way: f64, room: u32) -> u32 {
    let whole = f64::from(room);
    bounded(
        match edge {
            -1 => way,
            1 => whole - way,
            _ => (whole / 2.0).floor() + way,
        },
        room,
    )
}

fn around(point: f64, length: u32, cut: u32) -> u32 {
    bounded(point * f64::from(length) - f64::from(cut) / 2.0, length - cut)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within bounds"
)]
fn bounded(place: f64, room: u32) -> u32 {
    place.round().clamp(0.0, f64::from(room)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ImageConfig;

    fn asked(text: &str) -> Transform {
        Transform::of_claims(Some(text), None, &ImageConfig::default())
    }

    #[test]
    fn sizes() {
        let source = (320, 200);
        for (text, scaled, cut) in [
            ("", (320, 200), (320, 200)),
            ("width:160", (160, 100), (160, 100)),
            ("height:50,resize:contain", (80, 50), (80, 50)),
            ("width:120,height:60", (120, 75), (120, 60)),
            ("width:50,height:50,resize:contain", (50, 31), (50, 31)),
            ("width:50,height:150,resize:fill", (50, 150), (50, 150)),
            // Nothing is enlarged.
            ("width:640", (320, 200), (320, 200)),
            ("width:400,height:100", (320, 200), (320, 100)),
            ("width:640,height:640,resize:contain", (320, 200), (320, 200)),
            ("width:640,height:200,resize:fill", (320, 100), (320, 100)),
            ("width:1,height:1,resize:contain", (1, 1), (1, 1)),
        ] {
            assert_eq!(plan(source, &asked(text)), Plan { scaled, cut }, "{text}");
        }
        assert_eq!(plan((10_000, 1), &asked("width:5")).cut, (5, 1));
    }

    #[test]
    fn corners() {
        let corner = |text: &str| {
            let transform = asked(&format!("width:100,height:100,{text}"));
            plan((400, 100), &transform).corner(transform.gravity.as_ref(), |across, _| u32::from(across) * 7)
        };
        for (text, x) in [
            ("", 150),
            ("gravity:ce", 150),
            ("gravity:we", 0),
            ("gravity:noea", 300),
            ("gravity:sowe", 0),
            ("gravity:so", 150),
            ("gravity:we:20:0", 20),
            ("gravity:ea:0.1:0", 260),
            ("gravity:ea:9999:0", 0),
            ("gravity:fp:0.5:0.5", 150),
            ("gravity:fp:1:0", 300),
            ("gravity:sm", 7),
        ] {
            assert_eq!(corner(text), (x, 0), "{text}");
        }
    }
}

//! QR codes as compact SVG (auth.md 6.1).

use std::fmt::Write as _;

use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

/// Side of a module in pixels.
const MODULE: usize = 3;
/// Quiet zone on each side, in modules.
const QUIET: usize = 4;

/// Draws `text` as an SVG with one path. The client puts it unescaped into a data URI, so it contains no `#`.
pub fn svg(text: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::H)?;
    let width = code.width();
    let side = (width + 2 * QUIET) * MODULE;
    let modules = width + 2 * QUIET;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}\" height=\"{side}\" viewBox=\"0 0 {modules} {modules}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{modules}\" height=\"{modules}\" fill=\"white\"/><path fill=\"black\" d=\""
    );
    for (row, line) in code.to_colors().chunks(width).enumerate() {
        let mut column = 0;
        while column < width {
            let run = line[column..]
                .iter()
                .take_while(|&&module| module == Color::Dark)
                .count();
            if run > 0 {
                // Writing to a String cannot fail.
                let _ = write!(svg, "M{} {}h{run}v1h-{run}z", column + QUIET, row + QUIET);
            }
            column += run.max(1);
        }
    }
    svg.push_str("\"/></svg>");
    Ok(svg)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn is_one_path_and_data_uri_safe() {
        let svg = svg("otpauth://totp/a:b?secret=ABC").unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
        assert_eq!(svg.matches("<path").count(), 1);
        assert!(!svg.contains('#'));
    }

    #[test]
    fn too_long_a_text_is_an_error() {
        assert!(svg(&"x".repeat(5000)).is_err());
    }
}

//! A brand's accent color, corrected for each theme: lightness changes until the contrast is sufficient, the hue stays.
//!
//! Contrast is WCAG's, lightness is OKLCH's (Björn Ottosson, "A perceptual color space for image processing").

use std::fmt::Write;

/// A brand's color, `#RRGGBB`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accent([f64; 3]);

/// The text is not a color.
#[derive(Debug, thiserror::Error)]
#[error("write a color as #RRGGBB")]
pub struct AccentError;

/// The accent as one theme shows it.
struct Corrected {
    fill: [f64; 3],
    text: [f64; 3],
    on_fill: &'static str,
}

/// Background, surface, and second surface of each theme. The accent must be readable on all of them.
const LIGHT: [&str; 3] = ["#F6F7F9", "#FFFFFF", "#F2F4F7"];
const DARK: [&str; 3] = ["#0C0F14", "#13171E", "#1A1F28"];
const INK: &str = "#12161C";
const WHITE: &str = "#FFFFFF";

impl Accent {
    /// Reads a color.
    ///
    /// # Errors
    /// When the text is not `#` and six hex digits.
    pub fn parse(text: &str) -> Result<Self, AccentError> {
        let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or(AccentError)?;
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| AccentError);
        let [r, g, b] = [channel(0)?, channel(2)?, channel(4)?];
        Ok(Self([r, g, b].map(|channel| f64::from(channel) / 255.0)))
    }

    /// `#RRGGBB`.
    pub fn hex(self) -> String {
        hex(self.0)
    }

    /// The custom properties that a page sets on its root element.
    pub(crate) fn style(self) -> String {
        let light = self.corrected(&LIGHT, 3.0, false);
        let dark = self.corrected(&DARK, 4.5, true);
        let mut style = String::new();
        let both = |light: &str, dark: &str| format!("light-dark({light},{dark})");
        // Writing into a String does not fail.
        let _ = write!(
            style,
            "--accent:{};--accent-ink:{};--on-accent:{}",
            both(&hex(light.fill), &hex(dark.fill)),
            both(&hex(light.text), &hex(dark.text)),
            both(light.on_fill, dark.on_fill),
        );
        style
    }

    /// The background of a brand's initials, and the color of its letters.
    pub(crate) fn tile(self) -> (String, &'static str) {
        (self.hex(), if contrast(self.0, rgb(WHITE)) >= 4.5 { WHITE } else { INK })
    }

    fn corrected(self, surfaces: &[&str; 3], fill_contrast: f64, lighter: bool) -> Corrected {
        let fill = self.reach(surfaces, fill_contrast, lighter);
        let text = self.reach(surfaces, 4.5, lighter);
        let on_fill = if contrast(fill, rgb(WHITE)) >= 4.5 { WHITE } else { INK };
        Corrected { fill, text, on_fill }
    }

    /// Changes lightness in small steps until the contrast is sufficient on every surface.
    fn reach(self, surfaces: &[&str; 3], minimum: f64, lighter: bool) -> [f64; 3] {
        let (start, chroma, hue) = to_oklch(self.0);
        let step = if lighter { 0.005 } else { -0.005 };
        let enough = |color: [f64; 3]| surfaces.iter().all(|surface| contrast(color, rgb(surface)) >= minimum);
        let moved = (0..=200_i32).map(|steps| from_oklch((start + f64::from(steps) * step).clamp(0.0, 1.0), chroma, hue));
        moved.map(rounded).find(|color| enough(*color)).unwrap_or(if lighter { [1.0; 3] } else { [0.0; 3] })
    }
}

fn rgb(hex: &str) -> [f64; 3] {
    Accent::parse(hex).map_or([0.0; 3], |accent| accent.0)
}

fn hex(color: [f64; 3]) -> String {
    let [r, g, b] = color.map(|channel| (channel * 255.0).round() as u8);
    format!("#{r:02X}{g:02X}{b:02X}")
}

fn rounded(color: [f64; 3]) -> [f64; 3] {
    color.map(|channel| (channel * 255.0).round() / 255.0)
}

fn linear(channel: f64) -> f64 {
    if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

fn gamma(channel: f64) -> f64 {
    if channel <= 0.003_130_8 { channel * 12.92 } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 }
}

fn luminance(color: [f64; 3]) -> f64 {
    let [r, g, b] = color.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: [f64; 3], two: [f64; 3]) -> f64 {
    let (one, two) = (luminance(one), luminance(two));
    (one.max(two) + 0.05) / (one.min(two) + 0.05)
}

fn to_oklch(color: [f64; 3]) -> (f64, f64, f64) {
    let [r, g, b] = color.map(linear);
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    let lightness = 0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s;
    let a = 1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s;
    let b = 0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s;
    (lightness, a.hypot(b), b.atan2(a))
}

/// The sRGB color, with less chroma if screens cannot show it.
fn from_oklch(lightness: f64, chroma: f64, hue: f64) -> [f64; 3] {
    let shown = |chroma: f64| {
        let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
        let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
        [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
        ]
    };
    let inside = |color: &[f64; 3]| color.iter().all(|channel| (-0.000_1..=1.000_1).contains(channel));
    let mut fitting = (0..=40_i32).map(|steps| shown(chroma * (1.0 - f64::from(steps) / 40.0)));
    fitting.clone().find(inside).or(fitting.next_back()).unwrap_or([0.0; 3]).map(|channel| gamma(channel.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accent_is_readable_in_both_themes() {
        for text in ["#0F766E", "#B91C1C", "#FFD400", "#000000", "#FFFFFF", "#1D4ED8", "#39FF14"] {
            let accent = Accent::parse(text).unwrap();
            for (surfaces, fill, lighter) in [(&LIGHT, 3.0, false), (&DARK, 4.5, true)] {
                let corrected = accent.corrected(surfaces, fill, lighter);
                for surface in surfaces.map(rgb) {
                    assert!(contrast(corrected.fill, surface) >= fill, "{text} fill {}", hex(corrected.fill));
                    assert!(contrast(corrected.text, surface) >= 4.5, "{text} text {}", hex(corrected.text));
                }
                assert!(contrast(corrected.fill, rgb(corrected.on_fill)) >= 4.5, "{text} on {}", hex(corrected.fill));
            }
        }
    }

    #[test]
    fn a_readable_accent_stays_unchanged() {
        assert!(Accent::parse("#0F766E").unwrap().style().starts_with("--accent:light-dark(#0F766E,"));
    }

    #[test]
    fn only_six_hex_digits_are_a_color() {
        for text in ["GREEN", "#12345", "#GGGGGG", "0F766E", "#ÄÖÜ"] {
            assert!(Accent::parse(text).is_err(), "{text}");
        }
    }
}

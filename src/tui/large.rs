//! Large letters: each pixel of a font of 8 by 8 is a quarter of a cell, so that a letter is four cells wide and four high.

use font8x8::legacy::BASIC_LEGACY;

/// The width of a letter, in columns.
pub const WIDE: u16 = 4;
/// The height of a letter, in lines.
pub const HIGH: u16 = 4;

/// The blocks by the quarters that are filled: 1 top left, 2 top right, 4 bottom left, 8 bottom right.
const BLOCKS: [&str; 16] = [
    " ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█",
];

/// Returns the width of a text in large letters, in columns.
pub fn width(text: &str) -> u16 {
    text.chars().count() as u16 * WIDE
}

/// Returns the cells of a character, line by line; blank for one that the font lacks.
pub fn cells(c: char) -> [[&'static str; WIDE as usize]; HIGH as usize] {
    // Each byte is a line of pixels, the leftmost in the lowest bit.
    let pixels = BASIC_LEGACY.get(c as usize).copied().unwrap_or_default();
    std::array::from_fn(|y| {
        std::array::from_fn(|x| {
            let pair = |line: u8| usize::from(line >> (2 * x) & 3);
            BLOCKS[pair(pixels[2 * y]) | pair(pixels[2 * y + 1]) << 2]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_drawn_by_quarters() {
        let lines: Vec<String> = cells('L').iter().map(|line| line.concat()).collect();
        assert_eq!(lines, ["▜▛  ", "▐▌  ", "▐▌▗▌", "▀▀▀▘"].map(str::to_owned), "{lines:#?}");
        assert_eq!(cells('é')[0], [" "; 4]);
        assert_eq!(width("FIN_WAIT2"), 36);
    }
}

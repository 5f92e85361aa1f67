//! From what a camera gives to what a network takes: planes of bytes, resized to the bits of the desktop.

mod error;
mod resize;
#[cfg(test)]
mod tests;

use crate::shape::Shape;
pub use error::FrameError;
use resize::{Taps, VerticalTaps};

/// How a camera writes a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// A byte of brightness.
    Grey,
    /// A byte each of red, green and blue.
    Rgb888,
    /// Five bits of red, six of green and five of blue in two bytes, the one with the red first, as most
    /// cameras send them.
    Rgb565,
    /// The same, the one with the blue first, as a processor has it that read words.
    Rgb565Swapped,
}

/// A picture as a camera gives it, row by row, or a rectangle of it.
#[derive(Clone, Copy, Debug)]
pub struct CameraFrame<'a> {
    /// From the rectangle's first pixel on.
    bytes: &'a [u8],
    /// Pixels of a row of the whole.
    stride: usize,
    width: usize,
    height: usize,
    format: PixelFormat,
}

impl PixelFormat {
    /// Bytes of a pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb565 | Self::Rgb565Swapped => 2,
            Self::Rgb888 => 3,
        }
    }

    /// Channels of a pixel: 1 or 3.
    const fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            _ => 3,
        }
    }

    /// The channels of the pixel that these bytes begin with, of 0 to 255; all three are the same where it
    /// is grey. Five or six bits become eight by repeating the highest ones.
    fn channels_of(self, pixel: &[u8]) -> [u8; 3] {
        match (self, pixel) {
            (Self::Grey, &[grey, ..]) => [grey; 3],
            (Self::Rgb888, &[red, green, blue, ..]) => [red, green, blue],
            (Self::Rgb565, &[high, low, ..]) | (Self::Rgb565Swapped, &[low, high, ..]) => {
                let (red, green, blue) = (high >> 3, (high << 3 | low >> 5) & 63, low & 31);
                let wide = |five: u8| five << 3 | five >> 2;
                [wide(red), green << 2 | green >> 4, wide(blue)]
            }
            // No frame is made that has fewer bytes than its pixels take.
            _ => [0; 3],
        }
    }
}

impl<'a> CameraFrame<'a> {
    /// A picture of `width` x `height` pixels, row by row.
    ///
    /// # Errors
    ///
    /// No pixels, or more or fewer bytes than they take.
    pub const fn new(
        bytes: &'a [u8],
        width: usize,
        height: usize,
        format: PixelFormat,
    ) -> Result<Self, FrameError> {
        let needed = match width.checked_mul(height) {
            Some(pixels) => pixels.checked_mul(format.bytes()),
            None => None,
        };
        match needed {
            Some(0) => Err(FrameError::Empty { width, height }),
            Some(needed) if needed == bytes.len() => Ok(Self {
                bytes,
                stride: width,
                width,
                height,
                format,
            }),
            _ => Err(FrameError::Length {
                width,
                height,
                pixel: format.bytes(),
                given: bytes.len(),
            }),
        }
    }

    /// The rectangle of `width` x `height` pixels whose first is in this row and column, such as the square in
    /// the middle.
    ///
    /// # Errors
    ///
    /// A rectangle without pixels, or one that is not all in the picture.
    pub fn cropped(
        self,
        row: usize,
        column: usize,
        width: usize,
        height: usize,
    ) -> Result<Self, FrameError> {
        let fits = |first: usize, count: usize, all| {
            count > 0 && first.checked_add(count).is_some_and(|end| end <= all)
        };
        if !fits(row, height, self.height) || !fits(column, width, self.width) {
            return Err(FrameError::Rectangle {
                row,
                column,
                width,
                height,
                of_width: self.width,
                of_height: self.height,
            });
        }
        let first = (row * self.stride + column) * self.format.bytes();
        Ok(Self {
            bytes: &self.bytes[first..],
            width,
            height,
            ..self
        })
    }

    /// Writes the picture as a network of this input takes it, channel by channel, row by row: resized as the
    /// desktop resizes the images of a folder, each output the mean of what it covers, weighed by a triangle;
    /// colours become grey, or grey all three channels, where the network asks for it. 1 or 3 channels.
    ///
    /// # Errors
    ///
    /// Another number of channels, or of bytes, than the shape has.
    pub fn write(&self, shape: Shape, planes: &mut [u8]) -> Result<(), FrameError> {
        let channels = shape.channels as usize;
        if channels != 1 && channels != 3 {
            return Err(FrameError::Channels { channels });
        }
        let (needed, given) = (shape.elements(), planes.len());
        if needed != given || needed == 0 {
            return Err(FrameError::Input { needed, given });
        }
        match self.format.channels() {
            1 => self.write_planes::<1>(shape, planes),
            _ => self.write_planes::<3>(shape, planes),
        }
        Ok(())
    }

    /// Of frames of `C` channels.
    fn write_planes<const C: usize>(&self, shape: Shape, planes: &mut [u8]) {
        let (width, plane) = (shape.width as usize, shape.map_elements());
        for row in 0..shape.height as usize {
            let taps = VerticalTaps::new(Taps::new(row, shape.height as usize, self.height));
            for column in 0..width {
                let horizontal = Taps::new(column, width, self.width);
                let pixel = self.resized::<C>(&taps, &horizontal);
                let at = row * width + column;
                match (C, shape.channels) {
                    (3, 1) => planes[at] = luma([pixel[0], pixel[1], pixel[2]]),
                    _ => {
                        let places = planes[at..].iter_mut().step_by(plane);
                        // Of a grey frame the one channel serves all planes.
                        places
                            .zip(pixel.iter().cycle())
                            .for_each(|(place, value)| *place = *value);
                    }
                }
            }
        }
    }

    /// One pixel of the output, rounded to bytes. Sums go down each column first, then along the row.
    fn resized<const C: usize>(&self, vertical: &VerticalTaps, horizontal: &Taps) -> [u8; C] {
        let mut sums = [0.0; C];
        for column in horizontal.range() {
            let down = self.column_sums::<C>(vertical, column);
            let weight = horizontal.weight(column);
            for (sum, value) in sums.iter_mut().zip(down) {
                *sum += value * weight;
            }
        }
        sums.map(resize::nearest)
    }

    /// The weighed sums of a column.
    fn column_sums<const C: usize>(&self, vertical: &VerticalTaps, column: usize) -> [f32; C] {
        let (pixel, mut sums) = (self.format.bytes(), [0.0; C]);
        let stride = self.stride * pixel;
        let mut at = vertical.first() * stride + column * pixel;
        vertical.weigh(|weight| {
            let channels = self.format.channels_of(&self.bytes[at..]);
            for (sum, value) in sums.iter_mut().zip(channels) {
                *sum += f32::from(value) * weight;
            }
            at += stride;
        });
        sums
    }
}

/// Brightness by ITU-R BT.601, exactly the value where all three are equal: the weights add up to
/// 1000 and the division rounds to the nearest.
pub const fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 299 * red as u32 + 587 * green as u32 + 114 * blue as u32;
    ((sum + 500) / 1000) as u8
}

//! Encoded images as one block of bytes, and what a user should know of how they got there.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::error::DataError;
use super::open_image::{OwnPicture, Size};
use super::samples::{ImageShape, zeroed};
use crate::memory_gate::MemoryGate;

/// Images, all in one shape.
#[derive(Debug)]
pub(super) struct Decoded {
    /// In the order of the images.
    pub(super) pixels: Vec<u8>,
    pub(super) shape: ImageShape,
    /// The size of each image as it was encoded.
    pub(super) sizes: Vec<Size>,
    /// How many have colour as they were encoded.
    pub(super) colour: usize,
}

impl Decoded {
    /// Brings the picture that `read` gives for each image, through the gate, to `shape`; an image without
    /// one stays black.
    pub(super) fn of<T: Sync, E: From<DataError> + Send>(
        images: &[T],
        shape: ImageShape,
        read: impl for<'a> Fn(&T, &'a MemoryGate) -> Result<Option<OwnPicture<'a>>, E> + Sync,
    ) -> Result<Self, E> {
        let mut pixels = zeroed(images.len(), shape)?;
        let gate = MemoryGate::new();
        let read = images
            .par_iter()
            .zip(pixels.par_chunks_mut(shape.size()))
            .map(|(image, out)| {
                let Some(own) = read(image, &gate)? else {
                    return Ok(((0, 0), false));
                };
                own.picture.write(shape, out);
                Ok((own.size, own.picture.is_colour()))
            })
            .collect::<Result<Vec<_>, E>>()?;
        let (sizes, colour): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        Ok(Self {
            pixels,
            shape,
            sizes,
            colour: colour.into_iter().filter(|&is_colour| is_colour).count(),
        })
    }

    /// What was lost on the way, one sentence each.
    pub(super) fn notices(&self) -> Vec<String> {
        let turned_grey = (self.shape.channels == 1 && self.colour > 0).then(|| {
            let (colour, total) = (self.colour, self.sizes.len());
            format!("turned {colour} of {total} images from colour to grey")
        });
        self.resize_notice()
            .into_iter()
            .chain(turned_grey)
            .collect()
    }

    fn resize_notice(&self) -> Option<String> {
        let (width, height) = (self.shape.width, self.shape.height);
        let mut counts = BTreeMap::<Size, usize>::new();
        for &size in &self.sizes {
            *counts.entry(size).or_default() += 1;
        }
        counts.retain(|&(from_width, from_height), _| {
            (from_width as usize, from_height as usize) != (width, height)
        });
        let resized = counts.values().sum::<usize>();
        // Of several sizes, the most common one is named.
        let ((from_width, from_height), _) = counts.iter().max_by_key(|&(_, count)| count)?;
        let others = match counts.len() - 1 {
            0 => String::new(),
            1 => " and another size".into(),
            count => format!(" and {count} other sizes"),
        };
        Some(format!(
            "resized {resized} of {} images from {from_width}x{from_height}{others} to \
             {width}x{height}",
            self.sizes.len()
        ))
    }
}

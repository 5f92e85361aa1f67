//! Replaces a rectangle by noise.

use super::draws::Draws;
use crate::data::ImageShape;

/// Share of the image that is erased.
const AREA: [f64; 2] = [0.02, 0.33];
/// Height of the rectangle over its width, and its inverse.
const LONGEST: f64 = 1.0 / 0.3;
/// Rectangles drawn before an image is left whole because none of them fit into it.
const TRIES: u32 = 10;

/// Random erasing (Zhong et al. 2020), with bytes of noise in every channel.
pub(super) fn erase(image: &mut [u8], shape: ImageShape, draws: &mut Draws) {
    let Some([height, width]) = extent(shape, draws) else {
        return;
    };
    let top = draws.below((shape.height - height) as u32 + 1) as usize;
    let left = draws.below((shape.width - width) as u32 + 1) as usize;
    for map in image.chunks_exact_mut(shape.height * shape.width) {
        for row in map.chunks_exact_mut(shape.width).skip(top).take(height) {
            draws.fill(&mut row[left..left + width]);
        }
    }
}

/// Rows and columns of a rectangle, its area uniform and its aspect uniform in the logarithm.
fn extent(shape: ImageShape, draws: &mut Draws) -> Option<[usize; 2]> {
    (0..TRIES).find_map(|_| {
        let share = AREA[0] + (AREA[1] - AREA[0]) * draws.fraction();
        let area = share * (shape.height * shape.width) as f64;
        let aspect = libm::exp(draws.signed(libm::log(LONGEST)));
        let height = libm::round(libm::sqrt(area * aspect)) as usize;
        let width = libm::round(libm::sqrt(area / aspect)) as usize;
        let fits = (1..=shape.height).contains(&height) && (1..=shape.width).contains(&width);
        fits.then_some([height, width])
    })
}

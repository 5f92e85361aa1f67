//! The same work at every lane width.

use kiln::Lanes;

/// Work that is generic over the lane width.
pub trait AtWidth {
    /// Does the work in packets of `L`.
    fn run<L: Lanes>(&self);
}

/// Does the work at every width this processor has, and says which ones it lacks.
pub fn at_every_width(work: &impl AtWidth) {
    at::<f32>(work);
    #[cfg(target_arch = "x86_64")]
    {
        at::<kiln::F32x4>(work);
        at::<kiln::F32x8>(work);
        at::<kiln::F32x16>(work);
    }
}

fn at<L: Lanes>(work: &impl AtWidth) {
    if L::WIDTH.is_available() {
        work.run::<L>();
    } else {
        eprintln!("skipped {:?}: this processor lacks it", L::WIDTH);
    }
}

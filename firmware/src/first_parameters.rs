//! First parameters from a seed: the device draws them, and the build, which tells the device what
//! must come of them.

use kiln_core::{Network, Program, he_uniform_trained};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

/// Sets the trained parameters to what the seed gives all parameters of the network at their
/// places, as the desktop draws them.
///
/// # Panics
///
/// If the program is another network's, or `trained` has another length than it says.
pub fn initialise<const STEPS: usize>(
    program: &Program<STEPS>,
    network: &Network,
    trained: &mut [f32],
    seed: u64,
) {
    let mut generator = Xoshiro128PlusPlus::seed_from_u64(seed);
    let drawn = he_uniform_trained(network, program, trained, || generator.next_u32());
    assert!(drawn.is_ok(), "the buffer does not fit the program");
}

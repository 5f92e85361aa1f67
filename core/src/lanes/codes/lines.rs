//! Lines of packets made of the codes of others.

use super::CodeLanes;

/// Neighbouring packets, so many apart, whose codes go into others.
#[derive(Clone, Copy, Debug)]
pub struct PacketLine<C> {
    /// The first one's place.
    pub first: usize,
    /// Which of its codes each place of the packet that is made has, as [`CodeLanes::order`] gives it; none where
    /// another line's code comes.
    pub order: C,
}

/// Makes as many packets as `to` has steps of, each of one packet of each line: those `step` packets apart.
/// They go to the same `place` of each step.
///
/// # Panics
///
/// Lines that do not reach so far, and steps of nothing.
#[inline(always)]
pub(crate) fn merge_lines<C: CodeLanes, const N: usize>(
    proof: C,
    input: &[u32],
    lines: [PacketLine<C>; N],
    step: usize,
    to: &mut [u32],
    to_step: usize,
    place: usize,
) {
    let packets = input.len() / C::LANES;
    let count = to.len() / C::LANES / to_step;
    let reach = step.checked_mul(count.saturating_sub(1));
    for line in &lines {
        let last = reach.and_then(|reach| reach.checked_add(line.first));
        assert!(last.is_some_and(|last| last < packets) || count == 0);
    }
    let mut from = 0;
    for to in to.chunks_exact_mut(to_step * C::LANES) {
        let load = |n: usize| {
            // SAFETY: each line's last packet lies within the input, and this is the last one or comes before it.
            let own = unsafe { proof.load_unchecked(input, lines[n].first + from) };
            own.reorder(lines[n].order)
        };
        let mut codes = load(0);
        for n in 1..N {
            // Where one line has codes the others have 0.
            codes = codes.add(load(n));
        }
        codes.store(&mut to[place * C::LANES..]);
        from += step;
    }
}

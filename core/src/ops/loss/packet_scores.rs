//! Losses and hits of several packets of samples.

use super::Outcome;
use super::elementary::{exponentials, logarithm};
use crate::GROUP;
use crate::lanes::{Kernel, Lanes};

/// As [`Score`](super::Score), of packets side by side: what one packet's softmax takes is mostly waiting for the step
/// before.
pub struct PacketScores<'a, L> {
    /// packets x classes
    pub logits: &'a [L],
    pub classes: usize,
    /// One per sample; all packets but the last have as many as lanes.
    pub labels: &'a [u16],
    /// Where the samples are counted, one by one: one for each [`GROUP`] of them.
    pub outcomes: &'a mut [Outcome],
}

/// From so many classes on each sample's label's logit is loaded, instead of looking at each class.
const MANY_CLASSES: usize = 32;

impl<L: Lanes> Kernel for PacketScores<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let packets = self.labels.len().div_ceil(L::LANES);
        let mut first = 0;
        while packets - first >= 4 {
            self.some::<4>(first);
            first += 4;
        }
        while first < packets {
            self.some::<1>(first);
            first += 1;
        }
    }
}

/// What each lane's logits give.
#[derive(Clone, Copy)]
struct LaneScore<L> {
    highest: L,
    /// The class of that, the first of equals.
    best: L,
    /// The label as a number, and its logit.
    label: L,
    own: L,
}

impl<'a, L: Lanes> PacketScores<'a, L> {
    /// Some packets, of which the first is given.
    #[inline(always)]
    fn some<const P: usize>(&mut self, first: usize) {
        let (proof, classes) = (self.logits[0], self.classes);
        let mut logits = [self.logits; P];
        let mut lanes = [LaneScore::new(proof, proof); P];
        for p in 0..P {
            logits[p] = &self.logits[(first + p) * classes..][..classes];
            lanes[p] = LaneScore::new(logits[p][0], self.labels_of(first + p));
        }
        let is_short = classes < MANY_CLASSES;
        for class in 1..classes {
            let number = proof.splat(class as f32);
            for p in 0..P {
                match is_short {
                    true => lanes[p].take::<true>(logits[p][class], number),
                    false => lanes[p].take::<false>(logits[p][class], number),
                }
            }
        }
        if !is_short {
            for p in 0..P {
                lanes[p].own = self.own_logits(first + p, logits[p]);
            }
        }
        let mut sums = [proof.splat(0.0); P];
        let mut class = 0;
        // Two classes at once: of one, each step would wait for the one before.
        while P == 4 && classes - class >= 2 {
            self.add_exponentials::<P, 8>(first, class, &lanes, &mut sums);
            class += 2;
        }
        while class < classes {
            self.add_exponentials::<P, P>(first, class, &lanes, &mut sums);
            class += 1;
        }
        for p in 0..P {
            sums[p] = logarithm(sums[p]);
        }
        for p in 0..P {
            self.count(first + p, lanes[p], sums[p]);
        }
    }

    /// Adds those of as many classes from one on as `N` is times `P`.
    #[inline(always)]
    fn add_exponentials<const P: usize, const N: usize>(
        &self,
        first: usize,
        class: usize,
        lanes: &[LaneScore<L>; P],
        sums: &mut [L; P],
    ) {
        let mut below = [self.logits[0]; N];
        for n in 0..N {
            let logit = self.logits[(first + n % P) * self.classes + class + n / P];
            below[n] = logit.sub(lanes[n % P].highest);
        }
        let own = exponentials(below);
        for n in 0..N {
            sums[n % P] = sums[n % P].add(own[n]);
        }
    }

    /// The samples of a packet.
    #[inline(always)]
    fn samples(&self, packet: usize) -> &'a [u16] {
        let first = packet * L::LANES;
        &self.labels[first..self.labels.len().min(first + L::LANES)]
    }

    /// The labels of a packet as numbers; of lanes without a sample no class's.
    #[inline(always)]
    fn labels_of(&self, packet: usize) -> L {
        let mut numbers = [-1.0; 16];
        for (number, label) in numbers.iter_mut().zip(self.samples(packet)) {
            *number = f32::from(*label);
        }
        self.logits[0].load(&numbers)
    }

    /// The label's logit of each of a packet's samples.
    #[inline(always)]
    fn own_logits(&self, packet: usize, logits: &[L]) -> L {
        let (mut own, values) = ([0.0; 16], L::values(logits));
        for (lane, label) in self.samples(packet).iter().enumerate() {
            own[lane] = values[usize::from(*label) * L::LANES + lane];
        }
        self.logits[0].load(&own)
    }

    /// Counts a packet's samples in order, given the logarithms of the sums of exponentials.
    #[inline(always)]
    fn count(&mut self, packet: usize, lanes: LaneScore<L>, logarithm: L) {
        let samples = self.samples(packet).len();
        let mut losses = [0.0; 16];
        let loss = logarithm.sub(lanes.own.sub(lanes.highest));
        loss.store(&mut losses);
        let none = loss.splat(0.0);
        let mut hits = [0.0; 4];
        L::add_lanes(&[lanes.hits(), none, none, none], &mut hits);
        let outcome = &mut self.outcomes[packet * L::LANES / GROUP];
        let sum = |sum: f64, loss: &f32| sum + f64::from(*loss);
        outcome.loss_sum = losses[..samples].iter().fold(outcome.loss_sum, sum);
        outcome.correct += hits[0] as usize;
        outcome.samples += samples;
    }
}

impl<L: Lanes> LaneScore<L> {
    /// Of the first class.
    #[inline(always)]
    fn new(logit: L, label: L) -> Self {
        Self {
            highest: logit,
            best: logit.splat(0.0),
            label,
            own: logit,
        }
    }

    /// And of the next one; with `OWN` the label's logit is found on the way.
    #[inline(always)]
    fn take<const OWN: bool>(&mut self, logit: L, class: L) {
        let higher = logit.greater(self.highest);
        self.highest = logit.larger(self.highest);
        self.best = L::select(higher, class, self.best);
        if OWN {
            // The last one that is not behind the label is the label.
            self.own = L::select(class.at_most(self.label), logit, self.own);
        }
    }

    /// 1 where the label has the highest logit, else 0.
    #[inline(always)]
    fn hits(&self) -> L {
        let one = self.best.splat(1.0);
        let hit = one.zero_where(self.best.greater(self.label));
        hit.zero_where(self.label.greater(self.best))
    }
}

//! Where the outputs of a convolution over packets of codes see their input, one output behind another.

/// The places of outputs that are computed one behind another.
pub(super) struct OutputWalk {
    pub places: OutputSteps,
    /// How many they are, and in how many parts: one of each packet of samples, or one in all.
    pub count: usize,
    pub parts: usize,
    /// Which output the first one is.
    pub first: usize,
}

/// The places of outputs, row by row.
#[derive(Clone, Copy)]
pub(super) struct OutputSteps {
    pub next: usize,
    /// Outputs of a row and rows of a packet of samples, and which of them is next.
    pub counts: [usize; 2],
    pub at: [usize; 2],
    /// Packets from an output to the next, from a row's last one to the next row's first, and from a packet's of samples to
    /// the next one's.
    pub steps: [usize; 3],
}

impl OutputSteps {
    /// The same, so many packets behind.
    #[inline(always)]
    pub fn behind(mut self, packets: usize) -> Self {
        self.next += packets;
        self
    }

    /// Those of the next outputs.
    #[inline(always)]
    pub fn take<const P: usize>(&mut self) -> [usize; P] {
        let mut places = [0; P];
        if self.at[0] + P < self.counts[0] {
            for (next, place) in places.iter_mut().enumerate() {
                *place = self.next + next * self.steps[0];
            }
            self.next += P * self.steps[0];
            self.at[0] += P;
            return places;
        }
        for place in &mut places {
            *place = self.next;
            let is_row = self.at[0] + 1 == self.counts[0];
            let is_all = is_row && self.at[1] + 1 == self.counts[1];
            let step = match (is_row, is_all) {
                (false, _) => self.steps[0],
                (true, false) => self.steps[1],
                (true, true) => self.steps[2],
            };
            self.next = self.next.wrapping_add(step);
            self.at = match (is_row, is_all) {
                (false, _) => [self.at[0] + 1, self.at[1]],
                (true, false) => [0, self.at[1] + 1],
                (true, true) => [0; 2],
            };
        }
        places
    }
}

//! What the kernels ask of a packet.

/// Byte of a window all of whose values the ReLU made 0: no input gets its gradient.
pub const NO_WINNER: u8 = u8::MAX;

/// Arithmetic on packets. Every operation works lane by lane and, but for
/// [`Vector::add_product`], rounds once.
///
/// `pub` in a private module, so that it seals [`Lanes`](super::Lanes).
pub trait Vector: Copy + 'static {
    /// One truth value per lane.
    type Mask: Copy;

    /// Vector registers the processor has; kernels choose their tiles by it.
    const REGISTERS: usize;

    /// The same value in every lane. `self` only proves that there are packets here.
    fn splat(self, value: f32) -> Self;
    /// `self + other`
    fn add(self, other: Self) -> Self;
    /// `self - other`
    fn sub(self, other: Self) -> Self;
    /// `self * other`
    fn mul(self, other: Self) -> Self;
    /// `self / other`
    fn div(self, other: Self) -> Self;
    /// `self > other`; false where either is NaN.
    fn greater(self, other: Self) -> Self::Mask;
    /// `self <= other`; false where either is NaN.
    fn at_most(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// The first `LANES` values of a slice, wherever it is aligned. `self` is the proof again.
    fn load(self, values: &[f32]) -> Self;
    /// Into the first `LANES` values of a slice.
    fn store(self, values: &mut [f32]);
    /// Small whole numbers (0 to 255) as bytes, into the first `LANES` bytes of a slice.
    fn store_bytes(self, bytes: &mut [u8]);
    /// Eight packets of bytes as numbers: lane `l` of packet `p` is `rows[l][p]`. `self` is the
    /// proof again.
    fn load_columns(self, rows: &[[u8; 8]; 16]) -> [Self; 8];
    /// Which of four values won, as bytes, into the first `LANES` bytes of a slice: 0, or the last
    /// place from 1 to 3 that was `higher` than all before it, or [`NO_WINNER`] where `dead`. `self`
    /// is the proof again.
    fn store_winner(self, higher: [Self::Mask; 3], dead: Self::Mask, bytes: &mut [u8]);
    /// Where the lane's byte has any of the bits in `mask`. `self` is the proof again.
    fn has_bits(self, bytes: &[u8], mask: u8) -> Self::Mask;
    /// `self` where the lane's byte, of its bits those in `mask`, is `value`; else +0.
    fn where_bits(self, bytes: &[u8], mask: u8, value: u8) -> Self;

    /// Adds the lanes of each packet to its sum, in their order.
    fn add_lanes(packets: &[Self; 4], sums: &mut [f32; 4]);

    /// Runs a kernel with this packet's instructions enabled; `self` proves they are there.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output;

    /// `self` where the lane's byte is `byte`, else +0.
    #[inline(always)]
    fn where_byte(self, bytes: &[u8], byte: u8) -> Self {
        self.where_bits(bytes, u8::MAX, byte)
    }

    /// `self + a * b`: the product rounded, then the sum, or, by packets of the fused arithmetic,
    /// both at once. All that sums products does it by this method.
    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        self.add(a.mul(b))
    }

    /// `self + values * factor`, as [`Vector::add_product`], the factor the same in every lane and
    /// read where it lies: some processors do that in the multiplication, where to bring it into a
    /// register first would cost as much as another.
    #[inline(always)]
    fn add_scaled(self, values: Self, factor: &f32) -> Self {
        self.add_product(values, self.splat(*factor))
    }

    /// As [`Vector::add_product`], `b` read where it lies, each time: for tiles whose sums and factors
    /// are more than the processor's registers by one. A compiler would keep it in a register and
    /// a sum in memory, where each addition waits for the one before to be stored and loaded.
    #[inline(always)]
    fn add_product_from(self, a: Self, b: &Self) -> Self {
        self.add_product(a, *b)
    }

    /// `self`, computed here. Where the compiler has cut a long run of sums in two, it moves each sum's
    /// first part down to its second: then every product waits for the one before, and values that
    /// several sums share are kept in memory meanwhile. It moves nothing past this.
    #[inline(always)]
    fn pinned(self) -> Self {
        self
    }

    /// `self - a * b`, of factors whose product is an `f32`: rounded once, whether the product is rounded or not, which
    /// some processors do not take the time for.
    #[inline(always)]
    fn less_exact_product(self, a: Self, b: Self) -> Self {
        self.sub(a.mul(b))
    }

    /// The least whole number that is not below it, where the processor has an instruction for that.
    #[inline(always)]
    fn raised(self) -> Option<Self> {
        None
    }

    /// `self * 2^exponent` of a whole exponent, rounded once, where the processor has an instruction for that.
    #[inline(always)]
    fn scaled(self, _exponent: Self) -> Option<Self> {
        None
    }

    /// The larger of two; `other` where they are equal or either is NaN.
    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        Self::select(self.greater(other), self, other)
    }

    /// +0 where the mask holds, else `self`.
    #[inline(always)]
    fn zero_where(self, mask: Self::Mask) -> Self {
        Self::select(mask, self.splat(0.0), self)
    }

    /// ReLU: +0 where `self` is at most 0, else `self`; NaN stays NaN, so that it shows.
    #[inline(always)]
    fn relu(self) -> Self {
        self.zero_where(self.at_most(self.splat(0.0)))
    }
}

/// A piece of work generic over packets.
///
/// `run`, and all it calls that touches packets, must be `#[inline(always)]`: only what is
/// inlined into [`Vector::vectorize`] is compiled for its instructions.
pub trait Kernel {
    /// What the work gives back.
    type Output;
    /// Does the work.
    fn run(self) -> Self::Output;
}

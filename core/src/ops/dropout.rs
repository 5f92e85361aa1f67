pub fn dropout_key(seed: u64, step: u64, sample: u64) -> u64 {
    seed + step + sample
}
pub(crate) struct Drop<'a, L> {
    pub probability: f32,
    pub keys: &'a [u64],
    pub node: usize,
    pub values: &'a mut [L],
}
impl<L: crate::Lanes> crate::lanes::Kernel for Drop<'_, L> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let _ = (self.probability, self.keys, self.node, self.values);
    }
}

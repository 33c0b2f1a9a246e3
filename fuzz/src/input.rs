//! A fuzzer's bytes, read as numbers.

/// What is left of the input; zeros behind its end.
pub struct Input<'a>(pub &'a [u8]);

impl Input<'_> {
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        bytes[..taken.len()].copy_from_slice(taken);
        self.0 = rest;
        bytes
    }

    pub fn byte(&mut self) -> u8 {
        self.bytes::<1>()[0]
    }

    pub fn short(&mut self) -> usize {
        u16::from_le_bytes(self.bytes()).into()
    }

    pub fn word(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }
}

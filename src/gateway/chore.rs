//! What is left to do after replies, on a thread where it delays nobody.

/// A chore. Once is enough: none waits twice, or is done by two threads of a process at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Looks whether files have changed that answers depend on.
    Look,
    /// Writes down what answers have brought about.
    Record,
    /// Refreshes what pages show.
    Refresh,
}

impl Chore {
    /// All of them, in the order in which they are begun.
    pub const ALL: [Self; 3] = [Self::Look, Self::Record, Self::Refresh];
}

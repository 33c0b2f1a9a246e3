//! What can go wrong in a store, whichever keeps it: kinds that a caller acts on, and texts for the owner.

/// Why a backend could not do what was asked: its own error, whatever type that has.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong in a store. `store` is where it is, as the owner names it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, made, read or written.
    #[error("cannot {doing} the peer store {store}: {source}; {remedy}")]
    Unavailable {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        store: String,
        /// What to do about it.
        remedy: &'static str,
        /// Why.
        source: Cause,
    },
    /// There is no room for one more peer, neither in the store's limit nor where it is.
    #[error("the peer store {store} is full: {remedy}")]
    Full {
        /// The store.
        store: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Others hold it, and the caller's patience is at its end. Nothing of the call is in the store: it may
    /// be repeated.
    #[error("the peer store {store} was busy for too long; {remedy}")]
    WouldWait {
        /// The store.
        store: String,
        /// What to do about it, if it repeats.
        remedy: &'static str,
    },
    /// What it holds is broken or of another version, and the caller must not replace it.
    #[error("the peer store {store} cannot be used: {reason}; {remedy}")]
    Corrupt {
        /// The store.
        store: String,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// There is no store yet, and the caller must not make one.
    #[error("there is no peer store {store} yet; the first announce makes it")]
    Missing {
        /// Where it will be.
        store: String,
    },
    /// What is there is of another kind than the configuration says.
    #[error(
        "{store} is {}, and [store] has kind = \"{kind}\"; set kind = \"{found}\", or give \"{kind}\" a file of its own \
        (name it as `path`, or leave `path` out): until then nothing is moved or made",
        described(found)
    )]
    OtherKind {
        /// The store.
        store: String,
        /// The kind that the configuration says.
        kind: &'static str,
        /// The kind that it is.
        found: &'static str,
    },
}

/// `None` where there is no store yet.
///
/// # Errors
/// Any other than that.
pub fn if_any<T>(outcome: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match outcome {
        Err(StoreError::Missing { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// What a file of a kind is called.
fn described(kind: &str) -> &'static str {
    if kind == "sqlite" { "a SQLite file" } else { "a peer store in shared memory" }
}

//! For tests that need what not every machine allows: another user, a file system of their own.

use std::io::Write as _;

/// Says that a test proves nothing here, past the test runner, which shows only what failures say; and
/// fails it where all tests must run, as `scripts/test` has it for root.
pub fn cannot_run(test: &str, why: impl std::fmt::Display) {
    let all = std::env::var_os("TRACKER_TEST_ALL").is_some_and(|all| !all.is_empty());
    assert!(!all, "{test} cannot run: {why}");
    let _ = writeln!(std::io::stderr(), "NOT TESTED: {test}: {why}");
}

//! Another program, to which something is handed on its standard input.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that a program is handed at most: an empty pipe takes them at once (`PIPE_BUF`), also where nobody reads.
pub const MOST_INPUT: usize = 4096;

/// How often it is looked whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Why a program has not done what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It cannot be started.
    #[error("it cannot be started ({0})")]
    NotStarted(#[source] io::Error),
    /// More than [`MOST_INPUT`].
    #[error("it would be handed more than {MOST_INPUT} bytes")]
    TooMuch,
    /// It had to be ended.
    #[error("it did not end within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// It says that it has failed, or was ended by a signal.
    #[error("it ended with {0}")]
    Failed(ExitStatus),
    /// What the kernel says.
    #[error("it cannot be waited for ({0})")]
    NotWaitedFor(#[source] io::Error),
}

/// Runs a program with an empty environment, from the root folder, and hands it the input. What it writes goes nowhere: it
/// may tell a secret of the input. It has ended when this returns; what it has started itself may still run.
///
/// No thread is started for it: a CGI divides itself later, and has one thread then.
///
/// # Errors
/// [`ProgramError`], when it does not end well within the limit.
pub fn run(
    program: &Path,
    arguments: &[&str],
    input: &[u8],
    limit: Duration,
) -> Result<(), ProgramError> {
    if input.len() > MOST_INPUT {
        return Err(ProgramError::TooMuch);
    }
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let deadline = Instant::now() + limit;
    let mut child = command.spawn().map_err(ProgramError::NotStarted)?;
    if let Some(mut stdin) = child.stdin.take() {
        // Who does not read says by its status what became of it.
        let _ = stdin.write_all(input);
    }
    loop {
        match child.try_wait().map_err(ProgramError::NotWaitedFor)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(ProgramError::Failed(status)),
            None if Instant::now() < deadline => thread::sleep(LOOK_EVERY),
            None => {
                child.kill().and_then(|()| child.wait()).map_err(ProgramError::NotWaitedFor)?;
                return Err(ProgramError::TooSlow(limit));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn shell(script: &str, input: &[u8], limit: Duration) -> Result<(), ProgramError> {
        run(Path::new("/bin/sh"), &["-c", script], input, limit)
    }

    #[test]
    fn a_program_gets_its_input_and_nothing_of_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("got");
        let script = format!("cat > {0}; pwd >> {0}; env >> {0}", path.display());
        shell(&script, b"a secret\n", LIMIT).unwrap();
        let got = fs::read_to_string(path).unwrap();
        // What a shell sets by itself.
        let rest = got.lines().skip(2).find(|line| {
            !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| line.starts_with(own))
        });
        assert!(got.starts_with("a secret\n/\n") && rest.is_none(), "{got}");
    }

    #[test]
    fn what_a_program_says_by_its_end_is_told() {
        let failed = shell("exit 75", b"unread", LIMIT).unwrap_err();
        assert_eq!(failed.to_string(), "it ended with exit status: 75");
        let missing = run(Path::new("/nowhere/sendmail"), &[], b"", LIMIT);
        assert!(matches!(missing, Err(ProgramError::NotStarted(_))), "{missing:?}");
        let full = [b'x'; MOST_INPUT + 1];
        assert!(shell("exit 1", &full[1..], LIMIT).is_err_and(|it| it.to_string().contains(": 1")));
        assert!(matches!(shell("true", &full, LIMIT), Err(ProgramError::TooMuch)));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let begin = Instant::now();
        let slow = shell("exec sleep 60", b"unread", Duration::from_millis(100));
        assert!(matches!(slow, Err(ProgramError::TooSlow(_))), "{slow:?}");
        assert!(begin.elapsed() < LIMIT);
    }
}

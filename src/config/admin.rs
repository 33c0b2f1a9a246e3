//! `[admin]`: the administration in the browser.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::empty_is_none;

/// The administration in the browser.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Whether there are pages below /admin for the users that `tracker user add` or the setup page has made.
    pub enabled: bool,
    /// The program that mails codes to choose a password with: it is run as `sendmail -t -i`; none: nothing is mailed.
    #[serde(with = "empty_is_none")]
    pub sendmail: Option<Program>,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { enabled: true, sendmail: None }
    }
}

/// The whole path of a program, without arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program(PathBuf);

/// A text that is no such path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the whole path of a program; write one such as \"/usr/sbin/sendmail\", without arguments, or \"\""
)]
pub struct NotAProgram(String);

impl Program {
    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl TryFrom<String> for Program {
    type Error = NotAProgram;

    fn try_from(text: String) -> Result<Self, NotAProgram> {
        let is_one = text.starts_with('/')
            && !text.ends_with('/')
            && !text.contains(" -")
            && !text.contains(char::is_control);
        if is_one { Ok(Self(text.into())) } else { Err(NotAProgram(text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_whole_path_without_arguments() {
        let read = |text: &str| Program::try_from(text.to_owned());
        let program = read("/usr/sbin/sendmail").unwrap();
        assert_eq!(program.path(), Path::new("/usr/sbin/sendmail"));
        assert!(read("/opt/my programs/sendmail").is_ok());
        for wrong in ["sendmail", "../sendmail", "/usr/sbin/", "/usr/sbin/sendmail -t -i", "/a\0b"]
        {
            let said = read(wrong).unwrap_err().to_string();
            assert!(said.contains("without arguments"), "{said}");
        }
    }
}

//! The texts of users and groups.

use crate::catalog::UserNameError;
use crate::site::language::declared::texts;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// Users and groups.
    UserTexts {
        name_empty: &'static str,
        name_lines: &'static str,
        name_long: &'static str,
    }
}

impl UserTexts {
    /// What is wrong with a name.
    pub(in crate::site) fn name_error(&self, problem: UserNameError) -> &'static str {
        match problem {
            UserNameError::Empty => self.name_empty,
            UserNameError::SeveralLines => self.name_lines,
            UserNameError::Long => self.name_long,
        }
    }
}

pub(super) const ENGLISH: UserTexts = UserTexts {
    name_empty: "Write a name.",
    name_lines: "Write the name in one line.",
    name_long: "Write a name of 64 characters at most.",
};

pub(super) const RUSSIAN: UserTexts = UserTexts {
    name_empty: "Напишите имя.",
    name_lines: "Напишите имя в одну строку.",
    name_long: "Напишите имя не длиннее 64 знаков.",
};

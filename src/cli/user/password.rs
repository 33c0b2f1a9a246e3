//! `tracker user password` and `password-code`: how somebody gets a password.

use std::io::{self, IsTerminal as _, Read as _};

use super::{change, find};
use crate::accounts::{HashingTurn, MailAddress, Password, PasswordCode, PasswordHash};
use crate::catalog::{User, UserName};
use crate::cli::{CommandError, World};
use crate::config::LoadedConfig;
use crate::platform::terminal::Harmless;
use crate::site::{PasswordMail, PasswordMailError, admin_page};

/// Bytes of a password that are read at most.
const MOST_BYTES: u64 = 4096;

/// Give a user a new password, which ends all of their sessions and tokens
#[derive(Debug, clap::Args)]
pub struct PasswordArguments {
    /// The user
    name: UserName,
    #[command(flatten)]
    password: NewPassword,
}

/// Where a new password comes from.
#[derive(Debug, clap::Args)]
pub(super) struct NewPassword {
    /// Read the password from standard input, instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    /// Set none: a code of `tracker user password-code` lets them choose one
    #[arg(long, conflicts_with = "password_stdin")]
    no_password: bool,
}

impl PasswordArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.load_owner_config()?;
        let hash = self.password.hash(self.name.as_str(), &loaded)?;
        change(world, |catalog, author| {
            let user = find(catalog, &self.name)?;
            Ok(catalog.set_password(user.id, hash.as_deref(), author)?)
        })?;
        let told = if hash.is_some() { "has a new password" } else { "has no password" };
        world.print(format_args!(
            "{}: {told}, and neither session nor token\n",
            Harmless(&self.name)
        ))
    }
}

impl NewPassword {
    /// The hash of a password that is asked for or read; `None` where there is to be none.
    pub(super) fn hash(
        &self,
        user: &str,
        loaded: &LoadedConfig,
    ) -> Result<Option<String>, CommandError> {
        if self.no_password {
            return Ok(None);
        }
        let typed = if self.password_stdin { read() } else { ask() };
        let typed = typed.map_err(|problem| {
            CommandError::Failed(format!(
                "cannot read the password: {problem}; without a terminal, give it with --password-stdin"
            ))
        })?;
        let typed = typed.ok_or_else(|| {
            CommandError::Failed("the two passwords are not the same; nothing was changed".into())
        })?;
        let failed = |problem: &dyn std::fmt::Display| {
            CommandError::Failed(format!("{problem}; nothing was changed"))
        };
        let password = Password::new(&typed, user).map_err(|problem| failed(&problem))?;
        let turn = HashingTurn::wait_for(&loaded.config.paths.catalog)
            .map_err(|problem| failed(&problem))?;
        let hash = PasswordHash::of(&password).map_err(|problem| failed(&problem))?;
        drop(turn);
        Ok(Some(hash.as_str().to_owned()))
    }
}

/// Asks for a password twice, without showing it; `None` where they differ.
fn ask() -> io::Result<Option<String>> {
    if !io::stdin().is_terminal() {
        return Err(io::Error::other("standard input is no terminal"));
    }
    let first = rpassword::prompt_password("New password: ")?;
    let second = rpassword::prompt_password("The same again: ")?;
    Ok((first == second).then_some(first))
}

/// Reads a password from standard input; the end of its line is not part of it.
fn read() -> io::Result<Option<String>> {
    let mut text = String::new();
    io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Some(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// Make a code with which somebody chooses a new password within a day
#[derive(Debug, clap::Args)]
pub struct PasswordCodeArguments {
    /// The user
    name: UserName,
    /// Mail the code there, by the program that `admin.sendmail` names, instead of printing it
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<MailAddress>,
}

impl PasswordCodeArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.load_owner_config()?;
        if self.mail.is_some() && loaded.config.admin.sendmail.is_none() {
            return Err(CommandError::Failed(PasswordMailError::NoProgram.to_string()));
        }
        let (user, code) = make_code(&self.name, world)?;
        let page = admin_address(&loaded, "password");
        let (name, page) = (Harmless(&self.name), Harmless(&page));
        let Some(to) = &self.mail else {
            return world.print(format_args!(
                "{name}: chooses a password within a day at {page}\nwith the code {code}\n"
            ));
        };
        let language = loaded.config.pages.languages.first();
        let mail = PasswordMail { user: &user, code: &code, to, language };
        mail.send(&loaded).map_err(|problem| {
            CommandError::Failed(format!(
                "{problem}; without --mail the next code is printed, for you to hand on"
            ))
        })?;
        change(world, |catalog, author| {
            Ok(catalog.note_mailed_password_code(user.id, to.as_str(), author)?)
        })?;
        world.print(format_args!(
            "{name}: chooses a password within a day at {page}\nwith the code that was handed to the mail program\n"
        ))
    }
}

/// Makes a code with which somebody chooses a password.
fn make_code(name: &UserName, world: &mut World<'_>) -> Result<(User, PasswordCode), CommandError> {
    let code = PasswordCode::generate()
        .map_err(|problem| CommandError::Failed(format!("cannot make a code: {problem}")))?;
    let until = world.now + PasswordCode::LASTS;
    change(world, |catalog, author| {
        let user = find(catalog, name)?;
        catalog.add_password_code(user.id, &code.digest(), until, author)?;
        Ok(user)
    })
    .map(|user| (user, code))
}

/// Where a page of the administration is.
fn admin_address(loaded: &LoadedConfig, page: &str) -> String {
    let address = admin_page(loaded, page);
    match &loaded.config.paths.script_url {
        Some(_) => address,
        None => format!("{address} below the tracker's address"),
    }
}

/// Says where somebody signs in, or how they get a password.
pub(super) fn tell_what_is_next(
    name: &UserName,
    has_password: bool,
    loaded: &LoadedConfig,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    if !loaded.config.admin.enabled {
        return world.print(
            "the administration is off: set `enabled = true` in [admin] to have it in the browser\n",
        );
    }
    if !has_password {
        let name = Harmless(name);
        return world.print(format_args!(
            "`tracker user password-code {name}` makes a code with which to choose a password\n"
        ));
    }
    world.print(format_args!("sign in at {}\n", Harmless(admin_address(loaded, ""))))
}

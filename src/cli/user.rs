//! `tracker user`: who may administer, and who is a member.

mod add;
mod edit;
mod password;
mod token;

use serde_json::{Value, json};

use super::{CommandError, World};
use crate::accounts::Secrets;
use crate::catalog::{Author, Catalog, Role, User, UserError, UserName};
use crate::config::lay_out_missing;
use crate::platform::process;
use crate::platform::terminal::Harmless;
use crate::site::{clock, in_words};

/// People who administer the site in a browser, and members
#[derive(Debug, clap::Subcommand)]
pub enum UserCommand {
    Add(add::AddArguments),
    /// List the users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Edit(edit::EditArguments),
    Password(password::PasswordArguments),
    PasswordCode(password::PasswordCodeArguments),
    /// End all sessions of a user in browsers
    SignOut {
        /// The user
        name: UserName,
    },
    /// Have somebody need one-time codes no longer, as when they have lost what makes them
    NoCodes {
        /// The user
        name: UserName,
    },
    Token(token::TokenArguments),
    Tokens(token::TokensArguments),
    /// Have all cookies be signed with a new key. The one of before counts for a day, so that nobody has to sign in again
    RotateKeys,
    /// Remove a user; in what they have done their name becomes a number
    Remove {
        /// The user
        name: UserName,
    },
}

impl UserCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Add(arguments) => arguments.run(world),
            Self::List { json } => list(json, world),
            Self::Edit(arguments) => arguments.run(world),
            Self::Password(arguments) => arguments.run(world),
            Self::PasswordCode(arguments) => arguments.run(world),
            Self::SignOut { name } => {
                change(world, |catalog, author| {
                    let user = find(catalog, &name)?;
                    Ok(catalog.sign_user_out(user.id, author)?)
                })?;
                world.print(format_args!("{}: has to sign in again\n", Harmless(&name)))
            }
            Self::NoCodes { name } => {
                let was_needed = change(world, |catalog, author| {
                    let user = find(catalog, &name)?;
                    Ok(catalog.require_no_codes(user.id, author)?)
                })?;
                let told = if was_needed {
                    "needs no one-time codes any more"
                } else {
                    "needs no one-time codes; nothing had to be done"
                };
                world.print(format_args!("{}: {told}\n", Harmless(&name)))
            }
            Self::Token(arguments) => arguments.run(world),
            Self::Tokens(arguments) => arguments.run(world),
            Self::RotateKeys => {
                let loaded = world.load_owner_config()?;
                Secrets::rotate(&loaded.config.paths.catalog, world.now)
                    .map_err(|problem| CommandError::Failed(problem.to_string()))?;
                world.print(
                    "cookies are signed with a new key; the one of before counts for a day more\n",
                )
            }
            Self::Remove { name } => {
                change(world, |catalog, author| {
                    let user = find(catalog, &name)?;
                    Ok(catalog.remove_user(user.id, author)?)
                })?;
                world.print(format_args!("{}: is removed\n", Harmless(&name)))
            }
        }
    }
}

/// Changes users. Nothing that is published tells of them.
pub(super) fn change<T>(
    world: &World<'_>,
    change: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let loaded = world.load_owner_config()?;
    if !loaded.config.paths.catalog.exists() {
        lay_out_missing(&loaded)?;
    }
    let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
    let name = process::person();
    change(&mut catalog, &Author { name: &name, at: clock() })
}

/// The user of a name.
fn find(catalog: &Catalog, name: &UserName) -> Result<User, CommandError> {
    catalog.user_named(name)?.ok_or_else(|| UserError::Unknown.into())
}

fn role(text: &str) -> Result<Role, String> {
    let names: Vec<&str> = Role::ALL.map(Role::name).to_vec();
    Role::named(text).ok_or_else(|| format!("it is one of {}", names.join(", ")))
}

fn list(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_owner_config()?;
    let users = Catalog::read(&loaded.config.paths.catalog)?.users()?;
    if json {
        return world.print_json(&users.iter().map(user_json).collect());
    }
    if users.is_empty() {
        return world.print("there are no users; `tracker user add NAME` makes the first one\n");
    }
    for user in &users {
        let mut notes = vec![user.role.name().to_owned()];
        if !user.groups.is_empty() {
            notes.push(format!("groups: {}", user.groups.join(", ")));
        }
        notes.push(match user.last_login {
            Some(at) => format!("signed in {} ago", in_words(world.now.since(at))),
            None => "has not signed in".to_owned(),
        });
        let states = [
            (user.is_disabled, "disabled"),
            (user.password.is_none(), "no password"),
            (user.totp_secret.is_some(), "one-time codes"),
        ];
        notes.extend(states.iter().filter(|(is, _)| *is).map(|(_, note)| (*note).to_owned()));
        let (name, notes) = (Harmless(&user.name), notes.join("; "));
        world.print(format_args!("{name}  {}\n", Harmless(&notes)))?;
    }
    Ok(())
}

fn user_json(user: &User) -> Value {
    json!({
        "name": user.name.as_str(),
        "role": user.role.name(),
        "groups": user.groups,
        "disabled": user.is_disabled,
        "has_password": user.password.is_some(),
        "one_time_codes": user.totp_secret.is_some(),
        "language": user.language,
        "created": user.created.0,
        "last_login": user.last_login.map(|at| at.0),
    })
}

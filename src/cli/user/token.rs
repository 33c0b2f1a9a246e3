//! `tracker user token` and `tokens`: what programs show at the API in the place of a user's password.

use serde_json::{Value, json};

use super::{change, find};
use crate::accounts::{ApiToken, Scopes};
use crate::catalog::{Catalog, NewToken, Token, UserName};
use crate::cli::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::protocol::Seconds;
use crate::site::{counted, in_words};

/// Make a token with which a program uses the API in a user's name; it is shown once
#[derive(Debug, clap::Args)]
pub struct TokenArguments {
    /// The user; a token may never do more than they
    name: UserName,
    /// What it is for, such as the name of the program
    #[arg(long, default_value = "API")]
    label: UserName,
    /// What it may: some of `read`, `torrents`, `bans`, `clients` and `users`, with commas between
    #[arg(long, default_value = "read")]
    scope: Scopes,
    /// For how many days: 7, 30, 90 or 365
    #[arg(long = "for", value_name = "DAYS", default_value = "90", value_parser = lasts)]
    lasts: Seconds,
}

/// List the tokens of a user, or remove one or all of them
#[derive(Debug, clap::Args)]
pub struct TokensArguments {
    /// The user
    name: UserName,
    /// Remove the token with this number
    #[arg(long, value_name = "NUMBER", conflicts_with = "json")]
    remove: Option<i64>,
    /// Remove all of them
    #[arg(long, conflicts_with_all = ["json", "remove"])]
    remove_all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl TokenArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let token = ApiToken::generate()
            .map_err(|problem| CommandError::Failed(format!("cannot make a token: {problem}")))?;
        let until = world.now + self.lasts;
        change(world, |catalog, author| {
            let user = find(catalog, &self.name)?;
            let new = NewToken {
                digest: &token.digest(),
                label: self.label.as_str(),
                scope: &self.scope.to_string(),
                until: Some(until),
            };
            Ok(catalog.add_token(user.id, &new, author)?)
        })?;
        let (name, label) = (Harmless(&self.name), Harmless(&self.label));
        world.print(format_args!(
            "{name}: has a token for {label} ({}), which is shown only now\n{token}\n",
            self.scope
        ))
    }
}

impl TokensArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        if let Some(number) = self.remove {
            return remove(number, &self.name, world);
        }
        if self.remove_all {
            let removed = change(world, |catalog, author| {
                let user = find(catalog, &self.name)?;
                Ok(catalog.remove_tokens(user.id, author)?)
            })?;
            let removed = counted(removed, "token");
            return world.print(format_args!("{}: {removed} removed\n", Harmless(&self.name)));
        }
        let loaded = world.load_owner_config()?;
        let catalog = Catalog::read(&loaded.config.paths.catalog)?;
        let tokens = catalog.tokens(Some(find(&catalog, &self.name)?.id))?;
        if self.json {
            return world.print_json(&tokens.iter().map(token_json).collect());
        }
        if tokens.is_empty() {
            return world.print("there are no tokens; `tracker user token NAME` makes one\n");
        }
        tokens.iter().try_for_each(|token| print(token, world))
    }
}

fn print(token: &Token, world: &mut World<'_>) -> Result<(), CommandError> {
    let until = match token.until {
        Some(until) if until <= world.now => "over".to_owned(),
        Some(until) => format!("{} left", in_words(until.since(world.now))),
        None => "without end".to_owned(),
    };
    let used = match token.last_used {
        Some(at) => format!("used {} ago", in_words(world.now.since(at))),
        None => "not used".to_owned(),
    };
    let (id, label, scope) = (token.id, Harmless(&token.label), Harmless(&token.scope));
    world.print(format_args!("{id}  {label}  {scope}; {until}; {used}\n"))
}

fn remove(number: i64, name: &UserName, world: &mut World<'_>) -> Result<(), CommandError> {
    let was_there = change(world, |catalog, author| {
        let user = find(catalog, name)?;
        Ok(catalog.remove_token(number, Some(user.id), author)?)
    })?;
    let name = Harmless(name);
    if was_there {
        return world.print(format_args!("{name}: token {number} is removed\n"));
    }
    Err(CommandError::Failed(format!(
        "{name} has no token {number}; `tracker user tokens {name}` shows all"
    )))
}

fn lasts(text: &str) -> Result<Seconds, String> {
    let lasts = text.parse().ok().and_then(ApiToken::lasts);
    lasts.ok_or_else(|| "it is 7, 30, 90 or 365".to_owned())
}

fn token_json(token: &Token) -> Value {
    json!({
        "number": token.id,
        "label": token.label,
        "scope": token.scope,
        "created": token.created.0,
        "until": token.until.map(|at| at.0),
        "last_used": token.last_used.map(|at| at.0),
    })
}

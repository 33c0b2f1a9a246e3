//! People who administer, and members: who they are, what they may, and what tells that somebody is one of them.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};

use super::changes::{self, Noted};
use super::count::Count;
use super::groups::NoGroup;
use super::user_id::UserId;
use super::user_name::UserName;
use super::{Author, Catalog, CatalogError, groups};
use crate::protocol::Timestamp;

/// What a user may, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Administrator,
    /// Torrents of their groups.
    Editor,
    /// To look.
    Viewer,
    /// To announce where announces need a passkey; nothing in the administration but their own account.
    Member,
}

impl Role {
    /// All of them, from who may most to who may least.
    pub const ALL: [Self; 4] = [Self::Administrator, Self::Editor, Self::Viewer, Self::Member];

    /// Its name in commands, forms and the catalogue.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Administrator => "admin",
            Self::Editor => "editor",
            Self::Viewer => "viewer",
            Self::Member => "member",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// As they call themselves.
    pub name: UserName,
    /// What they may.
    pub role: Role,
    /// The hash of the password, as `accounts::PasswordHash` writes it; without one nobody can sign in.
    pub password: Option<String>,
    /// Sessions of an earlier one are over.
    pub epoch: u32,
    /// Whether they may not sign in.
    pub is_disabled: bool,
    /// The language of their pages, as the configuration names it; none: that of their browser.
    pub language: Option<String>,
    /// The secret of their one-time codes; none: they need none.
    pub totp_secret: Option<[u8; 20]>,
    /// The last step of time whose code was used.
    pub totp_last_step: Option<u64>,
    /// When they were added.
    pub created: Timestamp,
    /// When they signed in last.
    pub last_login: Option<Timestamp>,
    /// Their groups, as these are written, in order.
    pub groups: Vec<String>,
    /// Counts changes, so that of two who save at once the second one notices.
    pub version: u64,
}

/// What can be changed of a user by somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDetails {
    /// What they may.
    pub role: Role,
    /// Their groups.
    pub groups: Vec<String>,
    /// Whether they may not sign in.
    pub is_disabled: bool,
    /// The language of their pages; none: that of their browser.
    pub language: Option<String>,
}

/// Why a user is not as was wanted.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The catalogue cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Somebody is called so.
    #[error("there is a user {0} already; choose another name")]
    NameTaken(UserName),
    /// Nobody is called so, or not any more.
    #[error("there is no such user; `tracker user list` shows all")]
    Unknown,
    /// Nobody could administer any more.
    #[error(
        "this is the last administrator who can sign in; make somebody else an administrator first"
    )]
    LastAdministrator,
    /// There is no such group.
    #[error(transparent)]
    NoGroup(#[from] NoGroup),
    /// Somebody else has changed the user meanwhile.
    #[error("somebody else has changed this user meanwhile; look at it again before you change it")]
    ChangedMeanwhile,
}

impl UserDetails {
    /// What counts for somebody new with a role.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self { role, groups: Vec::new(), is_disabled: false, language: None }
    }

    fn in_words(&self) -> String {
        let mut words = format!("role: {}", self.role.name());
        if !self.groups.is_empty() {
            words += &format!("; groups: {}", self.groups.join(", "));
        }
        if self.is_disabled {
            words += "; disabled";
        }
        if let Some(language) = &self.language {
            words += &format!("; language: {language}");
        }
        words
    }
}

impl User {
    /// What somebody else can change.
    #[must_use]
    pub fn details(&self) -> UserDetails {
        UserDetails {
            role: self.role,
            groups: self.groups.clone(),
            is_disabled: self.is_disabled,
            language: self.language.clone(),
        }
    }

    /// Whether they can administer everything.
    pub(super) fn can_administer(&self) -> bool {
        self.role == Role::Administrator && !self.is_disabled && self.password.is_some()
    }
}

/// What is noted when a password code was mailed; the address stands behind it.
pub(super) const MAILED: &str = "mail password code";

impl Catalog {
    /// All users, by their names.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn users(&self) -> Result<Vec<User>, CatalogError> {
        let read = || {
            let mut query =
                self.connection.prepare(&format!("{SELECT} FROM users ORDER BY name_key"))?;
            let mut users = query.query_map([], user_of)?.collect::<rusqlite::Result<Vec<_>>>()?;
            for user in &mut users {
                user.groups = groups::of(&self.connection, user.id)?;
            }
            Ok(users)
        };
        read().map_err(self.failed("read the users from"))
    }

    /// Whether there is any user.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn has_users(&self) -> Result<bool, CatalogError> {
        self.connection
            .query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))
            .map_err(self.failed("read the users from"))
    }

    /// Whether the site had no users from its beginning: it was not made by a tracker without any.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn is_new_site(&self) -> Result<bool, CatalogError> {
        let has = "SELECT EXISTS (SELECT 1 FROM settings WHERE key = 'is_new')";
        self.connection
            .query_row(has, [], |row| row.get(0))
            .map_err(self.failed("read the settings from"))
    }

    /// The user with a number.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn user(&self, id: UserId) -> Result<Option<User>, CatalogError> {
        find(&self.connection, id).map_err(self.failed("read a user from"))
    }

    /// The user with a name, however its letters are written.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn user_named(&self, name: &UserName) -> Result<Option<User>, CatalogError> {
        id_of(&self.connection, name)
            .and_then(|id| match id {
                Some(id) => find(&self.connection, id),
                None => Ok(None),
            })
            .map_err(self.failed("read a user from"))
    }

    /// Adds a user, with the hash of a password where there is one already.
    ///
    /// # Errors
    /// When the name is taken, a group is not there, or the catalogue cannot be written; then nothing was changed.
    pub fn add_user(
        &mut self,
        name: &UserName,
        details: &UserDetails,
        password: Option<&str>,
        author: &Author<'_>,
    ) -> Result<UserId, UserError> {
        self.change_users("add a user to", |transaction| {
            if id_of(transaction, name)?.is_some() {
                return Ok(Err(UserError::NameTaken(name.clone())));
            }
            transaction.execute(
                ADD,
                (name.as_str(), name.key(), details.role.name(), password, Count(author.at.0)),
            )?;
            let id = UserId(transaction.last_insert_rowid());
            if let Err(problem) = put(transaction, id, details)? {
                return Ok(Err(problem));
            }
            let after = details.in_words();
            let noted = Noted {
                what: "add user",
                subject: name.as_str(),
                before: None,
                after: Some(&after),
            };
            changes::note(transaction, author, &noted)?;
            Ok(Ok(id))
        })
    }

    /// Has somebody be as said from now on. Who may less than before has to sign in again. With a version, only if
    /// nobody else has changed them since.
    ///
    /// # Errors
    /// When nobody would be left who can administer, a group is not there, somebody else has changed the user, or the
    /// catalogue cannot be written; then nothing was changed.
    pub fn change_user(
        &mut self,
        id: UserId,
        version: Option<u64>,
        details: &UserDetails,
        author: &Author<'_>,
    ) -> Result<(), UserError> {
        self.change_users("change a user in", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            if version.is_some_and(|version| version != user.version) {
                return Ok(Err(UserError::ChangedMeanwhile));
            }
            let before = user.details();
            if before == *details {
                return Ok(Ok(()));
            }
            if let Err(problem) = put(transaction, id, details)? {
                return Ok(Err(problem));
            }
            if details.role != user.role || details.is_disabled {
                end_sessions(transaction, id)?;
            }
            if user.can_administer() && !somebody_can_administer(transaction)? {
                return Ok(Err(UserError::LastAdministrator));
            }
            let (before, after) = (before.in_words(), details.in_words());
            note(transaction, author, "edit user", &user.name, (Some(&before), Some(&after)))?;
            Ok(Ok(()))
        })
    }

    /// Removes a user with all that tells who they are: their name in what they have done becomes a number.
    ///
    /// # Errors
    /// When nobody would be left who can administer, or the catalogue cannot be written; then nothing was changed.
    pub fn remove_user(&mut self, id: UserId, author: &Author<'_>) -> Result<User, UserError> {
        self.change_users("remove a user from", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            transaction.execute("DELETE FROM users WHERE id = ?1", [id.0])?;
            if user.can_administer() && !somebody_can_administer(transaction)? {
                return Ok(Err(UserError::LastAdministrator));
            }
            let (name, number) = (user.name.as_str(), format!("removed user {}", id.0));
            transaction.execute("UPDATE changes SET who = ?2 WHERE who = ?1", (name, &number))?;
            transaction
                .execute("UPDATE changes SET subject = ?2 WHERE subject = ?1", (name, &number))?;
            transaction.execute("DELETE FROM logins WHERE name = ?1", [name])?;
            transaction.execute(
                "UPDATE changes SET after = NULL WHERE what = ?1 AND subject = ?2",
                (MAILED, &number),
            )?;
            let author_name = if author.name == name { &number } else { author.name };
            let author = Author { name: author_name, at: author.at };
            let noted = Noted { what: "remove user", subject: &number, ..Noted::default() };
            changes::note(transaction, &author, &noted)?;
            Ok(Ok(user))
        })
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// When the catalogue cannot be written.
    pub fn end_sessions(&mut self, id: UserId) -> Result<(), CatalogError> {
        self.write("end sessions in", |transaction| end_sessions(transaction, id))
    }

    /// Changes users in one transaction, which is undone when that ends in an error.
    pub(super) fn change_users<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<T, UserError>>,
    ) -> Result<T, UserError> {
        let mut refused = None;
        let written = self.write(doing, |transaction| match work(transaction)? {
            Ok(done) => Ok(done),
            Err(problem) => {
                refused = Some(problem);
                Err(rusqlite::Error::ExecuteReturnedResults)
            }
        });
        match (written, refused) {
            (_, Some(problem)) => Err(problem),
            (Ok(done), None) => Ok(done),
            (Err(problem), None) => Err(problem.into()),
        }
    }
}

/// Notes a change of a user.
pub(super) fn note(
    transaction: &Transaction<'_>,
    author: &Author<'_>,
    what: &str,
    name: &UserName,
    (before, after): (Option<&str>, Option<&str>),
) -> rusqlite::Result<()> {
    let noted = Noted { what, subject: name.as_str(), before, after };
    changes::note(transaction, author, &noted)
}

/// Writes what somebody else can change.
fn put(
    transaction: &Transaction<'_>,
    id: UserId,
    details: &UserDetails,
) -> rusqlite::Result<Result<(), UserError>> {
    let UserDetails { role, groups, is_disabled, language } = details;
    transaction.execute(PUT, (id.0, role.name(), is_disabled, language))?;
    Ok(groups::put(transaction, id, groups)?.map_err(UserError::from))
}

pub(super) fn end_sessions(transaction: &Transaction<'_>, id: UserId) -> rusqlite::Result<()> {
    let end = "UPDATE users SET epoch = epoch + 1, version = version + 1 WHERE id = ?1";
    transaction.execute(end, [id.0]).map(|_| ())
}

pub(super) fn somebody_can_administer(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(CAN_ADMINISTER, [], |row| row.get(0))
}

fn id_of(connection: &Connection, name: &UserName) -> rusqlite::Result<Option<UserId>> {
    let find = "SELECT id FROM users WHERE name_key = ?1";
    connection.query_row(find, [name.key()], |row| row.get(0).map(UserId)).optional()
}

pub(super) fn find(connection: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    let find = format!("{SELECT} FROM users WHERE id = ?1");
    let user = connection.query_row(&find, [id.0], user_of).optional()?;
    user.map(|user| Ok(User { groups: groups::of(connection, id)?, ..user })).transpose()
}

fn user_of(row: &Row<'_>) -> rusqlite::Result<User> {
    let (name, role) = (row.get::<_, String>(1)?, row.get::<_, String>(2)?);
    let time = |at: Option<Count>| at.map(|Count(at)| Timestamp(at));
    Ok(User {
        id: UserId(row.get(0)?),
        // The tables' own checks keep out what is neither.
        name: UserName::of_catalogue(name),
        role: Role::named(&role).unwrap_or(Role::Member),
        password: row.get(3)?,
        epoch: row.get(4)?,
        is_disabled: row.get(5)?,
        language: row.get(6)?,
        totp_secret: row.get(7)?,
        totp_last_step: row.get::<_, Option<Count>>(8)?.map(|Count(step)| step),
        created: row.get(9).map(|Count(at)| Timestamp(at))?,
        last_login: time(row.get(10)?),
        groups: Vec::new(),
        version: row.get(11).map(|Count(version)| version)?,
    })
}

const SELECT: &str = "SELECT id, name, role, password, epoch, disabled, language, totp_secret,
    totp_last_step, created, last_login, version";

const ADD: &str =
    "INSERT INTO users (name, name_key, role, password, created) VALUES (?1, ?2, ?3, ?4, ?5)";

const PUT: &str = "
    UPDATE users SET role = ?2, disabled = ?3, language = ?4, version = version + 1 WHERE id = ?1";

const CAN_ADMINISTER: &str = "
    SELECT EXISTS (SELECT 1 FROM users
        WHERE role = 'admin' AND disabled = 0 AND password IS NOT NULL)";

#[cfg(test)]
mod tests;

//! What programs show at the API in the place of a password, and what it lets them do.

use std::{fmt, io};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

use super::Permission;
use crate::catalog::{Digest, Role};
use crate::platform::order::Order as _;
use crate::platform::random;
use crate::protocol::Seconds;

/// How a token begins, so that programs that look for secrets find it.
const PREFIX: &str = "tct_";

/// 256 bits that nobody can guess.
#[derive(PartialEq, Eq)]
pub struct ApiToken([u8; 32]);

impl ApiToken {
    /// For how many days a token may be made.
    pub const DAYS: [u16; 4] = [7, 30, 90, 365];

    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> io::Result<Self> {
        random::unguessable().map(Self)
    }

    /// Reads what a program has sent; `None` when it is none.
    #[must_use]
    pub fn parse(sent: &str) -> Option<Self> {
        let encoded = sent.strip_prefix(PREFIX)?;
        let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// What the catalogue has of it. As nobody can guess the token, SHA-256 is enough.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Sha256::digest(self.0).into()
    }

    /// How long one of [`Self::DAYS`] is; `None` for another number of days.
    #[must_use]
    pub fn lasts(days: u16) -> Option<Seconds> {
        Self::DAYS.contains(&days).then(|| Seconds(u32::from(days) * 24 * 60 * 60))
    }
}

/// As it is shown, once: `tct_` and 43 characters.
impl fmt::Display for ApiToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", BASE64URL_NOPAD.encode(&self.0))
    }
}

/// A secret does not get into a log.
impl fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiToken(..)")
    }
}

/// A part of what the API does, which a token may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// See, and change nothing.
    Read,
    /// Add, change and remove torrents.
    Torrents,
    /// Ban addresses and end bans.
    Bans,
    /// Change rules on clients.
    Clients,
    /// Set switches over the configuration.
    Switches,
    /// Add, change and remove users.
    Users,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Torrents, Self::Bans, Self::Clients, Self::Switches, Self::Users];

    /// Its name in commands, forms and the catalogue.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Torrents => "torrents",
            Self::Bans => "bans",
            Self::Clients => "clients",
            Self::Switches => "switches",
            Self::Users => "users",
        }
    }

    /// The scope of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// What a token with this scope may, if its user may.
    #[must_use]
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::{
            AddTorrents, EditBans, EditClientRules, EditSwitches, EditTorrents, EditUsers,
            HideTorrents, Refresh, RemoveTorrents, RestoreTorrents, RetireTorrents, SeeAudit,
            SeeBans, SeeClientRules, SeeConfiguration, SeeOverview, SeePeers, SeeTorrents,
            SeeUsers,
        };
        match self {
            Self::Read => &[
                SeeOverview,
                SeeTorrents,
                SeePeers,
                SeeBans,
                SeeClientRules,
                SeeUsers,
                SeeConfiguration,
                SeeAudit,
            ],
            Self::Torrents => &[
                SeeTorrents,
                AddTorrents,
                EditTorrents,
                HideTorrents,
                RetireTorrents,
                RestoreTorrents,
                RemoveTorrents,
                Refresh,
            ],
            Self::Bans => &[SeeBans, EditBans],
            Self::Clients => &[SeeClientRules, EditClientRules],
            Self::Switches => &[SeeConfiguration, EditSwitches],
            Self::Users => &[SeeUsers, EditUsers],
        }
    }

    /// Whether a user with a role may do what the scope is for.
    #[must_use]
    pub fn is_of_use_to(self, role: Role) -> bool {
        let wanted = match self {
            Self::Read => Permission::SeeTorrents,
            Self::Torrents => Permission::EditTorrents,
            Self::Bans => Permission::EditBans,
            Self::Clients => Permission::EditClientRules,
            Self::Switches => Permission::EditSwitches,
            Self::Users => Permission::EditUsers,
        };
        role.may(wanted)
    }
}

/// What a token is for: one scope or more, each once, in the order of [`Scope::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

/// Why a text says no scopes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    /// There is none in it.
    #[error("say what the token is for: some of read, torrents, bans, clients, switches and users")]
    None,
    /// There is no such scope.
    #[error("there is no scope `{0}`; there are read, torrents, bans, clients, switches and users")]
    Unknown(String),
}

impl Scopes {
    /// These; `None` where there is none.
    #[must_use]
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Option<Self> {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.order();
        scopes.dedup();
        (!scopes.is_empty()).then_some(Self(scopes))
    }

    /// Reads what [`fmt::Display`] writes, in any order and with blanks.
    ///
    /// # Errors
    /// When there is none, or one that is not known: a token with it must not be taken for one with less.
    pub fn parse(text: &str) -> Result<Self, ScopesError> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let scope =
            |name: &str| Scope::named(name).ok_or_else(|| ScopesError::Unknown(name.into()));
        let scopes = names.map(scope).collect::<Result<Vec<_>, _>>()?;
        Self::new(scopes).ok_or(ScopesError::None)
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether a token with these scopes of a user with a role may do something: never what the role may not.
    #[must_use]
    pub fn allow(&self, role: Role, permission: Permission) -> bool {
        role.may(permission) && self.0.iter().any(|it| it.permissions().contains(&permission))
    }
}

/// As the catalogue has them: `read,torrents`.
impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|scope| scope.name()).collect();
        formatter.write_str(&names.join(","))
    }
}

impl std::str::FromStr for Scopes {
    type Err = ScopesError;

    fn from_str(text: &str) -> Result<Self, ScopesError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_is_shown_once_and_known_by_its_digest() {
        let token = ApiToken([0xab; 32]);
        assert_eq!(token.to_string(), "tct_q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s");
        // Python: hashlib.sha256(bytes([0xab]) * 32).hexdigest()
        let expected = "9a2db2e23f1504cd056606553ac049c5e718e8f9ce9233876df1a7a1821af885";
        assert_eq!(data_encoding::HEXLOWER.encode(&token.digest()), expected);
        assert_eq!(format!("{token:?}"), "ApiToken(..)");
        assert_ne!(ApiToken::generate().unwrap(), ApiToken::generate().unwrap());
    }

    #[test]
    fn what_is_no_token_is_none() {
        let token = ApiToken([0xab; 32]).to_string();
        let without_prefix = &token[4..];
        for sent in [
            "",
            "tct_",
            without_prefix,
            &token[..token.len() - 1],
            &format!("{token}A"),
            &format!("{token}="),
            &format!(" {token}"),
            &token.to_uppercase(),
            &token.replace('6', "+"),
        ] {
            assert_eq!(ApiToken::parse(sent), None, "{sent}");
        }
    }

    #[test]
    fn scopes_are_written_in_one_order_and_each_once() {
        let scopes = Scopes::parse(" torrents, read ,torrents,").unwrap();
        assert_eq!(scopes.to_string(), "read,torrents");
        assert!(scopes.has(Scope::Read) && !scopes.has(Scope::Users));
        assert_eq!(Scopes::parse(""), Err(ScopesError::None));
        assert_eq!(Scopes::parse(" , "), Err(ScopesError::None));
        assert_eq!(Scopes::parse("read,Write"), Err(ScopesError::Unknown("Write".into())));
    }

    #[test]
    fn a_token_may_never_do_more_than_its_user() {
        let all = Scopes::new(Scope::ALL).unwrap();
        for role in Role::ALL {
            for permission in Permission::ALL {
                assert!(!all.allow(role, permission) || role.may(permission), "{permission:?}");
            }
        }
        let read = Scopes::parse("read").unwrap();
        assert!(read.allow(Role::Administrator, Permission::SeeUsers));
        assert!(!read.allow(Role::Administrator, Permission::EditUsers));
        assert!(!read.allow(Role::Editor, Permission::SeeUsers));
        // A stolen token must not take the account along, nor all data.
        for kept in [Permission::OwnAccount, Permission::MakeBackup] {
            assert!(!all.allow(Role::Administrator, kept), "{kept:?}");
        }
    }

    #[test]
    fn tokens_last_as_long_as_may_be_chosen() {
        assert_eq!(ApiToken::lasts(7), Some(Seconds(604_800)));
        assert_eq!(ApiToken::lasts(365), Some(Seconds(31_536_000)));
        assert_eq!((ApiToken::lasts(0), ApiToken::lasts(8)), (None, None));
    }

    proptest! {
        #[test]
        fn a_token_that_is_shown_is_read_back(bytes: [u8; 32]) {
            let token = ApiToken(bytes);
            prop_assert_eq!(ApiToken::parse(&token.to_string()), Some(token));
        }

        #[test]
        fn scopes_that_are_written_are_read_back(chosen in prop::collection::vec(0_usize..5, 1..9)) {
            let scopes = Scopes::new(chosen.iter().map(|&at| Scope::ALL[at])).unwrap();
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), Ok(scopes));
        }
    }
}

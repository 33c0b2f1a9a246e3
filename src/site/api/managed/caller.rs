//! Who asks: a program, by the token that it shows and nothing else. Cookies mean nothing here, so that no page of another
//! site can have a browser ask.

use std::net::{IpAddr, Ipv6Addr};

use super::{Failed, Problem};
use crate::accounts::{ApiToken, Attempts, NotNow, Permission, Scopes};
use crate::catalog::{Catalog, Role, Token, User, is_same_group};
use crate::platform::log::{self, Level};
use crate::site::{Call, Ready};

/// The variable that has the header with the token, where the web server passes that on.
pub(super) const HEADER: &str = "HTTP_AUTHORIZATION";

/// Whose token it is, and what it is for.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) user: User,
    pub(super) token: Token,
    scopes: Scopes,
}

impl Caller {
    /// The user of the token in a request, and notes that it was used.
    pub(super) fn of(ready: &Ready, call: &Call<'_>) -> Result<Self, Failed> {
        let Some(sent) = call.request.variables.get(HEADER).filter(|sent| !sent.is_empty()) else {
            return Err(Problem::NoToken.into());
        };
        let path = &ready.tracker.config().config.paths.catalog;
        let Some(caller) = Self::find(&Catalog::migrate_and_read(path)?, sent, call)? else {
            let address = ready.client(call.request).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
            return Err(match Attempts::beside(path).token_failed(address, call.now) {
                Ok(()) => Problem::BadToken.into(),
                Err(NotNow::Wait(seconds)) => Problem::TooManyTokens(seconds).into(),
                Err(problem) => Problem::log(problem).into(),
            });
        };
        let noted = Catalog::open(path).and_then(|mut it| it.note_use_of(&caller.token, call.now));
        if let Err(problem) = noted {
            log::line_once_a_minute(Level::Warning, &problem.to_string());
        }
        Ok(caller)
    }

    fn find(catalog: &Catalog, sent: &[u8], call: &Call<'_>) -> Result<Option<Self>, Failed> {
        let Some(token) = bearer(sent).and_then(ApiToken::parse) else { return Ok(None) };
        let Some(token) = catalog.token(&token.digest(), call.now)? else { return Ok(None) };
        // A token with a scope that is not known here may do nothing.
        let (Some(user), Ok(scopes)) = (catalog.user(token.user)?, Scopes::parse(&token.scope))
        else {
            return Ok(None);
        };
        Ok((!user.is_disabled).then_some(Self { user, token, scopes }))
    }

    /// Whether both user and token may do something.
    pub(super) fn check(&self, permission: Permission) -> Result<(), Problem> {
        if !self.user.role.may(permission) {
            return Err(Problem::NotForRole);
        }
        let is_allowed = self.scopes.allow(self.user.role, permission);
        if is_allowed { Ok(()) } else { Err(Problem::NotInScope) }
    }

    /// The groups whose torrents an editor looks after; `None` for who looks after all.
    pub(super) fn groups(&self) -> Option<&[String]> {
        (self.user.role == Role::Editor).then_some(&*self.user.groups)
    }

    /// Whether torrents of a group are theirs to look after.
    pub(super) fn looks_after(&self, group: Option<&str>) -> bool {
        let Some(groups) = self.groups() else { return true };
        group.is_some_and(|group| groups.iter().any(|own| is_same_group(own, group)))
    }
}

/// The token of an `Authorization` header (RFC 6750, 2.1).
fn bearer(sent: &[u8]) -> Option<&str> {
    let (scheme, token) = str::from_utf8(sent).ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_is_one() {
        for (sent, expected) in [
            ("Bearer tct_x", Some("tct_x")),
            ("bearer  tct_x ", Some("tct_x")),
            ("Basic tct_x", None),
            ("tct_x", None),
            ("Bearer", None),
            ("", None),
        ] {
            assert_eq!(bearer(sent.as_bytes()), expected, "{sent}");
        }
    }
}

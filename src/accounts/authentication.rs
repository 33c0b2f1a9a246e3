//! The course of a sign-in: a name and a password, and then a code where the user has one-time codes.

use std::io;
use std::net::IpAddr;

use super::attempts::{Attempt, Attempts, NotNow};
use super::device::Device;
use super::hashing_turn::{HashingTurn, HashingTurnError};
use super::password::{Password, PasswordError};
use super::password_hash::PasswordHash;
use super::recovery_code::RecoveryCode;
use super::second_step::SecondStep;
use super::secrets::Secrets;
use super::session::Session;
use super::totp::{TotpSecret, TotpStep};
use crate::catalog::{
    Author, Catalog, CatalogError, Login, LoginOutcome, User, UserError, UserName,
};
use crate::protocol::{Seconds, Timestamp};

/// What it takes to find out who somebody is. It waits for other processes: never on an event loop.
#[derive(Debug)]
pub struct Authentication<'a> {
    /// The users.
    pub catalog: &'a mut Catalog,
    /// The keys.
    pub secrets: &'a Secrets,
    /// From where somebody asks.
    pub address: IpAddr,
    /// The text of the cookie of their device, if it has one.
    pub device: Option<&'a str>,
    /// When.
    pub now: Timestamp,
    /// How long it is kept who has signed in.
    pub keep: Seconds,
}

/// What becomes of a sign-in.
#[derive(Debug)]
pub enum SignIn {
    /// Somebody is in.
    Done(Box<SignedIn>),
    /// The password was right. What this text is goes into a field of the form that asks for the code.
    NeedsCode(String),
    /// The code was wrong, or was used before. The same form may ask again.
    WrongCode,
    /// There is no such user, the password is wrong, they may not sign in, or it took too long: nobody learns which.
    Refused,
    /// Too many tries have failed; so many seconds are left.
    Wait(Seconds),
}

/// Somebody who has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// For the cookie of the session.
    pub session: Session,
    /// For the cookie of the device.
    pub device: Device,
}

/// What becomes of the wish for another password.
#[derive(Debug)]
pub enum PasswordChange {
    /// It is changed, and all sessions have ended; this one takes the place of that which asked.
    Done(Session),
    /// The one until now was wrong.
    WrongPassword,
    /// The new one cannot be one.
    Unfit(PasswordError),
    /// Too many tries have failed; so many seconds are left.
    Wait(Seconds),
}

/// Whether somebody who has signed in has typed their password once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// They have.
    Right,
    /// It was another one.
    Wrong,
    /// Too many tries have failed; so many seconds are left.
    Wait(Seconds),
}

/// It cannot be found out who somebody is.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The catalogue cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The user cannot be changed.
    #[error(transparent)]
    User(#[from] UserError),
    /// Too many sign in.
    #[error(transparent)]
    Turn(#[from] HashingTurnError),
    /// They must wait, or cannot be counted.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// The system gave no memory or randomness.
    #[error(
        "cannot check a password or make a session: {0}; give the tracker's processes 32 MiB more"
    )]
    System(#[from] io::Error),
}

impl Authentication<'_> {
    /// The first step: a name and a password as they were typed.
    ///
    /// # Errors
    /// When too many sign in at this moment, or files cannot be used.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Result<SignIn, AuthenticationError> {
        or_wait(self.first_step(name, password), SignIn::Wait)
    }

    fn first_step(&mut self, name: &str, password: &str) -> Result<SignIn, AuthenticationError> {
        let Some((user, turn)) = self.checked(name, password)? else {
            let known = self.user_named(name)?;
            self.note(known.as_ref(), LoginOutcome::Refused);
            return Ok(SignIn::Refused);
        };
        drop(turn);
        if user.totp_secret.is_some() {
            let step = SecondStep::of(&user, self.now);
            return Ok(SignIn::NeedsCode(step.encode(&self.secrets.signer(self.now))));
        }
        self.let_in(user)
    }

    /// The second step: the text that the first one gave, and a one-time code or recovery code as it was typed.
    ///
    /// # Errors
    /// When files cannot be used.
    pub fn confirm(&mut self, step: &str, code: &str) -> Result<SignIn, AuthenticationError> {
        or_wait(self.second_step(step, code), SignIn::Wait)
    }

    fn second_step(&mut self, step: &str, code: &str) -> Result<SignIn, AuthenticationError> {
        let step = SecondStep::decode(step, &self.secrets.signer(self.now), self.now);
        let Some(step) = step else { return Ok(SignIn::Refused) };
        let user = self.catalog.user(step.user)?;
        let Some(user) = user.filter(|user| step.is_of(user) && !user.is_disabled) else {
            return Ok(SignIn::Refused);
        };
        let device = self.device_of(Some(&user));
        let account = user.name.key();
        let attempt = Attempt { account: &account, address: self.address, device: device.as_ref() };
        self.attempts().begin(&attempt, self.now)?;
        // Whoever no longer needs one has shown enough.
        if let Some(secret) = user.totp_secret
            && !self.uses_code(&user, &TotpSecret::from_bytes(secret), code)?
        {
            self.note(Some(&user), LoginOutcome::WrongCode);
            return Ok(SignIn::WrongCode);
        }
        self.let_in(user)
    }

    /// Whether a code is one of a user's that is good now; then it is not any more.
    fn uses_code(
        &mut self,
        user: &User,
        secret: &TotpSecret,
        code: &str,
    ) -> Result<bool, CatalogError> {
        let last_used = user.totp_last_step.map(TotpStep);
        if let Some(step) = secret.check(code, self.now, last_used) {
            return self.catalog.use_code(user.id, step.0);
        }
        match RecoveryCode::parse(code) {
            Some(code) => self.catalog.use_recovery_code(user.id, &code.digest()),
            None => Ok(false),
        }
    }

    /// Has somebody have another password who has signed in and types the one until now once more.
    ///
    /// # Errors
    /// When too many sign in at this moment, or files cannot be used.
    pub fn change_password(
        &mut self,
        user: &User,
        current: &str,
        new: &str,
    ) -> Result<PasswordChange, AuthenticationError> {
        or_wait(self.changed_password(user, current, new), PasswordChange::Wait)
    }

    fn changed_password(
        &mut self,
        user: &User,
        current: &str,
        new: &str,
    ) -> Result<PasswordChange, AuthenticationError> {
        let new = match Password::new(new, user.name.as_str()) {
            Ok(new) => new,
            Err(problem) => return Ok(PasswordChange::Unfit(problem)),
        };
        let Some((user, _turn)) = self.checked(user.name.as_str(), current)? else {
            return Ok(PasswordChange::WrongPassword);
        };
        let author = Author { name: user.name.as_str(), at: self.now };
        self.catalog.change_password(user.id, PasswordHash::of(&new)?.as_str(), &author)?;
        self.forget_failures_of(&user)?;
        let epoch = self.catalog.user(user.id)?.map_or(user.epoch, |user| user.epoch);
        Ok(PasswordChange::Done(Session::begin(user.id, epoch, self.now)?))
    }

    /// Checks the password of somebody who has signed in, before something that a browser left open must not do.
    ///
    /// # Errors
    /// When too many sign in at this moment, or files cannot be used.
    pub fn check_password(
        &mut self,
        user: &User,
        password: &str,
    ) -> Result<PasswordCheck, AuthenticationError> {
        or_wait(self.checked_password(user, password), PasswordCheck::Wait)
    }

    fn checked_password(
        &mut self,
        user: &User,
        password: &str,
    ) -> Result<PasswordCheck, AuthenticationError> {
        let Some((user, _turn)) = self.checked(user.name.as_str(), password)? else {
            return Ok(PasswordCheck::Wrong);
        };
        self.forget_failures_of(&user)?;
        Ok(PasswordCheck::Right)
    }

    /// The user with a name and a password, and the turn in which that was found out. Nobody has as much to do for
    /// it as anybody: names cannot be found out by the time it takes.
    fn checked(
        &mut self,
        name: &str,
        password: &str,
    ) -> Result<Option<(User, HashingTurn)>, AuthenticationError> {
        let account = account(name);
        let device = self.device_of(self.user_named(name)?.as_ref());
        let attempt = Attempt { account: &account, address: self.address, device: device.as_ref() };
        let attempts = self.attempts();
        // Who must wait takes no turn from others.
        attempts.may_try(&attempt, self.now)?;
        let turn = HashingTurn::wait_for(self.catalog.path())?;
        attempts.begin(&attempt, self.now)?;
        // Once more: while others had their turn, the password may have been changed.
        let user = self.user_named(name)?.filter(|user| !user.is_disabled);
        let Some(password) = Password::typed(password) else { return Ok(None) };
        let hash = user.as_ref().and_then(hash_of).unwrap_or_else(PasswordHash::of_nobody);
        let is_right = hash.is_of(&password)?;
        let Some(user) = user.filter(|_| is_right) else { return Ok(None) };
        if hash.is_weaker_than_now() {
            let stronger = PasswordHash::of(&password)?;
            self.catalog.renew_password_hash(user.id, (hash.as_str(), stronger.as_str()))?;
        }
        Ok(Some((user, turn)))
    }

    fn let_in(&mut self, user: User) -> Result<SignIn, AuthenticationError> {
        self.forget_failures_of(&user)?;
        let session = Session::begin(user.id, user.epoch, self.now)?;
        let device = match self.device_of(Some(&user)) {
            Some(known) => known.renewed(self.now),
            None => Device::begin(user.id, self.now)?,
        };
        self.note(Some(&user), LoginOutcome::SignedIn);
        Ok(SignIn::Done(Box::new(SignedIn { user, session, device })))
    }

    fn forget_failures_of(&self, user: &User) -> Result<(), NotNow> {
        let (account, device) = (user.name.key(), self.device_of(Some(user)));
        let attempt = Attempt { account: &account, address: self.address, device: device.as_ref() };
        self.attempts().succeeded(&attempt, self.now)
    }

    /// Notes how a sign-in ended. That this fails must not keep the owner out.
    fn note(&mut self, user: Option<&User>, outcome: LoginOutcome) {
        let name = user.map(|user| user.name.to_string()).unwrap_or_default();
        let address = self.address.to_string();
        let login = Login { at: self.now, name, address, outcome };
        if let Err(problem) = self.catalog.note_login(&login, user.map(|user| user.id), self.keep) {
            crate::warning!("a sign-in is not in the list of sign-ins: {problem}");
        }
    }

    /// The device of the cookie, if it is known for a user.
    fn device_of(&self, user: Option<&User>) -> Option<Device> {
        let device = Device::decode(self.device?, &self.secrets.signer(self.now), self.now)?;
        user.is_some_and(|user| user.id == device.user).then_some(device)
    }

    fn user_named(&self, name: &str) -> Result<Option<User>, CatalogError> {
        UserName::parse(name).map_or(Ok(None), |name| self.catalog.user_named(&name))
    }

    fn attempts(&self) -> Attempts {
        Attempts::beside(self.catalog.path())
    }
}

/// What tries with a name are counted for.
fn account(name: &str) -> String {
    UserName::parse(name).map_or_else(|_| name.to_lowercase(), |name| name.key())
}

/// The hash of a user's password, as the catalogue has it.
fn hash_of(user: &User) -> Option<PasswordHash> {
    let kept = PasswordHash::parse(user.password.as_deref()?);
    kept.inspect_err(|problem| crate::error!("the password of user {}: {problem}", user.name)).ok()
}

/// Makes an answer of it that somebody has to wait.
fn or_wait<T>(
    outcome: Result<T, AuthenticationError>,
    wait: impl FnOnce(Seconds) -> T,
) -> Result<T, AuthenticationError> {
    match outcome {
        Err(AuthenticationError::NotNow(NotNow::Wait(seconds))) => Ok(wait(seconds)),
        other => other,
    }
}

#[cfg(test)]
mod tests;

use super::super::PasswordCode;
use super::super::password_hash::tests::{RUNS, WEAK};
use super::*;
use crate::catalog::{Role, UserDetails, UserId};

const NOON: Timestamp = Timestamp(1_700_000_010);
const OWNER: Author<'_> = Author { name: "owner", at: NOON };
const SECRET: [u8; 20] = [7; 20];

/// A site whose only user is called Olive, with the password `password`.
struct Site {
    _folder: tempfile::TempDir,
    catalog: Catalog,
    secrets: Secrets,
    olive: UserId,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let mut catalog = Catalog::open(&path).unwrap();
        let olive = catalog
            .add_user(&name("Olive"), &UserDetails::new(Role::Administrator), Some(WEAK), &OWNER)
            .unwrap();
        let secrets = Secrets::open(&path).unwrap();
        Self { _folder: folder, catalog, secrets, olive }
    }

    /// The same with one-time codes, and one recovery code.
    fn with_codes() -> (Self, RecoveryCode) {
        let mut site = Self::new();
        let recovery = RecoveryCode::generate().unwrap().pop().unwrap();
        let start = (SECRET, (NOON.0 / 30) - 100);
        site.catalog.require_codes(site.olive, start, &[recovery.digest()], &OWNER).unwrap();
        (site, recovery)
    }

    fn at<'a>(&'a mut self, now: Timestamp, device: Option<&'a str>) -> Authentication<'a> {
        Authentication {
            catalog: &mut self.catalog,
            secrets: &self.secrets,
            address: "192.0.2.1".parse().unwrap(),
            device,
            now,
            keep: Seconds(86_400),
        }
    }

    fn sign_in(&mut self, name: &str, password: &str) -> SignIn {
        self.at(NOON, None).sign_in(name, password).unwrap()
    }

    /// What the form for the code carries.
    fn step(&mut self) -> String {
        match self.sign_in("olive", "password") {
            SignIn::NeedsCode(step) => step,
            other => panic!("{other:?}"),
        }
    }

    fn code_at(now: Timestamp) -> String {
        TotpSecret::from_bytes(SECRET).code(TotpStep(now.0 / 30))
    }

    fn user(&self) -> User {
        self.catalog.user(self.olive).unwrap().unwrap()
    }

    fn outcomes(&self) -> Vec<(String, LoginOutcome)> {
        let logins = self.catalog.logins(None, 100).unwrap();
        logins.into_iter().map(|login| (login.name, login.outcome)).collect()
    }
}

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn done(outcome: SignIn) -> SignedIn {
    match outcome {
        SignIn::Done(signed_in) => *signed_in,
        other => panic!("{other:?}"),
    }
}

fn runs(work: impl FnOnce()) -> u32 {
    let before = RUNS.get();
    work();
    RUNS.get() - before
}

#[test]
fn the_right_password_lets_in_and_makes_the_hash_stronger() {
    let mut site = Site::new();
    let signed_in = done(site.sign_in(" OLIVE ", "password"));
    assert_eq!((signed_in.user.id, signed_in.session.user), (site.olive, site.olive));
    assert_eq!(signed_in.session.epoch, site.user().epoch, "a stronger hash ends no session");
    assert_eq!(signed_in.device.user, site.olive);
    let kept = PasswordHash::parse(&site.user().password.unwrap()).unwrap();
    assert!(!kept.is_weaker_than_now());
    done(site.sign_in("olive", "password"));
    assert_eq!(site.user().password.unwrap(), kept.as_str(), "once");
    assert_eq!(site.user().last_login, Some(NOON));
}

#[test]
fn all_that_are_refused_get_the_same_answer_for_the_same_work() {
    let mut site = Site::new();
    let other = |site: &mut Site, called: &str, is_disabled, password| {
        let details = UserDetails { is_disabled, ..UserDetails::new(Role::Viewer) };
        site.catalog.add_user(&name(called), &details, password, &OWNER).unwrap();
    };
    other(&mut site, "disabled", true, Some(WEAK));
    other(&mut site, "without password", false, None);
    other(&mut site, "damaged", false, Some("$argon2id$v=19$m=4194304,t=9,p=1$AAAA$AAAA"));
    let tried = [
        ("olive", "Password"),
        ("olive", ""),
        ("nobody", "password"),
        ("", "password"),
        ("two\nlines", "password"),
        ("disabled", "password"),
        ("without password", ""),
        ("damaged", "password"),
    ];
    for (name, password) in tried {
        let took = runs(|| {
            let outcome = site.sign_in(name, password);
            assert!(matches!(outcome, SignIn::Refused), "{name:?} {outcome:?}");
        });
        assert_eq!(took, 1, "{name:?}");
    }
    let noted = site.outcomes();
    assert_eq!(noted.len(), tried.len());
    assert!(noted.iter().all(|(_, outcome)| *outcome == LoginOutcome::Refused));
    let named = noted.iter().filter(|(name, _)| name.is_empty()).count();
    assert_eq!(named, 3, "what is typed as a name may be a password");
}

#[test]
fn unknown_and_known_users_are_slowed_down_alike() {
    for name in ["olive", "nobody"] {
        let mut site = Site::new();
        let mut tried = 0;
        let took = runs(|| {
            while let SignIn::Refused = site.sign_in(name, "wrong") {
                tried += 1;
            }
        });
        assert_eq!((tried, took), (6, 6), "{name}");
        let SignIn::Wait(Seconds(1)) = site.sign_in(name, "password") else {
            panic!("the right password does not help {name} either");
        };
    }
}

#[test]
fn nobody_can_lock_the_owners_device_out() {
    let mut site = Site::new();
    let device = done(site.sign_in("olive", "password")).device;
    let cookie = device.encode(&site.secrets.signer(NOON));
    let mut now = NOON;
    for _ in 0..12 {
        match site.at(now, None).sign_in("olive", "wrong").unwrap() {
            SignIn::Refused => {}
            SignIn::Wait(seconds) => now = now + seconds,
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(site.at(now, None).sign_in("olive", "password").unwrap(), SignIn::Wait(_)));
    let forged = Device { id: [1; 16], ..device }.encode(&super::super::signer::tests::signer(1));
    let tried = site.at(now, Some(&forged)).sign_in("olive", "password").unwrap();
    assert!(matches!(tried, SignIn::Wait(_)));
    let others = Device::begin(UserId(99), now).unwrap().encode(&site.secrets.signer(now));
    let tried = site.at(now, Some(&others)).sign_in("olive", "password").unwrap();
    assert!(matches!(tried, SignIn::Wait(_)), "a device of somebody else's");
    let again = done(site.at(now, Some(&cookie)).sign_in("olive", "password").unwrap());
    assert_eq!((again.device.id, again.device.issued), (device.id, now));
}

#[test]
fn with_codes_a_password_alone_lets_nobody_in() {
    let (mut site, _) = Site::with_codes();
    let step = site.step();
    assert!(site.outcomes().is_empty());
    let code = Site::code_at(NOON);
    for wrong in ["", "000000", "password", &step] {
        let outcome = site.at(NOON, None).confirm(&step, wrong).unwrap();
        assert!(matches!(outcome, SignIn::WrongCode), "{wrong} {outcome:?}");
    }
    let signed_in = done(site.at(NOON, None).confirm(&step, &code).unwrap());
    assert_eq!(signed_in.user.id, site.olive);
    let noted: Vec<_> = site.outcomes().into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(noted[..2], [LoginOutcome::SignedIn, LoginOutcome::WrongCode]);
}

#[test]
fn a_code_lets_in_once_whatever_the_clocks_say() {
    let (mut site, _) = Site::with_codes();
    let step = site.step();
    // A phone whose clock is half a minute ahead.
    let ahead = Site::code_at(NOON + Seconds(30));
    done(site.at(NOON, None).confirm(&step, &ahead).unwrap());
    for later in [0, 30, 59] {
        let outcome = site.at(NOON + Seconds(later), None).confirm(&step, &ahead).unwrap();
        assert!(matches!(outcome, SignIn::WrongCode), "{later} {outcome:?}");
    }
    // Nor does an earlier one, nor any of a clock that is minutes off.
    for at in [NOON, NOON.before(Seconds(180)), NOON + Seconds(180)] {
        let code = Site::code_at(at);
        let outcome = site.at(NOON + Seconds(59), None).confirm(&step, &code).unwrap();
        assert!(matches!(outcome, SignIn::WrongCode | SignIn::Wait(_)), "{outcome:?}");
    }
}

#[test]
fn of_two_at_once_with_the_same_code_one_is_let_in() {
    let (mut site, recovery) = Site::with_codes();
    let secret = TotpSecret::from_bytes(SECRET);
    // Both have read the user before either has used the code.
    let seen = site.user();
    for code in [Site::code_at(NOON), recovery.to_string()] {
        let mut uses = || site.at(NOON, None).uses_code(&seen, &secret, &code).unwrap();
        assert_eq!((uses(), uses()), (true, false), "{code}");
    }
}

#[test]
fn a_session_is_over_when_its_user_is_not_as_before() {
    let mut site = Site::new();
    let other = UserDetails::new(Role::Administrator);
    site.catalog.add_user(&name("other"), &other, Some(WEAK), &OWNER).unwrap();
    let session = done(site.sign_in("olive", "password")).session;
    assert!(session.is_of(&site.user()));
    assert!(!session.is_of(&User { is_disabled: true, ..site.user() }));
    assert!(!session.is_of(&User { id: UserId(99), ..site.user() }));
    site.catalog.end_sessions(site.olive).unwrap();
    assert!(!session.is_of(&site.user()));
}

#[test]
fn codes_are_guessed_as_slowly_as_passwords() {
    let (mut site, _) = Site::with_codes();
    let step = site.step();
    let mut tried = 0;
    while let SignIn::WrongCode = site.at(NOON, None).confirm(&step, "000000").unwrap() {
        tried += 1;
    }
    assert_eq!(tried, 5, "the password was one try");
    let code = Site::code_at(NOON);
    assert!(matches!(site.at(NOON, None).confirm(&step, &code).unwrap(), SignIn::Wait(_)));
}

#[test]
fn a_recovery_code_stands_in_for_one_code() {
    let (mut site, recovery) = Site::with_codes();
    let step = site.step();
    let typed = recovery.to_string().to_lowercase();
    done(site.at(NOON, None).confirm(&step, &typed).unwrap());
    let again = site.at(NOON, None).confirm(&step, &typed).unwrap();
    assert!(matches!(again, SignIn::WrongCode), "{again:?}");
}

#[test]
fn the_second_step_is_over_soon_and_when_anything_has_changed() {
    let (mut site, _) = Site::with_codes();
    let step = site.step();
    let refused = |site: &mut Site, step: &str, now: Timestamp| {
        let code = Site::code_at(now);
        matches!(site.at(now, None).confirm(step, &code).unwrap(), SignIn::Refused)
    };
    assert!(refused(&mut site, &step, NOON + Seconds(301)));
    assert!(refused(&mut site, "", NOON) && refused(&mut site, &step[1..], NOON));
    site.catalog.end_sessions(site.olive).unwrap();
    assert!(refused(&mut site, &step, NOON));
    let step = site.step();
    let other = UserDetails::new(Role::Administrator);
    site.catalog.add_user(&name("other"), &other, Some(WEAK), &OWNER).unwrap();
    let disabled = UserDetails { is_disabled: true, ..other };
    site.catalog.change_user(site.olive, None, &disabled, &OWNER).unwrap();
    assert!(refused(&mut site, &step, NOON));
}

#[test]
fn a_changed_password_ends_sessions_and_codes_and_needs_the_one_before() {
    let mut site = Site::new();
    let user = site.user();
    let mut change = |current: &str, new: &str| {
        site.at(NOON, None).change_password(&user, current, new).unwrap()
    };
    let took = runs(|| {
        let unfit = change("password", "too short");
        assert!(matches!(unfit, PasswordChange::Unfit(PasswordError::TooShort)), "{unfit:?}");
    });
    assert_eq!(took, 0);
    assert!(matches!(change("wrong", "correct horse"), PasswordChange::WrongPassword));
    let code = PasswordCode::generate().unwrap().digest();
    let until = NOON + PasswordCode::LASTS;
    site.catalog.add_password_code(site.olive, &code, until, &OWNER).unwrap();
    let changed = site.at(NOON, None).change_password(&user, "password", "correct horse").unwrap();
    let PasswordChange::Done(session) = changed else { panic!("{changed:?}") };
    assert_eq!((session.user, session.epoch), (site.olive, user.epoch + 1));
    assert_eq!(site.user().epoch, session.epoch);
    assert!(site.catalog.user_of_password_code(&code, NOON).unwrap().is_none());
    assert!(matches!(site.sign_in("olive", "password"), SignIn::Refused));
    done(site.sign_in("olive", "correct horse"));
    let user = site.user();
    let tried = (0..7).map(|_| {
        let outcome = site.at(NOON, None).change_password(&user, "wrong", "another horse").unwrap();
        matches!(outcome, PasswordChange::Wait(_))
    });
    assert_eq!(tried.filter(|waits| *waits).count(), 1, "a stolen session cannot guess either");
}

#[test]
fn who_has_no_turn_is_told_so_and_nothing_is_counted() {
    let mut site = Site::new();
    let path = site.catalog.path().to_owned();
    let turn = HashingTurn::try_take(&path).unwrap().unwrap();
    let busy = site.at(NOON, None).sign_in("olive", "password").unwrap_err();
    assert!(matches!(busy, AuthenticationError::Turn(HashingTurnError::Busy)), "{busy}");
    drop(turn);
    let refused = (0..10).filter(|_| matches!(site.sign_in("olive", "x"), SignIn::Refused));
    assert_eq!(refused.count(), 6);
}

#[test]
fn a_password_is_checked_again_and_guessing_it_is_slowed_down() {
    let mut site = Site::new();
    let olive = site.user();
    let mut check = |typed: &str| site.at(NOON, None).check_password(&olive, typed).unwrap();
    assert_eq!(check("password"), PasswordCheck::Right);
    let tried: Vec<_> = (0..7).map(|_| check("wrong")).collect();
    assert_eq!(tried[..5], [PasswordCheck::Wrong; 5]);
    assert!(matches!(tried[6], PasswordCheck::Wait(_)), "{tried:?}");
    assert!(matches!(check("password"), PasswordCheck::Wait(_)));
}

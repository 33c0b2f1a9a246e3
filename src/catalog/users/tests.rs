use super::*;
use crate::catalog::samples::new_catalog;
use crate::catalog::{Login, LoginOutcome, NewToken};
use crate::protocol::Seconds;

const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn add(catalog: &mut Catalog, text: &str, role: Role) -> UserId {
    catalog.add_user(&name(text), &UserDetails::new(role), Some("hash"), &OWNER).unwrap()
}

fn user(catalog: &Catalog, id: UserId) -> User {
    catalog.user(id).unwrap().unwrap()
}

#[test]
fn a_user_is_found_by_name_in_any_case_and_a_name_is_given_once() {
    let (_folder, mut catalog) = new_catalog();
    assert!(!catalog.has_users().unwrap());
    let id = add(&mut catalog, "Åsa", Role::Editor);
    assert!(catalog.has_users().unwrap());
    let found = catalog.user_named(&name("åSA")).unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str(), found.role), (id, "Åsa", Role::Editor));
    let taken = catalog.add_user(&name("ÅSA"), &UserDetails::new(Role::Viewer), None, &OWNER);
    assert!(matches!(taken, Err(UserError::NameTaken(_))));
    assert_eq!(catalog.user_named(&name("asa")).unwrap(), None);
    assert_eq!(catalog.users().unwrap(), [found]);
}

#[test]
fn numbers_are_never_given_twice() {
    let (_folder, mut catalog) = new_catalog();
    add(&mut catalog, "olive", Role::Administrator);
    let gone = add(&mut catalog, "gone", Role::Viewer);
    catalog.remove_user(gone, &OWNER).unwrap();
    assert!(add(&mut catalog, "gone", Role::Viewer) > gone);
}

#[test]
fn somebody_can_administer_whatever_is_done() {
    let (_folder, mut catalog) = new_catalog();
    let first = add(&mut catalog, "first", Role::Administrator);
    let no_password = UserDetails::new(Role::Administrator);
    catalog.add_user(&name("no password"), &no_password, None, &OWNER).unwrap();
    let demoted = UserDetails::new(Role::Viewer);
    let disabled = UserDetails { is_disabled: true, ..no_password };
    let before = user(&catalog, first);
    for details in [&demoted, &disabled] {
        let refused = catalog.change_user(first, None, details, &OWNER);
        assert!(matches!(refused, Err(UserError::LastAdministrator)), "{details:?}");
    }
    assert!(matches!(catalog.remove_user(first, &OWNER), Err(UserError::LastAdministrator)));
    let refused = catalog.set_password(first, None, &OWNER);
    assert!(matches!(refused, Err(UserError::LastAdministrator)));
    assert_eq!(user(&catalog, first), before, "nothing was changed");
    let second = add(&mut catalog, "second", Role::Administrator);
    catalog.change_user(first, None, &demoted, &OWNER).unwrap();
    assert!(matches!(catalog.remove_user(second, &OWNER), Err(UserError::LastAdministrator)));
    catalog.remove_user(first, &OWNER).unwrap();
}

#[test]
fn of_two_who_save_at_once_the_second_one_notices() {
    let (_folder, mut catalog) = new_catalog();
    let id = add(&mut catalog, "ed", Role::Viewer);
    let seen = user(&catalog, id).version;
    let save = |catalog: &mut Catalog, role| {
        catalog.change_user(id, Some(seen), &UserDetails::new(role), &OWNER)
    };
    save(&mut catalog, Role::Editor).unwrap();
    assert!(matches!(save(&mut catalog, Role::Member), Err(UserError::ChangedMeanwhile)));
    assert_eq!(user(&catalog, id).role, Role::Editor);
}

#[test]
fn sessions_end_with_another_password_another_role_and_when_somebody_is_disabled() {
    let (_folder, mut catalog) = new_catalog();
    let id = add(&mut catalog, "ed", Role::Viewer);
    let mut last = user(&catalog, id).epoch;
    let mut has_ended = |catalog: &Catalog| {
        let now = user(catalog, id).epoch;
        std::mem::replace(&mut last, now) != now
    };
    let french = UserDetails { language: Some("ru".into()), ..UserDetails::new(Role::Viewer) };
    catalog.change_user(id, None, &french, &OWNER).unwrap();
    assert!(!has_ended(&catalog), "another language");
    catalog.change_user(id, None, &UserDetails::new(Role::Editor), &OWNER).unwrap();
    assert!(has_ended(&catalog), "another role");
    catalog.set_password(id, Some("another"), &OWNER).unwrap();
    assert!(has_ended(&catalog), "another password");
    catalog.renew_password_hash(id, ("another", "stronger")).unwrap();
    assert_eq!(user(&catalog, id).password.as_deref(), Some("stronger"));
    catalog.renew_password_hash(id, ("another", "of before")).unwrap();
    assert_eq!(user(&catalog, id).password.as_deref(), Some("stronger"));
    assert!(!has_ended(&catalog), "the same password");
    catalog.end_sessions(id).unwrap();
    assert!(has_ended(&catalog), "signed out");
    let disabled = UserDetails { is_disabled: true, ..UserDetails::new(Role::Editor) };
    catalog.change_user(id, None, &disabled, &OWNER).unwrap();
    assert!(has_ended(&catalog), "disabled");
}

#[test]
fn groups_are_those_that_are_there() {
    let (_folder, mut catalog) = new_catalog();
    assert!(catalog.add_group(&name("Архив"), &OWNER).unwrap());
    assert!(!catalog.add_group(&name("архив"), &OWNER).unwrap());
    let id = add(&mut catalog, "ed", Role::Editor);
    let of = |groups: &[&str]| UserDetails {
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        ..UserDetails::new(Role::Editor)
    };
    let refused = catalog.change_user(id, None, &of(&["Архив", "nobody's"]), &OWNER);
    assert!(matches!(refused, Err(UserError::NoGroup(NoGroup(group))) if group == "nobody's"));
    assert_eq!(user(&catalog, id).groups, [""; 0]);
    catalog.change_user(id, None, &of(&["АРХИВ"]), &OWNER).unwrap();
    assert_eq!(user(&catalog, id).groups, ["Архив"]);
    assert_eq!(catalog.groups().unwrap()[0].users, 1);
    assert!(catalog.remove_group(&name("архив"), &OWNER).unwrap());
    assert!(!catalog.remove_group(&name("архив"), &OWNER).unwrap());
    assert_eq!(user(&catalog, id).groups, [""; 0]);
}

#[test]
fn who_is_removed_leaves_no_name() {
    let (_folder, mut catalog) = new_catalog();
    let id = add(&mut catalog, "margo", Role::Administrator);
    add(&mut catalog, "olive", Role::Administrator);
    let margo = Author { name: "margo", at: Timestamp(60) };
    catalog.add_group(&name("ours"), &margo).unwrap();
    let at = Timestamp(70);
    let login = |text: &str| Login {
        at,
        name: text.into(),
        address: "192.0.2.1".into(),
        outcome: LoginOutcome::SignedIn,
    };
    catalog.note_login(&login("margo"), Some(id), Seconds(100)).unwrap();
    assert_eq!(user(&catalog, id).last_login, Some(at));
    let token = NewToken { digest: &[1; 32], label: "script", scope: "torrents", until: None };
    catalog.add_token(id, &token, &margo).unwrap();
    catalog.remove_user(id, &margo).unwrap();
    assert_eq!(catalog.logins(None, 10).unwrap(), []);
    assert_eq!(catalog.token(&[1; 32], at).unwrap(), None);
    let changes = catalog.changes().unwrap();
    assert!(changes.iter().all(|it| it.who != "margo" && it.subject != "margo"), "{changes:?}");
    let last = changes.last().unwrap();
    assert_eq!((&*last.who, &*last.what), (&*format!("removed user {}", id.0), "remove user"));
}

#[test]
fn a_code_is_used_once_and_so_is_a_recovery_code() {
    let (_folder, mut catalog) = new_catalog();
    let id = add(&mut catalog, "ed", Role::Editor);
    catalog.require_codes(id, ([7; 20], 10), &[[1; 32], [2; 32]], &OWNER).unwrap();
    assert_eq!(user(&catalog, id).totp_secret, Some([7; 20]));
    for (step, is_taken) in [(10, false), (9, false), (11, true), (11, false), (12, true)] {
        assert_eq!(catalog.use_code(id, step).unwrap(), is_taken, "{step}");
    }
    for (code, is_taken) in [(1, true), (1, false), (3, false), (2, true)] {
        assert_eq!(catalog.use_recovery_code(id, &[code; 32]).unwrap(), is_taken, "{code}");
    }
    assert_eq!(catalog.recovery_codes_left(id).unwrap(), 0);
    assert!(catalog.require_no_codes(id, &OWNER).unwrap());
    assert!(!catalog.require_no_codes(id, &OWNER).unwrap());
    assert_eq!(user(&catalog, id).totp_secret, None);
}

#[test]
fn a_password_code_counts_until_its_time_and_the_next_password() {
    let (_folder, mut catalog) = new_catalog();
    let id = add(&mut catalog, "ed", Role::Editor);
    let whose = |catalog: &Catalog, code: u8, now| {
        catalog.user_of_password_code(&[code; 32], Timestamp(now)).unwrap().map(|user| user.id)
    };
    catalog.add_password_code(id, &[1; 32], Timestamp(100), &OWNER).unwrap();
    assert_eq!((whose(&catalog, 1, 99), whose(&catalog, 1, 100)), (Some(id), None));
    catalog.add_password_code(id, &[2; 32], Timestamp(100), &OWNER).unwrap();
    assert_eq!((whose(&catalog, 1, 99), whose(&catalog, 2, 99)), (None, Some(id)));
    let mut use_code =
        |code: u8, now| catalog.set_password_with_code(&[code; 32], "new", Timestamp(now)).unwrap();
    assert_eq!(
        [use_code(1, 99), use_code(2, 100), use_code(2, 99), use_code(2, 99)],
        [false, false, true, false]
    );
    assert_eq!(user(&catalog, id).password.as_deref(), Some("new"));
    catalog.add_password_code(id, &[3; 32], Timestamp(100), &OWNER).unwrap();
    catalog.set_password(id, Some("another"), &OWNER).unwrap();
    assert_eq!(whose(&catalog, 3, 99), None);
    catalog.add_password_code(id, &[4; 32], Timestamp(100), &OWNER).unwrap();
    let disabled = UserDetails { is_disabled: true, ..UserDetails::new(Role::Editor) };
    catalog.change_user(id, None, &disabled, &OWNER).unwrap();
    assert_eq!(whose(&catalog, 4, 99), None);
}

#[test]
fn a_token_counts_until_its_time_and_its_use_is_noted_once_a_minute() {
    let (_folder, mut catalog) = new_catalog();
    let ed = add(&mut catalog, "ed", Role::Editor);
    let other = add(&mut catalog, "other", Role::Editor);
    let until = Some(Timestamp(1000));
    let new = NewToken { digest: &[1; 32], label: "script", scope: "torrents", until };
    let id = catalog.add_token(ed, &new, &OWNER).unwrap();
    assert_eq!(catalog.token(&[1; 32], Timestamp(1000)).unwrap(), None);
    assert_eq!(catalog.token(&[2; 32], Timestamp(1)).unwrap(), None);
    let mut used = |at| {
        let token = catalog.token(&[1; 32], Timestamp(at)).unwrap().unwrap();
        catalog.note_use_of(&token, Timestamp(at)).unwrap();
        catalog.tokens(Some(ed)).unwrap()[0].last_used.map(|at| at.0)
    };
    assert_eq!([used(100), used(159), used(160)], [Some(100), Some(100), Some(160)]);
    assert!(!catalog.remove_token(id, Some(other), &OWNER).unwrap());
    assert!(catalog.remove_token(id, Some(ed), &OWNER).unwrap());
    assert_eq!(catalog.tokens(None).unwrap(), []);
}

#[test]
fn tokens_end_with_a_password_that_is_set_or_chosen_with_a_code_and_not_with_ones_own() {
    let (_folder, mut catalog) = new_catalog();
    let (ed, other) =
        (add(&mut catalog, "Ed", Role::Editor), add(&mut catalog, "Pia", Role::Editor));
    let until = Timestamp(OWNER.at.0 + 10);
    let left = |catalog: &Catalog| catalog.tokens(Some(ed)).unwrap().len();
    let mut next = 0;
    let mut with_token = |catalog: &mut Catalog| {
        next += 1;
        let token = NewToken { digest: &[next; 32], label: "x", scope: "read", until: None };
        catalog.add_token(ed, &token, &OWNER).unwrap();
    };
    let kept = NewToken { digest: &[99; 32], label: "x", scope: "read", until: None };
    catalog.add_token(other, &kept, &OWNER).unwrap();

    with_token(&mut catalog);
    catalog.change_password(ed, "own", &OWNER).unwrap();
    catalog.add_password_code(ed, &[5; 32], until, &OWNER).unwrap();
    assert_eq!(left(&catalog), 1);
    assert!(catalog.set_password_with_code(&[5; 32], "chosen", OWNER.at).unwrap());
    assert_eq!(left(&catalog), 0);
    for hash in [Some("set"), None] {
        with_token(&mut catalog);
        catalog.set_password(ed, hash, &OWNER).unwrap();
        assert_eq!(left(&catalog), 0, "{hash:?}");
    }
    with_token(&mut catalog);
    with_token(&mut catalog);
    assert_eq!(catalog.remove_tokens(ed, &OWNER).unwrap(), 2);
    assert_eq!(catalog.remove_tokens(ed, &OWNER).unwrap(), 0);
    assert_eq!(catalog.tokens(None).unwrap().len(), 1, "another one's");
}

#[test]
fn sign_ins_are_kept_as_long_as_said() {
    let (_folder, mut catalog) = new_catalog();
    for at in [100, 150, 201] {
        let login = Login {
            at: Timestamp(at),
            name: String::new(),
            address: "::1".into(),
            outcome: LoginOutcome::Refused,
        };
        catalog.note_login(&login, None, Seconds(100)).unwrap();
    }
    let kept: Vec<u64> = catalog.logins(None, 10).unwrap().iter().map(|it| it.at.0).collect();
    assert_eq!(kept, [201, 150]);
}

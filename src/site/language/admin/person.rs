//! The texts of the page of a user.

use crate::catalog::LoginOutcome;
use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// A user, and what an administrator may do with them.
    PersonTexts {
        about: Phrase<1>,
        as_saved: &'static str,
        language: &'static str,
        of_browser: &'static str,
        may_not_sign_in: &'static str,
        may_not_sign_in_hint: &'static str,
        change: &'static str,
        change_hint: &'static str,
        last_administrator: &'static str,
        password: &'static str,
        password_code: &'static str,
        password_code_hint: &'static str,
        code_title: &'static str,
        code_for: Phrase<1>,
        code_where: &'static str,
        code_how: &'static str,
        sign_out: &'static str,
        sign_out_hint: &'static str,
        signed_out: &'static str,
        codes_off: &'static str,
        codes_off_hint: &'static str,
        codes_off_ask: &'static str,
        codes_off_what: &'static str,
        codes_are_off: &'static str,
        remove: &'static str,
        remove_title: &'static str,
        remove_what: &'static str,
        remove_audit: &'static str,
        remove_hint: &'static str,
        sign_ins: &'static str,
        no_sign_ins: &'static str,
        when: &'static str,
        from: &'static str,
        outcome: &'static str,
        signed_in: &'static str,
        refused: &'static str,
        wrong_code: &'static str,
    }
}

impl PersonTexts {
    /// How a sign-in ended, in words of the language.
    pub(in crate::site) fn outcome(&self, outcome: LoginOutcome) -> &'static str {
        match outcome {
            LoginOutcome::SignedIn => self.signed_in,
            LoginOutcome::Refused => self.refused,
            LoginOutcome::WrongCode => self.wrong_code,
        }
    }
}

pub(super) const ENGLISH: PersonTexts = PersonTexts {
    about: Phrase("Added {0}."),
    as_saved: "As saved",
    language: "Language of their pages",
    of_browser: "that of the browser",
    may_not_sign_in: "May not sign in",
    may_not_sign_in_hint: "Their sessions end at once.",
    change: "Change",
    change_hint: "With another role they have to sign in again.",
    last_administrator: "This is the last administrator who can sign in. Make somebody else an administrator first.",
    password: "Password and sessions",
    password_code: "Make a password code",
    password_code_hint: "With it they choose a new password within a day, which ends their sessions and tokens. The one until now counts until then.",
    code_title: "A code to choose a password with",
    code_for: Phrase(
        "For {0}. It counts once, for a day, and until the next one is made. It is shown only now.",
    ),
    code_where: "They type it in at",
    code_how: "Hand it on in a way that nobody else reads.",
    sign_out: "End all sessions",
    sign_out_hint: "They have to sign in again, in all browsers.",
    signed_out: "All of their sessions have ended.",
    codes_off: "Turn one-time codes off",
    codes_off_hint: "For who has lost what makes them: the password is enough then.",
    codes_off_ask: "Turn the one-time codes off?",
    codes_off_what: "Their password alone lets somebody in then. Be sure that it is them who asks.",
    codes_are_off: "One-time codes are off.",
    remove: "Remove",
    remove_title: "Remove the user?",
    remove_what: "They cannot sign in any more, and their tokens and sign-ins are gone.",
    remove_audit: "What they have done stays in the audit list; their name becomes a number there.",
    remove_hint: "Disable somebody instead who may come back.",
    sign_ins: "Last sign-ins",
    no_sign_ins: "There are none.",
    when: "When",
    from: "From",
    outcome: "Outcome",
    signed_in: "signed in",
    refused: "wrong password",
    wrong_code: "wrong code",
};

pub(super) const RUSSIAN: PersonTexts = PersonTexts {
    about: Phrase("Добавлен {0}."),
    as_saved: "Как сохранено",
    language: "Язык страниц",
    of_browser: "язык браузера",
    may_not_sign_in: "Вход запрещён",
    may_not_sign_in_hint: "Сеансы завершатся сразу.",
    change: "Изменить",
    change_hint: "После смены роли нужно войти заново.",
    last_administrator: "Это последний администратор, который может войти. Сначала назначьте администратором кого-нибудь ещё.",
    password: "Пароль и сеансы",
    password_code: "Создать код для пароля",
    password_code_hint: "С ним пользователь в течение суток выбирает новый пароль; сеансы завершаются, токены отзываются. До этого действует прежний.",
    code_title: "Код для выбора пароля",
    code_for: Phrase(
        "Для пользователя {0}. Действует один раз, в течение суток и пока не создан следующий. Показывается только сейчас.",
    ),
    code_where: "Код вводят здесь:",
    code_how: "Передайте его так, чтобы никто другой не прочитал.",
    sign_out: "Завершить все сеансы",
    sign_out_hint: "Нужно будет войти заново во всех браузерах.",
    signed_out: "Все сеансы завершены.",
    codes_off: "Отключить одноразовые коды",
    codes_off_hint: "Если устройство с кодами потеряно: тогда достаточно пароля.",
    codes_off_ask: "Отключить одноразовые коды?",
    codes_off_what: "После этого для входа хватит пароля. Убедитесь, что об этом просит сам пользователь.",
    codes_are_off: "Одноразовые коды отключены.",
    remove: "Удалить",
    remove_title: "Удалить пользователя?",
    remove_what: "Войти больше нельзя; токены и список входов исчезают.",
    remove_audit: "Сделанное остаётся в журнале изменений; имя там заменяется номером.",
    remove_hint: "Если человек может вернуться, лучше запретите вход.",
    sign_ins: "Последние входы",
    no_sign_ins: "Входов не было.",
    when: "Когда",
    from: "Откуда",
    outcome: "Итог",
    signed_in: "вход",
    refused: "неверный пароль",
    wrong_code: "неверный код",
};

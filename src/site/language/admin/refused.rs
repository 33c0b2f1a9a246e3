//! The texts of pages that say why something was not done.

use crate::site::language::declared::texts;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// Why something was not done.
    RefusedTexts {
        signed_out_title: &'static str,
        signed_out: &'static str,
        not_allowed_title: &'static str,
        not_allowed: &'static str,
        not_found_title: &'static str,
        not_found: &'static str,
        not_our_form_title: &'static str,
        not_our_form: &'static str,
        bad_form_title: &'static str,
        bad_form: &'static str,
        broken_title: &'static str,
        broken: &'static str,
        to_the_overview: &'static str,
        at_owner_title: &'static str,
        at_owner: &'static str,
    }
}

pub(super) const ENGLISH: RefusedTexts = RefusedTexts {
    signed_out_title: "You are signed out",
    signed_out: "Nothing was changed. Sign in in another tab; then go back here, and send the form again.",
    not_allowed_title: "Not for you",
    not_allowed: "Your role does not allow this. An administrator can change your role.",
    not_found_title: "Not found",
    not_found: "There is no such page, or what it was about is gone.",
    not_our_form_title: "Nothing was changed",
    not_our_form: "The form did not come from a page of your session. Go back, load the page again, and send it once more.",
    bad_form_title: "Nothing was changed",
    bad_form: "The form did not arrive as it should.",
    broken_title: "This does not work now",
    broken: "The reason is in the error log.",
    to_the_overview: "To the overview",
    at_owner_title: "Nothing was changed",
    at_owner: "The form came to a host that has no administration. Sign in on the host that has it, and do it there:",
};

pub(super) const RUSSIAN: RefusedTexts = RefusedTexts {
    signed_out_title: "Вы вышли",
    signed_out: "Ничего не изменено. Войдите в другой вкладке, затем вернитесь сюда и отправьте форму ещё раз.",
    not_allowed_title: "Нет доступа",
    not_allowed: "Ваша роль этого не позволяет. Роль может изменить администратор.",
    not_found_title: "Не найдено",
    not_found: "Такой страницы нет, или того, о чём она была, больше нет.",
    not_our_form_title: "Ничего не изменено",
    not_our_form: "Форма отправлена не со страницы вашего сеанса. Вернитесь, загрузите страницу заново и отправьте ещё раз.",
    bad_form_title: "Ничего не изменено",
    bad_form: "Форма пришла не такой, как должна.",
    broken_title: "Сейчас это не работает",
    broken: "Причина записана в журнале ошибок.",
    to_the_overview: "К обзору",
    at_owner_title: "Ничего не изменено",
    at_owner: "Форма пришла на узел, где нет управления. Войдите на узле, где оно есть, и повторите там:",
};

//! The texts of the mail with a code to choose a password with.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// The paragraphs of a mail, and what is said of it on pages.
    MailTexts {
        subject: Phrase<1>,
        greeting: Phrase<1>,
        what: Phrase<1>,
        code: Phrase<1>,
        how: Phrase<1>,
        unexpected: &'static str,
        to: &'static str,
        to_hint: &'static str,
        to_hint_new: &'static str,
        send: &'static str,
        sent: &'static str,
        wrong_address: &'static str,
        with_password: &'static str,
        not_sent: Phrase<1>,
        is_off: &'static str,
    }
}

pub(super) const ENGLISH: MailTexts = MailTexts {
    subject: Phrase("Your password at {0}"),
    greeting: Phrase("Hello {0},"),
    what: Phrase("an administrator of {0} has made a code for you. With it you choose a password."),
    code: Phrase("Code: {0}"),
    how: Phrase("Type it in at {0}. It counts once, for a day."),
    unexpected: "If you do not expect this mail, you need not do anything. Nobody will ever ask you for the code.",
    to: "Mail address",
    to_hint: "The code is mailed and not shown here. The address is kept in the audit list only.",
    to_hint_new: "Without a password: where a code to choose one is mailed to. Leave it empty to be shown the code.",
    send: "Mail a password code",
    sent: "The code was handed to the mail program.",
    wrong_address: "Write one mail address, such as olive@example.org.",
    with_password: "With a password, no code is mailed: leave this empty, or the password.",
    not_sent: Phrase("The mail was not sent. {0}. Hand the code on yourself."),
    is_off: "This site does not mail.",
};

pub(super) const RUSSIAN: MailTexts = MailTexts {
    subject: Phrase("Ваш пароль: {0}"),
    greeting: Phrase("Здравствуйте, {0}!"),
    what: Phrase("Администратор сайта «{0}» создал для вас код. С ним вы выбираете пароль."),
    code: Phrase("Код: {0}"),
    how: Phrase("Введите его на странице {0}. Он действует один раз, в течение суток."),
    unexpected: "Если вы не ждали этого письма, ничего делать не нужно. Никто никогда не попросит у вас этот код.",
    to: "Адрес почты",
    to_hint: "Код отправляется письмом и здесь не показывается. Адрес остаётся только в журнале изменений.",
    to_hint_new: "Если пароля нет: куда отправить код, чтобы его выбрать. Оставьте пустым, и код будет показан вам.",
    send: "Отправить код для пароля",
    sent: "Код передан почтовой программе.",
    wrong_address: "Напишите один адрес почты, например olive@example.org.",
    with_password: "Если пароль задан, код не отправляется: оставьте пустым это поле или пароль.",
    not_sent: Phrase("Письмо не отправлено. {0}. Передайте код сами."),
    is_off: "Этот сайт не отправляет писем.",
};

//! The texts of one-time codes.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// One’s own one-time codes and recovery codes.
    CodeTexts {
        title: &'static str,
        about: &'static str,
        scan: &'static str,
        picture: &'static str,
        type_in: &'static str,
        first_code: &'static str,
        first_code_hint: &'static str,
        wrong_code: &'static str,
        too_late: &'static str,
        turn_on: &'static str,
        not_done: &'static str,
        are_on: &'static str,
        left: Phrase<1>,
        left_about: &'static str,
        new_recovery: &'static str,
        new_recovery_hint: &'static str,
        turn_off: &'static str,
        turned_off: &'static str,
        recovery_title: &'static str,
        recovery_about: &'static str,
        kept: &'static str,
    }
}

pub(super) const ENGLISH: CodeTexts = CodeTexts {
    title: "One-time codes",
    about: "With them, signing in takes a code that your device shows, beside the password.",
    scan: "Scan this with an app for one-time codes.",
    picture: "QR code for the app",
    type_in: "Or type this secret into it:",
    first_code: "The code that it shows",
    first_code_hint: "Six digits. They show that the app has the secret.",
    wrong_code: "This is not the code of now. Wait for the next one; if that is refused too, look whether your device’s clock is right.",
    too_late: "This took more than an hour, or your password has changed. Here is a new secret: scan it again.",
    turn_on: "Turn on",
    not_done: "Not done yet:",
    are_on: "One-time codes are on.",
    left: Phrase("Recovery codes left: {0}"),
    left_about: "Each of them stands in for a one-time code once.",
    new_recovery: "Make new recovery codes",
    new_recovery_hint: "Those until now count no more.",
    turn_off: "Turn off",
    turned_off: "One-time codes are off.",
    recovery_title: "Recovery codes",
    recovery_about: "For the day on which your device is lost: each lets you in once, in place of a one-time code. They are shown only now. Print them, or keep them where your passwords are.",
    kept: "Done, they are kept",
};

pub(super) const RUSSIAN: CodeTexts = CodeTexts {
    title: "Одноразовые коды",
    about: "С ними для входа, кроме пароля, нужен код, который показывает ваше устройство.",
    scan: "Отсканируйте это приложением для одноразовых кодов.",
    picture: "QR-код для приложения",
    type_in: "Или введите в нём этот секрет:",
    first_code: "Код, который оно показывает",
    first_code_hint: "Шесть цифр. Они подтверждают, что секрет в приложении есть.",
    wrong_code: "Это не нынешний код. Дождитесь следующего; если не подойдёт и он, проверьте часы на устройстве.",
    too_late: "Прошло больше часа или пароль сменился. Вот новый секрет: отсканируйте его.",
    turn_on: "Включить",
    not_done: "Пока не сделано:",
    are_on: "Одноразовые коды включены.",
    left: Phrase("Осталось запасных кодов: {0}"),
    left_about: "Каждый из них один раз заменяет одноразовый код.",
    new_recovery: "Создать новые запасные коды",
    new_recovery_hint: "Прежние перестанут действовать.",
    turn_off: "Выключить",
    turned_off: "Одноразовые коды выключены.",
    recovery_title: "Запасные коды",
    recovery_about: "На случай потери устройства: каждый один раз заменяет одноразовый код. Показываются только сейчас. Распечатайте их или храните там же, где пароли.",
    kept: "Готово, коды сохранены",
};

//! The texts of signing in and out.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// Signing in, the code after it, and choosing a password with a code.
    SignInTexts {
        title: &'static str,
        name: &'static str,
        password: &'static str,
        sign_in: &'static str,
        not_signed_in: &'static str,
        refused: &'static str,
        wait: Phrase<1>,
        forgotten: &'static str,
        signed_out: &'static str,
        code_title: &'static str,
        code_about: &'static str,
        code: &'static str,
        code_hint: &'static str,
        wrong_code: &'static str,
        too_late: &'static str,
        set_up: &'static str,
        password_title: &'static str,
        password_about: &'static str,
        password_code: &'static str,
        password_code_hint: &'static str,
        wrong_password_code: &'static str,
        choose: &'static str,
    }
}

pub(super) const ENGLISH: SignInTexts = SignInTexts {
    title: "Sign in",
    name: "Name",
    password: "Password",
    sign_in: "Sign in",
    not_signed_in: "You are not signed in.",
    refused: "This name and this password do not belong together.",
    wait: Phrase("Too many sign-ins have failed. Try again in {0}."),
    forgotten: "No password, or forgotten? An administrator makes a code with which you choose a new one; with a shell, `tracker user password NAME` sets it.",
    signed_out: "You are signed out, here and everywhere else.",
    code_title: "One-time code",
    code_about: "The password is right. Now the code that your device shows.",
    code: "Code",
    code_hint: "Six digits, or one of your recovery codes.",
    wrong_code: "This is not the code of now, or it was used already. Wait for the next one; if that is refused too, look whether your device’s clock is right.",
    too_late: "That took too long. Type in your password once more.",
    set_up: "Nobody can sign in yet. Make the first administrator",
    password_title: "Choose a password",
    password_about: "With the code that an administrator has given you.",
    password_code: "The code",
    password_code_hint: "Sixteen letters and digits; it counts for a day.",
    wrong_password_code: "This is not a code that counts. It may have been used, or it is older than a day; ask for a new one.",
    choose: "Set the password",
};

pub(super) const RUSSIAN: SignInTexts = SignInTexts {
    title: "Вход",
    name: "Имя",
    password: "Пароль",
    sign_in: "Войти",
    not_signed_in: "Вы не вошли.",
    refused: "Это имя и этот пароль не подходят друг к другу.",
    wait: Phrase("Слишком много неудачных попыток. Попробуйте снова через {0}."),
    forgotten: "Нет пароля или он забыт? Администратор создаст код, с которым вы выберете новый; из командной строки его задаёт `tracker user password NAME`.",
    signed_out: "Вы вышли — здесь и везде.",
    code_title: "Одноразовый код",
    code_about: "Пароль верный. Теперь код, который показывает ваше устройство.",
    code: "Код",
    code_hint: "Шесть цифр или один из ваших запасных кодов.",
    wrong_code: "Это не нынешний код, или он уже использован. Дождитесь следующего; если не подойдёт и он, проверьте часы на устройстве.",
    too_late: "Прошло слишком много времени. Введите пароль ещё раз.",
    set_up: "Войти пока никто не может. Создать первого администратора",
    password_title: "Выбор пароля",
    password_about: "С кодом, который вам дал администратор.",
    password_code: "Код",
    password_code_hint: "Шестнадцать букв и цифр; действует сутки.",
    wrong_password_code: "Такого действующего кода нет. Возможно, он использован или ему больше суток; попросите новый.",
    choose: "Задать пароль",
};

//! The texts of the first steps.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// The page on which the first user is made.
    SetupTexts {
        title: &'static str,
        about: &'static str,
        not_done: &'static str,
        token: &'static str,
        token_hint: &'static str,
        wrong_token: &'static str,
        name: &'static str,
        name_hint: &'static str,
        make: &'static str,
        data_is_shown: Phrase<1>,
        data_may_be_shown: &'static str,
    }
}

pub(super) const ENGLISH: SetupTexts = SetupTexts {
    title: "First steps",
    about: "Here you make the first administrator of this tracker.",
    not_done: "Not done yet:",
    token: "Setup token",
    token_hint: "The name of the file in the data folder that begins with “setup-”. It counts for 24 hours; make an empty file “new-setup” beside it to get another one.",
    wrong_token: "This is not the token, or it is older than 24 hours.",
    name: "Your name",
    name_hint: "You sign in with it; it stands beside all that you change.",
    make: "Make the administrator",
    data_is_shown: Phrase("Nobody is made as long as strangers can read the data folder: {0}"),
    data_may_be_shown: "The data folder lies in what the web server shows, and whether strangers can read it could not be checked. Set announce_url in [tracker] of conf/tracker.toml to the tracker’s address, or move the data folder elsewhere; then send this again.",
};

pub(super) const RUSSIAN: SetupTexts = SetupTexts {
    title: "Первые шаги",
    about: "Здесь создаётся первый администратор этого трекера.",
    not_done: "Пока не сделано:",
    token: "Ключ установки",
    token_hint: "Имя файла в папке данных, которое начинается с «setup-». Он действует 24 часа; чтобы получить новый, создайте рядом пустой файл «new-setup».",
    wrong_token: "Это не тот ключ, или ему больше 24 часов.",
    name: "Ваше имя",
    name_hint: "С ним вы входите; оно стоит рядом со всем, что вы меняете.",
    make: "Создать администратора",
    data_is_shown: Phrase("Никто не будет создан, пока посторонние могут читать папку данных: {0}"),
    data_may_be_shown: "Папка данных лежит там, откуда веб-сервер отдаёт файлы, и проверить, видна ли она посторонним, не удалось. Укажите адрес трекера в announce_url раздела [tracker] в conf/tracker.toml или перенесите папку данных в другое место и отправьте форму ещё раз.",
};

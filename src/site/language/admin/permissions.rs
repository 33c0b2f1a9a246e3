//! The texts of what may be done in the administration.

use crate::accounts::Permission;
use crate::site::language::declared::texts;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// Each permission in a few words.
    PermissionTexts {
        see_overview: &'static str,
        see_torrents: &'static str,
        add_torrents: &'static str,
        edit_torrents: &'static str,
        hide_torrents: &'static str,
        retire_torrents: &'static str,
        restore_torrents: &'static str,
        remove_torrents: &'static str,
        see_peers: &'static str,
        see_bans: &'static str,
        edit_bans: &'static str,
        see_client_rules: &'static str,
        edit_client_rules: &'static str,
        see_users: &'static str,
        edit_users: &'static str,
        see_configuration: &'static str,
        edit_switches: &'static str,
        edit_appearance: &'static str,
        see_audit: &'static str,
        make_backup: &'static str,
        refresh: &'static str,
        own_account: &'static str,
    }
}

impl PermissionTexts {
    /// A permission in words of the language.
    pub(in crate::site) fn in_words(&self, permission: Permission) -> &'static str {
        match permission {
            Permission::SeeOverview => self.see_overview,
            Permission::SeeTorrents => self.see_torrents,
            Permission::AddTorrents => self.add_torrents,
            Permission::EditTorrents => self.edit_torrents,
            Permission::HideTorrents => self.hide_torrents,
            Permission::RetireTorrents => self.retire_torrents,
            Permission::RestoreTorrents => self.restore_torrents,
            Permission::RemoveTorrents => self.remove_torrents,
            Permission::SeePeers => self.see_peers,
            Permission::SeeBans => self.see_bans,
            Permission::EditBans => self.edit_bans,
            Permission::SeeClientRules => self.see_client_rules,
            Permission::EditClientRules => self.edit_client_rules,
            Permission::SeeUsers => self.see_users,
            Permission::EditUsers => self.edit_users,
            Permission::SeeConfiguration => self.see_configuration,
            Permission::EditSwitches => self.edit_switches,
            Permission::EditAppearance => self.edit_appearance,
            Permission::SeeAudit => self.see_audit,
            Permission::MakeBackup => self.make_backup,
            Permission::Refresh => self.refresh,
            Permission::OwnAccount => self.own_account,
        }
    }
}

pub(super) const ENGLISH: PermissionTexts = PermissionTexts {
    see_overview: "See how the tracker is",
    see_torrents: "See torrents, also hidden and retired ones",
    add_torrents: "Add torrents",
    edit_torrents: "Edit torrents",
    hide_torrents: "Hide torrents and show them again",
    retire_torrents: "Retire torrents",
    restore_torrents: "Restore retired torrents",
    remove_torrents: "Remove torrents for good",
    see_peers: "See peers with their addresses",
    see_bans: "See bans",
    edit_bans: "Ban addresses and end bans",
    see_client_rules: "See rules on clients",
    edit_client_rules: "Change rules on clients",
    see_users: "See users and groups",
    edit_users: "Add, change and remove users and groups",
    see_configuration: "See the configuration",
    edit_switches: "Set switches over the configuration",
    edit_appearance: "Change what pages look like",
    see_audit: "Read the audit list",
    make_backup: "Make and download backups",
    refresh: "Have a refresh done now",
    own_account: "Change one’s own password, codes and sessions",
};

pub(super) const RUSSIAN: PermissionTexts = PermissionTexts {
    see_overview: "Видеть состояние трекера",
    see_torrents: "Видеть торренты, в том числе скрытые и выведенные",
    add_torrents: "Добавлять торренты",
    edit_torrents: "Править торренты",
    hide_torrents: "Скрывать торренты и возвращать в список",
    retire_torrents: "Выводить торренты",
    restore_torrents: "Восстанавливать выведенные торренты",
    remove_torrents: "Удалять торренты навсегда",
    see_peers: "Видеть пиров с адресами",
    see_bans: "Видеть запреты",
    edit_bans: "Запрещать адреса и снимать запреты",
    see_client_rules: "Видеть правила о клиентах",
    edit_client_rules: "Менять правила о клиентах",
    see_users: "Видеть пользователей и группы",
    edit_users: "Добавлять, менять и удалять пользователей и группы",
    see_configuration: "Видеть настройки",
    edit_switches: "Переключать то, что задано в настройках",
    edit_appearance: "Менять оформление",
    see_audit: "Читать журнал изменений",
    make_backup: "Делать и скачивать резервные копии",
    refresh: "Запускать обновление",
    own_account: "Менять свои пароль, коды и сеансы",
};

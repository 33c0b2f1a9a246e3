//! The texts of the administration: a file for each of its pages, with both languages side by side.

mod account;
mod add;
mod api_tokens;
mod appearance;
mod audit;
mod backup;
mod bans;
mod clients;
mod codes;
mod configuration;
mod frame;
mod mail;
mod overview;
mod password;
mod peers;
mod people;
mod permissions;
mod person;
mod refused;
mod setup;
mod sign_in;
mod switches;
mod torrent;
mod torrents;
mod users;

pub(in crate::site) use account::AccountTexts;
pub(in crate::site) use add::AddTexts;
pub(in crate::site) use api_tokens::ApiTokenTexts;
pub(in crate::site) use appearance::AppearanceTexts;
pub(in crate::site) use audit::AuditTexts;
pub(in crate::site) use backup::BackupTexts;
pub(in crate::site) use bans::BanTexts;
pub(in crate::site) use clients::ClientTexts;
pub(in crate::site) use codes::CodeTexts;
pub(in crate::site) use configuration::ConfigurationTexts;
pub(in crate::site) use frame::AdminFrameTexts;
pub(in crate::site) use mail::MailTexts;
pub(in crate::site) use overview::OverviewTexts;
pub(in crate::site) use password::PasswordTexts;
pub(in crate::site) use peers::AdminPeerTexts;
pub(in crate::site) use people::PeopleTexts;
pub(in crate::site) use permissions::PermissionTexts;
pub(in crate::site) use person::PersonTexts;
pub(in crate::site) use refused::RefusedTexts;
pub(in crate::site) use setup::SetupTexts;
pub(in crate::site) use sign_in::SignInTexts;
pub(in crate::site) use switches::SwitchTexts;
pub(in crate::site) use torrent::AdminTorrentTexts;
pub(in crate::site) use torrents::AdminTorrentsTexts;
pub(in crate::site) use users::UserTexts;

/// Declares the texts of the administration by their modules.
macro_rules! admin_texts {
    ($($group:ident: $kind:ident,)+) => {
        /// The texts of the administration in a language.
        pub(in crate::site) struct AdminTexts {
            $(pub(in crate::site) $group: $kind,)+
        }

        #[cfg(test)]
        impl AdminTexts {
            /// Each text by its name, with how many values it takes.
            pub(super) fn all(&self) -> Vec<(String, Vec<&'static str>, usize)> {
                [$(self.$group.all(),)+].into_iter().flatten().collect()
            }
        }

        pub(super) const ENGLISH: AdminTexts = AdminTexts { $($group: $group::ENGLISH,)+ };

        pub(super) const RUSSIAN: AdminTexts = AdminTexts { $($group: $group::RUSSIAN,)+ };
    };
}

admin_texts! {
    frame: AdminFrameTexts,
    refused: RefusedTexts,
    setup: SetupTexts,
    password: PasswordTexts,
    sign_in: SignInTexts,
    overview: OverviewTexts,
    users: UserTexts,
    audit: AuditTexts,
    torrents: AdminTorrentsTexts,
    torrent: AdminTorrentTexts,
    add: AddTexts,
    bans: BanTexts,
    peers: AdminPeerTexts,
    clients: ClientTexts,
    switches: SwitchTexts,
    configuration: ConfigurationTexts,
    backup: BackupTexts,
    appearance: AppearanceTexts,
    people: PeopleTexts,
    person: PersonTexts,
    mail: MailTexts,
    permissions: PermissionTexts,
    account: AccountTexts,
    codes: CodeTexts,
    api_tokens: ApiTokenTexts,
}

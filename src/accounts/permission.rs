//! What may be done in the administration, and which role may do it.

use crate::catalog::Role;

/// Declares all permissions, so that none can be missing in the list of them.
macro_rules! permissions {
    ($($(#[$about:meta])+ $name:ident,)+) => {
        /// An operation of the administration.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Permission {
            $($(#[$about])+ $name,)+
        }

        impl Permission {
            /// All of them.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];
        }
    };
}

permissions! {
    /// See how the tracker is.
    SeeOverview,
    /// See torrents, also hidden and retired ones.
    SeeTorrents,
    /// Add torrents.
    AddTorrents,
    /// Change what is said of torrents.
    EditTorrents,
    /// Hide torrents and show them again.
    HideTorrents,
    /// Retire torrents.
    RetireTorrents,
    /// Take retired torrents back.
    RestoreTorrents,
    /// Remove torrents for good.
    RemoveTorrents,
    /// See the peers of a torrent with their addresses.
    SeePeers,
    /// See bans.
    SeeBans,
    /// Ban addresses and end bans.
    EditBans,
    /// See rules on clients.
    SeeClientRules,
    /// Change rules on clients.
    EditClientRules,
    /// See users and groups.
    SeeUsers,
    /// Add, change and remove users and groups.
    EditUsers,
    /// See the configuration as it is understood.
    SeeConfiguration,
    /// Set switches over the configuration.
    EditSwitches,
    /// Change what pages look like.
    EditAppearance,
    /// See who did what.
    SeeAudit,
    /// Make and download backups.
    MakeBackup,
    /// Have a refresh done now.
    Refresh,
    /// Change one's own password, codes and sessions.
    OwnAccount,
}

use Permission::{
    AddTorrents, EditTorrents, HideTorrents, OwnAccount, RemoveTorrents, RestoreTorrents,
    RetireTorrents, SeeBans, SeeClientRules, SeeConfiguration, SeeOverview, SeePeers, SeeTorrents,
};

impl Permission {
    /// Whether it is one over torrents: an editor has it over those of their groups only.
    #[must_use]
    pub fn is_over_torrents(self) -> bool {
        matches!(
            self,
            SeeTorrents
                | AddTorrents
                | EditTorrents
                | HideTorrents
                | RetireTorrents
                | RestoreTorrents
                | RemoveTorrents
                | SeePeers
        )
    }
}

impl Role {
    /// Whether a role has a permission. For an editor it is one over the torrents of their groups.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Administrator => &Permission::ALL,
            Self::Editor => &[
                SeeOverview,
                SeeTorrents,
                AddTorrents,
                EditTorrents,
                HideTorrents,
                RetireTorrents,
                RestoreTorrents,
                SeePeers,
                OwnAccount,
            ],
            Self::Viewer => &[
                SeeOverview,
                SeeTorrents,
                SeePeers,
                SeeBans,
                SeeClientRules,
                SeeConfiguration,
                OwnAccount,
            ],
            Self::Member => &[OwnAccount],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Permission::{
        EditAppearance, EditBans, EditClientRules, EditSwitches, EditUsers, MakeBackup, Refresh,
        SeeAudit, SeeUsers,
    };

    #[test]
    fn nothing_is_allowed_but_what_the_table_says() {
        let none_of = |role: Role, refused: &[Permission]| refused.iter().all(|it| !role.may(*it));
        assert!(Permission::ALL.iter().all(|it| Role::Administrator.may(*it)));
        let member: Vec<_> =
            Permission::ALL.into_iter().filter(|it| Role::Member.may(*it)).collect();
        assert_eq!(member, [OwnAccount]);
        assert!(none_of(Role::Editor, &[SeeBans, EditBans, SeeUsers, EditUsers, RemoveTorrents]));
        assert!(none_of(Role::Editor, &[SeeAudit, MakeBackup, Refresh, EditAppearance]));
        assert!(none_of(Role::Viewer, &[SeeUsers, SeeAudit, MakeBackup, Refresh]));
        let changes = [
            AddTorrents,
            EditTorrents,
            HideTorrents,
            RetireTorrents,
            RestoreTorrents,
            RemoveTorrents,
            EditBans,
            EditClientRules,
            EditUsers,
            EditSwitches,
            EditAppearance,
        ];
        assert!(none_of(Role::Viewer, &changes));
    }
}

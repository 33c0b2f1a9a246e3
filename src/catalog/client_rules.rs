//! Which clients may announce: the owner's rules, of which the first that means a client decides.

use rusqlite::{Connection, OptionalExtension, Row};

use super::changes::Noted;
use super::count::Count;
use super::{Author, Catalog, CatalogError, changes};
use crate::protocol::{ClientPattern, Timestamp};

/// A rule on clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRule {
    /// Which clients it means.
    pub pattern: ClientPattern,
    /// What becomes of them.
    pub verdict: Verdict,
    /// What a client is told that is refused; may be empty.
    pub reason: String,
    /// When it was made.
    pub since: Timestamp,
}

/// What becomes of the clients that a rule means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are refused.
    Deny,
    /// They are answered.
    Allow,
    /// They are answered, and not handed out to others.
    Hide,
}

/// Where a rule stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    First,
    /// Behind all others, or where it stood before.
    Last,
}

impl Verdict {
    /// All of them, in the order of their numbers in files of ours.
    pub const ALL: [Self; 3] = [Self::Deny, Self::Allow, Self::Hide];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Hide => "hide",
        }
    }

    /// The one with this name; what nobody knows is refused.
    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name).unwrap_or(Self::Deny)
    }
}

impl ClientRule {
    /// Which of these rules decides about all clients that the rule at this place means, before it is asked; as far as
    /// that shows.
    #[must_use]
    pub fn decides_before(rules: &[Self], place: usize) -> Option<usize> {
        let of_rule = &rules.get(place)?.pattern;
        rules.iter().take(place).position(|earlier| match (&earlier.pattern, of_rule) {
            (ClientPattern::Any, _) => true,
            (ClientPattern::UserAgent(all), _) if all == "*" => true,
            (ClientPattern::PeerId(shorter), ClientPattern::PeerId(prefix)) => {
                prefix.starts_with(shorter)
            }
            (
                ClientPattern::Program { name, bounds },
                ClientPattern::Program { name: other, bounds: of_other },
            ) => name == other && bounds.iter().all(|bound| of_other.contains(bound)),
            _ => false,
        })
    }
}

impl Catalog {
    /// The rules on clients, in their order.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn client_rules(&self) -> Result<Vec<ClientRule>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(ALL)?;
            query.query_map([], rule_of)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the rules on clients from"))
    }

    /// Makes a rule; one with the same pattern is replaced, and returned.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn rule_on_clients(
        &mut self,
        rule: &ClientRule,
        place: Place,
        author: &Author<'_>,
    ) -> Result<Option<ClientRule>, CatalogError> {
        self.write("write a rule on clients into", |transaction| {
            let pattern = rule.pattern.to_string();
            let before = find(transaction, &pattern)?;
            let ends = match place {
                Place::First => "SELECT coalesce(min(position), 0) - 1 FROM client_rules",
                Place::Last => "SELECT coalesce(max(position), 0) + 1 FROM client_rules",
            };
            let mut position: i64 = transaction.query_row(ends, [], |row| row.get(0))?;
            if before.is_some() && place == Place::Last {
                position = transaction.query_row(POSITION, [&pattern], |row| row.get(0))?;
            }
            transaction.execute(
                PUT,
                (&pattern, position, rule.verdict.name(), &rule.reason, Count(rule.since.0)),
            )?;
            let told = before.as_ref().map(|it| in_words(it.verdict.name(), &it.reason));
            let what = format!("{} clients", rule.verdict.name());
            let after = in_words(rule.verdict.name(), &rule.reason);
            let noted = Noted {
                what: &what,
                subject: &pattern,
                before: told.as_deref(),
                after: Some(&after),
            };
            changes::note(transaction, author, &noted)?;
            Ok(before)
        })
    }

    /// Removes the rule with a pattern, as it is written in the catalogue; whether there was one.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn remove_client_rule(
        &mut self,
        pattern: &str,
        author: &Author<'_>,
    ) -> Result<bool, CatalogError> {
        self.write("remove a rule on clients from", |transaction| {
            let before = transaction
                .query_row(
                    "SELECT verdict, reason FROM client_rules WHERE pattern = ?1",
                    [pattern],
                    |row| Ok(in_words(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?)),
                )
                .optional()?;
            if let Some(before) = &before {
                transaction.execute("DELETE FROM client_rules WHERE pattern = ?1", [pattern])?;
                let (what, before) = ("remove client rule", Some(&**before));
                let noted = Noted { what, subject: pattern, before, after: None };
                changes::note(transaction, author, &noted)?;
            }
            Ok(before.is_some())
        })
    }
}

fn find(connection: &Connection, pattern: &str) -> rusqlite::Result<Option<ClientRule>> {
    connection.query_row(FIND, [pattern], rule_of).optional()
}

fn in_words(verdict: &str, reason: &str) -> String {
    if reason.is_empty() { verdict.to_owned() } else { format!("{verdict}: {reason}") }
}

fn rule_of(row: &Row<'_>) -> rusqlite::Result<ClientRule> {
    let pattern: String = row.get(0)?;
    let verdict: String = row.get(1)?;
    Ok(ClientRule {
        // A name may be one that only a newer tracker knows.
        pattern: pattern.parse().map_err(|problem| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(0, text, Box::new(problem))
        })?,
        verdict: Verdict::named(&verdict),
        reason: row.get(2)?,
        since: row.get(3).map(|Count(at)| Timestamp(at))?,
    })
}

const ALL: &str =
    "SELECT pattern, verdict, reason, since FROM client_rules ORDER BY position, pattern";

const FIND: &str = "SELECT pattern, verdict, reason, since FROM client_rules WHERE pattern = ?1";

const POSITION: &str = "SELECT position FROM client_rules WHERE pattern = ?1";

const PUT: &str = "
    INSERT OR REPLACE INTO client_rules (pattern, position, verdict, reason, since)
    VALUES (?1, ?2, ?3, ?4, ?5)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::new_catalog;

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    fn rule(pattern: &str, verdict: Verdict) -> ClientRule {
        let pattern = pattern.parse().unwrap();
        ClientRule { pattern, verdict, reason: "because".into(), since: Timestamp(10) }
    }

    #[test]
    fn a_rule_behind_one_that_means_all_its_clients_is_found() {
        let patterns = [
            "-XL",
            "-XL0019-",
            "qBittorrent < 4",
            "qBittorrent 3.*",
            "qBittorrent",
            "-qB",
            "*",
            "-TR",
        ];
        let rules: Vec<_> = patterns.map(|pattern| rule(pattern, Verdict::Deny)).into();
        let found: Vec<_> =
            (0..rules.len()).map(|place| ClientRule::decides_before(&rules, place)).collect();
        assert_eq!(found, [None, Some(0), None, None, None, None, None, Some(6)]);
        let rules: Vec<_> = ["Deluge", "Deluge < 2", "Deluge < 2, > 1"]
            .map(|pattern| rule(pattern, Verdict::Deny))
            .into();
        assert_eq!(ClientRule::decides_before(&rules, 2), Some(0));
        assert_eq!(ClientRule::decides_before(&rules[1..], 1), Some(0));
    }

    #[test]
    fn rules_keep_their_order_and_are_replaced_by_their_patterns() {
        let (_folder, mut catalog) = new_catalog();
        let [xl, all, old] = [
            rule("-XL", Verdict::Deny),
            rule("*", Verdict::Allow),
            rule("qbittorrent<4", Verdict::Deny),
        ];
        for (rule, place) in [(&xl, Place::Last), (&all, Place::Last), (&old, Place::First)] {
            assert_eq!(catalog.rule_on_clients(rule, place, &OWNER).unwrap(), None);
        }
        assert_eq!(catalog.client_rules().unwrap(), [old.clone(), xl.clone(), all.clone()]);
        let hidden = ClientRule { verdict: Verdict::Hide, ..xl.clone() };
        catalog.rule_on_clients(&hidden, Place::Last, &OWNER).unwrap();
        assert_eq!(catalog.client_rules().unwrap(), [old.clone(), hidden.clone(), all.clone()]);
        let allowed = ClientRule { verdict: Verdict::Allow, ..xl.clone() };
        let before = catalog.rule_on_clients(&allowed, Place::Last, &OWNER).unwrap();
        assert_eq!(before.as_ref(), Some(&hidden));
        assert_eq!(catalog.client_rules().unwrap(), [old.clone(), allowed.clone(), all.clone()]);
        assert!(catalog.remove_client_rule("*", &OWNER).unwrap());
        assert!(!catalog.remove_client_rule("*", &OWNER).unwrap());
        assert_eq!(catalog.client_rules().unwrap(), [old, allowed]);
        let changes = catalog.changes().unwrap();
        let told: Vec<_> = changes
            .iter()
            .map(|it| (it.what.as_str(), it.subject.as_str(), it.before.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("deny clients", "-XL", None),
                ("allow clients", "*", None),
                ("deny clients", "qBittorrent < 4", None),
                ("hide clients", "-XL", Some("deny: because")),
                ("allow clients", "-XL", Some("hide: because")),
                ("remove client rule", "*", Some("allow: because")),
            ]
        );
    }
}

//! What is set in the administration and not in the configuration: texts by their keys.

use rusqlite::{OptionalExtension as _, Transaction};

use super::changes::{self, Noted};
use super::{Author, Catalog, CatalogError};

impl Catalog {
    /// What is set under a key.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn setting(&self, key: &str) -> Result<Option<String>, CatalogError> {
        self.connection
            .query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .map_err(self.failed("read the settings from"))
    }

    /// Sets it, or forgets it, unless it is another now than the caller has seen. Whether that was so.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn set(
        &mut self,
        key: &str,
        (seen, value): (Option<&str>, Option<&str>),
        author: &Author<'_>,
    ) -> Result<bool, CatalogError> {
        self.write("write a setting into", |transaction| {
            let before: Option<String> = transaction
                .query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0))
                .optional()?;
            if before.as_deref() != seen {
                return Ok(false);
            }
            put(transaction, key, value)?;
            if before.as_deref() != value {
                let noted =
                    Noted { what: "set", subject: key, before: before.as_deref(), after: value };
                changes::note(transaction, author, &noted)?;
            }
            Ok(true)
        })
    }
}

/// Sets what stands under a key, or forgets it.
pub(super) fn put(
    transaction: &Transaction<'_>,
    key: &str,
    value: Option<&str>,
) -> rusqlite::Result<()> {
    match value {
        Some(value) => {
            let put = "INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)";
            transaction.execute(put, (key, value))?;
        }
        None => {
            transaction.execute("DELETE FROM settings WHERE key = ?1", [key])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::new_catalog;
    use crate::protocol::Timestamp;

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    #[test]
    fn of_two_who_set_something_at_once_the_second_one_notices() {
        let (_folder, mut catalog) = new_catalog();
        assert!(catalog.set("key", (None, Some("one")), &OWNER).unwrap());
        assert!(!catalog.set("key", (None, Some("two")), &OWNER).unwrap());
        assert_eq!(catalog.setting("key").unwrap().as_deref(), Some("one"));
        assert!(catalog.set("key", (Some("one"), None), &OWNER).unwrap());
        assert_eq!(catalog.setting("key").unwrap(), None);
        let changes = catalog.changes().unwrap();
        let told: Vec<_> =
            changes.iter().map(|it| (it.before.as_deref(), it.after.as_deref())).collect();
        assert_eq!(told, [(None, Some("one")), (Some("one"), None)]);
    }
}

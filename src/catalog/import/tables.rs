//! Which tables of a dump are what, by their columns: sites give them other names.

use std::io::Read;

use super::found::{Import, ImportError};
use super::sql::{self, Facts, Row, Tables};

/// Whether a table has all of these columns.
pub(super) fn has(columns: &[String], wanted: &[&str]) -> bool {
    wanted.iter().all(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
}

/// How the rows of one tracker's tables are understood.
pub(super) trait Schema {
    /// What a table is good for.
    type Role: Copy;

    /// What a table with these columns is good for.
    fn role(&self, columns: &[String]) -> Option<Self::Role>;

    /// Takes what a row says.
    fn row(
        &mut self,
        role: Self::Role,
        row: &Row<'_>,
        import: &mut Import,
    ) -> Result<(), ImportError>;

    /// Takes what the name of a table with these columns says.
    fn table(
        &mut self,
        _name: &str,
        _columns: &[String],
        _import: &mut Import,
    ) -> Result<(), ImportError> {
        Ok(())
    }

    /// What is missing when there is nothing.
    fn missing(&self) -> &'static str;

    /// What is to be said at the end.
    fn finish(&mut self, _import: &mut Import) {}
}

/// Reads a dump with the tables of one tracker.
///
/// # Errors
/// When it is damaged, or has none of its tables.
pub(super) fn read(
    file: impl Read,
    database: Option<&str>,
    schema: &mut impl Schema,
) -> Result<Import, ImportError> {
    let mut reading = Reading { schema, import: Import::default(), has_tables: false };
    let Facts { no_end, without_columns } = sql::read(file, database, &mut reading)?;
    let Reading { schema, mut import, has_tables } = reading;
    if without_columns.is_some() && !has_tables {
        return Err(ImportError::Form(
            "it does not say which columns its tables have; make the dump with the structure of the tables, or with --complete-insert",
        ));
    }
    if !has_tables {
        return Err(ImportError::Nothing { what: schema.missing() });
    }
    if import == Import::default() {
        return Err(ImportError::Form(
            "its tables have no rows, or have them as UPDATE or in another form; export them as INSERT",
        ));
    }
    if no_end {
        import.notes.push("the line `-- Dump completed` is missing: it may be cut off".into());
    }
    schema.finish(&mut import);
    Ok(import)
}

/// A dump that is being read.
struct Reading<'a, S> {
    schema: &'a mut S,
    import: Import,
    has_tables: bool,
}

impl<S: Schema> Tables for Reading<'_, S> {
    type Role = S::Role;

    fn role(&mut self, table: &str, columns: &[String]) -> Result<Option<S::Role>, ImportError> {
        self.schema.table(table, columns, &mut self.import)?;
        let role = self.schema.role(columns);
        self.has_tables |= role.is_some();
        Ok(role)
    }

    fn row(&mut self, role: S::Role, row: &Row<'_>) -> Result<(), ImportError> {
        self.schema.row(role, row, &mut self.import)
    }
}

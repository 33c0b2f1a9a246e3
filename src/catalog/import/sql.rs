//! SQL dumps as mysqldump, phpMyAdmin and SQLite write them: the rows of the tables that are wanted, one at a time.
//!
//! Only `CREATE TABLE`, `INSERT`, `REPLACE`, `USE` and `SET NAMES` count. Values go to columns by the names in the
//! statement, else in the order of the table's own `CREATE TABLE`, never in an order that is taken for granted.

mod charset;
mod lexer;
mod row;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;
use std::io::Read;

pub(super) use charset::Charset;
pub(super) use row::Row;

use self::lexer::{Dialect, Lexer, Token};
use super::found::ImportError;

/// Columns of a table at most.
const MOST_COLUMNS: usize = 4096;

/// Bytes of the name of a table or a column at most.
const MOST_NAME: usize = 1024;

/// Wanted tables at most, and bytes of the names of all their columns.
const MOST_TABLES: usize = 1000;
const MOST_NAMES: usize = 16 << 20;

/// What in a `CREATE TABLE` begins something else than a column.
const NO_COLUMNS: &[&str] = &[
    "check",
    "constraint",
    "foreign",
    "fulltext",
    "index",
    "key",
    "period",
    "primary",
    "spatial",
    "unique",
];

/// What stands between `INSERT` and the name of the table.
const INSERT_WORDS: &[&str] = &["low_priority", "delayed", "high_priority", "ignore", "into"];

/// Who wants rows.
pub(super) trait Tables {
    /// What a table is good for.
    type Role: Copy;

    /// What a table with these columns is good for; `None`: its rows are not wanted.
    fn role(&mut self, table: &str, columns: &[String]) -> Result<Option<Self::Role>, ImportError>;

    /// Takes a row.
    fn row(&mut self, role: Self::Role, row: &Row<'_>) -> Result<(), ImportError>;
}

/// What is known of a dump once it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The line in which the dump says that it is complete is missing.
    pub no_end: bool,
    /// A table with rows, where no table's columns are known.
    pub without_columns: Option<String>,
}

/// Reads a dump; of several databases only the one with this name, if one is named.
///
/// # Errors
/// When it cannot be read, is cut off or damaged, or the wanted tables are in more than one database.
pub(super) fn read<T: Tables>(
    file: impl Read,
    database: Option<&str>,
    tables: &mut T,
) -> Result<Facts, ImportError> {
    let mut dump = Dump {
        lexer: Lexer::new(file),
        wanted_database: database,
        database: String::new(),
        found_in: None,
        known: HashMap::new(),
        names: 0,
        tables,
        has_tables: false,
        without_columns: None,
    };
    while dump.statement()? {}
    let no_end = dump.lexer.promised && !dump.lexer.completed;
    Ok(Facts { no_end, without_columns: dump.without_columns })
}

/// A table whose rows are wanted.
#[derive(Clone)]
struct Table<R> {
    role: R,
    columns: Vec<String>,
}

/// A dump that is being read.
struct Dump<'a, R, T: Tables> {
    lexer: Lexer<R>,
    wanted_database: Option<&'a str>,
    database: String,
    /// The database that the wanted tables are in.
    found_in: Option<String>,
    known: HashMap<(String, String), Table<T::Role>>,
    /// Bytes of the names of their columns.
    names: usize,
    tables: &'a mut T,
    /// Whether the dump says of any table which columns it has.
    has_tables: bool,
    without_columns: Option<String>,
}

impl<R: Read, T: Tables> Dump<'_, R, T> {
    /// Reads a statement; `false` at the end.
    fn statement(&mut self) -> Result<bool, ImportError> {
        self.lexer.keeps = false;
        match self.word()? {
            Err(Token::End) => return Ok(false),
            Err(Token::Sign(b';')) => {}
            Err(_) => self.skip()?,
            Ok(word) => match word.as_str() {
                "create" => self.create()?,
                "insert" | "replace" => self.insert()?,
                "delimiter" => self.skip_routines()?,
                "use" => self.use_database()?,
                "set" => self.set()?,
                "pragma" => self.is_of_sqlite()?,
                "begin" => match self.word()? {
                    Ok(word) if word == "transaction" => self.is_of_sqlite()?,
                    Ok(_) => self.skip()?,
                    Err(sign) => self.skip_from(sign)?,
                },
                _ => self.skip()?,
            },
        }
        Ok(true)
    }

    /// The next token, if it is a word in lower case.
    fn word(&mut self) -> Result<Result<String, Token>, ImportError> {
        self.lexer.forget();
        let token = self.lexer.token()?;
        Ok(if token == Token::Word { Ok(self.said().to_ascii_lowercase()) } else { Err(token) })
    }

    /// What is in the buffer, as text.
    fn said(&self) -> String {
        self.lexer.charset.text(&self.lexer.text)
    }

    /// Skips the rest of the statement.
    fn skip(&mut self) -> Result<(), ImportError> {
        self.lexer.keeps = false;
        loop {
            self.lexer.forget();
            if matches!(self.lexer.token()?, Token::Sign(b';') | Token::End) {
                return Ok(());
            }
        }
    }

    /// The same when its last token was this one.
    fn skip_from(&mut self, token: Token) -> Result<(), ImportError> {
        if token == Token::Sign(b';') { Ok(()) } else { self.skip() }
    }

    fn is_of_sqlite(&mut self) -> Result<(), ImportError> {
        self.lexer.dialect = Dialect::Sqlite;
        self.lexer.charset = Charset::Binary;
        self.skip()
    }

    /// Between `DELIMITER ;;` and `DELIMITER ;` are routines: what they insert is no data.
    fn skip_routines(&mut self) -> Result<(), ImportError> {
        let mut delimiter = self.lexer.skip_line()?;
        while delimiter.trim_ascii() != b";" && !self.lexer.is_at_end()? {
            let line = self.lexer.skip_line()?;
            let line = line.trim_ascii_start();
            let (word, rest) = line.split_at(line.len().min(b"delimiter".len()));
            if word.eq_ignore_ascii_case(b"delimiter") {
                delimiter = rest.to_vec();
            }
        }
        Ok(())
    }

    /// Skips a routine whose statements end in `;` too: what they insert is no data.
    fn skip_body(&mut self) -> Result<(), ImportError> {
        let mut is_end = false;
        loop {
            match self.word()? {
                Err(Token::End) => return Ok(()),
                Err(Token::Sign(b';')) if is_end => return Ok(()),
                Err(_) => is_end = false,
                Ok(word) => is_end = word == "end",
            }
        }
    }

    fn set(&mut self) -> Result<(), ImportError> {
        match self.word()? {
            Ok(word) if word == "names" => {
                self.lexer.keeps = true;
                self.lexer.forget();
                let token = self.lexer.token()?;
                if matches!(token, Token::Word | Token::Text | Token::Quoted) {
                    self.lexer.charset = Charset::named(&self.lexer.text);
                }
                self.skip_from(token)
            }
            Ok(_) => self.skip(),
            Err(sign) => self.skip_from(sign),
        }
    }

    fn use_database(&mut self) -> Result<(), ImportError> {
        self.lexer.keeps = true;
        self.lexer.forget();
        let token = self.lexer.token()?;
        self.database = self.name(token)?;
        self.skip()
    }

    /// The name that this token is.
    fn name(&self, token: Token) -> Result<String, ImportError> {
        let line = self.lexer.line();
        if !matches!(token, Token::Word | Token::Name | Token::Quoted) {
            return Err(ImportError::Broken { line, what: "a name should stand here" });
        }
        if self.lexer.text.len() > MOST_NAME {
            return Err(ImportError::Broken {
                line,
                what: "no table or column has such a long name",
            });
        }
        Ok(self.said())
    }

    /// The database and the table that a name means which begins with this token, and the token behind it.
    fn table(&mut self, token: Token) -> Result<((String, String), Token), ImportError> {
        let first = self.name(token)?;
        self.lexer.forget();
        let next = self.lexer.token()?;
        if next != Token::Sign(b'.') {
            return Ok(((self.database.clone(), first), next));
        }
        self.lexer.forget();
        let token = self.lexer.token()?;
        let second = self.name(token)?;
        self.lexer.forget();
        Ok(((first, second), self.lexer.token()?))
    }

    /// Reads the columns of a table.
    fn create(&mut self) -> Result<(), ImportError> {
        let begun = self.lexer.line();
        self.lexer.keeps = true;
        let token = loop {
            match self.word()? {
                Ok(word) if ["temporary", "table", "if", "not", "exists"].contains(&&*word) => {}
                Ok(word) if ["database", "schema", "index", "unique"].contains(&&*word) => {
                    return self.skip();
                }
                Ok(word) if ["trigger", "function", "procedure", "event"].contains(&&*word) => {
                    return self.skip_body();
                }
                Ok(_) => break Token::Word,
                Err(token) => break token,
            }
        };
        if !matches!(token, Token::Word | Token::Name | Token::Quoted) {
            return self.skip_from(token);
        }
        let (name, next) = self.table(token)?;
        if next != Token::Sign(b'(') {
            // As another table is, or from a query, or no table at all.
            return self.skip_from(next);
        }
        let mut columns = Vec::new();
        loop {
            self.lexer.forget();
            let token = self.lexer.token()?;
            let is_column =
                token != Token::Word || !NO_COLUMNS.contains(&&*self.said().to_ascii_lowercase());
            if is_column {
                columns.push(self.name(token)?);
            }
            match self.lexer.rest_of_item()? {
                Token::Sign(b')') => break,
                Token::End => return Err(ImportError::Cut { what: "a table", line: begun }),
                _ if columns.len() > MOST_COLUMNS => {
                    let what = "a table has more than 4,096 columns";
                    return Err(ImportError::Broken { line: begun, what });
                }
                _ => self.lexer.keeps = true,
            }
        }
        self.skip()?;
        self.has_tables = true;
        if let Some(role) = self.role(&name, &columns)? {
            self.know(name, Table { role, columns }, begun)?;
        }
        Ok(())
    }

    fn know(
        &mut self,
        name: (String, String),
        table: Table<T::Role>,
        line: u64,
    ) -> Result<(), ImportError> {
        self.names +=
            table.columns.iter().map(|name| size_of::<String>() + name.len()).sum::<usize>();
        if self.known.len() >= MOST_TABLES || self.names > MOST_NAMES {
            let what = "there are more than 1,000 tables of the kind that is looked for, or too many columns";
            return Err(ImportError::Broken { line, what });
        }
        self.known.insert(name, table);
        Ok(())
    }

    /// What a table is good for, with all wanted ones in one database.
    fn role(
        &mut self,
        (database, table): &(String, String),
        columns: &[String],
    ) -> Result<Option<T::Role>, ImportError> {
        if self.wanted_database.is_some_and(|wanted| !database.is_empty() && wanted != database) {
            return Ok(None);
        }
        let role = self.tables.role(table, columns)?;
        if role.is_some() {
            let one = self.found_in.get_or_insert_with(|| database.clone());
            if one != database {
                let (one, other) = (one.clone(), database.clone());
                return Err(ImportError::Databases { one, other });
            }
        }
        Ok(role)
    }

    /// Reads the rows of an `INSERT`.
    fn insert(&mut self) -> Result<(), ImportError> {
        let begun = self.lexer.line();
        self.lexer.keeps = true;
        let token = loop {
            match self.word()? {
                Ok(word) if INSERT_WORDS.contains(&&*word) => {}
                Ok(_) => break Token::Word,
                Err(token) => break token,
            }
        };
        let (name, mut next) = self.table(token)?;
        let mut named = None;
        if next == Token::Sign(b'(') {
            named = Some(self.column_names(begun)?);
            self.lexer.forget();
            next = self.lexer.token()?;
        }
        let is_values =
            next == Token::Word && matches!(&*self.said().to_ascii_lowercase(), "values" | "value");
        if !is_values {
            return self.skip_from(next);
        }
        let table = match named {
            Some(columns) => self.role(&name, &columns)?.map(|role| Table { role, columns }),
            None => self.known.get(&name).cloned(),
        };
        self.has_tables |= table.is_some();
        if table.is_none() && !self.has_tables && self.without_columns.is_none() {
            self.without_columns = Some(name.1.clone());
        }
        self.rows(table.as_ref(), &name.1, begun)
    }

    fn column_names(&mut self, begun: u64) -> Result<Vec<String>, ImportError> {
        let mut columns = Vec::new();
        while columns.len() <= MOST_COLUMNS {
            self.lexer.forget();
            let token = self.lexer.token()?;
            columns.push(self.name(token)?);
            self.lexer.forget();
            match self.lexer.token()? {
                Token::Sign(b',') => {}
                Token::Sign(b')') => return Ok(columns),
                _ => break,
            }
        }
        let what = "the names of columns should stand here, at most 4,096";
        Err(ImportError::Broken { line: begun, what })
    }

    fn rows(
        &mut self,
        table: Option<&Table<T::Role>>,
        name: &str,
        begun: u64,
    ) -> Result<(), ImportError> {
        let mut values = Vec::new();
        loop {
            self.lexer.forget();
            match self.lexer.token()? {
                Token::Sign(b'(') => {}
                Token::End => return Err(ImportError::Cut { what: "a statement", line: begun }),
                _ => {
                    let line = self.lexer.line();
                    return Err(ImportError::Broken { line, what: "a row should stand here" });
                }
            }
            let line = self.lexer.line();
            match table {
                None => self.lexer.skip_row(line)?,
                Some(Table { role, columns }) => {
                    self.lexer.values(&mut values, line)?;
                    if values.len() != columns.len() {
                        let (table, found) = (name.to_owned(), values.len());
                        let wanted = columns.len();
                        return Err(ImportError::Columns { line, table, found, wanted });
                    }
                    let Lexer { text, charset, dialect, .. } = &self.lexer;
                    let (charset, dialect) = (*charset, *dialect);
                    let row = Row { columns, values: &values, text, charset, dialect, line };
                    self.tables.row(*role, &row)?;
                }
            }
            self.lexer.forget();
            match self.lexer.token()? {
                Token::Sign(b',') => {}
                Token::End => return Err(ImportError::Cut { what: "a statement", line: begun }),
                token => return self.skip_from(token),
            }
        }
    }
}

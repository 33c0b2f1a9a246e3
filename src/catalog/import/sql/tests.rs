//! Dumps in all the ways in which they are written, cut off, and hostile.

use proptest::prelude::*;

use super::*;

/// What is read of all tables that have a column `a`.
#[derive(Default)]
struct Found {
    rows: Vec<(u64, Vec<String>)>,
}

impl Tables for Found {
    type Role = ();

    fn role(&mut self, _table: &str, columns: &[String]) -> Result<Option<()>, ImportError> {
        Ok(columns.iter().any(|column| column == "a").then_some(()))
    }

    fn row(&mut self, (): (), row: &Row<'_>) -> Result<(), ImportError> {
        let values = ["a", "b", "c"].map(|column| match row.bytes(column) {
            Some(_) => row.text(column),
            None => "-".into(),
        });
        self.rows.push((row.line, values.to_vec()));
        Ok(())
    }
}

fn read_from(
    dump: &[u8],
    database: Option<&str>,
) -> Result<(Vec<Vec<String>>, Facts), ImportError> {
    let mut found = Found::default();
    let facts = read(dump, database, &mut found)?;
    Ok((found.rows.into_iter().map(|(_, values)| values).collect(), facts))
}

fn rows(dump: &str) -> Vec<Vec<String>> {
    read_from(dump.as_bytes(), None).unwrap().0
}

fn problem(dump: &str) -> String {
    read_from(dump.as_bytes(), None).unwrap_err().to_string()
}

const TABLE: &str = "CREATE TABLE t (a int, b text, c text);\n";

fn row(a: &str, b: &str, c: &str) -> Vec<String> {
    vec![a.into(), b.into(), c.into()]
}

#[test]
fn values_go_to_the_columns_of_the_statement_or_of_the_table() {
    for dump in [
        "CREATE TABLE t (c text, a int, b text); INSERT INTO t VALUES ('z',1,'y');",
        "CREATE TABLE `t` (`c` text, `a` int, `b` text, PRIMARY KEY (`a`,`b`), KEY k (`c`(20))) ENGINE=x;
         INSERT INTO `t` VALUES\n('z',1,'y');",
        "INSERT INTO t (c, b, a) VALUES ('z', 'y', 1);",
        "INSERT DELAYED IGNORE INTO db.`t` (`c`, `b`, `a`) VALUES ('z', 'y', 1)\n;",
        "REPLACE INTO \"t\" (\"c\", \"b\", \"a\") VALUES ('z', 'y', 1) ON DUPLICATE KEY UPDATE a = 2;",
        "CREATE TEMPORARY TABLE IF NOT EXISTS t (c enum('a,b',')') COMMENT 'x;y, z)' DEFAULT ',',
         a int(11) unsigned, b decimal(20,4), CONSTRAINT x FOREIGN KEY (a) REFERENCES u (a), CHECK (a > (1)));
         insert into t values ('z',1,'y');",
    ] {
        assert_eq!(rows(dump), [row("1", "y", "z")], "{dump}");
    }
}

#[test]
fn literals_are_what_they_stand_for() {
    for (written, value) in [
        (r"'it''s'", "it's"),
        (r#"'a\'b\"c\\d\0\n\r\t\b\Z\%\_\x'"#, "a'b\"c\\d\0\n\r\t\u{8}\u{1a}\\%\\_x"),
        (r#""a""b\"c'd""#, "a\"b\"c'd"),
        ("0x4142", "AB"),
        ("0X", ""),
        ("x'4142'", "AB"),
        ("X''", ""),
        ("b'101'", "5"),
        ("_binary 'AB'", "AB"),
        ("_utf8 0x4142", "AB"),
        ("N'AB'", "AB"),
        ("-1", "-1"),
        ("+1", "+1"),
        ("1e30", "1e30"),
        ("-2.5e-300", "-2.5e-300"),
        (".5", ".5"),
        ("null", "-"),
        ("'a' /* b */", "a"),
        ("'a' -- b\n", "a"),
        ("'a' # b\n", "a"),
        ("''", ""),
        ("';'", ";"),
        ("'),('", "),("),
    ] {
        let dump = format!("{TABLE}INSERT INTO t VALUES (1,{written},3);");
        assert_eq!(rows(&dump), [row("1", value, "3")], "{written}");
    }
    for expression in [
        "now()",
        "f(1,(2),'a)')",
        "'a' || 'b'",
        "1 + 2",
        "(1)",
        "DEFAULT",
        "-'a'",
        "replace(a,1,2)",
    ] {
        let dump = format!("{TABLE}INSERT INTO t VALUES (1,{expression},3);");
        assert_eq!(rows(&dump), [row("1", "", "3")], "{expression}");
    }
}

#[test]
fn comments_routines_and_other_statements_hold_no_rows() {
    let dump = format!(
        "-- a comment; INSERT INTO t VALUES (9,'','');\n# the same\n--\n/* INSERT INTO t VALUES (9,'',''); */
        /*!50003 INSERT INTO t VALUES (9,'','') */;
        {TABLE}
        LOCK TABLES t WRITE; ALTER TABLE t ADD KEY (a); UPDATE t SET b = 'INSERT INTO t VALUES (9)';
        DELIMITER ;;
        CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (9,'',''); END ;;
        delimiter ;
        CREATE TRIGGER g AFTER INSERT ON u BEGIN INSERT INTO t VALUES (9,'',''); END;
        CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a); INSERT INTO t SELECT * FROM u;
        CREATE TABLE u (x int); INSERT INTO u VALUES (1),(2);
        INSERT INTO t VALUES (1,'--','/*'),(2,'#','*/');
        --5"
    );
    assert_eq!(rows(&dump), [row("1", "--", "/*"), row("2", "#", "*/")]);
    let facts = read_from(dump.as_bytes(), None).unwrap().1;
    assert_eq!(facts, Facts::default());
}

#[test]
fn a_header_without_its_end_is_told() {
    for (dump, no_end) in [
        ("-- MySQL dump 10.13\n", true),
        ("-- MariaDB dump 10.19\n-- Dump completed on 2026-11-29\n", false),
        ("-- phpMyAdmin SQL Dump\n", false),
    ] {
        assert_eq!(read_from(dump.as_bytes(), None).unwrap().1.no_end, no_end, "{dump}");
    }
}

#[test]
fn texts_are_in_the_character_set_that_was_named_last() {
    for (set, bytes, text) in [
        ("", &b"\xc3\xa9"[..], "é"),
        ("/*!40101 SET NAMES latin1 */;", b"\xc3\xa9", "Ã©"),
        ("/*!50503 SET NAMES latin1 */; /*!40101 SET NAMES utf8mb4 */;", b"\xc3\xa9", "é"),
        ("SET NAMES 'cp1251';", b"\xc3\xa9", "Г©"),
        ("SET NAMES binary;", b"\xc3\xa9", "é"),
        ("SET character_set_client = latin1;", b"\xc3\xa9", "é"),
    ] {
        let mut dump = format!("{set}\n{TABLE}INSERT INTO t VALUES (1,'").into_bytes();
        dump.extend_from_slice(bytes);
        dump.extend_from_slice(b"','');");
        assert_eq!(read_from(&dump, None).unwrap().0, [row("1", text, "")], "{set}");
    }
}

#[test]
fn in_sqlites_dumps_backslashes_are_plain_and_line_breaks_written_as_calls() {
    for (written, value) in [
        (r"'a\nb'", r"a\nb"),
        (r"replace('a\nb','\n',char(10))", "a\nb"),
        (r"replace(replace('a\r\nb\q','\r',char(13)),'\n',char(10))", "a\r\nb\\q"),
        (r"unistr('a\u000ab''\\c\U0001F600\+0000e9\00e9d')", "a\nb'\\c😀ééd"),
        (r"unistr(replace('\u0007\n','\n',char(10)))", "\u{7}\n"),
        ("unistr('')", ""),
        (r"unistr('\u12')", ""),
        (r"unistr('\u+123')", ""),
        (r"unistr('\ud800')", ""),
        (r"unistr('\')", ""),
        ("unistr('a' || 'b')", ""),
        ("unistr(a, b)", ""),
        ("X'4142'", "AB"),
    ] {
        for begin in ["PRAGMA foreign_keys=OFF;", "BEGIN TRANSACTION;"] {
            let dump = format!("{begin}\n{TABLE}INSERT INTO t VALUES(1,{written},'');COMMIT;");
            assert_eq!(rows(&dump), [row("1", value, "")], "{written}");
        }
    }
}

#[test]
fn of_several_databases_one_is_to_be_named() {
    let one = format!("CREATE DATABASE one; USE `one`; {TABLE}INSERT INTO t VALUES (1,'','');");
    let both = format!("{one} USE two; {TABLE}INSERT INTO t VALUES (2,'','');");
    let without = format!("{one} USE two; CREATE TABLE u (x int); INSERT INTO u VALUES (1);");
    for single in [&one, &without] {
        assert_eq!(rows(single), [row("1", "", "")]);
    }
    assert!(problem(&both).contains("the databases `one` and `two` both have such tables"));
    let found = read_from(both.as_bytes(), Some("two")).unwrap().0;
    assert_eq!(found, [row("2", "", "")]);
}

#[test]
fn lines_are_counted_as_editors_count_them() {
    let mut found = Found::default();
    let dump = format!(
        "{TABLE}INSERT INTO t VALUES\n(1,'a\nb',''),\n(2,'','');\r\nINSERT INTO t VALUES (3,'','');"
    );
    read(dump.as_bytes(), None, &mut found).unwrap();
    let lines: Vec<u64> = found.rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 5, 6]);
}

#[test]
fn a_dump_that_ends_anywhere_inside_a_statement_with_rows_is_refused() {
    let statement = "INSERT INTO t VALUES (1,'a',0x41),(2,'it''s',NULL);";
    let whole = format!("{TABLE}{statement}");
    assert_eq!(rows(&whole).len(), 2);
    let first = whole.find("VALUES").unwrap() + "VALUES".len();
    for end in first..whole.len() {
        assert!(problem(&whole[..end]).contains("cut off"), "{}", &whole[..end]);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_line() {
    for (dump, said) in [
        (
            format!("{TABLE}INSERT INTO t VALUES (1,2,3),\n(1,2);"),
            "line 3: a row of `t` has 2 values",
        ),
        (format!("{TABLE}INSERT INTO t VALUES 1;"), "a row should stand here"),
        (format!("{TABLE}INSERT INTO t VALUES (1,0x123,3);"), "odd number"),
        (format!("{TABLE}INSERT INTO t VALUES (1,x'4g',3);"), "line 2"),
        ("CREATE TABLE t (a int, 'b' text);".into(), "a name should stand here"),
        (format!("CREATE TABLE t (a int, {} int);", "x".repeat(2000)), "x"),
    ] {
        match read_from(dump.as_bytes(), None) {
            Err(problem) => assert!(problem.to_string().contains(said), "{problem}"),
            Ok(_) => assert_eq!(said, "x", "{dump}"),
        }
    }
    let (rows, facts) = read_from(b"INSERT INTO t VALUES (1,2,3);", None).unwrap();
    assert_eq!((rows.len(), facts.without_columns.as_deref()), (0, Some("t")));
}

/// A dump of any size, of which a piece at a time is made.
struct Endless<'a> {
    begin: &'a [u8],
    piece: &'a [u8],
    left: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.begin.is_empty() {
            let Some(left) = self.left.checked_sub(1) else { return Ok(0) };
            (self.begin, self.left) = (self.piece, left);
        }
        self.begin.read(into)
    }
}

#[test]
fn values_beyond_all_measure_end_the_reading_or_pass_unseen() {
    let piece = [b'x'; 1 << 16];
    let read_endless = |begin: &str, pieces| {
        let mut found = Found::default();
        read(Endless { begin: begin.as_bytes(), piece: &piece, left: pieces }, None, &mut found)
            .unwrap_err()
            .to_string()
    };
    let wanted = format!("{TABLE}INSERT INTO t VALUES (1,'");
    assert!(read_endless(&wanted, 1000).contains("cut off"));
    let ended = [&piece[..], b"',1);"].concat();
    let dump = Endless { begin: wanted.as_bytes(), piece: &ended, left: 1 };
    assert!(read(dump, None, &mut Found::default()).is_ok());
    let unwanted = "CREATE TABLE u (x int); INSERT INTO u VALUES ('";
    assert!(read_endless(unwanted, 1000).contains("cut off"), "and not kept");
    let long = format!("{wanted}{}',1);", "x".repeat(17 << 20));
    assert!(problem(&long).contains("16 MiB"));
    let many = format!("{TABLE}INSERT INTO t VALUES ({}1);", "1,".repeat(5000));
    assert!(problem(&many).contains("4,096 values"));
    let columns = format!("CREATE TABLE t ({}a int);", "a int,".repeat(5000));
    assert!(problem(&columns).contains("4,096 columns"));
    let names: String = (0..40).map(|n| format!("`c{n}{}`,", "x".repeat(1000))).collect();
    let wide = |table| format!("CREATE TABLE t{table} ({}a int);", names.repeat(4000 / 40));
    let wide: String = (0..5).map(wide).collect();
    assert!(problem(&wide).contains("too many columns"));
    let deep = format!("{TABLE}INSERT INTO t VALUES (1,{}", "replace(".repeat(100_000));
    assert!(problem(&deep).contains("cut off"));
    let deep = format!("{TABLE}INSERT INTO t VALUES (1,{}", "_a ".repeat(100_000));
    assert!(problem(&deep).contains("cut off"));
}

/// A text as mysqldump writes it.
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    for byte in text {
        match byte {
            0 => escaped.extend(b"\\0"),
            b'\n' => escaped.extend(b"\\n"),
            b'\r' => escaped.extend(b"\\r"),
            0x1a => escaped.extend(b"\\Z"),
            b'\'' | b'"' | b'\\' => escaped.extend([b'\\', *byte]),
            byte => escaped.push(*byte),
        }
    }
    escaped
}

/// How bytes are written.
type Form<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

/// What is read of one column of bytes.
struct Bytes(Vec<Vec<u8>>);

impl Tables for Bytes {
    type Role = ();

    fn role(&mut self, _table: &str, _columns: &[String]) -> Result<Option<()>, ImportError> {
        Ok(Some(()))
    }

    fn row(&mut self, (): (), row: &Row<'_>) -> Result<(), ImportError> {
        self.0.push(row.bytes("a").unwrap_or_default().to_vec());
        Ok(())
    }
}

proptest! {
    #[test]
    fn any_bytes_come_back_in_every_form(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
    ) {
        let hex = |text: &[u8]| text.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        let forms: [Form<'_>; 4] = [
            &|text| [b"'".as_slice(), &escaped(text), b"'"].concat(),
            &|text| [b"_binary '".as_slice(), &escaped(text), b"'"].concat(),
            &|text| format!("0x{}", hex(text)).into_bytes(),
            &|text| format!("x'{}'", hex(text).to_lowercase()).into_bytes(),
        ];
        for form in forms {
            let mut dump = b"CREATE TABLE t (a blob, n int);INSERT INTO t VALUES ".to_vec();
            for (number, text) in texts.iter().enumerate() {
                dump.extend(if number > 0 { &b",("[..] } else { b"(" });
                dump.extend(form(text));
                dump.extend(b",1)");
            }
            dump.extend(b";");
            let mut found = Bytes(Vec::new());
            read(&*dump, None, &mut found).unwrap();
            prop_assert_eq!(&found.0, &texts);
        }
    }

    #[test]
    fn no_bytes_have_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), words in prop::collection::vec(
        prop::sample::select(vec!["INSERT INTO t VALUES (", "CREATE TABLE t (", "a", ",", ")", "'", "`", "\\", "/*", "*/",
            "--", "0x", "x'", ";", "replace(", "DELIMITER ", "\n", "USE ", "_binary ", "NULL", ".", "1e+"]), 0..40)) {
        let text = words.concat();
        let _ = read(text.as_bytes(), None, &mut Bytes(Vec::new()));
        let _ = read([text.as_bytes(), &bytes].concat().as_slice(), None, &mut Bytes(Vec::new()));
    }
}

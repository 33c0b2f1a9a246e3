//! Cells of a table of comma-separated values (RFC 4180), which spreadsheets must not take for formulas.

use serde_json::Value;

/// The name of a column, and what it has for a row.
pub(super) type Column<T> = (&'static str, fn(&T) -> Value);

/// What spreadsheets take for the beginning of a formula, also in the width of Chinese characters.
const FORMULAS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What divides cells or rows where a spreadsheet does not take the comma, and so no quotes behind it.
const DIVIDERS: [char; 4] = [';', '\t', '\r', '\n'];

/// A value as a cell.
pub(super) fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text,
        number => return number.to_string(),
    };
    let text = without_formulas(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// The text with a `'` before all that is or could become the beginning of a formula: at its own beginning, or at that
/// of a cell where a spreadsheet divides it. Blanks and quotes before it are passed over.
fn without_formulas(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    if text.starts_with(DIVIDERS) {
        safe.push('\'');
    }
    let mut is_beginning = true;
    for character in text.chars() {
        if is_beginning && FORMULAS.contains(&character) {
            safe.push('\'');
        }
        let is_passed_over = character.is_whitespace() || character == '"';
        is_beginning = DIVIDERS.contains(&character) || (is_beginning && is_passed_over);
        safe.push(character);
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_hold_any_text_and_no_formula() {
        for (value, expected) in [
            (json!(null), ""),
            (json!(7), "7"),
            (json!(true), "true"),
            (json!("a name"), "a name"),
            (json!("a, \"b\""), "\"a, \"\"b\"\"\""),
            (json!("=1+1"), "'=1+1"),
            (json!("+1"), "'+1"),
            (json!("-1"), "'-1"),
            (json!("@a"), "'@a"),
            (json!("\t=1"), "'\t'=1"),
            (json!("\r=1,"), "\"'\r'=1,\""),
            (json!("\n=1"), "\"'\n'=1\""),
            (json!("\t1"), "'\t1"),
            (json!("a=1 -b; c"), "a=1 -b; c"),
            (json!("＝1+1"), "'＝1+1"),
            (json!(" \u{3000}＠a"), " \u{3000}'＠a"),
            (json!("x;=cmd|' /C x'!A0"), "x;'=cmd|' /C x'!A0"),
            (json!("x; \"-1"), "\"x; \"\"'-1\""),
            (json!("x\t+1;@"), "x\t'+1;'@"),
            (json!("x\n－1"), "\"x\n'－1\""),
        ] {
            assert_eq!(cell(&value), expected);
        }
    }

    proptest! {
        #[test]
        fn however_a_cell_is_divided_no_part_begins_with_a_formula(
            text in "[a=＝+－@,;\t\r\n \"]{0,12}",
        ) {
            let cell = cell(&json!(text));
            for part in cell.split([';', '\t', '\r', '\n']) {
                let begin = part.trim_start_matches(['"', ' ']);
                prop_assert!(!begin.starts_with(FORMULAS), "{text:?} became {cell:?}");
            }
        }
    }
}

//! Cells of a table of comma-separated values (RFC 4180), which spreadsheets must not take for formulas.

use serde_json::Value;

/// The name of a column, and what it has for a row.
pub(super) type Column<T> = (&'static str, fn(&T) -> Value);

/// What spreadsheets take for the beginning of a formula, or pass over before one.
const FORMULAS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A value as a cell.
pub(super) fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text,
        number => return number.to_string(),
    };
    let mark = if text.starts_with(FORMULAS) { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{mark}{text}")
    }
}

#[cfg(test)]
mod tests {
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
            (json!("\t=1"), "'\t=1"),
            (json!("\r=1,"), "\"'\r=1,\""),
            (json!("\n=1"), "\"'\n=1\""),
            (json!("a=1"), "a=1"),
        ] {
            assert_eq!(cell(&value), expected);
        }
    }
}

//! Reasons that clients are told, as they are written on the command line.

/// Bytes of a reason at most: clients show one line.
const LONGEST: usize = 200;

/// Reads a reason.
///
/// # Errors
/// What there is to say about a text that clients cannot show.
pub(super) fn reason(text: &str) -> Result<String, String> {
    if text.len() > LONGEST {
        return Err(format!("clients show one line; write at most {LONGEST} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("clients show one line; write no line breaks".into());
    }
    Ok(text.trim().to_owned())
}

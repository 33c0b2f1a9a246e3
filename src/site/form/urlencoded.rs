//! Forms as `application/x-www-form-urlencoded`.

use super::{FormError, Reading};

/// Bytes of the longest form of one byte: `%` and two digits.
const ENCODED: usize = 3;

/// Takes in the pairs of a body.
pub(super) fn read<'a>(body: &'a [u8], reading: &mut Reading<'a>) -> Result<(), FormError> {
    let limits = reading.limits;
    // Before anything is decoded. `form_urlencoded` passes over what is empty between two `&`.
    let pairs = body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty());
    if pairs.take(limits.fields + 1).count() > limits.fields {
        return Err(FormError::TooManyFields(limits.fields));
    }
    let longest = ENCODED * (limits.texts + limits.fields * limits.name) + 2 * limits.fields;
    if body.len() > longest {
        return Err(FormError::TextsTooLong(limits.texts));
    }
    // It would put a mark in the place of what is not. No `&` or `=` can be a part of a longer character.
    if percent_encoding::percent_decode(body).decode_utf8().is_err() {
        return Err(FormError::NotUtf8);
    }
    form_urlencoded::parse(body).try_for_each(|(name, text)| reading.add_text(name, text))
}

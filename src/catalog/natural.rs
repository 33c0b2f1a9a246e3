//! The order in which people expect names: a number in a name counts as a number, so that "part 2" comes
//! before "part 10".

use std::cmp::Ordering;

/// Compares two names, as text or as the bytes of a path. Where only zeros before a number differ, as in
/// "1" and "01", the bytes decide, so that only what is the same is equal.
pub fn compare(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> Ordering {
    let (a, b) = (a.as_ref(), b.as_ref());
    by_parts(a, b).then_with(|| a.cmp(b))
}

/// Numbers by their value, all else by its bytes: UTF-8 sorts like the characters that it stands for, and has
/// no digits inside others.
fn by_parts(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while let (Some((&first, a_after)), Some((&second, b_after))) =
        (a.split_first(), b.split_first())
    {
        let ordering = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (number, other);
            (number, a) = split_number(a);
            (other, b) = split_number(b);
            number.len().cmp(&other.len()).then_with(|| number.cmp(other))
        } else {
            (a, b) = (a_after, b_after);
            first.cmp(&second)
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    a.len().cmp(&b.len())
}

/// The digits at the beginning without the zeros before them, and what follows.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let zeros = digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len());
    (digits.get(zeros..).unwrap_or_default(), rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_names_are_numbers() {
        let sorted = [
            "",
            "01",
            "1",
            "2",
            "10",
            "a",
            "a-10",
            "a1",
            "a1.5",
            "a01b",
            "a2",
            "a10",
            "a99999999999999999998",
            "a99999999999999999999",
            "a100000000000000000000",
            "part",
            "part 2",
            "part 2 of 10",
            "part 10",
            "Ünï 2",
            "часть 2",
            "часть 10",
            "雪 2",
            "雪 10",
        ];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, sorted);
    }

    /// Names in which much is equal, and any bytes at all.
    fn name() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof!["[0-2a/ é-]{0,6}".prop_map(String::into_bytes), any::<Vec<u8>>()]
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in name(), b in name(), c in name()) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b).is_eq(), a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }

        #[test]
        fn of_one_name_with_two_numbers_the_smaller_number_comes_first(
            before in "[a-zé ]*", after in "[^0-9]*", a: u32, b: u32,
        ) {
            let name = |number: u32| format!("{before}{number}{after}");
            prop_assert_eq!(compare(name(a), name(b)), a.cmp(&b));
        }
    }
}

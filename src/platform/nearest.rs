//! What somebody probably meant who wrote a name that does not exist.

/// The candidate that `name` was probably meant to be, if any is near enough. Letter case does not count, nor whether
/// words are joined by hyphens or underscores, which the candidates have.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(name.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let of = |name| nearest(name, ["hidden", "list_until", "link_until"].into_iter());
        assert_eq!(of("hiden"), Some("hidden"));
        assert_eq!(of("List-Until"), Some("list_until"));
        assert_eq!(of("hiddne"), Some("hidden"), "two letters in each other's places are one slip");
        assert_eq!(of("colour"), None);
    }
}

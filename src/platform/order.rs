//! Sorting by one compiled sort for all types. Each type that the standard library's sort is used for adds six
//! to eight kilobytes to the executable; one that is used here adds two hundred bytes.

use std::cmp::Ordering;

/// Sorts slices of anything, stably, for where there are few items or they are compared seldom: it takes eight bytes for
/// each item meanwhile, and a call for each comparison.
pub trait Order<T> {
    /// Smallest first.
    fn order(&mut self)
    where
        T: Ord;

    /// As `compare` has it.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// Smallest key first. Keys are made anew for each comparison.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);
}

impl<T> Order<T> for [T] {
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }

    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let items = &*self;
        let mut places = ordered(items.len(), &mut |a, b| compare(&items[a], &items[b]));
        for start in 0..places.len() {
            let mut here = start;
            // Each place takes its item from the next one of its circle, until that is closed.
            loop {
                let from = std::mem::replace(&mut places[here], here);
                if from == start {
                    break;
                }
                self.swap(here, from);
                here = from;
            }
        }
    }

    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }
}

/// Which item comes at each place.
#[inline(never)]
fn ordered(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|&a, &b| compare(a, b));
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_order_of_the_standard_library(items: Vec<(u8, u16)>) {
            let mut ours = items.clone();
            let mut theirs = items.clone();
            ours.order_by_key(|item| item.0);
            theirs.sort_by_key(|item| item.0);
            prop_assert_eq!(&ours, &theirs);
            ours.order();
            theirs.sort();
            prop_assert_eq!(&ours, &theirs);
            ours.order_by(|a, b| b.1.cmp(&a.1));
            theirs.sort_by_key(|item| std::cmp::Reverse(item.1));
            prop_assert_eq!(&ours, &theirs);
        }
    }
}

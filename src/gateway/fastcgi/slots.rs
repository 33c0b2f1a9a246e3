//! Numbered places for values that come and go; numbers are used again.

/// The places.
#[derive(Debug)]
pub struct Slots<T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// Puts a value into a free place; gives back its number.
    pub fn insert(&mut self, value: T) -> usize {
        if let Some(number) = self.free.pop()
            && let Some(place) = self.places.get_mut(number)
        {
            *place = Some(value);
            return number;
        }
        self.places.push(Some(value));
        self.places.len() - 1
    }

    /// The value in a place.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.places.get_mut(number)?.as_mut()
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }

    /// Takes the value out of a place.
    pub fn remove(&mut self, number: usize) -> Option<T> {
        let value = self.places.get_mut(number)?.take()?;
        self.free.push(number);
        Some(value)
    }

    /// How many places are taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes out all values that `gone` says so of, and hands them to `bury`.
    pub fn remove_where(&mut self, gone: impl Fn(&T) -> bool, mut bury: impl FnMut(T)) {
        for number in 0..self.places.len() {
            if self.get_mut(number).is_some_and(|value| gone(value))
                && let Some(value) = self.remove(number)
            {
                bury(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again() {
        let mut slots = Slots::default();
        assert_eq!((slots.insert('a'), slots.insert('b')), (0, 1));
        assert_eq!(slots.remove(0), Some('a'));
        assert_eq!(slots.remove(0), None);
        assert_eq!(slots.len(), 1);
        assert_eq!(slots.insert('c'), 0);
        assert_eq!(slots.get_mut(0), Some(&mut 'c'));
        assert_eq!(slots.get_mut(7), None);
    }

    #[test]
    fn some_are_removed_at_once() {
        let mut slots = Slots::default();
        for value in 0..6 {
            slots.insert(value);
        }
        let mut buried = Vec::new();
        slots.remove_where(|value| value % 2 == 0, |value| buried.push(value));
        assert_eq!((buried, slots.len()), (vec![0, 2, 4], 3));
    }
}

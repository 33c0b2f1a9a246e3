//! What is wrong in a form, beside the field that it is wrong in.

/// What is wrong in a form.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<(&'static str, String)>);

impl Errors {
    /// Notes what is wrong in a field; the first counts.
    pub(super) fn add(&mut self, field: &'static str, text: impl ToString) {
        if self.of(field).is_none() {
            self.0.push((field, text.to_string()));
        }
    }

    /// What a field's text means; where it means nothing, that is noted.
    pub(super) fn take<T, E>(
        &mut self,
        field: &'static str,
        outcome: Result<T, E>,
        text: impl FnOnce(&E) -> String,
    ) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(field, text(&problem));
                None
            }
        }
    }

    /// What is wrong in a field.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, text)| &**text)
    }

    /// All that is wrong, by fields.
    pub(super) fn all(&self) -> &[(&'static str, String)] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

//! What a program has sent: a JSON object, of which each field is looked at and all faults are told at once.

use serde_json::{Map, Value};

use super::{FieldError, Problem};
use crate::gateway::Request;
use crate::platform::date;
use crate::protocol::Timestamp;

/// Bytes of JSON at most.
pub(super) const MOST_BYTES: usize = 256 << 10;

/// Faults that are told at most.
const MOST_ERRORS: usize = 20;

/// The fields of an object, while they are taken out one by one.
#[derive(Debug)]
pub(super) struct Fields {
    fields: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads the body of a request.
    pub(super) fn read(request: &Request<'_>) -> Result<Self, Problem> {
        if !is_of_type(request, "application/json") {
            return Err(Problem::MediaType("JSON (application/json)"));
        }
        if request.body.len() > MOST_BYTES {
            return Err(Problem::TooLarge(MOST_BYTES));
        }
        // It is nested by 128 at most, or refused.
        match serde_json::from_slice(request.body) {
            Ok(Value::Object(fields)) => Ok(Self { fields, errors: Vec::new() }),
            Ok(_) => Err(Problem::Malformed("it must be an object: {...}".into())),
            Err(problem) => Err(Problem::Malformed(problem.to_string())),
        }
    }

    /// Takes a field out, if it is there: `Some(None)` where it is null. What cannot be read is told by [`Self::finish`].
    pub(super) fn take<T, E: ToString>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, E>,
    ) -> Option<Option<T>> {
        match self.fields.remove(name)? {
            Value::Null => Some(None),
            value => match read(&value) {
                Ok(read) => Some(Some(read)),
                Err(problem) => {
                    self.refuse(name, &problem);
                    None
                }
            },
        }
    }

    /// The same of a field for which null is as if it were not there.
    pub(super) fn take_some<T, E: ToString>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, E>,
    ) -> Option<T> {
        self.take(name, read).flatten()
    }

    /// The same of a field that must be there.
    pub(super) fn require<T, E: ToString>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, E>,
    ) -> Option<T> {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.fields.remove(name);
            self.refuse(name, &"it is needed");
            return None;
        }
        self.take_some(name, read)
    }

    /// Has a field be told as one that cannot be taken.
    pub(super) fn refuse(&mut self, name: &str, problem: &impl ToString) {
        let error = FieldError { field: name.to_owned(), detail: problem.to_string() };
        self.errors.push(error);
    }

    /// Whether all fields were taken and could be.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        let unknown = std::mem::take(&mut self.fields);
        for name in unknown.keys().take(MOST_ERRORS) {
            let shown: String = name.chars().take(100).collect();
            self.refuse(&shown, &"there is no such field here");
        }
        self.errors.truncate(MOST_ERRORS);
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::Fields(self.errors)) }
    }
}

/// Whether the body of a request is said to be of a type.
pub(super) fn is_of_type(request: &Request<'_>, wanted: &str) -> bool {
    let said = request.variables.get("CONTENT_TYPE").unwrap_or_default();
    let kind = said.split(|&byte| byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
}

/// A text.
pub(super) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "it must be a text".into())
}

/// A text that something reads.
pub(super) fn parsed<T, E: ToString>(
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> impl FnOnce(&Value) -> Result<T, String> {
    move |value| parse(text(value)?).map_err(|problem| problem.to_string())
}

/// Yes or no.
pub(super) fn truth(value: &Value) -> Result<bool, &'static str> {
    value.as_bool().ok_or("it must be true or false")
}

/// A list of texts.
pub(super) fn texts(value: &Value) -> Result<Vec<String>, &'static str> {
    let all = value.as_array().into_iter().flatten().map(|it| it.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = value.is_array().then(|| all.collect()).flatten();
    texts.ok_or("it must be a list of texts")
}

/// A time: seconds since 1970, or a date as RFC 3339 has it.
pub(super) fn time(value: &Value) -> Result<Timestamp, String> {
    match (value.as_u64(), value.as_str()) {
        (Some(seconds), _) => Ok(Timestamp(seconds)),
        (None, Some(text)) => {
            date::parse(text).map(Timestamp).map_err(|problem| problem.to_string())
        }
        (None, None) => Err("it must be seconds since 1970, or a date such as 2027-01-31".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::Variables;

    struct Typed(&'static str);

    impl Variables for Typed {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            visitor(b"CONTENT_TYPE", self.0.as_bytes());
        }
    }

    fn read(body: &[u8]) -> Result<Fields, Problem> {
        Fields::read(&Request::new(&Typed("application/json; charset=utf-8"), body))
    }

    fn errors(problem: Problem) -> Vec<String> {
        let Problem::Fields(errors) = problem else { panic!("{problem}") };
        errors.into_iter().map(|it| it.field).collect()
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut fields = read(br#"{"a": 1, "b": null, "c": "x", "e": true, "f": 2}"#).unwrap();
        assert_eq!(fields.take("a", |value| text(value).map(str::to_owned)), None);
        assert_eq!(fields.take("b", truth), Some(None));
        assert_eq!(fields.require("c", parsed(str::parse::<u8>)), None);
        assert_eq!(fields.require("d", truth), None);
        assert_eq!(fields.take_some("e", truth), Some(true));
        assert_eq!(errors(fields.finish().unwrap_err()), ["a", "c", "d", "f"]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let deep = "[".repeat(100_000);
        for body in ["", "{", "[]", "1", "{\"a\": 1}x", "\u{feff}{}", &*deep] {
            assert!(matches!(read(body.as_bytes()), Err(Problem::Malformed(_))));
        }
        let large = vec![b' '; MOST_BYTES + 1];
        assert!(matches!(read(&large), Err(Problem::TooLarge(_))));
        let typed = Fields::read(&Request::new(&Typed("text/plain"), b"{}"));
        assert!(matches!(typed, Err(Problem::MediaType(_))));
    }

    #[test]
    fn of_ten_thousand_unknown_fields_some_are_told() {
        let fields: Vec<String> = (0..10_000).map(|number| format!("\"f{number}\":0")).collect();
        let fields = read(format!("{{{}}}", fields.join(",")).as_bytes()).unwrap();
        assert_eq!(errors(fields.finish().unwrap_err()).len(), MOST_ERRORS);
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_or_refused(body: Vec<u8>) {
            if let Ok(fields) = read(&body) {
                let _ = fields.finish();
            }
        }
    }
}

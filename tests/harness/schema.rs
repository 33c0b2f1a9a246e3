//! JSON held against the schemas of an OpenAPI 3.1 description: as much of JSON Schema as ours uses. A keyword that is
//! not known here fails, so that nothing is passed over.

use serde_json::{Map, Value};

/// Keywords that say nothing about what is right.
const WORDS: &[&str] = &["description", "default", "format"];

/// A description, with what it says about an answer.
pub struct Description(pub Value);

impl Description {
    /// The schema of a body; panics where path, status or content type are not described.
    pub fn schema_of(&self, path: &str, status: u16, content_type: &str) -> &Value {
        let content = &self.response("GET", path, status)["content"];
        let schema = &content[content_type]["schema"];
        assert!(schema.is_object(), "{path} {status} is not described as {content_type}");
        schema
    }

    /// What is said of an answer to a method; panics where nothing is.
    pub fn response(&self, method: &str, path: &str, status: u16) -> &Value {
        let responses = &self.0["paths"][path][method.to_lowercase()]["responses"];
        let response = &responses[status.to_string()];
        assert!(response.is_object(), "{method} {path} is not described with status {status}");
        self.resolved(response)
    }

    /// What is wrong with a value; nothing when all is right.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(schema, value, "$", &mut faults);
        faults
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        let pointer = reference.strip_prefix('#').expect("a reference inside of the description");
        self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let schema = self.resolved(schema).as_object().expect("a schema");
        for (keyword, wanted) in schema {
            let is_right = match keyword.as_str() {
                "type" => is_of_type(wanted, value),
                "enum" => wanted.as_array().expect("values").contains(value),
                "minimum" => value.as_i64() >= wanted.as_i64() || value.is_null(),
                "maximum" => value.as_i64() <= wanted.as_i64(),
                "minItems" => length(value) >= wanted.as_u64(),
                "maxItems" => length(value) <= wanted.as_u64(),
                "pattern" => value.as_str().is_none_or(|text| matches(wanted, text)),
                "anyOf" => {
                    let mut schemas = wanted.as_array().expect("schemas").iter();
                    schemas.any(|schema| self.faults(schema, value).is_empty())
                }
                "required" => {
                    self.require(wanted, value, at, faults);
                    true
                }
                "properties" => {
                    self.check_properties(schema, value, at, faults);
                    true
                }
                "additionalProperties" => wanted == false && schema.contains_key("properties"),
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{at}[{number}]"), faults);
                    }
                    true
                }
                word if WORDS.contains(&word) => true,
                word => panic!("the keyword {word} at {at} is not known to this check"),
            };
            if !is_right {
                faults.push(format!("{at}: {value} is not as `{keyword}` has it: {wanted}"));
            }
        }
    }

    fn require(&self, names: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        for name in names.as_array().expect("names").iter().filter_map(Value::as_str) {
            if value.is_object() && value.get(name).is_none() {
                faults.push(format!("{at}.{name} is missing"));
            }
        }
    }

    fn check_properties(
        &self,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        assert_eq!(schema.get("additionalProperties"), Some(&false.into()), "{at} is open");
        for (name, value) in value.as_object().into_iter().flatten() {
            match schema["properties"].get(name) {
                Some(schema) => self.check(schema, value, &format!("{at}.{name}"), faults),
                None => faults.push(format!("{at}.{name} is not described")),
            }
        }
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_array().map(|items| items.len() as u64)
}

fn is_of_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        name => panic!("the type {name} is not known to this check"),
    };
    match types.as_array() {
        Some(types) => types.iter().any(is),
        None => is(types),
    }
}

/// The one pattern that there is: so many hexadecimal digits.
fn matches(pattern: &Value, text: &str) -> bool {
    let pattern = pattern.as_str().expect("a pattern");
    let digits = pattern.strip_prefix("^[0-9a-f]{").and_then(|rest| rest.strip_suffix("}$"));
    let count: usize = digits.and_then(|it| it.parse().ok()).expect("a pattern of digits");
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == count && text.bytes().all(is_digit)
}

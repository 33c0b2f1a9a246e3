//! A program that uses the API of an installation with a token. The test plays the web server, and each request is a CGI.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tracker_cgi::accounts::ApiToken;
use tracker_cgi::catalog::{
    Author, Catalog, NewToken, Role, UserDetails, UserError, UserId, UserName,
};
use tracker_cgi::protocol::Timestamp;

use super::admin::catalog;
use super::checkout;
use super::http::Reply;
use super::installation::{Answer, Installation};
use super::schema::Description;

/// A program.
pub struct Program<'a> {
    pub tracker: &'a Installation,
    variables: Vec<(String, String)>,
}

impl<'a> Program<'a> {
    /// One without a token.
    pub fn without_token(tracker: &'a Installation) -> Self {
        Self { tracker, variables: Vec::new() }
    }

    /// One with a token of a new user.
    pub fn new(tracker: &'a Installation, name: &str, role: Role, scopes: &str) -> Self {
        Self::of_user(tracker, name, &UserDetails::new(role), scopes)
    }

    /// The same with groups and the like.
    pub fn of_user(
        tracker: &'a Installation,
        name: &str,
        details: &UserDetails,
        scopes: &str,
    ) -> Self {
        let token = new_token(&mut catalog(tracker), name, details, scopes, None);
        Self::without_token(tracker).with("HTTP_AUTHORIZATION", &format!("Bearer {token}"))
    }

    /// The same, whose further requests have a variable.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut variables = self.variables.clone();
        variables.retain(|(known, _)| known != name);
        variables.push((name.to_owned(), value.to_owned()));
        Self { tracker: self.tracker, variables }
    }

    /// The same with a key by which its requests are known.
    pub fn with_key(&self, key: &str) -> Self {
        self.with("HTTP_IDEMPOTENCY_KEY", key)
    }

    /// Asks for what is at a path behind `/api/v1/`, which may have a query; its answer must be as described.
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", b"")
    }

    /// Sends JSON.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send(method, path, "application/json", body.to_string().as_bytes())
    }

    /// Removes something.
    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, "", b"")
    }

    /// One request, whose answer must be as described.
    pub fn send(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Reply {
        let reply = self.answer(method, path, content_type, body, body.len()).reply;
        check(method, path, &reply);
        reply
    }

    /// One request with a body that is said to be of a length.
    pub fn answer(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
        length: usize,
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut call = self
            .tracker
            .get(&format!("/api/v1/{path}"), query)
            .method(method)
            .with("CONTENT_TYPE", content_type)
            .with("CONTENT_LENGTH", length.to_string());
        for (name, value) in &self.variables {
            call = call.with(name, value);
        }
        call.send_body(body)
    }
}

/// Panics unless an answer is as it is described. Nobody may keep it, and no script of another site may read it.
pub fn check(method: &str, path: &str, reply: &Reply) {
    let description = checkout().join("www/api/openapi.json");
    let description = std::fs::read(description).expect("a description");
    let description = Description(serde_json::from_slice(&description).expect("JSON"));
    let response = description.response(method, &described(path), reply.status);
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{method} {path}: {reply:?}");
    assert_eq!(reply.header("access-control-allow-origin"), None, "{method} {path}: {reply:?}");
    for (name, _) in response["headers"].as_object().into_iter().flatten() {
        // What is given once more does not say it in a header.
        let is_there = reply.header(&name.to_lowercase()).is_some() || name == "ETag";
        assert!(is_there, "{method} {path} {}: no {name}", reply.status);
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(reply.body.len(), 0, "{method} {path}: {reply:?}");
        return;
    };
    let content_type = reply.header("content-type").expect("a type");
    let schema = &content.get(content_type).unwrap_or_else(|| panic!("{reply:?}"))["schema"];
    if content_type.starts_with("text/") {
        return;
    }
    let value: Value = serde_json::from_slice(&reply.body).expect("JSON");
    let faults = description.faults(schema, &value);
    assert!(faults.is_empty(), "{method} {path} {}: {faults:#?}", reply.status);
}

/// The path by which an address is described.
fn described(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let Some((kind, one)) = path.split_once('/') else { return format!("/{path}") };
    match (kind, one.split_once('/')) {
        ("torrents", Some((_, below))) => format!("/torrents/{{info_hash}}/{below}"),
        ("torrents", None) => "/torrents/{info_hash}".into(),
        ("bans", _) => "/bans/{range}".into(),
        ("clients", _) => "/clients/{pattern}".into(),
        (kind, _) => format!("/{kind}/{{name}}"),
    }
}

/// What an answer says.
pub fn value(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("no JSON: {reply:?}"))
}

/// A token of a user, who is added where there is none of that name.
pub fn new_token(
    catalog: &mut Catalog,
    name: &str,
    details: &UserDetails,
    scopes: &str,
    until: Option<Timestamp>,
) -> String {
    let author = Author { name: "test", at: now() };
    let user = user(catalog, name, details, &author);
    let token = ApiToken::generate().expect("randomness");
    let new = NewToken { digest: &token.digest(), label: "test", scope: scopes, until };
    catalog.add_token(user, &new, &author).expect("a token");
    token.to_string()
}

fn user(catalog: &mut Catalog, name: &str, details: &UserDetails, author: &Author<'_>) -> UserId {
    let name = UserName::parse(name).expect("a name");
    match catalog.add_user(&name, details, Some("no hash"), author) {
        Ok(id) => id,
        Err(UserError::NameTaken(_)) => {
            catalog.user_named(&name).expect("a catalogue").expect("a user").id
        }
        Err(problem) => panic!("{problem}"),
    }
}

/// The time.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    Timestamp(since.as_secs())
}

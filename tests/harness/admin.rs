//! Somebody who administers an installation with a browser: cookies are kept, forms are sent as browsers send them. The
//! test plays the web server, and each request is a CGI.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use tracker_cgi::accounts::{FormToken, PasswordHash, Secrets, Session};
use tracker_cgi::catalog::{Author, Catalog, Role, UserDetails, UserId, UserName};
use tracker_cgi::protocol::Timestamp;

use super::fastcgi::{self, Responder};
use super::http::{Reply, encode};
use super::installation::{Answer, Installation};

/// The password of users that this makes.
pub const PASSWORD: &str = "correct horse battery";

/// The folder of the administration.
const ADMIN: &str = "/admin/";

/// A browser.
pub struct Admin<'a> {
    tracker: &'a Installation,
    cookies: BTreeMap<String, String>,
    session: Option<Session>,
    /// What answers instead of CGIs.
    responder: Option<&'a Responder>,
    /// Further variables of its requests.
    variables: BTreeMap<String, String>,
    /// What the tracker has written into the log, all requests together.
    pub log: String,
}

impl<'a> Admin<'a> {
    /// Somebody who has not signed in.
    pub fn new(tracker: &'a Installation) -> Self {
        Self {
            tracker,
            cookies: BTreeMap::new(),
            session: None,
            responder: None,
            variables: BTreeMap::new(),
            log: String::new(),
        }
    }

    /// A new user of a role who has signed in. Nobody can sign in with their password.
    pub fn signed_in(tracker: &'a Installation, name: &str, role: Role) -> Self {
        Self::with_details(tracker, name, &UserDetails::new(role))
    }

    /// The same with groups and the like.
    pub fn with_details(tracker: &'a Installation, name: &str, details: &UserDetails) -> Self {
        let id = add_user(tracker, name, details);
        Self::as_user(tracker, id)
    }

    /// A user who is there, signed in.
    pub fn as_user(tracker: &'a Installation, id: UserId) -> Self {
        let user = catalog(tracker).user(id).expect("a catalogue").expect("a user");
        let session = Session::begin(id, user.epoch, now()).expect("randomness");
        let mut admin = Self::new(tracker);
        admin.cookies.insert("tracker-session".into(), session.encode(&admin.signer()));
        admin.session = Some(session);
        admin
    }

    /// Has each further request have a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.into(), value.into());
    }

    /// Has each further request be answered over FastCGI.
    pub fn go_through(&mut self, responder: &'a Responder) {
        self.responder = Some(responder);
    }

    fn signer(&self) -> tracker_cgi::accounts::Signer {
        let secrets = Secrets::open(&self.tracker.path("data/catalog.db")).expect("keys");
        secrets.signer(now())
    }

    /// What stands at a path behind `/admin/`, which may have a query.
    pub fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    /// The page at a path, which is there.
    pub fn page(&mut self, path: &str) -> String {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.text()
    }

    /// Sends a form with the token of the session.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let session = self.session.expect("somebody who has signed in");
        let token = FormToken::of_session(&session, &self.signer());
        self.send_form(path, &[&[("token", token.as_str())], fields].concat())
    }

    /// Sends a form as it is.
    pub fn send_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = String::new();
        for (name, value) in fields {
            let _ = write!(body, "{}={}&", encode(name.as_bytes()), encode(value.as_bytes()));
        }
        self.send("POST", path, Some(("application/x-www-form-urlencoded", body.as_bytes())))
    }

    /// Sends a form with files, each with the name of its field, its own and its content.
    pub fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Reply {
        let body = self.form_with(fields, files);
        self.send("POST", path, Some(("multipart/form-data; boundary=bound", &body)))
    }

    /// The same, of which only the first half arrives.
    pub fn upload_cut(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Reply {
        let body = self.form_with(fields, files);
        let (half, _) = body.split_at(body.len() / 2);
        self.set("CONTENT_LENGTH", &body.len().to_string());
        let reply = self.send("POST", path, Some(("multipart/form-data; boundary=bound", half)));
        self.variables.remove("CONTENT_LENGTH");
        reply
    }

    /// The body of a form with files and the token of the session.
    fn form_with(&self, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let session = self.session.expect("somebody who has signed in");
        let token = FormToken::of_session(&session, &self.signer());
        let mut body = Vec::new();
        for (name, value) in [&[("token", token.as_str())], fields].concat() {
            let _ = write!(
                body,
                "--bound\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        for (field, name, content) in files {
            let _ = write!(
                body,
                "--bound\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--bound--\r\n");
        body
    }

    /// Sends the form of a page that is seen before signing in, with the token that is in it.
    pub fn fill_in(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let page = self.page(path);
        let (_, token) = page.split_once("name=\"token\" value=\"").expect("a token");
        let token = token.split('"').next().unwrap_or_default().to_owned();
        self.send_form(path, &[&[("token", token.as_str())], fields].concat())
    }

    /// One request; the cookies that come with the answer are kept.
    pub fn send(&mut self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (content_type, body) = body.unwrap_or_default();
        let cookies = cookies.join("; ");
        if let Some(responder) = self.responder {
            let (path, length) = (format!("{ADMIN}{path}"), body.len().to_string());
            let mut variables = BTreeMap::from([
                ("REQUEST_METHOD", method),
                ("SCRIPT_NAME", "/tracker.cgi"),
                ("PATH_INFO", &path),
                ("QUERY_STRING", query),
                ("REMOTE_ADDR", fastcgi::CLIENT),
                ("HTTP_COOKIE", &cookies),
                ("CONTENT_TYPE", content_type),
                ("CONTENT_LENGTH", &length),
            ]);
            variables.extend(self.variables.iter().map(|(name, value)| (&**name, &**value)));
            let variables: Vec<_> = variables.into_iter().collect();
            let mut stream = responder.connect();
            let request = [fastcgi::head(&variables), fastcgi::body(body), fastcgi::body(b"")];
            stream.write_all(&request.concat()).expect("a request is sent");
            return self.keep_cookies(fastcgi::read_reply(&mut stream));
        }
        let mut call = self
            .tracker
            .get(&format!("{ADMIN}{path}"), query)
            .method(method)
            .with("HTTP_COOKIE", cookies)
            .with("CONTENT_TYPE", content_type)
            .with("CONTENT_LENGTH", body.len().to_string());
        for (name, value) in &self.variables {
            call = call.with(name, value);
        }
        let Answer { reply, log } = call.send_body(body);
        self.log += &log;
        self.keep_cookies(reply)
    }

    fn keep_cookies(&mut self, reply: Reply) -> Reply {
        for (_, value) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = value.split_once('=').expect("a cookie");
            let value = value.split(';').next().unwrap_or_default();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.into(), value.into()),
            };
        }
        reply
    }

    /// What a browser keeps.
    pub fn cookies(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.cookies
    }
}

/// The catalogue of an installation.
pub fn catalog(tracker: &Installation) -> Catalog {
    Catalog::open(&tracker.path("data/catalog.db")).expect("a catalogue")
}

/// Adds a user, whose password nobody knows.
pub fn add_user(tracker: &Installation, name: &str, details: &UserDetails) -> UserId {
    let author = Author { name: "test", at: now() };
    let name = UserName::parse(name).expect("a name");
    let nobody = PasswordHash::of_nobody();
    let added = catalog(tracker).add_user(&name, details, Some(nobody.as_str()), &author);
    added.expect("a user")
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    Timestamp(since.as_secs())
}

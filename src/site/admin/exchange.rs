//! A request to the administration while it is answered: who asks, in which language, and what they have filled in.

use std::cell::OnceCell;
use std::rc::Rc;

use super::address::{depth, root};
use super::cookies::{Cookie, is_secure};
use super::reply::Failed;
use crate::accounts::{Device, FormToken, Secrets, Session, Signer};
use crate::catalog::{Author, Catalog, Torrent, User};
use crate::config::{Language, LoadedConfig, Surroundings};
use crate::gateway::Method;
use crate::protocol::InfoHash;
use crate::site::change::{change, would_wait};
use crate::site::form::{Form, Limits};
use crate::site::language::{self, Texts, texts};
use crate::site::{Call, Ready};

/// A request while it is answered.
pub(super) struct Exchange<'a> {
    pub(super) ready: &'a mut Ready,
    pub(super) call: &'a Call<'a>,
    pub(super) surroundings: &'a Surroundings,
    /// What stands in the places of the route.
    pub(super) parts: Vec<String>,
    /// The path behind `/admin`.
    pub(super) path: String,
    /// How many folders below that of the administration the page is.
    pub(super) depth: usize,
    pub(super) texts: &'static Texts,
    pub(super) secrets: Secrets,
    pub(super) signer: Signer,
    /// The catalogue, once something of it was read.
    catalog: OnceCell<Rc<Catalog>>,
    pub(super) is_secure: bool,
    /// What was filled in; nothing of a GET.
    pub(super) form: Form<'a>,
    /// What stands in the address behind the question mark.
    pub(super) query: Form<'a>,
    /// Cookies to be set.
    pub(super) cookies: Vec<String>,
}

/// Somebody who has signed in.
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) session: Session,
}

impl<'a> Exchange<'a> {
    /// Reads what was sent.
    pub(super) fn begin(
        ready: &'a mut Ready,
        (call, surroundings): (&'a Call<'a>, &'a Surroundings),
        path: &str,
        parts: Vec<String>,
    ) -> Result<Self, Failed> {
        let request = call.request;
        let secrets = Secrets::open(&ready.tracker.config().config.paths.catalog)
            .map_err(|problem| Failed::Broken(problem.to_string()))?;
        let form = match request.method {
            Method::Post => {
                let content_type = request.variables.get("CONTENT_TYPE").unwrap_or_default();
                Form::read(content_type, request.body, &Limits::default()).map_err(Failed::Form)?
            }
            _ => Form::of_query(b"").map_err(Failed::Form)?,
        };
        let query = Form::of_query(request.query).map_err(Failed::Form)?;
        let languages = &ready.tracker.config().config.pages.languages;
        let language = language::wanted(language::asked_for(request), languages);
        Ok(Self {
            is_secure: is_secure(request, &ready.proxies),
            signer: secrets.signer(call.now),
            secrets,
            catalog: OnceCell::new(),
            depth: depth(path),
            path: path.to_owned(),
            texts: texts(language),
            cookies: Vec::new(),
            ready,
            call,
            surroundings,
            parts,
            form,
            query,
        })
    }

    /// The configuration.
    pub(super) fn loaded(&self) -> &LoadedConfig {
        self.ready.tracker.config()
    }

    /// The catalogue, to be read; opened once.
    pub(super) fn catalog(&self) -> Result<Rc<Catalog>, Failed> {
        if let Some(catalog) = self.catalog.get() {
            return Ok(Rc::clone(catalog));
        }
        let catalog = Rc::new(Catalog::migrate_and_read(&self.loaded().config.paths.catalog)?);
        Ok(Rc::clone(self.catalog.get_or_init(|| catalog)))
    }

    /// What leads from the page to the folder of the administration.
    pub(super) fn root(&self) -> String {
        root(self.depth)
    }

    /// Who has signed in, if anybody has: their session must be ours, not over, and of the same epoch as the user.
    pub(super) fn signed_in(&mut self) -> Result<Option<SignedIn>, Failed> {
        let now = self.call.now;
        let Some(session) = Cookie::Session
            .value(self.call.request, self.is_secure)
            .and_then(|value| Session::decode(value, &self.signer, now))
        else {
            return Ok(None);
        };
        let Some(user) = self.catalog()?.user(session.user)? else { return Ok(None) };
        if !session.is_of(&user) {
            return Ok(None);
        }
        if let Some(language) = user.language.as_deref().and_then(Language::of_tag) {
            self.texts = texts(language);
        }
        if session.needs_renewal(now) {
            self.send_session(&session.renewed(now));
        }
        Ok(Some(SignedIn { user, session }))
    }

    /// Changes the catalogue in the name of whoever has signed in, and has policy and pages show it. While a refresh is under
    /// way, only a thread that may wait does it.
    pub(super) fn change<T>(
        &self,
        signed_in: &SignedIn,
        work: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let loaded = self.loaded();
        if would_wait(loaded, self.call.pace) {
            return Err(Failed::WouldWait);
        }
        change(loaded, signed_in.user.name.as_str(), work)
    }

    /// Changes what nothing that is published tells of, such as users.
    pub(super) fn change_unpublished<T>(
        &self,
        signed_in: &SignedIn,
        work: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let mut catalog = Catalog::open(&self.loaded().config.paths.catalog)?;
        let name = signed_in.user.name.as_str();
        work(&mut catalog, &Author { name, at: self.call.now })
    }

    /// What stands in the place of a `{}` of the route.
    pub(super) fn part(&self, place: usize) -> &str {
        self.parts.get(place).map_or("", |part| part)
    }

    /// The torrent that stands there.
    pub(super) fn torrent(&self, place: usize) -> Result<Torrent, Failed> {
        let hash = InfoHash::from_hex_of_any(self.part(place).as_bytes());
        let found = hash.map(|hash| self.catalog()?.torrent(hash).map_err(Failed::from));
        found.transpose()?.flatten().ok_or(Failed::NotFound)
    }

    /// Sends the cookie of a session.
    pub(super) fn send_session(&mut self, session: &Session) {
        let value = session.encode(&self.signer);
        self.cookies.push(Cookie::Session.set(&value, Session::MAX_AGE, self.is_secure));
    }

    /// Sends the cookie of a device that has signed in.
    pub(super) fn send_device(&mut self, device: &Device) {
        let value = device.encode(&self.signer);
        self.cookies.push(Cookie::Device.set(&value, Device::MAX_AGE, self.is_secure));
    }

    /// Whether a form comes from a page of ours that this session has seen.
    pub(super) fn check_token(&self, signed_in: &SignedIn) -> Result<(), Failed> {
        let is_ours =
            FormToken::is_of_session(self.form.text("token"), &signed_in.session, &self.signer);
        if is_ours && !self.comes_from_elsewhere() { Ok(()) } else { Err(Failed::NotOurForm) }
    }

    /// Whether the browser says that another site has sent the form.
    pub(super) fn comes_from_elsewhere(&self) -> bool {
        let said = self.call.request.variables.get("HTTP_SEC_FETCH_SITE");
        said.is_some_and(|said| said != b"same-origin" && said != b"none")
    }
}

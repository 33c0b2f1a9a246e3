//! The cookies of the administration: which there are, and how they are sent. A browser sends them to nobody else, and with
//! no request that comes from another site.

use crate::gateway::{Proxies, Request};
use crate::protocol::Seconds;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Somebody has signed in.
    Session,
    /// Somebody is at a form before that.
    Visit,
    /// Somebody has signed in with this browser before.
    Device,
}

impl Cookie {
    /// Its name. With `__Host-` a browser takes it only over https and from this host itself (RFC 6265bis, 4.1.3.2).
    fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Session, true) => "__Host-tracker-session",
            (Self::Session, false) => "tracker-session",
            (Self::Visit, true) => "__Host-tracker-visit",
            (Self::Visit, false) => "tracker-visit",
            (Self::Device, true) => "__Host-tracker-device",
            (Self::Device, false) => "tracker-device",
        }
    }

    /// What a browser has sent; of several the first, which is the most specific one.
    pub(super) fn value<'a>(self, request: &Request<'a>, is_secure: bool) -> Option<&'a str> {
        let name = self.name(is_secure);
        let cookies = str::from_utf8(request.variables.get("HTTP_COOKIE")?).ok()?;
        cookies.split(';').find_map(|pair| {
            let (known, value) = pair.split_once('=')?;
            (known.trim() == name).then_some(value.trim())
        })
    }

    /// What sets it for so long.
    pub(super) fn set(self, value: &str, max_age: Seconds, is_secure: bool) -> String {
        let secure = if is_secure { "; Secure" } else { "" };
        let (name, max_age) = (self.name(is_secure), max_age.0);
        format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}")
    }

    /// What has a browser forget it.
    pub(super) fn forget(self, is_secure: bool) -> String {
        self.set("", Seconds(0), is_secure)
    }
}

/// Whether a browser asks over https: as the web server says, or a proxy that is trusted.
pub(super) fn is_secure(request: &Request<'_>, proxies: &Proxies) -> bool {
    let value = |name| request.variables.get(name).unwrap_or_default();
    let https = value("HTTPS");
    if (!https.is_empty() && !https.eq_ignore_ascii_case(b"off"))
        || value("REQUEST_SCHEME").eq_ignore_ascii_case(b"https")
    {
        return true;
    }
    proxies.has_passed_on(request)
        && value("HTTP_X_FORWARDED_PROTO").trim_ascii().eq_ignore_ascii_case(b"https")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Variables;
    use crate::platform::network::{IpRange, Network};

    struct Fixed(Vec<(&'static str, &'static str)>);

    impl Variables for Fixed {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value.as_bytes()));
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let variables = Fixed(vec![(
            "HTTP_COOKIE",
            "a=b; xtracker-session=1; tracker-session=2; tracker-session=3",
        )]);
        let request = Request::new(&variables, b"");
        assert_eq!(Cookie::Session.value(&request, false), Some("2"));
        assert_eq!(Cookie::Session.value(&request, true), None);
        assert_eq!(Cookie::Device.value(&request, false), None);
    }

    #[test]
    fn over_https_a_cookie_stays_with_this_host() {
        let set = Cookie::Session.set("v", Seconds(60), true);
        assert_eq!(
            set,
            "__Host-tracker-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(!Cookie::Session.set("v", Seconds(60), false).contains("Secure"));
    }

    #[test]
    fn https_is_believed_of_the_web_server_and_of_trusted_proxies_only() {
        let trusted: Network = ["127.0.0.1".parse::<IpRange>().unwrap()].into_iter().collect();
        let is = |variables: &[(&'static str, &'static str)]| {
            let variables = Fixed(variables.to_vec());
            let proxies = Proxies::new(trusted.clone(), false, "x-forwarded-for");
            is_secure(&Request::new(&variables, b""), &proxies)
        };
        assert!(is(&[("HTTPS", "on")]) && is(&[("REQUEST_SCHEME", "https")]));
        assert!(!is(&[("HTTPS", "off")]) && !is(&[("HTTPS", "")]) && !is(&[]));
        let forwarded = ("HTTP_X_FORWARDED_PROTO", "https");
        assert!(is(&[forwarded, ("REMOTE_ADDR", "127.0.0.1")]));
        assert!(!is(&[forwarded, ("REMOTE_ADDR", "192.0.2.1")]));
    }
}

//! A request as CGI and FastCGI both give it: borrowed bytes, never assumed to be UTF-8.

/// The request method (RFC 9110, 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD: like GET, without a body in the reply.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH (RFC 5789).
    Patch,
    /// DELETE.
    Delete,
    /// OPTIONS.
    Options,
    /// Any other.
    Other,
}

impl Method {
    /// Understands a `REQUEST_METHOD`; methods are case-sensitive.
    #[must_use]
    pub fn parse(name: &[u8]) -> Self {
        match name {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"PATCH" => Self::Patch,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// Whether a request of this method may bring a body that means something.
    #[must_use]
    pub fn takes_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// The request's variables by name (RFC 3875, 4.1): the environment, or FastCGI parameters.
pub trait Variables {
    /// Shows all of them, names and values, in the order in which they came. The last one of a name
    /// counts: nginx sends each `fastcgi_param`, the included defaults first.
    fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8]));

    /// The value of a variable; `None` when it is not set.
    fn get(&self, name: &str) -> Option<&[u8]> {
        let mut found = None;
        self.visit(&mut |known, value| {
            if known == name.as_bytes() {
                found = Some(value);
            }
        });
        found
    }
}

/// One request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `REQUEST_METHOD`.
    pub method: Method,
    /// `SCRIPT_NAME`: the part of the path that named the program.
    pub script_name: &'a [u8],
    /// `PATH_INFO`: the decoded rest of the path; empty when there is none.
    pub path_info: &'a [u8],
    /// `QUERY_STRING`, undecoded; empty when there is none.
    pub query: &'a [u8],
    /// `REMOTE_ADDR`; empty when the server does not say.
    pub remote_addr: &'a [u8],
    /// `HTTP_USER_AGENT`; empty when the client does not say.
    pub user_agent: &'a [u8],
    /// All other variables.
    pub variables: &'a dyn Variables,
    /// The body, already read within the limits; empty unless the method takes one and the handler wants it.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Takes the usual variables out of `variables`.
    #[must_use]
    pub fn new(variables: &'a dyn Variables, body: &'a [u8]) -> Self {
        let none = &[][..];
        let mut request = Self {
            method: Method::Other,
            script_name: none,
            path_info: none,
            query: none,
            remote_addr: none,
            user_agent: none,
            variables,
            body,
        };
        variables.visit(&mut |name, value| match name {
            b"REQUEST_METHOD" => request.method = Method::parse(value),
            b"SCRIPT_NAME" => request.script_name = value,
            b"PATH_INFO" => request.path_info = value,
            b"QUERY_STRING" => request.query = value,
            b"REMOTE_ADDR" => request.remote_addr = value,
            b"HTTP_USER_AGENT" => request.user_agent = value,
            _ => {}
        });
        request
    }
}

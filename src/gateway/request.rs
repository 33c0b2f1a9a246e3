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
            b"OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

/// The request's variables by name (RFC 3875, 4.1): the environment, or FastCGI parameters.
pub trait Variables {
    /// The value of a variable; `None` when it is not set.
    fn get(&self, name: &str) -> Option<&[u8]>;

    /// The values of several variables, in the order of their names; empty where one is not set.
    fn get_each<'v>(&'v self, names: &[&str], values: &mut [&'v [u8]]) {
        for (name, value) in names.iter().zip(values) {
            *value = self.get(name).unwrap_or_default();
        }
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
    /// All other variables.
    pub variables: &'a dyn Variables,
    /// The body, already read within the limits; empty unless the method is POST.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Takes the usual variables out of `variables`.
    #[must_use]
    pub fn new(variables: &'a dyn Variables, body: &'a [u8]) -> Self {
        let names = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR"];
        let mut values = [&[][..]; 5];
        variables.get_each(&names, &mut values);
        let [method, script_name, path_info, query, remote_addr] = values;
        let method = Method::parse(method);
        Self { method, script_name, path_info, query, remote_addr, variables, body }
    }
}

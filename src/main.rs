//! Picks the face: FastCGI, CGI or command line.

fn main() {}

//! Picks the face: FastCGI, CGI or command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    tracker_cgi::cli::run(std::env::args_os())
}

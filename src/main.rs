//! Picks the face: FastCGI, CGI or command line.

use std::process::ExitCode;
use std::sync::Arc;

use tracker_cgi::cli;
use tracker_cgi::config::{self, LoadedConfig, Surroundings};
use tracker_cgi::gateway::{Environment, Face, Listening, cgi, fastcgi};
use tracker_cgi::site::Site;

fn main() -> ExitCode {
    // Before the arguments are looked at: in the first two cases a stranger may have written them.
    match Face::of_this_process() {
        Face::FastCgi(listening) => answer_many(listening),
        Face::Cgi => answer_one(),
        Face::CommandLine => cli::run(std::env::args_os()),
    }
}

//! Picks the face: FastCGI, CGI or command line.

use std::process::ExitCode;
use std::sync::Arc;

use tracker_cgi::config::{self, GatewayConfig, LoadedConfig, Surroundings};
use tracker_cgi::gateway::{Face, Listening, Signals, cgi, fastcgi};
use tracker_cgi::site::Site;
use tracker_cgi::{cli, error};

fn main() -> ExitCode {
    // Before the arguments are looked at: in the first two cases a stranger may have written them.
    match Face::of_this_process() {
        Face::FastCgi(listening) => answer_many(listening),
        Face::Cgi => answer_one(),
        Face::CommandLine => cli::run(std::env::args_os()),
    }
}

fn answer_one() -> ExitCode {
    let surroundings = Arc::new(Surroundings::of_this_process(config::Face::Cgi));
    let make_site = || Site::for_one_request(Arc::clone(&surroundings));
    cgi::run(make_site, GatewayConfig::default().max_body);
    ExitCode::SUCCESS
}

/// A process manager started us: it decides how many processes there are, so that one worker each
/// will do.
fn answer_many(listening: Listening) -> ExitCode {
    let surroundings = Arc::new(Surroundings::of_this_process(config::Face::FastCgi));
    // A broken configuration is told to clients and to the log by the site, again and again until
    // it is mended; until then the built-in limits count.
    let gateway = LoadedConfig::load(&surroundings, None)
        .map_or_else(|_| GatewayConfig::default(), |loaded| loaded.config.gateway);
    let make_site = move || Site::for_many_requests(Arc::clone(&surroundings));
    let outcome = Signals::collect().map_err(fastcgi::ServeError::Signals).and_then(|signals| {
        fastcgi::serve(listening, signals, cli::fastcgi_options(&gateway, 1), make_site)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

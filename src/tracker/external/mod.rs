//! What other people's servers say: figures of torrents that are tracked elsewhere. Whatever they do, each is given
//! bytes and time up to a bound.

mod ask;
mod bounds;
mod curl;
mod failed;
mod http;
mod refresh;
mod reply;
mod request;
mod resolve;
mod schedule;
mod scrape;
mod udp;

pub use ask::{Asking, ask_external};
pub use bounds::{Bounds, Targets};
pub use failed::Failed;
pub use http::get;
pub use refresh::refresh_external;
pub use reply::{Ended, Reply, Way};
pub use scrape::{ScrapeAnswer, ScrapeFailed, scrape};
pub use udp::UdpFailed;

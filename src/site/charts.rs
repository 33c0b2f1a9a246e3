//! Pictures of the history: charts, sparklines and badges, as SVG without scripts and without anything from elsewhere.
//! Pure.

mod badge;
mod chart;
mod figure;
mod labels;
mod panel;
mod sparkline;

pub use badge::{Badge, badge, retired_badge};
pub use chart::{Subject, chart};
pub use figure::figure;
pub use sparkline::sparkline;

#[cfg(test)]
mod tests;

//! Figures of the tracker itself, for Prometheus and what reads its text format (version 0.0.4).

use super::Ready;
use crate::gateway::{Answer, Response, Status};
use crate::protocol::Timestamp;
use crate::tracker::Refusal;

pub(super) fn show(ready: &mut Ready, now: Timestamp, response: &mut Response) -> Answer {
    response.headers.push(("Cache-Control", "no-store".into()));
    match ready.tracker.measure_load(now) {
        Ok(load) => {
            response.content_type = "text/plain; version=0.0.4; charset=utf-8";
            let gauges = [
                (
                    "tracker_announces_per_minute",
                    "About how many announces came in the last minute.",
                    load.announces,
                ),
                (
                    "tracker_high_load",
                    "Whether announces come faster than high_load says.",
                    u64::from(load.is_high),
                ),
                (
                    "tracker_interval_seconds",
                    "Seconds between announces that clients are asked for.",
                    load.interval.0.into(),
                ),
            ];
            for (name, help, value) in gauges {
                let text = format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
                response.body.extend_from_slice(text.as_bytes());
            }
        }
        // Only where this thread may not wait.
        Err(Refusal::WouldWait) => return Answer::WouldWait,
        Err(refusal) => {
            response.status = Status::ServiceUnavailable;
            response.body.extend_from_slice(format!("{refusal}\n").as_bytes());
        }
    }
    Answer::Ready
}

//! Evenly spaced points of what was recorded, with gaps where nothing is known. Pure.

use super::sample::{Sample, Summary};
use crate::protocol::{Seconds, Timestamp};

/// How long a chart goes back, and how far apart its points are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// 96 quarters of an hour.
    Day,
    /// 168 hours.
    Week,
    /// 365 days.
    Year,
}

impl Span {
    /// The three.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Year];

    /// The time from one point to the next.
    #[must_use]
    pub fn step(self) -> Seconds {
        Seconds(match self {
            Self::Day => 900,
            Self::Week => 3_600,
            Self::Year => 86_400,
        })
    }

    /// The number of points.
    #[must_use]
    pub fn points(self) -> u32 {
        match self {
            Self::Day => 96,
            Self::Week => 168,
            Self::Year => 365,
        }
    }

    /// The beginning of the first point; `now` is in the last one.
    pub(super) fn begin(self, now: Timestamp) -> Timestamp {
        let step = self.step().0;
        let last = now.0 / u64::from(step) * u64::from(step);
        Timestamp(last).before(Seconds(step * (self.points() - 1)))
    }
}

/// What is known of a torrent, or of all together, over a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// How long.
    pub span: Span,
    /// One for each step, the oldest first.
    pub points: Vec<Point>,
}

/// One step of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When it begins.
    pub at: Timestamp,
    /// The figures; `None` where nothing is known: no refresh ran, or the torrent was not there.
    pub figures: Option<PointFigures>,
}

/// The figures of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointFigures {
    /// Those at its end.
    pub last: Sample,
    /// The fewest seeders in it.
    pub least_seeders: u64,
    /// The most seeders in it.
    pub most_seeders: u64,
    /// The most leechers in it.
    pub most_leechers: u64,
    /// Bytes that all peers together received in a second, since the step before.
    pub speed: u64,
}

/// What was recorded of one torrent, or of all together.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    /// The last that was before the first step.
    pub before: Option<(Timestamp, Sample)>,
    /// From then on, in the order of time.
    pub since: Vec<(Timestamp, Summary)>,
}

/// The last that was before a moment, and what was recorded from then on.
type Since<'a> = (Option<(Timestamp, Sample)>, &'a [(Timestamp, Summary)]);

impl Recorded {
    fn from(&self, begin: Timestamp) -> Since<'_> {
        let (earlier, since) =
            self.since.split_at(self.since.partition_point(|(at, _)| *at < begin));
        let last = earlier.last().map(|(at, summary)| (*at, summary.last));
        (last.or(self.before), since)
    }
}

impl Series {
    /// The series of what was never recorded.
    #[must_use]
    pub fn unknown(span: Span, now: Timestamp) -> Self {
        let nothing = Recorded::default();
        Self::of(&nothing, &nothing, (span, now), Seconds(0))
    }

    /// Puts what was recorded of one torrent, or of all, into steps; it may go back further than these. `refreshes` is what was recorded of all: something at
    /// each refresh. What a refresh found stands until the next one, but no longer than `stands`.
    pub(super) fn of(
        recorded: &Recorded,
        refreshes: &Recorded,
        (span, now): (Span, Timestamp),
        stands: Seconds,
    ) -> Self {
        let begin = span.begin(now);
        let mut walk = Walk::begin(recorded.from(begin), refreshes.from(begin));
        let points = (0..span.points()).map(|number| {
            let at = begin + Seconds(number * span.step().0);
            let end = at + span.step();
            let summary = walk.up_to(end);
            let is_known = walk.refreshed.is_some_and(|last| last + stands >= at);
            let figures = summary.filter(|_| is_known).map(|it| walk.figures(it));
            walk.was_known = figures.is_some();
            Point { at, figures }
        });
        Self { span, points: points.collect() }
    }
}

/// How far what was recorded has been put into steps.
struct Walk<'a> {
    own: std::iter::Peekable<std::slice::Iter<'a, (Timestamp, Summary)>>,
    refreshes: std::iter::Peekable<std::slice::Iter<'a, (Timestamp, Summary)>>,
    last: Option<Sample>,
    /// When the last refresh was.
    refreshed: Option<Timestamp>,
    was_known: bool,
    /// The refresh and the bytes of the last point that is known, and the speed there.
    basis: Option<(Timestamp, u64)>,
    speed: u64,
}

impl<'a> Walk<'a> {
    fn begin((before, own): Since<'a>, (refresh, refreshes): Since<'a>) -> Self {
        let last = before.map(|(_, sample)| sample);
        let refreshed = refresh.map(|(at, _)| at);
        Self {
            own: own.iter().peekable(),
            refreshes: refreshes.iter().peekable(),
            last,
            refreshed,
            was_known: last.is_some(),
            basis: refreshed.zip(last.map(|it| it.downloaded)),
            speed: 0,
        }
    }

    /// The figures from where it is up to `end`, if any were recorded, ever.
    fn up_to(&mut self, end: Timestamp) -> Option<Summary> {
        while let Some((at, _)) = self.refreshes.next_if(|(at, _)| *at < end) {
            self.refreshed = Some(*at);
        }
        // Behind a gap nobody knows how it began.
        let mut summary = self.last.filter(|_| self.was_known).map(Summary::from);
        while let Some((_, next)) = self.own.next_if(|(at, _)| *at < end) {
            summary = Some(summary.map_or(*next, |before| before.then(*next)));
        }
        let summary = summary.or(self.last.map(Summary::from));
        self.last = summary.map(|it| it.last);
        summary
    }

    fn figures(&mut self, summary: Summary) -> PointFigures {
        let (Some(now), downloaded) = (self.refreshed, summary.last.downloaded) else {
            return figures(summary, 0);
        };
        match self.basis {
            Some((then, before)) if now > then => {
                let seconds = u64::from(now.since(then).0.max(1));
                self.speed = downloaded.saturating_sub(before) / seconds;
                self.basis = Some((now, downloaded));
            }
            // No refresh since.
            Some(_) => {}
            None => self.basis = Some((now, downloaded)),
        }
        figures(summary, self.speed)
    }
}

fn figures(summary: Summary, speed: u64) -> PointFigures {
    let Summary { last, least_seeders, most_seeders, most_leechers } = summary;
    PointFigures { last, least_seeders, most_seeders, most_leechers, speed }
}

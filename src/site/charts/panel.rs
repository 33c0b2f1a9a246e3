//! One panel of a chart: a line over time with a scale of its own, so that few leechers are seen beside many seeders.

use crate::catalog::{PointFigures, Series};
use crate::site::language::Texts;

/// Where the lines begin and end.
pub(super) const LEFT: f64 = 64.0;
pub(super) const RIGHT: f64 = 628.0;

/// Bytes that a point of a path takes, about.
const USUAL_BYTES: usize = 8;

/// What a panel shows.
pub(super) struct Kind {
    name: fn(&Texts) -> &'static str,
    /// The class of its line in our style sheet, and its colour where there is none.
    pub class: &'static str,
    pub colour: &'static str,
    pub top: f64,
    pub height: f64,
    value: fn(&PointFigures) -> u64,
    /// From where to where it moved meanwhile.
    range: fn(&PointFigures) -> (u64, u64),
    scale: Scale,
}

/// What the numbers of a panel are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    Count,
    BytesASecond,
}

/// The three panels of a chart, from the top.
pub(super) const KINDS: [Kind; 3] = [
    Kind {
        name: |texts| texts.words.seeders,
        class: "seed",
        colour: "#12745a",
        top: 40.0,
        height: 96.0,
        value: |it| it.last.seeders,
        range: |it| (it.least_seeders, it.most_seeders),
        scale: Scale::Count,
    },
    Kind {
        name: |texts| texts.words.leechers,
        class: "leech",
        colour: "#ad4f08",
        top: 168.0,
        height: 60.0,
        value: |it| it.last.leechers,
        range: |it| (it.last.leechers, it.most_leechers),
        scale: Scale::Count,
    },
    Kind {
        name: |texts| texts.charts.downloaded_a_second,
        class: "done",
        colour: "#4556a6",
        top: 260.0,
        height: 40.0,
        value: |it| it.speed,
        range: |it| (it.speed, it.speed),
        scale: Scale::BytesASecond,
    },
];

/// A panel ready to be drawn.
pub(super) struct Panel {
    pub name: &'static str,
    pub class: &'static str,
    pub colour: &'static str,
    /// Where its name stands.
    pub name_at: f64,
    pub ticks: Vec<Tick>,
    /// The path of the line, and of the area between least and most.
    pub line: String,
    pub area: String,
}

/// A line across a panel, and the number beside it.
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
}

/// Points that follow each other without a gap, each with its place across.
pub(super) type Run = Vec<(f64, PointFigures)>;

impl Panel {
    pub(super) fn of(runs: &[Run], kind: &Kind, texts: &Texts) -> Self {
        let known = runs.iter().flatten();
        let most = known.map(|(_, it)| (kind.range)(it).1.max((kind.value)(it))).max();
        let top = kind.scale.top(most.unwrap_or_default());
        let y = |value: u64| kind.top + kind.height * (1.0 - share(value, top));
        let ticks = kind.scale.ticks(top, texts);
        let ticks = ticks.into_iter().map(|(value, label)| Tick { at: y(value), label });
        let (mut line, mut area) = (String::new(), String::new());
        for run in runs {
            draw(&mut line, run.iter().map(|(x, it)| (*x, y((kind.value)(it)))));
            // A point alone is a dot, as line ends are round.
            if run.len() == 1 {
                line.push_str("h0");
            }
            if run.iter().any(|(_, it)| (kind.range)(it).0 != (kind.range)(it).1) {
                let upper = run.iter().map(|(x, it)| (*x, y((kind.range)(it).1)));
                let lower = run.iter().rev().map(|(x, it)| (*x, y((kind.range)(it).0)));
                draw(&mut area, upper.chain(lower));
                area.push('z');
            }
        }
        Self {
            name: (kind.name)(texts),
            class: kind.class,
            colour: kind.colour,
            name_at: kind.top - 8.0,
            ticks: ticks.collect(),
            line,
            area,
        }
    }
}

/// All that is known, from gap to gap.
pub(super) fn runs(series: &Series) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::new();
    for (number, point) in series.points.iter().enumerate() {
        match point.figures {
            Some(figures) => run.push((x(number, series.points.len()), figures)),
            None if run.is_empty() => {}
            None => runs.push(std::mem::take(&mut run)),
        }
    }
    if !run.is_empty() {
        runs.push(run);
    }
    runs
}

/// Where a point stands, of so many.
#[allow(clippy::cast_precision_loss)] // There are 365 at most.
pub(super) fn x(number: usize, points: usize) -> f64 {
    LEFT + (RIGHT - LEFT) * number as f64 / points.saturating_sub(1).max(1) as f64
}

/// Adds a line through points to a path: where it begins, then the way to each next one, in few bytes.
fn draw(path: &mut String, points: impl Iterator<Item = (f64, f64)>) {
    path.reserve(points.size_hint().0 * USUAL_BYTES);
    let mut before = None;
    for (x, y) in points {
        let here = (tenths(x), tenths(y));
        let (across, down) = match before {
            None => here,
            Some((x, y)) => (here.0 - x, here.1 - y),
        };
        path.push(if before.is_none() { 'M' } else { 'l' });
        push_tenths(path, across);
        if down >= 0 {
            path.push(' ');
        }
        push_tenths(path, down);
        before = Some(here);
    }
}

/// A place in tenths of a pixel.
#[allow(clippy::cast_possible_truncation)] // Within the picture.
fn tenths(place: f64) -> i64 {
    // No place is negative, and to round them is a call otherwise.
    (place * 10.0 + 0.5) as i64
}

fn push_tenths(path: &mut String, tenths: i64) {
    // From the end on; there is room for any number.
    let mut text = [b'-'; 24];
    let mut from = text.len();
    let mut put = |byte| {
        from -= 1;
        text[from] = byte;
    };
    let digit = |number: u64| b'0' + (number % 10) as u8;
    let (mut whole, rest) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    if rest > 0 {
        put(digit(rest));
        put(b'.');
    }
    if whole == 0 && rest == 0 {
        put(b'0');
    }
    while whole > 0 {
        put(digit(whole));
        whole /= 10;
    }
    if tenths < 0 {
        put(b'-');
    }
    path.push_str(std::str::from_utf8(&text[from..]).unwrap_or_default());
}

/// How much of `most` a value is, 0 to 1.
#[allow(clippy::cast_precision_loss)] // Drawn within a hundred pixels.
pub(super) fn share(value: u64, most: u64) -> f64 {
    (value as f64 / most.max(1) as f64).clamp(0.0, 1.0)
}

impl Scale {
    /// The number at the top of the panel: a round one, whose half is round too.
    fn top(self, most: u64) -> u64 {
        if self == Self::BytesASecond {
            return most.max(1024).checked_next_power_of_two().unwrap_or(u64::MAX);
        }
        let mut decade = 1_u64;
        loop {
            let round = [1, 2, 4, 6, 10].map(|it| decade.saturating_mul(it));
            match round.into_iter().find(|round| *round >= most) {
                Some(top) => return top,
                None => decade = decade.saturating_mul(10),
            }
        }
    }

    /// The numbers beside the panel.
    fn ticks(self, top: u64, texts: &Texts) -> Vec<(u64, String)> {
        // In the lowest panel there is no room for a third one.
        let has_half = self == Self::Count && top >= 2;
        let values = if has_half { vec![0, top / 2, top] } else { vec![0, top] };
        let label = |value| match self {
            Self::Count => texts.number(value),
            Self::BytesASecond if value == 0 => "0".into(),
            Self::BytesASecond => texts.speed(value, 0),
        };
        values.into_iter().map(|value| (value, label(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;
    use crate::site::language::texts;

    #[test]
    fn tenths_are_written_in_few_bytes() {
        let written = |tenths| {
            let mut path = String::new();
            push_tenths(&mut path, tenths);
            path
        };
        let few = [0, 1, -1, 10, -10, 95, -105, 6_280, -6_281].map(written);
        assert_eq!(few, ["0", ".1", "-.1", "1", "-1", "9.5", "-10.5", "628", "-628.1"]);
        assert_eq!(written(i64::MIN), "-922337203685477580.8");
        assert_eq!([64.0, 64.05, 99.949_999].map(tenths), [640, 641, 999]);
    }

    #[test]
    fn scales_end_at_round_numbers() {
        let tops = [0, 1, 2, 3, 5, 6, 7, 11, 99, 101, 450, 999_999].map(|it| Scale::Count.top(it));
        assert_eq!(tops, [1, 1, 2, 4, 6, 6, 10, 20, 100, 200, 600, 1_000_000]);
        assert_eq!(Scale::Count.top(u64::MAX), u64::MAX);
        let tops = [0, 1_025, u64::MAX].map(|it| Scale::BytesASecond.top(it));
        assert_eq!(tops, [1_024, 2_048, u64::MAX]);
        let labels: Vec<_> = Scale::BytesASecond
            .ticks(2 << 20, texts(Language::English))
            .into_iter()
            .map(|it| it.1)
            .collect();
        assert_eq!(labels, ["0", "2 MiB/s"]);
    }
}

//! The plot: what an announce costs against the number of peers, a line for each store.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::announces::Row;
use crate::crowd::WANT;
use crate::report::thousands;
use crate::stores::Kind;

const TITLE: &str = "The cost of an announce against the number of peers";

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 74.0;
const BOTTOM: f64 = 394.0;

/// Draws the median announce of each row as an SVG.
pub fn svg(rows: &[Row], swarms: &str) -> String {
    let axes = Axes::around(rows);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <title>{TITLE}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    let _ = writeln!(
        text,
        "<text x=\"{LEFT}\" y=\"30\" font-size=\"17\" font-weight=\"bold\">{TITLE}</text>\n\
         <text x=\"{LEFT}\" y=\"50\" fill=\"#555\">medians, answers of up to {} peers, \
         {swarms}</text>",
        WANT.peers
    );
    axes.draw(&mut text);
    // The slowest line is the uppermost, and so it is in the legend.
    let drawn = Kind::ALL.into_iter().rev().filter(|&kind| rows.iter().any(|row| row.kind == kind));
    for (place, kind) in drawn.enumerate() {
        let of_kind = rows.iter().filter(|row| row.kind == kind);
        let points: Vec<(f64, f64)> = of_kind.map(|row| axes.place(&point(row))).collect();
        line(&mut text, kind, &points);
        legend(&mut text, kind, TOP + 10.0 + 26.0 * place as f64);
    }
    text.push_str("</svg>\n");
    text
}

/// Peers and microseconds.
fn point(row: &Row) -> (f64, f64) {
    (row.peers as f64, row.latencies().median)
}

fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Shm => "#0969da",
        Kind::Lmdb => "#bf5700",
        Kind::BareLmdb => "#d4a72c",
        Kind::Sqlite => "#2a7d3f",
        Kind::Bitstorm => "#8250df",
    }
}

/// Powers of ten from edge to edge.
struct Axes {
    peers: RangeInclusive<i32>,
    microseconds: RangeInclusive<i32>,
}

impl Axes {
    fn around(rows: &[Row]) -> Self {
        let powers = |which: fn((f64, f64)) -> f64| {
            let logarithms = rows.iter().map(|row| which(point(row)).log10());
            let lowest = logarithms.clone().fold(f64::INFINITY, f64::min);
            let highest = logarithms.fold(f64::NEG_INFINITY, f64::max);
            let first = lowest.floor() as i32;
            first..=(highest.ceil() as i32).max(first + 1)
        };
        Self { peers: powers(|point| point.0), microseconds: powers(|point| point.1) }
    }

    fn place(&self, &(peers, microseconds): &(f64, f64)) -> (f64, f64) {
        (
            LEFT + share(&self.peers, peers.log10()) * (RIGHT - LEFT),
            BOTTOM - share(&self.microseconds, microseconds.log10()) * (BOTTOM - TOP),
        )
    }

    fn draw(&self, text: &mut String) {
        for power in self.peers.clone() {
            let x = LEFT + share(&self.peers, f64::from(power)) * (RIGHT - LEFT);
            grid(text, (x, TOP), (x, BOTTOM));
            label(text, (x, BOTTOM + 20.0), "middle", peers_name(power));
        }
        for power in self.microseconds.clone() {
            let y = BOTTOM - share(&self.microseconds, f64::from(power)) * (BOTTOM - TOP);
            grid(text, (LEFT, y), (RIGHT, y));
            label(text, (LEFT - 10.0, y + 4.0), "end", &microseconds_name(power));
        }
        let middle = f64::midpoint(LEFT, RIGHT);
        label(text, (middle, BOTTOM + 48.0), "middle", "peers in the store");
        let sideways = f64::midpoint(TOP, BOTTOM);
        let _ = writeln!(
            text,
            "<text transform=\"translate(20 {sideways}) rotate(-90)\" text-anchor=\"middle\">\
             one announce, microseconds</text>"
        );
    }
}

fn share(range: &RangeInclusive<i32>, logarithm: f64) -> f64 {
    let (first, last) = (f64::from(*range.start()), f64::from(*range.end()));
    (logarithm - first) / (last - first)
}

fn microseconds_name(power: i32) -> String {
    if power < 0 { 10_f64.powi(power).to_string() } else { thousands(10_f64.powi(power)) }
}

fn peers_name(power: i32) -> &'static str {
    match power {
        3 => "1 thousand",
        4 => "10 thousand",
        5 => "100 thousand",
        6 => "1 million",
        7 => "10 million",
        _ => "",
    }
}

// Writing to a string cannot fail, which is why the results below are not looked at.

fn grid(text: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        text,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>"
    );
}

fn label(text: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ =
        writeln!(text, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}

fn line(text: &mut String, kind: Kind, points: &[(f64, f64)]) {
    let colour = colour(kind);
    let places = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}"));
    let places = places.collect::<Vec<_>>().join(" ");
    let _ = writeln!(
        text,
        "<polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>"
    );
    for (x, y) in points {
        let _ = writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
    }
}

fn legend(text: &mut String, kind: Kind, y: f64) {
    line(text, kind, &[(RIGHT + 30.0, y), (RIGHT + 56.0, y)]);
    label(text, (RIGHT + 68.0, y + 4.0), "start", kind.name());
}

//! The history for programs: a series as JSON, and as comma-separated values.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::catalog::{Point, PointFigures, Series, Span};
use crate::platform::date;
use crate::protocol::InfoHash;

/// What is known of a point, and its name.
type Column = (&'static str, fn(&PointFigures) -> u64);

/// Numbers, which no spreadsheet takes for formulas.
const COLUMNS: [Column; 8] = [
    ("seeders", |it| it.last.seeders),
    ("leechers", |it| it.last.leechers),
    ("completed", |it| it.last.completed),
    ("downloaded", |it| it.last.downloaded),
    ("speed", |it| it.speed),
    ("least_seeders", |it| it.least_seeders),
    ("most_seeders", |it| it.most_seeders),
    ("most_leechers", |it| it.most_leechers),
];

/// A series as JSON: seconds since 1970, bytes, bytes a second; `null` where nothing is known. Without a torrent it is
/// that of all together.
#[must_use]
pub fn history_json(torrent: Option<InfoHash>, series: &Series) -> Value {
    let point = |point: &Point| {
        let value =
            |(name, of): &Column| ((*name).to_owned(), json!(point.figures.as_ref().map(of)));
        let mut object: serde_json::Map<_, _> = COLUMNS.iter().map(value).collect();
        object.insert("at".into(), json!(point.at.0));
        Value::Object(object)
    };
    json!({
        "info_hash": torrent.map(|it| it.to_string()),
        "span": span_name(series.span),
        "step": series.span.step().0,
        "points": series.points.iter().map(point).collect::<Value>(),
    })
}

/// A series as comma-separated values: a line of names, then a point a line. Cells are empty where nothing is known.
#[must_use]
pub fn history_csv(series: &Series) -> String {
    let mut text = String::from("at");
    COLUMNS.iter().for_each(|(name, _)| text.extend([",", name]));
    for point in &series.points {
        text.extend(["\n", &date::rfc_3339(point.at.0)]);
        for (_, of) in COLUMNS {
            text.push(',');
            if let Some(figures) = &point.figures {
                // Writing to a string does not fail.
                let _ = write!(text, "{}", of(figures));
            }
        }
    }
    text.push('\n');
    text
}

fn span_name(span: Span) -> &'static str {
    match span {
        Span::Day => "day",
        Span::Week => "week",
        Span::Year => "year",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Sample;
    use crate::protocol::Timestamp;

    #[test]
    fn points_are_lines_and_gaps_are_empty_cells() {
        let last = Sample { seeders: 3, leechers: 1, completed: 7, downloaded: 1 << 40 };
        let figures =
            PointFigures { last, least_seeders: 2, most_seeders: 5, most_leechers: 4, speed: 99 };
        let points = vec![
            Point { at: Timestamp(0), figures: None },
            Point { at: Timestamp(86_400), figures: Some(figures) },
        ];
        let series = Series { span: Span::Year, points };
        assert_eq!(
            history_csv(&series),
            "at,seeders,leechers,completed,downloaded,speed,least_seeders,most_seeders,most_leechers\n\
             1970-01-01T00:00:00Z,,,,,,,,\n\
             1970-01-02T00:00:00Z,3,1,7,1099511627776,99,2,5,4\n"
        );
        let json = history_json(Some(InfoHash([0xab; 20])), &series);
        assert_eq!(json["info_hash"], "ab".repeat(20));
        assert_eq!((&json["span"], &json["step"]), (&json!("year"), &json!(86_400)));
        assert_eq!(json["points"][0]["seeders"], Value::Null);
        assert_eq!(json["points"][1]["most_leechers"], 4);
        assert_eq!(history_json(None, &series)["info_hash"], Value::Null);
    }
}

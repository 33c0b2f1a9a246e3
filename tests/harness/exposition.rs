//! A strict reader of Prometheus' text format and of OpenMetrics: what one of their readers could stumble over, it refuses.

use std::collections::BTreeMap;

/// The series of an answer with their values, such as `a_total{b="c"}`.
pub struct Figures(BTreeMap<String, f64>);

/// What all samples of one metric have in common.
struct Family<'a> {
    name: &'a str,
    kind: &'a str,
}

impl Figures {
    /// Reads the text format, version 0.0.4; panics at what is wrong with it.
    pub fn of_text(text: &str) -> Self {
        Self::of(text, false)
    }

    /// Reads OpenMetrics, version 1.0.0; panics at what is wrong with it.
    pub fn of_openmetrics(text: &str) -> Self {
        let text = text.strip_suffix("# EOF\n").expect("an end");
        Self::of(text, true)
    }

    /// The value of a series.
    #[track_caller]
    pub fn value(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} among {:?}", self.0.keys()))
    }

    /// Whether there is a series whose name begins so.
    pub fn has(&self, beginning: &str) -> bool {
        self.0.keys().any(|series| series.starts_with(beginning))
    }

    /// The series.
    pub fn series(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn of(text: &str, is_open: bool) -> Self {
        assert!(text.ends_with('\n'), "the last line has an end");
        let (mut figures, mut families) = (BTreeMap::new(), Vec::<Family<'_>>::new());
        let mut helped = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help text");
                assert!(!help.is_empty() && !help.contains('\\'), "{line}");
                helped = Some(name);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert_eq!(helped.take(), Some(name), "a type follows its help");
                assert!(families.iter().all(|family| family.name != name), "{name} once");
                families.push(Family { name, kind });
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                let family = families.last().expect("a type before its samples");
                family.check(series, is_open);
                let value = value.parse().expect("a number");
                assert!(figures.insert(series.to_owned(), value).is_none(), "{series} once");
            }
        }
        let figures = Self(figures);
        families
            .iter()
            .filter(|it| it.kind == "histogram")
            .for_each(|it| it.adds_up(text, &figures));
        figures
    }
}

impl Family<'_> {
    fn check(&self, series: &str, is_open: bool) {
        let name = series.split('{').next().expect("a name");
        let is_name = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(is_name(name) && name.starts_with("tracker_"), "{series}");
        let ending = name.strip_prefix(self.name).expect("samples stand below their type");
        match (self.kind, is_open) {
            ("counter", true) => assert_eq!(ending, "_total", "{series}"),
            ("counter", false) => {
                assert!(ending.is_empty() && name.ends_with("_total"), "{series}")
            }
            ("info", true) => assert_eq!(ending, "_info", "{series}"),
            ("histogram", _) => {
                assert!(["_bucket", "_sum", "_count"].contains(&ending), "{series}")
            }
            ("gauge", _) => assert!(ending.is_empty() && !name.ends_with("_total"), "{series}"),
            _ => panic!("{series} has the type {}", self.kind),
        }
        let Some(labels) = series.strip_prefix(name).filter(|labels| !labels.is_empty()) else {
            return;
        };
        let labels = labels.strip_prefix('{').and_then(|it| it.strip_suffix('}')).expect(series);
        for label in labels.split(',') {
            let (name, value) = label.split_once('=').expect(series);
            let value = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).expect(series);
            assert!(is_name(name) && !value.contains(['"', '\\', '\n']), "{series}");
        }
    }

    fn adds_up(&self, text: &str, figures: &Figures) {
        let beginning = format!("{}_bucket{{le=\"", self.name);
        let buckets = text.lines().filter_map(|line| line.strip_prefix(&beginning));
        let buckets: Vec<(f64, f64)> = buckets
            .map(|rest| {
                let (bound, count) = rest.split_once("\"} ").expect("a bucket");
                (bound.parse().expect("a bound"), count.parse().expect("a count"))
            })
            .collect();
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
        let (bound, all) = buckets.last().expect("a bucket");
        assert!(bound.is_infinite() && *all == figures.value(&format!("{}_count", self.name)));
        assert!(figures.value(&format!("{}_sum", self.name)) >= 0.0);
    }
}

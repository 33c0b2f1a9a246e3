//! Prometheus' text format (version 0.0.4) and OpenMetrics (version 1.0.0), as they are written.

use std::fmt::{Display, Write as _};

/// How figures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// What an `Accept` asks for: OpenMetrics where that is named, and no less wanted than text.
    pub(super) fn wanted(accept: &[u8]) -> Self {
        let accept = String::from_utf8_lossy(accept).to_ascii_lowercase();
        let weight = |name: &str| {
            let ranges = accept.split(',').filter_map(|range| Weighed::read(range, name));
            ranges.filter(|weighed| weighed.is_known).map(|weighed| weighed.thousandths).max()
        };
        match weight("application/openmetrics-text") {
            Some(wanted) if wanted > 0 && wanted >= weight("text/plain").unwrap_or(0) => {
                Self::OpenMetrics
            }
            _ => Self::Text,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// How much one form is wanted (RFC 9110, 12.5.1).
struct Weighed {
    /// Whether it is of a version that is written here.
    is_known: bool,
    thousandths: u32,
}

impl Weighed {
    /// Reads one part of an `Accept`; `None` when it is of another form.
    fn read(range: &str, name: &str) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        if parts.next() != Some(name) {
            return None;
        }
        let mut weighed = Self { is_known: true, thousandths: 1000 };
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            match (key.trim(), value.trim().trim_matches('"')) {
                ("version", version) => {
                    weighed.is_known = name == "text/plain" || version == "1.0.0"
                }
                ("q", weight) => {
                    let digits = weight.bytes().filter(u8::is_ascii_digit);
                    let number = digits.chain(*b"000").take(4);
                    weighed.thousandths =
                        number.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
                }
                _ => {}
            }
        }
        Some(weighed)
    }
}

/// A name without the ending of its type, and what it means.
pub(super) struct Metric<'a> {
    name: &'a str,
    help: &'a str,
}

impl<'a> Metric<'a> {
    pub(super) fn new(name: &'a str, help: &'a str) -> Self {
        Self { name, help }
    }
}

/// Figures in one of the formats.
pub(super) struct Exposition {
    format: Format,
    text: String,
}

impl Exposition {
    pub(super) fn new(format: Format, bytes: usize) -> Self {
        Self { format, text: String::with_capacity(bytes) }
    }

    /// All that was written.
    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    /// A figure that goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.begin(&Metric { name, help }, "", "gauge");
        self.line(name, "", None, value);
    }

    /// The same in thousandths.
    pub(super) fn gauge_of_milliseconds(&mut self, metric: &Metric<'_>, milliseconds: u64) {
        self.begin(metric, "", "gauge");
        self.line(metric.name, "", None, Decimal { number: milliseconds, places: 3 });
    }

    /// Figures that go up and down, told apart by a label, whose values need no escape.
    pub(super) fn gauges<'v>(
        &mut self,
        metric: &Metric<'_>,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) {
        self.begin(metric, "", "gauge");
        for (name, value) in values {
            self.line(metric.name, "", Some((label, &name)), value);
        }
    }

    /// A figure that only grows.
    pub(super) fn counter(&mut self, metric: &Metric<'_>, value: u64) {
        self.begin(metric, "_total", "counter");
        self.line(metric.name, "_total", None, value);
    }

    /// Figures that only grow, told apart by a label, whose values need no escape.
    pub(super) fn counters<'v>(
        &mut self,
        metric: &Metric<'_>,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) {
        self.begin(metric, "_total", "counter");
        for (name, value) in values {
            self.line(metric.name, "_total", Some((label, &name)), value);
        }
    }

    /// What is so, as labels, whose values need no escape.
    pub(super) fn info(&mut self, metric: &Metric<'_>, labels: &[(&str, &str)]) {
        let kind = if self.format == Format::OpenMetrics { "info" } else { "gauge" };
        self.begin(metric, "_info", kind);
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{}_info{{{}}} 1", metric.name, labels.join(","));
    }

    /// Seconds in buckets: how many took up to so many microseconds and longer than those before, the last ones any time; and
    /// microseconds that all took.
    pub(super) fn histogram_of_microseconds(
        &mut self,
        metric: &Metric<'_>,
        up_to: &[u64],
        counts: &[u64],
        sum: u64,
    ) {
        self.begin(metric, "", "histogram");
        let seconds = |number| Decimal { number, places: 6 };
        let (mut counts, mut all) = (counts.iter(), 0_u64);
        for (bound, count) in up_to.iter().zip(counts.by_ref()) {
            all = all.saturating_add(*count);
            self.line(metric.name, "_bucket", Some(("le", &seconds(*bound))), all);
        }
        all = counts.fold(all, |sum, count| sum.saturating_add(*count));
        self.line(metric.name, "_bucket", Some(("le", &"+Inf")), all);
        self.line(metric.name, "_sum", None, seconds(sum));
        self.line(metric.name, "_count", None, all);
    }

    /// Says what a metric is. The ending belongs to the name in the text format only.
    fn begin(&mut self, Metric { name, help }: &Metric<'_>, ending: &str, kind: &str) {
        let ending = if self.format == Format::OpenMetrics { "" } else { ending };
        let _ = write!(self.text, "# HELP {name}{ending} {help}\n# TYPE {name}{ending} {kind}\n");
    }

    fn line(
        &mut self,
        name: &str,
        ending: &str,
        label: Option<(&str, &dyn Display)>,
        value: impl Display,
    ) {
        let _ = match label {
            Some((label, of)) => writeln!(self.text, "{name}{ending}{{{label}=\"{of}\"}} {value}"),
            None => writeln!(self.text, "{name}{ending} {value}"),
        };
    }
}

/// A number with so many decimal places; at least one is shown, as OpenMetrics wants it of bounds.
struct Decimal {
    number: u64,
    places: u32,
}

impl Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = 10_u64.pow(self.places);
        let places = usize::try_from(self.places).unwrap_or_default();
        let fraction = format!("{:0places$}", self.number % unit);
        let (first, rest) = fraction.split_at(1.min(fraction.len()));
        write!(f, "{}.{first}{}", self.number / unit, rest.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_openmetrics_gets_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
                          application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/plain", Format::Text),
            (prometheus, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"", Format::OpenMetrics),
            ("application/openmetrics-text;version=2.0.0", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=0.000, */*", Format::Text),
            ("application/openmetrics-text;q=0.4,text/plain;q=0.41", Format::Text),
            ("application/openmetrics-text;q=,text/plain;q=x", Format::Text),
            ("xapplication/openmetrics-text", Format::Text),
        ] {
            assert_eq!(Format::wanted(accept.as_bytes()), format, "{accept}");
        }
        Format::wanted(&[0xff, b';', b'q', b'=']);
    }

    #[test]
    fn names_have_their_endings_where_each_format_wants_them() {
        let written = |format| {
            let mut out = Exposition::new(format, 0);
            out.counters(&Metric::new("a", "Help."), "x", [("y", 7)]);
            out.info(&Metric::new("b", "Help."), &[("v", "1"), ("w", "2")]);
            out.gauge_of_milliseconds(&Metric::new("c_seconds", "Help."), 1050);
            out.finish()
        };
        assert_eq!(
            written(Format::Text),
            "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"y\"} 7\n\
             # HELP b_info Help.\n# TYPE b_info gauge\nb_info{v=\"1\",w=\"2\"} 1\n\
             # HELP c_seconds Help.\n# TYPE c_seconds gauge\nc_seconds 1.05\n"
        );
        assert_eq!(
            written(Format::OpenMetrics),
            "# HELP a Help.\n# TYPE a counter\na_total{x=\"y\"} 7\n\
             # HELP b Help.\n# TYPE b info\nb_info{v=\"1\",w=\"2\"} 1\n\
             # HELP c_seconds Help.\n# TYPE c_seconds gauge\nc_seconds 1.05\n# EOF\n"
        );
    }

    #[test]
    fn buckets_add_up() {
        let mut out = Exposition::new(Format::Text, 0);
        let metric = Metric::new("t_seconds", "Help.");
        out.histogram_of_microseconds(&metric, &[25, 1_000_000], &[2, 3, 4], 12_000_100);
        let text = out.finish();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let expected = [
            "t_seconds_bucket{le=\"0.000025\"} 2",
            "t_seconds_bucket{le=\"1.0\"} 5",
            "t_seconds_bucket{le=\"+Inf\"} 9",
            "t_seconds_sum 12.0001",
            "t_seconds_count 9",
        ];
        assert_eq!(lines, expected);
    }
}

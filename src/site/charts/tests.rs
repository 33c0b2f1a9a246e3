//! Pictures are well-formed, say what they show, and ask for nothing.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::catalog::{Point, PointFigures, Sample, Series, Span};
use crate::config::Language::{self, English};
use crate::protocol::{Seconds, Timestamp};

const HOSTILE: &str = "</title><script>alert(1)</script>\" onload=\"x \u{202e}";

/// A series in which the point of each number is what is said of it: seeders, leechers and speed.
fn series(span: Span, of: impl Fn(u64) -> Option<(u64, u64, u64)>) -> Series {
    let point = |number: u32| {
        let figures = of(number.into()).map(|(seeders, leechers, speed)| PointFigures {
            last: Sample { seeders, leechers, completed: 7, downloaded: 1 << 40 },
            least_seeders: seeders,
            most_seeders: seeders,
            most_leechers: leechers,
            speed,
        });
        let at = Timestamp(1_700_006_400) + Seconds(number * span.step().0);
        Point { at, figures }
    };
    Series { span, points: (0..span.points()).map(point).collect() }
}

/// The names of the elements of a well-formed document.
fn elements(text: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    let mut names = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return names,
            Event::Start(it) | Event::Empty(it) => {
                for attribute in it.attributes() {
                    let attribute = attribute.unwrap();
                    let key = attribute.key.0;
                    assert!(
                        !key.starts_with("on") && !key.contains("href") && key != "style",
                        "{key}"
                    );
                }
                names.push(it.name().0.to_owned());
            }
            _ => {}
        }
    }
}

fn paths<'a>(svg: &'a str, class: &str) -> Vec<&'a str> {
    let begin = format!("class=\"{class}\" d=\"");
    svg.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The heights of a path's points.
fn heights(path: &str) -> Vec<f64> {
    let letters = path.char_indices().filter(|(_, it)| it.is_ascii_alphabetic());
    let starts: Vec<usize> = letters.map(|(at, _)| at).chain([path.len()]).collect();
    let mut heights: Vec<f64> = Vec::new();
    for pair in starts.windows(2) {
        let (letter, numbers) = path[pair[0]..pair[1]].split_at(1);
        // The second number begins with a blank or a sign.
        let Some(cut) = numbers.rfind([' ', '-']).filter(|cut| *cut > 0) else { continue };
        let number: f64 = numbers[cut..].trim().parse().unwrap();
        let before = heights.last().copied().unwrap_or_default();
        heights.push(if letter == "l" { before + number } else { number });
    }
    heights
}

fn all_pictures(subject: Subject<'_>, series: &Series, language: Language) -> Vec<String> {
    let last = series.points.last().and_then(|it| it.figures).map(|it| it.last);
    let mut all = vec![
        chart(subject, series, language).unwrap(),
        figure(subject, series, language).unwrap(),
        sparkline(subject, series, true, language).unwrap(),
        sparkline(subject, series, false, language).unwrap(),
    ];
    for kind in [Badge::Seeders, Badge::Leechers, Badge::Completed, Badge::Health] {
        all.push(badge(kind, last, language).unwrap());
    }
    all
}

#[test]
fn every_picture_is_well_formed_titled_and_asks_for_nothing() {
    let usual =
        |number: u64| (!number.is_multiple_of(5)).then_some((number, number / 7, number << 20));
    let most = |number: u64| Some((u64::MAX - number, u64::MAX, u64::MAX));
    for span in Span::ALL {
        let all = [series(span, |_| None), series(span, usual), series(span, most)];
        for series in &all {
            let pictures = |&language| all_pictures(Subject::Torrent(HOSTILE), series, language);
            for picture in Language::ALL.iter().flat_map(pictures) {
                let elements = elements(&picture);
                for wrong in ["script", "image", "a", "foreignObject"] {
                    assert!(!elements.iter().any(|name| name == wrong), "{wrong}: {picture}");
                }
                let titles = elements.iter().filter(|name| *name == "title").count();
                assert_eq!(titles, 1, "{picture}");
                assert!(!picture.contains("NaN") && !picture.contains("url("), "{picture}");
                assert!(!picture.replace("http://www.w3.org/2000/svg", "").contains("://"));
            }
        }
    }
}

#[test]
fn what_is_part_of_a_page_has_no_style_of_its_own() {
    let series = series(Span::Day, |_| Some((1, 1, 1)));
    let parts = [
        figure(Subject::All, &series, English).unwrap(),
        sparkline(Subject::All, &series, false, English).unwrap(),
    ];
    for part in parts {
        assert!(!part.contains("<style") && !part.contains("xmlns"), "{part}");
    }
}

#[test]
fn few_leechers_beside_many_seeders_can_be_told_apart() {
    let year = series(Span::Year, |number| Some((50_000, 1 + number % 3, 0)));
    let chart = chart(Subject::All, &year, English).unwrap();
    let leechers = heights(paths(&chart, "ln leech")[0]);
    let spread = leechers.iter().copied().fold(f64::MIN, f64::max)
        - leechers.iter().copied().fold(f64::MAX, f64::min);
    assert!(spread > 20.0, "1 and 3 leechers are {spread} pixels apart");
    assert!(chart.contains(">60,000<") && chart.contains(">4<"), "{chart}");
}

#[test]
fn a_gap_is_no_line_and_a_point_alone_a_dot() {
    let day = series(Span::Day, |number| {
        (number < 10 || number == 20 || number > 90).then_some((number, 1, 1))
    });
    let chart = chart(Subject::All, &day, English).unwrap();
    let line = paths(&chart, "ln seed")[0];
    assert_eq!(line.matches('M').count(), 3, "{line}");
    assert_eq!(line.matches("h0").count(), 1, "{line}");
    assert_eq!(heights(line).len(), 10 + 1 + 5);
    assert!(chart.contains("Nothing is known of 80 quarters of an hour."), "{chart}");
}

#[test]
fn a_peak_that_thinning_would_hide_is_an_area_and_in_the_sparkline() {
    let mut year = series(Span::Year, |_| Some((10, 0, 0)));
    if let Some(figures) = &mut year.points[100].figures {
        (figures.least_seeders, figures.most_seeders) = (2, 100);
    }
    let chart = chart(Subject::All, &year, English).unwrap();
    let area = heights(paths(&chart, "area seed")[0].trim_end_matches('z'));
    assert_eq!(area.len(), 2 * 365);
    assert!(area.iter().any(|y| (y - 40.0).abs() < 0.01), "the peak is at the top");
    let text = sparkline(Subject::All, &year, true, English).unwrap();
    let line = paths(&text, "ln seed")[0];
    assert!(heights(line).contains(&1.0), "{line}");
}

#[test]
fn a_chart_of_a_year_takes_few_bytes() {
    let year = series(Span::Year, |number| Some((900 + number * 37 % 90, number * 7 % 5, number)));
    let text = chart(Subject::All, &year, English).unwrap();
    assert!(text.len() < 12_000, "{} bytes", text.len());
}

#[test]
fn a_sparkline_takes_few_bytes() {
    for span in Span::ALL {
        let series = series(span, |number| Some((number * 37 % 900, 0, 0)));
        let text = sparkline(Subject::Torrent("a torrent"), &series, false, English).unwrap();
        assert!(text.len() < 700, "{} bytes", text.len());
    }
}

#[test]
fn charts_say_in_words_what_they_show() {
    let week = series(Span::Week, |number| Some((10 + number % 2, number % 3, 0)));
    let text = chart(Subject::Torrent("A & B"), &week, English).unwrap();
    let said = "11 seeders at last, between 10 and 11 before. 2 leechers at last, between 0 and 2 \
                before. Completed 7 times.";
    assert!(text.contains(&format!("<desc>{said}</desc>")), "{text}");
    assert!(text.contains("<title>A &#38; B, the last week</title>"), "{text}");
    assert!(text.contains(">16 Nov<") && text.contains("Leechers<"), "{text}");
    let table = figure(Subject::All, &week, English).unwrap();
    assert_eq!(table.matches("<tr><th scope=\"row\">").count(), 28);
    let unknown = figure(Subject::All, &series(Span::Year, |_| None), English).unwrap();
    assert!(unknown.contains("Nothing is known of the last year."), "{unknown}");
    assert!(unknown.contains("not known</td>"), "{unknown}");
}

#[test]
fn the_axis_of_time_has_a_word_each_sixth_hour_each_midnight_and_each_first_of_a_month() {
    let words = |span| {
        let series = series(span, |_| Some((1, 1, 1)));
        let chart = chart(Subject::All, &series, English).unwrap();
        let labels = chart.split("y=\"320\" text-anchor=\"middle\">").skip(1);
        labels.filter_map(|it| it.split('<').next()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(words(Span::Day), "06:00 12:00 18:00");
    assert_eq!(words(Span::Week), "16 Nov 17 Nov 18 Nov 19 Nov 20 Nov 21 Nov");
    assert_eq!(words(Span::Year), "Dec Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov");
}

#[test]
fn badges_say_a_figure() {
    let of = |kind, seeders, leechers| {
        let figures = Sample { seeders, leechers, completed: 41_208, downloaded: 0 };
        let text = badge(kind, Some(figures), English).unwrap();
        text.split("<title>").nth(1).unwrap().split('<').next().unwrap().to_owned()
    };
    assert_eq!(of(Badge::Seeders, 1_284, 0), "torrent: 1,284 seeders");
    assert_eq!(of(Badge::Seeders, 1, 0), "torrent: 1 seeder");
    assert_eq!(of(Badge::Seeders, 0, 9), "torrent: no seeders");
    assert_eq!(of(Badge::Leechers, 0, 2), "torrent: 2 leechers");
    assert_eq!(of(Badge::Completed, 0, 2), "completed: 41,208 times");
    assert_eq!(of(Badge::Health, 3, 30), "health: good, 3 : 30");
    assert_eq!(of(Badge::Health, 3, 31), "health: needs seeders, 3 : 31");
    assert_eq!(of(Badge::Health, 0, 31), "health: no seeders, 0 : 31");
    assert!(badge(Badge::Health, None, English).unwrap().contains("torrent: not known"));
}

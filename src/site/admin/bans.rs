//! Bans: who may not announce, why and until when; single ones, and lists that are imported.

mod import;

use std::net::IpAddr;

use askama::Template;

pub(super) use import::{import, remove_list};

use super::confirm::Question;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::accounts::Permission;
use crate::catalog::{Ban, BanFormat, BanList, BanSearch, detail_values};
use crate::config::Period;
use crate::gateway::Status;
use crate::platform::address_range::{AddressRange, AddressRangeError};
use crate::site::language::Texts;

/// Bans on the page.
const ROWS: u32 = 500;

/// For how long one bans, as [`Period`] is written; empty: for good.
const PERIODS: [&str; 5] = ["1d", "7d", "30d", "365d", ""];

/// Bits of the addresses of a network that may be banned without a second look.
const USUAL_BITS: (u32, u32) = (16, 96);

#[derive(Template)]
#[template(path = "admin/bans.html")]
struct Bans {
    frame: Frame,
    errors: Errors,
    /// What was looked for.
    search: String,
    bans: Vec<Shown>,
    has_more: Option<String>,
    has_automatic: bool,
    lists: Vec<ShownList>,
    may_edit: bool,
    filled: Filled,
    /// What a file may have.
    most: String,
}

/// A ban as it is shown.
struct Shown {
    range: String,
    reason: String,
    by: String,
    since: String,
    until: String,
    /// Whether it can be ended by itself.
    is_single: bool,
}

/// A list as it is shown.
struct ShownList {
    name: String,
    /// What it is called on the page.
    title: String,
    ranges: String,
    since: String,
}

/// What stands in the forms.
struct Filled {
    range: String,
    reason: String,
    /// Values, words, and whether it is chosen.
    periods: Vec<(&'static str, &'static str, bool)>,
    other: String,
    list: String,
    list_reason: String,
    is_lenient: bool,
}

/// A ban that somebody asks for.
struct Wanted {
    range: AddressRange,
    reason: String,
    period: Option<Period>,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    page(exchange, signed_in, Errors::default())
}

fn page(exchange: &Exchange<'_>, signed_in: &SignedIn, errors: Errors) -> Result<Reply, Failed> {
    let (texts, catalog) = (exchange.texts, exchange.catalog()?);
    let words = &texts.admin.bans;
    let search = exchange.query.text("q").trim();
    let wanted = match search.parse() {
        _ if search.is_empty() => BanSearch::Unlisted,
        Ok(range) => BanSearch::Meeting(range),
        Err(
            AddressRangeError::Form | AddressRangeError::Backwards | AddressRangeError::Families,
        ) => BanSearch::Saying(search),
    };
    let mut found = catalog.find_bans(&wanted, exchange.call.now, ROWS + 1)?;
    let has_more = found.len() > ROWS as usize;
    found.truncate(ROWS as usize);
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Bans, words.title);
    frame.notice = notice(exchange);
    frame.has_errors = !errors.is_empty();
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    let most = u64::try_from(exchange.loaded().config.gateway.max_body).unwrap_or(u64::MAX);
    Reply::page_of(
        status,
        &Bans {
            search: search.to_owned(),
            has_more: has_more.then(|| words.first_shown.with(texts.number(ROWS))),
            has_automatic: found.iter().any(Ban::is_automatic),
            bans: found.iter().map(|ban| Shown::of(ban, texts)).collect(),
            lists: catalog.ban_lists()?.iter().map(|list| ShownList::of(list, texts)).collect(),
            may_edit: signed_in.user.role.may(Permission::EditBans),
            filled: Filled::of(exchange),
            most: texts.bytes(most, 0),
            frame,
            errors,
        },
    )
}

impl Shown {
    fn of(ban: &Ban, texts: &Texts) -> Self {
        let words = &texts.admin.bans;
        Self {
            range: ban.range.to_string(),
            reason: ban.reason.clone(),
            by: match ban.list.as_str() {
                "" => words.by_owner.to_owned(),
                Ban::AUTOMATIC => words.by_tracker.to_owned(),
                list => words.by_list.with(list),
            },
            since: texts.moment(ban.since),
            until: ban.until.map_or_else(|| words.for_good.to_owned(), |at| texts.moment(at)),
            is_single: ban.list.is_empty() || ban.is_automatic(),
        }
    }
}

impl ShownList {
    fn of(list: &BanList, texts: &Texts) -> Self {
        let words = &texts.admin.bans;
        let is_automatic = list.name == Ban::AUTOMATIC;
        Self {
            title: if is_automatic { words.by_tracker.to_owned() } else { list.name.clone() },
            name: list.name.clone(),
            ranges: texts.counted(list.ranges, words.ranges),
            since: texts.moment(list.since),
        }
    }
}

impl Filled {
    /// What was typed, or what the way to the page fills in.
    fn of(exchange: &Exchange<'_>) -> Self {
        let form = &exchange.form;
        let text = |name| form.text(name).to_owned();
        let words = &exchange.texts.admin.bans;
        let named = [words.day, words.week, words.month, words.year, words.for_good];
        let chosen = if form.has("for") { form.text("for") } else { "30d" };
        let periods = PERIODS.into_iter().zip(named);
        Self {
            range: if form.has("range") {
                text("range")
            } else {
                exchange.query.text("range").to_owned()
            },
            reason: text("reason"),
            periods: periods.map(|(value, word)| (value, word, value == chosen)).collect(),
            other: text("other"),
            list: text("list"),
            list_reason: text("list_reason"),
            is_lenient: form.has("lenient"),
        }
    }
}

/// Bans a range; before a ban of very many, or of who asks for it, it is asked about.
pub(super) fn add(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let mut errors = Errors::default();
    let Some(wanted) = wanted(exchange, &mut errors) else {
        return page(exchange, signed_in, errors);
    };
    let doubts = doubts(exchange, wanted.range);
    if !doubts.is_empty() && !exchange.is_sure() {
        return ask(exchange, signed_in, &wanted, doubts);
    }
    exchange.change(signed_in, |catalog, author| {
        let until = wanted.period.map(|period| author.at + period.seconds());
        let (range, reason, list) = (wanted.range, wanted.reason, String::new());
        let ban = Ban { range, reason, until, since: author.at, list };
        Ok(catalog.ban(&ban, author)?)
    })?;
    Ok(Reply::To(format!("bans?done=added&which={}", encoded(&wanted.range.to_string()))))
}

fn wanted(exchange: &Exchange<'_>, errors: &mut Errors) -> Option<Wanted> {
    let (form, words) = (&exchange.form, &exchange.texts.admin.bans);
    let range =
        errors.take("range", form.text("range").trim().parse::<AddressRange>(), |problem| {
            let text = match problem {
                AddressRangeError::Form => words.no_range,
                AddressRangeError::Backwards => words.backwards,
                AddressRangeError::Families => words.families,
            };
            text.to_owned()
        });
    if range.is_some_and(AddressRange::is_everything) {
        errors.add("range", words.everybody);
    }
    let reason = reason(exchange, "reason", errors);
    let (choice, other) = (form.text("for"), form.text("other").trim());
    let (field, period) = if other.is_empty() { ("for", choice) } else { ("other", other) };
    let period = match period {
        "" => Some(None),
        period => errors.take(field, period.parse().map(Some), |_| words.bad_period.to_owned()),
    };
    let wanted = Wanted { range: range?, reason: reason?, period: period? };
    errors.is_empty().then_some(wanted)
}

/// A reason that clients are told.
fn reason(exchange: &Exchange<'_>, field: &'static str, errors: &mut Errors) -> Option<String> {
    let reason = detail_values::reason(exchange.form.text(field));
    errors.take(field, reason, |_| exchange.texts.admin.bans.bad_reason.to_owned())
}

/// Why a range may be meant otherwise.
fn doubts(exchange: &Exchange<'_>, range: AddressRange) -> Vec<String> {
    let words = &exchange.texts.admin.bans;
    let own = own_address(exchange).filter(|own| range.contains(*own));
    let own = own.map(|own| words.own_address.with(own));
    own.into_iter().chain(is_very_large(range).then(|| words.many.to_owned())).collect()
}

fn is_very_large(range: AddressRange) -> bool {
    let (first, last) = range.keys();
    let bits = if range.is_ipv4() { USUAL_BITS.0 } else { USUAL_BITS.1 };
    (u128::from(last) - u128::from(first)) >> bits > 0
}

/// Where who asks is seen.
fn own_address(exchange: &Exchange<'_>) -> Option<IpAddr> {
    exchange.ready.proxies.client_address(exchange.call.request)
}

fn ask(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    wanted: &Wanted,
    consequences: Vec<String>,
) -> Result<Reply, Failed> {
    let words = &exchange.texts.admin.bans;
    let fields = ["range", "reason", "for", "other"];
    let fields = fields.map(|name| (name.to_owned(), exchange.form.text(name).to_owned()));
    exchange.ask(
        signed_in,
        Question {
            section: Section::Bans,
            title: words.sure.with(wanted.range),
            consequences,
            subjects: Vec::new(),
            action: "bans".into(),
            fields: fields.into(),
            button: words.ban,
            back: format!("bans?range={}", encoded(&wanted.range.to_string())),
        },
    )
}

/// Ends the bans that were chosen.
pub(super) fn end(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let chosen: Vec<AddressRange> =
        exchange.form.texts("chosen").filter_map(|range| range.parse().ok()).collect();
    if chosen.is_empty() {
        return Ok(Reply::To("bans?done=none".into()));
    }
    let (ended, still) = exchange.change(signed_in, |catalog, author| {
        let mut ended = 0;
        let mut still = 0;
        for &range in &chosen {
            // Somebody else may have ended it meanwhile.
            ended += usize::from(catalog.unban(range, author)?.is_some());
            let others = catalog.find_bans(&BanSearch::Meeting(range), author.at, ROWS)?;
            still += usize::from(others.iter().any(|ban| ban.holds_for(range)));
        }
        Ok((ended, still))
    })?;
    Ok(Reply::To(format!("bans?done=ended&ended={ended}&still={still}")))
}

/// What was done just now.
fn notice(exchange: &Exchange<'_>) -> Option<String> {
    let (query, texts) = (&exchange.query, exchange.texts);
    let words = &texts.admin.bans;
    let number = |name| query.text(name).parse::<u64>().unwrap_or(0);
    match query.text("done") {
        "added" => Some(words.added.with(query.text("which"))),
        "ended" => {
            let mut text = words.ended.with(texts.number(number("ended")));
            if number("still") > 0 {
                text += " ";
                text += &words.still_banned.with(texts.number(number("still")));
            }
            Some(text)
        }
        "none" => Some(words.none_chosen.to_owned()),
        "imported" => {
            Some(words.imported.with(query.text("which"), texts.number(number("ranges"))))
        }
        "removed" => Some(words.list_removed.with(query.text("which"))),
        _ => None,
    }
}

/// All bans that are in force, for other programs.
pub(super) fn export(exchange: &mut Exchange<'_>, _: &SignedIn) -> Result<Reply, Failed> {
    let (format, name) = match exchange.query.text("format") {
        "" | "cidr" => (BanFormat::Cidr, "bans.txt"),
        "p2p" => (BanFormat::P2p, "bans.p2p"),
        "dat" => (BanFormat::Dat, "ipfilter.dat"),
        _ => return Err(Failed::NotFound),
    };
    let mut bans = exchange.catalog()?.bans()?;
    bans.retain(|ban| ban.is_in_force(exchange.call.now));
    Ok(Reply::File {
        name: name.into(),
        content_type: "text/plain; charset=utf-8",
        content: format.text(&bans).into_bytes(),
    })
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_very_large_network_wants_a_second_look() {
        let is = |range: &str| is_very_large(range.parse().unwrap());
        assert!(!is("192.0.0.0/16") && !is("2001:db8::/32") && !is("192.0.2.7"));
        assert!(is("192.0.0.0/15") && is("2001:db8::/31"));
    }

    #[test]
    fn each_choice_of_a_time_is_one() {
        assert!(PERIODS.iter().all(|it| it.is_empty() || it.parse::<Period>().is_ok()));
    }
}

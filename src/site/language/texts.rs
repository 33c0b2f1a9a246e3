//! All texts of the pages, by what they are for. The compiler holds each language to all of them.

use super::admin::AdminTexts;
use super::conventions::Conventions;
use super::declared::texts;
#[cfg(test)]
use super::phrase::Text;
use super::phrase::{Phrase, Plural};
use crate::config::Language;

/// The texts of a language, and how it writes figures.
pub(in crate::site) struct Texts {
    pub(in crate::site) language: Language,
    /// What the language is called in itself.
    pub(in crate::site) name: &'static str,
    pub(super) conventions: Conventions,
    pub(super) durations: Durations,
    pub(in crate::site) words: Words,
    pub(in crate::site) counts: Counts,
    pub(in crate::site) frame: FrameTexts,
    pub(in crate::site) find: FindTexts,
    pub(in crate::site) list: ListTexts,
    pub(in crate::site) torrent: TorrentTexts,
    pub(in crate::site) notices: NoticeTexts,
    pub(in crate::site) statistics: StatisticsTexts,
    pub(in crate::site) peers: PeerTexts,
    pub(in crate::site) charts: ChartTexts,
    pub(in crate::site) day: SpanTexts,
    pub(in crate::site) week: SpanTexts,
    pub(in crate::site) year: SpanTexts,
    pub(in crate::site) badge: BadgeTexts,
    pub(in crate::site) admin: AdminTexts,
}

#[cfg(test)]
impl Texts {
    /// Each text by its name, with how many values it takes.
    pub(super) fn all(&self) -> Vec<(String, Vec<&'static str>, usize)> {
        let spans = [("day", &self.day), ("week", &self.week), ("year", &self.year)];
        let spans = spans.into_iter().flat_map(|(span, texts)| {
            texts
                .all()
                .into_iter()
                .map(move |(name, text, places)| (format!("{span}: {name}"), text, places))
        });
        let groups = [
            self.durations.all(),
            self.words.all(),
            self.counts.all(),
            self.frame.all(),
            self.find.all(),
            self.list.all(),
            self.torrent.all(),
            self.notices.all(),
            self.statistics.all(),
            self.peers.all(),
            self.charts.all(),
            self.badge.all(),
            self.admin.all(),
        ];
        groups.into_iter().flatten().chain(spans).collect()
    }
}

texts! {
    /// Durations, as they stand behind "every" and in front of "ago".
    Durations {
        years: Plural,
        months: Plural,
        days: Plural,
        hours: Plural,
        minutes: Plural,
        less_than_a_minute: &'static str,
    }
}

texts! {
    /// Words of several pages, as heads and labels.
    Words {
        torrent: &'static str,
        torrents: &'static str,
        name: &'static str,
        size: &'static str,
        seeders: &'static str,
        leechers: &'static str,
        partial_seeds: &'static str,
        completed: &'static str,
        downloaded: &'static str,
        added: &'static str,
        download: &'static str,
        category: &'static str,
        others: &'static str,
        about: &'static str,
        ago: Phrase<1>,
        nothing_yet: &'static str,
        help_to_seed: &'static str,
    }
}

texts! {
    /// What is counted, beside numbers.
    Counts {
        torrents: Plural,
        seeders: Plural,
        leechers: Plural,
        completed: Plural,
        files: Plural,
        times: Plural,
    }
}

texts! {
    /// What is around every page.
    FrameTexts {
        skip: &'static str,
        site: &'static str,
        here: &'static str,
        languages: &'static str,
        statistics: &'static str,
        how_to: &'static str,
        feed: &'static str,
        new_torrents: &'static str,
        new_torrents_of: Phrase<1>,
        counted: &'static str,
        again_every: Phrase<1>,
        counted_every: Phrase<1>,
        counted_now: &'static str,
        high_load: Phrase<2>,
        contact: &'static str,
        legal: &'static str,
        gone: &'static str,
        gone_title: &'static str,
        to_the_list: &'static str,
        fails: &'static str,
        fails_title: &'static str,
    }
}

texts! {
    /// The form for searches.
    FindTexts {
        label: &'static str,
        all_categories: &'static str,
        sort_by: &'static str,
        as_it_is: &'static str,
        most_seeders: &'static str,
        most_leechers: &'static str,
        most_completed: &'static str,
        newest: &'static str,
        largest: &'static str,
        name: &'static str,
        search: &'static str,
    }
}

texts! {
    /// Lists of torrents, found or not, and the ways through them.
    ListTexts {
        first_torrent: &'static str,
        seeders_of_week: &'static str,
        first_torrent_in_list: &'static str,
        for_the_owner: Phrase<1>,
        page_of: Phrase<2>,
        by_category: Phrase<3>,
        of_a_category: Phrase<3>,
        of_a_group: Phrase<3>,
        newest_first: &'static str,
        newest_first_of: Phrase<1>,
        categories: &'static str,
        groups: &'static str,
        more: Phrase<1>,
        more_below: Phrase<1>,
        more_categories: Phrase<1>,
        without_category: Phrase<1>,
        pages: &'static str,
        pages_below: &'static str,
        back: &'static str,
        next: &'static str,
        range: Phrase<3>,
        not_listed: Phrase<1>,
        narrow: &'static str,
        older: Phrase<1>,
        continued: &'static str,
        no_category: &'static str,
        magnet: &'static str,
        magnet_link: &'static str,
        torrent_file: &'static str,
        mirror: &'static str,
        elsewhere: Phrase<2>,
        is_new: &'static str,
        has_web_seed: &'static str,
        has_mirror: &'static str,
        has_no_seeders: &'static str,
        is_private: &'static str,
        to_download: &'static str,
        to_download_by_magnet: &'static str,
        list: &'static str,
        search: &'static str,
        nothing: &'static str,
        found_for: Phrase<1>,
        in_category: Phrase<1>,
        in_group: Phrase<1>,
        with_digit: &'static str,
        with_cyrillic: &'static str,
        with_other: &'static str,
        with_letter: Phrase<1>,
        list_all: &'static str,
        search_all: &'static str,
        no_match: &'static str,
        too_long: &'static str,
        no_order: Phrase<1>,
        no_page: Phrase<1>,
        no_letter: Phrase<1>,
        beyond: Phrase<1>,
        did_you_mean: Phrase<1>,
        nothing_here: &'static str,
        all_torrents: Phrase<1>,
        front_page: &'static str,
        found: &'static str,
        by_letter: &'static str,
        other_letters: &'static str,
        by_categories: &'static str,
        by_groups: &'static str,
        newest: &'static str,
        newest_torrents: &'static str,
        wanted: &'static str,
    }
}

texts! {
    /// The page of a torrent.
    TorrentTexts {
        description: Phrase<1>,
        open: &'static str,
        file: Phrase<1>,
        first_time: &'static str,
        three_steps: &'static str,
        no_account: &'static str,
        swarm_now: &'static str,
        peers_now: &'static str,
        without_bittorrent: &'static str,
        about: &'static str,
        more_about: &'static str,
        get_a_client: &'static str,
        a_client_is: &'static str,
        press_open: &'static str,
        if_nothing_happens: &'static str,
        open_file: &'static str,
        save_and_open: &'static str,
        stay: &'static str,
        why_stay: &'static str,
        in_more_detail: &'static str,
        files: &'static str,
        files_not_shown: Phrase<2>,
        checksums: &'static str,
        when_checksums: &'static str,
        details: &'static str,
        tracker: &'static str,
        web_seed: &'static str,
        for_programs: &'static str,
        scrape: &'static str,
        report: &'static str,
        share: &'static str,
        picture: &'static str,
        formats: &'static str,
        about_picture: &'static str,
        forums: &'static str,
        badge_text: &'static str,
        badge_text_short: &'static str,
        last_week: &'static str,
        progress: &'static str,
        rate: &'static str,
        info_hash: Phrase<1>,
        kind: &'static str,
        hybrid: &'static str,
        v2: &'static str,
        v1: &'static str,
        pieces: &'static str,
        pieces_of: Phrase<1>,
    }
}

texts! {
    /// What a visitor should know of a torrent.
    NoticeTexts {
        retired: &'static str,
        retired_for: Phrase<1>,
        leaves: Phrase<1>,
        not_offered: &'static str,
        offered_until: Phrase<1>,
        from_web_seed: &'static str,
        from_mirror: &'static str,
        nobody: &'static str,
        no_seeder: &'static str,
        is_private: &'static str,
        elsewhere: Phrase<1>,
    }
}

texts! {
    /// The statistics of all torrents together.
    StatisticsTexts {
        of_all: &'static str,
        high_load: &'static str,
        announces: &'static str,
        interval: &'static str,
        most_seeders: &'static str,
        most_completed: &'static str,
        most_leechers: &'static str,
        none: &'static str,
        first_by: Phrase<1>,
        next_by: Phrase<1>,
        more: &'static str,
        few_have: &'static str,
        needy: &'static str,
        clients: &'static str,
        clients_caption: &'static str,
        how_they_come: &'static str,
        families_caption: &'static str,
        only_v4: &'static str,
        only_v6: &'static str,
        both: &'static str,
        ports: &'static str,
        ports_caption: &'static str,
        first_ports: &'static str,
        low_ports: &'static str,
        no_port: &'static str,
        sample: Phrase<2>,
        as_data: &'static str,
        about_data: Phrase<1>,
        formats: &'static str,
        format: &'static str,
        address: &'static str,
        content: &'static str,
        about_csv: &'static str,
        about_json: &'static str,
    }
}

texts! {
    /// The peers of a torrent.
    PeerTexts {
        title: &'static str,
        nobody: &'static str,
        caption: &'static str,
        client: &'static str,
        is: &'static str,
        has: &'static str,
        sent: &'static str,
        received: &'static str,
        seen: &'static str,
        unknown_client: &'static str,
        seeder: &'static str,
        partial_seed: &'static str,
        leecher: &'static str,
        maybe_more: Phrase<1>,
    }
}

texts! {
    /// Charts, whatever they span.
    ChartTexts {
        history: &'static str,
        period: &'static str,
        all_torrents: &'static str,
        downloaded_a_second: &'static str,
        as_table: &'static str,
        time: &'static str,
        speed: &'static str,
        unknown: &'static str,
        between: Phrase<3>,
        completed: Phrase<1>,
        gaps: Phrase<1>,
        sparkline: Phrase<3>,
        sparkline_unknown: Phrase<2>,
    }
}

texts! {
    /// A chart of one span of time.
    SpanTexts {
        tab: &'static str,
        name: &'static str,
        caption: &'static str,
        table: &'static str,
        nothing: &'static str,
        points: Plural,
    }
}

texts! {
    /// Badges, in few words.
    BadgeTexts {
        torrent: &'static str,
        completed: &'static str,
        health: &'static str,
        unknown: &'static str,
        no_seeders: &'static str,
        few_seeders: &'static str,
        good: &'static str,
        retired: &'static str,
    }
}

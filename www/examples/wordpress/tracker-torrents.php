<?php
/*
Plugin Name: Tracker torrents
Description: Shows the torrents of tracker.cgi: [torrents], or [torrents fragment="c/linux/table"] for another fragment.
Version: 1.0
Requires PHP: 7.0
*/

// Into wp-content/plugins; then switch it on. Fragments for categories and groups are written when `fragments` in [pages] of
// the tracker's configuration says so.

defined('ABSPATH') || exit;

// The folder `fragments` in `pages` of the tracker's configuration. wp-config.php may name another one.
defined('TRACKER_FRAGMENTS') || define('TRACKER_FRAGMENTS', '/var/www/tracker/fragments');

function tracker_torrents_shortcode($attributes)
{
    $attributes = shortcode_atts(['fragment' => 'table'], $attributes, 'torrents');
    $name = $attributes['fragment'];
    // Whoever may write a post must not read other files.
    if (!preg_match('#\A(?:[a-z0-9-]+/)*[a-z0-9-]+(?:\.[a-z]{2})?\z#', $name)) {
        return '';
    }
    $file = TRACKER_FRAGMENTS . "/$name.inc";
    return is_readable($file) ? (string) file_get_contents($file) : '';
}

add_shortcode('torrents', 'tracker_torrents_shortcode');

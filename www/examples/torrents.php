<?php
// A page of your own with fragments of the tracker in it. Each is a file, so PHP has nothing to ask and nothing to parse.

// The folder `fragments` in `pages` of the tracker's configuration.
const TRACKER_FRAGMENTS = '/var/www/tracker/fragments';

function tracker_fragment(string $name): void
{
    $file = TRACKER_FRAGMENTS . "/$name.inc";
    if (is_readable($file)) {
        readfile($file);
    }
}
?>
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Downloads</title>
</head>
<body>
<h1>Downloads</h1>
<?php tracker_fragment('totals'); ?>
<!-- A table of your own around the rows: its headings are yours, and so are its language and its look. -->
<table>
<thead><tr><th>What</th><th>Size</th><th>Seeders</th><th>Leechers</th><th>Completed</th><th>Since</th></tr></thead>
<tbody>
<?php tracker_fragment('rows'); ?>
</tbody>
</table>
<?php tracker_fragment('counted'); ?>
</body>
</html>

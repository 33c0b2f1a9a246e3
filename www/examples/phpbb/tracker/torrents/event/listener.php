<?php
// An extension for phpBB 3.2 and later: the folder `tracker` beside this example goes into phpBB's `ext`; then it is
// switched on under Customise, Manage extensions. It shows the table below the list of forums, and reads one file for that.

namespace tracker\torrents\event;

use Symfony\Component\EventDispatcher\EventSubscriberInterface;

class listener implements EventSubscriberInterface
{
    // The folder `fragments` in `pages` of the tracker's configuration.
    const FRAGMENTS = '/var/www/tracker/fragments';

    private $template;

    public function __construct(\phpbb\template\template $template)
    {
        $this->template = $template;
    }

    public static function getSubscribedEvents()
    {
        return ['core.index_modify_page_title' => 'show_torrents'];
    }

    public function show_torrents()
    {
        $file = self::FRAGMENTS . '/table.inc';
        if (is_readable($file)) {
            $this->template->assign_var('TRACKER_TORRENTS', file_get_contents($file));
        }
    }
}

#!/bin/sh
# The tracker as a FastCGI responder: the same executable under the name that web servers expect.
# A copy or a link of tracker.cgi does as well; this is for places where there is room for one copy
# only and where links cannot be made.
exec "$(dirname "$0")/tracker.cgi"

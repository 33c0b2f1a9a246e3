//! The rules that do not depend on chance hold for the model too, so that the suite is tested by it.

use super::*;
use crate::store::conformance::Fresh;

fn fresh() -> Fresh {
    Fresh::in_memory(Model::new(crate::store::conformance::EXPIRY))
}

#[test]
fn the_model_keeps_the_rules_that_the_backends_are_tested_for() {
    use crate::store::conformance::*;
    completed_downloads_are_counted_once(fresh);
    a_peer_id_alone_proves_nothing(fresh);
    an_endpoint_is_of_one_peer(fresh);
    stated_addresses_take_nothing(fresh);
    only_peers_of_the_same_info_hash_are_handed_out(fresh);
    two_families_are_one_peer(fresh);
    a_peer_counts_until_its_expiry(fresh);
    totals_outlive_the_peers(fresh);
    huge_numbers_saturate(fresh);
    another_store_can_be_taken_over(fresh);
    several_at_once_are_as_one_after_the_other(fresh);
    an_announce_brings_back_what_a_reply_needs(fresh);
}
